package BridgeDaemon;

# Runs a real daemon for a test, in a folder of its own, and ends it with the test.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Spec;
use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use Test::More ();
use Time::HiRes qw(sleep time);

sub new {
    my ( $class, %args ) = @_;
    my $folder = tempdir( 'cpanbridge-XXXXXX', TMPDIR => 1, CLEANUP => 1 );
    my $self = bless {
        folder  => $folder,
        socket  => "$folder/bridge.sock",
        log     => "$folder/daemon.log",
        options => $args{options} || [],
        owner   => $$,
    }, $class;
    $self->start if !exists $args{start} || $args{start};
    return $self;
}

sub twistd {
    for my $candidate ( $ENV{CPAN_BRIDGE_TWISTD},
        $ENV{CPAN_BRIDGE_PYTHON} ? dirname( $ENV{CPAN_BRIDGE_PYTHON} ) . '/twistd' : undef,
        map {"$_/twistd"} File::Spec->path )
    {
        return $candidate if defined $candidate && length $candidate && -x $candidate;
    }
    Test::More::BAIL_OUT('These tests need the daemon: put its twistd into PATH, or name it in CPAN_BRIDGE_TWISTD');
}

sub start {
    my ($self) = @_;
    my $twistd = twistd();
    my $pid = fork;
    die "cannot fork: $!" if !defined $pid;
    if ( !$pid ) {
        delete $ENV{$_} for grep {/^CPAN_BRIDGE_/} keys %ENV;
        open STDIN,  '<',  File::Spec->devnull;
        open STDOUT, '>>', "$self->{folder}/output";
        open STDERR, '>&', \*STDOUT;
        chdir $self->{folder};
        exec {$twistd} $twistd, '-n', '--pidfile=', 'cpanbridge', '--socket', $self->{socket}, '--log', $self->{log},
          @{ $self->{options} };
    }
    $self->{pid} = $pid;
    my $give_up = time + 30;
    until ( IO::Socket::UNIX->new( Peer => $self->{socket} ) ) {
        die "the daemon ended at once:\n" . $self->said if waitpid( $pid, 1 ) == $pid;
        die "the daemon did not start:\n" . $self->said if time > $give_up;
        sleep 0.05;
    }
    return $self;
}

sub said {
    my ($self) = @_;
    open my $file, '<', "$self->{folder}/output" or return '';
    local $/;
    return scalar <$file>;
}

# A thread that ends must not take the daemon with it.
sub CLONE_SKIP { return 1 }

sub socket { return $_[0]{socket} }

sub signal {
    my ( $self, $signal ) = @_;
    return kill $signal, $self->{pid};
}

sub stop {
    my ( $self, $signal ) = @_;
    my $pid = delete $self->{pid} or return;
    local $?;
    kill $signal || 'TERM', $pid;
    my $give_up = time + 10;
    while ( waitpid( $pid, 1 ) == 0 ) {
        kill 'KILL', $pid if time > $give_up;
        sleep 0.02;
    }
    return;
}

sub DESTROY { my ($self) = @_; $self->stop if $self->{owner} == $$; return }

1;
