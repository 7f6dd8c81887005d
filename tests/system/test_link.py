"""The link of the replacements end to end: calls ahead, Storable, parts, callbacks, and what goes wrong with them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, clean_environment

PERL = Path(__file__).parents[2] / "bridge" / "perl"

LAB = '''
import time
from typing import Any
from bridge.api import Callback, CallbackError, Module, Session

module = Module("lab", "For tests.")
kept: dict[str, Any] = {"notes": []}

@module.function
def note(text: str, seconds: float = 0.0) -> object:
    """Keep a text; the word boom fails. The result of the word odd could not be sent."""
    time.sleep(seconds)
    if text == "boom":
        raise ValueError("boom it is")
    kept["notes"].append(text)
    return object if text == "odd" else None

@module.function
def notes() -> list[str]:
    """Return the texts, and forget them."""
    found, kept["notes"] = kept["notes"], []
    return found

@module.function
def release(session: Session, handles: list[int]) -> int:
    kept["notes"].append("released " + " ".join(map(str, handles)))
    return len(handles)

@module.function
def same(value: Any) -> Any:
    return value

@module.function
def kind(value: Any, data: bytes = b"") -> str:
    return f"{type(value).__name__} {type(data).__name__} {len(data)}"

@module.function(isolated=True)
def apart(value: Any) -> Any:
    return [type(value).__name__, value]

@module.function
def large(size: int) -> bytes:
    return b"\\xfe\\n" * (size // 2)

@module.function
def each(count: int, row: Callback) -> Any:
    return [row(number, b"\\xff\\x00") for number in range(count)]

@module.function
def attempt(row: Callback) -> str:
    """Call back, and tell how that failed."""
    try:
        return repr(row())
    except CallbackError as error:
        return f"{type(error).__name__}: {error}"

@module.function
def keep(session: Session, row: Any) -> None:
    session.data["row"] = session.callback(row)

@module.function
def use(session: Session) -> Any:
    return session.data["row"]()

@module.function
def waiting() -> list[str]:
    return kept.pop("gone", ["nobody"])

@module.function
def hang(row: Callback) -> None:
    try:
        row()
    except CallbackError as error:
        kept["gone"] = [str(error)]
        raise
'''

Script = Callable[..., str]


@pytest.fixture
def lab(start_daemon: Callable[..., DaemonProcess], tmp_path: Path) -> Callable[..., DaemonProcess]:
    """Start a daemon with the module above."""
    (tmp_path / "lab_module.py").write_text(LAB)
    info = tmp_path / "lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cpanbridge.modules]\nlab = lab_module:module\n")

    def start(*options: str, limits: str = "max_requests_per_minute = 1000000") -> DaemonProcess:
        toml = f'[limits]\n{limits}\n[modules]\nenabled = ["python", "lab"]\n'
        return start_daemon(*options, toml=toml, environ={"PYTHONPATH": str(tmp_path)})

    return start


def perl(daemon: DaemonProcess, code: str, *, errors: str = "", status: int = 0, **environ: str) -> list[str]:
    """Run a program with ``$link``; returns the lines it has printed."""
    prelude = "my $link = CPANBridge::Compat::Link->get; $| = 1; binmode STDOUT, ':utf8';"
    command = [
        "perl",
        "-w",
        f"-I{PERL}/lib",
        "-MCPANBridge::Compat::Link",
        "-Mstrict",
        "-e",
        f"{prelude}\n#line 1\n{code}",
    ]
    environment = {**clean_environment(), "CPAN_BRIDGE_SOCKET": str(daemon.socket), **environ}
    seen = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert seen.stderr == errors, seen.stdout + seen.stderr
    assert seen.returncode == status, seen.stdout
    return seen.stdout.splitlines()


class TestAhead:
    def test_order(self, lab: Callable[..., DaemonProcess]) -> None:
        """What is sent ahead is done in order, before a later call; a result that nobody wants need not be plain."""
        said = perl(
            lab(),
            """
            $link->send( lab => 'note', [$_] ) for 'odd', 1 .. 500;
            my ( undef, @notes ) = @{ $link->call( lab => 'notes' ) };
            my $notes = \\@notes;
            print scalar @$notes, join( ',', @$notes ) eq join( ',', 1 .. 500 ) ? ' in order' : ' out of order', "\\n";
            """,
        )
        assert said == ["500 in order"]

    def test_nothing_after_a_failure(self, lab: Callable[..., DaemonProcess]) -> None:
        """After a failure nothing else of the module is done until the program knows; other modules go on."""
        said = perl(
            lab(),
            """
            $link->send( lab => 'note', ['a'] );
            $link->send( lab => 'note', ['boom', 0.2] );
            $link->send( lab => 'note', [$_] ) for 'b' .. 'd';
            print $link->call( math => 'sqrt', [4] ), "\\n";
            print eval { $link->call( lab => 'note', ['not this'] ); 1 } ? "no error\\n" : $@;
            print join( ' ', @{ $link->call( lab => 'notes' ) } ), "\\n";
            $link->send( lab => 'note', ['e'] );
            print join( ' ', @{ $link->call( lab => 'notes' ) } ), "\\n";
            """,
        )
        assert said == [
            "2",
            "FunctionError: lab.note raised ValueError: boom it is (3 later calls were not executed.) at -e line 3.",
            "a",
            "e",
        ]

    def test_a_waiting_call_is_not_done_either(self, lab: Callable[..., DaemonProcess]) -> None:
        """A call that waits is skipped when something sent before it fails, even if that is known too late."""
        said = perl(
            lab(),
            """
            $link->send( lab => 'note', ['boom', 0.3] );
            print eval { $link->call( lab => 'note', ['no'] ); 1 } ? "no error\\n" : $@->line . " ValueError\\n";
            $link->send( lab => 'note', ['boom'] ); $link->send( lab => 'note', ['boom'] );
            print eval { $link->flush; 1 } ? "no error\\n" : $@->line . "\\n";
            print eval { $link->flush; 1 } ? "no error\\n" : $@;
            print @{ $link->call( lab => 'notes' ) } + 0, "\\n";
            """,
        )
        assert said == ["2 ValueError", "4", "no error", "0"]

    def test_refusals_are_repeated_in_order(self, lab: Callable[..., DaemonProcess]) -> None:
        """Calls that a limit refuses are repeated with all that came after them: nothing is lost or out of order."""
        daemon = lab(limits="max_concurrent_requests = 1\nbackpressure_seconds = 0.05\nmax_queued_requests = 1")
        with daemon.connect() as other:
            other.send(b'{"module":"lab","function":"note","params":["slow",1.0]}\n')
            time.sleep(0.2)
            said = perl(
                daemon,
                """
                $link->send( lab => 'note', [$_] ) for 1 .. 100;
                $link->flush;
                my @notes = grep { $_ ne 'slow' } @{ $link->call( lab => 'notes' ) };
                print join( ',', @notes ) eq join( ',', 1 .. 100 ) ? 'in order' : "@notes", "\\n";
                """,
            )
        assert said == ["in order"]
        assert daemon.call("system", "stats")["result"]["throttled_requests"] > 0

    def test_the_end_of_the_program(self, lab: Callable[..., DaemonProcess]) -> None:
        """What was sent is done before the program ends, and errors are warned of; the exit status stays."""
        daemon = lab()
        perl(
            daemon,
            "$link->send( lab => 'note', [$_, 0.05] ) for 'x', 'boom', 'y'; exit 3;",
            status=3,
            errors=(
                "FunctionError: lab.note raised ValueError: boom it is (1 later call was not executed.) at -e line 1.\n"
            ),
        )
        assert daemon.call("lab", "notes")["result"] == ["x"]

    def test_handles_are_released_in_batches(self, lab: Callable[..., DaemonProcess]) -> None:
        """Handles go along with a later call, many at a time, and in order."""
        said = perl(
            lab(),
            """
            for ( 1 .. 45 ) { $link->release( lab => $_ ); $link->call( lab => 'kind', [1] ) }
            print "$_\\n" for @{ $link->call( lab => 'notes' ) };
            """,
        )
        assert said == ["released " + " ".join(map(str, range(a, a + 20))) for a in (1, 21)]

    def test_a_child_does_not_send_it_again(self, lab: Callable[..., DaemonProcess]) -> None:
        """A child has a connection of its own, and nothing of its parent's is sent, awaited or reported by it."""
        said = perl(
            lab(),
            """
            $link->send( lab => 'note', ['one', 0.1] );
            my $token = $link->token;
            if ( !( my $pid = fork ) ) {
                print $link->is_current($token), $link->call( lab => 'kind', [''] ), "\\n";
                exit 0;
            }
            else { waitpid $pid, 0 }
            print "$?\\n", $link->is_current($token), "\\n";
            print join( ' ', @{ $link->call( lab => 'notes' ) } ), "\\n";
            """,
        )
        assert said == ["0str bytes 0", "0", "1", "one"]

    def test_an_alarm(self, lab: Callable[..., DaemonProcess]) -> None:
        """A die out of a call ends its connection; the late answer is never taken for the next call's."""
        said = perl(
            lab(),
            """
            my $token = $link->token;
            local $SIG{ALRM} = sub { die "alarm\\n" };
            alarm 1;
            print eval { $link->call( lab => 'note', ['slow', 2] ); 1 } ? "no alarm\\n" : $@;
            print $link->is_current($token), "\\n";
            print $link->call( lab => 'same', ['mine'] ), "\\n";
            $SIG{ALRM} = sub { print 'handler ', $link->call( lab => 'same', ['its own'] ), "\\n" };
            alarm 1;
            print eval { $link->call( lab => 'note', ['slow', 2] ); 1 } ? "no error\\n" : $@->type . "\\n";
            """,
        )
        assert said == ["alarm", "0", "mine", "handler its own", "no error"]

    def test_the_daemon_dies(self, lab: Callable[..., DaemonProcess]) -> None:
        """What was on its way is reported, once; the next call finds the daemon that has come back, or says so."""
        daemon = lab()
        said = perl(
            daemon,
            f"""
            my $token = $link->token;
            $link->send( lab => 'note', ['slow', 5] );
            kill 'KILL', {daemon.pid};
            select undef, undef, undef, 0.2;
            print $link->is_current($token), "\\n";
            print eval {{ $link->call( lab => 'notes' ); 1 }} ? "no error\\n" : $@->type . "\\n" for 1, 2;
            print eval {{ $link->flush; 1 }} ? "no error\\n" : $@->type . ' ' . $@->line . "\\n";
            """,
        )
        assert said == ["0", "ConnectionFailed", "ConnectionLost", "no error"]


class TestCallsAhead:
    def test_an_answer_of_the_size_fits_unread(self, lab: Callable[..., DaemonProcess]) -> None:
        """The daemon is done with it although nobody has read it: it does not wait for this client."""
        said = perl(
            lab(),
            """
            my $room = $link->room;
            my $id = $link->ahead( lab => 'large', [$room] );
            my ( $fh, $seen ) = ( $link->{connection}{fh}, '' );
            for ( 1 .. 2000 ) {
                recv $fh, $seen, 2 * $room, Socket::MSG_PEEK();
                last if length $seen > $room;
                select undef, undef, undef, 0.005;
            }
            print length $seen > $room ? 1 : 0, length $link->collect($id) == $room ? 1 : 0, "\\n";
            """,
        )
        assert said == ["11"]

    def test_an_alarm(self, lab: Callable[..., DaemonProcess]) -> None:
        """A die while an answer is awaited ends the connection; one in between ends nothing."""
        said = perl(
            lab(),
            """
            my $id = $link->ahead( lab => 'same', ['mine'] );
            eval { local $SIG{ALRM} = sub { die "alarm\\n" }; kill ALRM => $$; select undef, undef, undef, 5 };
            print $@;
            print $link->collect($id), "\\n";
            $id = $link->ahead( lab => 'note', ['slow', 2] );
            local $SIG{ALRM} = sub { die "alarm\\n" };
            alarm 1;
            print eval { $link->collect($id); 1 } ? "no alarm\\n" : $@;
            print $link->call( lab => 'same', ['next'] ), "\\n";
            print eval { $link->collect($id); 1 } ? "no error\\n" : $@->type . "\\n";
            $id = $link->ahead( lab => 'note', ['slow', 2] );
            $SIG{ALRM} = sub { print 'handler ', eval { $link->collect($id); 1 } ? "no error\\n" : $@->type . "\\n" };
            alarm 1;
            print $link->call( lab => 'same', ['last'] ), "\\n";
            """,
        )
        assert said == ["alarm", "mine", "alarm", "next", "ConnectionLost", "handler BadParams", "last"]

    def test_what_was_refused_is_repeated(self, lab: Callable[..., DaemonProcess]) -> None:
        """A call that a limit refuses is made when its answer is wanted."""
        daemon = lab(limits="max_concurrent_requests = 1\nbackpressure_seconds = 0.05\nmax_queued_requests = 1")
        with daemon.connect() as other:
            other.send(b'{"module":"lab","function":"note","params":["slow",1.0]}\n')
            daemon.wait_until(
                lambda: daemon.call("system", "metrics")["result"]["resource_status"]["in_flight"],
                bool,
                "the slow call",
            )
            said = perl(
                daemon,
                """
                my $id = $link->ahead( lab => 'same', ['asked'] );
                print $link->collect($id), "\\n";
                """,
            )
        assert said == ["asked"]
        assert daemon.call("system", "stats")["result"]["throttled_requests"] > 0


class TestStorable:
    VALUES = r"""[ 0, -1, 127, 128, -129, 2**31, -2**40, '0123', 1.5, 0.1, 1e300, -0.5, '', "\x{e9}", "\x{20ac}\0",
        undef, 'x' x 300, "\x{fc}" x 300, [], {}, { a => [ { "\x{e9}" => 1 }, { "\x{20ac}" => 2 } ] },
        9_223_372_036_854_775_807 ]"""

    @pytest.mark.parametrize("function", ["same", "apart"])
    def test_values(self, lab: Callable[..., DaemonProcess], function: str) -> None:
        """Every kind comes back as it was sent, in threads and worker processes."""
        said = perl(
            lab(),
            f"""
            print $link->is_plain, "\\n";
            my $sent = {self.VALUES};
            my $got = $link->call( lab => '{function}', [$sent] );
            $got = $got->[1] if '{function}' eq 'apart';
            my ( $one, $other ) = map {{ CPANBridge::JSON::encode($_) }} $got, $sent;
            print $one eq $other ? 'equal' : "$one\\n$other", "\\n";
            $_ = 'changed' for @$got;
            """,
        )
        assert said == ["0", "equal"]

    def test_bytes(self, lab: Callable[..., DaemonProcess]) -> None:
        """Bytes are plain strings of bytes in Perl and bytes in Python, however long, in either form."""
        code = r"""
            for my $size ( 0, 1, 63, 64, 300, 100_000, 3_000_000 ) {
                my $bytes = substr "\n\xff\0\"{" x ( $size / 5 + 1 ), 0, $size;
                my $got = $link->call( lab => 'same', { value => { a => [ CPANBridge::Bytes->new($bytes), 1 ] } } );
                print ref $got->{a}[0], $got->{a}[0] eq $bytes ? 'equal' : 'unequal', "\n";
            }
            my @two = ( CPANBridge::Bytes->new('x'), CPANBridge::Bytes->new( 'y' x 100 ) );
            print $link->call( lab => 'kind', \@two ), "\n";
            my ( $kind, $value ) = @{ $link->call( lab => 'apart', [ CPANBridge::Bytes->new( "\xfe" x 100 ) ] ) };
            print "$kind ", $value eq "\xfe" x 100 ? 'equal' : 'unequal', "\n";
            $link->send( lab => 'note', ['after'] );
            print "@{ $link->call( lab => 'notes' ) }\n";
        """
        daemon = lab()
        wanted = ["equal"] * 7 + ["bytes bytes 100", "bytes equal", "after"]
        assert perl(daemon, code) == wanted
        assert perl(daemon, "$link->{storable} = 0;" + code) == wanted
        assert perl(daemon, "$link->{storable} = $link->{knows} = 0;" + code) == wanted

    def test_a_slow_reader(self, lab: Callable[..., DaemonProcess]) -> None:
        """A large answer that is read slowly comes whole."""
        said = perl(
            lab(),
            """
            no warnings 'once';
            local $SIG{ALRM} = sub { select undef, undef, undef, 0.3 };
            alarm 1;
            for ( 1 .. 20 ) {
                my $data = $link->call( lab => 'large', [6_000_000] );
                die if $data ne "\\xfe\\n" x 3_000_000;
            }
            print "whole\\n";
            """,
        )
        assert said == ["whole"]

    def test_who_is_not_trusted(self, lab: Callable[..., DaemonProcess]) -> None:
        """Nothing that a stranger says is thawed: JSON is asked for then."""
        said = perl(
            lab(),
            """
            no warnings 'redefine';
            my $connection = $link->{connection};
            ( my $folder = $connection->{path} ) =~ s{/[^/]+\\z}{};
            print CPANBridge::Compat::Link::_is_trusted($connection);
            *CPANBridge::Connection::peer_uid = sub { 12345 };
            print CPANBridge::Compat::Link::_is_trusted($connection);
            chmod 0777, $folder;
            print CPANBridge::Compat::Link::_is_trusted($connection);
            chmod 0700, $folder;
            """,
        )
        assert said == ["110"]


class TestCallbacks:
    def test_values(self, lab: Callable[..., DaemonProcess]) -> None:
        """A sub gets Python's arguments, bytes too, and Python what it returns; in either form."""
        code = r"""
            my @seen;
            my $got = $link->call( lab => 'each', [ 3, $link->callback( sub {
                push @seen, "$_[0] " . ( $_[1] eq "\xff\0" ? 'bytes' : 'no bytes' );
                return [ $_[0] * 2, CPANBridge::Bytes->new( "\xfe" x 200 ) ];
            } ) ] );
            print join( ' ', @seen, map { $_->[0] . length $_->[1] } @$got ), "\n";
        """
        daemon = lab()
        assert perl(daemon, code) == ["0 bytes 1 bytes 2 bytes 0200 2200 4200"]
        assert perl(daemon, "$link->{storable} = 0;" + code) == ["0 bytes 1 bytes 2 bytes 0200 2200 4200"]

    def test_nested(self, lab: Callable[..., DaemonProcess]) -> None:
        """A sub may make calls, send, and have subs called back in turn; down to a limit."""
        said = perl(
            lab(),
            """
            my $depth = 0;
            my $sub; $sub = sub {
                my $number = ++$depth;
                $link->send( lab => 'note', ["down $number"] );
                my $said = $number < 4 ? $link->call( lab => 'attempt', [ $link->callback($sub) ] ) : 'bottom';
                $link->call( lab => 'note', ["up $number"] ) if 0;
                $link->send( lab => 'note', ["up $number"] );
                return "<$said>";
            };
            print $link->call( lab => 'attempt', [ $link->callback($sub) ] ), "\\n";
            print join( ',', @{ $link->call( lab => 'notes' ) } ), "\\n";
            $depth = -100;
            my $said = $link->call( lab => 'attempt', [ $link->callback($sub) ] );
            print $said =~ /(nested deeper than 16 levels)/, "\\n";
            """,
        )
        assert "bottom" in said[0]
        assert said[1:] == ["down 1,down 2,down 3,down 4,up 4,up 3,up 2,up 1", "nested deeper than 16 levels"]

    def test_a_sub_that_dies(self, lab: Callable[..., DaemonProcess]) -> None:
        """Python sees an exception with the text; what ends the call comes out with the very value."""
        said = perl(
            lab(),
            """
            my $dies = $link->callback( sub { die { code => 7 } } );
            print $link->call( lab => 'attempt', [ $link->callback( sub { die "oops\\n" } ) ] ), "\\n";
            print eval { $link->call( lab => 'each', [ 1, $dies ] ); 1 } ? "no error\\n"
              : join( ' ', $@->type, $@->exception, $@->cause->{code}, $@->line ) . "\\n";
            print $link->call( lab => 'attempt', [ $link->callback( sub { sub { } } ) ] ), "\\n";
            my $gone = do { my $cb = $link->callback( sub { 1 } ); $link->call( lab => 'keep', { row => $cb } ); 1 };
            print eval { $link->call( lab => 'use' ); 1 } ? "no error\\n" : $@->message . "\\n";
            print eval { $link->call( lab => 'each', [ 1, 'text' ] ); 1 } ? "no error\\n" : $@->message . "\\n";
            """,
        )
        assert said == [
            "CallbackError: The Perl sub that lab.attempt called died: oops",
            "FunctionError CallbackError 7 4",
            said[2],
            said[3],
            "lab.each: parameter 'row': a callback was expected, spelled {\"__callback__\": <number>}.",
        ]
        assert said[2].endswith("called died: what the sub returned is a reference of kind CODE, which cannot be sent")
        assert said[3].startswith("The Perl sub that lab.use called died: there is no sub ")

    def test_later_calls(self, lab: Callable[..., DaemonProcess]) -> None:
        """A sub that Python keeps works in later calls of the connection, as long as its object lives."""
        said = perl(
            lab(),
            """
            my $count = 0;
            my $cb = $link->callback( sub { ++$count } );
            $link->call( lab => 'keep', { row => $cb } );
            print $link->call( lab => 'use' ), $link->call( lab => 'use' ), "\\n";
            """,
        )
        assert said == ["12"]

    def test_the_client_is_killed_in_a_sub(self, lab: Callable[..., DaemonProcess]) -> None:
        """The thread that waits for the sub is woken with an error."""
        daemon = lab()
        code = (
            "$| = 1; my $link = CPANBridge::Compat::Link->get;"
            "$link->call( lab => 'hang', [ $link->callback( sub { print qq(here\\n); sleep 60 } ) ] )"
        )
        environment = {**clean_environment(), "CPAN_BRIDGE_SOCKET": str(daemon.socket)}
        command = ["perl", f"-I{PERL}/lib", "-MCPANBridge::Compat::Link", "-e", code]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == b"here\n"
            os.kill(client.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while (said := daemon.call("lab", "waiting")["result"]) == ["nobody"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert said == ["The client has gone while its sub was being called back."]

    def test_the_daemon_is_killed_while_a_sub_runs(self, lab: Callable[..., DaemonProcess]) -> None:
        """The sub runs to its end; then its call is lost, and the program is told."""
        daemon = lab()
        said = perl(
            daemon,
            f"""
            my $sub = $link->callback( sub {{ kill 'KILL', {daemon.pid}; sleep 1; print "to its end\\n"; 1 }} );
            print eval {{ $link->call( lab => 'each', [ 1, $sub ] ); 1 }} ? "no error\\n" : $@->type . "\\n";
            """,
        )
        assert said == ["to its end", "ConnectionLost"]

    def test_a_jump_out_of_a_sub(self, lab: Callable[..., DaemonProcess]) -> None:
        """A sub that is left by a jump gives its call up; what follows has a connection of its own."""
        said = perl(
            lab(),
            """
            no warnings 'exiting';
            for (1) { $link->call( lab => 'hang', [ $link->callback( sub { last } ) ] ) }
            print $link->call( lab => 'same', ['next'] ), "\\n";
            """,
        )
        assert said == ["next"]

    def test_a_call_given_up_in_a_sub(self, lab: Callable[..., DaemonProcess]) -> None:
        """An alarm in a call that a sub makes ends the connection, and so the call that the sub belongs to."""
        said = perl(
            lab(),
            """
            local $SIG{ALRM} = sub { die "alarm\\n" };
            my $inner = sub { alarm 1; eval { $link->call( lab => 'note', [ 'x', 3 ] ); 1 } or print $@; 5 };
            my $outer = $link->callback($inner);
            print eval { $link->call( lab => 'each', [ 1, $outer ] ); 1 } ? "no error\\n" : $@->type . "\\n";
            print $link->call( lab => 'same', ['next'] ), "\\n";
            """,
        )
        assert said == ["alarm", "ConnectionLost", "next"]

    def test_exit_in_a_sub(self, lab: Callable[..., DaemonProcess]) -> None:
        """A program may end in a sub."""
        assert perl(
            lab(), "$link->call( lab => 'hang', [ $link->callback( sub { print qq(bye\\n); exit 0 } ) ] );"
        ) == ["bye"]

    def test_the_call_s_time_is_up(self, lab: Callable[..., DaemonProcess]) -> None:
        """A sub counts as its call's time: the call ends, what the sub returns later is nothing to anybody."""
        said = perl(
            lab("--call-timeout=1"),
            """
            my $slow = $link->callback( sub { sleep 2; $link->call( lab => 'same', ['in the sub'] ) } );
            print eval { $link->call( lab => 'hang', [$slow] ); 1 } ? "no error\\n" : $@->type . "\\n";
            print $link->call( lab => 'same', ['next'] ), "\\n";
            print @{ $link->call( lab => 'waiting' ) }, "\\n";
            """,
        )
        assert said == ["Timeout", "next", "The call has ended while the sub was being called back."]
