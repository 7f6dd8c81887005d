package URI::_idna;

use 5.014;
use strict;
use warnings;

use URI::_punycode ();

our $VERSION = '5.17';

my $DOT = qr/[.\x{3002}\x{FF0E}\x{FF61}]/;

sub encode {
    my ($name) = @_;
    return join '.', map { ToASCII($_) } split $DOT, $name, -1;
}

sub decode {
    my ($name) = @_;
    return join '.', map { ToUnicode($_) } split $DOT, $name, -1;
}

sub ToASCII {
    my ($label) = @_;
    return $label if $label !~ /[^\x00-\x7F]/;
    require Unicode::Normalize;
    $label =~ s/[\x{AD}\x{200B}\x{2060}\x{FEFF}\x{FE00}-\x{FE0F}]//g;
    $label = Unicode::Normalize::NFKC( lc Unicode::Normalize::NFKC($label) );
    my $ascii = $label =~ /[^\x00-\x7F]/ ? 'xn--' . URI::_punycode::encode_punycode($label) : $label;
    if ( length $ascii > 63 || !length $ascii ) {
        require Carp;
        Carp::croak('a part of the host name is empty or too long for IDNA');
    }
    return $ascii;
}

sub ToUnicode {
    my ($label) = @_;
    return $label if $label !~ /\Axn--(.+)\z/is;
    return URI::_punycode::decode_punycode( lc $1 );
}

1;

__END__

=head1 NAME

URI::_idna - names of hosts beyond ASCII

=head1 DESCRIPTION

Part of L<URI>.

=cut
