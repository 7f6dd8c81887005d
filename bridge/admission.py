"""Who may start now, who waits, who is refused.

Pure: every decision is arithmetic on (state, now). There is no timer for a call and no scan; each operation is O(1)
amortised. The caller owns the clock: it passes ``now`` (monotonic seconds), calls :meth:`Admission.poll` no later than
:meth:`Admission.next_wakeup`, and starts whatever appears in :attr:`Admission.started`.

Three gates stand before a call: a slot (at most ``max_concurrent_requests``, fewer under memory or CPU pressure), the
exact 60 s window over starts, and the share of the slots that one client process may hold while others wait. A call
that does not pass waits, first come first served within its process and round robin between processes, until it can
start or ``backpressure_seconds`` are over.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from enum import Enum
from weakref import WeakValueDictionary

import attrs

from bridge.errors import BridgeError, ErrorType, LimitName
from bridge.limits import MIN_PRESSURE_SLOTS, RATE_WINDOW, Limits
from bridge.window import SlidingWindow

__all__ = ["Admission", "AdmissionSample", "ClientProcess", "Ticket", "TicketState"]

FULL_PRESSURE = 1.5
"""Ratio of CPU or lag to its limit at which only ``MIN_PRESSURE_SLOTS`` slots are left."""

GOLDEN_STEP = 0.6180339887498949
"""Multiples of this, modulo 1, spread evenly however many there are (Weyl sequence): jitter without randomness."""

MIN_RETRY, MAX_RETRY = 0.05, 60.0
"""Bounds in seconds of every ``retry_after``."""


class TicketState(Enum):
    """Where a call stands."""

    NEW = "new"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class ClientProcess:
    """What admission knows of one client process; shared by all of its connections.

    Attributes:
        key: (pid, start time, uid), or whatever else tells processes apart.
        in_flight: slots it holds.
    """

    __slots__ = ("__weakref__", "_in_ring", "_queue", "in_flight", "key")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.in_flight = 0
        self._queue: OrderedDict[Ticket, None] = OrderedDict()
        self._in_ring = False

    @property
    def waiting(self) -> int:
        """How many of its calls wait."""
        return len(self._queue)


class Ticket:
    """One call's place in the order of things. Make one for each call and ask with it once."""

    __slots__ = ("arrived", "counted", "deadline", "held_by", "process", "started", "state")

    def __init__(self, process: ClientProcess) -> None:
        self.process = process
        self.state = TicketState.NEW
        self.counted = False  # by :meth:`Admission.follow`
        self.held_by: LimitName | None = None  # what kept it from starting when it came
        self.arrived = self.deadline = self.started = 0.0


@attrs.frozen
class AdmissionSample:
    """What happened since the sample before.

    Attributes:
        in_flight: calls that hold a slot now.
        waiting: calls in the queue now.
        slots: slots open at the present pressure.
        peak_concurrent: most calls in flight and waiting at any moment since the last sample.
        arrivals: calls that asked since the last sample, whatever became of them.
        rate: starts in the last 60 s.
        rate_demand: starts, and calls which the rate limit holds or refused, in the last 60 s.
        held: limits for which something was held or refused since the last sample.
        oldest_wait: seconds that the call at the head of the queue has waited.
    """

    in_flight: int
    waiting: int
    slots: int
    peak_concurrent: int
    rate: int
    rate_demand: int
    held: frozenset[LimitName]
    oldest_wait: float = 0.0
    arrivals: int = 0


class Admission:
    """Decides for each call; see the module's text.

    Attributes:
        limits: the limits in force; replace them with :meth:`set_limits`.
        slots: how many calls may execute now.
        in_flight: how many do.
        draining: new calls are refused with ``Draining``; what waits or runs goes on.
        started: waiting calls that may start now. Whoever calls any method takes them out and starts them.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.slots = limits.max_concurrent_requests
        self.in_flight = 0
        self.draining = False
        self.started: list[Ticket] = []
        self._window = SlidingWindow(RATE_WINDOW)
        self._refused_for_rate = SlidingWindow(RATE_WINDOW)
        self._processes: WeakValueDictionary[Hashable, ClientProcess] = WeakValueDictionary()
        self._waiting: OrderedDict[Ticket, None] = OrderedDict()  # in order of arrival, which is that of deadlines
        self._ring: deque[ClientProcess] = deque()  # processes whose turn comes; may hold some that stopped waiting
        self._waiting_processes = 0
        self._cpu = self._memory = self._lag = 0.0
        self._promised: deque[float] = deque()  # when callers refused for rate were told to come back
        self._spread = 0.0
        self._mean_run = 0.1
        self._peak = self._arrivals = 0
        self._held: set[LimitName] = set()

    # --- what a call goes through ---

    def process(self, key: Hashable) -> ClientProcess:
        """Return the state of the client process with this key; it lives as long as somebody holds it."""
        process = self._processes.get(key)
        if process is None:
            process = self._processes[key] = ClientProcess(key)
        return process

    def ask(self, ticket: Ticket, now: float) -> bool:
        """Decide for a new call: ``True`` it runs now, ``False`` it waits.

        Raises:
            BridgeError: ``Draining``, or ``Throttled`` because the queue is full.
        """
        ticket.arrived = now
        if not ticket.counted:
            self._arrivals += 1
        if self.draining:
            ticket.state = TicketState.DONE
            raise BridgeError(
                ErrorType.DRAINING,
                "The daemon is draining and takes no new calls.",
                retry_after=self._spread_out(1.0),
                executed=False,
            )
        if (
            not self._waiting
            and self.in_flight < self.slots
            and self._window.count(now) < self.limits.max_requests_per_minute
        ):
            self._start(ticket, now)
            return True
        if self._waiting:
            self._fill(now)
        if len(self._waiting) >= self.limits.max_queued_requests:
            ticket.state = TicketState.DONE
            self._peak = max(self._peak, self.in_flight + len(self._waiting) + 1)
            raise self._refusal(ticket, now)
        self._enqueue(ticket)
        self._fill(now)
        if ticket.state is TicketState.RUNNING:
            self.started.remove(ticket)
            return True
        ticket.held_by = self._blocking(now)
        self._held.add(ticket.held_by)
        return False

    def pass_through(self, now: float) -> bool:
        """Admit a call that begins and ends within this turn of the reactor, if it need not wait.

        Such a call holds its slot for no time that anybody could observe, so it needs no ticket: it is counted in the
        window and in the peak. ``False`` means to :meth:`ask`.
        """
        in_flight = self.in_flight
        if (
            in_flight < self.slots
            and not self._waiting
            and not self.draining
            and self._window.try_add(now, self.limits.max_requests_per_minute)
        ):
            self._arrivals += 1
            if in_flight >= self._peak:
                self._peak = in_flight + 1
            return True
        return False

    def follow(self, now: float) -> bool:
        """Count a call that will run in the slot of one that is about to run, after it; ``False``: it is to ask.

        Only while nobody waits, for whom the slot would be free earlier. If it does not come to that, the call's ticket
        is marked as ``counted`` before it asks.
        """
        if self._waiting or self.draining or not self._window.try_add(now, self.limits.max_requests_per_minute):
            return False
        self._arrivals += 1
        return True

    def finish(self, ticket: Ticket, now: float) -> None:
        """Give back the slot of a running call; a no-op for any other (a call ends once)."""
        if ticket.state is not TicketState.RUNNING:
            return
        ticket.state = TicketState.DONE
        self.in_flight -= 1
        ticket.process.in_flight -= 1
        self._mean_run += (now - ticket.started - self._mean_run) * 0.05
        if self._waiting:
            self._fill(now)

    def cancel(self, ticket: Ticket, now: float) -> bool:
        """Take a waiting call out of the queue because its caller has gone; ``False`` if it was not waiting."""
        if ticket.state is not TicketState.WAITING:
            return False
        self._leave_queue(ticket)
        ticket.state = TicketState.DONE
        if self._waiting:
            self._fill(now)
        return True

    def poll(self, now: float) -> list[tuple[Ticket, BridgeError]]:
        """Let time pass: start what the window lets in, and return the calls whose wait is over with their refusal."""
        refused: list[tuple[Ticket, BridgeError]] = []
        self._expire(now, refused, inclusive=False)
        self._fill(now)
        self._expire(now, refused, inclusive=True)
        return refused

    def next_wakeup(self, now: float) -> float | None:
        """Return when :meth:`poll` must be called next, or ``None`` while nothing waits."""
        if not self._waiting:
            return None
        deadline = next(iter(self._waiting)).deadline
        if self.in_flight < self.slots:
            opens = self._window.free_at(self.limits.max_requests_per_minute, 0, now)
            if opens > now:  # else it is its process's share that holds the call, and a finishing call will tell
                return min(deadline, opens)
        return deadline

    # --- what operators and the monitor do ---

    def set_limits(self, limits: Limits, now: float) -> None:
        """Put other limits in force at once. Running calls are never broken; waiting ones start if they now may."""
        self.limits = limits
        for ticket in self._waiting:
            ticket.deadline = ticket.arrived + limits.backpressure_seconds
        self._promised.clear()
        self._open_slots(now)

    def set_pressure(self, *, cpu: float, memory: float, lag: float, now: float) -> None:
        """Take what the monitor confirmed: each figure is value / limit, 1.0 or less for no pressure.

        CPU and reactor lag shrink the slots linearly, down to ``MIN_PRESSURE_SLOTS`` at 150 %; memory over its limit
        lets one call run at a time. It is never a full stop.
        """
        self._cpu, self._memory, self._lag = cpu, memory, lag
        self._open_slots(now)

    def sample(self, now: float) -> AdmissionSample:
        """Return the present figures and the peaks since the last sample, and begin a new period."""
        if self._waiting:
            self._held.add(self._blocking(now))
        concurrent = self.in_flight + len(self._waiting)
        sample = AdmissionSample(
            in_flight=self.in_flight,
            waiting=len(self._waiting),
            slots=self.slots,
            peak_concurrent=max(self._peak, concurrent),
            rate=self._window.count(now),
            rate_demand=self.rate_demand(now),
            held=frozenset(self._held),
            oldest_wait=self.oldest_wait(now),
            arrivals=self._arrivals,
        )
        self._peak, self._arrivals = concurrent, 0
        self._held.clear()
        return sample

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    def oldest_wait(self, now: float) -> float:
        """Return how many seconds the call at the head of the queue has waited; 0.0 when nothing waits."""
        return now - next(iter(self._waiting)).arrived if self._waiting else 0.0

    def rate(self, now: float) -> int:
        """Return the starts of the last 60 s."""
        return self._window.count(now)

    def rate_demand(self, now: float) -> int:
        """Return the starts of the last 60 s and the calls that the rate limit holds or refused in them."""
        starts = self._window.count(now)
        held = len(self._waiting) if starts >= self.limits.max_requests_per_minute else 0
        return starts + held + self._refused_for_rate.count(now)

    # --- inside ---

    def _start(self, ticket: Ticket, now: float) -> None:
        ticket.state = TicketState.RUNNING
        ticket.started = now
        ticket.process.in_flight += 1
        if not ticket.counted:
            self._window.add(now)
        self.in_flight = in_flight = self.in_flight + 1
        if in_flight > self._peak:
            self._peak = in_flight

    def _enqueue(self, ticket: Ticket) -> None:
        ticket.state = TicketState.WAITING
        ticket.deadline = ticket.arrived + self.limits.backpressure_seconds
        process = ticket.process
        if not process._queue:
            self._waiting_processes += 1
            if not process._in_ring:
                process._in_ring = True
                self._ring.append(process)
        process._queue[ticket] = None
        self._waiting[ticket] = None
        self._peak = max(self._peak, self.in_flight + len(self._waiting))

    def _leave_queue(self, ticket: Ticket) -> None:
        del self._waiting[ticket]
        queue = ticket.process._queue
        del queue[ticket]
        if not queue:
            # It stays in the ring until its turn comes, or until nobody waits: finding it there now would be a scan.
            self._waiting_processes -= 1
            if not self._waiting:
                for each in self._ring:
                    each._in_ring = False
                self._ring.clear()

    def _fill(self, now: float) -> None:
        """Start waiting calls while slots and window allow."""
        while (
            self._waiting
            and self.in_flight < self.slots
            and self._window.count(now) < self.limits.max_requests_per_minute
        ):
            process = self._next_process()
            if process is None:
                return
            ticket = next(iter(process._queue))
            self._leave_queue(ticket)
            if process._queue:
                self._ring.append(process)
                process._in_ring = True
            self._start(ticket, now)
            self.started.append(ticket)

    def _next_process(self) -> ClientProcess | None:
        """Take the process whose turn it is out of the ring, passing over those that hold their share.

        Fewer than slots / share-of-slots processes can hold their share while a slot is free, so the loop is short.
        """
        share = self._process_share()
        for _ in range(len(self._ring)):
            process = self._ring.popleft()
            if not process._queue:
                process._in_ring = False
                continue
            if process.in_flight < share or self._waiting_processes == 1:
                process._in_ring = False
                return process
            self._ring.append(process)
        return None

    def _process_share(self) -> int:
        """Most slots one process may hold while others wait."""
        return max(1, int(self.limits.max_process_share * self.slots))

    def _expire(self, now: float, refused: list[tuple[Ticket, BridgeError]], *, inclusive: bool) -> None:
        while self._waiting:
            ticket = next(iter(self._waiting))
            if ticket.deadline > now or (ticket.deadline == now and not inclusive):
                return
            refusal = self._refusal(ticket, now)
            self._leave_queue(ticket)
            ticket.state = TicketState.DONE
            refused.append((ticket, refusal))

    def _open_slots(self, now: float) -> None:
        full = self.limits.max_concurrent_requests
        slots = full
        pressure = max(self._cpu, self._lag)
        if pressure > 1:
            floor = min(full, MIN_PRESSURE_SLOTS)
            slots = round(full - (full - floor) * min(1.0, (pressure - 1) / (FULL_PRESSURE - 1)))
        if self._memory > 1:
            slots = 1
        self.slots = slots
        self._fill(now)

    def _blocking(self, now: float) -> LimitName:
        """Return the limit that keeps waiting calls from starting."""
        if self.in_flight >= self.slots:
            if self.in_flight >= self.limits.max_concurrent_requests:
                return LimitName.CONCURRENT
            return LimitName.MEMORY if self._memory > 1 else LimitName.CPU
        if self._window.count(now) >= self.limits.max_requests_per_minute:
            return LimitName.RATE
        return LimitName.CONCURRENT  # its process holds its share

    def _refusal(self, ticket: Ticket, now: float) -> BridgeError:
        """Make the answer for a call that will not run, and remember that it was made."""
        limit = self._blocking(now)
        free = self.in_flight < self.slots
        by_share = free and self._waiting_processes > 1 and ticket.process.in_flight >= self._process_share()
        if limit is LimitName.CONCURRENT and free and not by_share and ticket.held_by is not None:
            # Time was let pass a little late: what held the call until its wait was over holds nobody any more.
            limit = ticket.held_by
        self._held.add(limit)
        queued = now - ticket.arrived
        limits = self.limits
        retry_after = self._spread_out(self._mean_run * (len(self._waiting) + 1) / self.slots)
        value: float
        maximum: float
        match limit:
            case LimitName.RATE:
                self._refused_for_rate.add(now)
                value, maximum = self.rate_demand(now), limits.max_requests_per_minute
                retry_after = self._rate_retry(now)
                why = f"The rate limit of {maximum} calls a minute is used up"
            case LimitName.MEMORY:
                value, maximum = round(self._memory * limits.max_memory_mb, 1), limits.max_memory_mb
                retry_after = self._spread_out(2.0)
                why = f"The daemon uses {value:g} MB of the {maximum:g} MB of memory it may"
            case LimitName.CPU:
                value, maximum = round(self._cpu * limits.max_cpu_percent, 1), limits.max_cpu_percent
                retry_after = self._spread_out(2.0)
                why = f"The daemon is short of CPU ({value:g}% used, {maximum:g}% allowed)"
                if self._lag > self._cpu:
                    why = "The daemon's event loop lags behind"
            case _:
                value, maximum = self.in_flight + len(self._waiting), limits.max_concurrent_requests
                why = f"All {self.slots} slots are busy"
                if by_share:
                    value, maximum = ticket.process.in_flight, self._process_share()
                    why = f"This process holds its share of {maximum} slots while other processes wait"
        waited = f"waited {queued:.2f} s" if ticket.deadline else f"{len(self._waiting)} calls wait already"
        return BridgeError(
            ErrorType.THROTTLED,
            f"{why}; {waited}. Try again in {retry_after:.2f} s.",
            limit=limit.value,
            value=value,
            max=maximum,
            retry_after=retry_after,
            queued_ms=round(queued * 1000),
            executed=False,
        )

    def _spread_out(self, seconds: float) -> float:
        """Return ``seconds`` times 0.75 to 1.25, so that callers refused together do not return together."""
        self._spread = (self._spread + GOLDEN_STEP) % 1.0
        return round(min(MAX_RETRY, max(MIN_RETRY * 2, seconds) * (0.75 + 0.5 * self._spread)), 3)

    def _rate_retry(self, now: float) -> float:
        """Return the seconds until the window has room for this caller, after those who were told to come earlier."""
        promised = self._promised
        while promised and promised[0] <= now:
            promised.popleft()
        limit = self.limits.max_requests_per_minute
        if len(promised) >= limit:
            # A whole window is promised away, mostly to callers who will not wait that long. Begin again, rather than
            # let one caller that ignores its answers push everybody else's return into the next hour.
            promised.clear()
        at = self._window.free_at(limit, len(promised), now)
        promised.append(at)
        return round(min(MAX_RETRY, max(MIN_RETRY, at - now + 0.001)), 3)
