package CPANBridge::Compat::DBI::PgAsync;

use strict;
use warnings;

use POSIX ();
use Socket qw(MSG_DONTWAIT);

use CPANBridge;
use CPANBridge::Compat::DBI::Background;
use CPANBridge::Connection;

our $VERSION = '0.1.0';

# Flags of pg_async.
my ( $ASYNC, $CANCEL_OLD, $WAIT_OLD ) = ( 1, 2, 4 );

sub is_async { my ($flags) = @_; return $flags && $flags & $ASYNC }

# What runs must be out of the way before something else is executed. Returns true when it is.
sub make_room {
    my ( $dbh, $flags ) = @_;
    if ( !$dbh->{pg_async_status} || $dbh->{pg_async_status} < 0 ) { $dbh->{pg_async_status} = 0; return 1 }
    $flags ||= 0;
    if ( $flags & $CANCEL_OLD ) { return defined pg_cancel($dbh) }
    if ( $flags & $WAIT_OLD )   { return defined pg_result($dbh) }
    $dbh->set_err( 1, 'Cannot execute until previous async query has finished' );
    return;
}

# Begins what the arguments say, for a database handle or a statement.
sub start {
    my ( $h, $flags, %arguments ) = @_;
    my $dbh = $h->{Database} || $h;
    make_room( $dbh, $flags ) or return;
    CPANBridge::Compat::DBI::Background::start( $h, %arguments ) or return;
    $dbh->{pg_async_status} = 1;
    return '0E0';
}

sub _running {
    my ($h) = @_;
    my $dbh = $h->{Database} || $h;
    return $dbh if ( $dbh->{pg_async_status} || 0 ) == 1;
    $h->set_err( 1, 'No asynchronous query is running' );
    return;
}

sub pg_ready {
    my ($h) = @_;
    my $dbh = _running($h) or return;
    read_out($dbh);
    return CPANBridge::Compat::DBI::Background::is_ready($h);
}

sub pg_result {
    my ($h) = @_;
    my $dbh = _running($h) or return;
    read_out($dbh);
    my ( $answer, $sth ) = CPANBridge::Compat::DBI::Background::collect($h);
    $dbh->{pg_async_status} = 0;
    $dbh->_call( watched => { connection => $dbh->{_connection} } ) if $answer && $dbh->{_watched};
    if ( !$answer ) { $dbh->_failed; return }
    return $sth->_take($answer) if $sth;
    $dbh->_note($answer);
    return $answer->{count} || '0E0';
}

sub pg_cancel {
    my ($h) = @_;
    my $dbh = _running($h) or return;
    my $answer = $h->_call( cancel => { connection => $dbh->{_connection} } ) or return;
    $dbh->{pg_async_status} = -1;
    if ( my $sth = delete $dbh->{_background} ) {
        $sth->_let_go;
        $sth->{_cancelled} = 1;
        $sth->STORE( Active => 0 );
    }
    $dbh->_note($answer);
    return $answer->{cancelled} ? 1 : '';
}

# --- a descriptor for event loops ---

# Can be read when the server has said something, or what runs has ended. It is a stream from the daemon, which writes a byte
# into it; what it can be read for is asked for by the methods that read those bytes first: what comes later is not lost.
sub descriptor {
    my ($dbh) = @_;
    return undef if !$dbh->{Active} || !$dbh->{_link};    ## no critic - one value, also in lists
    if ( !$dbh->{_watched} ) {
        $dbh->{_watched} = _stream($dbh) || return undef;    ## no critic - the same
        $dbh->_call( watched => { connection => $dbh->{_connection} } ) or return undef;    ## no critic - the same
    }
    return fileno $dbh->{_watched};
}

my $SOON = 30;

sub _stream {
    my ($dbh) = @_;
    my $name = $dbh->_call( watched => { connection => $dbh->{_connection} } ) or return;
    my $until = CPANBridge::Connection::now() + $SOON;
    my $handle = eval {
        my $connection = CPANBridge->new( timeout => $SOON )->_connect($until) or die "the daemon takes no more connections\n";
        $connection->write( qq({"module":"database","function":"watch","params":{"name":"$name"}}\n), $until )
          && ( $connection->read_line($until) || '' ) =~ /"success"\s*:\s*true/
          or die "the daemon does not watch the connection\n";
        $connection->{fh};
    };
    return $handle if $handle;
    chomp( my $why = "$@" );
    return $dbh->set_err( 1, "CPANBridge: $why", '08000' );
}

# Reads what has been told. A stream that the daemon has ended, as it does when nothing comes for long, is replaced: the number
# of the descriptor stays, for event loops know it by that.
sub read_out {
    my ($dbh) = @_;
    my $handle = $dbh->{_watched} or return;
    my $came;
    while ( defined recv $handle, $came, 4096, MSG_DONTWAIT ) {
        next if length $came;
        my $new = _stream($dbh) or last;
        POSIX::dup2( fileno $new, fileno $handle );
        last;
    }
    return;
}

# Ends what a statement waits for, from a signal handler: by a connection of its own.
sub cancel_from_outside {
    my ($dbh) = @_;
    my $connect = $dbh->{_connect} or return;
    return eval {
        my $bridge = CPANBridge->new( timeout => 30 );
        my $number = $bridge->call( database => 'connect', $connect )->{connection};
        $bridge->call(
            database => 'run',
            { connection => $number, sql => 'SELECT pg_catalog.pg_cancel_backend($1)', values => [ $dbh->{pg_pid} ] }
        );
        1;
    };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::PgAsync - PostgreSQL statements that run while the program goes on

=head1 DESCRIPTION

Used by the replacement of L<DBD::Pg>, where the attribute C<pg_async> is described; programs have no need of it.

=head1 METHODS

=head2 pg_ready

=head2 pg_result

=head2 pg_cancel

=head1 FUNCTIONS

=head2 descriptor

The number of a descriptor for an event loop.

=head2 read_out

Reads what it can be read for, before it is asked for.

=head2 is_async

Whether flags ask for it.

=head2 make_room

Deals with what runs already, as flags say.

=head2 start

Begins a statement.

=head2 cancel_from_outside

Ends the statement that the program waits for.

=cut
