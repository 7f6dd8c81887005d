package DBD::Gofer::Transport::stream;

use strict;
use warnings;

use DBD::Gofer::Transport::pipeone ();

our $VERSION = '0.014599';
our @ISA     = 'DBD::Gofer::Transport::pipeone';

# Processes stay for later handles, so many.
my $MOST = 5;
my %kept;

sub go_persist { my $self = shift; $self->{go_persist} = shift if @_; return $self->{go_persist} }

# Sets up what a login would have, and then becomes the command that follows.
my $SETUP = '. .bash_profile 2>/dev/null || . .bash_login 2>/dev/null || . .profile 2>/dev/null; exec "$@"';

sub _command {
    my ($self) = @_;
    my $url = $self->{go_url};
    my @perl = @{ $self->{go_perl} };
    my @run = ( '-e', 'require DBI::Gofer::Transport::stream; DBI::Gofer::Transport::stream::run_stdio_hex()' );
    return ( @perl, @run ) if !defined $url || !length $url;
    my ($host) = $url =~ /\Assh:(.+)\z/s or die "the url '$url' is not of the form ssh:user\@host\n";
    die "the url '$url' names a host that begins with a dash\n" if $host =~ /\A-/;
    @perl = 'perl' if $perl[0] eq $^X;

    # The words go through a shell at the other end.
    return ( 'ssh', '-xq', $host, join ' ', map { _quoted($_) } 'bash', '-c', $SETUP, 'bash', @perl, @run );
}

sub _quoted {
    my ($word) = @_;
    return $word if $word =~ m{\A[-\w./=:]+\z};
    $word =~ s/'/'\\''/g;
    return "'$word'";
}

sub _key { my ($self) = @_; return join "\0", $$, $self->_command }

sub transmit_request_by_transport {
    my ( $self, $request ) = @_;
    my $line = unpack( 'H*', $self->freeze_request($request) ) . "\n";
    my $key  = $self->_key;
    my $info = $self->{connection_info} = $kept{$key};
    if ( !$info ) {
        if ( keys %kept >= $MOST ) { %kept = () }
        $info = $kept{$key} = $self->start_pipe_command( $self->_command );
        bless $info, 'DBD::Gofer::Transport::stream::Process';
    }
    eval { $self->_write($line); 1 } or $self->_fail($@);
    return;
}

sub receive_response_by_transport {
    my ($self) = @_;
    die "no request was sent\n" if !$self->{connection_info};
    my $line = eval { $self->_read("\n") };
    $self->_fail($@) if !defined $line;
    $self->_fail('the process ended without an answer') if $line !~ s/\r?\n\z//;
    $self->_fail( 'what came is no answer: ' . DBI::neat( $line, 200 ) ) if $line =~ /[^0-9A-Fa-f]/;
    return $self->thaw_response( pack 'H*', $line );
}

# After an error the next request is to have another process: an answer that is late would be taken for its own.
sub _give_up {
    my ($self) = @_;
    my $info = $self->{connection_info} or return '';
    for my $key ( keys %kept ) { delete $kept{$key} if $kept{$key} == $info }
    kill TERM => $info->{pid} if $info->{owner} == $$ && !$info->{ended};
    $info->{ended} = 1;
    return $self->_ended;
}

sub DESTROY { return }

package    # not to be indexed
  DBD::Gofer::Transport::stream::Process;

use strict;
use warnings;

# The end of its input is the process's end, unless a child of this process has the pipe, too.
sub DESTROY {
    my ($self) = @_;
    local ( $@, $!, $?, $^E );
    close $_ for grep { defined && defined fileno $_ } @$self{qw(write read)};
    return if $self->{owner} != $$ || $self->{ended};
    kill TERM => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

package    # not to be indexed
  DBD::Gofer::Transport::stream;

# Before the process's objects are taken apart in no order.
END { local $?; %kept = () }

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer::Transport::stream - DBD::Gofer with a process that stays, here or over ssh, by CPANBridge

=head1 SYNOPSIS

    my $dbh = DBI->connect( 'dbi:Gofer:transport=stream;url=ssh:me@db.example.com;dsn=dbi:Oracle:orcl', 'scott', $password,
        { RaiseError => 1 } );

=head1 DESCRIPTION

Part of L<DBD::Gofer>. A process is started that answers requests, with the C<url> over C<ssh> on another machine; with the original
DBI there, all its drivers can be used from here. The process stays for later handles, up to five of them.

C<go_perl> (C<perl> in the data source) is the command that is run, its words two spaces apart: C<perl> on another machine unless
told otherwise (C<< perl=perl  -MCPANBridge::Compat >> where the replacements are to be used there), this very perl here. C<ssh> must come through without a question. After an error of the connection the next request starts another
process.

=head1 METHODS

=head2 go_persist

=head2 transmit_request_by_transport

=head2 receive_response_by_transport

=cut
