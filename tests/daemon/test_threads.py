"""The pool of threads for calls: what it does that Twisted's does not."""

from __future__ import annotations

import queue
import threading

import pytest

from bridge.threads import CallThreads


def test_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said to whoever wanted one, the function does not run, and the pool is none the worse for it."""
    pool = CallThreads(2)
    pool.start()
    ran: queue.Queue[str] = queue.Queue()

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading, "_start_new_thread", refuse)
        for _ in range(10):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                pool.callInThread(ran.put, "never")
    for _ in range(4):
        pool.callInThread(ran.put, "later")
    assert [ran.get(timeout=10) for _ in range(4)] == ["later"] * 4
    assert len(pool.threads) <= 2
    assert all(thread.daemon for thread in pool.threads)
    pool.stop()
    assert ran.empty()
