"""Anything at all on the operators' socket: well-formed answers or a close, and never a fault of the daemon's own."""

from __future__ import annotations

import json
import random
from typing import Any

from fuzzing import fuzz, load_tests, mutants
from hypothesis import strategies as st

from bridge.adminwire import AdminErrorCode

CODES = {value for name, value in vars(AdminErrorCode).items() if name.isupper()}
METHODS = sorted(load_tests("daemon/test_admin.py").Office().admin._methods)

LINES = mutants(
    *(f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{}}}}\n'.encode() for method in METHODS),
    b'{"id":"x","method":"limits.set","params":{"limits":{"max_memory_mb":512.5},"for":60,"reason":"r"}}\n',
    b'{"id":2,"method":"limits.set","params":{"limits":{"max_connections":7},"confirm_within":9,"dry_run":true}}\n',
    b'{"id":3,"method":"limits.preview","params":{"limits":{"max_connections":7},"minutes":2}}\n',
    b'{"id":4.5,"method":"subscribe","params":{"interval":0.5,"connections":true,"functions":true,"rows":3}}\n',
    b'{"method":"events.note","params":{"text":"x"}}\n',
    b'[{"id":1,"method":"status"}]\n',
)

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**53, 2**63, -(2**63), 2**64 - 1, 10**25, 1e308, -1e308, 5e-324, 0.5, 60, 3600, 10**400]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | st.text(max_size=8)
    | st.sampled_from(["\x1b[2J", "\u202e", "a" * 3000, "debug"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
LIMITS = st.dictionaries(
    st.sampled_from(["max_concurrent_requests", "max_requests_per_minute", "max_memory_mb", "max_cpu_percent",
                     "max_connections", "warning_ratio", "backpressure_seconds", "max_queued_requests",
                     "max_process_share"]) | st.text(max_size=5),
    NUMBERS | VALUES,
    max_size=4,
)  # fmt: skip
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(["interval", "rows", "limit", "since", "seconds", "minutes", "id", "pid", "for", "until",
                         "confirm_within", "expected_revision", "revision"], NUMBERS | VALUES),
        **dict.fromkeys(["connections", "functions", "dry_run"], st.booleans() | VALUES),
        **dict.fromkeys(["reason", "text", "level", "boot_id"], st.text(max_size=20) | VALUES),
        "limits": LIMITS | VALUES,
    },
)  # fmt: skip
FIELDS: dict[str, list[str]] = {
    "status": ["connections", "functions", "rows"],
    "subscribe": ["interval", "connections", "functions", "rows"],
    "limits.set": ["limits", "expected_revision", "reason", "for", "until", "confirm_within", "dry_run"],
    "limits.confirm": ["revision"],
    "limits.undo": ["revision", "expected_revision", "reason"],
    "limits.preview": ["limits", "minutes"],
    "history": ["seconds", "since"],
    "events": ["since", "limit"],
    "events.acknowledge": ["id"],
    "events.note": ["text"],
    "journal": ["limit"],
    "connections.close": ["id", "boot_id", "pid", "reason"],
    "drain": ["reason"],
    "resume": ["reason"],
    "log_level": ["level"],
}
SHY = ["dry_run", "confirm_within", "until", "expected_revision", "boot_id", "pid"]


def well_formed(message: dict[str, Any]) -> None:
    """Check a message's shape."""
    if "method" in message:
        assert message["method"] in {"snapshot", "event"}
        return
    assert message["jsonrpc"] == "2.0"
    assert ("result" in message) != ("error" in message)
    if "error" in message:
        assert message["error"]["code"] in CODES - {AdminErrorCode.INTERNAL_ERROR}, message
        assert message["error"]["message"].isprintable()


@fuzz(st.lists(LINES | st.binary(max_size=40), max_size=5), st.integers(0, 2**32), examples=400)
def test_admin_lines(lines: list[bytes], dice: int) -> None:
    """Any bytes in any packets: each message is well-formed, and the office serves the next operator."""
    office = load_tests("daemon/test_admin.py").Office()
    client = office.client()
    rng = random.Random(dice)
    data, at = b"".join(lines), 0
    while at < len(data) and not client.transport.disconnecting:
        size = rng.choice((1, 7, 100, 5000))
        client.protocol.dataReceived(data[at : at + size])
        at += size
    office.clock.advance(0.5)
    for message in client.take():
        well_formed(message)
    client.leave()
    office.clock.advance(1000)
    assert office.client().result("status")
    office.admin.stop()


@fuzz(
    st.lists(st.tuples(st.sampled_from(METHODS), PARAMS), min_size=1, max_size=8), st.integers(0, 2**32), examples=250
)
def test_admin_methods(requests: list[tuple[str, dict[str, Any]]], dice: int) -> None:
    """Real methods with any parameters: done, or refused in words. What is in force can always be asked for."""
    office = load_tests("daemon/test_admin.py").Office()
    client = office.client()
    rng = random.Random(dice)
    for method, given in requests:
        # Mostly fields that the method has, or nothing would get past the first check.
        params = {name: given[name] for name in given if name in FIELDS.get(method, ()) or rng.random() < 0.02}
        for name in SHY:
            if rng.random() < 0.7:
                params.pop(name, None)
        try:
            line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        except ValueError:  # an integer of more digits than Python writes
            continue
        for message in client.send(line + b"\n"):
            well_formed(message)
        office.clock.advance(rng.choice((0, 0.5, 30)))
        for message in client.take():
            well_formed(message)
        if client.transport.disconnecting or client.transport.aborted:
            client = office.client()
    limits = client.result("limits.get")["after"]
    assert limits == json.loads(json.dumps(limits))
    client.leave()
    office.admin.stop()
