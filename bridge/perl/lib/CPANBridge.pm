package CPANBridge;

use 5.014;
use strict;
use warnings;

use Carp ();
use Scalar::Util ();
use Time::HiRes ();

use CPANBridge::Bytes;
use CPANBridge::Connection;
use CPANBridge::Error;
use CPANBridge::JSON;
use CPANBridge::Object;
use CPANBridge::Proxy;

our $VERSION = '0.1.0';

our $DEFAULT_SOCKET = '/tmp/cpan_bridge.sock';

# A program may set this one, or look at it. As long as it is what it was at first, the environment decides.
our $DAEMON_SOCKET;
my $first_socket = defined $ENV{CPAN_BRIDGE_SOCKET} && length $ENV{CPAN_BRIDGE_SOCKET} ? $ENV{CPAN_BRIDGE_SOCKET} : $DEFAULT_SOCKET;
$DAEMON_SOCKET = $first_socket if !defined $DAEMON_SOCKET;

$Carp::Internal{ (__PACKAGE__) }++;

# Refusals: the daemon promises that the function did not start.
my %REFUSAL = map { $_ => 1 } qw(Throttled ConnectionLimit Draining);

# Refusals after which this connection is of no further use.
my %CLOSING = map { $_ => 1 } qw(ConnectionLimit Draining);

# Objects of Python that were let go of are released with a later call: when there are so many, or so many seconds after
# the last time. Each release counts as a call, so it must not come with every one.
my ( $RELEASE_AT, $RELEASE_AFTER ) = ( 20, 5 );

# Seconds between attempts to reach a daemon that was there a moment ago: about five in all, a restart's time.
my @COMING_BACK = ( 0.1, 0.3, 0.6, 1, 1.5, 1.5 );

my %DEFAULT = ( timeout => 60, retries => 3, debug => 0, autostart => 0 );
my %KNOWN   = map { $_ => 1 } keys %DEFAULT, qw(socket twistd);

sub new {
    my ( $class, @args ) = @_;
    @args = %{ $args[0] } if @args == 1 && ref $args[0] eq 'HASH';
    Carp::croak('CPANBridge->new takes pairs of names and values') if @args % 2;
    my %args = @args;
    for my $name ( sort keys %args ) {
        Carp::carp("CPANBridge->new: there is no argument called '$name'; it is ignored") if !$KNOWN{$name};
    }
    my $self = bless { %DEFAULT, last_error => undef, serial => 0 }, $class;
    $self->{autostart} = $ENV{CPAN_BRIDGE_AUTOSTART} if $ENV{CPAN_BRIDGE_AUTOSTART};
    $self->{debug}     = $ENV{CPAN_BRIDGE_DEBUG}     if $ENV{CPAN_BRIDGE_DEBUG};
    for my $name ( keys %args ) {
        $self->{$name} = $args{$name} if $KNOWN{$name} && defined $args{$name};
    }
    $self->set_timeout( $self->{timeout} )->set_debug( $self->{debug} );
    Carp::croak("CPANBridge->new: retries must be 0 or a positive whole number, not '$self->{retries}'")
      if $self->{retries} !~ /\A[0-9]+\z/;
    ( my $program = $0 ) =~ s{.*/}{};
    $program = CPANBridge::JSON::encode( _text($program) );
    $self->{about} = qq(,"client_version":"$VERSION","perl_caller":$program);
    return $self;
}

# File names are bytes in no certain encoding.
sub _text { my $text = $_[0]; utf8::decode($text); return $text }

sub socket_path {
    my ($self) = @_;
    my $outer = $ENV{CPAN_BRIDGE_SOCKET};
    my $set;
    if ( defined $DAEMON_SOCKET ) {

        # Of two equal ones the program's own is taken: taint checks distrust the other.
        $set = $DAEMON_SOCKET if $DAEMON_SOCKET ne $first_socket || defined $outer && $DAEMON_SOCKET eq $outer;
    }
    for my $path ( $self->{socket}, $set, $outer ) {
        return $path if defined $path && length $path;
    }
    return $DEFAULT_SOCKET;
}

sub set_timeout {
    my ( $self, $seconds ) = @_;
    Carp::croak( 'The time-out must be a number of seconds above 0, not ' . ( defined $seconds ? "'$seconds'" : 'undef' ) )
      if !defined $seconds || !Scalar::Util::looks_like_number($seconds) || !( $seconds > 0 );
    $self->{timeout} = 0 + $seconds;
    return $self;
}

sub timeout { return $_[0]{timeout} }

sub set_debug { my ( $self, $level ) = @_; $self->{debug} = _level($level); return $self }

# Anything that is true but no number is 1.
sub _level { my ($level) = @_; return !$level ? 0 : Scalar::Util::looks_like_number($level) ? $level : 1 }

sub get_last_error { return $_[0]{last_error} }

# --- the interface for programs that have always used it ----------------------------------------------------------

sub call_python {
    my ( $self, $module, $function, $params ) = @_;
    Carp::croak('call_python needs the names of a module and a function') if !defined $module || !defined $function;
    my $line;
    my $answer = $self->_request( $module, $function, @_ > 3 ? \$params : undef, \$line );
    $self->{last_error} = $answer->{success} ? undef : "$answer->{error_type}: $answer->{error}";
    return $answer;
}

sub test_python_bridge {
    my ($self) = @_;
    my $answer = $self->call_python( 'test', 'ping', {} );
    return $answer->{success} && ref $answer->{result} eq 'HASH' && ( $answer->{result}{message} || '' ) eq 'pong' ? 1 : 0;
}

# --- the interface for new code -----------------------------------------------------------------------------------

sub call {
    my ( $self, $module, $function, @args ) = @_;
    Carp::croak('call needs the names of a module and a function') if !defined $module || !defined $function;
    my $params = @args == 1 && ref $args[0] eq 'HASH' ? $args[0] : \@args;
    return $self->_call( $module, $function, $params );
}

sub call_with {
    my ( $self, $module, $function, $args, $named ) = @_;
    Carp::croak('call_with needs the names of a module and a function') if !defined $module || !defined $function;
    $args  ||= [];
    $named ||= {};
    Carp::croak('call_with needs an array of positional and a hash of named arguments')
      if ref $args ne 'ARRAY' || ref $named ne 'HASH';
    return $self->_call( $module, $function, $args ) if !%$named;
    return $self->_call( $module, $function, $named ) if !@$args;
    return $self->_call( 'python', 'call', { module => $module, function => $function, args => $args, kwargs => $named } );
}

sub _call {
    my ( $self, $module, $function, $params ) = @_;
    my $line;
    local $self->{takes_subs} = 1;
    my $answer = $self->_request( $module, $function, \$params, \$line );
    if ( !$answer->{success} ) {
        $self->{last_error} = "$answer->{error_type}: $answer->{error}";
        CPANBridge::Error->throw( $answer, module => $module, function => $function, cause => delete $self->{cause} );
    }
    $self->{last_error} = undef;

    # Only an answer that has them is searched for objects and bytes.
    return $answer->{result} if index( $line, '"__object__"' ) < 0 && index( $line, '"__bytes__"' ) < 0;
    return $self->_inflate( $answer->{result} );
}

sub import_python {
    my ( $self, $module ) = @_;
    Carp::croak('import_python needs the name of a module') if !defined $module || !length $module;
    return CPANBridge::Proxy->_new( $self, $module );
}

# Turns what stands for objects and bytes into the objects of their Perl classes, in place.
sub _inflate {
    my ( $self, $value ) = @_;
    if ( ref $value eq 'ARRAY' ) {
        for my $item (@$value) { $item = $self->_inflate($item) if ref $item }
    }
    elsif ( ref $value eq 'HASH' ) {
        my $keys = keys %$value;
        if ( $keys == 1 && defined $value->{__bytes__} && !ref $value->{__bytes__} ) {
            return CPANBridge::Bytes->new( MIME::Base64::decode_base64( $value->{__bytes__} ) );
        }
        if ( $keys == 3 && defined $value->{__object__} && exists $value->{type} && exists $value->{repr} ) {
            return CPANBridge::Object->_new( $self, $self->{connection}, $value );
        }
        for my $item ( values %$value ) { $item = $self->_inflate($item) if ref $item }
    }
    return $value;
}

# --- one request and its answer -----------------------------------------------------------------------------------

# Takes a reference to the parameters (undef for none) and one that receives the answer's line; returns the answer.
sub _request {
    my ( $self, $module, $function, $params, $line ) = @_;

    # A signal handler that makes a call in the middle of a call has a connection of its own for it.
    local $self->{connection} if $self->{busy};
    local $self->{busy} = 1;

    my $deadline = CPANBridge::Connection::now() + $self->{timeout};
    my $retries  = $self->{retries};
    my $resends  = 3;
    my @pauses;
    my $kept = $self->{connection};
    @pauses = @COMING_BACK if $retries && $kept && $kept->is_ours && $kept->{fh};
    while (1) {
        my $answer = $self->_attempt( $module, $function, $params, $line, $deadline );
        my ( $unsent, $gone ) = delete @$answer{ 'unsent', 'gone' };
        return $answer if $answer->{success};
        my $type = $answer->{error_type};

        # A kept connection that had died already: nothing of the call can have reached the daemon.
        next if $unsent && $type eq 'ConnectionLost' && $resends-- > 0;

        my $wait;
        if ( $REFUSAL{$type} && defined $answer->{executed} && !$answer->{executed} ) {
            return $answer if $retries-- <= 0;
            $wait = $answer->{retry_after} || 1;
            @pauses = @COMING_BACK if $type eq 'Draining';
        }
        elsif ( $type eq 'ConnectionFailed' && $gone && @pauses ) {

            # The daemon was there a moment ago: it is being started anew.
            $wait = shift @pauses;
        }
        else {
            return $answer;
        }
        return $answer if CPANBridge::Connection::now() + $wait >= $deadline;
        $self->_debug("$type, trying again in ${wait}s") if $self->{debug};
        _sleep($wait);
    }
}

# Sleeps the whole time, signals or not.
sub _sleep {
    my $until = CPANBridge::Connection::now() + $_[0];
    while ( ( my $left = $until - CPANBridge::Connection::now() ) > 0 ) { Time::HiRes::sleep($left) }
    return;
}

sub _attempt {
    my ( $self, $module, $function, $params, $line, $deadline ) = @_;
    my $connection = $self->{connection};
    if ( !$connection || !$connection->is_ours || !$connection->is_usable ) {
        $connection = $self->_connect($deadline) or return delete $self->{refusal};
    }
    my $id = "$$-" . ++$self->{serial};
    my @subs;
    my $bytes = $self->{names}{$module}{$function};

    # The daemon is to give up a little earlier than we do: its answer "Timeout" then still finds us, and the connection
    # with its Python objects lives on.
    my $now  = CPANBridge::Connection::now();
    my $left = $deadline - $now;
    $left -= $left < 5 ? $left / 10 : 0.5;
    my $sendable = eval {
        local $SIG{__DIE__};
        local $CPANBridge::Object::CONNECTION = $connection;
        local $CPANBridge::JSON::CALLBACK = !$self->{takes_subs} ? undef : sub { push @subs, $_[0]; return qq({"__callback__":$#subs}) };
        $CPANBridge::Object::LOST = undef;
        if ( !defined $bytes ) {
            $bytes =
              '{"module":' . CPANBridge::JSON::encode("$module") . ',"function":' . CPANBridge::JSON::encode("$function");
            $self->{names} = {} if keys %{ $self->{names} } > 1000;
            $self->{names}{$module}{$function} = $bytes;
        }
        $bytes .= ',"params":' . CPANBridge::JSON::encode( $$params, '$params' ) if $params;
        1;
    };
    if ( !$sendable ) {
        my $why = $@;
        return _no( ObjectLost => $CPANBridge::Object::LOST ) if defined $CPANBridge::Object::LOST;
        die $why if !CPANBridge::JSON::is_fault($why);
        chomp $why;
        return _no( NotSendable => "Nothing was sent: $why." );
    }

    # Milliseconds as whole numbers: some locales have a decimal comma.
    my $milliseconds = $left > 0.001 ? int 1000 * $left : 1;
    $bytes .= sprintf ',"request_id":"%s","timeout":%d.%03d', $id, $milliseconds / 1000, $milliseconds % 1000;

    # Who is calling is said once on each connection.
    $bytes .= $self->{about} if !$connection->{introduced}++;
    $bytes .= "}\n";
    my @released = @{ $connection->{released} };
    $connection->{release_time} = $now if !defined $connection->{release_time};
    if ( @released >= $RELEASE_AT || @released && $now - $connection->{release_time} > $RELEASE_AFTER ) {
        $connection->{release_time} = $now;
        $connection->{released}     = [];
        $bytes = '{"module":"python","function":"release","params":[[' . join( ',', @released ) . ']]}' . "\n" . $bytes;
    }
    else { @released = () }
    $self->_debug("$id $module.$function") if $self->{debug};

    $$line = $connection->exchange( $bytes, $deadline );
    if ( defined $$line && @released && index( $$line, qq("$id") ) < 0 ) {

        # Only a refused release is worth another attempt.
        push @{ $connection->{released} }, @released if index( $$line, '"executed":false' ) >= 0;
        $$line = $connection->read_line($deadline);
    }
    my %died;
    while ( @subs && defined $$line && index( $$line, '{"call":' ) == 0 ) {
        my $said = $self->_called_back( $$line, \@subs, \%died );
        $$line = $connection->write( $said, $deadline ) ? $connection->read_line($deadline) : undef;
    }
    if ( !defined $$line ) {
        my ( $type, $message ) = @{ $connection->fault };
        my $unsent = $connection->{unsent};
        $self->_drop;
        my $answer = _no( $type => $unsent
            ? "$message. The call was not executed."
            : "$message. The call to $module.$function may have been executed." );
        $unsent ? $answer->{unsent} = 1 : delete $answer->{executed};
        return $answer;
    }
    my $answer = eval { local $SIG{__DIE__}; CPANBridge::JSON::decode($$line) };
    my $fault = $@;
    if ( ref $answer ne 'HASH' || !exists $answer->{success} ) {
        $self->_drop;
        die $fault if length $fault && !CPANBridge::JSON::is_fault($fault);
        chomp $fault;
        $fault = 'it is no answer' if !$fault;
        return _bad_answer("What the daemon answered cannot be understood: $fault.");
    }
    my $said = $answer->{request_id};
    if ( defined $said ? $said ne $id : $answer->{success} ) {
        $self->_drop;
        $said = 'none' if !defined $said;
        return _bad_answer("The answer is to another request ($said instead of $id); the connection was closed.");
    }
    $connection->done;
    $self->_drop if !$answer->{success} && ( !defined $said || $CLOSING{ $answer->{error_type} || '' } );
    for my $word ( 'success', 'executed' ) { $answer->{$word} = $answer->{$word} ? 1 : 0 if defined $answer->{$word} }
    $self->{cause} = @subs && defined $answer->{died} ? $died{ $answer->{died} } : undef;
    $answer->{error_type} = 'InternalError' if !$answer->{success} && !defined $answer->{error_type};
    $answer->{error}      = 'no reason given' if !$answer->{success} && !defined $answer->{error};
    if ( $self->{debug} ) {

        # An error's sentence may quote what was sent, so it is not for level 1.
        my $how = $answer->{success} ? 'ok' : $answer->{error_type};
        $how .= ": $answer->{error}" if !$answer->{success} && $self->{debug} > 1;
        $self->_debug("$id $how, " . length($$line) . ' bytes');
    }
    return $answer;
}

# Python calls a sub: runs it, and returns the line that says what it returned. It may make calls, too: like those of a
# signal handler they have a connection of their own.
sub _called_back {
    my ( $self, $line, $subs, $died ) = @_;
    my $asked = eval { local $SIG{__DIE__}; CPANBridge::JSON::decode($line) } || {};
    my ( $number, $code ) = ( $asked->{call} || 0, $subs->[ $asked->{callback} || 0 ] );
    my $said = eval {
        local $_;
        my $value = $code->( @{ $self->_inflate( $asked->{args} ) } );
        local $SIG{__DIE__};
        '"return":' . CPANBridge::JSON::encode( $value, 'what the sub returned' );
    };
    if ( !defined $said ) {
        my $why = $died->{$number} = $@;
        my $text = eval {"$why"};
        $said = '"die":' . CPANBridge::JSON::encode( defined $text ? $text : 'an object' );
    }
    return qq({"call":$number,$said}\n);
}

# Answers of the client's own: nothing was executed, unless the caller takes that back.
sub _no {
    my ( $type, $message ) = @_;
    return { success => 0, error_type => $type, error => $message, executed => 0 };
}

sub _bad_answer {
    my ($message) = @_;
    return { success => 0, error_type => 'BadAnswer', error => "$message The call may have been executed." };
}

# Opens this process's and thread's connection. After a failure the answer lies in {refusal}.
sub _connect {
    my ( $self, $deadline ) = @_;
    $self->_drop;
    my $path = $self->socket_path;
    my $connection = CPANBridge::Connection->new($path);
    my $open = $connection->open($deadline);
    if ( !$open && $self->{autostart} && $connection->{gone} ) {
        require CPANBridge::Autostart;
        my $why = CPANBridge::Autostart::start( $path, $self->{twistd}, $deadline );
        if ( defined $why ) {
            $self->{refusal} = _no( ConnectionFailed => "The daemon could not be started: $why" );
            return;
        }
        $open = $connection->open($deadline);
    }
    if ( !$open ) {
        my ( $type, $message ) = @{ $connection->fault };
        $self->{refusal} = _no( $type => $message );
        $self->{refusal}{gone} = 1 if $connection->{gone};
        return;
    }
    $self->_debug("connected to $path") if $self->{debug};
    return $self->{connection} = $connection;
}

sub _drop {
    my ($self) = @_;
    my $connection = delete $self->{connection} or return;
    $connection->close;
    return;
}

sub disconnect { my ($self) = @_; $self->_drop; return $self }

sub _debug {
    my ( $self, $text ) = @_;
    print {*STDERR} "CPANBridge[$$]: $text\n" if $self->{debug};
    return;
}

sub DESTROY { local ( $@, $!, $?, $^E ); delete $_[0]{connection}; return }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge - call Python from Perl, through the cpanbridge daemon

=head1 SYNOPSIS

    use CPANBridge;

    my $bridge = CPANBridge->new;

    # The result, or an exception that is an object.
    my $median = $bridge->call( 'statistics', 'median', [ 1, 5, 9 ] );

    # Objects of Python are used by their methods and attributes.
    my $datetime = $bridge->import_python('datetime');
    my $date     = $datetime->date( 2026, 11, 23 );
    print $date->isoformat, ' ', $date->year, "\n";
    my $later = $bridge->call( 'operator', 'add', $date, $datetime->timedelta( { days => 30 } ) );

    # The older interface: a hash, and never an exception for what the daemon says.
    my $answer = $bridge->call_python( 'statistics', 'median', [ [ 1, 5, 9 ] ] );
    print $answer->{success} ? $answer->{result} : "$answer->{error_type}: $answer->{error}";

=head1 DESCRIPTION

The daemon (C<twistd cpanbridge>) runs Python functions for Perl programs. This module is its client; it needs nothing
but Perl 5.14 and the modules that come with it.

An object keeps one connection for each process and thread that uses it, and opens another when that one has ended: the
daemon may be restarted, the program may fork. A call is sent a second time only where it is certain that the first was
not executed: the daemon said so, or the request did not reach it whole.

=head1 CONSTRUCTOR

=head2 new

    my $bridge = CPANBridge->new( timeout => 10, retries => 5 );

=over 4

=item socket

The daemon's socket. Otherwise C<$CPANBridge::DAEMON_SOCKET> if the program has changed it, else the environment variable
C<CPAN_BRIDGE_SOCKET>, else F</tmp/cpan_bridge.sock>.

=item timeout

Seconds that a call may take in all, connecting and trying again included; 60 unless told. The daemon is told, and gives
up a little earlier (half a second; of short time-outs a tenth), so that the connection outlives the call.

=item retries

How often a call that was I<refused> (see L</"KINDS OF FAILURE">) is tried again, each time after the pause that the
daemon asked for; 3 unless told, 0 for never. Refused calls were not executed, so this is always safe. A daemon that was
there a moment ago is given about five seconds to be restarted, unless this is 0.

=item autostart

True: start the daemon if none listens on the socket. Also the environment variable C<CPAN_BRIDGE_AUTOSTART>.

=item twistd

The program that C<autostart> runs; otherwise C<CPAN_BRIDGE_TWISTD>, else F<twistd> in C<PATH>.

=item debug

1: say on standard error what is called and how it ends. 2: with the sentences of errors, which may quote what was sent.
Parameters and results themselves are never printed. Also C<CPAN_BRIDGE_DEBUG>.

=back

An argument of another name is ignored with a warning. Croaks where a value makes no sense.

=head1 METHODS

=head2 call

    my $result = $bridge->call( $module, $function, @arguments );
    my $result = $bridge->call( $module, $function, { name => $value, ... } );

Calls a function and returns its result, or throws a L<CPANBridge::Error>. A single argument that is a plain hash holds
named arguments; anything else is a list of positional ones, hashes among several arguments included. To pass a single
hash as a positional argument, or both kinds together, use C<call_with>.

The function may be one of a bridge module (C<< cpanbridge modules >> lists them) or of a Python module that the daemon's
configuration allows; C<date.fromisoformat> names a method of a class.

An argument may be a reference to a sub, where the function takes one to call back (C<call_python> sends none):

    $bridge->call( 'stock', 'each_item', sub { my ( $item, $price ) = @_; print "$item $price\n"; return 1 } );

The sub is called in scalar context, while the call lasts; its time counts as the call's. What it returns is what
parameters can be. Where it dies, Python sees an exception; if that ends the call, the error's C<cause> is what the sub
died with. Calls that the sub makes have a connection of their own, so objects of Python cannot be used in them.

=head2 call_with

    my $result = $bridge->call_with( $module, $function, [ @positional ], { %named } );

    my $json = $bridge->call_with( 'json', 'dumps', [ { a => 1 } ], { indent => 2 } );

Calls a function with positional arguments and named ones; either may be left out. Functions of bridge modules take one
kind or the other, those of Python modules both.

=head2 call_python

    my $answer = $bridge->call_python( $module, $function, $params );

Calls a function and returns a hash:

    { success => 1, result => ... }
    { success => 0, error => 'a sentence', error_type => 'Throttled', retry_after => 0.8, ... }

C<success> is 1 or 0; after a failure C<executed> is 0 where the function certainly did not start. The other fields are
those of the answer (F<docs/protocol.md>).

C<$params> is sent as it is: a hash for named arguments, an array for positional ones, anything else for one argument.
Objects and bytes in the result stay plain hashes (C<< { __object__ => 1, type => ..., repr => ... } >>, C<< { __bytes__
=> $base64 } >>). It dies for nothing that the daemon or the connection does.

=head2 import_python

    my $statistics = $bridge->import_python('statistics');
    print $statistics->median( [ 1, 5, 9 ] );

Returns an object whose methods are the functions of a Python module, each called as C<call> would. C<< ->can($name) >>
tells whether there is such a function. Throws a L<CPANBridge::Error> where the module does not exist or is not allowed.

=head2 test_python_bridge

True if the daemon answers.

=head2 get_last_error

What went wrong with the last call, as a string; C<undef> after one that succeeded.

=head2 set_timeout

    $bridge->set_timeout(5);

Sets the seconds that each call may take from now on; croaks if they are not above 0. Returns the object.

=head2 timeout

Returns them.

=head2 set_debug

    $bridge->set_debug(1);

Sets what is said on standard error, see L</new>. Returns the object.

=head2 socket_path

The socket that the next connection is made to.

=head2 disconnect

Closes the connection; Python objects that came over it are gone. The next call opens another.

=head1 DATA

=over 4

=item Strings are characters

Perl's strings are sent and come back as characters. Decode what you read (C<< open my $f, '<:encoding(UTF-8)' >>) and
encode what you print, as always. Nothing is encoded twice.

=item Bytes are wrapped

Python's C<bytes> come as L<CPANBridge::Bytes> objects and are sent by wrapping a string in one.

=item Numbers, strings and booleans keep their kind

C<"0123"> is a string and stays one, C<0 + $x> is a number, C<\1> and C<\0> are true and false; see L<CPANBridge::JSON>.
Booleans come back as C<JSON::PP::Boolean> objects, which are 1 and 0 wherever a number or a truth is wanted.

=item Other values are objects

What JSON cannot carry stays in Python and comes as a L<CPANBridge::Object>.

=back

=head1 KINDS OF FAILURE

C<error_type> is one of the daemon's words (F<docs/protocol.md> describes them): C<BadRequest>, C<RequestTooLarge>,
C<UnknownModule>, C<UnknownFunction>, C<Forbidden>, C<BadParams>, C<FunctionError>, C<Timeout>, C<ResultTooLarge>,
C<NotSerializable>, C<InternalError>; the refusals C<Throttled>, C<ConnectionLimit> and C<Draining>, after which the
function has certainly not been executed; or one of the client's own:

=over 4

=item ConnectionFailed

No daemon could be reached; nothing was sent.

=item ConnectionLost

The connection ended before the answer. The message says whether the call may have been executed.

=item ClientTimeout

Time was up before the answer. The call may have been executed.

=item BadAnswer

What came back was no answer to this call.

=item NotSendable

The parameters hold something that JSON cannot carry; the message names the place. Nothing was sent.

=item ObjectLost

A parameter is a Python object of a connection that has ended. Nothing was sent.

=back

=head1 ENVIRONMENT

C<CPAN_BRIDGE_SOCKET>, C<CPAN_BRIDGE_AUTOSTART>, C<CPAN_BRIDGE_TWISTD>, C<CPAN_BRIDGE_DEBUG> (see L</new>), and
C<CPAN_BRIDGE_JSON> (see L<CPANBridge::JSON/backend>).

Under taint checks (C<perl -T>) a socket named by the environment is used only if it belongs to root or to the program's
effective user, and one of the two listens there; else a call fails with C<ConnectionFailed>. A program that is to use
another user's daemon names its socket itself, in C<$CPANBridge::DAEMON_SOCKET> or with C<< socket => >>.

=head1 FORK, THREADS, SIGNALS

After a C<fork> or in a new thread an object works as before, over a connection of its own. Python objects belong to the
process and thread that made them. A signal handler may C<die> out of a call; the connection is then given up, so that
the late answer is never taken for another's. A handler may also make a call itself: it has a connection of its own.
C<SIGPIPE> never comes from here, and no signal cuts a time-out short or makes it longer.

=head1 LIMITS

A request may have 10 MiB and a result 16 MiB, unless the daemon is set otherwise; data may be 512 levels deep.

=head1 SEE ALSO

L<CPANBridge::Error>, L<CPANBridge::Object>, L<CPANBridge::Bytes>

=cut
