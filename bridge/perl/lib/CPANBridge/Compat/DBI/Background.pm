package CPANBridge::Compat::DBI::Background;

use strict;
use warnings;

use Scalar::Util ();

our $VERSION = '0.1.0';

# Each database handle has at most one statement that runs while the program goes on: the daemon has it, and the handle
# remembers the statement handle whose it is.

sub start {
    my ( $h, %arguments ) = @_;
    my $dbh = $h->{Database} || $h;
    $h->_call( start => { connection => $dbh->{_connection}, %arguments } ) or return;
    delete $dbh->{_background};
    Scalar::Util::weaken( $dbh->{_background} = $h ) if $h != $dbh;
    return 1;
}

# Whether it has ended: 1, 0, or undef after an error.
sub is_ready {
    my ($h) = @_;
    my $dbh = $h->{Database} || $h;
    my $ready = $h->_call( ready => { connection => $dbh->{_connection} } );
    return if !defined $ready;
    return $ready ? 1 : 0;
}

# Waits for its end. Returns what execute would have been answered, nothing after an error; and the statement handle.
sub collect {
    my ($h) = @_;
    my $dbh = $h->{Database} || $h;
    my $answer = $h->_call( result => { connection => $dbh->{_connection} } );
    return ( $answer, delete $dbh->{_background} );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Background - statements that run while the program goes on

=head1 DESCRIPTION

Used by the replacements of L<DBD::Pg> and of L<DBD::MariaDB>, each of which has methods of its own for it; programs have no need of
it.

=head1 FUNCTIONS

=head2 start

Begins what the arguments say, for a database handle or a statement handle.

=head2 is_ready

Returns whether it has ended.

=head2 collect

Waits for its end, and returns the outcome.

=cut
