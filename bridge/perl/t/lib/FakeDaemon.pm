package FakeDaemon;

# A daemon that says what a test tells it to: a child process runs a piece of code for each connection, one after the
# other, or each in a process of its own with parallel => 1.

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Socket::UNIX;

sub new {
    my ( $class, $code, %args ) = @_;
    my $folder = tempdir( 'cpanbridge-XXXXXX', TMPDIR => 1, CLEANUP => 1 );
    my $path = "$folder/fake.sock";
    my $listening = IO::Socket::UNIX->new( Local => $path, Listen => 16 ) or die "cannot listen: $!";
    my $pid = fork;
    die "cannot fork: $!" if !defined $pid;
    if ( !$pid ) {
        $SIG{TERM} = 'DEFAULT';
        $SIG{PIPE} = 'IGNORE';
        my $count = 0;
        while ( my $connection = $listening->accept ) {
            $connection->autoflush(1);
            $count++;
            if ( $args{parallel} ) {
                $SIG{CHLD} = 'IGNORE';
                if ( fork ) { close $connection; next }
            }
            $code->( $connection, $count );
            close $connection;
            last if $args{parallel};
        }
        require POSIX;
        POSIX::_exit(0);
    }
    return bless { folder => $folder, socket => $path, pid => $pid, owner => $$ }, $class;
}

# A thread that ends must not take the daemon with it.
sub CLONE_SKIP { return 1 }

sub socket { return $_[0]{socket} }

# The id of the request in a line.
sub id_of { my ($line) = @_; return $line =~ /"request_id":"([^"]*)"/ ? $1 : '' }

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $?;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
