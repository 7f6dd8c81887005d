"""The operators' socket without a socket: requests, levels, subscriptions, readers that do not read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leak_guard import LoggedErrors
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogLevel, globalLogPublisher

from bridge.admin import Admin
from bridge.adminprotocol import MAX_OBSERVERS, MAX_OPERATORS, AdminFactory, AdminProtocol
from bridge.adminroles import Saved
from bridge.adminview import AdminView
from bridge.adminwire import MAX_LINE, AdminErrorCode, Change
from bridge.admission import Admission
from bridge.api import Peer
from bridge.changes import Instant, Who
from bridge.connections import ConnectionTable
from bridge.control import LimitControl
from bridge.episodes import Episodes
from bridge.journal import JournalError
from bridge.limits import Limits
from bridge.monitor import Monitor
from bridge.settings import Settings
from bridge.stats import Stats
from bridge.tomlsave import SaveError

ANNA, OTTO, NOBODY = Who(1001, 21, "anna"), Who(1002, 22, "otto"), Who(1003, 23, "eve")
LEVELS = {1001: "operate", 1002: "observe"}
WALL = 1_000_000.0


class FakeTransport(StringTransport):
    """A transport that can be aborted, and whose peer reads what it is sent only if the test wants."""

    def __init__(self, who: Who) -> None:
        super().__init__()
        self.who = who
        self.unread = 0
        self.aborted = False
        self.reading = True
        self.gone: AdminProtocol | None = None

    def abortConnection(self) -> None:
        self.aborted = True

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True


@attrs.define
class FakeSampler:
    """Memory and CPU that a test sets."""

    memory: float = 50.0

    def sample(self, worker_pids: list[int]) -> tuple[float, float]:
        return self.memory, 1.0


class FakeDaemon:
    """What operators can do to the daemon, noted down."""

    def __init__(self, admission: Admission, clock: Clock) -> None:
        self.admission = admission
        self.clock = clock
        self.log_level = "info"
        self.stopping = False
        self.saved: list[Limits] = []
        self.save_error = ""
        self.environment: dict[str, Any] = {}
        self.put: list[str] = []

    def set_limits(self, limits: Limits, by: str) -> list[str]:
        self.put.append(by)
        self.admission.set_limits(limits, self.clock.seconds())
        return ["the hard limit of descriptors is low"] if limits.max_connections > 100_000 else []

    def set_draining(self, draining: bool) -> bool:
        if self.stopping:
            return False
        self.admission.draining = draining
        return True

    def set_log_level(self, level: str) -> str:
        before, self.log_level = self.log_level, level
        return before

    def save_limits(self, limits: Limits) -> Saved:
        if self.save_error:
            raise SaveError(self.save_error)
        self.saved.append(limits)
        return Saved("/etc/x.toml", {}, limits.evolve(**self.environment), list(self.environment))


class FakeJournal:
    """A journal in memory, on a disk that can be full."""

    def __init__(self) -> None:
        self.written: list[Change] = []
        self.full = False

    def append(self, change: Change) -> None:
        if self.full:
            raise JournalError("/var/journal: No space left on device")
        self.written.append(change)

    def close(self) -> None:
        pass


class Client:
    """One connection to the office."""

    def __init__(self, office: Office, who: Who) -> None:
        self.office = office
        self.protocol = office.factory.buildProtocol(None)
        self.transport = FakeTransport(who)
        self.protocol.makeConnection(self.transport)
        self.number = 0

    def send(self, data: bytes) -> list[dict[str, Any]]:
        """Send bytes and return the messages that came."""
        self.protocol.dataReceived(data)
        return self.take()

    def take(self) -> list[dict[str, Any]]:
        data = self.transport.value()
        self.transport.clear()
        assert data == b"" or data.endswith(b"\n")
        return [json.loads(line) for line in data.splitlines()]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the answer to a request, whole."""
        self.number += 1
        line = json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode()
        found = [each for each in self.send(line + b"\n") if each.get("id") == self.number]
        assert len(found) == 1, found
        return found[0]

    def result(self, method: str, **params: Any) -> Any:
        answer = self.ask(method, **params)
        assert "error" not in answer, answer
        return answer["result"]

    def error(self, method: str, **params: Any) -> dict[str, Any]:
        answer = self.ask(method, **params)
        assert "result" not in answer, answer
        return answer["error"]  # type: ignore[no-any-return]

    def leave(self) -> None:
        self.protocol.connectionLost()


class Office:
    """Everything around Admin, real but for the daemon, the disk and time."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.offset = WALL
        self.admission = Admission(Limits())
        self.daemon = FakeDaemon(self.admission, self.clock)
        self.journal = FakeJournal()
        self.stats = Stats(0.0)
        self.sampler = FakeSampler()
        self.connections = ConnectionTable(
            settings=Settings(),
            admission=self.admission,
            clock=self.clock,
            peer_of=lambda _: Peer(pid=5, uid=6, gid=7, start_time=8),
            on_refused=lambda _: None,
            on_fault=lambda _: None,
        )
        self.monitor = Monitor(
            admission=self.admission,
            stats=self.stats,
            clock=self.clock,
            worker_pids=list,
            connections=lambda: self.connections.count,
            trim=lambda: 0,
            lag=lambda: 0.0,
            on_memory_retained=None,
            on_sample=self.sampled,
            sampler=self.sampler,
        )
        self.view = AdminView(
            admission=self.admission,
            stats=self.stats,
            monitor=self.monitor,
            connections=self.connections,
            now=self.now,
            socket="/tmp/x.sock",
        )
        self.admin = Admin(
            daemon=self.daemon,
            control=LimitControl(Limits()),
            journal=self.journal,  # type: ignore[arg-type]
            episodes=Episodes(),
            view=self.view,
            stats=self.stats,
            monitor=self.monitor,
            connections=self.connections,
            clock=self.clock,
            now=self.now,
        )
        self.factory = AdminFactory(
            admin=self.admin,
            clock=self.clock,
            identify=lambda transport: (transport.who, LEVELS.get(transport.who.uid)),
            unread=lambda transport: transport.unread,
            spent=self.clock.seconds,
        )
        self.admin.start()

    def sampled(self) -> None:
        self.admin.sampled()

    def now(self) -> Instant:
        return Instant(self.clock.seconds(), self.offset + self.clock.seconds())

    def client(self, who: Who = ANNA) -> Client:
        return Client(self, who)

    def pass_time(self, seconds: float, step: float = 0.05) -> None:
        for _ in range(round(seconds / step)):
            self.clock.advance(step)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def anna(office: Office) -> Client:
    return office.client()


@contextlib.contextmanager
def logged() -> Iterator[list[str]]:
    """Collect warnings and worse, in words."""
    lines: list[str] = []

    def observe(event: Any) -> None:
        if event["log_level"] >= LogLevel.warn:
            lines.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    try:
        yield lines
    finally:
        globalLogPublisher.removeObserver(observe)


class TestMessages:
    @pytest.mark.parametrize("wanted", [1, -7, 0, 2**60, 10**30, 1.5, "a", "", "\u202e\x1b", None])
    def test_id_comes_back(self, anna: Client, wanted: object) -> None:
        """An id is a number, a text or null, and comes back as it was."""
        [answer] = anna.send(json.dumps({"id": wanted, "method": "limits.get"}).encode() + b"\n")
        assert (answer["id"], answer["jsonrpc"]) == (wanted, "2.0")
        assert type(answer["id"]) is type(wanted)
        assert answer["result"]["revision"] == 0

    @pytest.mark.parametrize("wanted", [True, [], {}, [1]])
    def test_id_of_another_kind(self, anna: Client, wanted: object) -> None:
        """Anything else is no id."""
        [answer] = anna.send(json.dumps({"id": wanted, "method": "limits.get"}).encode() + b"\n")
        assert (answer["id"], answer["error"]["code"]) == (None, -32600)

    def test_notification(self, anna: Client) -> None:
        """A request without an id is obeyed and not answered, not even where it fails."""
        assert anna.send(b'{"method":"drain"}\n{"method":"nonsense"}\n{"method":"log_level","params":{}}\n') == []
        assert anna.office.admission.draining

    def test_params_and_version_may_be_left_out(self, anna: Client) -> None:
        """The shortest request there is; fields that we do not know are ignored."""
        [answer] = anna.send(b'{"id":1,"method":"unsubscribe","mood":"good"}\r\n')
        assert answer["result"] == {}

    def test_empty_lines(self, anna: Client) -> None:
        """They are nothing, not even an error."""
        assert anna.send(b"\n\r\n  \n") == []

    def test_batch(self, anna: Client) -> None:
        """A batch is refused in words that say what to do."""
        [answer] = anna.send(b' [{"id":1,"method":"status"},{"id":2,"method":"status"}]\n')
        assert (answer["id"], answer["error"]["code"]) == (None, AdminErrorCode.INVALID_REQUEST)
        assert "one request a line" in answer["error"]["message"]

    @pytest.mark.parametrize(
        ("line", "code", "wanted"),
        [
            (b"nonsense", -32700, None),
            (b'{"id":1,"method":"status"', -32700, None),
            (b'{"id":1,"method":"sta\xfftus"}', -32700, 1),
            (b"\xff\xfe\x00", -32700, None),
            (b"[" * 100_000, -32600, None),
            (b'{"id":1,"method":"status","params":{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}", -32700, None),
            (b'{"id":1,"method":"status","x":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001, -32700, None),
            (b'"status"', -32600, None),
            (b"17", -32600, None),
            (b"null", -32600, None),
            (b"{}", -32600, None),
            (b'{"id":3}', -32600, 3),
            (b'{"id":"x","method":5}', -32600, "x"),
            (b'{"id":4,"method":"status","params":[true]}', -32600, 4),
            (b'{"id":5,"method":"status","params":null}', -32600, 5),
            (b'{"id":6,"method":"status","jsonrpc":2}', -32600, 6),
            (b'{"id":7,"method":"no.such"}', -32601, 7),
            (b'{"id":8,"method":"status","params":{"rows":"many"}}', -32602, 8),
            (b'{"id":9,"method":"status","params":{"conections":true}}', -32602, 9),
            (b'{"id":10,"method":"events","params":{"since":1.5}}', -32602, 10),
            (b'{"id":11,"method":"limits.set","params":{"limits":[]}}', -32602, 11),
            (b'{"id":12,"method":"limits.set"}', -32602, 12),
            (b'{"id":13,"method":"limits.set","params":{"limits":{"self":1}}}', -32602, 13),
        ],
    )
    def test_whatever_is_wrong(self, anna: Client, line: bytes, code: int, wanted: object) -> None:
        """It is answered with its code, under its id where there is one, and the connection works on."""
        [answer] = anna.send(line + b"\n")
        assert (answer["error"]["code"], answer["id"]) == (code, wanted)
        assert answer["error"]["message"].isprintable()
        assert len(answer["error"]["message"]) < 400
        assert anna.result("unsubscribe") == {}

    def test_unknown_parameters_are_named(self, anna: Client) -> None:
        """A slip of the pen is not taken for a default; the problem is listed."""
        error = anna.error("limits.set", limits={"max_memory_mb": 512}, expectedrevision=4)
        assert error["code"] == AdminErrorCode.INVALID_PARAMS
        assert "expectedrevision" in error["message"]
        assert error["data"]["problems"]
        assert anna.office.admission.limits == Limits()

    @pytest.mark.parametrize("name", ["\x1b]0;x\x07[/x]", "\u202eabc", "x" * 100_000])
    def test_hostile_names_come_back_harmless(self, anna: Client, name: str) -> None:
        """Also what a requester sent himself is made safe: somebody else may read his log."""
        for error in (
            anna.error(name),
            anna.error("status", **{name: 1}),
            anna.error("limits.set", limits={name: 1}),
            anna.error("limits.set", limits={"max_memory_mb": name}),
            anna.error("log_level", level=name),
        ):
            text = json.dumps(error, ensure_ascii=False)
            assert text.isprintable()
            assert len(text) < 1500

    def test_many_in_one_packet_and_one_in_many(self, anna: Client) -> None:
        """Lines are what counts, not packets; answers come in the order of the requests."""
        many = b"".join(b'{"id":%d,"method":"limits.get"}\n' % number for number in range(50))
        assert [each["id"] for each in anna.send(many)] == list(range(50))
        for byte in b'{"id":99,"method":"unsubscribe"}':
            assert anna.send(bytes([byte])) == []
        assert [each["id"] for each in anna.send(b"\n")] == [99]

    def test_too_long(self, anna: Client) -> None:
        """A line beyond 1 MiB is answered with an error and the connection closed, before it has all come."""
        piece = b"x" * 65536
        for _ in range(MAX_LINE // len(piece)):
            assert anna.send(piece) == []
        [answer] = anna.send(b"x")
        assert (answer["id"], answer["error"]["code"]) == (None, AdminErrorCode.INVALID_REQUEST)
        assert anna.transport.disconnecting
        assert anna.send(b'\n{"id":1,"method":"drain"}\n') == []
        assert not anna.office.admission.draining

    def test_too_long_ends_the_subscription(self, office: Office, anna: Client) -> None:
        """Whom we have closed is sent nothing more."""
        anna.result("subscribe", interval=0.1)
        assert anna.send(b"x" * (MAX_LINE + 1))[-1]["error"]["code"] == -32600
        office.pass_time(5)
        assert anna.take() == []

    def test_just_not_too_long(self, anna: Client) -> None:
        """A line of exactly 1 MiB is read."""
        start = b'{"id":1,"method":"unsubscribe","x":"'
        line = start + b"x" * (MAX_LINE - len(start) - 2) + b'"}'
        assert len(line) == MAX_LINE
        assert anna.send(line + b"\n")[0]["result"] == {}

    def test_a_fault_of_ours(self, anna: Client, monkeypatch: pytest.MonkeyPatch, logged_errors: LoggedErrors) -> None:
        """A fault in a method is logged, told without its details, and ends nothing."""

        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret")

        monkeypatch.setattr(anna.office.view, "history", fail)
        error = anna.error("history")
        assert error["code"] == AdminErrorCode.INTERNAL_ERROR
        assert "secret" not in json.dumps(error)
        assert len(logged_errors.flush(ZeroDivisionError)) == 1
        assert anna.result("unsubscribe") == {}

    @given(st.lists(st.binary(max_size=60), max_size=20))
    def test_garbage(self, pieces: list[bytes]) -> None:
        """Nothing that comes in breaks the connection or the daemon; every whole line gets at most one answer."""
        anna = Office().client()
        answers = [answer for piece in pieces for answer in anna.send(piece)]
        assert all("error" in answer for answer in answers)
        assert len(answers) <= b"".join(pieces).count(b"\n")
        assert anna.send(b'\n{"id":"end","method":"unsubscribe"}\n')[-1]["result"] == {}


OBSERVE = [
    "status", "subscribe", "unsubscribe", "limits.get", "limits.preview", "history", "events", "journal", "connections",
    "functions", "operators",
]  # fmt: skip
OPERATE = [
    "limits.set", "limits.confirm", "limits.undo", "limits.save", "events.acknowledge", "events.note",
    "connections.close", "drain", "resume", "log_level",
]  # fmt: skip


class TestLevels:
    def test_every_method_has_its_level(self, office: Office) -> None:
        """The table of the protocol, whole: observers get each operating method refused before it is looked at."""
        otto = office.client(OTTO)
        assert sorted(OBSERVE + OPERATE) == otto.error("?")["data"]["methods"]
        for method in OPERATE:
            error = otto.error(method)
            assert error["code"] == AdminErrorCode.FORBIDDEN
            assert "otto may watch" in error["message"]
        for method in OBSERVE:
            answer = otto.ask(method, **({"limits": {"max_memory_mb": 99}} if method == "limits.preview" else {}))
            assert "result" in answer
        assert office.journal.written == []

    def test_nobody(self, office: Office) -> None:
        """Who is on no list is told so, logged and closed; what he sends is not even read."""
        with logged() as lines:
            eve = office.client(NOBODY)
            [answer] = eve.take()
        assert (answer["id"], answer["error"]["code"]) == (None, AdminErrorCode.FORBIDDEN)
        assert eve.transport.disconnecting
        assert any("eve (uid 1003, pid 23)" in line for line in lines)
        assert eve.send(b'{"id":1,"method":"drain"}\n') == []
        assert not office.admission.draining
        assert office.admin.operators == {}
        eve.leave()

    def test_rights_that_are_taken_away(self, office: Office) -> None:
        """A reload counts for who is attached already: an operator becomes an observer, an observer is sent away."""
        anna, otto = office.client(), office.client(OTTO)
        office.admin.review({1001: "observe"}.get)
        assert anna.error("drain")["code"] == AdminErrorCode.FORBIDDEN
        assert otto.transport.aborted
        office.admin.review({1001: "operate"}.get)
        assert anna.result("drain")["draining"] is True

    def test_sixty_four(self, office: Office) -> None:
        """Beyond 64 connections nobody is let in, until one leaves."""
        clients = [office.client() for _ in range(MAX_OPERATORS)]
        with logged():
            late = office.client()
        assert late.take()[0]["error"]["code"] == AdminErrorCode.REFUSED
        assert late.transport.disconnecting
        late.leave()
        clients[0].leave()
        assert office.client().result("unsubscribe") == {}

    def test_observers_cannot_keep_operators_out(self, office: Office) -> None:
        """However many connections observers forget to close, there is room for those who act."""
        with logged():
            watchers = [office.client(OTTO) for _ in range(MAX_OPERATORS + 10)]
        refused = [each for each in watchers if each.take()]
        assert len(refused) == MAX_OPERATORS + 10 - MAX_OBSERVERS
        assert office.client().result("drain")["draining"] is True

    def test_operators(self, office: Office) -> None:
        """Everybody sees who is attached and what they get; one row is one's own."""
        anna, otto = office.client(), office.client(OTTO)
        otto.result("subscribe", interval=2)
        rows = anna.result("operators")["operators"]
        assert [(row["user"], row["uid"], row["pid"], row["level"], row["interval"], row["you"]) for row in rows] == [
            ("anna", 1001, 21, "operate", 0, True),
            ("otto", 1002, 22, "observe", 2, False),
        ]
        otto.leave()
        assert len(anna.result("operators")["operators"]) == 1


class TestLimits:
    def test_in_force_written_down_and_told(self, office: Office, anna: Client) -> None:
        """When the answer comes, the limit is in force, in the journal, and everybody who subscribed knows."""
        otto = office.client(OTTO)
        otto.result("subscribe", interval=60)
        result = anna.result("limits.set", limits={"max_memory_mb": 512}, reason="deploy")
        assert (result["revision"], result["changed"]) == (1, {"max_memory_mb": [1024, 512]})
        assert office.admission.limits.max_memory_mb == 512
        assert [entry.reason for entry in office.journal.written] == ["deploy"]
        assert office.daemon.put == ["by anna (uid 1001, pid 21): deploy"]
        [event] = otto.take()
        assert (event["method"], event["params"]["kind"]) == ("event", "change")
        assert event["params"]["change"]["user"] == "anna"

    def test_refused_is_not_in_force(self, office: Office, anna: Client) -> None:
        """A refused change reaches neither the daemon nor the journal."""
        error = anna.error("limits.set", limits={"max_memory_mb": 512, "max_connections": 0})
        assert error["code"] == AdminErrorCode.INVALID_PARAMS
        assert len(error["data"]["problems"]) == 1
        anna.result("limits.set", limits={"max_memory_mb": 512}, dry_run=True)
        assert (office.daemon.put, office.journal.written, office.admission.limits) == ([], [], Limits())

    def test_conflict_carries_what_is_needed(self, anna: Client) -> None:
        """Revision, limits and the change that came first, so that a program can show them."""
        anna.result("limits.set", limits={"max_memory_mb": 512})
        error = anna.error("limits.set", limits={"max_memory_mb": 400}, expected_revision=0)
        assert error["code"] == AdminErrorCode.CONFLICT
        assert error["data"]["revision"] == 1
        assert error["data"]["limits"]["max_memory_mb"] == 512
        assert error["data"]["change"]["user"] == "anna"

    def test_temporary_ends_by_itself(self, office: Office, anna: Client) -> None:
        """Also if the operator is gone."""
        anna.result("limits.set", limits={"max_memory_mb": 512}, **{"for": 30})
        anna.leave()
        office.clock.advance(29.9)
        assert office.admission.limits.max_memory_mb == 512
        office.clock.advance(0.2)
        assert office.admission.limits == Limits()
        assert [entry.action for entry in office.journal.written] == ["set", "expire"]
        assert office.clock.getDelayedCalls() == []

    def test_undone_past_its_end(self, office: Office, anna: Client) -> None:
        """A temporary value that an undo brings back after its time ends at once, by itself."""
        anna.result("limits.set", limits={"max_memory_mb": 512}, **{"for": 30})
        anna.result("limits.set", limits={"max_memory_mb": 300})
        office.clock.advance(100)
        assert office.admission.limits.max_memory_mb == 300
        anna.result("limits.undo")
        office.clock.advance(0)
        assert office.admission.limits == Limits()

    def test_commit_confirmed(self, office: Office, anna: Client) -> None:
        """Without a word it rolls back; confirmed, it stays."""
        anna.result("limits.set", limits={"max_connections": 1}, confirm_within=10)
        assert anna.error("limits.set", limits={"max_memory_mb": 99})["code"] == AdminErrorCode.CONFLICT
        assert anna.error("limits.save")["code"] == AdminErrorCode.CONFLICT
        office.clock.advance(10)
        assert office.admission.limits == Limits()
        assert anna.error("limits.confirm")["code"] == AdminErrorCode.REFUSED
        anna.result("limits.set", limits={"max_connections": 5}, confirm_within=10)
        anna.result("limits.confirm")
        office.clock.advance(100)
        assert office.admission.limits.max_connections == 5

    def test_warnings_of_the_daemon(self, anna: Client) -> None:
        """What the system does not allow is said in the answer."""
        assert anna.result("limits.set", limits={"max_connections": 200_000})["warnings"]

    def test_full_disk(self, office: Office, anna: Client) -> None:
        """A full disk does not keep an operator from acting, and he is told that it is not written down."""
        office.journal.full = True
        with logged() as lines:
            [warning] = anna.result("limits.set", limits={"max_memory_mb": 512})["warnings"]
        assert "could not be written down" in warning
        assert "No space left" in warning
        assert any("No space left" in line for line in lines)
        assert office.admission.limits.max_memory_mb == 512
        assert anna.result("journal")["entries"][-1]["changes"] == {"max_memory_mb": [1024, 512]}
        with logged():
            assert "No space left" in anna.result("events.note", text="x")["detail"]
            assert anna.result("log_level", level="debug")["warnings"]
            assert "No space left" in anna.result("drain")["journal_fault"]
        office.journal.full = False
        assert anna.result("resume")["journal_fault"] == ""

    def test_reload(self, office: Office, anna: Client) -> None:
        """What the file says anew is in force and told; what an operator set stays."""
        anna.result("limits.set", limits={"max_memory_mb": 512})
        anna.result("subscribe", interval=60)
        fresh = office.admin.reloaded(Limits(max_connections=77))
        assert (fresh.max_memory_mb, fresh.max_connections) == (512, 77)
        assert anna.take()[-1]["params"]["change"]["action"] == "reload"

    def test_a_user_called_daemon(self, office: Office) -> None:
        """Debian has one; what he does is not put down to the daemon itself."""
        LEVELS[1] = "operate"
        try:
            office.client(Who(1, 99, "daemon")).result("limits.set", limits={"max_memory_mb": 512})
        finally:
            del LEVELS[1]
        assert office.daemon.put == ["by daemon (uid 1, pid 99)"]


class TestSave:
    def test_what_lasts_is_saved(self, office: Office, anna: Client) -> None:
        """A temporary value is not made one for ever: the file gets what it goes back to, and that is said."""
        anna.result("limits.set", limits={"max_memory_mb": 512}, **{"for": 3600})
        anna.result("limits.set", limits={"max_connections": 50})
        result = anna.result("limits.save")
        assert office.daemon.saved == [Limits(max_connections=50)]
        assert "max_memory_mb is 512 only for a while" in result["warnings"][0]
        assert result["path"] == "/etc/x.toml"
        assert office.journal.written[-1].action == "save"
        assert anna.result("limits.get")["configured"]["max_connections"] == 50

    def test_the_environment_overrides(self, office: Office, anna: Client) -> None:
        """What a restart would really give is what counts as configured: a reload then changes nothing."""
        office.daemon.environment = {"max_memory_mb": 2048}
        anna.result("limits.set", limits={"max_memory_mb": 512})
        assert anna.result("limits.save")["warnings"] == ["max_memory_mb"]
        assert anna.result("limits.get")["configured"]["max_memory_mb"] == 2048
        assert office.admin.reloaded(Limits(max_memory_mb=2048)).max_memory_mb == 512

    def test_no_file(self, office: Office, anna: Client) -> None:
        """It is refused in the words of who tried."""
        office.daemon.save_error = "/etc/x.toml does not exist"
        error = anna.error("limits.save")
        assert (error["code"], error["message"]) == (AdminErrorCode.REFUSED, "/etc/x.toml does not exist")
        assert office.journal.written == []


class TestActs:
    def test_drain_and_resume(self, office: Office, anna: Client) -> None:
        """Both are written down, once; doing it twice is no news."""
        assert anna.result("drain", reason="kernel update")["state"] == "draining"
        anna.result("drain")
        assert anna.result("resume")["draining"] is False
        anna.result("resume")
        assert [entry.action for entry in office.journal.written] == ["drain", "resume"]
        assert anna.result("limits.get")["revision"] == 0

    def test_no_resume_while_it_stops(self, office: Office, anna: Client) -> None:
        """A daemon that is stopping takes no calls again."""
        anna.result("drain")
        office.daemon.stopping = True
        assert anna.error("resume")["code"] == AdminErrorCode.REFUSED
        assert office.admission.draining

    def test_log_level(self, office: Office, anna: Client) -> None:
        """The answer tells both levels; nonsense is refused with the choices."""
        assert anna.result("log_level", level="debug") == {"before": "info", "after": "debug", "warnings": []}
        assert office.journal.written[-1].changes == {"log_level": ("info", "debug")}
        error = anna.error("log_level", level="loud")
        assert error["code"] == AdminErrorCode.INVALID_PARAMS
        assert "critical" in error["message"]
        assert office.daemon.log_level == "debug"

    def test_note(self, office: Office, anna: Client) -> None:
        """A note is an entry by whoever wrote it, made safe."""
        made = anna.result("events.note", text="  deploy \x1b[2J of web 3 ")
        assert (made["user"], made["reason"], made["action"]) == ("anna", r"deploy \x1b[2J of web 3", "note")
        assert anna.error("events.note", text="  ")["code"] == AdminErrorCode.INVALID_PARAMS

    def test_no_such_connection(self, anna: Client) -> None:
        """It may have closed by itself."""
        assert anna.error("connections.close", id=12)["code"] == AdminErrorCode.NOT_FOUND

    @pytest.mark.parametrize(
        ("method", "params"),
        [
            ("status", {"rows": 0}),
            ("status", {"rows": 10_001}),
            ("subscribe", {"interval": 0.09}),
            ("subscribe", {"interval": 61}),
            ("subscribe", {"interval": -1}),
            ("history", {"seconds": 0}),
            ("history", {"seconds": 3601}),
            ("events", {"limit": 0}),
            ("events", {"limit": 1001}),
            ("journal", {"limit": 0}),
            ("limits.preview", {"limits": {"max_memory_mb": 99}, "minutes": 61}),
            ("limits.preview", {"limits": {"max_memory_mb": 1}}),
            ("limits.preview", {"limits": {}}),
        ],
    )
    def test_ranges(self, anna: Client, method: str, params: dict[str, Any]) -> None:
        """Figures out of range are refused with the range."""
        error = anna.error(method, **params)
        assert error["code"] == AdminErrorCode.INVALID_PARAMS
        assert error["data"]["problems"]


class TestEvents:
    def test_paging(self, anna: Client) -> None:
        """Events are numbered without a gap; who knows the last one asks for what came after it."""
        for number in range(5):
            anna.result("events.note", text=str(number))
        found = anna.result("events")
        assert ([each["sequence"] for each in found["events"]], found["sequence"]) == ([1, 2, 3, 4, 5], 5)
        assert found["lost"] is False
        found = anna.result("events", since=3)
        assert ([each["sequence"] for each in found["events"]], found["lost"]) == ([4, 5], False)
        found = anna.result("events", since=1, limit=2)
        assert ([each["sequence"] for each in found["events"]], found["lost"]) == ([4, 5], True)
        assert anna.result("events", since=5)["events"] == []

    def test_old_ones_go(self, anna: Client) -> None:
        """A thousand are kept, and it is said when older ones were asked for."""
        for number in range(1010):
            anna.send(b'{"method":"events.note","params":{"text":"%d"}}\n' % number)
        found = anna.result("events", limit=1000)
        assert (len(found["events"]), found["events"][0]["sequence"], found["lost"]) == (1000, 11, True)
        assert anna.result("events", since=10, limit=1000)["lost"] is False

    def test_an_episode_from_its_beginning_to_its_end(self, office: Office, anna: Client) -> None:
        """Memory over its limit: an event when it begins and one when it ends, both under one id."""
        office.monitor.start()
        anna.result("subscribe", interval=60)
        office.sampler.memory = 2000.0
        office.pass_time(5, 0.5)
        opened = [each["params"] for each in anna.take() if each["method"] == "event"]
        assert {each["id"] for each in opened} == {1}
        assert opened[-1]["episode"]["level"] == "violation"
        status = anna.result("status")
        assert (status["state"], status["sequence"]) == ("violation", opened[-1]["sequence"])
        assert [each["id"] for each in status["open_episodes"]] == [1]
        acknowledged = anna.result("events.acknowledge", id=1)
        assert (acknowledged["episode"]["acknowledged_by"], acknowledged["sequence"]) == (
            "anna", opened[-1]["sequence"] + 1,
        )  # fmt: skip
        office.sampler.memory = 20.0
        office.pass_time(20, 0.5)
        ended = [each["params"] for each in anna.take() if each["method"] == "event"][-1]
        assert (ended["id"], ended["episode"]["now"], ended["episode"]["acknowledged_by"]) == (1, "normal", "anna")
        assert anna.error("events.acknowledge", id=77)["code"] == AdminErrorCode.NOT_FOUND
        sequences = [each["sequence"] for each in anna.result("events")["events"]]
        assert sequences == list(range(1, len(sequences) + 1))
        office.monitor.stop()


class TestSubscription:
    def snapshots(self, client: Client) -> list[dict[str, Any]]:
        return [each["params"] for each in client.take() if each.get("method") == "snapshot"]

    @pytest.mark.parametrize("interval", [0.125, 1.0, 7.5])
    def test_interval(self, office: Office, anna: Client, interval: float) -> None:
        """Ten intervals, ten snapshots, each with what was asked for and nothing else."""
        first = anna.result("subscribe", interval=interval, connections=True)
        assert (first["interval"], first["connections"], first["functions"]) == (interval, [], None)
        office.pass_time(10 * interval + interval / 2, interval / 8)
        seen = self.snapshots(anna)
        assert len(seen) == 10
        assert all((each["gap"], each["connections"], each["functions"]) == (0, [], None) for each in seen)
        assert all(each["interval"] == interval for each in seen)

    def test_replaced_and_ended(self, office: Office, anna: Client) -> None:
        """Subscribing again replaces it; unsubscribing ends it, events included; so does leaving."""
        anna.result("subscribe", interval=0.1)
        anna.result("subscribe", interval=1)
        office.pass_time(5.5)
        assert len(self.snapshots(anna)) == 5
        anna.result("unsubscribe")
        office.client().result("events.note", text="x")
        office.pass_time(5)
        assert anna.take() == []
        anna.result("subscribe", interval=1)
        anna.leave()
        assert office.clock.getDelayedCalls() == []

    def test_a_reader_that_does_not_read(self, office: Office, anna: Client) -> None:
        """No backlog: nothing is written while something is unread; then one, the newest, with what was missed."""
        other = office.client(OTTO)
        other.result("subscribe", interval=0.125)
        anna.result("subscribe", interval=0.125)
        office.pass_time(0.375, 0.0625)
        assert len(self.snapshots(anna)) == 3
        other.take()
        anna.transport.unread = 5000
        office.pass_time(5, 0.0625)
        assert len(self.snapshots(other)) == 40  # somebody else is not affected
        office.client().result("events.note", text="while she slept")
        assert anna.transport.value() == b""
        assert [each["method"] for each in other.take()] == ["event"]
        row = next(each for each in other.result("operators")["operators"] if each["user"] == "anna")
        assert row["gaps"] == 40
        anna.transport.unread = 0
        office.pass_time(0.125, 0.0625)
        [newest] = self.snapshots(anna)
        assert newest["gap"] == 40
        assert newest["now"] == pytest.approx(office.now().wall, abs=0.06)
        assert newest["sequence"] == 1
        assert anna.result("events", since=0)["events"][0]["change"]["reason"] == "while she slept"
        office.pass_time(0.125, 0.0625)
        assert [each["gap"] for each in self.snapshots(anna)] == [0]

    def test_answers_unread_stop_the_reading(self, office: Office, anna: Client) -> None:
        """Who leaves answers unread gets no more of his requests read, and is served where he was later."""
        anna.protocol.pauseProducing()
        anna.protocol.pauseProducing()
        assert not anna.transport.reading
        assert anna.send(b'{"id":1,"method":"unsubscribe"}\n{"id":2,"method":"unsubscribe"}\n') == []
        anna.protocol.resumeProducing()
        assert anna.transport.reading
        assert [each["id"] for each in anna.take()] == [1, 2]

    def test_a_daemon_that_has_much_to_tell(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where making snapshots takes long, they come more rarely, and say so: at most a fiftieth of the time."""
        real = office.view.snapshot

        def slow(**wanted: Any) -> Any:
            office.clock.rightNow += 0.02
            return real(**wanted)

        monkeypatch.setattr(office.view, "snapshot", slow)
        watchers = [office.client(OTTO) for _ in range(2)]
        for each in watchers:
            each.result("subscribe", interval=0.1)
        office.pass_time(200)
        seen = [self.snapshots(each) for each in watchers]
        assert seen[0][-1]["interval"] == pytest.approx(0.02 * 50 * 2, rel=0.2)
        made = sum(map(len, seen))
        assert made * 0.02 <= 200 / 50 * 1.5

    def test_interval_bounds_are_kept(self, anna: Client) -> None:
        """A refused subscription leaves the one before as it was."""
        anna.result("subscribe", interval=1)
        assert anna.error("subscribe", interval=0.01)["code"] == AdminErrorCode.INVALID_PARAMS
        assert anna.protocol.interval == 1


class TestPreview:
    def record(self, office: Office, seconds: int) -> None:
        office.monitor.start()
        for _ in range(seconds):
            for _ in range(20):
                office.admission.pass_through(office.clock.seconds())
            office.pass_time(1, 0.5)
        office.monitor.stop()

    def test_it_computes_in_slices(self, office: Office, anna: Client) -> None:
        """The answer comes later, others are answered meanwhile, and a third preview has to wait."""
        self.record(office, 120)
        steps = iter(range(10**9))
        office.clock.seconds = lambda: office.clock.rightNow + next(steps) * 0.0005  # type: ignore[method-assign]
        line = b'{"id":%d,"method":"limits.preview","params":{"limits":{"max_requests_per_minute":600}}}\n'
        assert anna.send(line % 1) == []
        assert anna.send(line % 2) == []
        [third] = anna.send(line % 3)
        assert third["error"]["code"] == AdminErrorCode.REFUSED
        assert anna.result("unsubscribe") == {}
        answers = []
        for _ in range(1000):
            office.clock.advance(0.006)
            answers += anna.take()
            if len(answers) == 2:
                break
        assert sorted(each["id"] for each in answers) == [1, 2]
        result = answers[0]["result"]
        assert result["proposed"]["calls"] == result["current"]["calls"] == 2400
        assert result["proposed"]["refused"] > result["current"]["refused"]
        assert office.admission.limits == Limits()
        assert anna.send(line % 4) == []  # there is room again
        anna.leave()  # who goes away meanwhile gets no answer, and nothing fails
        for _ in range(1000):
            office.clock.advance(0.006)
        assert anna.take() == []
