package CPANBridge::Compat::TLS::Daemon;

# Calls of the daemon's module tls that are no streams.
use 5.014;
use strict;
use warnings;

use MIME::Base64 ();

use CPANBridge;

our $VERSION = '0.1.0';

# Dies with a sentence.
sub call {
    my ( $function, $params, $bridge ) = @_;
    my %given = map { $_ => $params->{$_} } grep { defined $params->{$_} } keys %$params;
    my $answer = ( $bridge || CPANBridge->new )->call_python( 'tls', $function, \%given );
    return $answer->{result} if $answer->{success};
    my $why = defined $answer->{error} ? $answer->{error} : 'no reason given';
    $why =~ s/\Atls\.\w+: // or $why = "CPANBridge: $why";
    $why =~ s/\.?\s*\z//;
    die "$why\n";
}

sub bytes { my ($bytes) = @_; return { __bytes__ => MIME::Base64::encode_base64( $bytes, '' ) } }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Daemon - call the daemon's module tls

=head1 FUNCTIONS

=head2 call

    my $result = CPANBridge::Compat::TLS::Daemon::call( 'make_key', { kind => 'rsa' } );

Parameters that are undefined are left out. A third argument is the L<CPANBridge> to call by. Dies with a sentence.

=head2 bytes

    my $param = CPANBridge::Compat::TLS::Daemon::bytes($string);

A string of bytes as a parameter.

=cut
