package HTTP::Config;

use 5.014;
use strict;
use warnings;

use Scalar::Util ();
use URI          ();

our $VERSION = '6.44';

sub new { my ($class) = @_; return bless [], $class }

sub entries { my ($self) = @_; return @$self }
sub empty   { my ($self) = @_; return !@$self }

sub add {
    my ( $self, @entry ) = @_;
    push @$self, @entry == 1 ? $entry[0] : {@entry};
    return;
}

sub add_item {
    my ( $self, $item, %spec ) = @_;
    push @$self, { item => $item, %spec };
    return;
}

sub _same { my ( $one, $other ) = @_; return defined $one ? defined $other && $one eq $other : !defined $other }

sub _fits {
    my ( $entry, $spec ) = @_;
    for my $name ( keys %$spec ) {
        return 0 if !exists $entry->{$name} || !_same( $entry->{$name}, $spec->{$name} );
    }
    return 1;
}

sub find {
    my ( $self, %spec ) = @_;
    my @found = grep { _fits( $_, \%spec ) } @$self;
    return wantarray ? @found : $found[0];
}

sub find2 { my $self = shift; return $self->find(@_) }

sub remove {
    my ( $self, %spec ) = @_;
    my ( @kept, @gone );
    for my $entry (@$self) {
        if   ( _fits( $entry, \%spec ) ) { push @gone, $entry }
        else                             { push @kept, $entry }
    }
    @$self = @kept if @gone;
    return @gone;
}

sub remove_items {
    my ( $self, @spec ) = @_;
    return map { $_->{item} } $self->remove(@spec);
}

sub matching_items {
    my ( $self, @what ) = @_;
    return map { $_->{item} } $self->matching(@what);
}

# For each key of an entry: how much it says when it fits (0: nothing), given what it is compared with.
my %MATCH = (
    m_scheme    => sub { my ( $value, $uri ) = @_; return defined $uri->_scheme && $uri->_scheme eq $value ? 1 : undef },
    m_secure    => sub { my ( $value, $uri ) = @_; my $secure = $uri->can('secure') ? $uri->secure : ( $uri->_scheme || '' ) eq 'https'; return !$secure == !$value ? 1 : undef },
    m_host_port => sub { my ( $value, $uri ) = @_; return $uri->can('host_port') && _same( $uri->host_port, $value ) ? 7 : undef },
    m_host      => sub { my ( $value, $uri ) = @_; return $uri->can('host') && _same( $uri->host, $value ) ? 6 : undef },
    m_port      => sub { my ( $value, $uri ) = @_; return $uri->can('port') && _same( $uri->port, $value ) ? 1 : undef },
    m_domain    => \&_domain,
    m_path      => sub { my ( $value, $uri ) = @_; return $uri->can('path') && _same( $uri->path, $value ) ? 5 : undef },
    m_path_prefix => \&_prefix,
    m_path_match  => sub { my ( $value, $uri ) = @_; return $uri->can('path') && $uri->path =~ $value ? 1 : undef },
    m_method      => sub { my ( $value, undef, $request ) = @_; return $request && _same( $request->method, $value ) ? 1 : undef },
    m_proxy       => sub { my ( $value, undef, $request ) = @_; return $request && _same( $request->{proxy}, $value ) ? 1 : undef },
    m_code        => \&_code,
    m_media_type  => \&_media_type,
);

sub _domain {
    my ( $value, $uri ) = @_;
    return undef if !$uri->can('host');    ## no critic (ProhibitExplicitReturnUndef)
    my $host = $uri->host;
    return undef if !defined $host;        ## no critic (ProhibitExplicitReturnUndef)
    $host = lc $host;
    my $domain = lc $value;
    return $domain =~ /\A\./ && substr( ".$host", -length $domain ) eq $domain ? length $domain : undef;
}

sub _prefix {
    my ( $value, $uri ) = @_;
    return undef if !$uri->can('path');    ## no critic (ProhibitExplicitReturnUndef)
    my $path = $uri->path;
    $path = '/' if !length $path;
    return undef if index( $path, $value ) != 0;    ## no critic (ProhibitExplicitReturnUndef)
    return length $path == length $value || $value =~ m{/\z} || substr( $path, length $value, 1 ) eq '/' ? 5 + length $value : undef;
}

sub _code {
    my ( $value, undef, undef, $response ) = @_;
    return undef if !$response;            ## no critic (ProhibitExplicitReturnUndef)
    ( my $pattern = $value ) =~ s/xx\z//;
    my $code = $response->code;
    return undef if !defined $code;        ## no critic (ProhibitExplicitReturnUndef)
    return length $pattern == 1 ? ( index( $code, $pattern ) == 0 ? 1 : undef ) : $code eq $pattern ? 2 : undef;
}

sub _media_type {
    my ( $value, undef, undef, $response ) = @_;
    return undef if !$response;            ## no critic (ProhibitExplicitReturnUndef)
    return 1 if $value eq '*/*';
    return $response->content_is_html  ? 3 : undef if $value eq 'html';
    return $response->content_is_xhtml ? 4 : undef if $value eq 'xhtml';
    my $type = $response->content_type;
    if ( $value =~ m{\A(.+)/\*\z} ) { return index( $type, "$1/" ) == 0 ? 2 : undef }
    return $type eq $value ? 5 : undef;
}

sub _worth {
    my ( $key, $value, $uri, $request, $response ) = @_;
    my $sub = $MATCH{$key};
    return $sub->( $value, $uri, $request, $response ) if $sub;
    if ( $key =~ /\Am_uri__(.*)/ ) { my $method = $1; return $uri->can($method) && ( !defined $value || _same( $uri->$method, $value ) ) ? 1 : undef }
    if ( $key =~ /\Am_header__(.*)/ ) {
        for my $message ( grep {$_} $request, $response ) {
            return 1 if grep { _same( $_, $value ) } $message->header($1);
        }
        return undef;    ## no critic (ProhibitExplicitReturnUndef)
    }
    if ( $key =~ /\Am_response_attr__(.*)/ ) {
        return $response && ref $response && defined $response->{$1} && ( !defined $value || _same( $response->{$1}, $value ) ) ? 1 : undef;
    }
    return 0;
}

sub matching {
    my ( $self, @what ) = @_;
    my ( $uri, $request, $response ) = @what;
    if ( @what == 1 ) {
        if    ( !ref $what[0] )               { $uri = $what[0] }
        elsif ( $what[0]->can('request') )    { $response = $what[0]; $request = $response->request; undef $uri }
        elsif ( $what[0]->can('uri_canonical') ) { $request = $what[0]; undef $uri }
        $uri = $request->uri_canonical if !defined $uri && $request;
        $uri = URI->new( defined $uri ? "$uri" : '' ) if !Scalar::Util::blessed($uri);
    }
    else {
        $uri = URI->new( defined $uri ? "$uri" : '' ) if !Scalar::Util::blessed($uri);
        for ( $request, $response ) { undef $_ if !ref }
    }
    my @found;
  ENTRY:
    for my $entry (@$self) {
        my %worth;
        for my $key ( grep { /\Am_/ } keys %$entry ) {
            my ($best) = sort { $b <=> $a }
              grep { defined } map { _worth( $key, $_, $uri, $request, $response ) } ref $entry->{$key} eq 'ARRAY' ? @{ $entry->{$key} } : $entry->{$key};
            next ENTRY if !defined $best;
            $worth{$key} = $best;
        }
        push @found, [ $entry, \%worth, scalar @found ];
    }
    @found = map { $_->[0] } sort { _rank($b) cmp _rank($a) || $a->[2] <=> $b->[2] } @found;
    return @found if wantarray;
    return $found[0];
}

# What says most about the place goes before what says something about the request or the answer.
my @WEIGHT = qw(m_host_port m_host m_domain m_path m_path_prefix m_code m_media_type m_method m_scheme m_secure m_port m_path_match);

sub _rank {
    my ($found) = @_;
    my $worth = $found->[1];
    return join '', map { sprintf '%04d', $_ } ( map { $worth->{$_} || 0 } @WEIGHT ), scalar keys %$worth;
}

1;

__END__

=head1 NAME

HTTP::Config - entries that fit some requests and answers

=head1 SYNOPSIS

    use HTTP::Config;

    my $config = HTTP::Config->new;
    $config->add( m_domain => '.example.com', m_scheme => 'http', verbose => 1 );
    my ($entry) = $config->matching($request);

=head1 COVERED

All of HTTP::Config 6.44. What is "most specific" is decided by the kinds of keys in this order: host and port, host, domain, path, status,
type of content, method, scheme; what is equal in all of them stays in the order of adding. A replacement that comes with L<CPANBridge::Compat>.

=cut
