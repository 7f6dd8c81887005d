"""The leak guard catches what it is there for, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

SUPPORT = Path(__file__).parents[1] / "support"

# Each leaking function is followed by a clean one, which must not get the blame. The comment is what the report says.
SAMPLE = """
from twisted.internet import defer, protocol
from twisted.logger import Logger


def test_delayed_call():  # left in the reactor: <DelayedCall
    from twisted.internet import reactor
    reactor.callLater(600, print)


def test_listening_port(tmp_path):  # left in the reactor: <
    from twisted.internet import reactor
    reactor.listenUNIX(str(tmp_path / "s"), protocol.ServerFactory())


def test_unhandled_error():  # ZeroDivisionError: lost
    defer.fail(ZeroDivisionError("lost"))


def test_unhandled_error_in_a_cycle():  # ZeroDivisionError: lost
    deferred = defer.fail(ZeroDivisionError("lost"))
    deferred.me = deferred


def test_logged_failure():  # went wrong
    try:
        1 / 0
    except ZeroDivisionError:
        Logger().failure("went wrong")


def test_critical_line_of_somebody_else():  # logged: on fire
    Logger(namespace="twisted.x").critical("on fire")


def test_flush_of_another_kind(logged_errors):  # ZeroDivisionError: lost
    defer.fail(ZeroDivisionError("lost"))
    assert logged_errors.flush(KeyError) == []


def test_nothing():
    pass


def test_flushed_error(logged_errors):
    defer.fail(ZeroDivisionError("lost"))
    [failure] = logged_errors.flush(ZeroDivisionError)
    assert failure.value.args == ("lost",)


def test_closed_port(tmp_path):
    from twisted.internet import reactor
    reactor.listenUNIX(str(tmp_path / "s"), protocol.ServerFactory()).stopListening()


def test_critical_line_of_the_daemon():
    Logger(namespace="bridge.levels").critical("RESOURCE VIOLATION")
"""

EXPECTED = {
    head.removeprefix("def ").split("(")[0]: complaint
    for head, _, complaint in (
        line.partition(":  # ") if ":  # " in line else (line, "", "")
        for line in SAMPLE.splitlines()
        if line.startswith("def ")
    )
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run the sample under the guard alone; return what was reported for each test ("" when it passed)."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "test_sample.py").write_text(SAMPLE)
    options = ["-p", "leak_guard", "-p", "no:cacheprovider", "-c", os.devnull, "--junitxml=report.xml"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_sample.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == 1, result.stdout
    cases = ElementTree.parse(folder / "report.xml").iter("testcase")  # noqa: S314 - pytest wrote it a moment ago
    found: dict[str, str] = {}
    for case in cases:
        errors = [(error.get("message") or "") + (error.text or "") for error in case if error.tag != "system-out"]
        found[case.get("name", "")] = found.get(case.get("name", ""), "") + "\n".join(errors)
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_the_guard_reports_exactly_what_was_left_behind(reports: dict[str, str], name: str) -> None:
    """A test that leaves something behind fails with what it left; one that tidies up, or comes next, passes."""
    complaint = EXPECTED[name]
    if complaint:
        assert "left something behind" in reports[name]
        assert complaint in reports[name]
    else:
        assert reports[name] == ""
