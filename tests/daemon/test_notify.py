"""What the service manager hears, on a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from socket import AF_UNIX, SOCK_DGRAM, socket
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.notify import NotifySocket, Supervision, take_watchdog


class Manager:
    """A notify socket, a clock, and a monitor whose last sample the test decides."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify")
        self.socket = socket(AF_UNIX, SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.clock = Clock()
        self.sampled_at: Callable[[], float] = self.clock.seconds
        self.status: Callable[[], str] = lambda: "OK - fine"
        self.made: list[Supervision] = []
        self._heard: list[str] = []

    def supervise(self, watchdog: float | None = None) -> Supervision:
        environ = {"NOTIFY_SOCKET": self.path}
        made = Supervision(
            notify=NotifySocket(environ),
            watchdog=watchdog,
            clock=self.clock,
            sampled_at=lambda: self.sampled_at(),  # noqa: PLW0108 - tests put others in their place
            status=lambda: self.status(),  # noqa: PLW0108 - the same
        )
        assert environ == {}, "no child speaks in the daemon's name"
        self.made.append(made)
        return made

    def heard(self) -> list[str]:
        """Return what was said since this was last asked."""
        self._read()
        found, self._heard = self._heard, []
        return found

    def _read(self) -> None:
        while True:
            try:
                self._heard.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return

    def run(self, seconds: float) -> None:
        """Let time pass in small steps, and read: the kernel keeps only ten messages."""
        for _ in range(int(seconds * 4)):
            self.clock.advance(0.25)
            self._read()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path)
    yield made
    for each in made.made:
        each.close()
    made.socket.close()


def test_half_of_the_watchdog_s_time(manager: Manager) -> None:
    """A sign of life every half of the time, from the start on."""
    manager.supervise(30).ready()
    manager.run(60)
    assert manager.heard().count("WATCHDOG=1") == 5


def test_a_monitor_that_stands_still_is_not_life(manager: Manager, logged_errors: object) -> None:
    """The reactor turns, but no sample is taken: silence, a line in the log; and life again when it goes on."""
    manager.supervise(4).ready()
    manager.sampled_at = lambda: 0.0
    manager.run(5)
    manager.heard()
    manager.run(20)
    assert "WATCHDOG=1" not in manager.heard()
    manager.sampled_at = manager.clock.seconds
    manager.run(1)
    assert manager.heard().count("WATCHDOG=1") == 1


def test_one_late_turn_is_not_the_end(manager: Manager) -> None:
    """A reactor that was held up for six seconds finds an old sample, and shows life as soon as there is a new one."""
    manager.supervise(30).ready()
    manager.run(14)
    manager.heard()
    manager.sampled_at = lambda: 8.0
    manager.clock.advance(6)
    assert "WATCHDOG=1" not in manager.heard()
    manager.sampled_at = manager.clock.seconds
    manager.run(1)
    assert "WATCHDOG=1" in manager.heard()


def test_status(manager: Manager, logged_errors: Any) -> None:
    """Every ten seconds one line, the first once there are figures, and whatever the text."""
    manager.supervise().ready()
    assert manager.heard() == ["READY=1"]
    manager.run(21.25)
    heard = manager.heard()
    assert heard.count("STATUS=OK - fine") == 3

    def broken() -> str:
        raise ZeroDivisionError

    manager.status = broken
    manager.run(10)
    assert manager.heard() == ["STATUS=no figures"]
    assert len(logged_errors.flush(ZeroDivisionError)) == 1
    manager.status = lambda: "a\nREADY=1\x00\ud800" + "x" * 9999
    manager.run(10)
    [line] = manager.heard()
    assert line.startswith("STATUS=a READY=1")
    assert "\n" not in line
    assert len(line) < 500


def test_ready_is_told_again_until_it_is_heard(manager: Manager) -> None:
    """A manager that cannot listen at the moment must not go on waiting for a daemon that is ready."""
    away = f"{manager.path}.away"
    Path(manager.path).rename(away)
    manager.supervise().ready()
    manager.run(3)
    assert manager.heard() == []
    Path(away).rename(manager.path)
    manager.run(1)
    assert manager.heard()[0] == "READY=1"


def test_stopping(manager: Manager) -> None:
    """The end is announced once, then more time is asked for; nothing says ready any more."""
    supervision = manager.supervise()
    supervision.ready()
    manager.heard()
    supervision.stopping()
    manager.run(3)
    supervision.reloading()
    supervision.ready()
    heard = manager.heard()
    assert heard.count("STOPPING=1") == 1
    assert heard.count("EXTEND_TIMEOUT_USEC=20000000") >= 3
    assert {"READY=1", "RELOADING=1"} & {line.partition("\n")[0] for line in heard} == set()


def test_nobody_to_tell() -> None:
    """Without NOTIFY_SOCKET nothing is done at all, not even a timer."""
    clock = Clock()
    supervision = Supervision(
        notify=NotifySocket({}), watchdog=1.0, clock=clock, sampled_at=clock.seconds, status=lambda: ""
    )
    supervision.ready()
    supervision.reloading()
    supervision.stopping()
    supervision.close()
    assert clock.getDelayedCalls() == []


def test_an_unknown_kind_of_address() -> None:
    """``vsock:`` and whatever comes next is left alone."""
    assert not NotifySocket({"NOTIFY_SOCKET": "vsock:2:9999"}).enabled


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
    ],
)
def test_watchdog(environ: dict[str, str], seconds: float | None) -> None:
    """Only a number, and only for this process; the variables are removed."""
    assert take_watchdog(environ, 7) == seconds
    assert environ == {}
