"""Module ``python``: the standard library and installed packages, as far as the configuration allows.

``call_python('statistics', 'median', [[1, 5, 9]])`` reaches this module because nobody registered ``statistics``.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec

from bridge.api import BridgeError, ErrorType, Module, Session, read_options
from bridge.modules._python_access import DEFAULT_ALLOW, AccessRules, public_attribute
from bridge.modules._python_values import from_json, to_json

__all__ = ["module"]

MAX_HANDLES = 10_000
"""Objects that one connection may hold unless [modules.python] max_objects says otherwise."""

module = Module("python", "Functions of Python modules that the configuration allows; objects are kept by handle.")


class _State:
    """The options in force; replaced as a whole when they change."""

    rules = AccessRules()
    max_objects = MAX_HANDLES


class _Options(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    allow: list[str] | None = None
    allow_more: list[str] = []
    deny: list[str] = []
    max_objects: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = MAX_HANDLES


@module.configure
def configure(options: dict[str, object]) -> None:
    """Take the table [modules.python]: allow, allow_more, deny, max_objects."""
    chosen = read_options(options, _Options)
    allow = DEFAULT_ALLOW if chosen.allow is None else chosen.allow
    rules = AccessRules([*allow, *chosen.allow_more], chosen.deny)
    _State.rules, _State.max_objects = rules, chosen.max_objects


@module.resolver
def resolve(name: str, function: str) -> Callable[[object, Session], object]:
    """Take calls of modules that nobody registered, if they are allowed Python modules; importing is for later."""
    _State.rules.check_module(name)

    def run(params: object, session: Session) -> object:
        args: list[object] = []
        kwargs: dict[str, object] = {}
        if isinstance(params, list):
            args = params
        elif isinstance(params, dict) and not _is_value(params):
            kwargs = params
        elif params is not None:
            args = [params]
        return _call(name, function, args, kwargs, session)

    return run


@module.function
def call(
    session: Session,
    module: str,
    function: str,
    args: list[Any] = [],  # noqa: B006 - never changed
    kwargs: dict[str, Any] = {},  # noqa: B006 - never changed
) -> Any:
    """Call a function of a Python module with positional and named arguments."""
    return _call(module, function, args, kwargs, session)


@module.function
def member(
    session: Session,
    object: Any,  # noqa: A002 - the wire's name for it
    name: str,
    args: list[Any] = [],  # noqa: B006 - never changed
    kwargs: dict[str, Any] = {},  # noqa: B006 - never changed
) -> Any:
    """Call a method of an object by its handle, or read an attribute that is not callable."""
    holder = from_json(object, session)
    found = public_attribute(holder, name)
    if callable(found):
        return _result(found, args, kwargs, session)
    if args or kwargs:
        raise BridgeError(ErrorType.BAD_PARAMS, f"{name} is an attribute, not a method: it takes no arguments.")
    return to_json(found, session, _State.max_objects)


@module.function(name="list")
def list_(
    session: Session,
    object: Any,  # noqa: A002 - the wire's name for it
    limit: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1000,
) -> list[Any]:
    """Return the next items (1000 unless told) of an iterable object; an iterator goes on where it stopped."""
    holder = from_json(object, session)
    if not isinstance(holder, Iterable):
        raise BridgeError(ErrorType.BAD_PARAMS, f"A {type(holder).__name__} cannot be iterated over.")
    items = list(itertools.islice(holder, limit))
    return [to_json(item, session, _State.max_objects) for item in items]


@module.function
def release(session: Session, objects: list[Any]) -> int:
    """Let go of objects, given by handle or number; returns how many were held."""
    numbers = [item.get("__object__") if isinstance(item, dict) else item for item in objects]
    return session.release(number for number in numbers if isinstance(number, int) and not isinstance(number, bool))


@module.function
def inspect(module: str) -> dict[str, list[str]]:
    """Return the names of an allowed module's functions, classes and constants."""
    return _State.rules.members(module)


def _call(name: str, path: str, args: list[object], kwargs: dict[str, object], session: Session) -> object:
    found = _State.rules.resolve(name, path)
    if not callable(found):
        if args or kwargs:
            raise BridgeError(ErrorType.BAD_PARAMS, f"{name}.{path} is not a function: it takes no arguments.")
        # What the module itself goes by is not for callers to change.
        own = copy.copy(found) if isinstance(found, (list, dict, set)) else found
        return to_json(own, session, _State.max_objects)
    return _result(found, args, kwargs, session)


def _result(function: Callable[..., object], args: list[object], kwargs: dict[str, object], session: Session) -> object:
    result = function(*from_json(args, session), **{key: from_json(value, session) for key, value in kwargs.items()})
    return to_json(result, session, _State.max_objects)


def _is_value(params: dict[str, object]) -> bool:
    """Whether an object is one argument, a handle or bytes, rather than named arguments."""
    return "__object__" in params or set(params) == {"__bytes__"}
