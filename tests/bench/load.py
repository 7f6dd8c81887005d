"""The load generator: raw sockets and prepared bytes, no Twisted, so that it costs far less than what it measures.

Runs as a process of its own (on a core of its own where there are two) and prints one JSON object. It keeps ``depth``
requests outstanding on every connection, so the server is never without work: what is measured is the server.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import resource
import select
import socket
import sys
import time

__all__ = ["REQUEST", "big_request", "idle", "ping"]

REQUEST = json.dumps(
    {
        "module": "test",
        "function": "ping",
        "params": {"hello": "world"},
        "request_id": "bench-0001",
        "client_version": "0.1.0",
        "perl_caller": "main",
    },
    separators=(",", ":"),
).encode()

RECEIVE = 4096
"""Bytes asked for by one read. More costs more than the read itself: Python makes room for them every time."""

RECEIVE_BIG = 1 << 18
"""The same for big answers."""

SILENCE = 10.0
"""Seconds without any answer after which a run gives up: a server that hangs must not hang the benchmark."""


def connect(path: str) -> socket.socket:
    """Open one connection; wait for room where the server's backlog is full."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(SILENCE)
    give_up = time.monotonic() + SILENCE
    while True:
        try:
            connection.connect(path)
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.001)
        else:
            return connection


def ping(path: str, connections: int, depth: int, seconds: float, warm_up: float) -> dict[str, float]:
    """Send ``REQUEST`` for ``seconds`` after ``warm_up`` seconds; return rate, latencies and the generator's own cost.

    Raises:
        RuntimeError: an answer was not a success, or none came for a while.
    """
    line = REQUEST + b"\n"
    batches = [line * count for count in range(depth + 1)]
    sockets = [connect(path) for _ in range(connections)]
    poll = select.epoll()
    # On each descriptor, when the requests still unanswered were sent, oldest first.
    sent: dict[int, collections.deque[float]] = {}
    now = time.perf_counter()
    for connection in sockets:
        # A socket with a time-out costs one more system call for each operation, and os.read less than recv.
        connection.setblocking(False)
        number = connection.fileno()
        poll.register(number, select.EPOLLIN)
        sent[number] = collections.deque([now] * depth)
        write_all(number, batches[depth])
    latencies: list[float] = []
    record = latencies.append
    clock, read, write = time.perf_counter, os.read, os.write
    start = now + warm_up
    end = start + seconds
    cpu_start = 0.0
    measuring = False
    warm_up_answers = 0
    while now < end:
        ready = poll.poll(SILENCE)
        if not ready:
            raise RuntimeError(f"no answer for {SILENCE:g} s")
        if not measuring and now >= start:
            measuring, start, cpu_start = True, now, time.process_time()
            warm_up_answers = len(latencies)
            latencies.clear()
        for number, _ in ready:
            data = read(number, RECEIVE)
            if not data or b'"success":false' in data:
                raise RuntimeError(f"the server refused or closed: {data[:300]!r}")
            now = clock()
            times = sent[number]
            answers = data.count(b"\n")
            for _ in range(answers):
                record(now - times.popleft())
                times.append(now)
            write(number, batches[answers])
    elapsed = now - start
    cpu = time.process_time() - cpu_start
    for connection in sockets:
        connection.close()
    latencies.sort()
    return {
        "answers": warm_up_answers + len(latencies),
        "requests_per_second": len(latencies) / elapsed,
        "p50_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[len(latencies) * 99 // 100],
        "generator_cpu_percent": 100 * cpu / elapsed,
    }


def write_all(number: int, data: bytes) -> None:
    """Write the first requests: they fit into the socket's buffer, or the shape is too large."""
    if os.write(number, data) != len(data):
        raise RuntimeError("so many requests sent ahead do not fit into the socket's buffer")


def big_request(path: str, size: int, piece: int) -> dict[str, float]:
    """Send one ``test.echo`` of ``size`` bytes in pieces, and return the seconds until its answer was whole."""
    head = b'{"module":"test","function":"echo","params":"'
    tail = b'","request_id":"big"}\n'
    line = head + b"x" * (size - len(head) - len(tail)) + tail
    pieces = [line[start : start + piece] for start in range(0, size, piece)]
    with connect(path) as connection:
        started = time.perf_counter()
        for part in pieces:
            connection.sendall(part)
        received = bytearray()
        while not received.endswith(b"\n"):
            data = connection.recv(RECEIVE_BIG)
            if not data:
                raise RuntimeError(f"the server closed after {received[:300]!r}")
            received += data
        elapsed = time.perf_counter() - started
    if b'"success":true' not in received[:100] or len(received) < size - len(head):
        raise RuntimeError(f"the answer is not the echo: {received[:300]!r}")
    return {"seconds": elapsed}


def idle(path: str, connections: int) -> None:
    """Hold connections open, one answered request on each, until standard input closes. Says "ready" in between."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < connections + 100:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, connections + 100), hard))
    held = []
    for _ in range(connections):
        connection = connect(path)
        connection.sendall(REQUEST + b"\n")
        connection.recv(RECEIVE)
        held.append(connection)
    print(json.dumps({"ready": len(held)}), flush=True)
    sys.stdin.read()


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["ping", "big", "idle"])
    parser.add_argument("--socket", required=True)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--warm-up", type=float, default=0.2)
    parser.add_argument("--size", type=int, default=9 << 20)
    parser.add_argument("--piece", type=int, default=65536)
    parser.add_argument("--cpu", type=int, default=None, help="run on this core only")
    options = parser.parse_args()
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})
    if options.what == "idle":
        idle(options.socket, options.connections)
    elif options.what == "big":
        print(json.dumps(big_request(options.socket, options.size, options.piece)))
    else:
        result = ping(options.socket, options.connections, options.depth, options.seconds, options.warm_up)
        print(json.dumps(result))


if __name__ == "__main__":
    main()
