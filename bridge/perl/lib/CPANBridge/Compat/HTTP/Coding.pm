package CPANBridge::Compat::HTTP::Coding;

use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

my $PIECE = 65_536;    # bytes that a decompressor gives at a time, so that a bomb is seen before it has gone off

my %DECODER = (
    ''                 => sub { },
    identity           => sub { },
    none               => sub { },
    gzip               => \&_gunzip,
    'x-gzip'           => \&_gunzip,
    deflate            => \&_inflate,
    bzip2              => \&_bunzip2,
    'x-bzip2'          => \&_bunzip2,
    br                 => \&_unbrotli,
    base64             => sub { require MIME::Base64;      ${ $_[0] } = MIME::Base64::decode( ${ $_[0] } ) },
    'quoted-printable' => sub { require MIME::QuotedPrint; ${ $_[0] } = MIME::QuotedPrint::decode( ${ $_[0] } ) },
    compress           => sub { die "Can't uncompress content: no core module knows this format\n" },
    'x-compress'       => sub { die "Can't uncompress content: no core module knows this format\n" },
);

my %ENCODER = (
    ''        => sub { },
    identity  => sub { },
    none      => sub { },
    gzip      => \&_gzip,
    'x-gzip'  => \&_gzip,
    deflate   => \&_deflate,
    bzip2     => \&_bzip2,
    'x-bzip2' => \&_bzip2,
    br        => \&_brotli,
    base64    => sub { require MIME::Base64; ${ $_[0] } = MIME::Base64::encode( ${ $_[0] } ) },
    rot13     => sub { ${ $_[0] } =~ tr/A-Za-z/N-ZA-Mn-za-m/ },
);

sub decodable {
    my @names;
    local ( $@, $SIG{__DIE__} );
    push @names, qw(gzip x-gzip deflate) if eval { require Compress::Raw::Zlib; 1 };
    push @names, qw(x-bzip2 bzip2)       if eval { require Compress::Raw::Bzip2; 1 };
    push @names, 'br'                    if eval { require IO::Uncompress::Brotli; 1 };
    return @names;
}

sub decode {
    my ( $ref, $name, $limit ) = @_;
    my $sub = $DECODER{ lc $name } or die "Don't know how to decode Content-Encoding '$name'\n";
    $sub->( $ref, $limit );
    _check( $ref, $limit );
    return;
}

sub encode {
    my ( $ref, $name ) = @_;
    my $sub = $ENCODER{ lc $name } or return 0;
    $sub->($ref);
    return 1;
}

sub _check {
    my ( $ref, $limit ) = @_;
    die "Decoded content would be larger than $limit octets\n" if defined $limit && length $$ref > $limit;
    return;
}

# Takes one stream after the other off the text (gzip may have several) as they come, piece by piece.
sub _expand {
    my ( $ref, $limit, $bits, $name ) = @_;
    require Compress::Raw::Zlib;
    my ( $in, $out ) = ( $$ref, '' );
    do {
        my ( $stream, $status ) = Compress::Raw::Zlib::Inflate->new( -WindowBits => $bits, -Bufsize => $PIECE, -LimitOutput => 1, -AppendOutput => 1 );
        die "Can't $name content: $status\n" if !$stream;
        my $before;
        do {
            $before = length($out) - length $in;
            $status = $stream->inflate( \$in, \$out );
            _check( \$out, $limit );
        } while ( ( $status == Compress::Raw::Zlib::Z_OK() || $status == Compress::Raw::Zlib::Z_BUF_ERROR() ) && length($out) - length($in) != $before );
        die "Can't $name content: " . ( $status == Compress::Raw::Zlib::Z_BUF_ERROR() || $status == Compress::Raw::Zlib::Z_OK() ? 'unexpected end of file' : $status ) . "\n"
          if $status != Compress::Raw::Zlib::Z_STREAM_END();
    } while ( $in =~ /\A\x1F\x8B/ );
    $$ref = $out;
    return;
}

sub _gunzip {
    my ( $ref, $limit ) = @_;
    return _expand( $ref, $limit, 31, 'gunzip' );
}

# What is called deflate is zlib's format, and with some servers the bare one.
sub _inflate {
    my ( $ref, $limit ) = @_;
    my ( $first, $second ) = unpack 'CC', $$ref . "\0\0";
    my $is_zlib = ( $first & 15 ) == 8 && ( $first * 256 + $second ) % 31 == 0;
    return _expand( $ref, $limit, $is_zlib ? 15 : -15, 'inflate' );
}

sub _bunzip2 {
    my ( $ref, $limit ) = @_;
    require Compress::Raw::Bzip2;
    my ( $stream, $status ) = Compress::Raw::Bunzip2->new( 1, 1, 0, 0, 1 );
    die "Can't bunzip content: $status\n" if !$stream;
    my ( $in, $out, $before ) = ( $$ref, '' );
    do {
        $before = length($out) - length $in;
        $status = $stream->bzinflate( \$in, \$out );
        _check( \$out, $limit );
    } while ( $status != Compress::Raw::Bzip2::BZ_STREAM_END() && $status >= 0 && length($out) - length($in) != $before );
    die "Can't bunzip content: $status\n" if $status != Compress::Raw::Bzip2::BZ_STREAM_END();
    $$ref = $out;
    return;
}

sub _unbrotli {
    my ($ref) = @_;
    require IO::Uncompress::Brotli;
    my $brotli = IO::Uncompress::Brotli->create;
    $$ref = eval { $brotli->decompress($$ref) };
    die "Can't unbrotli content: $@" if $@;
    return;
}

sub _brotli {
    my ($ref) = @_;
    require IO::Compress::Brotli;
    $$ref = IO::Compress::Brotli::bro($$ref);
    return;
}

# What the core's module says of its failure.
sub _why {
    my ($name) = @_;
    no strict 'refs';
    return ${"IO::Compress::${name}::${name}Error"};
}

sub _gzip {
    my ($ref) = @_;
    require IO::Compress::Gzip;
    my $out;
    IO::Compress::Gzip::gzip( $ref, \$out, -Minimal => 1 ) or die "Can't gzip content: " . _why('Gzip') . "\n";
    $$ref = $out;
    return;
}

sub _deflate {
    my ($ref) = @_;
    require IO::Compress::Deflate;
    my $out;
    IO::Compress::Deflate::deflate( $ref, \$out ) or die "Can't deflate content: " . _why('Deflate') . "\n";
    $$ref = $out;
    return;
}

sub _bzip2 {
    my ($ref) = @_;
    require IO::Compress::Bzip2;
    my $out;
    IO::Compress::Bzip2::bzip2( $ref, \$out ) or die "Can't bzip2 content: " . _why('Bzip2') . "\n";
    $$ref = $out;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::HTTP::Coding - Content-Encoding for the replacement of HTTP::Message

=head1 DESCRIPTION

Used by L<HTTP::Message>'s replacement; programs have no need of it. All change the bytes that a reference leads to.

=head1 FUNCTIONS

=head2 decodable

The names that a server may use towards this machine.

=head2 decode

    decode( \$bytes, 'gzip', $limit );

Undoes one encoding. Dies with a sentence where it cannot, and as soon as there are more than C<$limit> bytes.

=head2 encode

    encode( \$bytes, 'gzip' ) or warn 'unknown';

Does one. Returns false where nobody knows it.

=cut
