"""What the service manager is told: systemd's ``sd_notify`` protocol, spoken without its library.

Nothing that goes wrong here disturbs the daemon: what cannot be said is left unsaid, and the log hears of it once.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, MutableMapping

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

__all__ = ["NotifySocket", "Supervision", "take_watchdog"]

TICK_SECONDS = 1.0
STATUS_SECONDS = 10.0

FIRST_STATUS_SECONDS = 1.0
"""After the start there are no figures yet."""

FRESH_SECONDS = 5.0
"""How old the monitor's latest sample may be, of which there are two a second, for the daemon to count as alive."""

EXTENSION_SECONDS = 20.0
"""How much longer the manager is asked to wait for the daemon's end, each second anew."""

LONGEST_STATUS = 400
"""Characters of a status line; ``systemctl status`` shows one line."""


class NotifySocket:
    """The socket that ``NOTIFY_SOCKET`` names. Makes none where the variable is not set, and then does nothing.

    The variable is removed from ``environ``, so that no worker process speaks in the daemon's name.
    """

    log = Logger()

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        address = environ.pop("NOTIFY_SOCKET", "")
        self._address: str | bytes = address
        self._socket: socket.socket | None = None
        self._failed = False
        if not address:
            return
        if address[0] == "@":  # the abstract namespace: no file
            self._address = b"\0" + os.fsencode(address[1:])
        elif address[0] != "/":
            self.log.warn("NOTIFY_SOCKET is of a kind that is not known here: {address}", address=address)
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    @property
    def enabled(self) -> bool:
        """Whether anybody is to be told anything."""
        return self._socket is not None

    def send(self, *assignments: str) -> bool:
        """Send ``NAME=value`` assignments as one message; ``False`` if it did not go out."""
        if self._socket is None:
            return False
        data = "\n".join(assignments).encode(errors="replace")
        try:
            self._socket.sendto(data, self._address)
        except OSError as error:
            if not self._failed:
                self._failed = True
                self.log.warn(
                    "The service manager cannot be told anything: {error}", error=error.strerror or str(error)
                )
            return False
        if self._failed:
            self._failed = False
            self.log.info("The service manager can be told again")
        return True

    def close(self) -> None:
        """Say nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def take_watchdog(environ: MutableMapping[str, str], pid: int) -> float | None:
    """Return the seconds within which the manager wants a sign of life, ``None`` for never; removes the variables."""
    span, for_pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
    if for_pid and for_pid != str(pid):
        return None
    if not (span.isascii() and span.isdigit()) or int(span) == 0:
        return None
    return int(span) / 1_000_000


class Supervision:
    """Keeps the manager informed: ready, reloading, stopping, how the daemon is, and that it lives.

    Each beat comes from a timer in the reactor, and only while ``sampled_at`` moves on: a daemon that is stuck falls
    silent, and the manager kills it.

    Args:
        notify: where to.
        watchdog: seconds within which a sign of life is wanted, ``None`` for never.
        clock: the daemon's clock.
        sampled_at: when the monitor took its latest sample, by that clock.
        status: one line about the daemon.
    """

    log = Logger()

    def __init__(
        self,
        *,
        notify: NotifySocket,
        watchdog: float | None,
        clock: IReactorTime,
        sampled_at: Callable[[], float],
        status: Callable[[], str],
    ) -> None:
        self._notify = notify
        self._beat = None if watchdog is None else watchdog / 2
        self._clock = clock
        self._sampled_at = sampled_at
        self._status = status
        self._stopping = False
        self._untold: list[str] = []  # what must reach the manager and has not yet
        self._next_beat = self._next_status = float("-inf")
        self._silent = False
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock

    def ready(self) -> None:
        """Callers and operators can connect: say so, and go on to report."""
        if not self._notify.enabled or self._stopping:
            return
        self._tell("READY=1")
        if not self._loop.running:
            self._next_status = self._clock.seconds() + FIRST_STATUS_SECONDS
            # Twice in each half of the watchdog's time, so that one late turn of the reactor is not the end.
            self._loop.start(TICK_SECONDS if self._beat is None else min(TICK_SECONDS, self._beat / 2))

    def reloading(self) -> None:
        """The settings are being read again; :meth:`ready` ends that, whatever came of it."""
        if not self._stopping:
            self._notify.send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """The daemon ends. Not to be said for a drain: it cannot be taken back."""
        self._stopping = True
        self._tell("STOPPING=1")
        self._extend()

    def close(self) -> None:
        """Nothing more will be told."""
        if self._loop.running:
            self._loop.stop()
        self._notify.close()

    def _tell(self, message: str) -> None:
        self._untold = [] if self._notify.send(message) else [message]

    def _tick(self) -> None:
        now = self._clock.seconds()
        if self._untold:
            self._tell(self._untold[0])
        if self._stopping:
            self._extend()
        if self._beat is not None and now >= self._next_beat:
            self._show_life(now, self._beat)
        if now >= self._next_status:
            self._next_status = now + STATUS_SECONDS
            self._notify.send(f"STATUS={self._line()}")

    def _show_life(self, now: float, beat: float) -> None:
        age = now - self._sampled_at()
        if age <= FRESH_SECONDS:
            self._silent = False
            if self._notify.send("WATCHDOG=1"):
                self._next_beat = now + beat
        elif not self._silent:
            self._silent = True
            self.log.critical(
                "The monitor has not taken a sample for {age:.0f} s: no sign of life for the service manager, which "
                "will restart the daemon",
                age=age,
            )

    def _extend(self) -> None:
        self._notify.send(f"EXTEND_TIMEOUT_USEC={int(EXTENSION_SECONDS * 1_000_000)}")

    def _line(self) -> str:
        try:
            line = self._status()
        except Exception:  # noqa: BLE001 - a line for people must not stop the signs of life
            self.log.failure("The status line could not be made")
            return "no figures"
        return " ".join(line.split())[:LONGEST_STATUS]
