package CPANBridge::Compat::Link;

use 5.014;
use strict;
use warnings;

use Carp ();
use MIME::Base64 ();
use Scalar::Util ();
use Socket ();

use CPANBridge;
use CPANBridge::Bytes;
use CPANBridge::Connection;
use CPANBridge::Error;
use CPANBridge::JSON;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# Seconds that a call may take, and how often one is repeated that was refused and so was not executed.
my ( $TIMEOUT, $RETRIES ) = ( 300, 20 );

# Requests that are sent ahead are followed by one that is answered, so that it is known how far they are: when there are
# so many since the last such one, or so many bytes. Two such answers may be outstanding.
my ( $AHEAD, $AHEAD_BYTES ) = ( 32, 1 << 17 );

# Handles that were let go of are released with a later call: when there are so many, or so many seconds after the last
# time. Each release counts as a call, so it must not come with every one.
my ( $RELEASE_AT, $RELEASE_AFTER ) = ( 20, 5 );

# The part of the socket's buffer that the answer to a call made ahead may take, and the least that is worth it.
my ( $ROOM, $LEAST_ROOM ) = ( 0.5, 1 << 14 );

# Subs that Python called may make calls that call back in turn; the daemon's bound is the same.
my $MAX_DEPTH = 16;

# Seconds between attempts to reach a daemon that was there a moment ago.
my @COMING_BACK = ( 0.1, 0.3, 0.6, 1, 1.5, 1.5 );

# How a request says that its call may take all of this.
my $WHOLE_TIMEOUT = sprintf ',"timeout":%.1f', $TIMEOUT - 0.5;

# Thrown where a call is to be made on a connection that is not there any more.
my $GONE = bless [], 'CPANBridge::Compat::Link::Gone';

# The request that asks for nothing: no limit holds it back, and its answer says what the daemon knows.
my $NOTHING = '"module":"system","function":"info"';

my ( $link, $can_thaw );

# --- the connection ---------------------------------------------------------------------------------------------------

sub get {
    my ($class) = @_;
    $link ||= bless {}, $class;
    $link->_mine;
    return $link if $link->{busy} || $link->_is_open;
    local $link->{busy} = 1;
    $link->_ready( CPANBridge::Connection::now() + $TIMEOUT );
    return $link;
}

# After a fork, or in a new thread, there is nothing left of what was: it belongs to the other one.
sub _mine {
    my ($self) = @_;
    return 1 if defined $self->{pid} && $self->{pid} == $$ && $self->{thread} == $CPANBridge::Connection::THREAD;
    my $generation = $self->{generation} || 0;
    %$self = (
        pid        => $$,
        thread     => $CPANBridge::Connection::THREAD,
        generation => $generation,
        bridge     => CPANBridge->new( timeout => $TIMEOUT ),
        serial     => 0,
        depth      => 0,     # subs that Python has called and that have not returned
        busy       => 0,     # a call is being made: another one now is a signal handler's
        groups     => {},    # numbers of modules
        errors     => {},    # by group: what is to be thrown
    );
    $self->_forget;
    return 0;
}

sub _forget {
    my ($self) = @_;
    my $connection = delete $self->{connection};
    $connection->close if $connection;
    $self->{sent}     = [];    # what is on its way: [id, group, module, function, file, line, text, parts]
    $self->{ahead}    = [ 0, 0 ];    # requests and bytes since the last barrier
    $self->{barriers} = 0;           # how many are out
    $self->{failed}   = {};          # by group: what failed of it, and what the daemon skipped after that
    $self->{resume}   = {};          # groups whose next request says that it knows
    $self->{released} = {};          # by module: handles
    $self->{releases} = {};          # by id: [module, handles] on their way
    $self->{early}    = {};          # answers to calls from further out
    $self->{died}     = {};          # by number of callback: what a sub died with
    $self->{calls}    = {};          # by id: calls made ahead, as { entry, arguments, answer, unwanted }
    $self->{awaited}  = 0;           # how many of them are not answered
    return;
}

# A connection is good if no call on it was left in its middle, by a die or a jump out of it.
sub _is_open {
    my ($self) = @_;
    my $connection = $self->{connection} or return 0;
    return 0 if $connection->{open} != $self->{depth};
    return $connection->is_open if @{ $self->{sent} } || $self->{awaited} || %{ $self->{releases} } || $self->{depth};
    return $connection->is_usable;
}

sub _ready {
    my ( $self, $deadline ) = @_;
    return if $self->_is_open;
    my @pauses = $self->{connection} ? @COMING_BACK : ();
    $self->_lose( _unsure('The connection to the daemon has ended') );
    my $bridge  = $self->{bridge};
    my $retries = $RETRIES;
    while (1) {
        my $wait;
        my $connection = $bridge->_connect($deadline);
        my $answer     = $connection ? $self->_greet( $connection, $deadline ) : delete $bridge->{refusal};
        if ( $answer->{success} ) {
            delete $bridge->{connection};
            $connection->{open}  = $self->{depth};
            $connection->{token} = join '.', $$, $self->{thread}, ++$self->{generation};
            $self->{connection}  = $connection;
            return;
        }
        $wait = delete $answer->{gone} ? shift @pauses : $answer->{retry_after};
        if ( !defined $wait || !$retries-- || CPANBridge::Connection::now() + $wait >= $deadline ) {
            CPANBridge::Error->throw( $answer, module => 'system', function => 'info' );
        }
        CPANBridge::_sleep($wait);
    }
}

# Finds out what the daemon knows: one that can answer in Storable's form knows all of this.
sub _greet {
    my ( $self, $connection, $deadline ) = @_;
    my $line = $connection->exchange( "{$NOTHING,\"accept\":\"storable\",\"request_id\":\"hello\"$self->{bridge}{about}}\n", $deadline );
    return _no( @{ $connection->fault } ) if !defined $line;
    $self->{knows} = $line =~ /\A\{"success":true,"storable":([0-9]+)/ ? 1 : 0;
    if ( $self->{knows} ) {
        defined $connection->read_bytes( $1, $deadline ) or return _no( @{ $connection->fault } );
        $connection->done;
        $self->{storable} = _can_thaw() && _is_trusted($connection);
        return { success => 1 };
    }
    $connection->done;
    $self->{storable} = 0;
    return _decoded($line) || _unsure( 'What the daemon answered cannot be understood', 'BadAnswer' );
}

# Whether this perl's Storable reads what the daemon writes without ever making an object of it, 64 bits and all.
sub _can_thaw {
    return $can_thaw if defined $can_thaw;
    local ( $@, $SIG{__DIE__} );
    my $seen = eval {
        require Storable;
        my $bytes = "\5\7" . pack 'CNCqCd', 2, 2, 6, -1_234_567_890_123_456_789, 7, 0.1;
        Storable->can('BLESS_OK') && Storable::mretrieve( $bytes, 0 );
    };
    return $can_thaw = $seen && $seen->[0] == -1_234_567_890_123_456_789 && $seen->[1] == 0.1 ? 1 : 0;
}

# Storable was not made for data from strangers: whoever listens must be root, this user, or the owner of a directory that
# others cannot write into.
sub _is_trusted {
    my ($connection) = @_;
    my $uid = $connection->peer_uid;
    return 0 if !defined $uid;
    return 1 if $uid == 0 || $uid == $>;
    ( my $directory = $connection->{path} ) =~ s{[^/]+\z}{};
    my @stat = stat( length $directory ? $directory : '.' ) or return 0;
    return $stat[2] & 002 ? 0 : $stat[4] == 0 || $stat[4] == $> || $stat[4] == $uid ? 1 : 0;
}

# Gives the connection up; what was on its way is nobody knows where.
sub _lose {
    my ( $self, $answer ) = @_;
    for my $entry ( @{ $self->{sent} } ) { $self->_note( $entry, $answer ) if defined $entry->[1] }
    $self->_forget;
    return;
}

sub is_plain { return $_[0]{storable} ? 0 : 1 }

sub token {
    my ($self) = @_;
    return $self->_mine && $self->{connection} ? $self->{connection}{token} : '';
}

sub is_current {
    my ( $self, $token ) = @_;
    return $self->_mine && $self->{connection} && $self->{connection}{token} eq $token && ( $self->{busy} || $self->_is_open ) ? 1 : 0;
}

# --- calls ------------------------------------------------------------------------------------------------------------

sub call {
    my ( $self, $module, $function, $arguments, $token ) = @_;
    my $connection = $self->{connection};
    my $waits = $connection && $self->_is_at_rest($connection) && ( !defined $token || $connection->{token} eq $token );
    if ( !$waits ) {
        $self->_mine;
        die $GONE if defined $token && !( $self->{connection} && $self->{connection}{token} eq $token );
        return $self->_aside( $module, $function, $arguments ) if $self->{busy};
    }
    my $group = $self->{groups}{$module};
    $group = $self->_group($module) if !defined $group;
    $self->_throw($group) if $self->{errors}{$group};
    local $self->{busy} = 1;
    my $deadline = CPANBridge::Connection::now() + $TIMEOUT;
    my $timeout  = $WHOLE_TIMEOUT;
    if ( !( $waits ? $connection->is_usable : $self->_is_open ) ) {
        die $GONE if defined $token;
        $self->_ready($deadline);
        $self->_throw($group) if $self->{errors}{$group};
        undef $timeout;
        $waits = 0;
    }
    my ( $text, $parts ) = $self->_spell( $module, $function, $arguments );
    my $entry = [ undef, $group, $module, $function, undef, undef, $text, $parts ];
    my $answer;
    if ($waits) {
        my $id = $entry->[0] = ++$self->{serial};
        $connection->{open}++;
        my $bytes = _request( $entry, qq(,"accept":"storable"$timeout) );
        $bytes = $self->_releases . $bytes if %{ $self->{released} };
        if ( $connection->write( $bytes, $deadline ) ) {
            my $found = $connection->read_answer( $id, $deadline );
            if ( defined $found ) {
                my $data = _thawed($found);
                if ($data) {
                    $connection->{open}--;
                    $self->{releases} = {};
                    return ref $data eq 'SCALAR' ? $$data : $data;
                }
                $answer = $self->_broken( BadAnswer => 'What the daemon answered cannot be understood' );
            }
            else { $answer = $self->_wait_for( $id, $deadline ) }
        }
        else { $answer = $self->_broken }
        $connection->{open}-- if $self->{connection} && $self->{connection} == $connection;
    }
    $answer = $self->_perform( $entry, $deadline, $timeout, $answer );
    return $answer->{result} if $answer->{success};
    $self->_throw($group) if $answer->{skipped};
    CPANBridge::Error->throw( $answer, module => $module, function => $function, $self->_cause($answer) );
}

# Whether nothing is on its way, and nothing has failed: what nearly every call finds, and what makes it a short one.
sub _is_at_rest {
    my ( $self, $connection ) = @_;
    return
         !$self->{busy}
      && $self->{storable}
      && !@{ $self->{sent} }
      && !$self->{awaited}
      && !$connection->{open}
      && !%{ $self->{releases} }
      && !%{ $self->{errors} }
      && !%{ $self->{failed} }
      && !%{ $self->{resume} }
      && $self->{pid} == $$
      && $self->{thread} == $CPANBridge::Connection::THREAD;
}

# Whether an error says that the connection of a token is not there any more.
sub is_gone { return ref $_[0] eq ref $GONE }

sub text { my ( undef, $text ) = @_; return bless \$text, 'CPANBridge::Compat::Link::Text' }

# The value that a sub died with, where that is why a call failed.
sub _cause {
    my ( $self, $answer ) = @_;
    return defined $answer->{died} && exists $self->{died}{ $answer->{died} } ? ( cause => delete $self->{died}{ $answer->{died} } ) : ();
}

# Sends a request and waits for its answer; again when it was refused. $timeout is spelled already where it is known, and
# $answer is there already where the request was sent once.
sub _perform {
    my ( $self, $entry, $deadline, $timeout, $answer ) = @_;
    my ( $group, $module, $function ) = @$entry[ 1 .. 3 ];
    my $retries = $RETRIES;
    while (1) {

        # After a failure of something that was sent to the module before, it must not be executed.
        my $depends = $self->{resume}{$group} || @{ $self->{sent} } && grep { defined $_->[1] && $_->[1] == $group } @{ $self->{sent} };
        $answer ||= $self->_attempt( $entry, $deadline, $timeout, $depends );
        undef $timeout;
        return $answer if $answer->{success} && !%{ $self->{failed} };
        my $skipped = delete $answer->{failed_request};
        $self->{resume}{$group} = 1 if !$answer->{success} && $depends && $self->{connection};
        $self->_recover($deadline) if %{ $self->{failed} };
        return $answer if $answer->{success};
        if ( defined $skipped ) {
            return { skipped => 1 } if $self->{errors}{$group};
            undef $answer;
            next;
        }
        return $answer if !_is_refusal($answer) || !$retries--;
        my $wait = $answer->{retry_after} || 1;
        return $answer if CPANBridge::Connection::now() + $wait >= $deadline;
        CPANBridge::_sleep($wait);
        $self->_ready($deadline) if !$self->{depth};
        return $answer if !$self->{connection};
        undef $answer;
    }
}

sub _attempt {
    my ( $self, $entry, $deadline, $timeout, $depends ) = @_;
    my $connection = $self->{connection};
    my $id = $entry->[0] = ++$self->{serial};
    my $more = $self->{storable} ? ',"accept":"storable"' : '';
    $more .= $self->_grouped( $entry->[1] ) if $depends;
    if ( !defined $timeout ) {
        my $left = $deadline - CPANBridge::Connection::now() - 0.5;
        $left = 0.001 if $left < 0.001;
        $timeout = sprintf ',"timeout":%d.%03d', int $left, ( $left - int $left ) * 1000;
    }
    $connection->{open}++;
    my $bytes = _request( $entry, $more . $timeout );
    $bytes = $self->_releases . $bytes if %{ $self->{released} };
    my $answer = $connection->write( $bytes, $deadline ) ? $self->_wait_for( $id, $deadline ) : $self->_broken;
    $connection->{open}-- if $self->{connection} && $self->{connection} == $connection;
    return $answer;
}

sub _is_refusal { my ($answer) = @_; return defined $answer->{executed} && !$answer->{executed} && defined $answer->{retry_after} }

sub send {
    my ( $self, $module, $function, $arguments ) = @_;
    $self->_mine;
    if ( $self->{busy} ) { $self->_aside( $module, $function, $arguments ); return }
    my $group = $self->{groups}{$module};
    $group = $self->_group($module) if !defined $group;
    return if $self->{errors}{$group};
    local $self->{busy} = 1;
    my $deadline = CPANBridge::Connection::now() + $TIMEOUT;
    my $sent     = $self->{sent};

    # While others are on their way it would be too late for another connection.
    if ( !@$sent || $self->{connection}{open} != $self->{depth} ) {
        $self->_ready($deadline);
        return if $self->{errors}{$group};
        $sent = $self->{sent};
    }
    my ( $text, $parts ) = $self->_spell( $module, $function, $arguments );
    my $entry = [ undef, $group, $module, $function, _place(), $text, $parts ];

    if ( !$self->{knows} ) {
        my $answer = $self->_perform( $entry, $deadline );
        $self->_note( $entry, $answer ) if !$answer->{success};
        return;
    }
    $entry->[0] = ++$self->{serial};
    my $bytes = _request( $entry, %{ $self->{resume} } ? ',"void":true' . $self->_grouped($group) : qq(,"void":true,"group":$group) );
    $bytes = $self->_releases . $bytes if %{ $self->{released} };
    my $ahead = $self->{ahead};
    push @$sent, $entry;
    $ahead->[0]++;
    $ahead->[1] += length $bytes;
    $bytes .= $self->_barrier if $ahead->[0] >= $AHEAD || $ahead->[1] >= $AHEAD_BYTES;
    my $connection = $self->{connection};
    $connection->{open}++;
    my $fault = $self->_write( $bytes, $deadline );
    while ( !$fault && ( $self->{barriers} > 1 || %{ $self->{failed} } ) ) {
        if ( %{ $self->{failed} } ) { $self->_settle($deadline); last }
        $fault = $self->_resolve( $self->_next( $deadline ) );
    }
    $connection->{open}-- if $self->{connection} && $self->{connection} == $connection;
    return;
}

# --- calls whose answer is fetched later ------------------------------------------------------------------------------

# One at a time: what the daemon answers must fit into the socket's buffer, or the daemon takes a program that does
# something else meanwhile for one that has ceased to read.
sub ahead {
    my ( $self, $module, $function, $arguments ) = @_;
    return if !$self->_mine || $self->{busy} || $self->{depth} || !$self->{storable} || $self->{awaited};
    my $connection = $self->{connection};
    return if !$connection || $connection->{open} || @{ $self->{sent} } || %{ $self->{errors} };
    local $self->{busy} = 1;
    my ( $text, $parts ) = $self->_spell( $module, $function, $arguments );
    my $id = ++$self->{serial};
    my $entry = [ $id, undef, $module, $function, undef, undef, $text, $parts ];
    $self->{calls}{$id} = { entry => $entry, arguments => $arguments };
    $self->{awaited}++;
    $connection->{open}++;
    my $fault = $self->_write( _request( $entry, qq(,"accept":"storable","timeout":$TIMEOUT) ), CPANBridge::Connection::now() + $TIMEOUT );
    $connection->{open}--;
    return $fault ? undef : $id;
}

sub collect {
    my ( $self, $id ) = @_;
    my $call = $self->_mine && $self->{calls}{$id};
    my ( undef, undef, $module, $function ) = @{ $call ? $call->{entry} : [] };
    if ( !$call ) { CPANBridge::Error->throw( _unsure('The connection to the daemon has ended') ) }
    if ( $self->{busy} && !$call->{answer} ) {
        CPANBridge::Error->throw( _no(
            BadParams => 'What was asked for ahead cannot be taken in a signal handler that has interrupted another call' ) );
    }
    my $answer = $call->{answer} || $self->_answer_of( $call, CPANBridge::Connection::now() + $TIMEOUT );
    delete $self->{calls}{$id};
    return $answer->{result} if $answer->{success};
    return $self->call( $module, $function, $call->{arguments} ) if _is_refusal($answer);
    CPANBridge::Error->throw( $answer, module => $module, function => $function, $self->_cause($answer) );
}

sub _answer_of {
    my ( $self, $call, $deadline ) = @_;
    local $self->{busy} = 1;
    my $connection = $self->{connection};
    my $fault;
    $connection->{open}++;
    $fault = $self->_resolve( $self->_next($deadline) ) while !$fault && !$call->{answer};
    $connection->{open}-- if $self->{connection} && $self->{connection} == $connection;
    return $fault || $call->{answer};
}

sub drop {
    my ( $self, $id ) = @_;
    my $call = $self->_mine && $self->{calls}{$id} or return;
    if   ( $call->{answer} ) { delete $self->{calls}{$id} }
    else                     { $call->{unwanted} = 1 }
    return;
}

# About how many bytes the answer to a call made ahead may have; 0: there should be none.
sub room {
    my ($self) = @_;
    my $connection = $self->_mine && $self->{storable} && $self->{connection} or return 0;
    return $connection->{room} if defined $connection->{room};
    my $buffer = unpack 'i', getsockopt( $connection->{fh}, Socket::SOL_SOCKET(), Socket::SO_SNDBUF() ) || "\0" x 8;
    my $room = int $buffer * $ROOM;
    return $connection->{room} = $room < $LEAST_ROOM ? 0 : $room;
}

sub flush {
    my ($self) = @_;
    return if !$self->_mine || $self->{busy};
    {
        local $self->{busy} = 1;
        my $deadline = CPANBridge::Connection::now() + $TIMEOUT;
        my $connection = $self->{connection};
        if ( $connection && @{ $self->{sent} } ) {
            if ( $self->_is_open ) {
                $connection->{open}++;
                $self->_settle($deadline);
                $connection->{open}-- if $self->{connection} && $self->{connection} == $connection;
            }
            else { $self->_lose( _unsure('The connection to the daemon has ended') ) }
        }
    }
    my ($first) = sort { $self->{errors}{$a}{order} <=> $self->{errors}{$b}{order} } keys %{ $self->{errors} };
    $self->_throw($first) if defined $first;
    return;
}

sub release {
    my ( $self, $module, @handles ) = @_;
    push @{ $self->{released}{$module} }, @handles if $self->_mine && $self->{connection};
    return;
}

sub callback { my ( $self, $code ) = @_; return CPANBridge::Compat::Link::Callback->_new($code) }

# A call from a signal handler in the middle of another one has a connection of its own.
sub _aside {
    my ( $self, $module, $function, $arguments ) = @_;
    $arguments = CPANBridge::JSON::decode($$arguments) if ref $arguments eq 'CPANBridge::Compat::Link::Text';
    my $aside = $self->{aside} ||= CPANBridge->new( timeout => $TIMEOUT, retries => $RETRIES );
    return _plain( $aside->_call( $module, $function, $arguments ) );
}

# --- requests ---------------------------------------------------------------------------------------------------------

sub _group {
    my ( $self, $module ) = @_;
    my $groups = $self->{groups};
    return $groups->{$module} if defined $groups->{$module};
    return $groups->{$module} = keys(%$groups) % 256;
}

sub _grouped {
    my ( $self, $group ) = @_;
    return qq(,"group":$group) . ( delete $self->{resume}{$group} ? ',"resume":true' : '' );
}

# What a request says of function and arguments, and the parts that follow it.
sub _spell {
    my ( $self, $module, $function, $arguments ) = @_;
    my ( $text, @parts );
    if ( ref $arguments eq 'CPANBridge::Compat::Link::Text' and $text = $self->{names}{$module}{$function} ) {
        return qq($text,"params":$$arguments);
    }
    my $sendable = eval {
        local $SIG{__DIE__};
        local $CPANBridge::Bytes::PARTS = $self->{knows} ? \@parts : undef;
        $text = $self->{names}{$module}{$function} ||=
          '"module":' . CPANBridge::JSON::encode("$module") . ',"function":' . CPANBridge::JSON::encode("$function");
        $text .= ',"params":' . ( ref $arguments eq 'CPANBridge::Compat::Link::Text' ? $$arguments : CPANBridge::JSON::encode( $arguments, '$arguments' ) )
          if defined $arguments;
        1;
    };
    if ( !$sendable ) {
        my $why = $@;
        die $why if !CPANBridge::JSON::is_fault($why);
        chomp $why;
        CPANBridge::Error->throw( _no( NotSendable => "Nothing was sent: $why." ), module => $module, function => $function );
    }
    return ( $text, @parts ? \@parts : undef );
}

sub _request {
    my ( $entry, $more ) = @_;
    my ( $id, $text, $parts ) = @$entry[ 0, 6, 7 ];
    return qq({$text,"request_id":"$id"$more}\n) if !$parts;
    return '{"parts":[' . join( ',', map {length} @$parts ) . qq(],$text,"request_id":"$id"$more}\n) . join '', @$parts;
}

sub _barrier {
    my ($self) = @_;
    my $id = ++$self->{serial};
    push @{ $self->{sent} }, [$id];
    $self->{ahead} = [ 0, 0 ];
    $self->{barriers}++;
    return qq({$NOTHING,"request_id":"$id"}\n);
}

# The requests that release handles, when their time has come.
sub _releases {
    my ($self) = @_;
    my $released = $self->{released};
    return '' if !%$released;
    my $now   = CPANBridge::Connection::now();
    my $since = $self->{release_time} ||= $now;
    my $count = 0;
    $count += @$_ for values %$released;
    return '' if $count < $RELEASE_AT && $now - $since < $RELEASE_AFTER;
    $self->{release_time} = $now;
    $self->{released}     = {};
    my $bytes = '';
    for my $module ( sort keys %$released ) {
        my $id = ++$self->{serial};
        my ($text) = $self->_spell( $module, 'release', [ $released->{$module} ] );
        $self->{releases}{$id} = [ $module, $released->{$module} ];
        $bytes .= qq({$text,"request_id":"$id") . ( $self->{knows} ? ',"void":true' : '' ) . "}\n";
    }
    return $bytes;
}

# The program's file and line.
sub _place {
    my $level = 0;
    my ( $package, $file, $line );
    do { ( $package, $file, $line ) = caller $level++ } while defined $package && $Carp::Internal{$package};
    return ( $file, $line );
}

# Returns nothing, or the answer that says why it could not be sent.
sub _write {
    my ( $self, $bytes, $deadline ) = @_;
    my $connection = $self->{connection};
    return if $connection->write( $bytes, $deadline );
    return $self->_broken;
}

sub _broken {
    my ( $self, $type, $message ) = @_;
    my $connection = $self->{connection};
    ( $type, $message ) = @{ $connection->fault } if !defined $type;
    my $unsent = $connection->{unsent};
    my $answer = _unsure( $message, $type );
    $self->_lose($answer);
    return $unsent && $type eq 'ConnectionLost' ? _no( $type => "$message. The call was not executed." ) : $answer;
}

# --- answers ----------------------------------------------------------------------------------------------------------

# The next answer, or the call of a sub. After a failure the connection is gone, and it is an answer without an id.
sub _next {
    my ( $self, $deadline ) = @_;
    my $connection = $self->{connection} or return _unsure('The connection to the daemon has ended');
    my $line = $connection->read_line($deadline);
    return $self->_broken if !defined $line;
    if ( $line =~ /\A\{"(?:success":true|call":([0-9]+),"callback":([0-9]+)),"storable":([0-9]+)(?:,"request_id":"([^"]*)")?\}\z/ ) {
        my ( $call, $callback, $length, $id ) = ( $1, $2, $3, $4 );
        my $bytes = $connection->read_bytes( $length, $deadline );
        return $self->_broken if !defined $bytes;
        my $data = _thawed($bytes) or return $self->_broken( BadAnswer => 'What the daemon answered cannot be understood' );
        return { call => $call, callback => $callback, args => $data } if defined $call;
        return { success => 1, request_id => $id, result => ref $data eq 'SCALAR' ? $$data : $data };
    }
    my $answer = _decoded($line);
    return $self->_broken( BadAnswer => 'What the daemon answered cannot be understood' ) if !$answer;
    my $plain = index( $line, '"__bytes__"' ) < 0;
    $answer->{result} = _plain( $answer->{result} ) if !$plain && ref $answer->{result};
    $answer->{args}   = _plain( $answer->{args} )   if !$plain && ref $answer->{args};
    return $answer;
}

# A signal handler may die in the middle of it, as that of an alarm does: then nothing is wrong with the answer, and the
# program hears of its own error. (thaw itself would put it into other words.)
sub _thawed {
    my ($bytes) = @_;
    my $data = eval { local $SIG{__DIE__} if $SIG{__DIE__}; Storable::mretrieve( $bytes, 0 ) };
    return $data if ref $data;
    my $why = $@;
    die $why if eval { local $SIG{__DIE__}; ref Storable::mretrieve( $bytes, 0 ) };
    return;
}

sub _decoded {
    my ($line) = @_;
    my $answer = eval { local $SIG{__DIE__}; CPANBridge::JSON::decode($line) };
    die $@ if !defined $answer && length $@ && !CPANBridge::JSON::is_fault($@);
    return if ref $answer ne 'HASH' || !exists $answer->{success} && !exists $answer->{call};
    for my $word ( 'success', 'executed' ) { $answer->{$word} = $answer->{$word} ? 1 : 0 if defined $answer->{$word} }
    return $answer;
}

sub _wait_for {
    my ( $self, $id, $deadline ) = @_;
    while (1) {
        my $answer = delete $self->{early}{$id} || $self->_next($deadline);
        if ( defined $answer->{call} ) {
            my $fault = $self->_called_back( $answer, $deadline );
            return $fault if $fault;
            next;
        }
        my $said = $answer->{request_id};
        if ( !defined $said ) {

            # Of the connection as a whole; the daemon closes it.
            $self->_lose($answer);
            return $answer;
        }
        if ( $said eq $id ) {

            # Whatever was sent before has been done.
            $self->_passed( scalar @{ $self->{sent} } );
            $self->{releases} = {} if !$self->{depth};
            return $answer;
        }
        my $fault = $self->_resolve($answer);
        return $fault if $fault;
    }
}

# Takes an answer that nobody waits for: to something sent, a barrier, a release, a call made ahead or from further out. Returns one
# that says why the connection has been given up.
sub _resolve {
    my ( $self, $answer ) = @_;
    return $self->_called_back( $answer, CPANBridge::Connection::now() + $TIMEOUT ) if defined $answer->{call};
    my $id = $answer->{request_id};
    if ( !defined $id ) {
        $self->_lose($answer) if $self->{connection};
        return $answer;
    }
    if ( my $call = $self->{calls}{$id} ) {
        $self->{awaited}--;
        if   ( $call->{unwanted} ) { delete $self->{calls}{$id} }
        else                       { $call->{answer} = $answer }
        return;
    }
    if ( my $release = delete $self->{releases}{$id} ) {
        push @{ $self->{released}{ $release->[0] } }, @{ $release->[1] } if !$answer->{success} && _is_refusal($answer);
        return;
    }
    my $sent = $self->{sent};
    for my $at ( 0 .. $#$sent ) {
        next if $sent->[$at][0] ne $id;
        $self->_passed($at);
        my $entry = shift @$sent;
        if    ( !defined $entry->[1] )  { $self->{barriers}-- }
        elsif ( !$answer->{success} )   { $self->{failed}{ $entry->[1] } = [ $entry, $answer ]; $self->{resume}{ $entry->[1] } = 1 }
        return;
    }
    if ( $self->{depth} ) { $self->{early}{$id} = $answer; return }
    return $self->_broken( BadAnswer => "The answer is to another request ($id)" );
}

# The first so many of what was sent have been done, or were skipped because an earlier one failed.
sub _passed {
    my ( $self, $count ) = @_;
    for my $entry ( splice @{ $self->{sent} }, 0, $count ) {
        if    ( !defined $entry->[1] )                        { $self->{barriers}-- }
        elsif ( my $failed = $self->{failed}{ $entry->[1] } ) { push @$failed, $entry }
    }
    return;
}

# Waits until all that was sent has been done, and sees to what has failed.
sub _settle {
    my ( $self, $deadline ) = @_;
    my $fault;
    if ( @{ $self->{sent} } ) {
        $fault = $self->_write( $self->_barrier, $deadline );
        $fault = $self->_resolve( $self->_next($deadline) ) while !$fault && @{ $self->{sent} };
    }
    $self->_recover($deadline) if !$fault;
    return;
}

# What was refused is repeated, with all that came after it, one by one. Other failures are kept for the next call.
sub _recover {
    my ( $self, $deadline ) = @_;
    while ( my ($group) = sort { $a <=> $b } keys %{ $self->{failed} } ) {
        my ( $entry, $answer, @skipped ) = @{ delete $self->{failed}{$group} };
        if ( _is_refusal($answer) && !defined $answer->{failed_request} ) {
            my $wait = $answer->{retry_after} || 1;
            CPANBridge::_sleep($wait) if CPANBridge::Connection::now() + $wait < $deadline;
            while ($entry) {
                $answer = $self->_perform( $entry, $deadline );
                last if !$answer->{success};
                $entry = shift @skipped;
            }
        }
        $self->_note( $entry, $answer, scalar @skipped ) if $entry;
    }
    return;
}

# Keeps an error of something sent for the next call of its module.
sub _note {
    my ( $self, $entry, $answer, $skipped ) = @_;
    my ( $group, $module, $function, $file, $line ) = @$entry[ 1 .. 5 ];
    return if $self->{errors}{$group};
    if ($skipped) {
        $answer = { %$answer, error => "$answer->{error} ($skipped later call" . ( $skipped > 1 ? 's were' : ' was' ) . ' not executed.)' };
    }
    my $error = CPANBridge::Error->new( $answer, module => $module, function => $function );
    @$error{ 'file', 'line', 'order' } = ( $file, $line, ++$self->{order} );
    $self->{errors}{$group} = $error;
    return;
}

sub _throw { my ( $self, $group ) = @_; die delete $self->{errors}{$group} }

# Python calls a sub: it runs here and now, and may make calls in turn.
sub _called_back {
    my ( $self, $asked, $deadline ) = @_;
    my $connection = $self->{connection};
    my $number     = $asked->{call};
    my $code       = $CPANBridge::Compat::Link::Callback::CODE{ $asked->{callback} };
    my ( $value, $died );
    {
        local $self->{busy}  = 0;
        local $self->{depth} = $self->{depth} + 1;
        local ( $@, $_ );
        if ( !$code ) { $died = "there is no sub $asked->{callback} any more\n" }
        elsif ( !eval { $value = $code->( @{ $asked->{args} } ); 1 } ) {
            $died = $@;
            $self->{died} = { $number => $died };
        }
    }
    if ( !$self->{connection} || $self->{connection} != $connection || $connection->{open} != $self->{depth} + 1 ) {
        my $answer = _unsure('Another call was given up in its middle, in a sub that Python had called');
        $self->_lose($answer);
        return $answer;
    }
    my ( $text, @parts );
    if ( !defined $died ) {
        local $CPANBridge::Bytes::PARTS = \@parts;
        $text = eval { local $SIG{__DIE__}; '"return":' . CPANBridge::JSON::encode( $value, 'what the sub returned' ) };
        $died = $@ if !defined $text;
    }
    if ( defined $died ) {
        @parts = ();
        my $said = eval {"$died"};
        $text = '"die":' . CPANBridge::JSON::encode( defined $said ? $said : ref $died );
    }
    my $bytes = @parts ? '{"parts":[' . join( ',', map {length} @parts ) . '],' : '{';
    return $self->_write( join( '', qq($bytes"call":$number,$text}\n), @parts ), $deadline );
}

# Bytes that came in JSON are plain strings, too.
sub _plain {
    my ($value) = @_;
    if ( ref $value eq 'HASH' ) {
        return MIME::Base64::decode_base64( $value->{__bytes__} )
          if keys %$value == 1 && defined $value->{__bytes__} && !ref $value->{__bytes__};
        for my $item ( values %$value ) { $item = _plain($item) if ref $item }
    }
    elsif ( ref $value eq 'ARRAY' ) {
        for my $item (@$value) { $item = _plain($item) if ref $item }
    }
    elsif ( ref $value eq 'CPANBridge::Bytes' ) { return $value->bytes }
    return $value;
}

sub _no {
    my ( $type, $message ) = @_;
    return { success => 0, error_type => $type, error => $message, executed => 0 };
}

# It may have been executed, or not.
sub _unsure {
    my ( $message, $type ) = @_;
    return { success => 0, error_type => $type || 'ConnectionLost', error => "$message. The call may have been executed." };
}

END {
    if ( $link && $link->{pid} && $link->{pid} == $$ && $link->{thread} == $CPANBridge::Connection::THREAD ) {
        local ( $@, $!, $? );
        for ( 1 .. 256 ) {
            last if eval { local $SIG{__DIE__}; $link->flush; 1 };
            warn $@;
            last if !%{ $link->{errors} };
        }
    }
}

package    # not to be indexed
  CPANBridge::Compat::Link::Callback;

use strict;
use warnings;

our %CODE;
my $last = 0;

sub _new {
    my ( $class, $code ) = @_;
    Carp::croak('callback needs a reference to a sub') if Scalar::Util::reftype( $code || \1 ) ne 'CODE';
    $CODE{ ++$last } = $code;
    return bless \( my $number = $last ), $class;
}

sub TO_JSON { return { __callback__ => 0 + ${ $_[0] } } }

sub CLONE_SKIP { return 1 }

sub DESTROY { local ( $@, $!, $?, $^E ); delete $CODE{ ${ $_[0] } }; return }

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

Arguments are what L<CPANBridge/call> takes, in one hash of named or one array of positional ones; byte strings are
wrapped in L<CPANBridge::Bytes>. In results, bytes are plain strings. Results come in the form of L<Storable>, which is
much quicker than JSON, where three things are given: the daemon knows it, this Perl's Storable reads it (it comes with
Perl 5.28; 64-bit integers and ordinary doubles are needed), and whoever listens on the socket is root, this user, or the
owner of the socket's directory, into which others cannot write. Otherwise they come as JSON; numbers, strings and undef
are the same, and true and false are objects of JSON::PP::Boolean then, while they are 1 and 0 in the other form.

Package names of callers that are in C<%Carp::Internal> are passed over where an error names the program's line.

=head1 METHODS

=head2 get

Returns the connection, opened if need be. Throws a L<CPANBridge::Error> if the daemon is not there.

=head2 call

    my $result = $link->call( $module => $function, \%named );
    my $result = $link->call( $module => $function, \@positional );
    my $result = $link->call( $module => $function, $arguments, $token );

Calls a function and waits for its result. Throws a L<CPANBridge::Error>: of this call, or of one that was sent to the
same module before; then this call was not executed, and the error names the program's line that made the earlier one.

With a C<token> the call is made on that connection or not at all: where it is not there any more, what is thrown is no
L<CPANBridge::Error> but something for which C<is_gone> is true.

=head2 is_gone

    CPANBridge::Compat::Link::is_gone($@)

=head2 text

    $link->call( $module => $function, $link->text($json) );

Arguments whose JSON was put together by the caller, in bytes.

=head2 send

    $link->send( $module => $function, \%named );

Calls a function whose result nobody wants, and goes on without waiting. What is sent is done in order, and before any
later call. After one that failed nothing else of the same module is done, until its error has been thrown by the next
C<call> of the module or by C<flush>. What the daemon refused because of its limits is repeated, and so is what was sent
after it, in order.

=head2 ahead

    my $id = $link->ahead( $module => $function, \%named );

Begins a call whose answer is taken later, by C<collect>, and returns its number; other calls may come in between. Only one
such call can be under way. Returns nothing where it is not possible now: the program calls the function itself then, when
it needs the answer. The answer must not be larger than C<room>, and the function must not call subs of the program's.

=head2 collect

    my $result = $link->collect($id);

Waits for the answer of a call made ahead, and does with it what C<call> does.

=head2 drop

    $link->drop($id);

Says that nobody will collect the answer. What the function does, it does.

=head2 room

About how many bytes the answer of a call made ahead may have, so that it fits into the socket's buffer; 0 where no calls
can be made ahead.

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

    my $callback = $link->callback( sub { my ($row) = @_; ... } );
    $link->call( $module => $function, { each => $callback } );

What to send as an argument, for Python to call during a call: of this function, or of a later one, as long as the object
lives. The sub gets Python's arguments and is called in scalar context; it may make calls of its own. What it dies of
becomes an exception in Python; where that ends the call, the error's C<cause> is the very value.

=head2 TO_JSON

What is sent for such an object.

=cut
