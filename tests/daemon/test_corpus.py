"""The conversations of the corpus, held with a real daemon. Their form is described in bridge/perl/corpus/README."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_process import Connection, DaemonProcess

CORPUS = Path(__file__).parents[2] / "bridge" / "perl" / "corpus"
FILES = sorted(CORPUS.glob("*.txt"))
CONVERSATIONS = [file for file in FILES if "client-only" not in file.read_text(encoding="utf-8").partition("\n")[0]]


def matches(seen: Any, wanted: Any) -> bool:
    """Compare with "*" for any value and "..." for further fields; kinds count (1 is not True, nor 1.0)."""
    if wanted == "*":
        return True
    if isinstance(wanted, dict) and isinstance(seen, dict):
        more = wanted.get("...", False)
        fields = {name: value for name, value in wanted.items() if name != "..."}
        return (more or seen.keys() == fields.keys()) and all(
            name in seen and matches(seen[name], value) for name, value in fields.items()
        )
    if isinstance(wanted, list) and isinstance(seen, list):
        return len(seen) == len(wanted) and all(map(matches, seen, wanted))
    return type(seen) is type(wanted) and seen == wanted


@pytest.fixture(scope="module")
def corpus_daemon() -> Iterator[DaemonProcess]:
    """One daemon for all conversations."""
    daemon = DaemonProcess(options=["--max-requests-per-minute=100000"]).start()
    yield daemon
    daemon.cleanup()


def test_there_is_a_corpus() -> None:
    """The files are found, and some are for the daemon."""
    assert len(CONVERSATIONS) > 20


@pytest.mark.parametrize("file", CONVERSATIONS, ids=lambda path: path.stem)
def test_conversation(file: Path, corpus_daemon: DaemonProcess) -> None:
    """The daemon answers as the conversation says."""
    with Connection(corpus_daemon.socket) as connection:
        for number, line in enumerate(file.read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
            word, _, rest = line.partition(" ")
            match word:
                case "#" | "call" | "sees":
                    continue
                case "send":
                    connection.send(json.loads(rest).encode())
                case "wait":
                    time.sleep(float(rest))
                case "half-close":
                    connection.socket.shutdown(socket.SHUT_WR)
                case "answer":
                    seen = json.loads(connection.read_line())
                    assert matches(seen, json.loads(rest)), f"{file.name}:{number}: {seen}"
                case "closed":
                    assert connection.read_all() == b""
                case _:
                    pytest.fail(f"{file.name}:{number}: no such word: {word}")
