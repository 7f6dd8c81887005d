package CPANBridge::Autostart;

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use Fcntl qw(LOCK_EX LOCK_NB O_CREAT O_NOFOLLOW O_RDWR);
use File::Spec ();
use File::Temp ();
use Scalar::Util ();
use Time::HiRes ();

use CPANBridge::Connection;

our $VERSION = '0.1.0';

# Starts the daemon unless another program is doing that; returns undef, or a sentence that says why it failed.
sub start {
    my ( $path, $twistd, $deadline ) = @_;
    return "under taint checks (perl -T) none is started at a path from outside the program, as from the environment: $path"
      if ${^TAINT} > 0 && Scalar::Util::tainted($path);
    $path = File::Spec->rel2abs($path);

    # Twenty scripts that start together start one daemon: the first to have the lock. The others wait for it here.
    my ( $lock, $why ) = _lock( "$path.autostart", $deadline );
    return $why if !$lock;
    return undef if CPANBridge::Connection->new($path)->open($deadline);

    ( $twistd, $why ) = _find($twistd);
    return $why if !defined $twistd;

    # Nobody answers at the socket, so whoever wrote this has gone. twistd would refuse to start where the number in it
    # belongs to a living process by now.
    unlink "$path.pid";
    my ( $status, $said ) = _run( $deadline, $twistd, "--pidfile=$path.pid", 'cpanbridge', '--socket', $path );
    return "$twistd did not get ready in time" if !defined $status;
    if ($status) {
        my $how = $status & 127 ? 'was ended by signal ' . ( $status & 127 ) : 'ended with status ' . ( $status >> 8 );
        return "$twistd $how" . ( length $said ? ": $said" : ' and said nothing' );
    }
    my $pause = 0.02;
    while ( CPANBridge::Connection::now() < $deadline ) {
        return undef if CPANBridge::Connection->new($path)->open($deadline);
        Time::HiRes::sleep($pause);
        $pause *= 1.5 if $pause < 0.5;
    }
    return "it was started with $twistd and did not answer in time; its log may say why";
}

# Returns the handle that holds the lock, or nothing and a sentence.
sub _lock {
    my ( $name, $deadline ) = @_;
    sysopen my $lock, $name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600
      or return ( undef, "the lock file $name cannot be opened: $!" );
    return ( undef, "the lock file $name belongs to another user" ) if ( stat $lock )[4] != $>;
    while ( !flock $lock, LOCK_EX | LOCK_NB ) {
        return ( undef, "the lock file $name cannot be locked: $!" )
          if $! != EAGAIN && $! != EWOULDBLOCK && $! != EINTR;
        return ( undef, 'another program is starting it, and did not get ready in time' )
          if CPANBridge::Connection::now() >= $deadline;
        Time::HiRes::sleep(0.02);
    }
    return $lock;
}

# Returns the path of twistd, or nothing and a sentence.
sub _find {
    my ($twistd) = @_;
    $twistd = $ENV{CPAN_BRIDGE_TWISTD} if !defined $twistd || !length $twistd;
    if ( !defined $twistd || !length $twistd ) {
        ($twistd) = grep { -f $_ && -x _ } map { File::Spec->catfile( $_, 'twistd' ) } File::Spec->path;
        return $twistd if defined $twistd;
        return ( undef, 'twistd was not found in PATH; name it with twistd => or CPAN_BRIDGE_TWISTD' );
    }
    return File::Spec->rel2abs($twistd) if -f $twistd && -x _;
    return ( undef, "$twistd cannot be executed" );
}

# Runs a program that puts itself into the background and ends when the daemon serves, or could not. Returns its status
# and what it said; nothing when time is up.
sub _run {
    my ( $deadline, @command ) = @_;
    my $output = File::Temp->new;
    local ( $?, $! );
    local $SIG{CHLD} = 'DEFAULT';    # a handler of the program's would take the status away
    my $pid = fork;
    return ( 1 << 8, "cannot fork: $!" ) if !defined $pid;
    if ( !$pid ) {
        require POSIX;
        open STDIN, '<', File::Spec->devnull;
        POSIX::dup2( fileno $output, 1 );    # whatever the program has tied or closed
        POSIX::dup2( fileno $output, 2 );
        chdir '/';
        local ( $@, $SIG{__DIE__} );
        eval { no warnings 'exec'; exec {$command[0]} @command };    # taint checks make it die, here in the child
        syswrite $output, 'cannot be run: ' . ( $@ || $! );
        POSIX::_exit(127);
    }
    my $pause = 0.005;
    while ( waitpid( $pid, 1 ) == 0 ) {      # 1 is WNOHANG
        if ( CPANBridge::Connection::now() >= $deadline ) {
            kill 'TERM', $pid;
            waitpid $pid, 0;
            return;
        }
        Time::HiRes::sleep($pause);
        $pause *= 1.5 if $pause < 0.05;
    }
    my $status = $?;
    seek $output, 0, 0;
    my $said = do { local $/; <$output> };
    $said = '' if !defined $said;
    $said =~ s/\s+\z//;
    $said = '...' . substr $said, -1500 if length $said > 1500;
    return ( $status, $said );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Autostart - start the daemon if none is there

=head1 DESCRIPTION

Used by L<CPANBridge> where C<autostart> is wanted. However many programs start together, one daemon is started: they
share a lock file beside the socket.

=head1 FUNCTIONS

=head2 start

    my $why = CPANBridge::Autostart::start( $socket, $twistd, $deadline );

Returns C<undef> when a daemon listens, or a sentence that says why none does. Under taint checks (C<perl -T>) none is
started at a tainted path, and Perl itself refuses to run a program as long as C<$ENV{PATH}> is tainted.

=cut
