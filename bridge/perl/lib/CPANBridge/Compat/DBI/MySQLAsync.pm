package CPANBridge::Compat::DBI::MySQLAsync;

use strict;
use warnings;

use CPANBridge::Compat::DBI::Background;
use CPANBridge::Compat::DBI::Remote;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# While a statement runs, {_running} of the database handle and {_is_running} of the statement handle are true. What
# do has begun belongs to a statement handle, too, which the database handle keeps as {_begun}.

# What may be asked of the daemon meanwhile.
my %MEANWHILE = map { ( $_ => 1 ) } qw(ready result disconnect);

sub is_async {
    my ( $dbh, $attributes ) = @_;
    return $attributes && $attributes->{ $dbh->{_prefix} eq 'mysql' ? 'async' : 'mariadb_async' } ? 1 : 0;
}

sub call {
    my ( $h, $function ) = @_;
    return _refuse($h) if ( $h->{Database} || $h )->{_running} && !$MEANWHILE{$function};
    goto &CPANBridge::Compat::DBI::Remote::call;
}

sub _refuse { my ($h) = @_; return $h->set_err( 2000, 'Calling a synchronous function on an asynchronous handle', 'HY000' ) }

# Begins what a database handle is to do.
sub begin {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    my $outer = $dbh->prepare( $sql, $attributes ) or return;
    my $sth   = CPANBridge::Compat::DBI::Handle::inner($outer);
    my $begun = start( $sth, @values ) or return;
    $dbh->{_begun} = $outer;
    return $begun;
}

# Begins to execute a statement.
sub start {
    my ( $sth, @values ) = @_;
    my $dbh = $sth->{Database};
    my $arguments = $sth->_arguments(@values) or return;
    CPANBridge::Compat::DBI::Background::start( $sth, %$arguments ) or return;
    $dbh->{_running} = $sth->{_is_running} = 1;
    $sth->_forget_columns;
    delete @$sth{qw(NUM_OF_FIELDS _outcome _rows _more _results)};
    $sth->STORE( Active => 1 );
    return '0E0';
}

# Waits for the end of a statement. Returns false after an error.
sub collect {
    my ($sth) = @_;
    return 1 if !$sth->{_is_running};
    my ($answer) = CPANBridge::Compat::DBI::Background::collect($sth);
    $sth->{Database}{_running} = $sth->{_is_running} = 0;
    $sth->STORE( Active => 0 );
    $sth->{_outcome} = $answer ? $sth->_take($answer) : undef;
    return defined $sth->{_outcome};
}

# The statement whose outcome a handle can tell; nothing after an error.
sub _whose {
    my ( $h, $why ) = @_;
    my $sth = $h->{Type} eq 'st' ? $h : $h->{_begun} && CPANBridge::Compat::DBI::Handle::inner( $h->{_begun} );
    return $sth if $sth && ( $sth->{_is_running} || exists $sth->{_outcome} );
    $h->set_err( 2000, $why, 'HY000' );
    return;
}

sub mariadb_async_ready {
    my ($h) = @_;
    my $sth = _whose( $h, 'Handle is not in asynchronous mode' ) or return;
    return $sth->{_is_running} ? CPANBridge::Compat::DBI::Background::is_ready($h) : 1;
}

sub mariadb_async_result {
    my ($h) = @_;
    my $sth = _whose( $h, 'Gathering asynchronous results for a synchronous handle' ) or return;
    collect($sth);
    delete $h->{_begun} if $h != $sth;
    return $sth->{_outcome};
}

# Readable when what runs has ended, as the original's is when the server answers.
sub mariadb_sockfd {
    my ($dbh) = @_;
    return undef if !$dbh->{Active} || !$dbh->{_link};
    return scalar CPANBridge::Compat::DBI::Background::descriptor($dbh);
}

{
    no warnings 'once';
    *mysql_async_ready  = \&mariadb_async_ready;
    *mysql_async_result = \&mariadb_async_result;
    *mysql_fd           = \&mariadb_sockfd;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::MySQLAsync - statements of MariaDB and MySQL that run while the program goes on

=head1 DESCRIPTION

Used by the replacements of L<DBD::MariaDB> and L<DBD::mysql>, where the attribute C<mariadb_async> is described; programs have no need of
it.

=head1 METHODS

=head2 mariadb_async_ready

=head2 mariadb_async_result

=head2 mariadb_sockfd

=head2 mysql_async_ready

=head2 mysql_async_result

=head2 mysql_fd

The same under DBD::mysql's names.

=head1 FUNCTIONS

=head2 is_async

Returns whether attributes ask for it.

=head2 call

Calls a function of the daemon's, unless a statement runs.

=head2 begin

Begins what C<do> is to do.

=head2 start

Begins to execute a statement.

=head2 collect

Waits for its end.

=cut
