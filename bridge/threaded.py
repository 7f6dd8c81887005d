"""Calls that run in threads: from their start there to the answer, which is sent from there as well.

Sending from the thread spares a short call the time in which the reactor wakes up, gets the interpreter's lock and
comes to it: a quarter of the whole. The reactor still keeps the books. What has ended in a thread lies in a queue
until :meth:`ThreadedCalls.settle`, and whoever lets a client go on, or shows the books to anybody, settles first. The
entry is made before the answer is sent, so no client is quicker than the books; and the reactor is woken only for
what must not wait until it wakes anyway, a tenth of a second at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from bridge.answers import function_error
from bridge.callback import CallbackError, running
from bridge.errors import BridgeError
from bridge.followers import SLICE

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorFromThreads

    from bridge import wire
    from bridge.call import Call
    from bridge.threads import CallThreads

__all__ = ["Ended", "ThreadedCalls"]


class Ended:
    """A call that has ended in its thread.

    Attributes:
        outcome: the result, in the answer's form, or why there is none.
        at: when, in seconds of the daemon's clock.
        unsent: what is left of the answer that the thread has sent, guarded by the caller's ``sending``.
        passed: the full names of the functions of calls that went before it in the same thread and succeeded, and the
            seconds that they ran.
        rest: its followers that did not run.
    """

    __slots__ = ("at", "call", "outcome", "passed", "rest", "unsent")

    def __init__(self, call: Call, outcome: bytes | BridgeError, at: float) -> None:
        self.call = call
        self.outcome = outcome
        self.at = at
        self.unsent = b""
        self.passed: list[tuple[str, float]] = []
        self.rest: list[Call] = []


class ThreadedCalls:
    """Runs calls in threads.

    Args:
        threads: the pool.
        seconds: the daemon's clock; asked in threads, too.
        max_result_size: the setting in force, in bytes.
        is_awaited: whether anybody waits for calls to end; asked in threads, too.
        on_end: called in the reactor for each call that has ended.
    """

    def __init__(
        self,
        *,
        threads: CallThreads,
        reactor: IReactorFromThreads,
        seconds: Callable[[], float],
        max_result_size: Callable[[], int],
        is_awaited: Callable[[], bool],
        on_end: Callable[[Ended], None],
    ) -> None:
        self._threads = threads
        self._reactor = reactor
        self._seconds = seconds
        self._max_result_size = max_result_size
        self._is_awaited = is_awaited
        self._on_end = on_end
        self.ended: deque[Ended] = deque()

    def start(self, call: Call) -> None:
        """Run a call in a thread.

        Raises:
            RuntimeError: the system has no thread for us: TasksMax, or no memory for its stack.
        """
        self._threads.run(self._run, call)

    def settle(self) -> None:
        """In the reactor: see to the calls that have ended in threads since the last time."""
        ended = self.ended
        while ended:
            self._on_end(ended.popleft())

    # --- in the call's thread ---

    def _run(self, call: Call) -> None:
        """Run the function, and those of the call's followers."""
        running.session = call.session
        running.invoke = lambda number, args: self._invoke(call, number, args)
        try:
            ended = self._run_several(call) if call.followers else Ended(call, _outcome_of(call), self._seconds())
        finally:
            running.session = running.invoke = None
        if self._end(ended):
            self._reactor.callFromThread(self.settle)

    def _run_several(self, call: Call) -> Ended:
        """Run one call after the other, until one fails, the time is up, or somebody has reason to step in between."""
        caller, followers = call.caller, call.followers
        passed: list[tuple[str, float]] = []
        begin = start = call.started
        at = 0
        while True:
            outcome = _outcome_of(call)
            now = self._seconds()
            over = at == len(followers) or now - begin > SLICE or self._is_awaited()
            if over or isinstance(outcome, BridgeError) or caller is None:
                break
            with caller.sending:
                if call.answered or call.caller is None:  # it has timed out, or the client has gone
                    break
                passed.append((call.function.name, now - start))
                call.become(followers[at], now)
            start = now
            at += 1
        ended = Ended(call, outcome, now)
        ended.passed = passed
        ended.rest = followers[at:]
        return ended

    def _end(self, ended: Ended) -> bool:
        """Enter the call in the queue, and send its answer if nothing stands in the way.

        Returns:
            whether the reactor must settle at once, since it has to answer, or somebody waits for the call to be over.
        """
        call, outcome = ended.call, ended.outcome
        caller = call.caller
        if (
            caller is not None
            and call.upgrade is None
            and isinstance(outcome, bytes)
            and len(outcome) <= self._max_result_size()
            and (answer := call.form.success(outcome, call.request_id))
        ):
            with caller.sending:
                if not call.answered and caller.only_waits_for(call):
                    call.claimed = True
                    self.ended.append(ended)
                    ended.unsent = answer[caller.send_now(answer) :]
                    # These are looked at after the entry was made, and whoever changes them settles afterwards: one of
                    # the two sees the other.
                    return bool(ended.unsent) or caller.has_more or self._is_awaited()
        self.ended.append(ended)
        return True

    def _invoke(self, call: Call, number: int, args: Sequence[object]) -> Any:
        """Have a sub of the client's called, and wait for what it returns."""
        if call.form.callback is None:
            raise CallbackError("Nobody waits for this call, so no sub can be called back from it.")
        data = call.form.result(args)
        if len(data) > self._max_result_size():
            raise CallbackError(f"The arguments of a sub called back are more than max_result_size: {len(data)} bytes.")
        arrived: SimpleQueue[wire.Return | BridgeError] = SimpleQueue()
        self._reactor.callFromThread(self._call_back, call, number, data, arrived.put)
        outcome = arrived.get()
        if isinstance(outcome, BridgeError):
            raise outcome
        if outcome.died is not None:
            name = call.function.name
            raise CallbackError(f"The Perl sub that {name} called died: {outcome.died.rstrip()}", died=outcome.call)
        return outcome.value

    # --- in the reactor ---

    def _call_back(
        self, call: Call, number: int, args: bytes, finish: Callable[[wire.Return | BridgeError], object]
    ) -> None:
        """Send the call of a sub."""
        spell = call.form.callback
        assert spell is not None
        if call.caller is None:
            finish(CallbackError("The client has gone."))
        elif call.answered:
            finish(CallbackError("The call has timed out: its client does not wait any more."))
        else:
            call.caller.call_back(call, lambda callback: spell(callback, number, args), finish)


def _outcome_of(call: Call) -> bytes | BridgeError:
    """Run the function, and encode there too: a large result must not hold up the reactor."""
    try:
        return call.encode(call.work())
    except BridgeError as error:
        return error
    except BaseException as error:  # noqa: BLE001 - SystemExit from a function must not end the thread silently
        return function_error(call.function.name, error)
