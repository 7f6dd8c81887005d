package DBD::Gofer::Transport::Base;

use strict;
use warnings;

use DBI::Gofer::Transport::Base ();

our $VERSION = '0.014121';
our @ISA     = 'DBI::Gofer::Transport::Base';

my $RETRIES = 2;

for my $field (qw(go_dsn go_url go_policy go_timeout go_retry_hook go_retry_limit cache_hit cache_miss cache_store meta)) {
    no strict 'refs';
    *$field = sub { my $self = shift; $self->{$field} = shift if @_; return $self->{$field} };
}

sub new {
    my ( $class, $fields ) = @_;
    my $self = $class->SUPER::new( { meta => {}, cache_hit => 0, cache_miss => 0, cache_store => 0, %{ $fields || {} } } );
    $self->{go_retry_limit} = $RETRIES if !defined $self->{go_retry_limit};
    return $self;
}

sub _init_trace { return $ENV{DBD_GOFER_TRACE} || 0 }

# --- caches ---------------------------------------------------------------------------------------------------------

sub go_cache {
    my ( $self, @new ) = @_;
    $self->{go_cache} = $new[0] if @new;
    return $self->{go_cache} = cache_of( $self->{go_cache} );
}

# Makes an object of what go_cache was given: an object, the name of a class, 1 for our own, or something false.
sub cache_of {
    my ($given) = @_;
    return $given || undef if !$given || ref $given;
    my $class = $given eq '1' ? 'DBI::Util::CacheMemory' : $given;
    die "go_cache: '$given' is not the name of a class\n" if $class !~ /\A\w+(?:::\w+)*\z/;
    ( my $file = "$class.pm" ) =~ s{::}{/}g;
    require $file if !$class->can('new');
    return $class->new;
}

# The cache that holds for a request, if it may come from one.
sub _cache_for {
    my ( $self, $request ) = @_;
    my $meta = $request->meta || {};
    my $cache = exists $meta->{go_cache} ? $meta->{go_cache} = cache_of( $meta->{go_cache} ) : $self->go_cache;
    return $cache && $request->is_idempotent ? $cache : undef;
}

sub get_cache_key_for_request { my ( $self, $request ) = @_; return $self->freeze_request($request) }

# --- sending --------------------------------------------------------------------------------------------------------

# Sends a request. Returns the answer where that is known at once.
sub transmit_request {
    my ( $self, $request ) = @_;
    my $cache = $self->_cache_for($request);
    if ($cache) {
        my $kept = $cache->get( $self->get_cache_key_for_request($request) );
        if ( defined $kept ) {
            $self->{cache_hit}++;
            return $self->thaw_response($kept);
        }
        $self->{cache_miss}++;
    }
    return _or_error( $self, sub { $self->transmit_request_by_transport($request) } );
}

# Takes the answer; where that is an error after which another attempt may help, has the request sent again.
sub receive_response {
    my ( $self, $request, $again ) = @_;
    my $response;
    while (1) {
        $response ||= _or_error( $self, sub { $self->receive_response_by_transport } );
        last if !$self->response_needs_retransmit( $request, $response );
        $response = $again->();
    }
    $self->{meta}{request_retry_count} += ( $request->meta || {} )->{retry_count} || 0;
    my $cache = !defined $response->err && $self->_cache_for($request);
    if ($cache) {
        $cache->set( $self->get_cache_key_for_request($request), $self->freeze_response($response) );
        $self->{cache_store}++;
    }
    return $response;
}

sub _or_error {
    my ( $self, $code ) = @_;
    my $result;
    return $result if eval { local $SIG{__DIE__}; $result = $code->(); 1 };
    ( my $why = $@ ) =~ s/ at \S+ line \d+\.\n\z//;
    chomp $why;
    return $self->new_response( { err => $DBI::stderr, errstr => ref($self) . ": $why", state => '08S01' } );
}

sub new_response { my ( $self, $fields ) = @_; return DBI::Gofer::Response->new($fields) }

sub transport_timedout {
    my ( $self, $method, $seconds ) = @_;
    return $self->new_response( { err => $DBI::stderr, errstr => ref($self) . " $method timed out after $seconds seconds", state => 'HYT00' } );
}

# --- sending again --------------------------------------------------------------------------------------------------

# True: yes, please; false: no; undef: it does not matter.
sub response_retry_preference {
    my ( $self, $request, $response ) = @_;
    my $hook = $self->{go_retry_hook};
    if ($hook) {
        my $wish = $hook->( $request, $response, $self );
        return $wish if defined $wish;
    }
    return 1 if $request->is_idempotent || ( defined $response->errstr && $response->errstr =~ /induced by DBI_GOFER_RANDOM/ );
    return;
}

sub response_needs_retransmit {
    my ( $self, $request, $response ) = @_;
    return 0 if !$response->err;
    my $wish = $self->response_retry_preference( $request, $response ) or return 0;
    my $meta = $request->meta;
    $request->meta( $meta = {} ) if !$meta;
    my ( $count, $limit ) = ( $meta->{retry_count} || 0, $self->{go_retry_limit} );
    return 0 if $count >= $limit;
    $meta->{retry_count} = $count + 1;
    $wish->( $count, $limit ) if ref $wish eq 'CODE';
    return 1;
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer::Transport::Base - how DBD::Gofer reaches its server, by CPANBridge

=head1 SYNOPSIS

    package DBD::Gofer::Transport::mine;
    use DBD::Gofer::Transport::Base;
    our @ISA = 'DBD::Gofer::Transport::Base';
    sub transmit_request_by_transport { my ( $self, $request ) = @_; ...; return }
    sub receive_response_by_transport { my ($self) = @_; ...; return $response }

=head1 DESCRIPTION

Part of L<DBD::Gofer>, the base of its transports: caches, and requests that are sent again. A transport has the two methods above.

A request is sent again, C<go_retry_limit> times (2 unless told otherwise), when the answer is an error and the hook says so, or the
request changes nothing, or the error was induced for tests (C<DBI_GOFER_RANDOM>).

=head1 METHODS

=head2 new

=head2 go_dsn

=head2 go_url

=head2 go_policy

=head2 go_timeout

=head2 go_retry_hook

=head2 go_retry_limit

=head2 go_cache

=head2 cache_of

=head2 cache_hit

=head2 cache_miss

=head2 cache_store

=head2 meta

C<request_retry_count> in it is how often requests were sent again.

=head2 get_cache_key_for_request

=head2 transmit_request

=head2 receive_response

=head2 new_response

=head2 transport_timedout

=head2 response_retry_preference

=head2 response_needs_retransmit

=cut
