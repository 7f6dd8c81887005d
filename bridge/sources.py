"""The four sources of settings, brought together: defaults < TOML file < environment < command line.

What a source says is checked where it was said, so that every problem of all sources is reported at once and names its
source. Nothing is read here: texts and mappings come in as arguments.
"""

from __future__ import annotations

import difflib
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping

import attrs

from bridge.limits import Limits, LimitsError
from bridge.metricsplace import MetricsPlace
from bridge.settings import ALWAYS_ENABLED, ENV_PREFIX, JOURNAL_NAME, SETTINGS, Setting, Settings, SettingsError
from bridge.text import clip

__all__ = ["Loaded", "load", "resolve"]

MAX_SOCKET_PATH = 107
"""Bytes that fit into ``sun_path`` of a Unix socket's address, which ends with a NUL."""

OTHER_VARIABLES = frozenset(
    ENV_PREFIX + name for name in ("AUTOSTART", "CONFIG", "CONNECT_TIMEOUT", "JSON", "PYTHON", "RETRIES", "TWISTD")
)
"""Variables that belong to clients or say where the settings are: no settings of the daemon, and no slips."""

_SIZE_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_YES_NO = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_BY_NAME = {setting.name: setting for setting in SETTINGS}


@attrs.frozen(kw_only=True)
class Loaded:
    """What came out of all sources.

    Attributes:
        settings: the values in force.
        warnings: sentences for the operator: unknown names, settings that cannot have the effect they seem to have.
        sources: for each setting by name where its value is from ("default", "environment", ...).
    """

    settings: Settings
    warnings: list[str]
    sources: Mapping[str, str]


def load(
    *,
    toml: str | None,
    toml_name: str,
    environ: Mapping[str, str],
    options: Mapping[str, object],
    directory: str = "",
) -> tuple[Settings, list[str]]:
    """Return the settings and warnings about them; see :func:`resolve`.

    Raises:
        SettingsError: naming every problem of every source.
    """
    loaded = resolve(toml=toml, toml_name=toml_name, environ=environ, options=options, directory=directory)
    return loaded.settings, loaded.warnings


def resolve(
    *,
    toml: str | None,
    toml_name: str,
    environ: Mapping[str, str],
    options: Mapping[str, object],
    directory: str = "",
) -> Loaded:
    """Bring all sources together.

    Args:
        toml: the file's text, ``None`` where there is no file.
        toml_name: the file's name, for messages.
        environ: the environment. An empty variable counts as not set, as in shells and unit files.
        options: the command line, by setting name; what is absent or ``None`` was not given.
        directory: what relative paths start from; with "" they stay relative.

    Raises:
        SettingsError: naming every problem of every source.
    """
    loader = _Loader(toml_name, directory)
    if toml is not None:
        loader.read_toml(toml)
    loader.read_environment(environ)
    for name, value in options.items():
        if value is not None:
            loader.take(_BY_NAME[name], value, "command line", f"--{_BY_NAME[name].option}")
    return loader.finish()


class _Loader:
    """Collects values, where each is from, and everything that is wrong."""

    def __init__(self, toml_name: str, directory: str) -> None:
        self.toml_name = toml_name
        self.directory = directory
        self.values: dict[str, object] = {}
        self.said: dict[str, tuple[str, str]] = {}  # name -> source and the spelling there
        self.module_options: dict[str, Mapping[str, object]] = {}
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def take(self, setting: Setting, value: object, source: str, spelling: str) -> None:
        """Take what a source says about a setting; a fault is noted, and the value of a lesser source stays."""
        try:
            converted = _CONVERT[setting.kind](setting, value, source == self.toml_name)
        except ValueError as error:
            self.problems.append(f"{source}: {spelling} {error}")
            # The fault has been named. What a lesser source says would only be blamed for it again.
            self.values.pop(setting.name, None)
            self.said.pop(setting.name, None)
        else:
            self.values[setting.name] = converted
            self.said[setting.name] = (source, spelling)

    def read_toml(self, text: str) -> None:
        name = self.toml_name
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # beside its own: thousands of digits or of brackets
            self.problems.append(f"{name}: this is not valid TOML: {error}")
            return
        by_path = {setting.toml: setting for setting in SETTINGS}
        for table in ("limits", "modules"):
            if not isinstance(document.get(table, {}), dict):
                self.problems.append(f"{name}: {table} must be a table ([{table}]), not {_shown(document.pop(table))}")
        flat = {key: value for key, value in document.items() if key not in {"limits", "modules"}}
        flat |= {f"limits.{key}": value for key, value in document.get("limits", {}).items()}
        for key, value in document.get("modules", {}).items():
            if isinstance(value, dict):
                self.module_options[key] = value
            else:
                flat[f"modules.{key}"] = value
        for path, value in flat.items():
            if path in by_path:
                self.take(by_path[path], value, name, path)
            else:
                self.warnings.append(f"{name}: there is no setting {path}{_nearest(path, by_path)}")

    def read_environment(self, environ: Mapping[str, str]) -> None:
        # systemd may name several, with colons between them.
        state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
        if state:
            self.values.setdefault("journal", posixpath.join(state, JOURNAL_NAME))
        by_variable = {setting.env: setting for setting in SETTINGS}
        for variable in sorted(environ):
            if variable in by_variable:
                if environ[variable] != "":
                    self.take(by_variable[variable], environ[variable], "environment", variable)
            elif variable.startswith(ENV_PREFIX) and variable not in OTHER_VARIABLES:
                self.warnings.append(f"environment: there is no setting {variable}{_nearest(variable, by_variable)}")

    def finish(self) -> Loaded:
        self._make_absolute()
        plain = {name: value for name, value in self.values.items() if not _BY_NAME[name].limit}
        limits = self._limits({name: value for name, value in self.values.items() if _BY_NAME[name].limit})
        settings = Settings(limits=limits, module_options=self.module_options, **plain)  # type: ignore[arg-type]
        if settings.debug:
            settings = attrs.evolve(settings, log_level="debug")
            self.said["log_level"] = self.said["debug"]
        self._check_together(settings)
        if self.problems:
            raise SettingsError(self.problems)
        sources = {setting.name: self.said.get(setting.name, ("default", ""))[0] for setting in SETTINGS}
        return Loaded(settings=settings, warnings=self.warnings, sources=sources)

    def _make_absolute(self) -> None:
        for name in ("socket", "log", "admin_socket", "journal"):
            path = self.values.get(name)
            if isinstance(path, str) and path != "-" and self.directory:
                self.values[name] = posixpath.normpath(posixpath.join(self.directory, path))
        kind, _, path = str(self.values.get("metrics", "")).partition(":")
        if kind == "unix" and path and self.directory:
            self.values["metrics"] = f"unix:{posixpath.join(self.directory, path)}"

    def _limits(self, values: Mapping[str, object]) -> Limits:
        try:
            return Limits(**values)  # type: ignore[arg-type]
        except LimitsError as error:
            self.problems.extend(self._attributed(problem) for problem in error.problems)
            return Limits()

    def _attributed(self, problem: str) -> str:
        """Spell the limit that a problem is about as its source does, and put the source before it."""
        for word in re.findall(r"\w+", problem):
            if word in self.said:
                source, spelling = self.said[word]
                return f"{source}: {problem.replace(word, spelling, 1)}"
        return f"default: {problem}"

    def _check_together(self, settings: Settings) -> None:
        """Look at values that are fine alone and wrong together."""
        paths = {
            "socket": settings.socket,
            "admin_socket": settings.admin_path,
            "log": settings.log,
            "journal": settings.journal_path,
        }
        for name in ("socket", "admin_socket"):
            size = len(paths[name].encode(errors="surrogateescape"))
            if size <= MAX_SOCKET_PATH:
                continue
            if name in self.said or name == "socket":
                self._blame(name, f"is {size} bytes long, but a Unix socket's path cannot exceed {MAX_SOCKET_PATH}")
                break
            self._blame(
                "socket",
                f"leaves no room for the operators' socket beside it, {paths[name]}: a Unix socket's path cannot "
                f"exceed {MAX_SOCKET_PATH} bytes; set admin_socket to a shorter one",
            )
        if settings.metrics is not None:
            try:
                paths["metrics"] = MetricsPlace.parse(settings.metrics).path or "no path"
            except ValueError as error:
                self._blame("metrics", str(error))
        names = list(paths)
        for at, first in enumerate(names):
            for second in names[at + 1 :]:
                if paths[first] == paths[second]:
                    name = second if second in self.said else first
                    self._blame(name, f"is used twice: {first} and {second} are both {paths[first]}")
        limits = settings.limits
        if limits.max_concurrent_requests > limits.max_connections:
            self.warnings.append(
                f"max_concurrent_requests {limits.max_concurrent_requests} cannot be reached: a connection runs one "
                f"call at a time, and max_connections is {limits.max_connections}"
            )
        if settings.max_result_size < settings.max_request_size:
            self.warnings.append(
                f"max_result_size {settings.max_result_size} is less than max_request_size "
                f"{settings.max_request_size}: functions that return what they were given, such as test.echo, will "
                "fail for the largest requests"
            )
        if settings.worker_memory_mb > limits.max_memory_mb:
            self.warnings.append(
                f"worker_memory_mb {settings.worker_memory_mb:g} is more than max_memory_mb "
                f"{limits.max_memory_mb:g}: a single worker process can put the whole daemon over its limit"
            )
        unused = [name for name in self.module_options if name not in {*settings.modules, *ALWAYS_ENABLED}]
        self.warnings.extend(
            f"{self.toml_name}: [modules.{name}] has no effect: {name} is not among the enabled modules"
            for name in unused
        )

    def _blame(self, name: str, what: str) -> None:
        source, spelling = self.said.get(name, ("default", name))
        self.problems.append(f"{source}: {spelling} {what}")


def _nearest(name: str, known: Iterable[str]) -> str:
    """Return ", did you mean ...?" or nothing. A name in the wrong table is nearest to itself in the right one."""
    names = list(known)
    same = [other for other in names if other.rpartition(".")[2] == name.rpartition(".")[2]]
    near = same or difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _shown(value: object) -> str:
    """Spell a wrong value for a message. Not all can be: Python writes no integer of more than 4300 digits."""
    try:
        return clip(repr(value), 200)
    except (ValueError, RecursionError):
        return "something too large to show"


def _number(setting: Setting, value: object, typed: bool) -> float:
    whole = setting.kind is int
    wanted = "a whole number" if whole else "a number"
    size = setting.unit == "bytes"
    if size:
        wanted += ', or one with a unit, as "10MiB"'
    if isinstance(value, str):
        text = value.strip()
        match = re.fullmatch(r"(\d+) ?(?:([KMG])(?:i?B)?)", text, re.IGNORECASE) if size else None
        if match and not text.upper().endswith(("KB", "MB", "GB")):
            value = int(match[1]) * _SIZE_UNITS[match[2].lower()]
        elif not typed and re.fullmatch(r"[+-]?\d{1,30}", text):
            value = int(text)
        elif not typed and not whole and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.IGNORECASE):
            value = float(text)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise ValueError(f"must be {wanted}, not {_shown(value)}")  # noqa: TRY004 - every refusal here is a ValueError
    if not setting.low <= value <= setting.high:
        raise ValueError(f"must be {setting.range_text}, not {_shown(value)}")
    return value


def _flag(_: Setting, value: object, typed: bool) -> bool:
    if isinstance(value, str) and not typed and value.strip().lower() in _YES_NO:
        return _YES_NO[value.strip().lower()]
    if not isinstance(value, bool):
        wanted = "true or false" if typed else "1, true, yes or on, or 0, false, no or off"
        raise ValueError(f"must be {wanted}, not {_shown(value)}")  # noqa: TRY004 - as above
    return value


def _text(setting: Setting, value: object, _typed: bool) -> str | None:
    if setting.default is None and value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"must be a text in quotes, not {_shown(value)}")  # noqa: TRY004 - as above
    if not value.strip() or not value.isprintable():
        raise ValueError(f"must not be empty or hold control characters, but is {_shown(value)}")
    if setting.choices:
        value = value.strip().lower()
        if value not in setting.choices:
            raise ValueError(f"must be {setting.range_text}, not {_shown(value)}")
    return value


def _names(setting: Setting, value: object, typed: bool) -> tuple[str, ...]:
    if isinstance(value, str) and not typed:
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        wanted = 'a list of names, as ["python"]' if typed else "names with commas between them"
        raise ValueError(f"must be {wanted}, not {_shown(value)}")
    what = "modules" if setting.toml.startswith("modules.") else "users"
    wrong = [name for name in value if not _NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"must hold names of {what}, but {_shown(wrong[0])} is none")
    return tuple(name for name in dict.fromkeys(value) if name not in ALWAYS_ENABLED)


_CONVERT: dict[type, Callable[[Setting, object, bool], object]] = {
    int: _number,
    float: _number,
    bool: _flag,
    str: _text,
    tuple: _names,
}
