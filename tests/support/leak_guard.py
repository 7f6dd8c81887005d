"""A pytest plugin: a test that leaves something behind in the reactor, or an error in the log, fails.

pytest-twisted runs tests inside the reactor but, unlike trial, does not look at what they leave there: a test that
forgot a delayed call, a listening port or a Deferred with an unhandled error passes green. This plugin looks after
every test, fixtures torn down included.

A test that expects an error in the log asks for ``logged_errors`` and flushes it, as with trial's
``flushLoggedErrors``::

    def test_x(logged_errors):
        ...
        [failure] = logged_errors.flush(ZeroDivisionError)
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from pytest_twisted import blockon
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, STDLibLogObserver, formatEvent, globalLogBeginner, globalLogPublisher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twisted.logger import LogEvent
    from twisted.python.failure import Failure

__all__ = ["LoggedErrors", "leak_guard", "logged_errors"]

SETTLING_TURNS = 3
"""Reactor turns granted to what a test has already closed: a closed connection leaves the reactor one turn later."""


class LoggedErrors:
    """Collects events that carry a failure, and critical ones that are not the daemon's own lines."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        """Observe one event."""
        critical = event.get("log_level") is LogLevel.critical and not self._is_harmless(event)
        if event.get("log_failure") is not None or critical:
            self.events.append(event)

    @staticmethod
    def _is_harmless(event: LogEvent) -> bool:
        # "RESOURCE VIOLATION" is a critical line of the daemon and no fault of the test that provokes it.
        ours = str(event.get("log_namespace", "")).split(".", 1)[0] == "bridge"
        # A Deferred logs this heading before the event that carries its failure.
        return ours or event.get("log_format") == "Unhandled error in Deferred:"

    def flush(self, *kinds: type[BaseException]) -> list[Failure]:
        """Forget the collected errors (of these exception types, or all) and return their failures, oldest first."""
        gc.collect()  # An unhandled error in a Deferred is logged when the Deferred dies.
        kept: list[LogEvent] = []
        flushed: list[Failure] = []
        for event in self.events:
            failure = event.get("log_failure")
            if not kinds or (failure is not None and failure.check(*kinds)):
                if failure is not None:
                    flushed.append(failure)
            else:
                kept.append(event)
        self.events = kept
        return flushed


@pytest.fixture
def logged_errors(leak_guard: LoggedErrors) -> LoggedErrors:
    """Return the errors logged so far in this test; ``flush()`` those that the test expects."""
    return leak_guard


@pytest.fixture(autouse=True)
def leak_guard(twisted_greenlet: object) -> Iterator[LoggedErrors]:
    """Fail the test if it leaves delayed calls, open descriptors or unflushed errors behind."""
    from twisted.internet import reactor  # after pytest-twisted has installed it

    errors = LoggedErrors()
    globalLogPublisher.addObserver(errors)
    before = _belongings(reactor)
    yield errors
    gc.collect()
    left = _belongings(reactor) - before
    for _ in range(SETTLING_TURNS if left else 0):
        blockon(deferLater(reactor, 0))
        left = _belongings(reactor) - before
    globalLogPublisher.removeObserver(errors)
    problems = [f"left in the reactor: {thing}" for thing in left]
    problems += [f"logged: {_describe(event)}" for event in errors.events]
    for thing in left:
        _remove(reactor, thing)  # so that the next test is not blamed
    if problems:
        pytest.fail("The test left something behind.\n" + "\n".join(problems), pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """Send Twisted's log to ``logging``, so that pytest shows it beside a failed test."""
    globalLogBeginner.beginLoggingTo([STDLibLogObserver()], discardBuffer=True, redirectStandardIO=False)


def pytest_collection_finish() -> None:
    """Take what the imports made out of the collector's sight: a collection after each test is then cheap."""
    gc.collect()
    gc.freeze()


def _belongings(reactor: object) -> set[object]:
    return {*reactor.getDelayedCalls(), *reactor.getReaders(), *reactor.getWriters()} - reactor._internalReaders


def _remove(reactor: object, thing: object) -> None:
    if hasattr(thing, "cancel"):
        if thing.active():
            thing.cancel()
    else:
        reactor.removeReader(thing)
        reactor.removeWriter(thing)


def _describe(event: LogEvent) -> str:
    failure = event.get("log_failure")
    return formatEvent(event) + ("\n" + failure.getTraceback() if failure is not None else "")
