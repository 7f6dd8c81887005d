"""Cut a byte stream into lines or requests at a cost linear in its length, however it was cut into packets.

Pure. A request is a line, or a line and the parts that it announces: bytes as they are, which follow its newline. Such
a line begins with ``{"parts":[`` and the sizes, so that nothing needs to be decoded here.

Twisted's own line buffer appends every packet to one bytes object and searches it from the start again, which is
quadratic: an 8 MiB line in 4 KiB pieces takes seconds. Here pieces without a newline are kept in a list and joined
once, when the newline comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

__all__ = ["MAX_PARTS", "PARTS_MARK", "LineFramer", "Parted", "RequestFramer", "UnreadablePartsError"]

PARTS_MARK = b'{"parts":['
"""How a line begins, to the byte, that parts follow."""

MAX_PARTS = 4096
"""Most parts of one request: each is an object of its own, however small."""

_SIZES = re.compile(rb'\{"parts":\[(\d{1,12}(?:,\d{1,12})*)?\][,}]')


class UnreadablePartsError(Exception):
    """A line begins like one with parts, but does not say how long they are: where the next begins is unknown."""


class Parted:
    """A request with parts.

    Attributes:
        line: the line, without its end.
        parts: the bytes that followed it.
    """

    __slots__ = ("line", "parts", "size")

    def __init__(self, line: bytes, parts: tuple[bytes, ...]) -> None:
        self.line = line
        self.parts = parts
        self.size = len(line) + sum(map(len, parts))

    def __len__(self) -> int:
        """Return the bytes of line and parts."""
        return self.size


class LineFramer:
    r"""Collects packets; hands out complete lines without their ``\n`` and without one trailing ``\r``.

    Attributes:
        pending: bytes received that no newline has ended yet.
    """

    __slots__ = ("_pieces", "pending")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.pending = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take one packet and return the lines it completes, oldest first."""
        if not self.pending and data.find(b"\n") == len(data) - 1 and data:
            # One whole line in one packet: what nearly every request is.
            return [data[:-2] if data.endswith(b"\r\n") else data[:-1]]
        lines = data.split(b"\n")
        tail = lines.pop()
        if lines and self.pending:
            self._pieces.append(lines[0])
            lines[0] = b"".join(self._pieces)
            self._pieces.clear()
            self.pending = 0
        if tail:
            self._pieces.append(tail)
            self.pending += len(tail)
        return [line[:-1] if line.endswith(b"\r") else line for line in lines]

    def take(self) -> bytes:
        """Return the unfinished line and forget it: for a peer that ends its last line by closing."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.pending = 0
        return data

    def peek(self) -> bytes:
        """Return the unfinished line and keep it (joined, so that looking twice costs one copy)."""
        if len(self._pieces) > 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0] if self._pieces else b""

    def last_byte(self) -> int | None:
        """Return the last byte of the unfinished line that is not white space, or ``None``.

        Looks at pieces from the newest back to the first that is not blank: no joining.
        """
        for piece in reversed(self._pieces):
            stripped = piece.rstrip()
            if stripped:
                return stripped[-1]
        return None


class RequestFramer(LineFramer):
    """Collects packets; hands out requests: lines, and lines with their parts.

    Attributes:
        line: a complete line whose parts have not all come, else ``None``.
        announced: bytes that this line and its parts are together, else 0.
    """

    __slots__ = ("_sizes", "announced", "line")

    def __init__(self) -> None:
        super().__init__()
        self._sizes: list[int] = []
        self.line: bytes | None = None
        self.announced = 0

    def requests(self, data: bytes) -> Iterable[bytes | Parted]:
        """Take one packet and return the requests it completes, oldest first; to be gone through to its end.

        Raises:
            UnreadablePartsError: what follows cannot be told apart any more.
        """
        if self.line is None and PARTS_MARK not in data and not (self.pending and self._may_have_parts()):
            return self.feed(data)
        return self._cut(data)

    def _may_have_parts(self) -> bool:
        """Whether the unfinished line begins like one with parts, as far as it has come."""
        size = len(PARTS_MARK)
        head = self._pieces[0] if len(self._pieces[0]) >= size else b"".join(self._pieces[:size])
        return head[:size] == PARTS_MARK[: len(head)]

    def _cut(self, data: bytes) -> Iterator[bytes | Parted]:
        at, end = 0, len(data)
        while at < end:
            if self.line is None:
                stop = data.find(b"\n", at)
                if stop < 0:
                    self._keep(data[at:])
                    return
                line = data[at:stop]
                if self.pending:
                    self._keep(line)
                    line = self.take()
                at = stop + 1
                if line.endswith(b"\r"):
                    line = line[:-1]
                if not line.startswith(PARTS_MARK):
                    yield line
                    continue
                self._sizes = _sizes_of(line)
                self.line = line
                self.pending = len(line)
                self.announced = self.pending + sum(self._sizes)
            else:
                stop = at + self.announced - self.pending
                self._keep(data[at:stop])
                at = stop
            if self.pending == self.announced:
                yield self._finish()

    def take(self) -> bytes:
        """Return the unfinished line and forget it, as :meth:`LineFramer.take` does.

        A line whose parts are missing is no request: it is forgotten with them, and nothing is returned.
        """
        if self.line is not None:
            self._pieces.clear()
            self.line = None
            self.announced = 0
        return super().take()

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self.pending += len(piece)

    def _finish(self) -> Parted:
        """All the parts are there."""
        assert self.line is not None
        whole = memoryview(b"".join(self._pieces))
        edges = pairwise(accumulate(self._sizes, initial=0))
        parted = Parted(self.line, tuple(bytes(whole[start:stop]) for start, stop in edges))
        self.take()
        return parted


def _sizes_of(line: bytes) -> list[int]:
    found = _SIZES.match(line)
    if found is None:
        raise UnreadablePartsError("the sizes of the parts cannot be read")
    if found[1] is None:
        return []
    if found[1].count(b",") >= MAX_PARTS:
        raise UnreadablePartsError(f"there are more than {MAX_PARTS} parts")
    return [int(size) for size in found[1].split(b",")]
