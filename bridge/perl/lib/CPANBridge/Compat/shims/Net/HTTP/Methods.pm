package Net::HTTP::Methods;

use 5.014;
use strict;
use warnings;

use Errno  ();
use Symbol ();

our $VERSION = '6.22';

my $CRLF = "\015\012";

# What a connection knows lies in its handle's hash: http_* below.

sub new {
    my ( $class, @options ) = @_;
    unshift @options, 'Host' if @options == 1;
    my %option = @options;
    my $self = Symbol::gensym();
    bless $self, $class;
    return $self->http_configure( \%option );
}

sub http_configure {
    my ( $self, $option ) = @_;
    if ( exists $option->{Listen} ) {
        require Carp;
        Carp::croak('Listen option not allowed');
    }
    my $explicit = exists $option->{Host};
    my $host = delete $option->{Host};
    my $peer = $option->{PeerAddr} || $option->{PeerHost};
    if ( !defined $peer ) {
        if ( !defined $host ) {
            require Carp;
            Carp::croak('No Host option provided') if !exists $option->{PeerAddr};
            $host = '';
        }
        $option->{PeerAddr} = $peer = $host;
    }

    # host:port, [address]:port, or an address of IPv6 alone.
    if ( $peer =~ s/\A\[(.*)\](?::(\d+))?\z/$1/ ) { $option->{PeerPort} = $2 if defined $2 }
    elsif ( $peer !~ /:.*:/ && $peer =~ s/:(\d+)\z// ) { $option->{PeerPort} = $1 }
    $option->{PeerAddr} = $peer;
    if ( !defined $option->{PeerPort} ) { $option->{PeerPort} = $self->http_default_port }
    if ( !$explicit ) {
        $host = $peer =~ /:/ ? "[$peer]" : $peer;
        $host .= ":$option->{PeerPort}" if $option->{PeerPort} != $self->http_default_port;
    }
    elsif ( defined $host && $host !~ /:\d+\z/ && length $host && $option->{PeerPort} != $self->http_default_port ) {
        $host .= ":$option->{PeerPort}";
    }
    $option->{Proto} = 'tcp' if !defined $option->{Proto};

    my %is = map { $_ => delete $option->{$_} } qw(KeepAlive SendTE HTTPVersion PeerHTTPVersion MaxLineLength MaxHeaderLines);
    return undef if !$self->http_connect($option);    ## no critic (ProhibitExplicitReturnUndef)
    $self->host($host);
    $self->keep_alive( $is{KeepAlive} );
    $self->send_te( $is{SendTE} );
    $self->http_version( $is{HTTPVersion} || '1.1' );
    $self->peer_http_version( $is{PeerHTTPVersion} || '1.0' );
    $self->max_line_length( defined $is{MaxLineLength} ? $is{MaxLineLength} : 8192 );
    $self->max_header_lines( defined $is{MaxHeaderLines} ? $is{MaxHeaderLines} : 128 );
    ${*$self}{http_buf} = '';
    return $self;
}

sub http_default_port { return 80 }

for my $name (qw(host keep_alive send_te max_line_length max_header_lines peer_http_version)) {
    no strict 'refs';
    *$name = sub {
        my ( $self, @new ) = @_;
        my $old = ${*$self}{"http_$name"};
        ${*$self}{"http_$name"} = $new[0] if @new;
        return $old;
    };
}
sub max_header_length { my $self = shift; return $self->max_header_lines(@_) }

sub http_version {
    my ( $self, @new ) = @_;
    my $old = ${*$self}{http_version};
    if (@new) {
        my $version = $new[0] || '1.1';
        if ( $version !~ /\A1\.[01]\z/ ) {
            require Carp;
            Carp::croak("Invalid HTTP version $version");
        }
        ${*$self}{http_version} = $version;
    }
    return $old;
}

# --- requests -------------------------------------------------------------------------------------------------------

sub format_request {
    my ( $self, $method, $uri, @rest ) = @_;
    my $content = @rest % 2 ? pop @rest : '';
    for ( $method, $uri ) {
        if (/[\s]/) {
            require Carp;
            Carp::croak('Bad method or uri') if /\n/ || \$_ == \$method;
        }
    }
    push @{ ${*$self}{http_request_method} }, $method;
    my $version = ${*$self}{http_version};
    my ( @lines, @connection, %given );
    while ( my ( $name, $value ) = splice @rest, 0, 2 ) {
        my $key = lc $name;
        if ( $key eq 'connection' ) { push @connection, split /\s*,\s*/, $value; next }
        $given{$key} = 1;
        $value = join ' ', split /[\r\n]+\s*/, $value if $value =~ /[\r\n]/;
        push @lines, "$name: $value";
    }
    my @own;
    if ( ${*$self}{http_send_te} && $version eq '1.1' && !$given{te} && ( my $te = _transfer_codings() ) ) {
        push @own, "TE: $te";
        push @connection, 'TE';
    }
    if ( !grep {/\Aclose\z/i} @connection ) {
        if ( ${*$self}{http_keep_alive} ) {
            if ( $self->_peer_is_old ) {
                push @own, 'Keep-Alive: 300' if !$given{'keep-alive'};
                push @connection, 'Keep-Alive' if !grep {/\Akeep-alive\z/i} @connection;
            }
        }
        elsif ( $version eq '1.1' ) { push @connection, 'close' }
    }
    push @own, 'Connection: ' . join ', ', @connection if @connection;
    if ( !$given{host} ) {
        my $host = ${*$self}{http_host};
        push @own, "Host: $host" if defined $host && length $host;
    }
    push @lines, 'Content-Length: ' . length $content if length $content && !$given{'content-length'} && !$given{'transfer-encoding'};
    return join( $CRLF, "$method $uri HTTP/$version", @own, @lines ) . $CRLF . $CRLF . $content;
}

sub _peer_is_old { my ($self) = @_; return ( ${*$self}{http_peer_http_version} || '1.0' ) eq '1.0' }

my $codings;

sub _transfer_codings {
    if ( !defined $codings ) {
        local ( $@, $SIG{__DIE__} );
        $codings = eval { require Compress::Raw::Zlib; 1 } ? 'deflate,gzip;q=0.3' : '';
    }
    return $codings;
}

sub write_request {
    my $self = shift;
    return $self->print( $self->format_request(@_) );
}

sub format_chunk {
    my ( $self, $bytes ) = @_;
    return '' if !defined $bytes || !length $bytes;
    return sprintf( '%x', length $bytes ) . $CRLF . $bytes . $CRLF;
}

sub write_chunk {
    my ( $self, $bytes ) = @_;
    return 1 if !defined $bytes || !length $bytes;
    return $self->print( $self->format_chunk($bytes) );
}

sub format_chunk_eof {
    my ( $self, @trailers ) = @_;
    my $text = "0$CRLF";
    while ( my ( $name, $value ) = splice @trailers, 0, 2 ) { $text .= "$name: $value$CRLF" }
    return $text . $CRLF;
}

sub write_chunk_eof {
    my $self = shift;
    return $self->print( $self->format_chunk_eof(@_) );
}

# --- reading --------------------------------------------------------------------------------------------------------

sub _rbuf {
    my ( $self, @new ) = @_;
    my $old = ${*$self}{http_buf};
    ${*$self}{http_buf} = $new[0] if @new;
    return $old;
}
sub _rbuf_length { my ($self) = @_; return length ${*$self}{http_buf} }

# Reads more into the buffer. As sysread.
sub _more {
    my ( $self, $size ) = @_;
    return $self->sysread( ${*$self}{http_buf}, $size || 16_384, length ${*$self}{http_buf} );
}

sub my_read {
    my $self = shift;
    my $size = $_[1];
    my $buffer = \${*$self}{http_buf};
    if ( length $$buffer ) {
        $_[0] = substr $$buffer, 0, $size, '';
        return length $_[0];
    }
    $_[0] = '';
    return $self->sysread( $_[0], $size );
}

sub my_readline {
    my ( $self, $what ) = @_;
    my $buffer = \${*$self}{http_buf};
    my $most = ${*$self}{http_max_line_length};
    my $end;
    while ( ( $end = index $$buffer, "\012" ) < 0 ) {
        die "$what line too long (limit is $most)\n" if $most && length $$buffer > $most;
        my $got = $self->_more(1024);
        if ( !defined $got ) {
            next if $!{EINTR};
            if ( $!{EAGAIN} || $!{EWOULDBLOCK} ) { next if $self->can_read; die "read timeout\n" }
            die length $$buffer ? "$what read failure: $!\n" : "read failed: $!\n";
        }
        if ( !$got ) { return undef if !length $$buffer; return substr $$buffer, 0, length $$buffer, '' }    ## no critic (ProhibitExplicitReturnUndef)
    }
    die "$what line too long ($end; limit is $most)\n" if $most && $end > $most;
    my $line = substr $$buffer, 0, $end + 1, '';
    $line =~ s/\015?\012\z//;
    return $line;
}

# Waits until there is something to read; by default not at all.
sub can_read {
    my ($self) = @_;
    return 1 if !defined fileno $self;
    return 1 if $self->can('pending') && $self->pending;
    my $bits = '';
    vec( $bits, fileno $self, 1 ) = 1;
    my $timeout = $self->can('timeout') ? $self->timeout : undef;
    return select( $bits, undef, undef, $timeout ) > 0;
}

sub _read_header_lines {
    my ( $self, $junk ) = @_;
    my @fields;
    my $count = 0;
    my $most  = ${*$self}{http_max_header_lines};
    while ( defined( my $line = $self->my_readline('Header') ) ) {
        last if !length $line;
        if    ( $line =~ /\A([^\s:]+)\s*:\s*(.*)\z/s )      { push @fields, $1, $2 }
        elsif ( @fields && $line =~ s/\A[ \t]+// )          { $fields[-1] .= " $line" }
        elsif ($junk)                                       { push @$junk, $line }
        else                                                { die "Bad header: '$line'\n" }
        die "Too many header lines (limit is $most)" if $most && ++$count >= $most;
    }
    return @fields;
}

sub read_response_headers {
    my ( $self, %option ) = @_;
    my $junk = $option{laxed} ? $option{junk_out} || [] : undef;
    my $line = $self->my_readline('Status');
    die "Server closed connection without sending any data back\n" if !defined $line;
    my ( $version, $code, $message ) = $line =~ m{\AHTTP/(\d+\.\d+)[ \t]+(\d\d\d)(?:[ \t]+(.*))?\s*\z}s;
    if ( !defined $code ) {
        my $shown = length $line > 100 ? substr( $line, 0, 97 ) . '...' : $line;
        die "Bad response status line: '$shown'\n" if !$junk;
        ${*$self}{http_peer_http_version}  = '0.9';
        ${*$self}{http_status}             = 200;
        ${*$self}{http_buf}                = $line . $CRLF . ${*$self}{http_buf};
        ${*$self}{http_first_body}         = 1;
        shift @{ ${*$self}{http_request_method} };
        delete @{ *$self }{qw(http_bytes http_chunked http_te http_trailers)};
        ${*$self}{http_bytes} = undef;
        ${*$self}{http_done}  = 0;
        return wantarray ? ( 200, 'Assumed OK' ) : 200;
    }
    ${*$self}{http_peer_http_version} = $version;
    ${*$self}{http_status}            = $code;
    my @fields = $self->_read_header_lines($junk);
    $self->_start_body( $code, @fields );
    return wantarray ? ( $code, defined $message ? $message : '', @fields ) : $code;
}

# How the body's end will be known.
sub _start_body {
    my ( $self, $code, @fields ) = @_;
    my ( @te, $length );
    for ( my $i = 0 ; $i < @fields ; $i += 2 ) {
        my $name = lc $fields[$i];
        if    ( $name eq 'transfer-encoding' ) { push @te, $fields[ $i + 1 ] }
        elsif ( $name eq 'content-length' )    { ($length) = $fields[ $i + 1 ] =~ /\A\s*(\d+)/ if !defined $length }
    }
    my $hash = \%{*$self};
    delete @$hash{qw(http_chunked http_te http_trailers)};
    $hash->{http_bytes} = $length;
    $hash->{http_done}  = 0;
    my $method = $code =~ /\A1/ && $code != 101 ? undef : shift @{ $hash->{http_request_method} };
    if ( $code =~ /\A1/ || $code == 204 || $code == 304 || ( defined $method && $method eq 'HEAD' ) ) { $hash->{http_done} = 1; return }
    my @codings = map { lc } grep {length} map { split /\s*,\s*/ } @te;
    if (@codings) {
        my $chunked = $codings[-1] =~ /\Achunked\b/;
        pop @codings while @codings && $codings[-1] =~ /\Achunked\b/;
        delete $hash->{http_bytes};
        $hash->{http_chunked} = { left => 0, first => 1 } if $chunked;
        for my $coding ( grep { !/\Aidentity\b/ } @codings ) {
            die "Can't handle the transfer encoding '$coding'\n" if $coding !~ /\A(?:x-)?(gzip|deflate)\b/;
            require Compress::Raw::Zlib;
            my ($inflate) = Compress::Raw::Zlib::Inflate->new( -WindowBits => $1 eq 'gzip' ? 31 : 47, -AppendOutput => 0 );
            unshift @{ $hash->{http_te} }, $inflate;
        }
    }
    return;
}

sub read_entity_body {
    my $self   = shift;
    my $ref    = \$_[0];
    my $size   = $_[1] || 16_384;
    my $hash   = \%{*$self};
    $$ref = '';
    return 0 if $hash->{http_done};
    my $got = $hash->{http_chunked} ? $self->_read_chunked( $ref, $size ) : $self->_read_plain( $ref, $size );
    return $got if !$got || !$hash->{http_te} || $got < 0;
    for my $inflate ( @{ $hash->{http_te} } ) {
        my $in = $$ref;
        my $status = $inflate->inflate( \$in, my ($out) );
        die "Can't decode the transfer encoding: $status\n" if $status != Compress::Raw::Zlib::Z_OK() && $status != Compress::Raw::Zlib::Z_STREAM_END();
        $$ref = $out;
    }
    return length $$ref || -1;
}

sub _read_plain {
    my ( $self, $ref, $size ) = @_;
    my $hash = \%{*$self};
    my $left = $hash->{http_bytes};
    $size = $left if defined $left && $left < $size;
    if ( defined $left && !$left ) { $hash->{http_done} = 1; return 0 }
    my $got = $self->my_read( $$ref, $size );
    if ( defined $got && !$got ) { $hash->{http_done} = 1; $hash->{http_cut} = 1 if defined $left; return 0 }
    $hash->{http_bytes} -= $got if defined $left && $got;
    return $got;
}

sub _read_chunked {
    my ( $self, $ref, $size ) = @_;
    my $chunk = ${*$self}{http_chunked};
    if ( !$chunk->{left} ) {
        if ( !$chunk->{first} ) {
            my $line = $self->my_readline('Entity body');
            die "Missing newline after chunk data: '" . ( defined $line ? $line : '' ) . "'\n" if !defined $line || length $line;
        }
        $chunk->{first} = 0;
        my $line = $self->my_readline('Entity body');
        die "EOF when chunk header expected\n" if !defined $line;
        die "Bad chunk-size in HTTP response: $line\n" if $line !~ /\A([0-9a-fA-F]{1,15})\s*(?:;.*)?\z/;
        $chunk->{left} = hex $1;
        if ( !$chunk->{left} ) {
            ${*$self}{http_trailers} = [ $self->_read_header_lines ];
            ${*$self}{http_done}     = 1;
            return 0;
        }
    }
    my $got = $self->my_read( $$ref, $size < $chunk->{left} ? $size : $chunk->{left} );
    return $got if !defined $got;
    die "Unexpected EOF within a chunk\n" if !$got;
    $chunk->{left} -= $got;
    return $got;
}

# Whether the connection ended before the body was complete.
sub was_cut { my ($self) = @_; return ${*$self}{http_cut} }

sub get_trailers {
    my ($self) = @_;
    return @{ ${*$self}{http_trailers} || [] };
}

1;

__END__

=head1 NAME

Net::HTTP::Methods - the client's side of HTTP on a handle

=head1 DESCRIPTION

Part of L<Net::HTTP>.

=cut
