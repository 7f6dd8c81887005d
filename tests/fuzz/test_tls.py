"""Descriptors at any moment, options of any kind, records from anybody: nothing leaks, and each fault has its word."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import ssl
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fuzzing import fuzz, load_tests, mutate
from hypothesis import strategies as st
from tls_server import Authority

from bridge.api import BridgeError, Descriptor, ErrorType, FilterError, Flow, Peer, Session, Upgrade
from bridge.registry import Registry

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # old versions are for who names them

WIRE = load_tests("fuzz/test_wire.py")
REGISTRY = Registry(WIRE._Daemon())
REGISTRY.load(["tls"], {})
START = REGISTRY.find("tls", "start")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BYTES = st.sampled_from(["", "AA==", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", "MAA="]).map(
    lambda text: {"__bytes__": text}
)
CREDENTIALS = st.fixed_dictionaries({}, optional={"certificate": BYTES, "key": BYTES, "password": st.text(max_size=20)})
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "server_side": st.booleans(),
    "report": st.booleans(),
    "require_certificate": st.booleans(),
    "crl": BYTES,
    "more_certificates": st.lists(CREDENTIALS, max_size=2),
    "certificates_by_name": st.dictionaries(st.text(max_size=5), st.lists(CREDENTIALS, max_size=2), max_size=2),
    "own_order": st.booleans(),
    "curve": st.sampled_from(["prime256v1", "X25519", "\0", ""]),
    "dh": BYTES,
    "server_name": st.text(max_size=300)
    | st.sampled_from(["localhost", "127.0.0.1", "::1", "a..b", "ü.example", "\0"]),
    "verify": st.booleans(),
    "check_hostname": st.booleans(),
    "ca": BYTES,
    "certificate": BYTES,
    "key": BYTES,
    "password": st.text(max_size=2000),
    "min_version": st.sampled_from(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    "max_version": st.sampled_from(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    "ciphers": st.text(max_size=20) | st.just("ALL"),
    "alpn": st.lists(st.text(max_size=300), max_size=3),
    "session_key": st.text(max_size=20),
}


def files() -> int:
    return len(os.listdir("/proc/self/fd"))


@cache
def context() -> ssl.SSLContext:
    with TemporaryDirectory() as folder:
        return Authority(Path(folder)).good


@fuzz(
    st.fixed_dictionaries({}, optional={name: value | JSON for name, value in OPTIONS.items()}),
    st.binary(max_size=200),
    examples=200,
)
def test_options(params: dict[str, Any], answer: bytes) -> None:
    """Whatever the options and whatever the server says, there is a sentence, and the socket is closed."""
    before = files()
    session = Session(Peer(1, 2, 3))
    ours, theirs = socket.socketpair()
    theirs.sendall(answer)
    theirs.shutdown(socket.SHUT_WR)
    descriptor = session.descriptor = Descriptor(os.dup(ours.fileno()))
    ours.close()
    try:
        upgrade = START.bind({"timeout": 5, **params}, session)()
    except BridgeError as error:
        assert error.error_type is ErrorType.BAD_PARAMS
        json.dumps(error.details)
    else:
        assert isinstance(upgrade, Upgrade) and upgrade.negotiation is not None
        steps = [upgrade.negotiation.step(data) for data in (b"", answer, None)]
        told = next(step for step in steps if step.over is not None)
        assert told.over is False
        assert json.loads(told.to_client)["error_type"] == ErrorType.FUNCTION_ERROR
        upgrade.close()
    descriptor.close()
    session.close()
    theirs.close()
    assert files() == before


@fuzz(
    st.lists(st.sampled_from(["line", "piece", "descriptor", "end"]), max_size=30), st.integers(0, 2**32), examples=300
)
def test_descriptors(events: list[str], dice: int) -> None:
    """Descriptors may come at any moment: none is left, and the answers are those without them."""
    rng = random.Random(dice)
    before = files()
    bridge = WIRE.Bridge()
    protocol, transport = bridge.open()
    data = b""
    for event in events:
        if event == "descriptor":
            protocol.descriptorReceived(os.open(os.devnull, os.O_RDONLY))
        piece = {"line": rng.choice(WIRE.REQUESTS), "piece": rng.randbytes(3).replace(b"\n", b""), "end": b"\n"}.get(
            event
        )
        if piece:
            piece += b"\n" * (event == "line")
            data += piece
            protocol.dataReceived(piece)
        assert files() <= before + 1
    if not events or b"\n" in data:
        assert len(transport.value().splitlines()) == data.count(b"\n")
    protocol.connectionLost()
    assert files() == before
    for call in bridge.clock.getDelayedCalls():
        call.cancel()


@fuzz(st.integers(0, 2**32), examples=150)
def test_records(dice: int) -> None:
    """A stream's filter takes damaged records as what they are, and passes on nothing that was not sent."""
    rng = random.Random(dice)
    tls_filter = load_tests("../bridge/modules/_tls_filter.py")
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    client = tls_filter.TlsFilter(trusting, "localhost")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context().wrap_bio(incoming, outgoing, server_side=True)
    done, data = client.step(b"")
    while not done:
        incoming.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            server.do_handshake()
        done, data = client.step(outgoing.read())
    incoming.write(data)
    server.do_handshake()
    said = rng.randbytes(rng.choice((0, 1, 100, 40_000)))
    if said:
        server.write(said)
    records = outgoing.read()
    if rng.random() < 0.8:
        records = mutate(records, rng, most=2)
    got = b""
    at = 0
    try:
        while at < len(records):
            size = rng.choice((1, 5, 100, 65536))
            flow: Flow = client.from_peer(records[at : at + size])
            got += flow.to_client
            at += size
    except FilterError as error:
        got += error.flow.to_client
    assert said.startswith(got)
    client.client_ended()
    client.peer_ended()
