package CPANBridge::Autostart;

use strict;
use warnings;

use Fcntl qw(LOCK_EX LOCK_NB O_CREAT O_NOFOLLOW O_RDWR);
use File::Basename ();
use File::Spec ();
use File::Temp ();
use Time::HiRes ();

use CPANBridge::Connection;

our $VERSION = '0.1.0';

# Starts the daemon unless another program is doing that; returns undef, or a sentence that says why it failed.
sub start {
    my ( $path, $twistd, $deadline ) = @_;
    $twistd = $ENV{CPAN_BRIDGE_TWISTD} if !defined $twistd || !length $twistd;
    if ( !defined $twistd || !length $twistd ) {
        ($twistd) = grep { -f $_ && -x _ } map { File::Spec->catfile( $_, 'twistd' ) } File::Spec->path;
        return 'twistd was not found in PATH; name it with twistd => or CPAN_BRIDGE_TWISTD' if !defined $twistd;
    }
    return "$twistd cannot be executed" if !-x $twistd;

    # Twenty scripts that start together start one daemon: the first to have the lock.
    my $lock_name = "$path.autostart";
    sysopen my $lock, $lock_name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600
      or return "the lock file $lock_name cannot be opened: $!";
    while ( !flock $lock, LOCK_EX | LOCK_NB ) {
        return 'another program is starting it, and did not get ready in time'
          if CPANBridge::Connection::now() >= $deadline;
        Time::HiRes::sleep(0.05);
    }
    my $probe = CPANBridge::Connection->new($path);
    return undef if $probe->open($deadline);

    my $output = File::Temp->new;
    my $pid = fork;
    return "cannot fork: $!" if !defined $pid;
    if ( !$pid ) {
        close $lock;
        open STDIN,  '<', File::Spec->devnull;
        open STDOUT, '>&', $output;
        open STDERR, '>&', $output;
        $ENV{CPAN_BRIDGE_SOCKET} = $path;
        exec {$twistd} $twistd, "--pidfile=$path.pid", 'cpanbridge', '--socket', $path or print {*STDERR} "$!\n";
        require POSIX;
        POSIX::_exit(127);
    }
    {
        # twistd puts itself into the background and ends when the daemon serves, or could not.
        local ( $?, $! );
        waitpid $pid, 0;
        if ($?) {
            seek $output, 0, 0;
            my $said = do { local $/; <$output> };
            $said =~ s/\s+\z//;
            return "$twistd ended with status " . ( $? >> 8 ) . ": $said";
        }
    }
    my $pause = 0.02;
    while ( CPANBridge::Connection::now() < $deadline ) {
        return undef if CPANBridge::Connection->new($path)->open($deadline);
        Time::HiRes::sleep($pause);
        $pause *= 1.5 if $pause < 0.5;
    }
    return "it was started with $twistd and did not answer in time";
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

Returns C<undef> when a daemon listens, or a sentence that says why none does.

=cut
