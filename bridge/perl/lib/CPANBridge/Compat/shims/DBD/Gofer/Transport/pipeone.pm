package DBD::Gofer::Transport::pipeone;

use strict;
use warnings;

use Errno qw(EINTR);
use File::Spec ();
use POSIX ();
use Time::HiRes ();

use DBD::Gofer::Transport::Base ();

our $VERSION = '0.010088';
our @ISA     = 'DBD::Gofer::Transport::Base';

for my $field (qw(connection_info go_perl)) {
    no strict 'refs';
    *$field = sub { my $self = shift; $self->{$field} = shift if @_; return $self->{$field} };
}

sub new {
    my ( $class, $fields ) = @_;
    my $self = $class->SUPER::new($fields);
    my $perl = $self->{go_perl};
    $self->{go_perl} = !defined $perl || !length $perl ? [ _this_perl() ] : ref $perl ? [@$perl] : [ _words($perl) ];
    return $self;
}

# This perl, with the replacements if this process has them.
sub _this_perl {
    my $file = $INC{'CPANBridge/Compat.pm'} or return $^X;
    ( my $library = File::Spec->rel2abs($file) ) =~ s{/CPANBridge/Compat\.pm\z}{};
    return ( $^X, "-I$library", '-MCPANBridge::Compat' );
}

# Words are two spaces apart, so that one may have a space in it; where there are none, single ones count.
sub _words {
    my ($text) = @_;
    my @words = split /\s{2,}/, $text;
    return @words > 1 || -e $text ? @words : split ' ', $text;
}

# Loaded when the program runs and not by -M, which comes before what PERL5OPT has perl load.
sub _command {
    my ($self) = @_;
    return ( @{ $self->{go_perl} }, '-e', 'require DBI::Gofer::Transport::pipeone; DBI::Gofer::Transport::pipeone::run_one_stdio()' );
}

# Starts a process; returns handles to write to and to read from. An error to start it comes as the end of what is read.
sub start_pipe_command {
    my ( $self, @command ) = @_;
    pipe my $to_read, my $write or die "can't make a pipe: $!\n";
    pipe my $read, my $to_write or die "can't make a pipe: $!\n";
    my $pid = fork;
    die "can't start @command: $!\n" if !defined $pid;
    if ( !$pid ) {

        # No exit: it is the program's, with all its END blocks and objects.
        eval {
            local $SIG{__WARN__} = sub { };
            POSIX::dup2( fileno $to_read, 0 );
            POSIX::dup2( fileno $to_write, 1 );
            delete $ENV{DBI_AUTOPROXY};
            delete $ENV{DBI_PROFILE};
            exec { $command[0] } @command or print STDERR "can't run $command[0]: $!\n";
        };
        POSIX::_exit(127);
    }
    binmode $_ for $write, $read;
    return $self->{connection_info} = { pid => $pid, write => $write, read => $read, owner => $$ };
}

sub _deadline { my ($self) = @_; return $self->{go_timeout} ? Time::HiRes::time() + $self->{go_timeout} : undef }

# Waits until a handle can be read (or written); dies when it is too late.
sub _wait {
    my ( $self, $handle, $deadline, $to_write ) = @_;
    return if !defined $deadline;
    while (1) {
        my $bits = '';
        vec( $bits, fileno $handle, 1 ) = 1;
        my $left = $deadline - Time::HiRes::time();
        my $ready = $left <= 0 ? 0 : $to_write ? select( undef, $bits, undef, $left ) : select( $bits, undef, undef, $left );
        return if $ready > 0;
        die "no answer within $self->{go_timeout} seconds\n" if !$ready;
    }
}

sub _write {
    my ( $self, $data ) = @_;
    my $handle = $self->{connection_info}{write};
    my $deadline = $self->_deadline;
    local $SIG{PIPE} = 'IGNORE';
    my $done = 0;
    while ( $done < length $data ) {
        $self->_wait( $handle, $deadline, 1 );

        # No more at once than a pipe takes without waiting.
        my $wrote = syswrite $handle, $data, 4096, $done;
        if ( defined $wrote ) { $done += $wrote }
        elsif ( $! != EINTR ) { die "can't send the request: $!\n" }
    }
    return;
}

# Reads until there is the separator, or to the end where there is none.
sub _read {
    my ( $self, $separator ) = @_;
    my $handle = $self->{connection_info}{read};
    my $deadline = $self->_deadline;
    my $data = '';
    while (1) {
        $self->_wait( $handle, $deadline );
        my $got = sysread $handle, $data, 65_536, length $data;
        if ( !defined $got ) {
            next if $! == EINTR;
            die "can't read the answer: $!\n";
        }
        last if !$got || defined $separator && substr( $data, -length $separator ) eq $separator;
    }
    return $data;
}

# Ends the process; tells how it ended.
sub _ended {
    my ($self) = @_;
    my $info = delete $self->{connection_info} or return '';
    close $info->{$_} for qw(write read);
    return '' if $info->{owner} != $$;
    local ( $?, $! );
    waitpid $info->{pid}, 0;
    return $? ? sprintf ' (the process ended with status %d%s)', $? >> 8, $? & 127 ? ', signal ' . ( $? & 127 ) : '' : '';
}

# The same where it cannot be waited for: it may have no end.
sub _give_up {
    my ($self) = @_;
    my $info = $self->{connection_info} or return '';
    kill TERM => $info->{pid} if $info->{owner} == $$;
    return $self->_ended;
}

# Gives up and dies.
sub _fail {
    my ( $self, $why ) = @_;
    chomp $why;
    die $why . $self->_give_up . "\n";
}

sub transmit_request_by_transport {
    my ( $self, $request ) = @_;
    my $frozen = $self->freeze_request($request);
    my $info = $self->start_pipe_command( $self->_command );
    eval { $self->_write($frozen); 1 } or $self->_fail($@);
    close $info->{write};
    return;
}

sub receive_response_by_transport {
    my ($self) = @_;
    die "no request was sent\n" if !$self->{connection_info};
    my $data = eval { $self->_read };
    $self->_fail($@) if !defined $data;
    my $how = $self->_ended;
    die "no answer came$how\n" if !length $data;
    return $self->thaw_response($data);
}

sub DESTROY {
    my ($self) = @_;
    local ( $@, $!, $?, $^E );
    $self->_give_up;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer::Transport::pipeone - DBD::Gofer with a process for each request, by CPANBridge

=head1 SYNOPSIS

    DBI->connect( 'dbi:Gofer:transport=pipeone;dsn=dbi:SQLite:stock.db', ... );

=head1 DESCRIPTION

Part of L<DBD::Gofer>. Slow, but nothing of one request is left for the next: to see whether a program gets along with that. The
attribute C<go_perl> (C<perl> in the data source) is the command that is run, its words two spaces apart; without it, this perl, with the replacements
if this process has them. The process gets this one's environment without C<DBI_AUTOPROXY> and C<DBI_PROFILE>.

=head1 METHODS

=head2 new

=head2 go_perl

=head2 connection_info

=head2 start_pipe_command

=head2 transmit_request_by_transport

=head2 receive_response_by_transport

=cut
