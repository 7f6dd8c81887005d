package LWP::UserAgent;

use 5.014;
use strict;
use warnings;

use Carp           ();
use HTTP::Date     ();
use HTTP::Headers  ();
use HTTP::Request  ();
use HTTP::Response ();
use HTTP::Status   ();
use LWP::Protocol  ();
use Scalar::Util   ();

use CPANBridge::Compat::HTTP::Following;
use CPANBridge::Compat::HTTP::Handlers;
use CPANBridge::Compat::HTTP::Proxies;
use CPANBridge::Compat::HTTP::Requests;

our $VERSION = '6.68';

my @PARTS = map {"CPANBridge::Compat::HTTP::$_"} qw(Following Handlers Proxies Requests);
our @ISA = ( 'LWP::MemberMixin', @PARTS );

# What the parts offer to programs is here under its own name, too, for those that take a reference to it or put something in its place.
for my $name (
    qw(request redirect_ok), qw(add_handler set_my_handler get_my_handler remove_handler handlers run_handlers),
    qw(proxy no_proxy env_proxy), qw(get head delete post put patch mirror),
  )
{
    no strict 'refs';
    my ($sub) = grep {defined} map { $_->can($name) } @PARTS;
    *$name = $sub;
}

$Carp::Internal{ (__PACKAGE__) }++;

# --- making ---------------------------------------------------------------------------------------------------------

my %DEFAULT = (
    timeout => 180, max_size => undef, max_redirect => 7, parse_head => 1, show_progress => undef, local_address => undef, send_te => 1,
    protocols_allowed => undef, protocols_forbidden => undef,
);

sub new {
    my ( $class, %option ) = @_;
    Carp::carp('Odd number of elements in the options of LWP::UserAgent') if @_ % 2 == 0 && $^W;
    my $agent = delete $option{agent};
    $agent = $class->_agent if !defined $agent;
    my $headers = delete $option{default_headers} || HTTP::Headers->new;
    my $self = bless { def_headers => $headers, proxy => {}, no_proxy => [] }, $class;
    for my $name ( keys %DEFAULT ) { $self->{$name} = exists $option{$name} ? delete $option{$name} : $DEFAULT{$name} }
    $self->{requests_redirectable} = delete $option{requests_redirectable} || [qw(GET HEAD)];
    Carp::croak(q(protocols_allowed is an array ref))   if $self->{protocols_allowed}   && ref $self->{protocols_allowed} ne 'ARRAY';
    Carp::croak(q(protocols_forbidden is an array ref)) if $self->{protocols_forbidden} && ref $self->{protocols_forbidden} ne 'ARRAY';
    $self->{ssl_opts} = _ssl_defaults( delete $option{ssl_opts} );

    my ( $cache, $keep, $jar, $from ) = delete @option{qw(conn_cache keep_alive cookie_jar from)};
    my ( $proxy, $no_proxy, $from_env ) = ( delete @option{qw(proxy no_proxy)}, exists $option{env_proxy} ? delete $option{env_proxy} : $ENV{PERL_LWP_ENV_PROXY} );
    Carp::carp("Unrecognized LWP::UserAgent options: @{[sort keys %option]}") if %option && $^W;

    $self->agent($agent);
    $self->from($from) if defined $from;
    $self->cookie_jar($jar) if $jar;
    $self->parse_head( $self->{parse_head} );
    if ($proxy) {
        Carp::croak('Expected an array ref for the option proxy') if ref $proxy ne 'ARRAY';
        $self->proxy($proxy);
    }
    $self->no_proxy(@$no_proxy) if $no_proxy;
    $self->env_proxy if $from_env;
    if ($cache) {
        Carp::croak(q(Can't mix conn_cache and keep_alive)) if $keep;
        $self->conn_cache($cache);
    }
    elsif ($keep) { $self->conn_cache( { total_capacity => $keep } ) }
    return $self;
}

sub _ssl_defaults {
    my ($given) = @_;
    my %option = %{ $given || {} };
    if ( !exists $option{verify_hostname} ) {
        my $said = $ENV{PERL_LWP_SSL_VERIFY_HOSTNAME};
        $option{verify_hostname} = defined $said && length $said ? $said : 1;
    }
    for my $pair ( [ SSL_ca_file => qw(PERL_LWP_SSL_CA_FILE HTTPS_CA_FILE) ], [ SSL_ca_path => qw(PERL_LWP_SSL_CA_PATH HTTPS_CA_DIR) ] ) {
        my ( $name, @variables ) = @$pair;
        next if exists $option{$name};
        my ($value) = grep { defined && length } @ENV{@variables};
        $option{$name} = $value if defined $value;
    }
    return \%option;
}

sub clone {
    my ($self) = @_;
    my $copy = bless {%$self}, ref $self;
    delete $copy->{$_} for qw(conn_cache cookie_jar);
    $copy->{def_headers} = $self->{def_headers}->clone;
    $copy->{proxy}       = { %{ $self->{proxy} } };
    $copy->{no_proxy}    = [ @{ $self->{no_proxy} } ];
    $copy->{ssl_opts}    = { %{ $self->{ssl_opts} } };
    $copy->{requests_redirectable} = [ @{ $self->{requests_redirectable} } ];
    $copy->{$_} = $self->{$_} && [ @{ $self->{$_} } ] for qw(protocols_allowed protocols_forbidden);
    $copy->{handlers} = {};
    for my $phase ( keys %{ $self->{handlers} || {} } ) {
        my @kept = grep { ( $_->{owner} || '' ) ne 'LWP::UserAgent::cookie_jar' } @{ $self->{handlers}{$phase} };
        $copy->{handlers}{$phase} = bless [ map { +{%$_} } @kept ], 'HTTP::Config' if @kept;
    }
    return $copy;
}

# --- attributes -----------------------------------------------------------------------------------------------------

for my $name (qw(timeout local_address max_size max_redirect show_progress send_te requests_redirectable protocols_allowed protocols_forbidden)) {
    no strict 'refs';
    *$name = sub { my $self = shift; return $self->_elem( $name, @_ ) };
}

sub _agent { my ($self) = @_; return "libwww-perl/$VERSION" }

sub agent {
    my ( $self, @new ) = @_;
    my $old = $self->{def_headers}->header('User-Agent');
    if (@new) {
        my ($agent) = @new;
        undef $agent if defined $agent && !length $agent;
        $agent .= $self->_agent if defined $agent && $agent =~ /\s\z/;
        $self->{def_headers}->header( 'User-Agent', $agent );
    }
    return $old;
}

sub from { my $self = shift; return $self->default_header( 'From', @_ ) }

sub default_headers { my $self = shift; return $self->_elem( 'def_headers', @_ ) }
sub default_header  { my $self = shift; return $self->{def_headers}->header(@_) }

sub use_alarm { return }
sub use_eval  { return 1 }

sub ssl_opts {
    my ( $self, @words ) = @_;
    my $option = $self->{ssl_opts};
    return sort keys %$option if !@words;
    my ( $name, @new ) = @words;
    my $old = $option->{$name};
    while (@words > 1) {
        ( $name, my $value ) = splice @words, 0, 2;
        if   ( defined $value ) { $option->{$name} = $value }
        else                    { delete $option->{$name} }
    }
    return $old;
}

sub parse_head {
    my ( $self, @new ) = @_;
    my $old = $self->{parse_head};
    if (@new) {
        $self->{parse_head} = $new[0] ? 1 : 0;
        $self->set_my_handler( 'response_header', $new[0] ? \&_parse_head : undef, m_media_type => 'html' );
    }
    return $old;
}

sub _parse_head {
    my ($response) = @_;
    return if defined $response->header('Content-Encoding');
    require CPANBridge::Compat::HTTP::Head;
    my $head = CPANBridge::Compat::HTTP::Head->new( $response->headers );
    push @{ $response->{handlers}{response_data} }, { callback => sub { return $head->parse( $_[3] ) } };
    return;
}

sub cookie_jar {
    my ( $self, @new ) = @_;
    my $old = $self->{cookie_jar};
    if (@new) {
        my ($jar) = @new;
        if ( ref $jar eq 'HASH' ) {
            require HTTP::Cookies;
            $jar = HTTP::Cookies->new(%$jar);
        }
        $self->{cookie_jar} = $jar;
        $self->set_my_handler( 'request_prepare', $jar ? sub { _add_cookies( $jar, $_[0] ) } : undef );
        $self->set_my_handler( 'response_done',   $jar ? sub { $jar->extract_cookies( $_[0] ) } : undef );
    }
    return $old;
}

# A request that is used again has the cookies of the last time, unless the program has changed them.
sub _add_cookies {
    my ( $jar, $request ) = @_;
    my $before = $request->header('Cookie');
    my $last   = $request->{_cookies_added};
    if ( $last && defined $before && $before eq $last->[1] ) {
        $before = $last->[0];
        $request->header( Cookie => $before );
    }
    $jar->add_cookie_header($request);
    my $after = $request->header('Cookie');
    $request->{_cookies_added} = [ $before, $after ] if defined $after;
    return;
}

sub conn_cache {
    my ( $self, @new ) = @_;
    my $old = $self->{conn_cache};
    if (@new) {
        my ($cache) = @new;
        if ( ref $cache eq 'HASH' ) {
            require LWP::ConnCache;
            $cache = LWP::ConnCache->new(%$cache);
        }
        $self->{conn_cache} = $cache;
    }
    return $old;
}

sub credentials {
    my ( $self, $place, $realm, @new ) = @_;
    $place = lc( defined $place ? $place : '' );
    $realm = '' if !defined $realm;
    my $old = $self->{basic_authentication}{$place}{$realm};
    if (@new) { $self->{basic_authentication}{$place}{$realm} = [ @new[ 0, 1 ] ]; $old ||= undef }
    return if !$old;
    return @$old if wantarray;
    return join ':', map { defined $_ ? $_ : '' } @$old;
}

sub get_basic_credentials {
    my ( $self, $realm, $uri, $is_proxy ) = @_;
    return if $is_proxy && !$uri->can('host_port');
    return $self->credentials( $uri->host_port, $realm );
}

sub is_protocol_supported {
    my ( $self, $scheme ) = @_;
    if ( ref $scheme ) { $scheme = $scheme->scheme }
    else {
        Carp::croak("Illegal scheme '$scheme' passed to is_protocol_supported") if $scheme =~ /\W/;
        $scheme = lc $scheme;
    }
    return 0 if !$self->_is_allowed($scheme);
    local ( $@, $SIG{__DIE__} );
    return eval { LWP::Protocol::implementor($scheme) } ? 1 : '';
}

sub _is_allowed {
    my ( $self, $scheme ) = @_;
    if ( my $allowed = $self->{protocols_allowed} ) { return scalar grep { lc eq $scheme } @$allowed }
    if ( my $forbidden = $self->{protocols_forbidden} ) { return !grep { lc eq $scheme } @$forbidden }
    return 1;
}

sub is_online {
    my ($self) = @_;
    return $self->get('http://www.msftncsi.com/ncsi.txt')->content eq 'Microsoft NCSI' ? 1 : 0;
}

# --- one request ----------------------------------------------------------------------------------------------------

sub _new_response {
    my ( $request, $code, $message, $content ) = @_;
    $message = HTTP::Status::status_message($code) if !defined $message || !length $message;
    my $response = HTTP::Response->new( $code, $message );
    $response->request($request);
    $response->header( 'Client-Date' => HTTP::Date::time2str(time), 'Client-Warning' => 'Internal response', 'Content-Type' => 'text/plain' );
    $content = "$code $message\n" if !defined $content;
    utf8::encode($content) if !utf8::downgrade( $content, 1 );
    $response->content($content);
    return $response;
}

sub prepare_request {
    my ( $self, $request ) = @_;
    die "Method missing\n" if !defined $request->method || !length $request->method;
    my $uri = $request->uri;
    die "URL missing\n"          if !defined $uri;
    die "URL must be absolute\n" if !defined $uri->scheme || !length $uri->scheme;
    $self->run_handlers( 'request_preprepare', $request );
    if ( my $defaults = $self->{def_headers} ) {
        my %done;
        for my $name ( $defaults->header_field_names ) { $request->init_header( $name => [ $defaults->header($name) ] ) }
    }
    my $now = $request;
    $_->{callback}->( $now, $self, $_ ) for $self->handlers( 'request_prepare', $request );
    return $now;
}

sub simple_request {
    my ( $self, $request, $where, $size ) = @_;
    if ( !Scalar::Util::blessed($request) ) {
        Carp::croak('You need a request object, not a ' . ref $request ) if ref $request;
        Carp::croak('No request object passed in');
    }
    local $SIG{__DIE__};
    my $prepared = eval { $self->prepare_request($request) };
    if ( !$prepared ) {
        my $why = $@;
        my ($first) = split /\n/, $why;
        $first =~ s/ at \S+ line \d+\.?\z//;
        return _new_response( $request, HTTP::Status::HTTP_BAD_REQUEST(), $first, $why =~ /\A\w[^\n]*\n\z/ ? undef : $why );
    }
    return $self->send_request( $prepared, $where, $size );
}

sub send_request {
    my ( $self, $request, $where, $size ) = @_;
    local $SIG{__DIE__};
    $self->progress( 'begin', $request );
    my $response = $self->run_handlers( 'request_send', $request );
    $response = $self->_dispatch( $request, $where, $size ) if !$response;
    if ( !$response->request ) { $response->request($request) }
    $response->header( 'Client-Date' => HTTP::Date::time2str(time) ) if !defined $response->header('Client-Date');
    my $done = eval { $self->run_handlers( 'response_done', $response ); 1 };
    if ( !$done ) {
        ( my $why = $@ ) =~ s/\n.*//s;
        $response->push_header( 'X-Died' => $why );
    }
    delete $response->{handlers};
    $self->progress( 'end', $response );
    return $response;
}

sub _dispatch {
    my ( $self, $request, $where, $size ) = @_;
    my $scheme = lc $request->uri->scheme;
    my $proxy  = $request->{proxy};
    my $response;
    my $done = eval {
        my $protocol;
        if ( !$self->_is_allowed($scheme) ) {
            require LWP::Protocol::nogo;
            $protocol = LWP::Protocol::nogo->new( $scheme, $self );
        }
        else {
            my $by = $proxy && $scheme ne 'https' ? $proxy->scheme : $scheme;
            $protocol = eval { LWP::Protocol::create( $by, $self ) };
            if ( !$protocol ) {
                my $why = $@;
                $why =~ s/ at \S+ line \d+\.?\n.*//s;
                chomp $why;
                $why =~ s/\n(?:BEGIN failed|Compilation failed).*//s;
                $why = "Protocol scheme '$by' is not supported ($why)" if $why !~ /\AProtocol scheme/;
                $response = _new_response( $request, HTTP::Status::HTTP_NOT_IMPLEMENTED(), $why );
                return 1;
            }
        }
        $response = $protocol->request( $request, $proxy, $where, $size, $self->{timeout} ) or die "No response returned by $protocol\n";
        1;
    };
    return $response if $done && $response;
    my $why = $@;
    if ( Scalar::Util::blessed($why) && $why->isa('HTTP::Response') ) { $why->request($request); return $why }
    ( my $first = "$why" ) =~ s/\n.*//s;
    $first =~ s/ at \S+ line \d+\.?\z//;
    my $code = $first =~ s/\A(\d\d\d)\s+// ? $1 : HTTP::Status::HTTP_INTERNAL_SERVER_ERROR();
    return _new_response( $request, $code, $first, "$why" );
}

sub progress {
    my ( $self, $status, $message ) = @_;
    return if !$self->{show_progress};
    local ( $, , $\ );
    if ( $status eq 'begin' ) {
        print STDERR '** ', $message->method, ' ', $message->uri, ' ==> ';
        @$self{ 'progress_start', 'progress_shown' } = ( time, '' );
    }
    elsif ( $status eq 'end' ) {
        print STDERR $message->status_line;
        my $seconds = time - $self->{progress_start};
        print STDERR " (${seconds}s)" if $seconds;
        print STDERR "\n";
    }
    elsif ( $status eq 'tick' ) { print STDERR '.' if $self->{progress_shown} ne time; $self->{progress_shown} = time }
    else {
        my $shown = sprintf '%3.0f%%', 100 * $status;
        if ( $shown ne $self->{progress_shown} ) {
            print STDERR $shown, "\b" x length $shown, '';
            $self->{progress_shown} = $shown;
        }
    }
    return;
}

# Last, as it loads this file, too.
use LWP ();

1;

__END__

=head1 NAME

LWP::UserAgent - gets what addresses lead to

=head1 SYNOPSIS

    use LWP::UserAgent;

    my $agent = LWP::UserAgent->new( timeout => 10, cookie_jar => {}, keep_alive => 1 );
    $agent->env_proxy;
    my $response = $agent->get('https://www.example.org/');
    die $response->status_line if !$response->is_success;
    print $response->decoded_content;

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon. Only https needs IO::Socket::SSL, or its replacement;
where neither can be loaded, the answer is a 501 that says so.

No request dies: what goes wrong is an answer with C<Client-Warning: Internal response>.

=head1 COVERED

All that LWP::UserAgent 6.68 documents: attributes, the environment's variables, proxies (with a tunnel for https), C<keep_alive>, handlers in all phases,
cookies, Basic and Digest authentication, redirections, C<max_size>, C<:content_file>, C<:content_cb>, forms and files to upload, C<mirror>, C<parse_head>,
progress; and LWP::Simple, LWP::Protocol, LWP::ConnCache, LWP::MediaTypes, LWP::RobotUA.

=head1 NOT COVERED

=over 4

=item *

NTLM; the schemes gopher, nntp and cpan.

=item *

What a page's head says is found by a small scanner, not by HTML::HeadParser, and not in content that is compressed on its way.

=back

=head1 DIFFERENCES

=over 4

=item *

A redirection to another server does not take the field C<Authorization> along, and one from https to http not C<Referer>.

=item *

With C<keep_alive>, a connection that the server has closed while it was at rest is replaced by a new one, and the request is sent again, once, if not a byte
of an answer has come.

=item *

Content that ends before its C<Content-Length> is told by C<Client-Aborted: truncated>.

=item *

C<no_proxy> knows C<*> and C<*.example.org> too; a variable such as C<MY_PROXY> that holds no address is left alone.

=back

=cut
