"""The operators' office: what each method of the admin socket does.

``docs/admin-protocol.md`` is the normative text. The methods ``limits.*`` are in ``bridge.adminlimits``, what operators
see is made by ``bridge.adminview``; here methods are checked, carried out, written down and told to everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
from twisted.logger import Logger

from bridge.adminlimits import LimitDesk
from bridge.adminparams import (
    CloseParams,
    ConfirmParams,
    EventsParams,
    HistoryParams,
    IdParams,
    JournalParams,
    LevelParams,
    NoParams,
    PreviewParams,
    ReasonParams,
    SetParams,
    StatusParams,
    SubscribeParams,
    TextParams,
    UndoParams,
    invalid,
)
from bridge.adminroles import Daemon, Operator
from bridge.adminwire import (
    MAX_INTERVAL,
    MIN_INTERVAL,
    AdminError,
    AdminErrorCode,
    Change,
    Event,
    OperatorRow,
    Snapshot,
)
from bridge.changes import Instant, told_by
from bridge.control import LimitControl
from bridge.eventlog import EventLog
from bridge.journal import JournalError
from bridge.settings import LOG_LEVELS
from bridge.text import printable

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.adminview import AdminView
    from bridge.connections import ConnectionTable
    from bridge.episodes import Episodes
    from bridge.journal import Journal
    from bridge.limits import Limits
    from bridge.monitor import Monitor
    from bridge.stats import Stats

__all__ = ["Admin"]


@attrs.frozen
class _Method:
    run: Callable[[Operator, Any], Any]
    params: type
    operate: bool


class Admin:
    """Carries out the methods and keeps what belongs to operators: journal, events, who is attached."""

    log = Logger()

    def __init__(
        self,
        *,
        daemon: Daemon,
        control: LimitControl,
        journal: Journal,
        episodes: Episodes,
        view: AdminView,
        stats: Stats,
        monitor: Monitor,
        connections: ConnectionTable,
        clock: IReactorTime,
        now: Callable[[], Instant],
    ) -> None:
        self.operators: dict[int, Operator] = {}
        self.control = control
        self._daemon = daemon
        self._journal = journal
        self._episodes = episodes
        self._view = view
        self._monitor = monitor
        self._connections = connections
        self._now = now
        self._events = EventLog()
        self._journal_fault = ""
        self._limits = limits = LimitDesk(
            control=control, daemon=daemon, stats=stats, clock=clock, now=now, write_down=self._write_down
        )
        look, operate = False, True
        self._methods: dict[str, _Method] = {
            "status": _Method(self._status, StatusParams, look),
            "subscribe": _Method(self._subscribe, SubscribeParams, look),
            "unsubscribe": _Method(self._unsubscribe, NoParams, look),
            "limits.get": _Method(limits.get, NoParams, look),
            "limits.set": _Method(limits.set, SetParams, operate),
            "limits.confirm": _Method(limits.confirm, ConfirmParams, operate),
            "limits.undo": _Method(limits.undo, UndoParams, operate),
            "limits.preview": _Method(limits.preview, PreviewParams, look),
            "limits.save": _Method(limits.save, NoParams, operate),
            "history": _Method(self._history, HistoryParams, look),
            "events": _Method(self._list_events, EventsParams, look),
            "events.acknowledge": _Method(self._acknowledge, IdParams, operate),
            "events.note": _Method(self._note, TextParams, operate),
            "journal": _Method(self._list_journal, JournalParams, look),
            "connections": _Method(self._list_connections, NoParams, look),
            "connections.close": _Method(self._close, CloseParams, operate),
            "functions": _Method(lambda _, __: {"functions": self._view.functions()}, NoParams, look),
            "operators": _Method(lambda operator, _: {"operators": self._operators(operator)}, NoParams, look),
            "drain": _Method(self._drain, ReasonParams, operate),
            "resume": _Method(self._resume, ReasonParams, operate),
            "log_level": _Method(self._log_level, LevelParams, operate),
        }

    # --- the service calls these ---

    def start(self) -> None:
        """Take up the journal where it ended."""
        self._limits.start()

    def stop(self) -> None:
        """Let no timer outlive the daemon."""
        self._limits.stop()
        self._journal.close()

    def reloaded(self, configured: Limits) -> Limits:
        """Take freshly read limits and return the ones that are to be in force."""
        return self._limits.reloaded(configured)

    def sampled(self) -> None:
        """The monitor has taken a sample: keep the episodes."""
        self._view.note_refusals()
        now = self._now()
        before = self._events.newest
        changed = self._episodes.update(
            self._monitor.readings(), self._view.refused(), self._view.busy, now, self._events.next_sequence
        )
        # What has just opened has its sequence number as its id already; the others are news of older ones.
        fresh = {episode.id for episode in changed if episode.id > before}
        for episode in sorted(changed, key=lambda each: each.id not in fresh):
            sequence = episode.id if episode.id in fresh else self._events.next_sequence()
            self._publish(Event(sequence=sequence, id=episode.id, kind="episode", at=now.wall, episode=episode))

    def review(self, level: Callable[[int], str | None]) -> None:
        """Rights have changed: hold whoever is attached to them, too."""
        for operator in list(self.operators.values()):
            found = level(operator.who.uid)
            operator.may_operate = found == "operate"
            if found is None:
                self.log.warn("{user} may not use the admin socket any more", user=operator.who.user)
                operator.abort()

    # --- connections call these ---

    def enter(self, operator: Operator) -> None:
        """Take note of a new operator."""
        self.operators[operator.number] = operator

    def leave(self, operator: Operator) -> None:
        """Forget an operator who has gone."""
        self.operators.pop(operator.number, None)

    def call(self, operator: Operator, method: str, params: object) -> Any:
        """Carry out a request and return its result, or an awaitable of it.

        Raises:
            AdminError: it cannot be done; its text says why.
        """
        found = self._methods.get(method)
        if found is None:
            raise AdminError(
                AdminErrorCode.METHOD_NOT_FOUND,
                f"There is no method {printable(method)!r}.",
                methods=sorted(self._methods),
            )
        if found.operate and not operator.may_operate:
            raise AdminError(
                AdminErrorCode.FORBIDDEN,
                f"{operator.who.user} may watch, but not {method}; the setting admin_users says who may.",
            )
        try:
            checked: Any = msgspec.convert(params, found.params)
        except msgspec.ValidationError as error:
            # The message quotes names of fields, which whoever sent them chose.
            problem = printable(str(error))
            raise AdminError(AdminErrorCode.INVALID_PARAMS, f"{method}: {problem}", problems=[problem]) from None
        return found.run(operator, checked)

    def snapshot(self, operator: Operator, *, connections: bool, functions: bool, rows: int) -> Snapshot:
        """Return what is to be seen at this moment."""
        made = self._view.snapshot(connections=connections, functions=functions, rows=rows)
        made.log_level = self._daemon.log_level
        made.journal_fault = self._journal_fault
        made.revision = self.control.revision
        made.sequence = self._events.newest
        made.temporary = list(self.control.temporary)
        made.unconfirmed = self.control.unconfirmed
        made.open_episodes = self._episodes.open
        made.operators = self._operators(operator)
        return made

    # --- watching ---

    def _status(self, operator: Operator, params: StatusParams) -> Snapshot:
        _check_rows(params)
        return self.snapshot(operator, connections=params.connections, functions=params.functions, rows=params.rows)

    def _subscribe(self, operator: Operator, params: SubscribeParams) -> Snapshot:
        _check_rows(params)
        if not MIN_INTERVAL <= params.interval <= MAX_INTERVAL:
            raise invalid(f"interval must be from {MIN_INTERVAL:g} to {MAX_INTERVAL:g} s, not {params.interval!r}")
        operator.subscribe(
            params.interval, connections=params.connections, functions=params.functions, rows=params.rows
        )
        made = self._status(operator, params)
        made.interval = params.interval
        return made

    @staticmethod
    def _unsubscribe(operator: Operator, _: NoParams) -> dict[str, object]:
        operator.unsubscribe()
        return {}

    def _history(self, _: Operator, params: HistoryParams) -> object:
        seconds = params.seconds
        if seconds is not None and not 1 <= seconds <= 3600:
            raise invalid(f"seconds must be from 1 to 3600, not {seconds!r}")
        return self._view.history(seconds=seconds, since=params.since)

    def _list_events(self, _: Operator, params: EventsParams) -> dict[str, object]:
        _check_count(params.limit)
        events, lost = self._events.since(params.since, params.limit)
        return {"events": events, "sequence": self._events.newest, "lost": lost}

    def _list_journal(self, _: Operator, params: JournalParams) -> dict[str, object]:
        _check_count(params.limit)
        entries = list(self.control.entries)
        return {"entries": entries[-params.limit :], "revision": self.control.revision}

    def _list_connections(self, _: Operator, __: NoParams) -> dict[str, object]:
        return {"connections": self._view.connections(), "boot_id": self._view.boot_id}

    def _operators(self, me: Operator) -> list[OperatorRow]:
        return [
            OperatorRow(
                id=each.number,
                uid=each.who.uid,
                pid=each.who.pid,
                user=each.who.user,
                level="operate" if each.may_operate else "observe",
                since=each.since,
                interval=each.interval,
                gaps=each.gaps,
                you=each is me,
            )
            for each in self.operators.values()
        ]

    # --- connections, draining, the log ---

    def _close(self, operator: Operator, params: CloseParams) -> dict[str, object]:
        if params.boot_id is not None and params.boot_id != self._view.boot_id:
            raise AdminError(AdminErrorCode.NOT_FOUND, "The daemon has started anew since; its connections are others.")
        found = self._connections.find(params.id)
        if found is None:
            raise AdminError(AdminErrorCode.NOT_FOUND, f"There is no connection {params.id}; it may have closed.")
        peer = found.session.peer
        if params.pid is not None and params.pid != peer.pid:
            raise AdminError(
                AdminErrorCode.NOT_FOUND, f"Connection {params.id} belongs to pid {peer.pid}, not {params.pid}."
            )
        found.abort()
        detail = f"connection {params.id} of pid {peer.pid}, uid {peer.uid}, {printable(found.client) or 'unnamed'}"
        _, warnings = self._act(operator, "close", reason=params.reason, detail=detail)
        return {"id": params.id, "pid": peer.pid, "warnings": warnings}

    def _drain(self, operator: Operator, params: ReasonParams) -> Snapshot:
        if not self._view.draining:
            self._daemon.set_draining(True)
            self._act(operator, "drain", reason=params.reason)
        return self._status(operator, StatusParams())

    def _resume(self, operator: Operator, params: ReasonParams) -> Snapshot:
        if self._view.draining:
            if not self._daemon.set_draining(False):
                raise AdminError(AdminErrorCode.REFUSED, "The daemon is stopping and cannot take calls again.")
            self._act(operator, "resume", reason=params.reason)
        return self._status(operator, StatusParams())

    def _log_level(self, operator: Operator, params: LevelParams) -> dict[str, object]:
        if params.level not in LOG_LEVELS:
            raise invalid(f"level must be one of {', '.join(LOG_LEVELS)}, not {params.level!r}")
        before = self._daemon.set_log_level(params.level)
        warnings: list[str] = []
        if before != params.level:
            _, warnings = self._act(operator, "log_level", changes={"log_level": (before, params.level)})
        return {"before": before, "after": params.level, "warnings": warnings}

    # --- events ---

    def _acknowledge(self, operator: Operator, params: IdParams) -> Event:
        now = self._now()
        episode = self._episodes.acknowledge(params.id, operator.who.user)
        if episode is None:
            raise AdminError(AdminErrorCode.NOT_FOUND, f"There is no episode {params.id}; it may be long over.")
        event = Event(
            sequence=self._events.next_sequence(), id=episode.id, kind="episode", at=now.wall, episode=episode
        )
        self._publish(event)
        return event

    def _note(self, operator: Operator, params: TextParams) -> Change:
        if not params.text.strip():
            raise invalid("text must not be empty")
        change, warnings = self._act(operator, "note", reason=params.text.strip())
        # Only who wrote it is told that the disk has no room: the entry itself is kept, and written down later.
        return msgspec.structs.replace(change, detail="; ".join(warnings)) if warnings else change

    def _act(
        self,
        operator: Operator,
        action: str,
        *,
        reason: str = "",
        detail: str = "",
        changes: dict[str, tuple[Any, Any]] | None = None,
    ) -> tuple[Change, list[str]]:
        """Write down what an operator did that changes no limit; return the entry and warnings."""
        change = self.control.record(operator.who, action, self._now(), reason=reason, detail=detail, changes=changes)
        self.log.info("{action}", action=f"{action.capitalize()} {told_by(change)}" + (f": {detail}" if detail else ""))
        return change, self._write_down(change)

    def _write_down(self, change: Change) -> list[str]:
        """Keep an entry and tell everybody; return warnings. A full disk must not keep an operator from acting."""
        warnings: list[str] = []
        try:
            self._journal.append(change)
            self._journal_fault = ""
        except JournalError as error:
            self._journal_fault = str(error)
            warnings.append(f"It is in force, but could not be written down yet: {error}")
            self.log.error("{warning}", warning=warnings[0])
        sequence = self._events.next_sequence()
        self._publish(Event(sequence=sequence, id=sequence, kind="change", at=change.at, change=change))
        return warnings

    def _publish(self, event: Event) -> None:
        self._events.add(event)
        for operator in list(self.operators.values()):
            operator.push_event(event)


def _check_rows(params: StatusParams) -> None:
    if not 1 <= params.rows <= 10_000:
        raise invalid(f"rows must be from 1 to 10000, not {params.rows!r}")


def _check_count(limit: int) -> None:
    if not 1 <= limit <= 1000:
        raise invalid(f"limit must be from 1 to 1000, not {limit!r}")
