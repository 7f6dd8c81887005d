package CPANBridge::Bytes;

use strict;
use warnings;

use Carp ();
use MIME::Base64 ();

use overload
  '""'     => sub { ${ $_[0] } },
  'bool'   => sub { length ${ $_[0] } },
  fallback => 1;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

sub new {
    my ( $class, $bytes ) = @_;
    Carp::croak('CPANBridge::Bytes->new needs a string') if !defined $bytes;
    $bytes = "$bytes";
    utf8::downgrade( $bytes, 1 )
      or Carp::croak( 'Wide character in CPANBridge::Bytes->new: bytes are characters below 256; '
          . 'encode text first, for example with Encode::encode' );
    return bless \$bytes, $class;
}

sub bytes { return ${ $_[0] } }

# Where parts may follow a request, its long byte strings are collected here, at most so many of at least that length.
our $PARTS;
my ( $MOST, $SHORTEST ) = ( 4096, 64 );

sub TO_JSON {
    my ($self) = @_;
    if ( $PARTS && length $$self >= $SHORTEST && @$PARTS < $MOST ) {
        push @$PARTS, $$self;
        return { __bytes__ => $#$PARTS };
    }
    return { __bytes__ => MIME::Base64::encode_base64( $$self, '' ) };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Bytes - a string that is bytes in Python, not text

=head1 SYNOPSIS

    my $digest = $bridge->call( 'zlib', 'crc32', CPANBridge::Bytes->new($octets) );

    my $packed = $bridge->call( 'zlib', 'compress', CPANBridge::Bytes->new($octets) );
    print {$file} $packed->bytes;

=head1 DESCRIPTION

A Perl string does not say whether it is text or bytes; Python has a type for each. Strings are sent as text (C<str>).
What shall arrive as C<bytes> is wrapped in an object of this class, and C<bytes> in the results of
L<CPANBridge/call> come as such objects. Used as a string, an object is its bytes, so that C<eq>, C<length> and C<print>
do what they would with the plain string.

=head1 METHODS

=head2 new

    my $bytes = CPANBridge::Bytes->new($string);

Croaks with "Wide character" when the string holds characters above 255.

=head2 bytes

Returns the plain string.

=head2 TO_JSON

Returns what is sent: C<< { __bytes__ => $base64 } >>, or the number of a part that follows the request.

=cut
