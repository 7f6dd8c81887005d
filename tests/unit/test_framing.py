"""Lines come out of packets whole, in order, and at linear cost."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.framing import LineFramer


def packets_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    """Cut ``stream`` at the given places."""
    edges = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(edges)]


class TestLineFramer:
    @given(
        lines=st.lists(st.binary().map(lambda line: line.replace(b"\n", b"").rstrip(b"\r"))),
        tail=st.binary().map(lambda line: line.replace(b"\n", b"")),
        ending=st.sampled_from([b"\n", b"\r\n"]),
        cuts=st.lists(st.integers(0, 2000)),
    )
    def test_any_split(self, lines: list[bytes], tail: bytes, ending: bytes, cuts: list[int]) -> None:
        """The same lines come out however the stream is cut, and the rest stays pending."""
        stream = b"".join(line + ending for line in lines) + tail
        framer = LineFramer()
        seen = [line for packet in packets_of(stream, cuts) for line in framer.feed(packet)]
        assert seen == lines
        assert framer.pending == len(tail)
        assert framer.peek() == tail
        assert framer.take() == tail
        assert framer.pending == 0

    def test_only_one_carriage_return_is_dropped(self) -> None:
        """A line that ends in two carriage returns keeps one: nothing but the line ending is stripped."""
        assert LineFramer().feed(b"a\r\r\n") == [b"a\r"]

    def test_carriage_return_in_an_earlier_packet(self) -> None:
        """A carriage return is dropped when the newline arrives in a later packet, too."""
        framer = LineFramer()
        assert framer.feed(b"a\r") == []
        assert framer.feed(b"\n") == [b"a"]

    def test_empty_packet(self) -> None:
        """An empty packet changes nothing."""
        framer = LineFramer()
        assert framer.feed(b"") == []
        assert framer.pending == 0

    def test_pieces_are_joined_once(self) -> None:
        """Bytes copied stay proportional to the bytes received: pieces are kept apart until the newline."""
        framer = LineFramer()
        for _ in range(1000):
            framer.feed(b"x" * 10)
        assert len(framer._pieces) == 1000
        assert framer.feed(b"\n") == [b"x" * 10_000]

    def test_last_byte_ignores_white_space(self) -> None:
        """A document followed by blanks still shows its closing brace."""
        framer = LineFramer()
        assert framer.last_byte() is None
        framer.feed(b'{"a":1}')
        framer.feed(b"  \t")
        assert framer.last_byte() == ord("}")
