"""Which functions exist, which may be called, and what parameters they take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from bridge.api import Daemon, FunctionSpec, Module, Session, did_you_mean
from bridge.binding import BindingError, describe_signature, make_binder, make_direct
from bridge.errors import BridgeError, ErrorType

__all__ = ["ALWAYS", "GROUP", "Function", "Kind", "Registry", "RegistryError"]

GROUP = "cpanbridge.modules"
"""The entry-point group through which built-in modules and everybody else's are found."""

ALWAYS = ("test", "system")
"""Modules that every daemon has."""

EXEMPT = "system"
"""The module whose calls no limit holds back: monitoring must work when everything else is refused."""

PLAIN = frozenset(ALWAYS)
"""Modules whose inline results are JSON data by construction and need no check."""


class RegistryError(Exception):
    """Modules cannot be loaded. ``problems`` has one sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Kind(Enum):
    """Where a function runs."""

    INLINE = "inline"
    THREAD = "thread"
    ASYNC = "async"
    ISOLATED = "isolated"


class Function:
    """One callable function, ready to be bound to parameters.

    Attributes:
        name: ``module.function``, as statistics count it.
        kind: where it runs.
        timeout: seconds that its author allows, or ``None``.
        exempt: no limit applies.
        direct: runs it at once with (params, session): only for inline functions that are raw and whose result is
            known to be JSON data.
        doc, signature: for people.
    """

    __slots__ = ("bind", "direct", "doc", "exempt", "kind", "name", "signature", "timeout")

    def __init__(
        self,
        name: str,
        kind: Kind,
        bind: Callable[[object, Session], Callable[[], object]],
        *,
        timeout: float | None = None,
        exempt: bool = False,
        direct: Callable[[object, Session], object] | None = None,
        doc: str = "",
        signature: str = "(...)",
    ) -> None:
        self.name = name
        self.kind = kind
        self.bind = bind
        self.timeout = timeout
        self.exempt = exempt
        self.direct = direct
        self.doc = doc
        self.signature = signature


class Registry:
    """The modules that are enabled.

    Args:
        daemon: what functions get for a parameter annotated ``Daemon``.
        installed: the entry points to choose from; those of the environment unless a test brings its own.
    """

    def __init__(self, daemon: Daemon, installed: Iterable[EntryPoint] | None = None) -> None:
        self._daemon = daemon
        self._entries = list(installed) if installed is not None else None
        self._functions: dict[tuple[str, str], Function] = {}
        self._modules: dict[str, Module] = {}
        self._loaded: dict[str, Module] = {}  # by entry-point value: a module is imported once
        self._described: list[dict[str, Any]] | None = None
        self._options: dict[str, dict[str, object]] = {}

    def load(self, enabled: Sequence[str], options: Mapping[str, Mapping[str, object]]) -> None:
        """Import the enabled modules, hand them their options, and make their functions callable.

        Raises:
            RegistryError: with every problem; nothing has changed then, except that options of other modules may
                have been accepted by them.
        """
        problems: list[str] = []
        modules: dict[str, Module] = {}
        functions: dict[tuple[str, str], Function] = {}
        for name in dict.fromkeys([*ALWAYS, *enabled]):
            try:
                module = self._import(name)
                for spec in module.functions.values():
                    functions[name, spec.name] = self._function(module, spec)
            except RegistryError as error:
                problems += error.problems
                continue
            modules[name] = module
        if not problems:
            problems = self._configure(modules, options)
        if problems:
            raise RegistryError(problems)
        self._modules, self._functions, self._described = modules, functions, None
        self._options = {name: dict(options.get(name, {})) for name in modules}

    reload = load

    def find(self, module: str, function: str) -> Function:
        """Return the function that a request names.

        Raises:
            BridgeError: ``UnknownModule``, ``UnknownFunction`` or ``Forbidden``, saying what would be right.
        """
        found = self._functions.get((module, function))
        return found if found is not None else self._find_elsewhere(module, function)

    def describe(self) -> list[dict[str, Any]]:
        """Return every module with its functions, for people and programs."""
        if self._described is None:
            self._described = [
                {
                    "name": name,
                    "doc": module.doc,
                    "functions": [
                        {
                            "name": spec.name,
                            "signature": self._functions[name, spec.name].signature,
                            "doc": spec.doc,
                            "kind": self._functions[name, spec.name].kind.value,
                            "timeout": spec.timeout,
                        }
                        for spec in module.functions.values()
                    ],
                }
                for name, module in self._modules.items()
            ]
        return self._described

    # --- inside ---

    def _find_elsewhere(self, module: str, function: str) -> Function:
        known = self._modules.get(module)
        if known is not None:
            hint = did_you_mean(function, known.functions) or f"; it has {', '.join(known.functions)}."
            raise BridgeError(
                ErrorType.UNKNOWN_FUNCTION, f"Module {module} has no function called {function:.100}{hint}"
            )
        if any(entry.name == module for entry in self._installed()):
            raise BridgeError(
                ErrorType.FORBIDDEN,
                f"Module {module} is installed but not enabled: add it to enabled in the table [modules] of the "
                "daemon's configuration.",
            )
        near = did_you_mean(module, self._modules)
        unknown = BridgeError(ErrorType.UNKNOWN_MODULE, f"There is no module called {module:.100}{near or '.'}")
        for name, candidate in self._modules.items():
            if candidate.find_elsewhere is None:
                continue
            try:
                run = candidate.find_elsewhere(module, function)
            except BridgeError as error:
                if error.error_type is not ErrorType.UNKNOWN_MODULE:
                    raise
                unknown = unknown if near else error
                continue
            if run is not None:
                return Function(f"{name}.{module:.60}.{function:.60}", Kind.THREAD, _raw_binder(run))
        raise unknown

    def _installed(self) -> list[EntryPoint]:
        if self._entries is None:
            self._entries = list(entry_points(group=GROUP))
        return self._entries

    def _import(self, name: str) -> Module:
        entries = {entry.value: entry for entry in self._installed() if entry.name == name}
        if not entries:
            known = sorted({entry.name for entry in self._installed()} - set(ALWAYS))
            hint = did_you_mean(name, known) or f"; installed are {', '.join(known) or 'none'}."
            raise RegistryError([f"module {name} is enabled but not installed{hint}"])
        if len(entries) > 1:
            raise RegistryError(
                [f"several packages offer a module called {name}: {', '.join(map(_origin, entries.values()))}"]
            )
        [entry] = entries.values()
        module = self._loaded.get(entry.value)
        if module is not None:
            return module
        try:
            loaded = entry.load()
        except Exception as error:
            raise RegistryError(
                [f"module {name} ({_origin(entry)}) cannot be imported: {type(error).__name__}: {error}"]
            ) from error
        if not isinstance(loaded, Module):
            raise RegistryError(
                [f"module {name} ({_origin(entry)}) is a {type(loaded).__name__}, not a bridge.api.Module"]
            )
        if loaded.name != name:
            raise RegistryError([f"module {name} ({_origin(entry)}) calls itself {loaded.name}: the names must agree"])
        self._loaded[entry.value] = loaded
        return loaded

    def _function(self, module: Module, spec: FunctionSpec) -> Function:
        try:
            bind = make_binder(spec, f"{module.name}.{spec.name}", self._daemon)
        except BindingError as error:
            raise RegistryError([str(error)]) from error
        kind = Kind.THREAD
        if spec.isolated:
            kind = Kind.ISOLATED
        elif spec.is_async:
            kind = Kind.ASYNC
        elif spec.inline:
            kind = Kind.INLINE
        return Function(
            f"{module.name}.{spec.name}",
            kind,
            bind,
            timeout=spec.timeout,
            exempt=module.name == EXEMPT,
            direct=make_direct(spec, self._daemon) if module.name in PLAIN else None,
            doc=spec.doc,
            signature=describe_signature(spec),
        )

    def _configure(self, modules: Mapping[str, Module], options: Mapping[str, Mapping[str, object]]) -> list[str]:
        """Hand out the options; where one module refuses, those that accepted get their old ones back."""
        done: list[tuple[str, Module]] = []
        problems: list[str] = []
        for name, module in modules.items():
            given = dict(options.get(name, {}))
            if module.configurer is None:
                if given:
                    problems.append(f"[modules.{name}]: module {name} takes no options")
                continue
            try:
                module.configurer(given)
            except (ValueError, TypeError) as error:
                problems.append(f"[modules.{name}]: {error}")
            else:
                done.append((name, module))
        if problems:
            for name, module in done:
                if name in self._options and module.configurer is not None:
                    module.configurer(self._options[name])
        return problems


def _raw_binder(run: Callable[[object, Session], object]) -> Callable[[object, Session], Callable[[], object]]:
    def bind(params: object, session: Session) -> Callable[[], object]:
        return lambda: run(None if params is msgspec.UNSET else params, session)

    return bind


def _origin(entry: EntryPoint) -> str:
    package = f" from {entry.dist.name}" if entry.dist is not None else ""
    return f"{entry.value}{package}"
