package DBI::ProfileSubs;

use strict;
use warnings;

our $VERSION = '0.009396';

# Lists of so many values or more are shortened.
my $MANY = 100;

sub norm_std_n3 {
    local $_ = $_;
    return '' if !defined $_;

    # Strings first: what stands in them is neither a name nor a number.
    s/'(?:[^'\\]|\\.|'')*'/'<S>'/gs;
    s/"(?:[^"\\]|\\.|"")*"/"<S>"/gs;
    s/\b0[xX][0-9A-Fa-f]+\b/<N>/g;
    s/(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\b/<N>/g;
    s/([A-Za-z_])\d{3,}(?!\d)/$1<N>/g;
    my $value = qr/<N>|'<S>'|"<S>"/;
    s/($value)((?:\s*,\s*$value){@{[ $MANY - 1 ]},})/_shortened( $1, $2 )/ge;
    return $_;
}

sub _shortened {
    my ( $first, $others ) = @_;
    return sprintf '%s,{repeated %d times}', $first, 1 + ( () = $others =~ /<[NS]>/g );
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::ProfileSubs - subs for the paths of DBI's profiles, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    DBI_PROFILE='&norm_std_n3' perl -MCPANBridge::Compat report.pl

=head1 DESCRIPTION

Part of L<DBI::Profile>: what stands after C<&> in a path. There is one sub, the original's.

=head1 FUNCTIONS

=head2 norm_std_n3

Returns the statement in C<$_> with its values taken out, so that statements that differ in nothing else count as one: numbers
become C<< <N> >>, strings C<< '<S>' >>, three and more digits at the end of a name C<< <N> >>, and a list of 100 or more values is
cut down to the first and their number.

=head1 KNOWN DIFFERENCES

Quotes that are doubled or follow a backslash do not end a string here.

=head1 SEE ALSO

L<DBI::Profile>

=cut
