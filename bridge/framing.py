"""Cut a byte stream into lines at a cost linear in its length, however it was cut into packets.

Pure. Twisted's own line buffer appends every packet to one bytes object and searches it from the start again, which
is quadratic: an 8 MiB line in 4 KiB pieces takes seconds. Here pieces without a newline are kept in a list and joined
once, when the newline comes.
"""

from __future__ import annotations

__all__ = ["LineFramer"]


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
