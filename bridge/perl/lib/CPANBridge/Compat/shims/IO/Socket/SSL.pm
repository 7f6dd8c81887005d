package IO::Socket::SSL;

# Our own IO::Socket::SSL: the handshake is done by the daemon of CPANBridge, to which the connection is handed over; see
# the documentation below.
use 5.014;
use strict;
use warnings;

use Carp ();
use Errno qw(EAGAIN EINVAL ENOTCONN EPROTO ETIMEDOUT EWOULDBLOCK);
use Exporter ();
use IO::Socket ();
use Net::SSLeay ();
use Scalar::Util qw(dualvar);
use Socket qw(AF_INET AF_INET6 MSG_PEEK);

use CPANBridge::Compat::TLS::Certificate;
use CPANBridge::Compat::TLS::Names;

our $VERSION = '2.081';

our ( @ISA, $SSL_ERROR, $DEBUG );

my $family_class;

BEGIN {
    $family_class = eval { local $SIG{__DIE__}; require IO::Socket::IP; IO::Socket::IP->VERSION(0.20); 1 } ? 'IO::Socket::IP' : 'IO::Socket::INET';
    require IO::Socket::INET;
    @ISA = ($family_class);
}

use constant {
    SSL_VERIFY_NONE                 => 0,
    SSL_VERIFY_PEER                 => 1,
    SSL_VERIFY_FAIL_IF_NO_PEER_CERT => 2,
    SSL_VERIFY_CLIENT_ONCE          => 4,
    SSL_OCSP_NO_STAPLE              => 0,
    SSL_OCSP_TRY_STAPLE             => 1,
    SSL_OCSP_MUST_STAPLE            => 2,
    SSL_OCSP_FAIL_HARD              => 4,
    SSL_OCSP_FULL_CHAIN             => 8,
    SSL_SENT_SHUTDOWN               => 1,
    SSL_RECEIVED_SHUTDOWN           => 2,
    GEN_DNS                         => 2,
    GEN_IPADD                       => 7,
    SSL_WANT_READ                   => dualvar( 2, 'SSL wants a read first' ),
    SSL_WANT_WRITE                  => dualvar( 3, 'SSL wants a write first' ),
};

our @EXPORT = qw(
  SSL_WANT_READ SSL_WANT_WRITE SSL_VERIFY_NONE SSL_VERIFY_PEER SSL_VERIFY_FAIL_IF_NO_PEER_CERT SSL_VERIFY_CLIENT_ONCE
  SSL_OCSP_NO_STAPLE SSL_OCSP_TRY_STAPLE SSL_OCSP_MUST_STAPLE SSL_OCSP_FAIL_HARD SSL_OCSP_FULL_CHAIN
  $SSL_ERROR GEN_DNS GEN_IPADD
);
our @EXPORT_OK   = qw(SSL_SENT_SHUTDOWN SSL_RECEIVED_SHUTDOWN);
our %EXPORT_TAGS = ( all => [ @EXPORT, @EXPORT_OK ] );

$Carp::Internal{ (__PACKAGE__) }++;

# Seconds for a handshake where nobody says how many; the daemon allows no more.
my $TIMEOUT = 300;

# Arguments for all sockets of one side.
my ( %default, %server_default, $filter );

sub CAN_IPV6 { return can_ipv6() }

sub import {
    my ( $class, @words ) = @_;
    my @names;
    for my $word (@words) {
        if    ( $word =~ /\A:?debug([0-9])\z/ ) { $DEBUG = $Net::SSLeay::trace = $1 }
        elsif ( $word eq 'inet4' )            { @ISA = ('IO::Socket::INET') }
        elsif ( $word eq 'inet6' || $word eq 'ip' || $word eq 'newtls' || $word eq 'no_verify' ) { }
        else                                  { push @names, $word }
    }
    @_ = ( $class, @names );
    goto &Exporter::import;
}

# --- defaults, and what the original can tell of itself ---

my %SHORT = ( mode => 'SSL_verify_mode', callback => 'SSL_verify_callback', scheme => 'SSL_verifycn_scheme', name => 'SSL_verifycn_name' );

sub _set {
    my ( $defaults, @words ) = @_;
    my %args = ref $words[0] ? %{ $words[0] } : @words % 2 ? @words[ 1 .. $#words ] : @words;
    for my $name ( keys %args ) {
        my $full = $SHORT{$name} || ( $name =~ /\ASSL_/ ? $name : "SSL_$name" );
        for my $default (@$defaults) {
            if   ( defined $args{$name} ) { $default->{$full} = $args{$name} }
            else                          { delete $default->{$full} }
        }
    }
    return;
}

sub set_defaults        { return _set( [ \%default, \%server_default ], @_ ) }
sub set_client_defaults { return _set( [ \%default ], @_ ) }
sub set_server_defaults { return _set( [ \%server_default ], @_ ) }
sub set_ctx_defaults    { goto &set_defaults }
sub context_init        { goto &set_defaults }

sub set_default_context {
    my $context = pop;
    return if !ref $context;
    my $default = $context->{args}{SSL_server} ? \%server_default : \%default;
    @$default{ keys %{ $context->{args} } } = values %{ $context->{args} };
    delete $default->{SSL_server};
    return;
}

sub set_default_session_cache { return }

sub set_args_filter_hack {
    my $code = pop;
    $filter = ref $code eq 'CODE' ? $code : defined $code ? \&_prefer_defaults : undef;
    return;
}

sub _prefer_defaults {
    my ( undef, $args ) = @_;
    delete @$args{
        qw(SSL_verify_mode SSL_verifycn_scheme SSL_ca SSL_ca_file SSL_ca_path SSL_version SSL_cipher_list SSL_fingerprint)};
    %$args = ( %$args, $args->{SSL_server} ? %server_default : %default );
    return;
}

sub default_ca {
    my @words = grep { !defined || $_ ne __PACKAGE__ } @_;
    if (@words) {
        my %ca = ref $words[0] ? %{ $words[0] } : @words > 1 ? @words : !defined $words[0] ? () : -d $words[0] ? ( SSL_ca_path => $words[0] ) : ( SSL_ca_file => $words[0] );
        for my $default ( \%default, \%server_default ) {
            delete @$default{qw(SSL_ca SSL_ca_file SSL_ca_path)};
            @$default{ keys %ca } = values %ca;
        }
    }
    my %found = map { exists $default{$_} ? ( $_ => $default{$_} ) : () } qw(SSL_ca SSL_ca_file SSL_ca_path);
    return %found if %found;
    $found{SSL_ca_file} = $ENV{SSL_CERT_FILE} if defined $ENV{SSL_CERT_FILE};
    $found{SSL_ca_path} = $ENV{SSL_CERT_DIR}  if defined $ENV{SSL_CERT_DIR};
    return %found if %found;
    my ($bundle) = grep { -r $_ } qw(/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem);
    return defined $bundle ? ( SSL_ca_file => $bundle ) : ();
}

sub can_client_sni       { return 1 }
sub can_server_sni       { return 1 }
sub can_multi_cert       { return 1 }
sub can_alpn             { return 1 }
sub can_npn              { return 0 }
sub can_ecdh             { return 1 }
sub can_ocsp             { return 0 }
sub can_ocsp_staple      { return 0 }
sub can_ticket_keycb     { return 0 }
sub can_pha              { return 0 }
sub can_partial_chain    { return 1 }
sub can_ciphersuites     { return 0 }
sub can_psk              { return 0 }
sub can_nbio             { return 1 }
sub can_ipv6             { return $ISA[0] eq 'IO::Socket::IP' ? 'IO::Socket::IP' : '' }

# --- connections ---

sub new {
    my ( $class, @args ) = @_;
    @args = ( PeerAddr => $args[0] ) if @args == 1 && !ref $args[0];
    @args = %{ $args[0] }            if @args == 1;
    my %args = @args;
    undef $SSL_ERROR;
    my $self = $class->SUPER::new(%args);
    if ( !$self ) {
        $SSL_ERROR = dualvar( -1, "$ISA[0] configuration failed" ) if !defined $SSL_ERROR;
        return;
    }
    return $self;
}

sub configure {
    my ( $self, $args ) = @_;
    my %plain = map { $_ => $args->{$_} } grep { !/\ASSL_/ } keys %$args;
    ( my $host = defined $plain{PeerHost} ? $plain{PeerHost} : $plain{PeerAddr} ) if defined $plain{PeerHost} || defined $plain{PeerAddr};
    if ( defined $host && !ref $host ) {
        $host =~ s/\A\[([^\]]*)\](?::\S*)?\z/$1/s or $host =~ s/\A([^:]*):[^:]*\z/$1/s;
    }
    $self->_remember( { $args->{Listen} ? ( SSL_server => 1 ) : (), %$args }, ref $host ? undef : $host );
    my $ssl = ${*$self}{_SSL_arguments};
    my $later = exists $args->{SSL_startHandshake} && !$args->{SSL_startHandshake};

    # Whoever listens learns at once, and not with the first client, that a certificate cannot be used.
    return if $args->{Listen} && !$later && !$self->_check_server($ssl);

    # Who wants a socket that does not block has it when it is connected, as with the original; start_SSL is for those who
    # do not want to wait for that.
    my $blocking = delete $plain{Blocking};
    ${*$self}{_SSL_configuring} = 1;
    my $result = $self->SUPER::configure( \%plain );
    delete ${*$self}{_SSL_configuring};
    return if !$result;
    if ( !$later && defined getpeername $self ) {
        $self->_handshake( 1, undef ) or return;
    }
    $self->blocking(0) if defined $blocking && !$blocking;
    return $result;
}

sub _check_server {
    my ( $class, $ssl ) = @_;
    require CPANBridge::Compat::TLS::Options;
    my $keeper = eval { local $SIG{__DIE__}; CPANBridge::Compat::TLS::Options::check_server($ssl) };
    if ($keeper) {
        $ssl->{SSL_keeper_of_cpanbridge} = $keeper;
        return 1;
    }
    chomp( my $why = $@ );
    Carp::croak($why) if $why =~ /\Ainvalid SSL_version/;
    return $class->_error( $why, EINVAL );
}

# A socket that was made without a peer. While configure runs it is the base class that connects.
sub connect {
    my ( $self, @to ) = @_;
    my $result = $self->SUPER::connect(@to) or return;
    my $own = \%{ *$self };
    my $ssl = $own->{_SSL_arguments} || {};
    return $result if $own->{_SSL_configuring} || exists $ssl->{SSL_startHandshake} && !$ssl->{SSL_startHandshake};
    return $self->connect_SSL;
}

sub new_from_fd {
    my ( $class, $number, @args ) = @_;
    shift @args if @args % 2;    # a mode, which must be this one
    my $socket = $family_class->new_from_fd( $number, '+<' ) or return;
    return $class->start_SSL( $socket, @args );
}

sub socketToSSL   { my ( $socket, @args ) = @_; return __PACKAGE__->start_SSL( $socket, @args ) }
sub socket_to_SSL { goto &socketToSSL }

sub _remember {
    my ( $self, $args, $host ) = @_;
    my %ssl = map { $_ => $args->{$_} } grep {/\ASSL_/} keys %$args;
    if ( my $other = delete $ssl{SSL_reuse_ctx} ) {
        my $theirs = ref $other && $other->isa('IO::Socket::SSL::SSL_Context') ? $other->{args} : ${*$other}{_SSL_arguments};
        %ssl = ( %{ $theirs || {} }, %ssl );
    }
    %ssl = ( $ssl{SSL_server} ? %server_default : %default, %ssl );
    delete $ssl{$_} for grep { !defined $ssl{$_} && $_ ne 'SSL_ca' } keys %ssl;
    $filter->( $ssl{SSL_server} ? 1 : 0, \%ssl ) if $filter;
    ${*$self}{_SSL_arguments} = \%ssl;
    ${*$self}{_SSL_host} = $host if defined $host;
    ${*$self}{_SSL_timeout} = $args->{Timeout} if $args->{Timeout};
    return;
}

sub start_SSL {
    my ( $class, $socket, @args ) = @_;
    my %args = ref $args[0] ? %{ $args[0] } : @args;
    undef $SSL_ERROR;
    if ( !ref $socket && ref \$socket ne 'GLOB' || !defined eval { fileno $socket } ) {
        return $class->_error( 'start_SSL needs an open socket', EINVAL );
    }
    my $before = ref $socket;
    if ( $before ne 'GLOB' && eval { $socket->isa(__PACKAGE__) } && ${*$socket}{_SSL_arguments} && !${*$socket}{_SSL_object} ) {
        my %before = %{ ${*$socket}{_SSL_arguments} };
        delete $before{SSL_startHandshake};
        %args = ( %before, %args );
    }
    bless $socket, $class;
    $socket->_forget;
    $socket->_remember( \%args, undef );
    $before = 'IO::Socket::INET' if $before eq 'GLOB';
    ${*$socket}{_SSL_class_before} = $before if !$before->isa(__PACKAGE__);
    return $socket if exists $args{SSL_startHandshake} && !$args{SSL_startHandshake};

    # Whoever does not want to wait says so by SSL_startHandshake.
    return $socket if $socket->_handshake( 1, $args{Timeout} );
    bless $socket, $before if ref $socket eq $class;
    return;
}

sub connect_SSL { my ( $self, @args ) = @_; return $self->_as( 0, @args ) }
sub accept_SSL  { my ( $self, @args ) = @_; return $self->_as( 1, @args ) }

# The handshake of a side, with more arguments for it.
sub _as {
    my ( $self, $server, @args ) = @_;
    if ($server) { shift @args if @args % 2 && !ref $args[0] }
    my %args = ref $args[0] eq 'HASH' ? %{ $args[0] } : @args;
    my $own = \%{ *$self };
    my $ssl = $own->{_SSL_arguments} ||= { $server ? %server_default : %default };
    $ssl->{SSL_server} = $server;
    for my $name ( grep {/\ASSL_/} keys %args ) { $ssl->{$name} = $args{$name} }
    my $wait = $own->{_SSL_handover} ? $own->{_SSL_wait} : $self->blocking;
    return $self->_handshake( $wait || $args{Timeout}, $args{Timeout} );
}

sub _handshake {
    my ( $self, $wait, $given ) = @_;
    my $own  = \%{ *$self };
    my $ssl  = $own->{_SSL_arguments};
    my $what = $ssl->{SSL_server} ? 'accept' : 'connect';
    undef $SSL_ERROR;
    return $self if $own->{_SSL_object};
    if ( !$own->{_SSL_handover} ) {
        $given = $own->{_SSL_timeout} || $own->{io_socket_timeout} if !defined $given;
        $self->_hand_over( $given && $given > 0 && $given < $TIMEOUT ? $given : $TIMEOUT, $wait, $what ) or return;
    }
    my $handover = $own->{_SSL_handover};
    my $info     = $handover->finish($wait);
    if ( !$info && !$handover->fault ) {
        $! = EWOULDBLOCK;
        $SSL_ERROR = SSL_WANT_READ;
        return;
    }
    my $check = $own->{_SSL_check};
    delete @$own{qw(_SSL_handover _SSL_check _SSL_wait)};
    if ( !$info ) {
        my ( $number, $text ) = @{ $handover->fault };
        $self->_forget;
        $self->_error( "SSL $what attempt failed: $text", $number );
        return $self->_trap($ssl);
    }
    for my $list (qw(certificates verified)) {
        $info->{$list} = [ map { CPANBridge::Compat::TLS::Certificate->new( MIME::Base64::decode_base64($_) ) } @{ $info->{$list} || [] } ];
    }
    my $fault = eval { local $SIG{__DIE__}; require CPANBridge::Compat::TLS::Judge; CPANBridge::Compat::TLS::Judge::fault_of( $info, $ssl, $check ) };
    $fault = $@ if !defined $fault;
    if ( length $fault ) {
        # The peer has proved nothing: not a byte may go to it.
        chomp $fault;
        CORE::shutdown( $self, 2 );
        $self->_forget;
        return $self->_error( "SSL $what attempt failed: $fault", EPROTO );
    }
    $own->{_SSL_object} = bless { %$info, socket => $self }, 'CPANBridge::Compat::TLS::Connection';
    Scalar::Util::weaken( $own->{_SSL_object}{socket} );
    return $self;
}

sub _hand_over {
    my ( $self, $timeout, $wait, $what ) = @_;
    my $own = \%{ *$self };
    my $ssl = $own->{_SSL_arguments};
    my $peer = getpeername $self or return $self->_error( "SSL $what attempt failed: the socket is not connected", ENOTCONN );
    require CPANBridge::Compat::TLS::Options;
    require CPANBridge::Compat::TLS::Handover;
    if ( my $callback = $ssl->{SSL_create_ctx_callback} ) { $callback->( bless {}, 'IO::Socket::SSL::SSL_Context' ) }
    if ( !defined $ssl->{SSL_session_key} && ( $ssl->{SSL_session_cache_size} || $ssl->{SSL_session_cache} ) ) {
        $ssl->{SSL_session_key} = unpack 'H*', $peer;
    }
    elsif ( !$ssl->{SSL_session_cache_size} && !$ssl->{SSL_session_cache} ) { delete $ssl->{SSL_session_key} }
    my @params = eval {
        local $SIG{__DIE__};
        $ssl->{SSL_server}
          ? CPANBridge::Compat::TLS::Options::server_params( $ssl, $timeout )
          : CPANBridge::Compat::TLS::Options::params( $ssl, $own->{_SSL_host}, $timeout );
    };
    if ( !@params ) {
        chomp( my $why = $@ );
        Carp::croak($why) if $why =~ /\Ainvalid SSL_version/;
        return $self->_error( $why, EINVAL );
    }
    $own->{_SSL_peername} = $peer;
    $own->{_SSL_sockname} = getsockname $self;
    my ( $handover, $number, $text ) = CPANBridge::Compat::TLS::Handover->begin( $self, $params[0], $timeout );
    if ( !$handover ) {
        $self->_forget;
        $text = "CPANBridge: $text" if $text !~ /\ACPANBridge/;
        return $self->_error( "SSL $what attempt failed: $text", $number );
    }
    @$own{qw(_SSL_handover _SSL_check _SSL_wait)} = ( $handover, $params[1], $wait );
    return 1;
}

# A server may have something to say to a client that does not speak TLS; it has the unencrypted connection for it.
sub _trap {
    my ( $self, $ssl ) = @_;
    my $trap = $ssl->{SSL_server} ? $ssl->{SSL_error_trap} : undef;
    return if ref $trap ne 'CODE' || !defined fileno $self;
    my ( $error, $number ) = ( $SSL_ERROR, 0 + $! );
    $trap->( $self, "$error" );
    ( $SSL_ERROR, $! ) = ( $error, $number );
    return;
}

# As a server: the handshake waits for the client, as that of the original does, also where the listener does not block.
# (A listener with SSL_startHandshake => 0 gives connections that are not encrypted yet.)
sub accept {
    my ( $self, $class ) = @_;
    my $own = \%{ *$self };
    my $ssl = $own->{_SSL_arguments} || {};
    undef $SSL_ERROR;

    # The daemon may have been started again, or have closed a connection on which nothing came for long.
    if ( delete $own->{_SSL_not_kept} ) { $self->_check_server($ssl) or delete $ssl->{SSL_keeper_of_cpanbridge} }
    my ( $socket, $peer ) = $self->SUPER::accept( $class || ref $self );
    if ( !$socket ) {
        $SSL_ERROR = SSL_WANT_READ if $! == EAGAIN || $! == EWOULDBLOCK;
        return;
    }
    ${*$socket}{_SSL_arguments} = {%$ssl};
    ${*$socket}{_SSL_timeout} = $own->{_SSL_timeout} if $own->{_SSL_timeout};
    if ( !exists $ssl->{SSL_startHandshake} || $ssl->{SSL_startHandshake} ) {
        $socket->_handshake( 1, undef ) or return;
        my $info = $socket->_info;
        $own->{_SSL_not_kept} = 1 if $ssl->{SSL_keeper_of_cpanbridge} && !$info->{kept};
    }
    return wantarray ? ( $socket, $peer ) : $socket;
}

sub opening { return undef }

sub _forget {
    my ($self) = @_;
    delete @{ *$self }{qw(_SSL_object _SSL_peername _SSL_sockname _SSL_handover _SSL_check _SSL_wait _SSL_release)};
    return;
}

sub close {
    my ($self) = @_;
    delete @{ *$self }{qw(_SSL_handover _SSL_release)};
    return CORE::close($self) if !$self->can('SUPER::close');
    return $self->SUPER::close;
}

sub kill_socket { my ($self) = @_; $self->close; return }

# Back to the unencrypted connection and to its class.
sub stop_SSL {
    my ( $self, @args ) = @_;
    my %args = ref $args[0] ? %{ $args[0] } : @args;
    my $own  = \%{ *$self };
    undef $SSL_ERROR;
    return 1 if !$own->{_SSL_object} && !$own->{_SSL_release};
    my $wait = $self->blocking;
    if ( !$own->{_SSL_release} ) {
        require CPANBridge::Compat::TLS::Release;
        $self->flush;
        my $timeout = $args{Timeout} || $own->{_SSL_timeout} || $own->{io_socket_timeout} || $TIMEOUT;
        my ( $release, $number, $text ) = CPANBridge::Compat::TLS::Release->begin( $self, $timeout );
        if ( !$release ) {
            return $self->_error( "SSL shutdown failed: $text", $number ) if $number != EAGAIN && $number != EWOULDBLOCK;
            $! = EWOULDBLOCK;
            $SSL_ERROR = SSL_WANT_WRITE;
            return;
        }
        @$own{qw(_SSL_release _SSL_wait)} = ( $release, $wait );
        delete $own->{_SSL_object};
    }
    my $release = $own->{_SSL_release};
    if ( !$release->finish( $self, $own->{_SSL_wait} ) ) {
        if ( my $fault = $release->fault ) {
            $self->_forget;
            return $self->_error( "SSL shutdown failed: $fault->[1]", $fault->[0] );
        }
        $! = EWOULDBLOCK;
        $SSL_ERROR = SSL_WANT_READ;
        return;
    }
    $self->_forget;
    bless $self, $own->{_SSL_class_before} if defined $own->{_SSL_class_before};
    return 1;
}

# --- input and output are the handle's own; these are what else the original has ---

# The bytes that can be read without waiting.
my $FIONREAD = 0x541B;

sub pending {
    my ($self) = @_;
    my $count = pack 'i', 0;
    return 0 if !${*$self}{_SSL_object} || !ioctl $self, $FIONREAD, $count;
    return unpack 'i', $count;
}

sub peek {
    my ( $self, undef, $length, $offset ) = @_;
    my $got = CORE::recv $self, my $seen, $length, MSG_PEEK;
    return $self->_wait_for(SSL_WANT_READ) if !defined $got;
    $_[1] = '' if !defined $_[1];
    $offset ||= 0;
    $_[1] .= "\0" x ( $offset - length $_[1] ) if $offset > length $_[1];
    substr( $_[1], $offset ) = $seen;
    return length $seen;
}

# The methods tell what to wait for; the functions of the same names know nothing of TLS.
sub read {
    my ( $self, undef, $length, $offset ) = @_;
    my $got = CORE::read $self, $_[1], $length, $offset || 0;
    return $got if defined $got;
    $self->clearerr if $! == EAGAIN || $! == EWOULDBLOCK;
    return $self->_wait_for(SSL_WANT_READ);
}

sub sysread {
    my ( $self, undef, $length, $offset ) = @_;
    my $got = CORE::sysread $self, $_[1], $length, $offset || 0;
    return defined $got ? $got : $self->_wait_for(SSL_WANT_READ);
}

sub syswrite {
    my ( $self, undef, @rest ) = @_;
    my $sent = @rest == 0 ? CORE::syswrite $self, $_[1] : @rest == 1 ? CORE::syswrite $self, $_[1], $rest[0] : CORE::syswrite $self, $_[1], $rest[0], $rest[1];
    return defined $sent ? $sent : $self->_wait_for(SSL_WANT_WRITE);
}

# All of it, however long it takes, and tells how much that was.
sub write {
    my ( $self, undef, $length, $offset ) = @_;
    $offset ||= 0;
    my $data = substr $_[1], $offset, defined $length ? $length : length( $_[1] ) - $offset;
    my $written = CORE::print( {$self} $data ) && $self->flush;
    return $written ? length $data : $self->_wait_for(SSL_WANT_WRITE);
}

sub _wait_for {
    my ( $self, $what ) = @_;
    $SSL_ERROR = $what if $! == EAGAIN || $! == EWOULDBLOCK;
    return undef;
}

sub is_SSL { my ($self) = @_; return ref $self && ${*$self}{_SSL_object} ? 1 : 0 }

# The descriptor is the daemon's socket, so what the program asks of the connection itself was noted before.
sub peername { my ($self) = @_; my $name = ${*$self}{_SSL_peername}; return defined $name ? $name : getpeername $self }
sub sockname { my ($self) = @_; my $name = ${*$self}{_SSL_sockname}; return defined $name ? $name : getsockname $self }

sub connected { my ($self) = @_; return defined( getpeername $self ) ? $self->peername : undef }

sub sockdomain {
    my ($self) = @_;
    my $name = ${*$self}{_SSL_sockname};
    return defined $name ? Socket::sockaddr_family($name) : $self->SUPER::sockdomain;
}

# --- errors ---

sub errstr { return defined $SSL_ERROR ? "$SSL_ERROR" : '' }

sub opened {
    my ($self) = @_;
    return 0 if !defined fileno $self;
    return ${*$self}{_SSL_object} ? 1 : -1;
}

sub error { my ( $self, $text ) = @_; return $self->_error( $text, 0 + $! || EPROTO ) }

sub fatal_ssl_error { my ( $self, $text ) = @_; $self->_error( $text, EPROTO ); $self->close; return }

sub _error {
    my ( $self, $text, $number ) = @_;
    $SSL_ERROR = dualvar( -1, $text );
    $@ = $text;
    $! = $number || EPROTO;
    return;
}

# --- what the server has shown ---

sub _info { my ($self) = @_; return ref $self && ${*$self}{_SSL_object} || undef }

sub get_cipher { my $info = $_[0]->_info; return $info ? $info->{cipher} : undef }

sub get_sslversion {
    my $info = $_[0]->_info or return;
    ( my $version = $info->{version} ) =~ tr/./_/;
    return $version;
}

sub get_sslversion_int {
    my $info = $_[0]->_info or return;
    return { 'TLSv1' => 0x0301, 'TLSv1.1' => 0x0302, 'TLSv1.2' => 0x0303, 'TLSv1.3' => 0x0304 }->{ $info->{version} };
}

sub get_session_reused    { my $info = $_[0]->_info; return $info && $info->{reused} ? 1 : 0 }
sub alpn_selected         { my $info = $_[0]->_info; return $info ? $info->{alpn} : undef }
sub next_proto_negotiated { return undef }

# What the client has asked for, or as a client, has asked for itself.
sub get_servername {
    my ($self) = @_;
    my $info = $self->_info or return;
    my $ssl = ${*$self}{_SSL_arguments};
    return $ssl->{SSL_server} ? $info->{asked_name} : $ssl->{SSL_hostname};
}


sub ocsp_resolver         { Carp::croak('IO::Socket::SSL of CPANBridge does not cover OCSP') }

sub get_peer_certificate { return $_[0] }
sub issuer_name          { return $_[0]->peer_certificate('issuer') }
sub subject_name         { return $_[0]->peer_certificate('subject') }
sub peer_certificates    { my $info = $_[0]->_info; return $info ? @{ $info->{certificates} } : () }

sub peer_certificate {
    my ( $self, $field ) = @_;
    my $info = $self->_info or return;
    return if !@{ $info->{certificates} };
    return _field( $info->{certificates}[0], $field );
}

sub sock_certificate {
    my ( $self, $field ) = @_;
    my $ssl = ${*$self}{_SSL_arguments} or return;
    require CPANBridge::Compat::TLS::Credentials;
    my @own = eval { local $SIG{__DIE__}; CPANBridge::Compat::TLS::Credentials::all($ssl) } or return;
    my $name = $ssl->{SSL_server} ? lc( $self->get_servername // '' ) : '';
    my ($chosen) = ( grep( { lc $_->[0] eq $name } @own ), grep { !length $_->[0] } @own );
    return if !$chosen;
    return _field( CPANBridge::Compat::TLS::Certificate->from_pem( $chosen->[1]{certificate} ), $field );
}

sub _get_ssl_object { my ($self) = @_; return ref $self ? ${*$self}{_SSL_object} : undef }

sub _field {
    my ( $certificate, $field ) = @_;
    return $certificate if !defined $field;
    return $certificate->one_line('issuer')  if $field eq 'issuer'  || $field eq 'authority';
    return $certificate->one_line('subject') if $field eq 'subject' || $field eq 'owner';
    return $certificate->common_name if $field eq 'commonName' || $field eq 'cn';
    return map {@$_} $certificate->alt_names if $field eq 'subjectAltNames';
    return Carp::croak("no such field in a certificate: $field");
}

sub dump_peer_certificate {
    my ($self) = @_;
    my $certificate = $self->peer_certificate or return;
    return sprintf "Subject Name: %s\nIssuer  Name: %s\n", map { $certificate->one_line($_) } qw(subject issuer);
}

sub verify_hostname {
    my ( $self, $host, $scheme ) = @_;
    my $certificate = $self->peer_certificate or return;
    return verify_hostname_of_cert( $host, $certificate, $scheme );
}

sub idn_to_ascii { my ($name) = @_; return CPANBridge::Compat::TLS::Names::to_ascii($name) }

sub verify_hostname_of_cert {
    my ( $host, $certificate, $scheme ) = @_;
    my $matches = eval { local $SIG{__DIE__}; CPANBridge::Compat::TLS::Names::matches( $host, $certificate, $scheme ) };
    Carp::croak( $@ =~ s/\n\z//r ) if !defined $matches;
    return $matches;
}

sub get_fingerprint_bin {
    my ( $self, $algorithm, $certificate, $of_key ) = @_;
    $certificate ||= $self->peer_certificate or return;
    my $method = $of_key ? 'key_digest' : 'fingerprint';
    return $certificate->$method( $algorithm || 'sha256' );
}

sub get_fingerprint {
    my ( $self, $algorithm, $certificate, $of_key ) = @_;
    $algorithm ||= 'sha256';
    my $bytes = $self->get_fingerprint_bin( $algorithm, $certificate, $of_key );
    return if !defined $bytes;
    return $algorithm . ( $of_key ? '$pub$' : '$' ) . unpack 'H*', $bytes;
}

package    # what SSL_reuse_ctx takes
  IO::Socket::SSL::SSL_Context;

sub new {
    my ( $class, @args ) = @_;
    my %args = ref $args[0] ? %{ $args[0] } : @args;
    require CPANBridge::Compat::TLS::Options;
    if ( $args{SSL_server} ) { IO::Socket::SSL->_check_server( \%args ) or return }
    my $fine = eval { local $SIG{__DIE__}; CPANBridge::Compat::TLS::Options::authorities( \%args ); 1 };
    if ( !$fine ) { chomp( my $why = $@ ); return IO::Socket::SSL->_error( $why, Errno::EINVAL() ) }
    return bless { args => { map { $_ => $args{$_} } grep {/\ASSL_/} keys %args } }, $class;
}

package    # sessions are kept by the daemon
  IO::Socket::SSL::Session_Cache;

sub new { my ( $class, $size ) = @_; return bless { size => $size }, $class }
sub get_session { return undef }
sub add_session { return $_[2] }
sub del_session { return }

1;

__END__

=encoding utf8

=head1 NAME

IO::Socket::SSL - encrypted connections as client and as server, through the daemon of CPANBridge

=head1 SYNOPSIS

    use IO::Socket::SSL;

    my $socket = IO::Socket::SSL->new( PeerHost => 'www.example.org', PeerPort => 443 )
      or die "cannot connect: $!, $SSL_ERROR";
    print $socket "GET / HTTP/1.0\r\nHost: www.example.org\r\n\r\n";
    print while <$socket>;

    IO::Socket::SSL->start_SSL( $connected, SSL_hostname => 'mail.example.org' ) or die $SSL_ERROR;

    my $answer = HTTP::Tiny->new( verify_SSL => 1 )->get('https://www.example.org/');
    $smtp->starttls( SSL_ca_file => '/etc/ssl/own.pem' );

    my $server = IO::Socket::SSL->new( Listen => 10, LocalPort => 8443, SSL_cert_file => 'cert.pem', SSL_key_file => 'key.pem' )
      or die $SSL_ERROR;
    while (1) {
        my $client = $server->accept or next;
        print $client "hello\n";
    }

=head1 DESCRIPTION

Gives L<HTTP::Tiny>, L<Net::SMTP>, L<Net::POP3>, L<Net::FTP>, LWP and programs of your own TLS on a machine without
the module from CPAN. The program makes or accepts the connection itself. It is then handed to the daemon, whose module C<tls>
the operator must have enabled; the daemon does the handshake and encrypts. In its place, under the same descriptor, the
program gets a socket on which plain text comes and goes. So everything works on it that works on a socket: C<select>,
C<sysread>, C<readline>, C<alarm>, a fork. The daemon connects nowhere by itself and opens none of the program's files.

=head1 WHAT IS COVERED

=over 4

=item Making a connection

C<new>, C<start_SSL>, C<new_from_fd>, C<connect>, C<connect_SSL>, C<accept_SSL> with C<Timeout>, also without blocking
(C<$SSL_ERROR == SSL_WANT_READ>, then wait with C<select> until the handle can be read, and call again); C<SSL_startHandshake>; all
arguments of L<IO::Socket::IP>, or of L<IO::Socket::INET> where that is missing. With C<Blocking =E<gt> 0>, C<new> waits for the
handshake, and the socket does not block from then on.

=item Servers

C<Listen> with C<accept>, and C<SSL_server> for C<start_SSL>. Certificates by C<SSL_cert_file> and C<SSL_key_file>, each a file or a
hash of files by name (C<''> for all other names, C<name%ecc> and the like for a further one with a key of another kind), in PEM,
DER or PKCS#12, or by C<SSL_cert> and C<SSL_key>; C<SSL_passwd_cb>; C<get_servername>; clients' certificates by C<SSL_verify_mode>
and the arguments that say whom to trust; C<SSL_alpn_protocols>, C<SSL_honor_cipher_order>, C<SSL_dh_file>, C<SSL_ecdh_curve> with one
curve; C<SSL_error_trap>. A listener learns at once, from the daemon, that a certificate or a key cannot be used. C<accept> waits
for the handshake, as that of the original does, as long as C<Timeout> says.

=item Whom to trust

C<SSL_verify_mode> (by default a server's certificate is verified), C<SSL_ca_file>, C<SSL_ca_path>, C<SSL_ca> (certificates that
C<peer_certificate> or L<IO::Socket::SSL::Utils> returned), the environment's C<SSL_CERT_FILE> and C<SSL_CERT_DIR>, C<default_ca>; without
any of them the authorities of the system. C<SSL_hostname>, C<SSL_verifycn_name>, C<SSL_verifycn_scheme> (a name, a hash of rules, a sub),
C<SSL_fingerprint>, C<verify_hostname>, C<verify_hostname_of_cert>. Revoked certificates by C<SSL_crl_file>, and C<SSL_check_crl> for
lists that lie in C<SSL_ca_file> or C<SSL_ca_path>. C<SSL_verify_callback>, see L</DIFFERENCES>.

=item What to offer

C<SSL_version>, C<SSL_cipher_list>, C<SSL_alpn_protocols>, a certificate of one's own as above;
C<SSL_reuse_ctx>, C<SSL_session_cache_size>, C<SSL_session_key> for connections that take up each other's sessions, as
FTP servers ask for; C<set_defaults>, C<set_client_defaults>, C<set_server_defaults>, C<set_ctx_defaults>, C<set_default_context>,
C<set_args_filter_hack>.

=item Going back

C<stop_SSL> says good-bye, waits for the peer's good-bye, and the handle is the unencrypted connection again, of the class that it had
before C<start_SSL>; also without blocking. C<connect_SSL>, C<accept_SSL> or C<start_SSL> may follow.

=item Looking at it

C<peer_certificate> with its fields, C<peer_certificates>, C<sock_certificate>, C<issuer_name>, C<subject_name>,
C<dump_peer_certificate>, C<get_fingerprint>, C<get_fingerprint_bin>, C<get_cipher>, C<get_sslversion>, C<get_sslversion_int>,
C<get_session_reused>, C<alpn_selected>, C<is_SSL>, C<pending>, C<peek>, C<peerhost>, C<peerport>, C<sockhost>, C<sockport>, C<errstr>,
C<$SSL_ERROR>, the C<can_...> functions and the constants. What L<Net::SSLeay> can tell of a certificate, or of C<_get_ssl_object>,
is in its own documentation.

=back

=head1 WHAT IS NOT COVERED

=over 4

=item OCSP

Where the program insists on it (C<SSL_ocsp_mode>) the connection fails rather than be made unchecked.

=item Tickets of a server's own

C<SSL_ticket_keycb> and C<SSL_session_id_context> are ignored, C<can_ticket_keycb> says so. Clients of a listener, or of an
C<IO::Socket::SSL::SSL_Context>, may take up their sessions as long as that is there. The list inside C<IO::Socket::SSL::Session_Cache> is empty: the daemon keeps the sessions of clients, for five minutes.

=item Objects of OpenSSL

C<SSL_cert>, C<SSL_key> and C<SSL_ca> take the objects that this module and L<IO::Socket::SSL::Utils> return, and refuse others, as does
C<SSL_dh>; C<SSL_create_ctx_callback> is called with an object for which C<Net::SSLeay::CTX_set_mode> does nothing.
IO::Socket::SSL::Intercept and ::PublicSuffix do not exist.

=item Several curves

C<SSL_ecdh_curve> with more than one curve fails.

=item Ignored

C<SSL_ciphersuites> (TLS 1.3 has safe ones only), C<SSL_npn_protocols>, C<SSL_mode_release_buffers>, C<SSL_use_cert>, C<SSL_psk>, and the
arguments of C<stop_SSL> and C<close> other than C<Timeout>.

=back

=head1 DIFFERENCES

=over 4

=item *

The text of an error is Python's: C<SSL connect attempt failed: certificate verify failed: self-signed certificate>. One
that begins with C<CPANBridge> is the daemon's: it is not running, its module C<tls> is not enabled, or a limit was reached.

=item *

C<SSL_verify_callback> is called when the handshake is over, and before anything is sent or read: for each certificate, the authority's
first, with a false value for each fault of it, then with a true one. Its second argument is no address, but what
C<Net::SSLeay::X509_STORE_CTX_get_current_cert>, C<..._get_error> and C<..._get_error_depth> take. It may overrule faults of trust, of
time and of revocation; one behind which nothing could be verified, such as a wrong signature, it cannot. The name is compared
whatever it says. As a server, it sees clients whose certificates were good, and may refuse them; others have been refused before.

=item *

With C<SSL_fingerprint> nothing else is looked at: a certificate with another fingerprint is refused, whoever has signed it.

=item *

The name is compared when the handshake is over and before anything is sent; the server sees a connection that is closed.

=item *

C<SSL_crl_file> counts without C<SSL_check_crl>, too.

=item *

C<$SSL_ERROR> is set to C<SSL_WANT_READ> and C<SSL_WANT_WRITE> by the methods C<read>, C<sysread>, C<syswrite>, C<write> and C<peek>. Perl's own
functions of these names only set C<$!> (EAGAIN), and it is reading that a reader waits for, and writing for a writer.

=item *

C<syswrite> sends as much as there is room for, not only one record's 16,384 bytes. C<readline> is Perl's: a paragraph (C<$/ = ''>) ends
with one empty line. C<pending> tells how many bytes can be read without waiting, whether C<select> says so or not; it does say so.

=item *

When the peer closes without TLS's good-bye, or sends what was tampered with, reading comes to its end (0) and not to an error. The
length that a protocol announces tells whether something is missing, as it does with the original.

=item *

C<stop_SSL> fails, and the connection is lost, where bytes would be: what the peer had sent was not read, or it sent plain text in one
packet with its good-bye without waiting for ours.

=item *

A renegotiation that the peer asks for (TLS 1.2) is declined.

=item *

C<getpeername> and C<getsockname>, Perl's own, see the socket that leads to the daemon; the methods C<peername>, C<sockname>,
C<peerhost> and so on see the connection.

=item *

A process that has forked may close its copy of the handle: the other's goes on, without C<SSL_no_shutdown>.

=item *

The daemon sees what is sent in plain text, and private keys, which the program sends along with each connection that needs them. For a
listener and for an C<IO::Socket::SSL::SSL_Context> with C<SSL_server> it keeps them as long as that is there, which is one more
connection to the daemon. It stands for the machine's OpenSSL, and runs as a user of this machine.

=back

It needs a 64-bit perl on Linux, on x86_64 or aarch64: Perl has no function that hands over a descriptor, so the system
calls are made by their numbers. Elsewhere connections fail with a sentence that says so. On aarch64 it was never tried.

=head1 ENVIRONMENT

=over 4

=item C<SSL_CERT_FILE>, C<SSL_CERT_DIR>

The authorities to trust where the program names none, read by the program.

=item C<CPAN_BRIDGE_SOCKET>

Where the daemon listens, see L<CPANBridge>.

=back

=cut
