"""The messages of the admin socket, for both of its ends: the daemon, the command line, the console.

Pure. JSON-RPC 2.0 (https://www.jsonrpc.org/specification), one message a line; ``docs/admin-protocol.md`` is the
normative text. Each shape below is one JSON object; readers ignore fields they do not know, and every field that a
later version adds has a default, so that a console and a daemon of different versions understand each other.

Points in time (``at``, ``since``, ``until``) are seconds since 1970 by the daemon's wall clock; durations are seconds.
Texts that others chose (names of clients and functions, reasons) have been made safe for a terminal by the daemon;
whoever shows them does it again, since a file that was recorded may come from anywhere.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "DEFAULT_ADMIN_SOCKET",
    "HISTORY_FIELDS",
    "MAX_LINE",
    "RESOURCES",
    "UNREADABLE",
    "AdminError",
    "AdminErrorCode",
    "Answer",
    "Change",
    "ConnectionRow",
    "Episode",
    "Event",
    "FunctionRow",
    "History",
    "LimitAbout",
    "LimitsResult",
    "Notification",
    "OperatorRow",
    "Preview",
    "PreviewOutcome",
    "Request",
    "Resource",
    "Snapshot",
    "Temporary",
    "Unconfirmed",
]

DEFAULT_ADMIN_SOCKET = "/tmp/cpan_bridge_admin.sock"  # noqa: S108 - the documented default; sockets.py makes it safe

MAX_LINE = 1_048_576
"""Longest request that the daemon reads, in bytes. Answers can be longer: an hour of history is about 300 kB."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding JSON of unknown origin raises: not JSON or of another shape, not UTF-8, nested too deeply."""

MIN_INTERVAL, MAX_INTERVAL = 0.1, 60.0
"""Bounds in seconds of the time between two snapshots."""

RESOURCES = ("memory", "cpu", "concurrent", "rate", "connections", "lag")
"""What has a level, in the order in which it is shown."""

HISTORY_FIELDS = (
    "at",
    "calls",
    "errors",
    "refused",
    "in_flight",
    "waiting",
    "slots",
    "peak_concurrent",
    "rate",
    "rate_demand",
    "memory_mb",
    "cpu_percent",
    "lag",
    "connections",
    "arrivals",
    "run_seconds",
)
"""Columns of a history row, as in ``bridge.stats.HistorySample``; ``at`` is wall time here."""


class AdminErrorCode:
    """JSON-RPC's codes, and ours from the range that it leaves to servers."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    FORBIDDEN = -32001
    """The peer may look, but not change anything (or not even look)."""
    CONFLICT = -32002
    """Somebody else was faster: the revision has moved, or a change waits for its confirmation."""
    NOT_FOUND = -32003
    """There is no such connection, revision or event."""
    REFUSED = -32004
    """It cannot be done now, and the message says why: nothing to undo, no file to save to, the disk is full."""


class AdminError(Exception):
    """A request failed in a way that the operator is told about.

    Attributes:
        code: one of :class:`AdminErrorCode`.
        message: one sentence for a person.
        data: further facts: ``problems`` (list of sentences), ``revision``, ``limits``, ``change``.
    """

    def __init__(self, code: int, message: str, **data: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class Request(msgspec.Struct, omit_defaults=True):
    """A request, or a notification where ``id`` is absent (it is obeyed and never answered)."""

    method: str
    params: dict[str, Any] = {}
    id: int | float | str | msgspec.UnsetType | None = msgspec.UNSET
    jsonrpc: str = ""


class ErrorBody(msgspec.Struct):
    """What is wrong."""

    code: int
    message: str
    data: dict[str, Any] = {}


class Answer(msgspec.Struct):
    """Whatever the daemon sends: an answer (``id`` and ``result`` or ``error``) or a notification (``method``)."""

    id: int | float | str | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: ErrorBody | None = None
    method: str = ""
    params: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Notification(msgspec.Struct):
    """What the daemon sends by itself: ``snapshot`` with a :class:`Snapshot`, ``event`` with an :class:`Event`."""

    method: str
    params: Any
    jsonrpc: str = "2.0"


class Resource(msgspec.Struct):
    """One limited figure.

    Attributes:
        value, limit: memory in MB, CPU in percent of a core, concurrent in calls (in flight and waiting, the peak of
            the last sample), rate in calls a minute (demand: what the limit holds or refused included), connections,
            lag in seconds.
        level: ``normal``, ``warning`` or ``violation``.
        peak: highest value of the last five minutes.
        warning: share of the limit at which the warning starts.
    """

    value: float
    limit: float
    level: str = "normal"
    peak: float = 0.0
    warning: float = 0.8


class ConnectionRow(msgspec.Struct):
    """One client connection.

    Attributes:
        id: its number, never used again while the daemon runs.
        state: ``idle``, ``reading``, ``queued`` (its call waits for a slot), ``busy`` (its call runs),
            ``writing`` or ``stream`` (it carries no calls any more).
        function: what it runs or waits for, as ``module.function``; "" when idle.
        calls: calls since it connected. rate: calls a second over the last few seconds. in_flight: slots that its
            client process holds, all its connections together.
        age, idle: seconds.
    """

    id: int
    pid: int
    uid: int
    user: str = ""
    client: str = ""
    state: str = "idle"
    function: str = ""
    calls: int = 0
    rate: float = 0.0
    in_flight: int = 0
    age: float = 0.0
    idle: float = 0.0
    handles: int = 0


class FunctionRow(msgspec.Struct):
    """One function's figures since the start. Times are in seconds from arrival to answer."""

    name: str
    calls: int = 0
    errors: int = 0
    refused: int = 0
    mean: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    longest: float = 0.0


class Episode(msgspec.Struct):
    """A time during which one resource was at warning or in violation.

    Attributes:
        id: the sequence number of the event that opened it.
        resource: one of :data:`RESOURCES`.
        level: the worst level it reached: ``warning`` or ``violation``. now: its level now; ``normal`` once it ended.
        end: ``None`` while it lasts.
        peak, average, limit: in the resource's unit; the limit as it was at the peak.
        refused: calls (or connections) refused for this resource meanwhile.
        cause: who had the largest part in it, e.g. ``61 % report.daily by perl[20021] uid 1001``; "" if unknown.
        acknowledged_by: the operator who said so; "" for nobody.
    """

    id: int
    resource: str
    level: str
    start: float
    end: float | None = None
    now: str = "normal"
    peak: float = 0.0
    average: float = 0.0
    limit: float = 0.0
    refused: int = 0
    cause: str = ""
    acknowledged_by: str = ""


class Change(msgspec.Struct):
    """One entry of the journal. Entries are only ever added.

    Attributes:
        number: 1, 2, 3 ... across restarts. revision: that of the limits once this had happened.
        action: ``start``, ``set``, ``undo``, ``confirm``, ``expire`` (a temporary limit ended), ``rollback`` (nobody
            confirmed), ``reload`` (SIGHUP), ``save``, ``drain``, ``resume``, ``log_level``, ``close``, ``note``.
        changes: {name: [before, after]}; of the limits, except for ``log_level``.
        detail: what else there is to say in words.
        undoes: the revision that an undo took back.
        until: when a temporary change ends. confirm_by: when it rolls back unless confirmed.
        uid, pid, user: who, as the kernel says; 0, 0 and "daemon" for what the daemon did by itself.
    """

    number: int
    revision: int
    at: float
    action: str
    user: str = "daemon"
    uid: int = 0
    pid: int = 0
    changes: dict[str, tuple[Any, Any]] = {}
    reason: str = ""
    detail: str = ""
    undoes: int | None = None
    until: float | None = None
    confirm_by: float | None = None


class Event(msgspec.Struct):
    """Something that happened: an episode or a change, by its ``kind``.

    An episode is one event from its opening to its end: when it changes it is sent again with the same ``id`` and a
    new ``sequence``. Whoever has seen sequence *n* asks ``events`` for everything since *n*.
    """

    sequence: int
    id: int
    kind: str
    at: float
    episode: Episode | None = None
    change: Change | None = None


class OperatorRow(msgspec.Struct):
    """One connection to the admin socket. ``level``: ``operate`` or ``observe``. ``gaps``: snapshots dropped."""

    id: int
    uid: int
    pid: int
    user: str = ""
    level: str = "observe"
    since: float = 0.0
    interval: float = 0.0
    gaps: int = 0
    you: bool = False


class Temporary(msgspec.Struct):
    """A limit that ends by itself: back to ``restore`` at ``until``."""

    name: str
    value: float
    restore: float
    until: float
    revision: int
    user: str = ""


class Unconfirmed(msgspec.Struct):
    """A change that rolls back at ``until`` unless somebody confirms it."""

    revision: int
    until: float
    restore: dict[str, float]
    user: str = ""


class Snapshot(msgspec.Struct):
    """Everything at one moment; the answer to ``status`` and the content of each ``snapshot`` notification.

    Attributes:
        boot_id: another one with each start of the daemon; counters begin anew with it.
        now: the daemon's wall clock. uptime: seconds.
        state: ``ok``, ``warning``, ``violation`` or ``draining``.
        journal_fault: why the journal's newest entries could not be written down, "" where all are.
        revision: that of the limits; goes up by one with each change of them.
        sample: the newest row of the history (:data:`HISTORY_FIELDS`), ``None`` in the first second.
        sequence: that of the newest event.
        gap: snapshots that this subscriber missed since the one before because it did not read.
        interval: seconds between snapshots; longer than asked for when making them takes the daemon too long.
        refused_minute: calls refused in the last 60 s by limit (``concurrent``, ``rate``, ``memory``, ``cpu``).
        connections, functions: rows, where the subscriber asked for them; ``None`` where not. At most ``rows`` of the
            connections, the busy ones first; ``connections_total`` says how many there are.
    """

    boot_id: str
    now: float
    uptime: float = 0.0
    version: str = ""
    pid: int = 0
    socket: str = ""
    state: str = "ok"
    draining: bool = False
    log_level: str = "info"
    journal_fault: str = ""
    revision: int = 0
    sequence: int = 0
    gap: int = 0
    interval: float = 0.0
    resources: dict[str, Resource] = {}
    in_flight: int = 0
    waiting: int = 0
    slots: int = 0
    oldest_wait: float = 0.0
    total: int = 0
    successful: int = 0
    failed: int = 0
    throttled: int = 0
    calls_per_second: float = 0.0
    refused_minute: dict[str, int] = {}
    warnings: list[str] = []
    violations: list[str] = []
    limits: dict[str, float] = {}
    temporary: list[Temporary] = []
    unconfirmed: Unconfirmed | None = None
    open_episodes: list[Episode] = []
    operators: list[OperatorRow] = []
    sample: list[float] | None = None
    connections_total: int = 0
    connections: list[ConnectionRow] | None = None
    functions: list[FunctionRow] | None = None


class LimitAbout(msgspec.Struct):
    """What a limit may be. ``whole`` means a whole number; the texts are those of the settings."""

    low: float
    high: float
    default: float
    unit: str
    whole: bool
    doc: str


class LimitsResult(msgspec.Struct):
    """The answer to ``limits.get``, and to every method that changes limits.

    Attributes:
        before, after: whole sets of limits; equal for ``limits.get``.
        changed: {name: [before, after]} of what is different.
        configured: the limits that file, environment and command line gave.
        about: ranges, units, defaults; for ``limits.get`` only.
        change: the journal entry that was made; ``None`` where nothing changed.
    """

    revision: int
    before: dict[str, float]
    after: dict[str, float]
    changed: dict[str, tuple[float, float]] = {}
    configured: dict[str, float] = {}
    about: dict[str, LimitAbout] = {}
    temporary: list[Temporary] = []
    unconfirmed: Unconfirmed | None = None
    change: Change | None = None
    warnings: list[str] = []


class PreviewOutcome(msgspec.Struct):
    """What the recorded demand meets under one set of limits.

    Attributes:
        calls: calls replayed. waited, refused: how many of them waited, and how many were refused in the end.
        refused_by: the refusals by limit.
        wait_p95: seconds, of the calls that waited and started. wait_longest: of them, too.
        violation_seconds, warning_seconds: time during which any resource was at that level.
        violation_episodes: how often a violation began.
        peak_concurrent, peak_rate: highest values.
    """

    limits: dict[str, float]
    calls: int = 0
    waited: int = 0
    refused: int = 0
    refused_by: dict[str, int] = {}
    wait_p95: float = 0.0
    wait_longest: float = 0.0
    violation_seconds: float = 0.0
    violation_episodes: int = 0
    warning_seconds: float = 0.0
    peak_concurrent: int = 0
    peak_rate: int = 0


class Preview(msgspec.Struct):
    """The answer to ``limits.preview``: an estimate, no promise.

    Attributes:
        seconds: recorded time that was replayed; less than asked for when there is less, or too much to replay.
        samples: one-second samples used.
        current, proposed: the same demand under the limits in force, and under the proposed ones.
        demand_concurrent_max, demand_concurrent_p99: calls that wanted to be in flight at once, whatever the limits.
        demand_rate_max: most calls that arrived in any 60 s.
        memory_estimate: MB expected at the proposed concurrency, from how memory followed concurrency; ``None`` where
            the record shows no such connection.
        notes: sentences to read beside the figures.
    """

    seconds: float
    samples: int
    current: PreviewOutcome
    proposed: PreviewOutcome
    demand_concurrent_max: int = 0
    demand_concurrent_p99: int = 0
    demand_rate_max: int = 0
    memory_estimate: float | None = None
    notes: list[str] = []


class History(msgspec.Struct):
    """One-second samples, oldest first; each row has the columns of ``fields``."""

    boot_id: str
    fields: list[str]
    rows: list[list[float]]
