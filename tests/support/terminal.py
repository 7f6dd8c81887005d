"""A pytest plugin: runs a program in a pseudo terminal of a given size and shows what an operator would see there.

``open_terminal(command, size=(120, 40))`` starts it; all it starts is killed at the end of the test, and the screens
are shown when the test has failed. A thread takes the program's output, so that the program never waits for a
reader; it is interpreted when somebody looks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyte
import pytest

__all__ = ["Terminal", "open_terminal"]

WAIT_SECONDS = 25.0
"""Longest wait for something to appear: a fraction of a second is usual, a machine that builds takes longer."""

TICK = 0.02
"""Seconds between two looks."""

GONE_LOOKS = 5
"""So many looks one after the other must find a text gone."""

KEYS = {
    "Enter": b"\r",
    "Esc": b"\x1b",
    "Tab": b"\t",
    "BackTab": b"\x1b[Z",
    "Up": b"\x1b[A",
    "Down": b"\x1b[B",
    "Right": b"\x1b[C",
    "Left": b"\x1b[D",
    "Home": b"\x1b[H",
    "End": b"\x1b[F",
    "Backspace": b"\x7f",
    "F1": b"\x1bOP",
    "^c": b"\x03",
    "^l": b"\x0c",
    "^p": b"\x10",
    "^q": b"\x11",
    "^t": b"\x14",
    "^z": b"\x1a",
}
"""What a terminal sends for keys that have names; everything else is sent as it is."""

# A session leader that opens a terminal gets it as its controlling one; only so a new size reaches the program.
TAKE_TERMINAL = 'exec <>"$0" >&0 2>&0; exec "$@"'

# pyte prints the end of sequences with "<" ("pop the keyboard mode") instead of leaving them out.
UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<=>][\d;]*[a-zA-Z]")
UNFINISHED = re.compile(rb"\x1b(\[[<=>?]?[\d;]*)?$")


class Terminal:
    """A program and the terminal it runs in.

    Args:
        command: the program and its arguments.
        size: columns and lines.
        environ: its whole environment; ``TERM`` is set unless it is there.
        folder: where it runs.

    Attributes:
        process: it.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (120, 40),
        environ: Mapping[str, str] | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self._size = size
        self._master, slave = os.openpty()
        self._set_size(size)
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._raw = bytearray()
        self._fed = 0
        self._arrived = threading.Lock()
        self._closing = threading.Event()
        try:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", TAKE_TERMINAL, os.ttyname(slave), *command],
                cwd=folder,
                env={"TERM": "xterm-256color", **(os.environ if environ is None else environ)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._slave = slave  # kept open: without any opener a terminal loses its output
        except BaseException:
            os.close(self._master)
            os.close(slave)
            raise
        self._thread = threading.Thread(target=self._take, daemon=True, name="terminal")
        self._thread.start()

    # --- what it shows ---

    @property
    def raw(self) -> bytes:
        """Every byte that the program has written so far."""
        with self._arrived:
            return bytes(self._raw)

    @property
    def lines(self) -> list[str]:
        """The screen, line by line, without blanks at the ends."""
        self._feed()
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def line_with(self, text: str) -> str:
        """Return the first line that holds a text, "" without it."""
        return next((line for line in self.lines if text in line), "")

    def styles(self, text: str) -> set[tuple[bool, bool]]:
        """Return (bold, reverse) of the cells of the first line that holds a text."""
        self._feed()
        at = next((at for at, line in enumerate(self._screen.display) if text in line), None)
        return set() if at is None else {(cell.bold, cell.reverse) for cell in self._screen.buffer[at].values()}

    # --- waiting ---

    def wait_for(self, wanted: str | Callable[[str], Any], seconds: float = WAIT_SECONDS, *, what: str = "") -> str:
        """Return the screen's text once it holds ``wanted``, or once ``wanted(text)`` is true.

        Raises:
            AssertionError: it does not come, or the program ends; with the screen as it is.
        """
        good = wanted if callable(wanted) else lambda text: wanted in text
        give_up = time.monotonic() + seconds
        while not good(text := self.text):
            ended = self.process.poll()
            if ended is not None and good(self.text):
                break
            if ended is not None or time.monotonic() > give_up:
                how = f"it ended with {ended}" if ended is not None else f"not within {seconds:g} s"
                raise AssertionError(f"waited for {what or wanted!r}: {how}\n{self.shown()}")
            time.sleep(TICK)
        return text

    def wait_gone(self, text: str, seconds: float = WAIT_SECONDS) -> str:
        """Return the screen's text once it no longer holds ``text``; raises ``AssertionError``.

        Once it has been gone for several looks: a frame that is half drawn has not got back what follows.
        """
        looks = 0

        def gone(shown: str) -> bool:
            nonlocal looks
            looks = 0 if text in shown else looks + 1
            return looks > GONE_LOOKS

        return self.wait_for(gone, seconds, what=f"{text!r} to go away")

    def wait_raw(self, wanted: bytes, seconds: float = WAIT_SECONDS, *, since: int = 0) -> bytes:
        """Return the bytes written from ``since`` on, once ``wanted`` is among them; raises ``AssertionError``."""
        give_up = time.monotonic() + seconds
        while wanted not in (raw := self.raw[since:]):
            if time.monotonic() > give_up:
                raise AssertionError(f"waited {seconds:g} s for the bytes {wanted!r}\n{self.shown()}")
            time.sleep(TICK)
        return raw

    def wait_end(self, seconds: float = WAIT_SECONDS) -> int:
        """Return the exit status; all output has been taken by then. Raises ``AssertionError`` if it goes on."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended within {seconds:g} s\n{self.shown()}") from None
        give_up = time.monotonic() + 1.0
        while not self._closing.is_set() and select.select([self._master], [], [], 0)[0] and time.monotonic() < give_up:
            time.sleep(TICK)
        return status

    def shown(self) -> str:
        """Return the screen in a frame, for a person who wonders why a test failed."""
        width = self._size[0]
        body = "\n".join(f"|{line:{width}}|" for line in self.lines)
        return f"+{'-' * width}+\n{body}\n+{'-' * width}+"

    # --- what an operator does ---

    def send(self, *keys: str) -> None:
        """Press keys: names of ``KEYS``, or texts that are typed as they are."""
        for key in keys:
            data = KEYS.get(key, key.encode())
            while data:
                data = data[os.write(self._master, data) :]

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the program is told."""
        self._feed()
        self._size = (columns, lines)
        self._screen.resize(lines, columns)
        self._screen.erase_in_display(2)
        self._set_size(self._size)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Let the terminal go away, as a lost connection does."""
        self._closing.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def modes(self) -> list[Any]:
        """Return how the terminal treats lines, echo and signals, to compare."""
        return termios.tcgetattr(self._slave)

    def close(self) -> None:
        """Kill whatever still runs and let go of the terminal. May come twice."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if not self._closing.is_set():
            self.hang_up()

    # --- inside ---

    def _set_size(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def _take(self) -> None:
        while not self._closing.is_set():
            if not select.select([self._master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                return
            with self._arrived:
                self._raw += data

    def _feed(self) -> None:
        with self._arrived:
            data = bytes(self._raw[self._fed :])
        unfinished = UNFINISHED.search(data[-40:])
        if unfinished:
            data = data[: len(data) - len(unfinished.group())]
        self._fed += len(data)
        if data:
            self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", data))


@pytest.fixture
def open_terminal(request: pytest.FixtureRequest) -> Iterator[Callable[..., Terminal]]:
    """Return a function that opens terminals, with the arguments of :class:`Terminal`."""
    opened: list[Terminal] = []

    def start(command: Sequence[str], **options: Any) -> Terminal:
        terminal = Terminal(command, **options)
        opened.append(terminal)
        return terminal

    failed_before = request.session.testsfailed
    yield start
    for terminal in opened:
        if request.session.testsfailed > failed_before:
            print(terminal.shown())  # pytest shows it beside the failure
        terminal.close()
