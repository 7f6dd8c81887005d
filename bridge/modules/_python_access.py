"""What of Python a Perl program may reach: the allow list, and the rules that keep a call inside of it.

The rules keep callers to the modules that the operator allowed. They are no sandbox against the functions of those
modules: allowing ``subprocess`` allows everything.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import types
from collections import UserString
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from bridge.api import BridgeError, ErrorType, did_you_mean

__all__ = ["DEFAULT_ALLOW", "DEFAULT_DENY", "AccessRules", "public_attribute"]

DEFAULT_ALLOW = (
    "base64", "binascii", "bisect", "calendar", "cmath", "collections", "colorsys", "copy", "datetime", "decimal",
    "difflib", "fractions", "hashlib", "heapq", "hmac", "html", "ipaddress", "itertools", "json", "keyword", "math",
    "operator", "quopri", "random", "re", "secrets", "statistics", "string", "struct", "textwrap", "time",
    "unicodedata", "urllib.parse", "uuid", "zlib", "zoneinfo",
)  # fmt: skip
"""Standard modules that compute: no files, no network, no processes, no code from text."""

DEFAULT_DENY = (
    # These read any attribute by a name or format that comes as data, past every rule here.
    "operator.attrgetter", "operator.methodcaller", "string.Formatter", "string.Template",
    # They change the process or read files for everybody.
    "calendar.setfirstweekday", "calendar.main", "time.tzset", "time.clock_settime", "time.clock_settime_ns",
    "zoneinfo.reset_tzpath", "random.seed", "random.setstate", "hashlib.file_digest", "copy.copyreg",
    "decimal.setcontext", "re.purge", "re.template", "base64.main", "base64.test", "quopri.main",
    "calendar.different_locale", "calendar.LocaleTextCalendar", "calendar.LocaleHTMLCalendar",
    # Objects that all callers of the process share, with methods that change them.
    "calendar.c", "copy.dispatch_table",
    "decimal.DefaultContext", "decimal.BasicContext", "decimal.ExtendedContext",
    # A wrong thread number ends the whole process.
    "time.pthread_getcpuclockid",
    # It evaluates its arguments' own code.
    "collections.namedtuple",
)  # fmt: skip
"""Members of allowed modules that are not."""

# Attributes that lead from an object to the interpreter's insides without an underscore in front.
_INSIDES = frozenset(
    [
        "gi_frame",
        "gi_code",
        "gi_yieldfrom",
        "cr_frame",
        "cr_code",
        "cr_await",
        "cr_origin",
        "ag_frame",
        "ag_code",
        "ag_await",
        "tb_frame",
        "tb_next",
        "tb_lasti",
        "f_globals",
        "f_locals",
        "f_builtins",
        "f_back",
        "f_code",
        "f_trace",
        "co_code",
        "co_consts",
        "func_globals",
        "func_code",
        "func_closure",
        "mro",
        "with_traceback",
    ]
)

_INSIDE_KINDS = (types.FrameType, types.CodeType, types.TracebackType, types.CellType, types.GetSetDescriptorType)

_FORMATTERS = frozenset({"format", "format_map"})
"""Methods of ``str`` and its likes that read attributes by a name that comes as data."""

_TEXTS = (str, UserString)


class AccessRules:
    """Which modules and members may be called.

    Args:
        allow: module names, or patterns as of the shell: ``numpy`` is that module alone, ``numpy.*`` all below it.
        deny: dotted names (or patterns) of members or modules that stay closed.
    """

    def __init__(self, allow: Iterable[str] = DEFAULT_ALLOW, deny: Iterable[str] = ()) -> None:
        self.allow = tuple(allow)
        self.deny = (*DEFAULT_DENY, *deny)
        self._names = frozenset(name for name in self.allow if not set(name) & set("*?["))
        self._patterns = tuple(name for name in self.allow if name not in self._names)

    def allows(self, module: str) -> bool:
        """Whether the module is on the list and not denied."""
        listed = module in self._names or any(fnmatchcase(module, pattern) for pattern in self._patterns)
        return listed and not self.denies(module) and not any(part.startswith("_") for part in module.split("."))

    def denies(self, name: str) -> bool:
        """Whether a dotted name is denied."""
        return any(name == pattern or fnmatchcase(name, pattern) for pattern in self.deny)

    def _denies_home(self, value: object) -> bool:
        """Whether a class or function is denied in the module that it comes from, whatever module shows it, too."""
        home, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if not isinstance(home, str) or not isinstance(name, str):
            return False
        parts = name.split(".")
        return any(self.denies(".".join([home, *parts[:end]])) for end in range(1, len(parts) + 1))

    def check_module(self, module: str) -> None:
        """Raise ``Forbidden`` or ``UnknownModule`` unless the module may be used. Imports nothing."""
        if self.allows(module):
            return
        if module and all(part.isidentifier() for part in module.split(".")) and _exists(module.partition(".")[0]):
            raise BridgeError(
                ErrorType.FORBIDDEN,
                f"Python module {module:.100} is not on the allow list: add it to allow in the table [modules.python] "
                "of the daemon's configuration.",
            )
        hint = did_you_mean(module, self._names) or "."
        raise BridgeError(ErrorType.UNKNOWN_MODULE, f"There is no module called {module:.100}{hint}")

    def load(self, module: str) -> types.ModuleType:
        """Import an allowed module. May take long: not for the reactor."""
        self.check_module(module)
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is not None and module.startswith(error.name):
                raise BridgeError(
                    ErrorType.UNKNOWN_MODULE, f"There is no Python module called {module:.100}."
                ) from None
            raise

    def resolve(self, module: str, path: str) -> Any:
        """Return the member of an allowed module that a dotted path names.

        Raises:
            BridgeError: ``Forbidden`` for anything private or outside of the module, ``UnknownFunction``.
        """
        loaded = self.load(module)
        found: Any = loaded
        walked = module
        for position, name in enumerate(path.split(".")):
            _check_name(name, walked)
            walked = f"{walked}.{name}"
            if self.denies(walked):
                raise BridgeError(ErrorType.FORBIDDEN, f"{walked:.200} is not callable through the bridge.")
            holder = found
            try:
                # Class attributes are looked up without running descriptors' code; modules have none.
                found = getattr(holder, name)
            except AttributeError:
                names = [each for each in dir(holder) if not each.startswith("_")]
                hint = did_you_mean(name, names) or "."
                raise BridgeError(ErrorType.UNKNOWN_FUNCTION, f"{walked:.200} does not exist{hint}") from None
            if self._denies_home(found) or _is_formatter(holder, name):
                raise BridgeError(ErrorType.FORBIDDEN, f"{walked:.200} is not callable through the bridge.")
            if isinstance(found, types.ModuleType):
                if not self.allows(found.__name__):
                    raise BridgeError(
                        ErrorType.FORBIDDEN, f"{walked} leads out of module {module}, to {found.__name__}."
                    )
            elif position == 0 and not self._belongs(loaded, name, found):
                raise BridgeError(
                    ErrorType.FORBIDDEN,
                    f"{walked} is imported from {getattr(found, '__module__', 'elsewhere')}; "
                    "call it there, if it is on the allow list.",
                )
            elif position > 0 and not isinstance(holder, (type, types.ModuleType)):
                raise BridgeError(ErrorType.FORBIDDEN, f"{walked} leads out of module {module}.")
            _check_kind(found, walked)
        return found

    def members(self, module: str) -> dict[str, list[str]]:
        """Return the names of an allowed module's functions, classes and constants, sorted."""
        loaded = self.load(module)
        members: dict[str, list[str]] = {"functions": [], "classes": [], "constants": []}
        for name in sorted(dir(loaded)):
            if name.startswith("_") or self.denies(f"{module}.{name}"):
                continue
            value = getattr(loaded, name, None)
            if (
                isinstance(value, types.ModuleType)
                or self._denies_home(value)
                or not self._belongs(loaded, name, value)
            ):
                continue
            kind = "classes" if inspect.isclass(value) else "functions" if callable(value) else "constants"
            members[kind].append(name)
        return members

    def _belongs(self, module: types.ModuleType, name: str, value: object) -> bool:
        """Whether a member is the module's own and not something it happens to have imported."""
        if name in getattr(module, "__all__", ()):
            return True
        home = getattr(value, "__module__", None)
        if not isinstance(home, str):
            # A constant says nothing of its home. Data is harmless; an instance with methods is not for us to judge.
            return not callable(value)
        own = module.__name__
        if home == "builtins":
            return name not in dir(sys.modules["builtins"]) and not callable(value)
        return home == own or home.startswith(f"{own}.") or home == f"_{own.rpartition('.')[2]}" or self.allows(home)


def public_attribute(holder: object, name: str) -> Any:
    """Return an attribute of an object that a caller holds.

    Raises:
        BridgeError: ``Forbidden`` for what is private or leads into the interpreter, ``UnknownFunction``.
    """
    kind = f"{type(holder).__module__}.{type(holder).__qualname__}"
    _check_name(name, kind)
    if _is_formatter(holder, name):
        raise BridgeError(ErrorType.FORBIDDEN, f"{kind}.{name} is not callable through the bridge.")
    if isinstance(holder, (types.FunctionType, types.MethodType, types.ModuleType)):
        raise BridgeError(ErrorType.FORBIDDEN, f"A {kind} has no members that can be reached.")
    try:
        found = getattr(holder, name)
    except AttributeError:
        names = [each for each in dir(holder) if not each.startswith("_")]
        hint = did_you_mean(name, names) or "."
        raise BridgeError(ErrorType.UNKNOWN_FUNCTION, f"{kind} has no member called {name:.100}{hint}") from None
    _check_kind(found, f"{kind}.{name}")
    return found


def _check_name(name: str, where: str) -> None:
    if not name.isidentifier():
        raise BridgeError(ErrorType.UNKNOWN_FUNCTION, f"{where:.200} has no member called {name!r:.100}.")
    if name.startswith("_") or name in _INSIDES:
        raise BridgeError(ErrorType.FORBIDDEN, f"{where:.200}.{name:.100} is private to Python.")


def _is_formatter(holder: object, name: str) -> bool:
    if name not in _FORMATTERS:
        return False
    return isinstance(holder, _TEXTS) or (isinstance(holder, type) and issubclass(holder, _TEXTS))


def _check_kind(value: object, where: str) -> None:
    if isinstance(value, _INSIDE_KINDS):
        raise BridgeError(ErrorType.FORBIDDEN, f"{where} belongs to the interpreter.")


def _exists(top: str) -> bool:
    try:
        return top in sys.builtin_module_names or importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
