"""Every setting of the daemon: its default, meaning, unit, range and names.

Pure. ``bridge.sources`` brings file, environment and command line together; defaults and descriptions live here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

import attrs

from bridge.limits import Limits

__all__ = [
    "ALWAYS_ENABLED",
    "ENV_PREFIX",
    "JOURNAL_NAME",
    "LOG_LEVELS",
    "SETTINGS",
    "Setting",
    "Settings",
    "SettingsError",
    "beside",
    "changed_fixed",
    "keep_fixed",
]

ENV_PREFIX = "CPAN_BRIDGE_"

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
"""What ``log_level`` may be; lines below it are not written."""

JOURNAL_NAME = "cpanbridge.journal"
"""What the journal is called in $STATE_DIRECTORY."""

ALWAYS_ENABLED = ("test", "system")
"""Bridge modules that every daemon has, whatever ``modules`` says."""

_LIMITS: Any = attrs.fields(Limits)


class SettingsError(ValueError):
    """The settings cannot be used. ``problems`` has one sentence for each fault, beginning with its source."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _setting(
    default: object,
    doc: str,
    *,
    kind: type,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[str, ...] = (),
    env: str = "",
    toml: str = "",
    reloadable: bool = False,
) -> Any:
    metadata = {"doc": doc, "kind": kind, "unit": unit, "low": low, "high": high, "choices": choices}
    return attrs.field(default=default, metadata={**metadata, "env": env, "toml": toml, "reloadable": reloadable})


@attrs.frozen(kw_only=True)
class Settings:
    """What the daemon goes by. :func:`bridge.sources.load` makes it and checks values; the record itself does not.

    Each field's metadata tells its meaning, unit and range; :data:`SETTINGS` lists them with all their names.
    """

    socket: str = _setting("/tmp/cpan_bridge.sock", "Path of the Unix socket that callers connect to.", kind=str)  # noqa: S108 - the documented default; sockets.py makes it safe
    socket_group: str | None = _setting(
        None, "Group (name or number) whose members may call too: the socket's mode is then 0660, else 0600.", kind=str
    )
    admin_socket: str | None = _setting(
        None,
        "Path of the Unix socket for operators. Empty: beside the other one, /tmp/cpan_bridge_admin.sock for "
        "/tmp/cpan_bridge.sock.",
        kind=str,
    )
    admin_users: tuple[str, ...] = _setting(
        (),
        "Users (names or numbers) who may change limits, drain and close connections, besides root and the daemon's "
        "own.",
        kind=tuple,
        reloadable=True,
    )
    observers: tuple[str, ...] = _setting(
        (), "Users (names or numbers) who may watch, and change nothing.", kind=tuple, reloadable=True
    )
    journal: str | None = _setting(
        None,
        "Path of the file that keeps who changed which limit. Empty: in $STATE_DIRECTORY (systemd sets it), else "
        "beside the operators' socket.",
        kind=str,
    )
    log: str = _setting("/tmp/cpan_daemon.log", 'Path of the log file; "-" is the standard output.', kind=str)  # noqa: S108 - the documented default; logfile.py makes it safe
    log_level: str = _setting(
        "info", "Least level of the lines that are logged.", kind=str, choices=LOG_LEVELS, reloadable=True
    )
    debug: bool = _setting(False, 'Log everything: the same as log_level "debug".', kind=bool, reloadable=True)
    limits: Limits = attrs.field(factory=Limits)
    max_request_size: int = _setting(
        10_485_760, "Largest request accepted.", kind=int, unit="bytes", low=1024, high=1_073_741_824, reloadable=True
    )
    max_result_size: int = _setting(
        16_777_216, "Largest answer sent.", kind=int, unit="bytes", low=1024, high=1_073_741_824, reloadable=True
    )
    max_pipelined_requests: int = _setting(
        64,
        "Requests that a client may send ahead on one connection.",
        kind=int,
        unit="calls",
        low=1,
        high=10_000,
        reloadable=True,
    )
    idle_timeout: float = _setting(
        1800, "A connection without a call is closed after this time.",
        kind=float, unit="s", low=1, high=31_536_000, env="CPAN_BRIDGE_TIMEOUT", reloadable=True,
    )  # fmt: skip
    read_timeout: float = _setting(
        30,
        "Longest time from the first byte of a request to its last.",
        kind=float,
        unit="s",
        low=0.1,
        high=86_400,
        reloadable=True,
    )
    write_timeout: float = _setting(
        30,
        "Longest time that a client may leave its answers unread.",
        kind=float,
        unit="s",
        low=0.1,
        high=86_400,
        reloadable=True,
    )
    call_timeout: float = _setting(
        300,
        "Longest time that a call may run; callers can ask for less.",
        kind=float,
        unit="s",
        low=0.1,
        high=86_400,
        reloadable=True,
    )
    grace_period: float = _setting(
        30,
        "Time that running calls have to finish after SIGTERM.",
        kind=float,
        unit="s",
        low=0,
        high=86_400,
        reloadable=True,
    )
    metrics: str | None = _setting(
        None,
        'Where Prometheus finds the metrics: "127.0.0.1:9464" (loopback addresses only) or "unix:/path". Empty: '
        "nowhere.",
        kind=str,
    )
    max_worker_processes: int = _setting(
        8, "Worker processes for functions that are marked isolated.", kind=int, unit="processes", low=1, high=1000
    )
    worker_memory_mb: float = _setting(
        256, "A worker process that is larger than this after a call is replaced.",
        kind=float, unit="MB", low=16, high=16_777_216,
    )  # fmt: skip
    exit_on_retained_memory: bool = _setting(
        False, "Drain and exit, for a supervisor to start afresh, when memory does not come back.", kind=bool
    )
    modules: tuple[str, ...] = _setting(
        ("python",), "Bridge modules that callers may use, besides test and system.",
        kind=tuple, toml="modules.enabled", reloadable=True,
    )  # fmt: skip
    module_options: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict)

    @property
    def admin_path(self) -> str:
        """Where operators connect."""
        return self.admin_socket or beside(self.socket, "_admin.sock")

    @property
    def journal_path(self) -> str:
        """Where the journal is."""
        return self.journal or beside(self.admin_path, ".journal")

    def as_dict(self) -> dict[str, object]:
        """Return every setting by name, limits among them, in the order of :data:`SETTINGS`."""
        return {setting.name: setting.value_in(self) for setting in SETTINGS}


@attrs.frozen(kw_only=True)
class Setting:
    """One setting's description.

    Attributes:
        name: as in ``Settings`` or ``Limits``.
        kind: ``str``, ``int``, ``float``, ``bool`` or ``tuple`` (of names).
        default, doc, unit, low, high, choices: what it may be, and what for.
        toml, env, option: its name in the file ("limits.max_memory_mb"), in the environment, on the command line.
        reloadable: whether SIGHUP puts a changed value in force; the others wait for a restart.
        limit: whether it is one of ``Limits``.
    """

    name: str
    kind: type
    default: object
    doc: str
    unit: str
    low: float
    high: float
    choices: tuple[str, ...]
    toml: str
    env: str
    option: str
    reloadable: bool
    limit: bool

    def value_in(self, settings: Settings) -> object:
        """Return this setting's value."""
        return getattr(settings.limits if self.limit else settings, self.name)

    @property
    def range_text(self) -> str:
        """What values are accepted, in words; empty where anything is."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind in {int, float}:
            return f"from {self.low:.10g} to {self.high:.10g} {self.unit}"
        return ""


def _describe() -> tuple[Setting, ...]:
    found: list[Setting] = []
    for field in cast("Iterable[Any]", attrs.fields(Settings)):
        if field.name == "limits":
            found.extend(
                _one(limit, {**limit.metadata, "toml": f"limits.{limit.name}", "reloadable": True}, limit=True)
                for limit in _LIMITS
            )
        elif field.metadata:
            found.append(_one(field, field.metadata, limit=False))
    return tuple(found)


def _one(field: Any, about: Mapping[str, Any], *, limit: bool) -> Setting:
    kind = about.get("kind") or (int if field.type in {int, "int"} else float)
    return Setting(
        name=field.name,
        kind=kind,
        default=field.default,
        doc=about["doc"],
        unit=about["unit"],
        low=about["low"],
        high=about["high"],
        choices=about.get("choices", ()),
        toml=about["toml"] or field.name,
        env=about.get("env") or ENV_PREFIX + field.name.upper(),
        option=field.name.replace("_", "-"),
        reloadable=about["reloadable"],
        limit=limit,
    )


SETTINGS: tuple[Setting, ...] = _describe()
"""Every setting, in the order of ``Settings``, limits in their place."""


def beside(socket: str, ending: str) -> str:
    """Return the path of a socket's companion: ``.sock`` at its end gives way to ``ending``."""
    return socket.removesuffix(".sock") + ending


def changed_fixed(old: Settings, new: Settings) -> list[str]:
    """Return the names of settings that differ but cannot change while the daemon runs."""
    return [
        setting.name
        for setting in SETTINGS
        if not setting.reloadable and setting.value_in(old) != setting.value_in(new)
    ]


def keep_fixed(old: Settings, new: Settings) -> Settings:
    """Return ``new`` with the old values of whatever cannot change while the daemon runs."""
    kept: dict[str, Any] = {setting.name: setting.value_in(old) for setting in SETTINGS if not setting.reloadable}
    return attrs.evolve(new, **kept)
