"""Worker processes for isolated functions: killed at their timeout, replaced when they die or grow.

A pool of our own on Twisted's ``spawnProcess``. Of the kept libraries pebble kills and replaces but does not recycle
by memory and polls every 100 ms, loky fails every pending call when one worker crashes, concurrent.futures cannot
kill, and ampoule's messages end at 64 KiB.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger

from bridge import wire
from bridge.errors import BridgeError, ErrorType
from bridge.frames import FrameReader, FrameTooLargeError, frame

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime
    from twisted.python.failure import Failure

__all__ = ["WorkerPool"]

REQUESTS, ANSWERS = 3, 4

IDLE_SECONDS = 60.0
"""Time without work after which a worker is let go."""

STOP_SECONDS = 2.0
"""Time that workers have to end by themselves when the daemon stops."""

ENVELOPE = 65536
"""Bytes that an answer may be longer than the largest result: memory figure, mark, an error's text."""

OUTPUT_LINE = 2000
"""Most bytes of a line of a worker's output that are logged."""


class _Job:
    """One call: waiting for a worker, or with one."""

    def __init__(self, name: str, request: bytes, timeout: float) -> None:
        self.name = name
        self.request = request
        self.timeout = timeout
        self.worker: _Worker | None = None
        self.timer: IDelayedCall | None = None
        self.done: Deferred[bytes]


class _Worker(ProcessProtocol):
    """The daemon's end of one worker process."""

    log = Logger()
    transport: Any

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._reader = FrameReader(pool.max_result_size + ENVELOPE)
        self._output = b""
        self.job: _Job | None = None
        self.idle_since = 0.0
        self.number: int | None = None  # its process id, also when it has gone
        self.retired = False  # told to end; takes no more work
        self.too_large = False
        self.answered = False

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        pid: int | None = self.transport.pid if self.transport is not None else None
        return pid

    def take(self, job: _Job) -> None:
        """Give it a call."""
        self.job = job
        job.worker = self
        self.transport.writeToChild(REQUESTS, frame(job.request))

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Take a piece of an answer, or of what a function printed."""
        if childFD != ANSWERS:
            self._print(data)
            return
        try:
            for answer in self._reader.feed(data):
                self._pool.answered(self, answer)
        except FrameTooLargeError:
            self.too_large = True
            self.kill()

    def processEnded(self, reason: Failure) -> None:
        """It has ended, by itself or by us."""
        if self._output:
            self._print(b"\n")
        self._pool.ended(self, reason)

    def retire(self) -> None:
        """Let it end when its work is done: the end of the channel tells it."""
        self.retired = True
        self.transport.closeChildFD(REQUESTS)

    def kill(self) -> None:
        """End it now, with everything it started."""
        self.retired = True
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                # Its own session's group; before setsid has run there is only the process itself.
                os.killpg(pid, signal.SIGKILL)
            with contextlib.suppress(Exception):
                self.transport.signalProcess("KILL")

    def _print(self, data: bytes) -> None:
        *lines, self._output = (self._output + data).split(b"\n")
        if len(self._output) > OUTPUT_LINE:
            lines.append(self._output)
            self._output = b""
        for line in lines:
            if line:
                self.log.info(
                    "worker {pid}: {line}", pid=self.number, line=line[:OUTPUT_LINE].decode("utf-8", "backslashreplace")
                )


class WorkerPool:
    """Runs calls in worker processes, first come first served; workers are started as needed.

    Args:
        reactor: spawns the processes.
        clock: monotonic time.
        max_workers: most processes at a time; further calls wait, which counts against their timeout.
        memory_mb: resident memory above which a worker is replaced after its call.
        max_result_size: in bytes.
    """

    log = Logger()

    def __init__(
        self, *, reactor: Any, clock: IReactorTime, max_workers: int, memory_mb: float, max_result_size: int
    ) -> None:
        self.max_result_size = max_result_size
        self._reactor = reactor
        self._clock = clock
        self._max_workers = max_workers
        self._memory = int(memory_mb * 1048576)
        self._setup = b""
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._queue: deque[_Job] = deque()
        self._stopped: Deferred[None] | None = None
        self._sweep: IDelayedCall | None = None
        self.configure((), {})

    def configure(self, modules: Sequence[str], options: Mapping[str, Mapping[str, object]]) -> None:
        """Set what workers load. Those that run finish their call with the old settings and are then replaced."""
        self._setup = frame(
            msgspec.json.encode({"modules": modules, "options": options, "max_result_size": self.max_result_size})
        )
        for worker in list(self._workers):
            if not worker.retired:
                self._forget_idle(worker)
                worker.retire()

    def start(self) -> None:
        """Begin; processes are started with the first calls."""

    def stop(self) -> Deferred[None]:
        """End all workers; the Deferred fires when they have gone. Calls that wait or run fail."""
        self._stopped = Deferred()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        while self._queue:
            self._fail(self._queue.popleft(), ErrorType.DRAINING, "The daemon has stopped.")
        for worker in self._workers:
            if worker.job is not None:
                worker.kill()
            elif not worker.retired:
                worker.retire()
        late = self._clock.callLater(STOP_SECONDS, self._kill_all)
        self._stopped.addBoth(lambda _: late.cancel() if late.active() else None)
        stopped = self._stopped
        self._note_stopped()
        return stopped

    def call(
        self, module: str, function: str, params: object, timeout: float, *, storable: bool = False
    ) -> Deferred[bytes]:
        """Run a function in a worker.

        Args:
            module, function: what to call.
            params: JSON data, and bytes; ``msgspec.UNSET`` when absent.
            timeout: seconds, waiting for a worker included.
            storable: the result is wanted in Storable's form.

        Returns:
            a Deferred of the result's JSON text, or of its Storable form; it fails with ``BridgeError``. Cancelling it
            kills the worker.
        """
        request: dict[str, object] = {"module": module, "function": function}
        if params is not msgspec.UNSET:
            request["params"] = wire.mark_bytes(params)
        if storable:
            request["storable"] = True
        job = _Job(f"{module}.{function}", msgspec.json.encode(request), timeout)
        job.done = Deferred(lambda _: self._give_up(job))
        job.timer = self._clock.callLater(timeout, self._time_out, job)
        self._queue.append(job)
        self._hand_out()
        return job.done

    def pids(self) -> list[int]:
        """Return the process ids of all workers."""
        return [pid for pid in (worker.pid for worker in self._workers) if pid is not None]

    @property
    def busy(self) -> int:
        """Workers with a call."""
        return sum(1 for worker in self._workers if worker.job is not None)

    @property
    def idle(self) -> int:
        """Workers without a call."""
        return len(self._idle)

    def trim(self) -> int:
        """End idle workers because memory is short; returns how many."""
        idle, self._idle = self._idle, []
        for worker in idle:
            worker.retire()
        return len(idle)

    # --- workers call these ---

    def answered(self, worker: _Worker, answer: bytes) -> None:
        """A worker has finished its call."""
        job, worker.job = worker.job, None
        worker.answered = True
        memory = int.from_bytes(answer[:8], "big")
        if memory > self._memory:
            self.log.info(
                "Worker {pid} has grown to {memory:.0f} MB and is replaced", pid=worker.pid, memory=memory / 1048576
            )
            worker.retire()
        if not worker.retired and self._stopped is None:
            worker.idle_since = self._clock.seconds()
            self._idle.append(worker)
            self._arm_sweep()
        if job is not None:
            if answer[8:9] == b"+":
                self._end(job)
                job.done.callback(answer[9:])
            else:
                word, message, details = msgspec.json.decode(answer[9:])
                self._fail(job, ErrorType(word), message, **details)
        self._hand_out()

    def ended(self, worker: _Worker, reason: Failure) -> None:
        """A worker process has gone."""
        self._workers.discard(worker)
        self._forget_idle(worker)
        job, worker.job = worker.job, None
        if job is not None:
            if worker.too_large:
                self._fail(
                    job,
                    ErrorType.RESULT_TOO_LARGE,
                    f"The result of {job.name} is more than max_result_size, {self.max_result_size} bytes. "
                    "Ask for less at a time.",
                )
            else:
                self._fail(
                    job,
                    ErrorType.FUNCTION_ERROR,
                    f"The worker process of {job.name} died: {_how_it_ended(reason)}.",
                    exception="WorkerDied",
                )
        if not worker.retired:
            self.log.warn("Worker process {pid} died: {how}", pid=worker.number, how=_how_it_ended(reason))
        self._note_stopped()
        self._hand_out()

    # --- inside ---

    def _hand_out(self) -> None:
        while self._queue and self._stopped is None:
            if self._idle:
                worker = self._idle.pop()
            elif len(self._workers) < self._max_workers:
                try:
                    worker = self._spawn()
                except OSError as error:  # no descriptors or processes left; those that work will be free again
                    if not self._workers:
                        self._cannot_start(self._queue.popleft(), error)
                        continue
                    return
            else:
                return
            worker.take(self._queue.popleft())

    def _spawn(self) -> _Worker:
        worker = _Worker(self)
        self._reactor.spawnProcess(
            worker,
            sys.executable,
            [sys.executable, "-m", "bridge.worker"],
            env=None,  # ours
            childFDs={0: "w", 1: "r", 2: "r", REQUESTS: "w", ANSWERS: "r"},
        )
        worker.number = worker.pid
        worker.transport.closeChildFD(0)
        self._workers.add(worker)
        worker.transport.writeToChild(REQUESTS, self._setup)
        return worker

    def _cannot_start(self, job: _Job, error: OSError) -> None:
        self.log.error("No worker process could be started: {why}", why=error.strerror)
        self._fail(
            job,
            ErrorType.INTERNAL_ERROR,
            f"{job.name} did not run: no worker process could be started ({error.strerror}).",
            executed=False,
        )

    def _time_out(self, job: _Job) -> None:
        job.timer = None
        self._fail(job, ErrorType.TIMEOUT, f"{job.name} did not finish within {job.timeout:g} s and was stopped.")
        self._drop(job)

    def _give_up(self, job: _Job) -> None:
        """The caller wants no answer any more."""
        self._end(job)
        self._drop(job)

    def _drop(self, job: _Job) -> None:
        if job.worker is not None and job.worker.job is job:
            job.worker.job = None
            job.worker.kill()
        else:
            with contextlib.suppress(ValueError):
                self._queue.remove(job)

    def _end(self, job: _Job) -> None:
        if job.timer is not None:
            job.timer.cancel()
            job.timer = None

    def _fail(self, job: _Job, error_type: ErrorType, message: str, **details: object) -> None:
        self._end(job)
        if not job.done.called:
            job.done.errback(BridgeError(error_type, message, **details))

    def _forget_idle(self, worker: _Worker) -> None:
        with contextlib.suppress(ValueError):
            self._idle.remove(worker)

    def _arm_sweep(self) -> None:
        if self._sweep is None:
            self._sweep = self._clock.callLater(IDLE_SECONDS, self._let_go)

    def _let_go(self) -> None:
        """End workers that have been idle for long."""
        self._sweep = None
        now = self._clock.seconds()
        for worker in [worker for worker in self._idle if now - worker.idle_since >= IDLE_SECONDS]:
            self._idle.remove(worker)
            worker.retire()
        if self._idle:
            self._arm_sweep()

    def _kill_all(self) -> None:
        for worker in self._workers:
            worker.kill()

    def _note_stopped(self) -> None:
        if self._stopped is not None and not self._workers and not self._stopped.called:
            self._stopped.callback(None)


def _how_it_ended(reason: Failure) -> str:
    number = getattr(reason.value, "signal", None)
    if number is not None:
        return f"killed by {signal.Signals(number).name}"
    return f"exit status {getattr(reason.value, 'exitCode', 'unknown')}"
