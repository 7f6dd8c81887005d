package XML::LibXML::RegExp;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '2.0134';

# The regular expressions of XML Schema, which match whole strings and have no anchors, groups to remember or modes.
my %CLASS = (
    i => '_:\p{L}',  c => '\-._:\p{L}\p{M}\p{N}\x{B7}', d => '\p{Nd}', s => ' \t\n\r', w => undef,
);

sub new {
    my ( $class, $pattern ) = @_;
    my $translated = _translated($pattern);
    my $compiled = defined $translated ? eval { local $SIG{__DIE__}; no warnings; qr/\A(?:$translated)\z/ } : undef;
    Carp::croak("Compilation of regexp failed") if !defined $compiled;
    return bless { pattern => $pattern, compiled => $compiled }, $class;
}

sub _translated {
    my ($pattern) = @_;
    my $out = '';
    my $depth = 0;
    pos($pattern) = 0;
    while ( pos($pattern) < length $pattern ) {
        if ( $pattern =~ /\G\\([icdsw])/gc ) { $out .= $1 eq 'w' ? '[^\p{P}\p{Z}\p{C}]' : "[$CLASS{$1}]" }
        elsif ( $pattern =~ /\G\\([ICDSW])/gc ) { my $kind = lc $1; $out .= $kind eq 'w' ? '[\p{P}\p{Z}\p{C}]' : "[^$CLASS{$kind}]" }
        elsif ( $pattern =~ /\G(\\[pP]\{(?:Is)?\w+\})/gc ) { $out .= $1 }
        elsif ( $pattern =~ /\G\\([nrt\\|.\-^?*+{}()\[\]\$])/gc ) { $out .= "\\$1" }
        elsif ( $pattern =~ /\G\[/gc ) { my $inside = _class( \$pattern ); return if !defined $inside; $out .= $inside }
        elsif ( $pattern =~ /\G\((?!\?)/gc ) { $out .= '(?:'; $depth++ }
        elsif ( $pattern =~ /\G\)/gc ) { return if --$depth < 0; $out .= ')' }
        elsif ( $pattern =~ /\G(\{\d+(?:,\d*)?\}|[?*+|])/gc ) { $out .= $1 }
        elsif ( $pattern =~ /\G\./gc ) { $out .= '[^\n\r]' }
        elsif ( $pattern =~ /\G([\^\$\@])/gc ) { $out .= "\\$1" }
        elsif ( $pattern =~ /\G([^\\\[\](){}?*+|.])/gc ) { $out .= quotemeta $1 }
        else { return }
    }
    return $depth ? undef : $out;
}

# What stands in brackets, a difference of two classes too.
sub _class {
    my ($pattern) = @_;
    my $not = $$pattern =~ /\G\^/gc ? '^' : '';
    my ( $out, $minus ) = ( '', '' );
    while (1) {
        if ( $$pattern =~ /\G-\[/gc ) { my $less = _class($pattern); return if !defined $less; $minus = "(?!$less)" }
        elsif ( $$pattern =~ /\G\]/gc )            {last}
        elsif ( $$pattern =~ /\G\\([icds])/gc )    { $out .= $CLASS{$1} }
        elsif ( $$pattern =~ /\G\\([DS])/gc )      { $out .= "\\$1" }
        elsif ( $$pattern =~ /\G\\w/gc )           { $out .= '\w' }
        elsif ( $$pattern =~ /\G(\\[pP]\{\w+\}|\\.)/gc ) { $out .= $1 }
        elsif ( $$pattern =~ /\G([^\[\]\\])/gc )   { $out .= $1 eq '-' ? '-' : quotemeta $1 }
        else                                       {return}
    }
    return "$minus\[$not$out]";
}

sub matches { my ( $self, $string ) = @_; return $string =~ $self->{compiled} ? 1 : 0 }

# Whether the next character always decides. Alternatives that begin with the same characters do not; other cases are not
# looked for.
sub isDeterministic {
    my ($self) = @_;
    my %begun;
    my $pattern = $self->{pattern};
    for my $branch ( split /\|/, $pattern ) {
        my ($first) = $branch =~ /\A\(*((?:\\.|\[[^\]]*\]|[^()\\]))/ or next;
        return 0 if $begun{$first}++;
    }
    return 1;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::RegExp - XML Schema's regular expressions (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered. C<isDeterministic> only finds alternatives that begin alike.

=cut
