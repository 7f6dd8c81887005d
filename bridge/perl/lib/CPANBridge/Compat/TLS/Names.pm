package CPANBridge::Compat::TLS::Names;

# Whether a certificate is made out to a host, by the rules of a protocol.
use 5.014;
use strict;
use warnings;

use Socket qw(AF_INET AF_INET6 inet_pton);

our $VERSION = '0.1.0';

my ( $DNS, $IP ) = ( 2, 7 );

# Where wildcards may stand: for the whole first label (full_label), for a part of it (anywhere), or nowhere (0); and
# whether the common name counts: never (0), where there is no alternative name (when_only), or always.
my %ANYWHERE = ( wildcards_in_cn => 'anywhere',   wildcards_in_alt => 'anywhere',   check_cn => 'when_only' );
my %LABEL    = ( wildcards_in_cn => 'full_label', wildcards_in_alt => 'full_label', check_cn => 'always' );
my %WEB      = ( %ANYWHERE, ip_in_cn => 4 );
my %SCHEME = (
    default => { %ANYWHERE, check_cn => 'always', ip_in_cn => 4 },
    none    => 0,
    ( map { $_ => \%ANYWHERE } qw(rfc2818 xmpp rfc3920 ftp rfc4217) ),
    ( map { $_ => \%WEB } qw(http www) ),
    (
        map { $_ => \%LABEL }
          qw(smtp rfc2595 imap pop3 acap rfc4642 nntp netconf rfc5538 syslog rfc5425 snmp rfc5953)
    ),
    ( map { $_ => { %LABEL, wildcards_in_cn => 0 } } qw(ldap rfc4513) ),
    ( map { $_ => { wildcards_in_cn => 0, wildcards_in_alt => 0, check_cn => 'always' } } qw(sip rfc5922) ),
    ( map { $_ => { %LABEL, check_cn => 'when_only' } } qw(gist rfc5971) ),
);

sub knows { my ($name) = @_; return exists $SCHEME{ lc $name } }

sub matches {
    my ( $host, $certificate, $scheme ) = @_;
    $scheme = 'default' if !defined $scheme;
    return $scheme->( $host, $certificate ) ? 1 : 0 if ref $scheme eq 'CODE';
    my $rules = ref $scheme ? $scheme : $SCHEME{ lc $scheme };
    die "scheme $scheme not defined\n" if !defined $rules;
    return 1 if !$rules;
    my @names = $certificate->alt_names;
    my $common_name = $certificate->common_name;
    return $rules->{callback}->( $host, $common_name, map {@$_} @names ) ? 1 : 0 if $rules->{callback};

    if ( defined( my $address = _address($host) ) ) {
        return 1 if grep { $_->[0] == $IP && $_->[1] eq $address } @names;
        my $which = $rules->{ip_in_cn} || 0;
        return 0 if !$which || $which == 4 && length $address != 4 || $which == 6 && length $address == 4;
        my $own = defined $common_name ? _address($common_name) : undef;
        return defined $own && $own eq $address ? 1 : 0;
    }
    $host = to_ascii($host);

    # What can be no host's name belongs to nobody; nor does what looks like an address and is none.
    return 0 if $host !~ /\A[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\z/ || $host =~ /(?:\A|\.)[0-9]+\z/;
    my @dns = map { $_->[1] } grep { $_->[0] == $DNS } @names;
    return 1 if grep { _fits( $host, $_, $rules->{wildcards_in_alt} ) } @dns;
    my $check = $rules->{check_cn} || 0;
    if ( defined $common_name && ( $check eq 'always' || $check eq 'when_only' && !@dns ) ) {
        return 1 if _fits( $host, $common_name, $rules->{wildcards_in_cn} );
    }
    return 0;
}

sub _address {
    my ($text) = @_;
    return inet_pton( AF_INET, $text ) if $text =~ /\A[0-9]+(?:\.[0-9]+){3}\z/;
    return $text =~ /:/ ? inet_pton( AF_INET6, $text ) : undef;
}

# A host's name as certificates have it.
sub to_ascii {
    my ($host) = @_;
    $host = lc $host;
    $host =~ s/\.\z//;
    return $host if $host !~ /[^\x00-\x7f]/;
    return lc join '.', map { /[^\x00-\x7f]/ ? _punycode($_) : $_ } split /[.\x{3002}\x{ff0e}\x{ff61}]/, $host;
}

# RFC 3492.
sub _punycode {
    my ($label) = @_;
    my @points = unpack 'U*', $label;
    my $output = join '', map { $_ < 0x80 ? chr : () } @points;
    my $basic = my $done = length $output;
    $output .= '-' if $basic;
    my ( $n, $delta, $bias ) = ( 0x80, 0, 72 );
    while ( $done < @points ) {
        my ($next) = sort { $a <=> $b } grep { $_ >= $n } @points;
        $delta += ( $next - $n ) * ( $done + 1 );
        $n = $next;
        for my $point (@points) {
            $delta++ if $point < $n;
            next if $point != $n;
            my $q = $delta;
            for ( my $k = 36; ; $k += 36 ) {
                my $t = $k <= $bias ? 1 : $k >= $bias + 26 ? 26 : $k - $bias;
                last if $q < $t;
                my $digit = $t + ( $q - $t ) % ( 36 - $t );
                $output .= chr( $digit + ( $digit < 26 ? 97 : 22 ) );
                $q = int( ( $q - $t ) / ( 36 - $t ) );
            }
            $output .= chr( $q + ( $q < 26 ? 97 : 22 ) );
            $delta = int( $delta / ( $done == $basic ? 700 : 2 ) );
            $delta += int( $delta / ( $done + 1 ) );
            my $k = 0;
            while ( $delta > 455 ) { $delta = int( $delta / 35 ); $k += 36 }
            $bias  = $k + int( 36 * $delta / ( $delta + 38 ) );
            $delta = 0;
            $done++;
        }
        $delta++;
        $n++;
    }
    return "xn--$output";
}

sub _fits {
    my ( $host, $name, $wildcards ) = @_;
    return 0 if $name =~ /\0/;
    $name = lc $name;
    $name =~ s/\.\z//;
    return 1 if $host eq $name;
    return 0 if !$wildcards;
    if ( $wildcards eq 'anywhere' || $wildcards eq '1' ) {
        my ( $before, $after, $rest ) = $name =~ /\A([^*.]*)\*([^*.]*)((?:\.[^*.]+){2,})\z/ or return 0;
        return $host =~ /\A[^.]+\Q$rest\E\z/ ? 1 : 0 if !length "$before$after";

        # Part of a label in punycode is no part of a name.
        return 0 if $before =~ /\Axn--/ || $host =~ /\Axn--/;
        return $host =~ /\A\Q$before\E[^.]+\Q$after$rest\E\z/ ? 1 : 0;
    }
    my ($rest) = $name =~ /\A\*(\.[^*]+\.[^*]+)\z/ or return 0;
    return $host =~ /\A[^.]+\Q$rest\E\z/ ? 1 : 0;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::TLS::Names - compare a host's name with a certificate

=head1 DESCRIPTION

Used by our L<IO::Socket::SSL>, for names that are checked after the handshake: C<verify_hostname>, and rules that a
program makes itself.

=head1 FUNCTIONS

=head2 matches

    if ( CPANBridge::Compat::TLS::Names::matches( $host, $certificate, $scheme ) ) ...

Whether a L<CPANBridge::Compat::TLS::Certificate> is made out to a host. The scheme is a name (C<http>, C<ldap>, ...), a
hash of rules, or a sub that decides. Dies for a scheme that is not known.

=head2 to_ascii

    my $name = CPANBridge::Compat::TLS::Names::to_ascii($host);

A host's name as certificates have it: in small letters, and in punycode where it is not ASCII.

=head2 knows

Whether a scheme of that name is known.

=cut
