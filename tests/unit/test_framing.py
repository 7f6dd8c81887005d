"""Lines come out of packets whole, in order, and at linear cost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.framing import MAX_PARTS, LineFramer, Parted, RequestFramer, UnreadablePartsError


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


def parted(parts: list[bytes], rest: str = '"x":1}') -> bytes:
    sizes = ",".join(str(len(part)) for part in parts)
    return f'{{"parts":[{sizes}],{rest}'.encode()


PARTS = st.lists(st.binary(max_size=40), max_size=5)
PLAIN = st.binary().map(lambda line: b"-" + line.replace(b"\n", b"").rstrip(b"\r"))


class TestRequestFramer:
    @given(
        requests=st.lists(PLAIN | PARTS),
        ending=st.sampled_from([b"\n", b"\r\n"]),
        cuts=st.lists(st.integers(0, 2000)),
    )
    def test_any_split(self, requests: list[bytes | list[bytes]], ending: bytes, cuts: list[int]) -> None:
        """Lines and parts come out as they were, whatever they hold, however the stream is cut."""
        stream, wanted = b"", []
        for request in requests:
            if isinstance(request, bytes):
                stream += request + ending
                wanted.append((request, None))
            else:
                line = parted(request)
                stream += line + ending + b"".join(request)
                wanted.append((line, tuple(request)))
        framer = RequestFramer()
        seen = [item for packet in packets_of(stream, cuts) for item in framer.requests(packet)]
        assert [(item.line, item.parts) if isinstance(item, Parted) else (item, None) for item in seen] == wanted
        assert framer.pending == framer.announced == 0
        assert framer.line is None
        assert framer.take() == b""

    def test_an_unfinished_request(self) -> None:
        """It is known how much is missing; what has come is no request, and is forgotten."""
        framer = RequestFramer()
        line = parted([b"x" * 10])
        assert list(framer.requests(line + b"\nabc")) == []
        assert (framer.line, framer.pending, framer.announced) == (line, len(line) + 3, len(line) + 10)
        assert framer.take() == b""
        assert list(framer.requests(b"next\n")) == [b"next"]

    @pytest.mark.parametrize(
        "line",
        [
            b'{"parts":[1.5]}',
            b'{"parts":[-1]}',
            b'{"parts":[1 ]}',
            b'{"parts":[1,]}',
            b'{"parts":[9999999999999]}',
            b'{"parts":[',
            b'{"parts":[1]',
            b'{"parts":[' + b",".join([b"0"] * (MAX_PARTS + 1)) + b"]}",
        ],
    )
    def test_sizes_that_cannot_be_read(self, line: bytes) -> None:
        """Where the next request begins is unknown then; those before are there."""
        framer = RequestFramer()
        requests = framer.requests(b"first\n" + line + b"\n")
        assert next(requests) == b"first"
        with pytest.raises(UnreadablePartsError):
            next(requests)

    def test_pieces_are_joined_once(self) -> None:
        """The cost of parts, too, is linear: pieces are kept apart until the last has come."""
        framer = RequestFramer()
        list(framer.requests(parted([b"x" * 10_000]) + b"\n"))
        for _ in range(999):
            assert list(framer.requests(b"x" * 10)) == []
        assert len(framer._pieces) == 999
        [request] = framer.requests(b"x" * 10)
        assert isinstance(request, Parted)
        assert request.parts == (b"x" * 10_000,)
