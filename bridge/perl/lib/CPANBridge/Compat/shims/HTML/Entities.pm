package HTML::Entities;

use 5.014;
use strict;
use warnings;

use Exporter 'import';

our $VERSION   = '3.81';
our @EXPORT    = qw(encode_entities decode_entities _decode_entities);
our @EXPORT_OK = qw(%entity2char %char2entity encode_entities_numeric);

# HTML 4's names: those of Latin-1 from 160 on, and others with their numbers.
my @LATIN = qw(
  nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro
  para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil
  Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave
  Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml
  igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute
  thorn yuml
);
my %OTHER = qw(
  OElig 338 oelig 339 Scaron 352 scaron 353 Yuml 376 fnof 402 circ 710 tilde 732 Alpha 913 Beta 914 Gamma 915 Delta
  916 Epsilon 917 Zeta 918 Eta 919 Theta 920 Iota 921 Kappa 922 Lambda 923 Mu 924 Nu 925 Xi 926 Omicron 927 Pi 928 Rho
  929 Sigma 931 Tau 932 Upsilon 933 Phi 934 Chi 935 Psi 936 Omega 937 alpha 945 beta 946 gamma 947 delta 948 epsilon
  949 zeta 950 eta 951 theta 952 iota 953 kappa 954 lambda 955 mu 956 nu 957 xi 958 omicron 959 pi 960 rho 961 sigmaf
  962 sigma 963 tau 964 upsilon 965 phi 966 chi 967 psi 968 omega 969 thetasym 977 upsih 978 piv 982 ensp 8194 emsp
  8195 thinsp 8201 zwnj 8204 zwj 8205 lrm 8206 rlm 8207 ndash 8211 mdash 8212 lsquo 8216 rsquo 8217 sbquo 8218 ldquo
  8220 rdquo 8221 bdquo 8222 dagger 8224 Dagger 8225 bull 8226 hellip 8230 permil 8240 prime 8242 Prime 8243 lsaquo
  8249 rsaquo 8250 oline 8254 frasl 8260 euro 8364 image 8465 weierp 8472 real 8476 trade 8482 alefsym 8501 larr 8592
  uarr 8593 rarr 8594 darr 8595 harr 8596 crarr 8629 lArr 8656 uArr 8657 rArr 8658 dArr 8659 hArr 8660 forall 8704
  part 8706 exist 8707 empty 8709 nabla 8711 isin 8712 notin 8713 ni 8715 prod 8719 sum 8721 minus 8722 lowast 8727
  radic 8730 prop 8733 infin 8734 ang 8736 and 8743 or 8744 cap 8745 cup 8746 int 8747 there4 8756 sim 8764 cong 8773
  asymp 8776 ne 8800 equiv 8801 le 8804 ge 8805 sub 8834 sup 8835 nsub 8836 sube 8838 supe 8839 oplus 8853 otimes 8855
  perp 8869 sdot 8901 lceil 8968 rceil 8969 lfloor 8970 rfloor 8971 lang 9001 rang 9002 loz 9674 spades 9824 clubs
  9827 hearts 9829 diams 9830
);

our %entity2char = ( amp => '&', gt => '>', lt => '<', quot => '"', apos => q(') );
$entity2char{ $LATIN[$_] } = chr 160 + $_ for 0 .. $#LATIN;
$entity2char{$_} = chr $OTHER{$_} for keys %OTHER;

our %char2entity = ( ( map { chr $_ => "&#$_;" } 0 .. 255 ), map { $entity2char{$_} => "&$_;" } keys %entity2char );
$char2entity{q(')} = '&#39;';

my %pattern_of;

# As in the original, the text itself changes where no value is wanted.
sub encode_entities {
    return undef if !defined $_[0];    ## no critic (ProhibitExplicitReturnUndef)
    my $ref = defined wantarray ? \( my $copy = $_[0] ) : \$_[0];
    my $unsafe = $_[1];
    my $pattern = defined $unsafe && length $unsafe ? $pattern_of{$unsafe} ||= _class($unsafe) : qr/[^\n\r\t !#\$%(-;=?-~]/;
    $$ref =~ s/($pattern)/$char2entity{$1} || sprintf '&#x%X;', ord $1/ge;
    return $$ref;
}

sub encode_entities_numeric {
    local %char2entity;
    return &encode_entities;
}

sub _class {
    my ($inside) = @_;
    $inside =~ s/(\\.|\[:\^?\w+:\])|([\[\]\/]|\\\z)/defined $1 ? $1 : "\\$2"/ges;
    return qr/[$inside]/;
}

sub decode_entities {
    my $refs = defined wantarray ? [ map { \( my $copy = $_ ) } @_ ] : [ map { \$_ } @_ ];
    _decode_entities( $$_, \%entity2char ) for grep { defined $$_ } @$refs;
    return wantarray ? map {$$_} @$refs : @$refs ? ${ $refs->[0] } : undef;
}

sub _decode_entities {
    my ( undef, $names, $prefix ) = @_;
    $names ||= {};
    $_[0] =~ s/&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|(\w+))(;?)/_decoded( $1, $2, $3, $4, $names, $prefix, $& )/ge;
    return;
}

sub _decoded {
    my ( $decimal, $hex, $name, $end, $names, $prefix, $whole ) = @_;
    if ( defined $name ) {
        return $names->{$name} . ( defined $names->{"$name;"} ? $end : '' ) if defined $names->{$name};
        return $names->{"$name;"} if length $end && defined $names->{"$name;"};
        if ($prefix) {
            for my $length ( reverse 2 .. length($name) - 1 ) {
                my $start = substr $name, 0, $length;
                return $names->{$start} . substr( $name, $length ) . $end if defined $names->{$start};
            }
        }
        return $whole;
    }
    my $number = defined $decimal ? $decimal : length $hex > 6 ? 0x110000 : hex $hex;
    return $whole if length $number > 7 || $number > 0x10FFFF;
    return $whole if !$number;
    return "\x{FFFD}" if $number >= 0xD800 && $number < 0xE000;
    return chr $number;
}

# The older names, not exported.
sub encode         { return &encode_entities }
sub encode_numeric { return &encode_entities_numeric }
sub decode         { return &decode_entities }

1;

__END__

=head1 NAME

HTML::Entities - characters that HTML has names for

=head1 SYNOPSIS

    use HTML::Entities;

    print encode_entities('a < b & c'), "\n";       # a &lt; b &amp; c
    print decode_entities('&eacute;&#8364;');

=head1 COVERED

C<encode_entities>, C<encode_entities_numeric>, C<decode_entities>, C<_decode_entities>, C<%entity2char> and C<%char2entity>, with HTML 4's 253 names. A
replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon.

=head1 NOT COVERED

HTML::Parser, in whose distribution the original comes, and all that parses HTML with it.

=cut
