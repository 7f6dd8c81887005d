package CPANBridge::Compat::TLS::Judge;

# What a program wants to have checked itself once the peer's certificates are known.
use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::TLS::Names;

our $VERSION = '0.1.0';

# OpenSSL's numbers of faults (X509_V_ERR_...), by the certificate that has them.
my %OF_TIME  = map { $_ => 1 } 9, 10, 13, 14;
my %OF_TRUST = map { $_ => 1 } 2, 18, 19, 20, 21;

# Takes what the handshake told, the SSL_... arguments, and what Options has left to be checked. Returns '', or why the
# peer will not do.
sub fault_of {
    my ( $info, $ssl, $check ) = @_;
    my ($certificate) = @{ $info->{certificates} };
    if ( my $wanted = $ssl->{SSL_fingerprint} ) { return _fingerprint( $certificate, $wanted ) }
    if ( $check->{callback} && $certificate ) {
        my $fault = _ask( $check->{callback}, $info );
        return $fault if length $fault;
    }
    return '' if !defined $check->{name};
    return '' if CPANBridge::Compat::TLS::Names::matches( $check->{name}, $certificate, $check->{rules} );
    return "hostname verification failed: the certificate is not valid for '$check->{name}'";
}

sub _fingerprint {
    my ( $certificate, $wanted ) = @_;
    return 'fingerprint verification failed: the peer has shown no certificate' if !$certificate;
    for my $text ( ref $wanted ? @$wanted : $wanted ) {
        my ( $algorithm, $of_key, $digits ) = $text =~ /\A(?:([\w-]+)\$)?(pub\$)?([0-9a-fA-F:]+)\z/
          or return "SSL_fingerprint: $text is no fingerprint";
        $digits =~ tr/://d;
        $algorithm = { 32 => 'md5', 40 => 'sha1', 64 => 'sha256', 96 => 'sha384', 128 => 'sha512' }->{ length $digits } if !defined $algorithm;
        return "SSL_fingerprint: $text is no fingerprint" if !defined $algorithm;
        my $method = $of_key ? 'key_digest' : 'fingerprint';
        return '' if lc $digits eq unpack 'H*', $certificate->$method($algorithm);
    }
    return 'fingerprint verification failed: the certificate is another one';
}

# Calls a program's sub for each certificate, the authority's first, as OpenSSL does while it verifies: for each fault with
# a false value, which the sub may overrule, and then with a true one.
sub _ask {
    my ( $callback, $info ) = @_;
    my @faults = @{ $info->{faults} || [] };
    my @chain  = @{ @faults || !@{ $info->{verified} || [] } ? $info->{certificates} : $info->{verified} };
    my %faults;
    push @{ $faults{ _depth( $_->[0], \@chain ) } }, $_ for @faults;
    for my $depth ( reverse 0 .. $#chain ) {
        my $certificate = $chain[$depth];
        my $names = join '', map { my $which = $_; eval { $certificate->one_line($which) } // '' } qw(issuer subject);
        for my $fault ( @{ $faults{$depth} || [] }, undef ) {
            my ( $code, $message, $final ) = $fault ? @$fault : ( 0, '', 0 );
            my $store = bless { certificate => $certificate, depth => $depth, error => $code }, 'CPANBridge::Compat::TLS::Store';
            my $ok = $callback->( $fault ? 0 : 1, $store, $names, $fault ? "error:$code:$message" : 0, $certificate, $depth );
            return 'certificate verify failed: ' . ( $fault ? $message : 'SSL_verify_callback has refused the certificate' ) if !$ok;
            return "certificate verify failed: $message (SSL_verify_callback cannot overrule it here: what lies behind it could not be verified)" if $final;
        }
    }
    return '';
}

# Which certificate a fault is of, as far as the fault and the certificates tell.
sub _depth {
    my ( $code, $chain ) = @_;
    return $#$chain if $OF_TRUST{$code};
    if ( $OF_TIME{$code} ) {
        my $now = time;
        for my $depth ( reverse 0 .. $#$chain ) {
            return $depth if !eval { $chain->[$depth]->not_before <= $now && $now <= $chain->[$depth]->not_after };
        }
    }
    return 0;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Judge - whether the peer's certificates will do

=head1 DESCRIPTION

Used by our L<IO::Socket::SSL> when a handshake is over and before anything is sent: for fingerprints, for names by a program's own
rules, and for C<SSL_verify_callback>.

=head1 FUNCTIONS

=head2 fault_of

    my $why_not = CPANBridge::Compat::TLS::Judge::fault_of( $info, \%args, $check );

Takes what the handshake told, the C<SSL_...> arguments and what L<CPANBridge::Compat::TLS::Options> has left to be checked. Returns an
empty string, or a sentence.

=cut
