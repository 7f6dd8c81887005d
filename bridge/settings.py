"""Every setting of the daemon: defaults < TOML file < environment < command line, validated together.

Pure but for :func:`load_files`: texts and mappings come in, a frozen ``Settings`` or a list of every problem comes out.
attrs and a small loader of our own rather than typed-settings or cattrs: those stop at the first fault of a source, and
do not know which source a value that fails a later check came from.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from bridge.limits import Limits, LimitsError

__all__ = [
    "DEFAULT_CONFIG",
    "KNOWN_VARIABLES",
    "Option",
    "Settings",
    "SettingsError",
    "changed_fixed",
    "keep_fixed",
    "load",
    "load_files",
    "options",
]

DEFAULT_CONFIG = "/etc/cpanbridge/cpanbridge.toml"
"""The file that is read when none is named; it need not be there."""

ENVIRONMENT_PREFIX = "CPAN_BRIDGE_"

KNOWN_VARIABLES = frozenset(
    ENVIRONMENT_PREFIX + name for name in ("CONFIG", "ADMIN_SOCKET", "AUTOSTART", "TWISTD", "PYTHON", "JSON", "RETRIES")
)
"""Variables that are not settings of the daemon but the client's, or name the file itself."""

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")

LONGEST_SOCKET_PATH = 107
"""Bytes that fit into ``sun_path`` of Linux's ``sockaddr_un``, without its terminating NUL."""

BYTE_UNITS = {"": 1, "k": 1024, "kib": 1024, "m": 1024**2, "mib": 1024**2, "g": 1024**3, "gib": 1024**3}


class SettingsError(ValueError):
    """The settings do not validate. ``problems`` has one sentence for each fault, with where it came from."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _setting(
    default: Any,
    doc: str,
    *,
    parse: Callable[[object], Any],
    unit: str = "",
    env: str = "",
    reload: bool = False,
) -> Any:
    """Declare a setting. ``reload``: it can change while the daemon runs."""
    return attrs.field(
        default=default, metadata={"doc": doc, "parse": parse, "unit": unit, "env": env, "reload": reload}
    )


# --- how texts become values; each raises ValueError with what it wants ---


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        msg = "must be a text that is not empty"
        raise ValueError(msg)
    if "\0" in value:
        msg = "must not contain a NUL character"
        raise ValueError(msg)
    return value


def _path(value: object) -> str:
    text = _text(value)
    if not text.startswith("/"):
        msg = "must be an absolute path"
        raise ValueError(msg)
    return text


def _socket(value: object) -> str:
    path = _path(value)
    size = len(path.encode("utf-8", "surrogateescape"))
    if size > LONGEST_SOCKET_PATH:
        msg = f"must be at most {LONGEST_SOCKET_PATH} bytes long, the most that a Unix socket's path can be ({size})"
        raise ValueError(msg)
    return path


def _optional_text(value: object) -> str | None:
    return None if value is None or value == "" else _text(value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    msg = "must be true or false (1/0, yes/no, on/off)"
    raise ValueError(msg)


def _level(value: object) -> str:
    if isinstance(value, str) and value.lower() in LOG_LEVELS:
        return value.lower()
    msg = f"must be one of {', '.join(LOG_LEVELS)}"
    raise ValueError(msg)


def _names(value: object) -> tuple[str, ...]:
    items = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) and item for item in items):
        msg = "must be a list of names"
        raise ValueError(msg)
    return tuple(dict.fromkeys(items))


def _number(low: float, high: float, *, whole: bool) -> Callable[[object], float]:
    kind = "a whole number" if whole else "a number"
    wanted = f"must be {kind} from {low:.12g} to {high:.12g}"

    def parse(value: object) -> float:
        if isinstance(value, str):
            try:
                value = int(value) if whole else float(value)
            except ValueError:
                raise ValueError(wanted) from None
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise ValueError(wanted)  # noqa: TRY004 - the loader collects ValueErrors
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError(wanted)
        return value

    return parse


def _bytes(low: int, high: int) -> Callable[[object], float]:
    whole = _number(low, high, whole=True)

    def parse(value: object) -> float:
        if isinstance(value, str):
            digits = value.rstrip("abgikmABGIKM")
            unit = BYTE_UNITS.get(value[len(digits) :].lower().strip())
            if unit is not None and digits.strip().isdecimal():
                value = int(digits) * unit
        try:
            return whole(value)
        except ValueError as error:
            message = f"{error} bytes (units like 10MiB are understood)"
            raise ValueError(message) from None

    return parse


@attrs.frozen(kw_only=True)
class Settings:
    """All settings, valid. A field's metadata has its description, its unit and whether it can change while running."""

    socket: str = _setting("/tmp/cpan_bridge.sock", "Path of the Unix socket that clients connect to.", parse=_socket)  # noqa: S108 - the documented default; sockets.py makes it safely
    socket_group: str | None = _setting(
        None,
        "Group that may use the socket, too (mode 0660 instead of 0600). Whoever may open it runs code as the daemon.",
        parse=_optional_text,
    )
    log: str = _setting("/tmp/cpan_daemon.log", "Path of the log file.", parse=_path)  # noqa: S108 - as above
    log_level: str = _setting(
        "info", f"Least level that is logged: {', '.join(LOG_LEVELS)}.", parse=_level, reload=True
    )
    debug: bool = _setting(False, "The same as log_level = debug.", parse=_flag, reload=True)
    max_request_size: int = _setting(
        10485760, "Largest request.", parse=_bytes(1024, 1073741824), unit="bytes", reload=True
    )
    max_result_size: int = _setting(
        16777216, "Largest result of a function.", parse=_bytes(1024, 1073741824), unit="bytes", reload=True
    )
    max_pipelined_requests: int = _setting(
        64,
        "Requests that a connection may send ahead before it is no longer read.",
        parse=_number(1, 10000, whole=True),
        unit="requests",
        reload=True,
    )
    idle_timeout: float = _setting(
        1800.0,
        "Time without a request after which a connection is closed.",
        parse=_number(1, 31536000, whole=False),
        unit="seconds",
        env="TIMEOUT",
        reload=True,
    )
    read_timeout: float = _setting(
        30.0,
        "Time that a request may take to arrive, from its first byte.",
        parse=_number(0.1, 3600, whole=False),
        unit="seconds",
        reload=True,
    )
    write_timeout: float = _setting(
        30.0,
        "Time that a client may leave its answer unread before it is dropped.",
        parse=_number(0.1, 3600, whole=False),
        unit="seconds",
        reload=True,
    )
    call_timeout: float = _setting(
        300.0,
        "Time that a call may take: the default, and the most that a request may ask for.",
        parse=_number(0.1, 86400, whole=False),
        unit="seconds",
        reload=True,
    )
    grace_period: float = _setting(
        30.0,
        "Time that running calls have to finish when the daemon is stopped.",
        parse=_number(0, 3600, whole=False),
        unit="seconds",
        reload=True,
    )
    max_worker_processes: int = _setting(
        8,
        "Worker processes for isolated functions; further isolated calls wait for one.",
        parse=_number(1, 1000, whole=True),
        unit="processes",
    )
    worker_memory_mb: float = _setting(
        256.0,
        "Resident memory above which a worker process is replaced after its call.",
        parse=_number(16, 1048576, whole=False),
        unit="MB",
    )
    exit_on_retained_memory: bool = _setting(
        False,
        "Whether to drain and exit when memory stays over its limit for a minute; only under a supervisor.",
        parse=_flag,
    )
    modules: tuple[str, ...] = _setting(
        ("python",), "Bridge modules that Perl may call, besides test and system.", parse=_names, reload=True
    )
    module_options: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict)
    limits: Limits = attrs.field(factory=Limits)


@attrs.frozen
class Option:
    """One setting, as the command line, the environment and the documentation name it."""

    name: str
    doc: str
    unit: str
    default: object
    table: str  # of the TOML file; "" for its top
    key: str  # in that table
    reload: bool

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENVIRONMENT_PREFIX + (_ENVIRONMENT_NAMES.get(self.name) or self.name).upper()

    @property
    def flag(self) -> str:
        """The command-line option, without its dashes."""
        return self.name.replace("_", "-")


_FIELDS = {field.name: field for field in attrs.fields(Settings) if "parse" in field.metadata}
_LIMIT_FIELDS = {field.name: field for field in attrs.fields(Limits)}
_ENVIRONMENT_NAMES = {name: field.metadata["env"] for name, field in _FIELDS.items()}


def options() -> list[Option]:
    """Return every setting that has a name of its own, limits included, in the order of their documentation."""
    own = [
        Option(
            name=name,
            doc=field.metadata["doc"],
            unit=field.metadata["unit"],
            default=field.default,
            table="modules" if name == "modules" else "",
            key="enabled" if name == "modules" else name,
            reload=field.metadata["reload"],
        )
        for name, field in _FIELDS.items()
    ]
    limits = [
        Option(
            name=name,
            doc=field.metadata["doc"],
            unit=field.metadata["unit"],
            default=field.default,
            table="limits",
            key=name,
            reload=True,
        )
        for name, field in _LIMIT_FIELDS.items()
    ]
    return own[:-1] + limits + own[-1:]


@attrs.define
class _Loader:
    """Collects values with their sources, and every problem on the way."""

    values: dict[str, object] = attrs.field(factory=dict)
    sources: dict[str, str] = attrs.field(factory=dict)
    problems: list[str] = attrs.field(factory=list)
    warnings: list[str] = attrs.field(factory=list)
    module_options: dict[str, dict[str, object]] = attrs.field(factory=dict)

    def take(self, name: str, value: object, source: str) -> None:
        """Parse one value; a later source's wins. Where it fails, an earlier source's stays for the other checks."""
        field = _FIELDS.get(name)
        try:
            parsed = field.metadata["parse"](value) if field is not None else _limit(name, value)
        except ValueError as error:
            self.problems.append(f"{source} {error}, not {value!r}")
            return
        self.values[name] = parsed
        self.sources[name] = source

    def read_toml(self, text: str, file: str) -> None:
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.problems.append(f"{file} is not valid TOML: {error}")
            return
        known = {(option.table, option.key): option.name for option in options()}
        top = [key for table, key in known if not table]
        for key, value in document.items():
            if key in ("limits", "modules"):
                if not isinstance(value, dict):
                    self.problems.append(f"{file}: {key} must be a table: [{key}]")
                    continue
                for inner, item in value.items():
                    if (key, inner) in known:
                        self.take(known[key, inner], item, f"{file}: {key}.{inner}")
                    elif key == "modules" and isinstance(item, dict):
                        self.module_options[inner] = item
                    else:
                        candidates = [name for table, name in known if table == key]
                        self._unknown(f"{file}: {key}.{inner}", inner, candidates)
            elif ("", key) in known:
                self.take(key, value, f"{file}: {key}")
            elif ("limits", key) in known:
                self.problems.append(f"{file}: {key} belongs into the table [limits]")
            else:
                self._unknown(f"{file}: {key}", key, [*top, "limits", "modules"])

    def read_environment(self, environ: Mapping[str, str]) -> None:
        known = {option.variable: option.name for option in options()}
        for variable in sorted(environ):
            if variable in known:
                # Set and empty is how shells and unit files unset a variable.
                if environ[variable] != "":
                    self.take(known[variable], environ[variable], f"environment: {variable}")
            elif variable.startswith(ENVIRONMENT_PREFIX) and variable not in KNOWN_VARIABLES:
                self._unknown(f"environment: {variable}", variable, known)

    def read_options(self, given: Mapping[str, object]) -> None:
        for option in options():
            if given.get(option.name) is not None:
                self.take(option.name, given[option.name], f"command line: --{option.flag}")

    def _unknown(self, where: str, name: str, candidates: Iterable[str]) -> None:
        near = difflib.get_close_matches(name, list(candidates), 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        self.warnings.append(f"{where} is not a setting and is ignored{hint}")

    def finish(self) -> Settings:
        """Check what concerns several settings, and make the whole."""
        limits = {name: value for name, value in self.values.items() if name in _LIMIT_FIELDS}
        own = {name: value for name, value in self.values.items() if name in _FIELDS}
        if own.get("debug"):
            own["log_level"] = "debug"
        settings = Settings(**own, limits=Limits(**limits), module_options=self.module_options)  # type: ignore[arg-type]
        if settings.socket == settings.log:
            self._across("log", f"must not be the same path as the socket, {settings.socket}")
        for name in self.module_options:
            if name not in settings.modules:
                self.warnings.append(f"[modules.{name}] is ignored: {name} is not in modules.enabled")
        if self.problems:
            raise SettingsError(self.problems)
        return settings

    def _across(self, name: str, what: str) -> None:
        self.problems.append(f"{self.sources.get(name, name)} {what}")


def _limit(name: str, value: object) -> object:
    """Parse one limit with the rules that :class:`Limits` declares for it."""
    field = _LIMIT_FIELDS[name]
    whole = field.type in (int, "int")
    if isinstance(value, str):
        try:
            value = int(value) if whole else float(value)
        except ValueError:
            low, high = field.metadata["low"], field.metadata["high"]
            message = f"must be {'a whole number' if whole else 'a number'} from {low:g} to {high:.10g}"
            raise ValueError(message) from None
    try:
        Limits(**{name: value})  # type: ignore[arg-type]
    except LimitsError as error:
        # "max_memory_mb must be from ... to ..., not 3": the name and the value are said by the caller.
        raise ValueError(error.problems[0].removeprefix(f"{name} ").rpartition(", not ")[0]) from None
    return value


def load(
    *, toml: str | None, toml_name: str, environ: Mapping[str, str], options: Mapping[str, object]
) -> tuple[Settings, list[str]]:
    """Read all sources.

    Args:
        toml: the file's text, ``None`` if there is no file.
        toml_name: what to call it in messages.
        environ: the environment.
        options: command-line values by setting name; ``None`` for those not given.

    Returns:
        the settings, and warnings about names that nobody knows.

    Raises:
        SettingsError: with every problem of every source.
    """
    loader = _Loader()
    if toml is not None:
        loader.read_toml(toml, toml_name)
    loader.read_environment(environ)
    loader.read_options(options)
    return loader.finish(), loader.warnings


def load_files(
    path: str | None, environ: Mapping[str, str], options: Mapping[str, object]
) -> tuple[Settings, list[str]]:
    """Read the file that a path, the environment or the default names, and then all sources; see :func:`load`."""
    chosen = path or environ.get("CPAN_BRIDGE_CONFIG") or None
    file = Path(chosen or DEFAULT_CONFIG)
    text: str | None = None
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if chosen:
            raise SettingsError([f"{file} does not exist"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file} cannot be read: {error}"]) from None
    return load(toml=text, toml_name=str(file), environ=environ, options=options)


def changed_fixed(old: Settings, new: Settings) -> list[str]:
    """Return the names of settings that differ and cannot change while the daemon runs."""
    return [
        name
        for name, field in _FIELDS.items()
        if not field.metadata["reload"] and getattr(old, name) != getattr(new, name)
    ]


def keep_fixed(old: Settings, new: Settings) -> Settings:
    """Return ``new`` with ``old``'s values where they cannot change while the daemon runs."""
    return attrs.evolve(new, **{name: getattr(old, name) for name in changed_fixed(old, new)})
