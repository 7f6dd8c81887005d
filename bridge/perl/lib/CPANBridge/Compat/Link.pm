package CPANBridge::Compat::Link;

use 5.014;
use strict;
use warnings;

use Carp ();

use CPANBridge;
use CPANBridge::Bytes;
use CPANBridge::Connection;
use CPANBridge::Error;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# Seconds that a call may take, and how often one is repeated that was refused and so was not executed.
my ( $TIMEOUT, $RETRIES ) = ( 300, 20 );

# Handles that were let go of are released with a later call, at the latest when there are so many.
my $RELEASE_AT = 50;

my $link;

sub get {
    my ($class) = @_;
    undef $link if $link && !$link->_is_ours;
    $link ||= bless {
        bridge     => CPANBridge->new( timeout => $TIMEOUT, retries => $RETRIES ),
        pid        => $$,
        thread     => $CPANBridge::Connection::THREAD,
        generation => 0,
        failed     => {},    # by module: the error of what was sent
    }, $class;
    $link->_request( test => 'ping', {} ) if !$link->_is_open;
    return $link;
}

sub _is_ours { return $_[0]{pid} == $$ && $_[0]{thread} == $CPANBridge::Connection::THREAD }

sub _is_open {
    my ($self) = @_;
    my $connection = $self->{bridge}{connection};
    return $connection && $connection->is_ours && $connection->is_usable;
}

sub is_plain { return 1 }

sub token {
    my ($self) = @_;
    my $connection = $self->{bridge}{connection} or return '';
    $connection->{token} ||= join '.', $$, $CPANBridge::Connection::THREAD, ++$self->{generation};
    return $connection->{token};
}

sub is_current {
    my ( $self, $token ) = @_;
    return $self->_is_ours && $self->_is_open && $self->token eq $token ? 1 : 0;
}

sub call {
    my ( $self, $module, $function, $arguments ) = @_;
    my $error = delete $self->{failed}{$module};
    die $error if $error;
    return $self->_request( $module, $function, $arguments );
}

sub send {
    my ( $self, $module, $function, $arguments ) = @_;
    return if $self->{failed}{$module};
    $self->{failed}{$module} = $@ if !eval { $self->_request( $module, $function, $arguments ); 1 };
    return;
}

sub flush {
    my ($self) = @_;
    my ($module) = sort keys %{ $self->{failed} } or return;
    die delete $self->{failed}{$module};
}

sub release {
    my ( $self, $module, @handles ) = @_;
    my $connection = $self->{bridge}{connection};
    push @{ $connection->{handles}{$module} }, @handles if $connection && $connection->is_ours;
    return;
}

sub callback { die "CPANBridge: the daemon cannot call back into a program yet\n" }

sub _request {
    my ( $self, $module, $function, $arguments ) = @_;
    if ( my $released = $self->_is_open && $self->{bridge}{connection}{handles} ) {
        for my $other ( grep { @{ $released->{$_} } >= $RELEASE_AT } keys %$released ) {
            $self->{bridge}->call_python( $other, 'release', [ delete $released->{$other} ] );
        }
    }
    my $result = $self->{bridge}->_call( $module, $function, $arguments );
    return ref $result ? _plain($result) : $result;
}

# Bytes are plain strings here.
sub _plain {
    my ($value) = @_;
    return $value->bytes if ref $value eq 'CPANBridge::Bytes';
    for my $item ( ref $value eq 'ARRAY' ? @$value : ref $value eq 'HASH' ? values %$value : () ) {
        $item = _plain($item) if ref $item;
    }
    return $value;
}

END {
    if ( $link && $link->_is_ours ) {
        local ( $@, $! );
        for my $module ( sort keys %{ $link->{failed} } ) { warn delete $link->{failed}{$module} }
    }
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Link - the connection to the daemon that all replacements share

=head1 SYNOPSIS

    my $link   = CPANBridge::Compat::Link->get;
    my $handle = $link->call( excel => 'open', { path => $path } );
    my $token  = $link->token;

    $link->send( excel => 'write', { workbook => $handle, rows => \@rows } );
    $link->flush;

    $link->release( excel => $handle ) if $link->is_current($token);

=head1 DESCRIPTION

Used by the replacements of CPAN modules; programs have no need of it. Each process and thread has one connection, opened
when it is first asked for. A child process never touches its parent's.

Arguments are what L<CPANBridge/call> takes, in one hash of named or one array of positional ones. In results, bytes are
plain strings.

=head1 METHODS

=head2 get

Returns the connection, opened if need be. Throws a L<CPANBridge::Error> if the daemon is not there.

=head2 call

    my $result = $link->call( $module => $function, \%named );
    my $result = $link->call( $module => $function, \@positional );

Calls a function and waits for its result. Throws a L<CPANBridge::Error>: of this call, or of one that was sent to the
same module before; then this call was not executed, and the error names the program's line that made the earlier one.

=head2 send

    $link->send( $module => $function, \%named );

Calls a function whose result nobody wants. After one that failed nothing else that was sent to the same module is
executed, until the error has been thrown.

=head2 flush

Waits until all that was sent is done. Throws the first error. What is left at the program's end is flushed then, and
errors are warned of.

=head2 release

    $link->release( $module => @handles );

Has C<$module.release(\@handles)> called with some later call. Costs nothing now, and never fails.

=head2 token

Identifies the connection that handles are made on. Handles are good as long as it is the current one.

=head2 is_current

    $link->is_current($token)

Whether the connection of this token is there and belongs to this process and thread.

=head2 is_plain

Whether results come as JSON, which has no bytes and marks them.

=head2 callback

    my $callback = $link->callback( sub { ... } );

What to send as an argument, for the daemon to call during a call.

=cut
