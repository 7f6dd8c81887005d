"""The leak guard catches what it is there for, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"

PREAMBLE = """
from twisted.internet import defer, protocol
from twisted.logger import Logger

"""


def run_pytest(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run one test file with the guard as its only plugin of ours."""
    (folder / "test_it.py").write_text(PREAMBLE + source)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "leak_guard", "-p", "no:cacheprovider", "-c", os.devnull, "test_it.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


LEAKS = {
    "a delayed call": (
        "def test_it():\n    from twisted.internet import reactor\n    reactor.callLater(600, print)\n",
        "left in the reactor: <DelayedCall",
    ),
    "a listening port": (
        "def test_it(tmp_path):\n    from twisted.internet import reactor\n"
        "    reactor.listenUNIX(str(tmp_path / 's'), protocol.ServerFactory())\n",
        "left in the reactor: <",
    ),
    "an unhandled error in a Deferred": (
        "def test_it():\n    defer.fail(ZeroDivisionError('lost'))\n",
        "ZeroDivisionError: lost",
    ),
    "an unhandled error in a Deferred that is part of a cycle": (
        "def test_it():\n    deferred = defer.fail(ZeroDivisionError('lost'))\n    deferred.me = deferred\n",
        "ZeroDivisionError: lost",
    ),
    "a logged failure": (
        "def test_it():\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        Logger().failure('went wrong')\n",
        "went wrong",
    ),
    "a critical line of somebody else": (
        "def test_it():\n    Logger(namespace='twisted.x').critical('on fire')\n",
        "logged: on fire",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_fails_the_test_that_made_it_and_no_other(tmp_path: Path, leak: str) -> None:
    """A test that passes but leaves something behind is reported, with what it left; the next test is not."""
    source, complaint = LEAKS[leak]
    result = run_pytest(tmp_path, source + "\ndef test_next():\n    pass\n")
    assert "2 passed, 1 error" in result.stdout, result.stdout
    assert "ERROR at teardown of test_it" in result.stdout
    assert complaint in result.stdout
    assert result.returncode == 1


CLEAN = {
    "an expected failure that is flushed": (
        "def test_it(logged_errors):\n    defer.fail(ZeroDivisionError('lost'))\n"
        "    [failure] = logged_errors.flush(ZeroDivisionError)\n    assert failure.value.args == ('lost',)\n"
    ),
    "a port that is closed": (
        "def test_it(tmp_path):\n    from twisted.internet import reactor\n"
        "    reactor.listenUNIX(str(tmp_path / 's'), protocol.ServerFactory()).stopListening()\n"
    ),
    "a critical line of the daemon": "def test_it():\n    Logger(namespace='bridge.levels').critical('VIOLATION')\n",
}


@pytest.mark.parametrize("case", CLEAN)
def test_what_is_tidied_up_or_expected_passes(tmp_path: Path, case: str) -> None:
    """A test that cleans up, or flushes the errors it expects, passes."""
    result = run_pytest(tmp_path, CLEAN[case])
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout


def test_flushing_one_kind_keeps_the_others(tmp_path: Path) -> None:
    """``flush(KeyError)`` does not hide a ZeroDivisionError."""
    result = run_pytest(
        tmp_path, "def test_it(logged_errors):\n    defer.fail(ZeroDivisionError('lost'))\n    logged_errors.flush(KeyError)\n"
    )
    assert "ZeroDivisionError: lost" in result.stdout
    assert result.returncode == 1
