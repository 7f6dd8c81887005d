"""The pool of threads for calls: how many there are, what happens to jobs, and that nothing is left of them."""

from __future__ import annotations

import gc
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest
from leak_guard import LoggedErrors

from bridge.threads import CallThreads


@pytest.fixture
def pool() -> Iterator[CallThreads]:
    pool = CallThreads(2)
    yield pool
    pool.stop()
    assert not pool.threads


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.001)


def test_as_many_threads_as_are_needed(pool: CallThreads) -> None:
    """One job after the other needs one thread; two at a time need two; a third one waits for either."""
    done: queue.Queue[int] = queue.Queue()
    for number in range(5):
        pool.run(done.put, number)
        assert done.get(timeout=10) == number
        until(lambda: pool._jobs == 0)
    assert len(pool.threads) == 1
    gate = threading.Event()
    for _ in range(3):
        pool.run(gate.wait, 10)
    pool.run(done.put, 99)
    assert len(pool.threads) == 2
    assert done.empty()
    gate.set()
    assert done.get(timeout=10) == 99


def test_more_and_fewer(pool: CallThreads) -> None:
    """Raised, jobs that come find threads at once; lowered, busy threads finish what they do and end."""
    gate = threading.Event()
    pool.resize(5)
    for _ in range(5):
        pool.run(gate.wait, 10)
    assert len(pool.threads) == 5
    pool.resize(1)
    pool.resize(3)
    assert len(pool.threads) == 5
    gate.set()
    until(lambda: len(pool.threads) == 1)
    done: queue.Queue[int] = queue.Queue()
    for number in range(20):
        pool.run(done.put, number)
    assert sorted(done.get(timeout=10) for _ in range(20)) == list(range(20))
    assert len(pool.threads) <= 3


def test_a_job_that_fails(pool: CallThreads, logged_errors: LoggedErrors) -> None:
    """It is logged, and its thread does the next one."""
    done: queue.Queue[str] = queue.Queue()
    pool.resize(1)
    pool.run(exec, "raise SystemExit")
    pool.run(done.put, "next")
    assert done.get(timeout=10) == "next"
    assert len(logged_errors.flush(SystemExit)) == 1
    assert len(pool.threads) == 1


def test_keeps_nothing_of_a_job(pool: CallThreads) -> None:
    """What a job was given is gone when it has ended, however long its thread waits for the next."""

    class Payload:
        pass

    payload = Payload()
    watch = weakref.ref(payload)
    pool.run(lambda _: None, payload)
    until(lambda: pool._jobs == 0)
    del payload
    gc.collect()
    assert watch() is None


def test_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch, pool: CallThreads) -> None:
    """It is said to whoever wanted one, the function does not run, and the pool is none the worse for it."""
    ran: queue.Queue[str] = queue.Queue()

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading, "_start_new_thread", refuse)
        for _ in range(10):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                pool.run(ran.put, "never")
    for _ in range(4):
        pool.run(ran.put, "later")
    assert [ran.get(timeout=10) for _ in range(4)] == ["later"] * 4
    assert len(pool.threads) <= 2
    assert all(thread.daemon for thread in pool.threads)
    assert ran.empty()
