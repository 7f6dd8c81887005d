package CPANBridge::Compat::DBI::Fetch;

use strict;
use warnings;

use Scalar::Util ();

use CPANBridge::Compat::DBI::Blocks;
use CPANBridge::Compat::DBI::Handle;

our $VERSION = '0.1.0';

# Fetching a row is what programs do most often. Where a driver has rows at hand, in an array _rows of its inner handle or
# by column in _block, and nothing special is wanted of them, there is also an array _fast: the handle's errors, the array
# that fetch returns, and whether variables are bound to its elements; for rows by column also the number of those that are
# left and the subs that take one, and is gone with the last row. The subs here are the methods that programs call: they
# take a row from there, and leave everything else to the dispatcher that they are given. Each keeps to as few of Perl's
# operations as it can.
#
# What splice and shift return are temporary values, whose strings Perl moves into the place that they are assigned to.

our %METHODS = (
    fetch             => \&_arrayref,
    fetchrow_arrayref => \&_arrayref,
    fetchrow_array    => \&_array,
    fetchrow_hashref  => \&_hashref,
    finish            => \&_finish,
);

# What is looked into where there is no inner handle, and no _fast.
my ( %NOTHING, @NOTHING );

# To be called by a driver's fetch when it has handed out a row of those that it keeps: the next ones go the short way.
sub allow {
    my ($inner) = @_;
    return if $inner->{_fast} || $inner->{_slow} || $inner->{ChopBlanks};
    my $fast = [ @$inner{qw(_e _fbav)}, $inner->{_bound} ? 1 : 0 ];
    if ( my $block = $inner->{_block} ) {
        my ( $left, @columns ) = @$block;
        return if !$$left || $inner->{_convert};
        Scalar::Util::weaken( my $weak = $inner );
        push @$fast, CPANBridge::Compat::DBI::Blocks::takers( \@columns, $$left, sub { delete $weak->{_fast} }, @$fast ), {};
        $block->[0] = $fast->[3];
    }
    $inner->{_fast} = $fast;
    return;
}

# Puts a row into the array that fetch returns each time.
sub into_fields {
    my ( $fields, $row, $bound ) = @_;
    if   ($bound) { @$fields[ 0 .. $#$fields ] = splice @$row }    # their elements are the program's variables
    else          { @$fields = splice @$row }
    return $fields;
}

sub _arrayref {
    my ($dispatcher) = @_;
    return sub {
        if ( @_ == 1 ) {
            if ( my $take = ( ( tied %{ $_[0] } || \%NOTHING )->{_fast} || \@NOTHING )->[4] ) { return &$take }
            my $inner = tied %{ $_[0] };
            my $fast  = $inner && $inner->{_fast};
            if ( my $row = $fast && _row( $inner, $fast ) ) { return $fast->[2] ? $row : into_fields( $fast->[1], $row ) }
        }
        goto &$dispatcher;
    };
}

sub _array {
    my ($dispatcher) = @_;
    return sub {
        if ( @_ == 1 and my $fast = ( tied %{ $_[0] } || \%NOTHING )->{_fast} ) {
            if ( $fast->[5] && !$fast->[2] ) { return &{ $fast->[5] } }
            if ( my $row = _row( tied %{ $_[0] }, $fast ) ) { return wantarray ? @$row : $row->[-1] }
        }
        goto &$dispatcher;
    };
}

sub _hashref {
    my ($dispatcher) = @_;
    return sub {
        if ( @_ and @_ < 3 and my $inner = tied %{ $_[0] } ) {
            if ( my $fast = $inner->{_fast} ) {
                my $which = $_[1] || $inner->{FetchHashKeyName};
                if ( my $take = ( $fast->[7] || \%NOTHING )->{$which} ) { return &$take }
                my $names = $inner->{$which};
                goto &$dispatcher if ref $names ne 'ARRAY';
                if ( $fast->[6] && !$fast->[2] ) { return ( $fast->[7]{$which} = $fast->[6]->($names) )->() }
                if ( my $row = _row( $inner, $fast ) ) {
                    my %row;
                    @row{@$names} = @$row;
                    return \%row;
                }
            }
        }
        goto &$dispatcher;
    };
}

# Takes the next row, if that can be done: in the array that fetch returns, where variables are bound to its elements.
sub _row {
    my ( $inner, $fast ) = @_;
    return $fast->[4]->() if $fast->[4];
    my $row = !$inner->{_convert} && $inner->{_rows} && shift @{ $inner->{_rows} } or return;
    $CPANBridge::Compat::DBI::Handle::LAST = $fast->[0];
    @{ $fast->[0] } = () if @{ $fast->[0] };
    return $fast->[2] ? into_fields( $fast->[1], $row, 1 ) : $row;
}

# Where all rows have come there is nothing to be told the daemon, and nothing can fail.
sub _finish {
    my ($dispatcher) = @_;
    return sub {
        if ( @_ == 1 and my $inner = tied %{ $_[0] } ) {
            if ( $inner->{_fast} && !$inner->{_more} && UNIVERSAL::can( $inner, 'finish' ) == \&CPANBridge::Compat::DBI::Remote::st::finish ) {
                $CPANBridge::Compat::DBI::Handle::LAST = $inner->{_e};
                return CPANBridge::Compat::DBI::Remote::st::finish($inner);
            }
        }
        goto &$dispatcher;
    };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Fetch - the short way to a row

=head1 DESCRIPTION

Used by the replacement of L<DBI>; programs have no need of it. Methods that fetch one row take it from where the driver
keeps its rows, without what all methods of handles have in common, as long as nobody traces calls, has callbacks, or has
values converted. C<finish> goes this way where all rows have come.

=head1 FUNCTIONS

=head2 allow

Says that the next rows may go this way. A driver deletes C<_fast> of its inner handle when something special is wanted of its rows; where that is done by subs in C<_convert>, it
need not.

=head2 into_fields

Puts a row into the array that C<fetch> returns, and where bound variables are.

=cut
