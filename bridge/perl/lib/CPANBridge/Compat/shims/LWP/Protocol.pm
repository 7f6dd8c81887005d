package LWP::Protocol;

use 5.014;
use strict;
use warnings;

use Carp           ();
use HTTP::Response ();
use HTTP::Status   ();
use Scalar::Util   ();

use parent 'LWP::MemberMixin';

our $VERSION = '6.68';

my %class_of;

sub new {
    my ( $class, $scheme, $agent ) = @_;
    return bless { scheme => $scheme, ua => $agent, map { $_ => $agent ? $agent->$_ : undef } qw(parse_head max_size) }, $class;
}

sub create {
    my ( $scheme, $agent ) = @_;
    my $class = implementor($scheme) or Carp::croak("Protocol scheme '$scheme' is not supported");
    return $class->new( $scheme, $agent );
}

sub implementor {
    my ( $scheme, $class ) = @_;
    if ($class) { $class_of{$scheme} = $class }
    return $class_of{$scheme} if defined $class_of{$scheme} && length $class_of{$scheme};
    return '' if $scheme !~ /\A[a-zA-Z][a-zA-Z0-9.+\-]*\z/;
    ( my $name = lc $scheme ) =~ s/[.+\-]/_/g;
    $class = "LWP::Protocol::$name";
    no strict 'refs';
    if ( !@{"${class}::ISA"} ) {
        local $SIG{__DIE__};
        if ( !eval { require "LWP/Protocol/$name.pm"; 1 } ) {
            return '' if $@ =~ m{\ACan't locate LWP/Protocol/\Q$name.pm\E in \@INC};
            die $@;
        }
    }
    return $class_of{$scheme} = $class;
}

sub request { Carp::croak('LWP::Protocol::request() is not overridden in subclass') }

for my $name (qw(timeout max_size)) {
    no strict 'refs';
    *$name = sub { my $self = shift; return $self->_elem( $name, @_ ) };
}

# --- content as it comes ------------------------------------------------------------------------------------------

# Where content goes: a sub that takes a piece, and one for the end.
sub _sink {
    my ( $self, $where, $response ) = @_;
    if ( !defined $where || !$response->is_success ) {
        $response->{default_add_content} = 1;
        return ( sub { }, sub { } );
    }
    if ( ref $where eq 'CODE' ) {
        return ( sub { $where->( ${ $_[0] }, $response, $self ) }, sub { } );
    }
    if ( ref $where eq 'GLOB' || ( Scalar::Util::blessed($where) && ( $where->isa('IO::Handle') || ( $where->can('print') && $where->can('fileno') ) ) ) ) {
        binmode $where;
        return ( sub { print {$where} ${ $_[0] } or die "Can't write content: $!\n" }, sub { $where->flush if $where->can('flush') } );
    }
    if ( !ref $where || Scalar::Util::blessed($where) ) {
        my $name = "$where";
        my $out;
        if ( !open $out, '>', $name ) {
            my $why = "$!";
            return ( sub { die "Can't write to '$name': $why\n" }, sub { die "Can't write to '$name': $why\n" } );
        }
        binmode $out;
        return (
            sub { print {$out} ${ $_[0] } or die "Can't write to '$name': $!\n" },
            sub { close $out or die "Can't write to '$name': $!\n" },
        );
    }
    die "Unexpected collect argument '$where'\n";
}

sub collect {
    my ( $self, $where, $response, $collector ) = @_;
    my $agent = $self->{ua};
    my ( $take, $end );
    my $done = eval {
        local $\;    # programs may have set it for their own output
        $response->{default_add_content} = !defined $where || !$response->is_success;
        $agent->run_handlers( 'response_header', $response ) if $agent;
        ( $take, $end ) = $self->_sink( $where, $response );
        $self->_collect( $response, $collector, $take );
        $end->();
        1;
    };
    my $error = $@;
    delete $response->{default_add_content};
    if ( !$done ) {
        chomp $error;
        $response->push_header( 'X-Died' => $error );
        $response->push_header( 'Client-Aborted' => 'die' );
    }
    return $response;
}

sub _collect {
    my ( $self, $response, $collector, $take ) = @_;
    my $agent = $self->{ua};
    my ( $total, $most ) = ( 0, $self->{max_size} );
    my $expected = $response->header('Content-Length');
    undef $expected if defined $expected && $expected !~ /\A[1-9]\d*\z/;
    my $handlers = $agent ? [ $agent->handlers( 'response_data', $response ) ] : [];
    my $shows = $agent && ( $agent->{show_progress} || $agent->can('progress') != LWP::UserAgent->can('progress') );
    while ( defined( my $piece = $collector->() ) ) {
        last if !length $$piece;
        $total += length $$piece;
        $agent->progress( defined $expected ? $total / $expected : 'tick', $response ) if $shows;
        $response->add_content($$piece) if $response->{default_add_content};
        $take->($piece);
        @$handlers = grep { $_->{callback}->( $response, $agent, $_, $$piece ) } @$handlers if @$handlers;
        if ( defined $most && $total > $most ) {
            $response->push_header( 'Client-Aborted', 'max_size' );
            last;
        }
    }
    return;
}

sub collect_once {
    my ( $self, $where, $response, $content ) = @_;
    my $first = 1;
    return $self->collect( $where, $response, sub { my $piece = $first ? $content : ''; $first = 0; return \$piece } );
}

1;

__END__

=head1 NAME

LWP::Protocol - what the ways to get something have in common

=head1 SYNOPSIS

    package LWP::Protocol::mine;
    use parent 'LWP::Protocol';

    sub request {
        my ( $self, $request, $proxy, $where, $size, $timeout ) = @_;
        my $response = HTTP::Response->new( 200, 'OK' );
        return $self->collect_once( $where, $response, 'Hello' );
    }

=head1 COVERED

All that LWP::Protocol 6.68 documents, and the schemes data, file, ftp, http, https, loopback, mailto and nogo. Part of L<LWP>.

=cut
