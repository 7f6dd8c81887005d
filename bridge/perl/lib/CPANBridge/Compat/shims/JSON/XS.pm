package JSON::XS;

use 5.014;
use strict;
use warnings;

use Exporter qw(import);
use Types::Serialiser ();

use CPANBridge::Compat::JSON;

our $VERSION = '4.04';
our @ISA     = qw(CPANBridge::Compat::JSON);
our @EXPORT  = qw(encode_json decode_json);

BEGIN {
    *true    = \&Types::Serialiser::true;
    *false   = \&Types::Serialiser::false;
    *is_bool = \&Types::Serialiser::is_bool;
    *JSON::XS::Boolean:: = *JSON::PP::Boolean::;
}
our ( $true, $false ) = ( $Types::Serialiser::true, $Types::Serialiser::false );

sub _booleans { return ( $false, $true ) }

my $utf8 = JSON::XS->new->utf8;

sub encode_json ($) { return $utf8->encode( $_[0] ) }
sub decode_json ($) { return $utf8->decode( $_[0] ) }

sub to_json ($) {
    require Carp;
    Carp::croak('JSON::XS::to_json has been renamed to encode_json, either downgrade to pre-2.0 versions of JSON::XS or rename the call');
}

sub from_json ($) {
    require Carp;
    Carp::croak('JSON::XS::from_json has been renamed to decode_json, either downgrade to pre-2.0 versions of JSON::XS or rename the call');
}

sub CLONE { return }

1;

__END__

=head1 NAME

JSON::XS - JSON for programs that ask for this module, in Perl

=head1 SYNOPSIS

    use JSON::XS;

    my $text = encode_json { name => "M\x{fc}ller", amounts => [ 1, 2.5 ] };
    my $data = decode_json $text;
    print JSON::XS->new->pretty->canonical->encode($data);

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon. It is for programs that name
JSON::XS; modules that merely look whether it is there (JSON, JSON::MaybeXS) do not find it, as the core's JSON::PP does
the same for them.

=head1 COVERED

All functions and methods that JSON::XS 4 documents, its error texts, which scalars become strings and which numbers,
tagged objects, filters, and texts that come in pieces (C<incr_parse>).

=head1 NOT COVERED

=over 4

=item *

The speed of C. Encoding takes about twenty times, decoding about ten times as long; JSON::PP takes three times as
long as this.

=item *

Floating point numbers are read by Perl, which is exact; JSON::XS can be off in the last digit.

=item *

Malformed UTF-8 is shown in error texts byte by byte.

=item *

C<JSON::XS-E<gt>new> is a hash inside, not a string.

=item *

The program C<json_xs>.

=back

=cut
