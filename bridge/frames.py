"""The channel between the daemon and a worker process: JSON text behind its length.

Pure. Four bytes, big-endian, say how many bytes of JSON follow. Nothing is searched and nothing is joined twice.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["HEADER", "FrameReader", "FrameTooLargeError", "frame"]

HEADER = struct.Struct(">I")


class FrameTooLargeError(Exception):
    """The peer announced more than it may send."""


def frame(data: bytes) -> bytes:
    """Put the length before the data."""
    return HEADER.pack(len(data)) + data


class FrameReader:
    """Collects pieces and hands out whole frames; at most ``largest`` bytes each."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted: int | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take one piece and yield the frames it completes; raises :class:`FrameTooLargeError`."""
        self._pieces.append(data)
        self._held += len(data)
        while self._held >= (HEADER.size if self._wanted is None else self._wanted):
            joined = b"".join(self._pieces)
            at = 0
            if self._wanted is None:
                (self._wanted,) = HEADER.unpack_from(joined)
                at = HEADER.size
                if self._wanted > self._largest:
                    raise FrameTooLargeError
            end = at + self._wanted
            if len(joined) >= end:
                self._wanted = None
                self._keep(joined[end:])
                yield joined[at:end]
            else:
                self._keep(joined[at:])

    def _keep(self, rest: bytes) -> None:
        self._pieces = [rest] if rest else []
        self._held = len(rest)
