package TlsServers;

# Servers that speak TLS, and certificates for them, from the Python side's tests: that is where their like is to be had.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Spec;
use File::Temp qw(tempdir);
use JSON::PP ();

use BridgeDaemon;

my $PROGRAM = File::Spec->catfile( dirname(__FILE__), ('..') x 4, 'tests', 'support', 'tls_server.py' );

# Where they are: in the source tree, not in a distribution for CPAN.
sub program { return -f $PROGRAM ? File::Spec->rel2abs($PROGRAM) : undef }

sub new {
    my ($class) = @_;
    my $folder = tempdir( 'cpanbridge-XXXXXX', TMPDIR => 1, CLEANUP => 1 );
    my $python = dirname( BridgeDaemon::twistd() ) . '/python';
    pipe my $stdin,  my $keep   or die "pipe: $!";
    pipe my $stdout, my $output or die "pipe: $!";
    my $pid = fork;
    die "cannot fork: $!" if !defined $pid;
    if ( !$pid ) {
        close $keep;
        open STDIN,  '<&', $stdin;
        open STDOUT, '>&', $output;
        exec {$python} $python, program(), $folder;
    }
    close $output;
    close $stdin;
    my $line = <$stdout>;
    die "the servers did not start\n" if !defined $line;
    return bless { folder => $folder, port => JSON::PP::decode_json($line), keep => $keep, pid => $pid, owner => $$ }, $class;
}

sub port { my ( $self, $name ) = @_; return $self->{port}{$name} || die "there is no server $name" }

sub file { my ( $self, $name ) = @_; return "$self->{folder}/$name" }

sub CLONE_SKIP { return 1 }

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $?;
    close $self->{keep};
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
