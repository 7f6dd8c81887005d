package CPANBridge::Compat::DBI::Tainting;

# Used under taint checks only, and only for handles that ask for it.
use strict;
use warnings;

use Carp         ();
use Scalar::Util ();

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# Of no length, and tainted as everything is that comes from outside.
my $NOTHING = substr "$0$^X" . join( '', values %ENV ), 0, 0;

# Methods whose results were in the database.
my %FETCHES = map { $_ => 1 } qw(
  fetch fetchall_arrayref fetchall_hashref fetchrow fetchrow_array fetchrow_arrayref fetchrow_hashref selectall_array
  selectall_arrayref selectall_hashref selectcol_arrayref selectrow_array selectrow_arrayref selectrow_hashref
);

# Dies where an argument of a method is tainted.
sub check {
    my ( $handle, $name, $arguments ) = @_;
    for my $at ( 0 .. $#$arguments ) {
        next if !Scalar::Util::tainted( $arguments->[$at] );
        Carp::croak( sprintf 'Insecure dependency in argument %d of %s->%s while running with -T switch (the handle has TaintIn)',
            $at + 1, $handle, $name );
    }
    return;
}

# Taints what a method returns, where it is.
sub taint {
    my ( $name, $results ) = @_;
    return if !$FETCHES{$name};
    my @todo = map { \$_ } @$results;
    while ( my $place = shift @todo ) {
        my $kind = ref $$place;
        if    ( !$kind )            { $$place .= $NOTHING if defined $$place }
        elsif ( $kind eq 'ARRAY' )  { push @todo, map { \$_ } @$$place }
        elsif ( $kind eq 'HASH' )   { push @todo, map { \$_ } values %$$place }
    }
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Tainting - what DBI does under taint checks

=head1 DESCRIPTION

Used by the replacement of L<DBI> for handles with C<TaintIn> or C<TaintOut>, and only under C<perl -T>; programs have no
need of it.

=head1 FUNCTIONS

=head2 check

Dies where an argument of a method is tainted.

=head2 taint

Taints the values that a method returns, if they were fetched from the database.

=cut
