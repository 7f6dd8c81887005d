package CPANBridge::Compat::DBI::Background;

use strict;
use warnings;

use Scalar::Util ();

use CPANBridge;
use CPANBridge::Compat::DBI::Remote;
use CPANBridge::Connection;
use CPANBridge::JSON;

our $VERSION = '0.1.0';

# Each database handle has at most one statement that runs while the program goes on: the daemon has it, and the handle
# remembers the statement handle whose it is.
#
# An event loop wants a descriptor that can be read when the statement has ended. That is a second connection to the
# daemon's, on which the end is waited for: {_watch} of the database handle, with {asked} while it is.

# Seconds for what the daemon does at once.
my $SOON = 30;

sub start {
    my ( $h, %arguments ) = @_;
    my $dbh = $h->{Database} || $h;
    my $name = $h->_call( start => { connection => $dbh->{_connection}, %arguments, $dbh->{_watch} ? ( watched => \1 ) : () } ) or return;
    _ask( $dbh, $name ) if $dbh->{_watch};
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
    return 1 if $ready;
    my $watch = $dbh->{_watch};
    _ask( $dbh, $watch->{asked} ) if $watch && $watch->{asked} && $watch->{connection}->has_something;    # it was waited for too long
    return 0;
}

# Waits for its end. Returns what execute would have been answered, nothing after an error; and the statement handle.
sub collect {
    my ($h) = @_;
    my $dbh = $h->{Database} || $h;
    my $answer = $h->_call( result => { connection => $dbh->{_connection} } );
    _answered( $dbh->{_watch} ) if $dbh->{_watch};
    return ( $answer, delete $dbh->{_background} );
}

# The number of a descriptor that can be read when what is started next has ended; nothing after an error.
sub descriptor {
    my ($dbh) = @_;
    $dbh->{_watch} ||= _connected($dbh) or return;
    return fileno $dbh->{_watch}{connection}{fh};
}

sub _connected {
    my ($h) = @_;
    my $bridge     = CPANBridge->new( timeout => $SOON );
    my $connection = eval { $bridge->_connect( CPANBridge::Connection::now() + $SOON ) };
    return { bridge => $bridge, connection => $connection } if $connection;
    return $h->set_err( 1, 'CPANBridge: ' . ( $bridge->{refusal} ? $bridge->{refusal}{error} : $@ ), $CPANBridge::Compat::DBI::Remote::LOST );
}

sub _ask {
    my ( $dbh, $name ) = @_;
    my $watch = $dbh->{_watch};
    _answered($watch);
    if ( !$watch->{connection}->is_usable ) {    # the daemon ends what has been idle for long; the number stays if nothing else has it
        $watch->{connection}->close;
        $watch = $dbh->{_watch} = _connected($dbh) or return;
    }
    my ($spelt) = CPANBridge::JSON::encode($name);
    $watch->{connection}{dirty} = 1;
    $watch->{connection}->write( qq({"module":"database","function":"wait","params":{"name":$spelt}}\n), CPANBridge::Connection::now() + $SOON );
    $watch->{asked} = $name;
    return;
}

sub _answered {
    my ($watch) = @_;
    return if !delete $watch->{asked};
    my $connection = $watch->{connection};
    return defined $connection->read_line( CPANBridge::Connection::now() + $SOON ) && $connection->done;
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

=head2 descriptor

Returns the number of a descriptor for an event loop.

=cut
