"""From a request line to its answer: decode, find the function, pass admission, run it, encode.

Where a function runs depends on its kind: in the reactor (inline), as a coroutine, in the daemon's own thread pool
(never the reactor's, whose ten threads would be a hidden queue), or in a worker process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from bridge import wire
from bridge.answers import (
    JSON,
    LEGACY,
    STORABLE,
    VOID,
    Form,
    Origin,
    form_of,
    function_error,
    hidden_parts,
    origin_of,
    prepare,
    spell_error,
)
from bridge.call import Call
from bridge.errors import BridgeError, ErrorType
from bridge.followers import gather
from bridge.registry import Kind
from bridge.threaded import Ended, ThreadedCalls

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime
    from twisted.python.failure import Failure

    from bridge.admission import Admission
    from bridge.protocol import BridgeProtocol
    from bridge.registry import Function, Registry
    from bridge.settings import Settings
    from bridge.stats import Stats
    from bridge.threads import CallThreads
    from bridge.workers import WorkerPool

__all__ = ["Dispatcher"]

LEAST_RUN_TIME = 0.001
"""Seconds of its timeout that a call keeps however long it waited."""


@attrs.define
class Dispatcher:
    """Serves requests; see the module's text.

    Attributes:
        abandoned: calls whose caller went away before the answer.
        cancelled: those of them that never ran or were stopped, and so are in no other counter.
        overdue: threads that still run although their call has timed out; each holds its slot.
        busy_threads: threads that run a function, those overdue included.
    """

    log = Logger()

    registry: Registry
    admission: Admission
    stats: Stats
    settings: Settings
    clock: IReactorTime
    reactor: IReactorFromThreads
    threads: CallThreads
    workers: WorkerPool
    abandoned: int = 0
    cancelled: int = 0
    overdue: int = 0
    busy_threads: int = 0
    _wakeup: IDelayedCall | None = None
    _starting: bool = False
    _idle: Deferred[None] | None = None
    _running: int = 0
    _threaded: ThreadedCalls = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._threaded = ThreadedCalls(
            threads=self.threads,
            reactor=self.reactor,
            seconds=self.clock.seconds,
            max_result_size=lambda: self.settings.max_result_size,
            is_awaited=lambda: self.admission.waiting > 0 or self._idle is not None,
            on_end=self._end_threaded,
        )

    # --- what connections call ---

    def submit(
        self, line: bytes, caller: BridgeProtocol, *, legacy: bool, parts: tuple[bytes, ...] | None = None
    ) -> Call | bytes | None:
        """Serve one request line; ``parts`` are those that followed it, ``None`` if it announced none.

        Returns:
            the answer, for the caller to send, perhaps empty; or ``None``, when ``caller.answer`` was given it already;
            or the call, for :meth:`abandon`, when ``caller.answer`` will be given it later.
        """
        now = self.clock.seconds()
        name = ""
        request = None
        form = LEGACY if legacy else JSON
        admission = self.admission
        try:
            request = wire.decode_request(line)
            if not caller.introduced:
                caller.introduce(request.client_version, request.perl_caller)
            if not legacy:
                form = form_of(request)
            has_bytes = request.parts is not None or wire.BYTES_MARK in line
            if has_bytes or request.group is not None:
                answer = prepare(request, form, caller, parts, has_bytes=has_bytes)
                if answer is not None:
                    return answer
            function = self.registry.find(request.module, request.function)
            name = function.name
            if function.direct and not has_bytes and (function.exempt or admission.pass_through(now)):
                return self._run_direct(function, request, caller, form, now)
            call = Call(caller, function, function.bind(request.params, caller.session), request, form)
            if function.kind is Kind.INLINE and (function.exempt or admission.pass_through(now)):
                return self._run_inline(call, now)
            if function.exempt:
                call.arrived = call.started = now
            elif not admission.ask(call, now):
                return self._wait(call, now)
        except BridgeError as error:
            return self._refused(name, error, caller, origin_of(caller, form, request, line, error), now)
        except Exception:  # noqa: BLE001 - it is logged
            return self._failed(name, caller, request, form, now)
        return self._go(call)

    def resume(self, call: object) -> Call | bytes | None:
        """Serve a call that was given back to its connection; as :meth:`submit`."""
        assert isinstance(call, Call)
        if call.caller is not None and call.group in call.caller.failed_groups:
            return b""
        now = self.clock.seconds()
        try:
            if not self.admission.ask(call, now):
                return self._wait(call, now)
        except BridgeError as error:
            return self._refusal(call.function.name, error, call.origin, now=now)
        return self._go(call)

    def abandon(self, call: object) -> None:
        """Take note that the caller of an unanswered call has gone."""
        assert isinstance(call, Call)
        call.caller = None
        self.abandoned += 1
        now = self.clock.seconds()
        if self.admission.cancel(call, now):
            call.answered = True
            self.cancelled += 1
            self._start_waiting()
        elif call.deferred is not None and call.function.kind is Kind.ASYNC:
            call.answered = True  # nobody is left to tell
            self.cancelled += 1
            call.deferred.cancel()

    def settle(self) -> None:
        """Bring the books up to date: calls that have ended in threads count as ended from now on."""
        self._threaded.settle()

    # --- what the service calls ---

    def apply_limits(self) -> None:
        """Start what changed limits or pressure let in."""
        self.threads.resize(self.admission.limits.max_concurrent_requests)
        self._start_waiting()

    def drain(self) -> Deferred[None]:
        """Refuse new calls from now on; the Deferred fires when nothing waits or runs any more."""
        self.admission.draining = True
        idle: Deferred[None] = Deferred()
        self._idle = idle
        self.settle()
        self._note_idle()
        return idle

    # --- admission ---

    def _wait(self, call: Call, now: float) -> Call | None:
        """Have a call wait that was not let in; ``None`` if it has been answered in here."""
        self._arm(now)
        self.settle()
        return None if call.answered else call

    def _go(self, call: Call) -> Call | None:
        """Run a call that was let in; ``None`` if it has been answered in here."""
        self._run(call)
        if self.admission.started:
            self._start_waiting()
        return None if call.answered else call

    def _start_waiting(self) -> None:
        """Run the calls that admission has let in, and set the timer for those that still wait."""
        if self._starting:
            return
        self._starting = True
        try:
            started = self.admission.started
            while started:
                call = started.pop(0)
                assert isinstance(call, Call)
                self._run(call)
        finally:
            self._starting = False
        self._arm(self.clock.seconds())
        self._note_idle()

    def _arm(self, now: float) -> None:
        """See to it that admission is polled when the first waiting call's time comes: one timer for all."""
        wakeup = self.admission.next_wakeup(now)
        timer = self._wakeup
        if timer is not None and timer.active():
            if wakeup is not None and timer.getTime() <= wakeup:
                return  # it comes early enough, and will arm the next
            timer.cancel()
        self._wakeup = None if wakeup is None else self.clock.callLater(max(0.0, wakeup - now), self._poll)

    def _poll(self) -> None:
        now = self.clock.seconds()
        for ticket, error in self.admission.poll(now):
            assert isinstance(ticket, Call)
            ticket.answered = True
            answer = self._refusal(
                ticket.function.name,
                error,
                ticket.origin,
                now=now,
                arrived=ticket.arrived,
            )
            if ticket.caller is not None:
                ticket.caller.answer(answer, ticket)
        self._start_waiting()

    # --- running ---

    def _run_direct(
        self, function: Function, request: wire.Request, caller: BridgeProtocol, form: Form, now: float
    ) -> bytes:
        """Run a built-in function that takes the params whole and returns plain data: the shortest path."""
        direct = function.direct
        assert direct is not None
        failure = None
        try:
            data = form.answer(direct(request.params, caller.session), request.request_id)
            if len(data) > self.settings.max_result_size:
                raise self._too_large(function, len(data))
        except BaseException as error:  # noqa: BLE001 - whatever a function raises is its caller's to hear
            failure = error if isinstance(error, BridgeError) else function_error(function.name, error)
        ended = self.clock.seconds()
        self.stats.call_ended(function.name, failure.error_type if failure else None, 0.0, ended - now, ended)
        if failure is not None:
            return spell_error(failure, Origin(caller, form, request.request_id, request.group))
        return data

    def _run_inline(self, call: Call, now: float) -> bytes:
        """Run a function that needs neither a thread nor a place in any queue."""
        function, form = call.function, call.form
        failure = None
        try:
            result = form.result(call.work())
            if len(result) > self.settings.max_result_size:
                raise self._too_large(function, len(result))
        except BaseException as error:  # noqa: BLE001 - whatever a function raises is its caller's to hear
            failure = error if isinstance(error, BridgeError) else function_error(function.name, error)
        ended = self.clock.seconds()
        self.stats.call_ended(function.name, failure.error_type if failure else None, 0.0, ended - now, ended)
        if failure is not None:
            return spell_error(failure, call.origin)
        return form.success(result, call.request_id)

    def _run(self, call: Call) -> None:
        function = call.function
        kind = function.kind
        self._running += 1
        if kind is Kind.INLINE:
            try:
                data = call.form.result(call.work())
            except BridgeError as error:
                self._end(call, error)
            except BaseException as error:  # noqa: BLE001 - whatever a function raises is its caller's to hear
                self._end(call, function_error(function.name, error))
            else:
                self._end(call, data)
            return
        timeout = call.allowed = self._timeout_of(call)
        call.timer = self.clock.callLater(timeout, self._time_out, call)
        if kind is Kind.THREAD:
            if call.form is VOID and call.caller is not None and call.caller.has_more:
                call.followers = self._followers_of(call, call.caller)
            self.busy_threads += 1
            try:
                self._threaded.start(call)
            except RuntimeError as error:
                self.log.error("{function} did not run: {why}", function=function.name, why=str(error))
                self._end(
                    call,
                    BridgeError(
                        ErrorType.INTERNAL_ERROR,
                        f"{function.name} did not run: no thread could be started ({error}).",
                        executed=False,
                    ),
                )
        elif kind is Kind.ASYNC:
            call.deferred = _start_coroutine(call.work)
            call.deferred.addCallback(call.encode)
            call.deferred.addCallbacks(
                self._end_deferred, self._fail_deferred, callbackArgs=(call,), errbackArgs=(call,)
            )
        else:
            module, _, name = function.name.partition(".")
            call.deferred = self.workers.call(module, name, call.params, timeout, storable=call.form is STORABLE)
            if call.form is VOID:
                call.deferred.addCallback(VOID.result)
            call.deferred.addCallbacks(
                self._end_deferred, self._fail_deferred, callbackArgs=(call,), errbackArgs=(call,)
            )

    def _timeout_of(self, call: Call) -> float:
        """Return the seconds the call may run: the caller's wish, else the author's, at most the setting."""
        most = self.settings.call_timeout
        wish = call.timeout if call.timeout is not None else call.function.timeout
        timeout = most if wish is None else min(wish, most)
        return max(LEAST_RUN_TIME, timeout - (call.started - call.arrived))

    def _followers_of(self, call: Call, caller: BridgeProtocol) -> list[Call]:
        return gather(
            call,
            caller,
            registry=self.registry,
            admission=self.admission,
            allowed=self._timeout_of,
            now=self.clock.seconds(),
        )

    def _end_threaded(self, ended: Ended) -> None:
        call, caller = ended.call, ended.call.caller
        if call.followers:
            now = self.clock.seconds()
            for name, run in ended.passed:
                self.stats.call_ended(name, None, 0.0, run, now)
            if caller is not None:
                caller.calls += len(ended.passed)
                if ended.rest and not call.answered and not isinstance(ended.outcome, BridgeError):
                    caller.put_back(ended.rest)
        self._end(call, ended.outcome, ended)

    def _end_deferred(self, data: bytes, call: Call) -> None:
        call.deferred = None
        self._end(call, data)

    def _fail_deferred(self, failure: Failure, call: Call) -> None:
        call.deferred = None
        error = failure.value
        assert error is not None
        if isinstance(error, CancelledError) and (call.answered or call.caller is None):
            self._end(call, BridgeError(ErrorType.TIMEOUT, "The call was cancelled."))
        elif isinstance(error, BridgeError):
            self._end(call, error)
        else:
            self._end(call, function_error(call.function.name, error))

    def _time_out(self, call: Call) -> None:
        """Answer a call that takes too long. A thread cannot be stopped: it keeps its slot until it ends."""
        call.timer = None
        left = 0.0
        if call.function.kind is Kind.THREAD and call.caller is not None:
            with call.caller.sending:
                if call.claimed:
                    return  # it has ended at the last moment
                left = call.started + call.allowed - self.clock.seconds() if call.followers else 0.0
                call.answered = left <= 0
        if left > 0:  # the time was that of one that went before it
            call.timer = self.clock.callLater(left, self._time_out, call)
            return
        error = BridgeError(ErrorType.TIMEOUT, f"{call.function.name} did not finish within {call.allowed:g} s.")
        if call.function.kind is Kind.THREAD:
            self.overdue += 1
            error.message = f"{error.message} It still runs in its thread, which cannot be stopped, and keeps its slot."
        self._answer(call, error)
        if call.deferred is not None:
            call.deferred.cancel()

    def _end(self, call: Call, outcome: bytes | BridgeError, ended: Ended | None = None) -> None:
        """A running call is over: give back its slot, answer unless that was done, let the next one in."""
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None
        self._running -= 1
        if call.function.kind is Kind.THREAD:
            self.busy_threads -= 1
        now = self.clock.seconds()
        if not call.function.exempt:
            self.admission.finish(call, now)
        if call.answered:
            if call.function.kind is Kind.THREAD:
                self.overdue -= 1
                self.log.info(
                    "{function} ended {seconds:.1f} s after it started; its caller had been told Timeout",
                    function=call.function.name,
                    seconds=now - call.started,
                )
            if call.upgrade is not None:
                call.upgrade.close()
        else:
            self._answer(call, outcome, now, ended)
        if call.function.kind is not Kind.INLINE or self._idle is not None:
            self._start_waiting()

    def _answer(
        self, call: Call, outcome: bytes | BridgeError, now: float | None = None, ended: Ended | None = None
    ) -> None:
        """Send the outcome and count it."""
        call.answered = True
        if now is None:
            now = self.clock.seconds()
        if isinstance(outcome, bytes) and len(outcome) > self.settings.max_result_size:
            outcome = self._too_large(call.function, len(outcome))
        caller = call.caller
        upgrade = call.take_upgrade()
        if upgrade is not None and (caller is None or isinstance(outcome, BridgeError) or call.form is VOID):
            upgrade.close()
            upgrade = None
        word = outcome.error_type if isinstance(outcome, BridgeError) else None
        run = (now if ended is None else ended.at) - call.started
        self.stats.call_ended(call.function.name, word, call.started - call.arrived, run, now)
        if caller is None:
            return
        if call.claimed and ended is not None:
            with caller.sending:
                unsent = ended.unsent
            caller.answer(unsent, call)
            return
        if isinstance(outcome, BridgeError):
            caller.answer(spell_error(outcome, call.origin), call)
            return
        answer = call.form.success(outcome, call.request_id)
        if upgrade is None:
            caller.answer(answer, call)
        else:
            caller.upgrade(answer, upgrade, call.function.name)

    def _refusal(
        self,
        name: str,
        error: BridgeError,
        origin: Origin,
        *,
        now: float,
        arrived: float | None = None,
    ) -> bytes:
        """Count a call that never started, and make its answer."""
        queued = 0.0 if arrived is None else now - arrived
        self.stats.call_refused(name, error, queued, now)
        return spell_error(error, origin)

    def _refused(
        self, name: str, error: BridgeError, caller: BridgeProtocol, origin: Origin | None, now: float
    ) -> bytes:
        """Answer a request that was refused, perhaps before it was understood."""
        if origin is None:
            caller.lose_track(hidden_parts(None))
            return b""
        return self._refusal(name, error, origin, now=now)

    def _failed(self, name: str, caller: BridgeProtocol, request: wire.Request | None, form: Form, now: float) -> bytes:
        """A fault of ours must not cost the client its connection, nor us the knowledge of it."""
        self.log.failure("A request could not be served")
        fault = BridgeError(ErrorType.INTERNAL_ERROR, "The daemon failed; its log says where.")
        request_id, group = (request.request_id, request.group) if request else (None, None)
        return self._refusal(name, fault, Origin(caller, form, request_id, group), now=now)

    def _too_large(self, function: Function, size: int) -> BridgeError:
        return BridgeError(
            ErrorType.RESULT_TOO_LARGE,
            f"The result of {function.name} is {size} bytes, more than max_result_size, "
            f"{self.settings.max_result_size} bytes. Ask for less at a time.",
        )

    def _note_idle(self) -> None:
        if self._idle is not None and not self._running and not self.admission.waiting:
            idle, self._idle = self._idle, None
            idle.callback(None)


def _start_coroutine(work: Callable[[], object]) -> Deferred[Any]:
    """Run what an ``async`` function gives, or take the Deferred that a function returned."""
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - the errback tells the caller
        failed: Deferred[Any] = Deferred()
        failed.errback(error)
        return failed
    if isinstance(result, Deferred):
        return result
    return Deferred.fromCoroutine(result)  # type: ignore[arg-type]
