package CPANBridge::Compat::DBI::Fetch;

use strict;
use warnings;

use CPANBridge::Compat::DBI::Blocks;
use CPANBridge::Compat::DBI::Handle;

our $VERSION = '0.1.0';

# Fetching a row is what programs do most often. Where a driver has rows at hand, in an array _rows of its inner handle or
# in columns in _block, and nothing special is wanted of them, there is also an array _fast: the handle's errors, the array
# that fetch returns, and whether variables are bound to its elements; with columns also a reference to the number of rows
# that are left, and the subs that take one. The subs here are the methods that programs call: they take a row from there,
# and leave everything else to the dispatcher that they are given. Each keeps to as few of Perl's operations as it can.
#
# What splice and shift return are temporary values, whose strings Perl moves into the place that they are assigned to.

our %METHODS = (
    fetch             => \&_arrayref,
    fetchrow_arrayref => \&_arrayref,
    fetchrow_array    => \&_array,
    fetchrow_hashref  => \&_hashref,
);

# To be called by a driver's fetch when it has handed out a row of those that it keeps: the next ones go the short way.
sub allow {
    my ($inner) = @_;
    return if $inner->{_fast} || $inner->{_slow} || $inner->{ChopBlanks};
    my ( $left, @columns ) = @{ $inner->{_block} || [] };
    return if $left && ( !$$left || $inner->{_convert} );
    my $fast = $inner->{_fast} = [ @$inner{qw(_e _fbav)}, $inner->{_bound} ? 1 : 0 ];
    push @$fast, $left, CPANBridge::Compat::DBI::Blocks::takers( \@columns, $left, @$fast ) if $left;
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
        if ( @_ == 1 and my $inner = tied %{ $_[0] } ) {
            if ( my $fast = $inner->{_fast} ) {
                if ( my $take = $fast->[4] ) {
                    my $fields = &$take;
                    return $fields if $fields;
                }
                elsif ( my $rows = !$inner->{_convert} && $inner->{_rows} ) {
                    my $row = shift @$rows or goto &$dispatcher;
                    $CPANBridge::Compat::DBI::Handle::LAST = $fast->[0];
                    @{ $fast->[0] } = () if @{ $fast->[0] };
                    return into_fields( $fast->[1], $row, 1 ) if $fast->[2];
                    @{ $fast->[1] } = splice @$row;
                    return $fast->[1];
                }
            }
        }
        goto &$dispatcher;
    };
}

sub _array {
    my ($dispatcher) = @_;
    return sub {
        if ( @_ == 1 and my $inner = tied %{ $_[0] } ) {
            if ( my $fast = $inner->{_fast} ) {
                my $row;
                if ( my $left = $fast->[3] ) {
                    goto &$dispatcher if !$$left;
                    $row = [ @{ $fast->[4]->() } ] if $fast->[2];
                }
                elsif ( my $rows = !$inner->{_convert} && $inner->{_rows} ) {
                    $row = shift @$rows or goto &$dispatcher;
                    $row = [ @{ into_fields( $fast->[1], $row, 1 ) } ] if $fast->[2];
                }
                else { goto &$dispatcher }
                $CPANBridge::Compat::DBI::Handle::LAST = $fast->[0];
                @{ $fast->[0] } = () if @{ $fast->[0] };
                return $fast->[5]->() if !$row;
                return wantarray ? splice @$row : $row->[-1];
            }
        }
        goto &$dispatcher;
    };
}

sub _hashref {
    my ($dispatcher) = @_;
    return sub {
        if ( @_ and @_ < 3 and my $inner = tied %{ $_[0] } ) {
            my $names = $inner->{ $_[1] || $inner->{FetchHashKeyName} };
            if ( ref $names eq 'ARRAY' and my $fast = $inner->{_fast} ) {
                my $row;
                if ( my $left = $fast->[3] ) {
                    goto &$dispatcher if !$$left;
                    $row = [ @{ $fast->[4]->() } ] if $fast->[2];
                }
                elsif ( my $rows = !$inner->{_convert} && $inner->{_rows} ) {
                    $row = shift @$rows or goto &$dispatcher;
                    $row = [ @{ into_fields( $fast->[1], $row, 1 ) } ] if $fast->[2];
                }
                else { goto &$dispatcher }
                $CPANBridge::Compat::DBI::Handle::LAST = $fast->[0];
                @{ $fast->[0] } = () if @{ $fast->[0] };
                return $fast->[6]->($names) if !$row;
                my %row;
                @row{@$names} = splice @$row;
                return \%row;
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
values converted.

=head1 FUNCTIONS

=head2 allow

Says that the next rows may go this way. A driver deletes C<_fast> of its inner handle when something special is wanted of its rows; where that is done by subs in C<_convert>, it
need not.

=head2 into_fields

Puts a row into the array that C<fetch> returns, and where bound variables are.

=cut
