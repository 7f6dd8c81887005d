"""Typed parameters: from what a request holds to the arguments of a Python function.

What a function's annotations say is worked out once, when its module is loaded; each call is then one pass of msgspec
over the parameters. A parameter annotated :class:`~bridge.api.Session`, :class:`~bridge.api.Daemon` or
:class:`~bridge.api.Descriptor` is filled in by the daemon and invisible to callers.
"""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import msgspec
from msgspec import UNSET
from msgspec import inspect as types

from bridge.api import BridgeError, Callback, Daemon, Descriptor, ErrorType, FunctionSpec, Session, did_you_mean
from bridge.named import Named, named_binder
from bridge.scalars import Adapter, adapter_for, has_bytes, walk

__all__ = ["Binder", "BindingError", "describe_signature", "make_binder", "make_direct"]

Binder = Callable[[object, Session], Callable[[], object]]
"""Takes a request's ``params`` and its session; gives what runs the function. Raises ``BadParams``."""

_INJECTED = (Session, Daemon, Descriptor)
_JSON_TYPES = (str, int, float, bool, list, dict)
_PLACE = re.compile(r"^(?P<text>.*) - at (?P<key>`key` in )?`\$\.(?P<field>p\d+)(?P<rest>.*)`$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_SHOWN = 60
"""Characters of a wrong value that a message shows."""

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class BindingError(Exception):
    """A function's signature cannot be served; the message is a sentence for its author."""


@attrs.frozen
class _Parameter:
    """One parameter; ``field`` is its name in the struct that msgspec fills, "" for an injected one."""

    name: str
    kind: Any
    type: Any
    required: bool
    field: str
    injected: type | None


def make_binder(spec: FunctionSpec, name: str, daemon: Daemon) -> Binder:
    """Work out how calls of a function are bound.

    Args:
        spec: the function.
        name: its full name, for messages.
        daemon: what a parameter annotated ``Daemon`` gets.

    Raises:
        BindingError: an annotation cannot be resolved, or is of a type that no JSON value can become.
    """
    parameters = _parameters_of(spec, name)
    if spec.isolated and any(parameter.injected for parameter in parameters):
        raise BindingError(f"{name} is isolated: it runs in another process and takes no Session, Daemon or Descriptor")
    if spec.raw:
        return _raw_binder(spec, name, parameters, daemon)
    table = _Table(spec, name, parameters, daemon)
    quick = table.quick_binder()
    if quick is None:
        return table.bind

    def bind(params: object, session: Session) -> Callable[[], object]:
        if type(params) is dict:
            try:
                return quick(params, session)
            except msgspec.ValidationError:
                pass  # what is wrong is found out below
        return table.bind(params, session)

    return bind


def make_direct(spec: FunctionSpec, daemon: Daemon) -> Callable[[object, Session], object] | None:
    """Return what runs an inline raw function at once, without a binding for each call; ``None`` for any other.

    Only for functions that take nothing but the params and a ``Daemon``.
    """
    injected = [parameter for parameter in _parameters_of(spec, spec.name) if parameter.injected]
    if not (spec.inline and spec.raw) or any(parameter.injected is not Daemon for parameter in injected):
        return None
    call = spec.call
    if not injected:
        return lambda params, _session: call(None if params is UNSET else params)
    return lambda params, _session: call(None if params is UNSET else params, daemon)


def describe_signature(spec: FunctionSpec) -> str:
    """Return the signature as callers see it: ``(name: str, times: int = 1)``."""
    parts: list[str] = []
    hidden = {parameter.name for parameter in _parameters_of(spec, spec.name) if parameter.injected}
    if spec.raw:
        return "(params)"
    seen_star = False
    hints = typing.get_type_hints(spec.call)  # without the ranges of Annotated
    shown = [p for p in inspect.signature(spec.call).parameters.values() if p.name not in hidden]
    for position, parameter in enumerate(shown):
        kind = parameter.kind
        if kind is parameter.KEYWORD_ONLY and not seen_star:
            parts.append("*")
        seen_star = seen_star or kind in {parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL}
        stars: dict[Any, str] = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        text = stars.get(kind, "") + parameter.name
        if parameter.annotation is not parameter.empty:
            text += f": {inspect.formatannotation(hints[parameter.name])}"
        if parameter.default is not parameter.empty:
            text += f" = {_shown(parameter.default)}" if ":" in text else f"={_shown(parameter.default)}"
        parts.append(text)
        is_last = position + 1 == len(shown) or shown[position + 1].kind is not parameter.POSITIONAL_ONLY
        if kind is parameter.POSITIONAL_ONLY and is_last:
            parts.append("/")
    return f"({', '.join(parts)})"


class _Table:
    """The parameters of one function, ready to bind."""

    def __init__(self, spec: FunctionSpec, name: str, parameters: list[_Parameter], daemon: Daemon) -> None:
        self._call = spec.call
        self._name = name
        self._isolated = spec.isolated
        self._signature = describe_signature(spec)
        self._daemon = daemon
        self._plan = parameters
        visible = [parameter for parameter in parameters if not parameter.injected]
        self._visible = visible
        self._by_field = {parameter.field: parameter for parameter in visible}
        self._fields = {parameter.name: parameter.field for parameter in visible if parameter.kind in _NAMED}
        self._positional = [parameter.field for parameter in visible if parameter.kind in _POSITIONAL]
        self._required = frozenset(parameter.field for parameter in visible if parameter.required)
        self._rest = next((p.field for p in visible if p.kind is inspect.Parameter.VAR_POSITIONAL), None)
        self._others = next((p.field for p in visible if p.kind is inspect.Parameter.VAR_KEYWORD), None)
        self._always: dict[str, Adapter] = {}
        self._retry: dict[str, Adapter] = {}
        self._callbacks: set[str] = set()
        self._kinds: dict[str, types.Type] = {}
        for parameter in visible:
            self._check_type(parameter)
        self._struct = msgspec.defstruct(
            "Parameters",
            # A parameter that is not given stays UNSET, and Python fills in its own default.
            [(p.field, p.type, UNSET) for p in visible],
        )
        try:
            self._convert({})
        except TypeError as error:
            raise BindingError(f"{name}: {error}") from None

    def quick_binder(self) -> Callable[[dict[str, object], Session], Callable[[], object]] | None:
        """Return what binds parameters that come by name and are right; ``None`` where they need more than that."""
        plan = self._plan
        takes_session = plan[:1] != [] and plan[0].injected is Session
        if self._always or self._callbacks or not self._visible or self._visible != plan[takes_session:]:
            return None
        if any(parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD for parameter in plan):
            return None
        defaults = inspect.signature(self._call).parameters
        named = [Named(p.name, p.type, () if p.required else (defaults[p.name].default,)) for p in self._visible]
        return named_binder(self._call, named, takes_session=takes_session)

    def _check_type(self, parameter: _Parameter) -> None:
        try:
            kind = types.type_info(parameter.type)
        except (TypeError, ValueError, NameError) as error:
            raise BindingError(
                f"{self._name}: the type of parameter {parameter.name!r} cannot be used: {error}"
            ) from None
        if parameter.type in {Callback, Callback | None}:
            self._callbacks.add(parameter.field)
            if self._isolated:
                raise BindingError(f"{self._name} is isolated: it runs in another process and cannot call back")
        for part in walk(kind):
            if parameter.field in self._callbacks:
                break
            if isinstance(part, types.CustomType) and not _is_json_type(part.cls):
                raise BindingError(
                    f"{self._name}: parameter {parameter.name!r} is annotated with {part.cls.__qualname__}, which no "
                    "JSON value can become; use plain types, dataclasses, TypedDicts or msgspec Structs"
                )
        self._kinds[parameter.field] = kind
        adapter = adapter_for(kind)
        if adapter is not None:
            (self._always if has_bytes(kind) else self._retry)[parameter.field] = adapter

    def _convert(self, values: dict[str, object]) -> object:
        return msgspec.convert(values, self._struct, strict=False)

    def bind(self, params: object, session: Session) -> Callable[[], object]:
        """Check parameters and return the call; see :data:`Binder`."""
        values = self._collect(params)
        for field in self._always.keys() & values.keys():
            self._adapt(values, field, self._always[field])
        for field in self._callbacks & values.keys():
            if values[field] is not None:
                values[field] = self._callback(field, values[field], session)
        try:
            bound = self._convert(values)
        except msgspec.ValidationError as error:
            bound = self._convert_again(values, error)
        args: list[object] = []
        kwargs: dict[str, object] = {}
        by_position = True
        for parameter in self._plan:
            kind = parameter.kind
            if parameter.injected is not None:
                value: Any = self._injected(parameter.injected, session)
            else:
                value = getattr(bound, parameter.field)
                if value is UNSET:
                    by_position = False
                    continue
                if kind is inspect.Parameter.VAR_POSITIONAL:
                    args.extend(value)
                    continue
                if kind is inspect.Parameter.VAR_KEYWORD:
                    kwargs.update(value)
                    continue
            if by_position and kind in _POSITIONAL:
                args.append(value)
            else:
                kwargs[parameter.name] = value
        return partial(self._call, *args, **kwargs)

    def _injected(self, kind: type, session: Session) -> object:
        if kind is Session:
            return session
        if kind is Daemon:
            return self._daemon
        descriptor, session.descriptor = session.descriptor, None
        if descriptor is None:
            raise self._bad(
                "no descriptor came with the request: an open file is sent with its first byte while nothing else is "
                "under way, and the daemon must have room for it."
            )
        return descriptor

    def _collect(self, params: object) -> dict[str, object]:
        """Sort the parameters given by field."""
        values: dict[str, object] = {}
        if type(params) is dict:
            others: dict[str, object] = {}
            for name, value in params.items():
                field = self._fields.get(name)
                if field is None:
                    others[name] = value
                else:
                    values[field] = value
            if others:
                if self._others is None:
                    raise self._unknown(next(iter(others)))
                values[self._others] = others
        elif params is not None and params is not UNSET:
            given = params if type(params) is list else [params]
            positional = self._positional
            values.update(zip(positional, given, strict=False))
            if len(given) > len(positional):
                if self._rest is None:
                    raise self._too_many(len(given))
                values[self._rest] = given[len(positional) :]
        if not self._required <= values.keys():
            raise self._missing(values)
        return values

    def _adapt(self, values: dict[str, object], field: str, adapter: Adapter) -> None:
        try:
            values[field] = adapter(values[field])
        except ValueError as error:
            raise self._bad(f"parameter {self._by_field[field].name!r}: {error}") from None

    def _callback(self, field: str, value: object, session: Session) -> Callback:
        try:
            return session.callback(value)
        except BridgeError as error:
            text = error.message[:1].lower() + error.message[1:]
            raise self._bad(f"parameter {self._by_field[field].name!r}: {text}") from None

    def _convert_again(self, values: dict[str, object], error: msgspec.ValidationError) -> object:
        """Try what Perl may have meant; else say what is wrong."""
        fields = self._retry.keys() & values.keys()
        if fields:
            for field in fields:
                self._adapt(values, field, self._retry[field])
            try:
                return self._convert(values)
            except msgspec.ValidationError as second:
                error = second
        raise self._explain(str(error), values) from None

    # --- messages ---

    def _bad(self, text: str) -> BridgeError:
        return BridgeError(ErrorType.BAD_PARAMS, f"{self._name}: {text}")

    def _unknown(self, name: str) -> BridgeError:
        for parameter in self._visible:
            if parameter.name == name and parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                return self._bad(f"parameter {name!r} can only be given by position: send an array {self._signature}")
        text = f"unknown parameter {name[:_SHOWN]!r}"
        return self._bad(f"{text}{did_you_mean(name, self._fields) or '.'} The function takes {self._signature}")

    def _too_many(self, given: int) -> BridgeError:
        most = len(self._positional)
        by_name = " by position" if len(self._fields) > most else ""
        return self._bad(f"{given} parameters given, at most {most} are taken{by_name}: {self._signature}")

    def _missing(self, values: dict[str, object]) -> BridgeError:
        names = [repr(self._by_field[field].name) for field in sorted(self._required - values.keys(), key=_number)]
        what = f"parameter {names[0]} is" if len(names) == 1 else f"parameters {', '.join(names)} are"
        return self._bad(f"{what} missing; the function takes {self._signature}")

    def _explain(self, error: str, values: dict[str, object]) -> BridgeError:
        found = _PLACE.match(error)
        if found is None:
            return self._bad(error)
        field, rest = found["field"], found["rest"]
        name = self._by_field[field].name
        text = found["text"].replace("`", "")
        text = text[:1].lower() + text[1:]
        value, known = _follow(values[field], rest)
        kind = self._kinds[field]
        if isinstance(kind, types.LiteralType) and not rest:
            text = "expected one of " + ", ".join(_shown(choice) for choice in sorted(kind.values, key=str))
        if known and not found["key"]:
            if ", got " in text and isinstance(value, str | int | float):
                text = f"{text} {_shown(value)}"
            elif ", got " not in text:
                text = f"{text}, got {_shown(value)}"
        place = f" (a key of {name}{rest})" if found["key"] else f" at {name}{rest}" if rest else ""
        return self._bad(f"parameter {name!r}: {text}{place}")


def _raw_binder(spec: FunctionSpec, name: str, parameters: list[_Parameter], daemon: Daemon) -> Binder:
    call = spec.call
    if not parameters or parameters[0].injected or parameters[0].kind not in _POSITIONAL:
        raise BindingError(f"{name} is raw: its first parameter must take the params")
    others = parameters[1:]
    if any((parameter.required and not parameter.injected) or parameter.injected is Descriptor for parameter in others):
        raise BindingError(f"{name} is raw: beside the params it can only take a Session or Daemon")
    sessions = [parameter.name for parameter in others if parameter.injected is Session]
    fixed: dict[str, object] = {parameter.name: daemon for parameter in others if parameter.injected is Daemon}
    if fixed:
        call = partial(call, **fixed)
    if not sessions:
        return lambda params, _session: partial(call, None if params is UNSET else params)
    return lambda params, session: partial(
        call, None if params is UNSET else params, **dict.fromkeys(sessions, session)
    )


def _parameters_of(spec: FunctionSpec, name: str) -> list[_Parameter]:
    try:
        signature = inspect.signature(spec.call)
    except (TypeError, ValueError) as error:
        raise BindingError(f"{name}: {error}") from None
    found: list[_Parameter] = []
    for number, parameter in enumerate(signature.parameters.values()):
        kind = _resolve(spec, name, parameter)
        injected = kind if any(kind is one for one in _INJECTED) else None
        if injected and parameter.kind not in _NAMED:
            raise BindingError(f"{name}: parameter {parameter.name!r} must not be positional-only or variadic")
        if parameter.kind is parameter.VAR_POSITIONAL:
            kind = list[kind]  # type: ignore[valid-type]
        elif parameter.kind is parameter.VAR_KEYWORD:
            kind = dict[str, kind]  # type: ignore[valid-type]
        elif parameter.default is None and kind is not Any:
            kind = kind | None if isinstance(kind, type) else typing.Optional[kind]  # noqa: UP045 - it may be any form
        is_variadic = parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
        found.append(
            _Parameter(
                name=parameter.name,
                kind=parameter.kind,
                type=kind,
                required=parameter.default is parameter.empty and not is_variadic and not injected,
                field="" if injected else f"p{number}",
                injected=injected,
            )
        )
    return found


def _resolve(spec: FunctionSpec, name: str, parameter: inspect.Parameter) -> Any:
    """Return the type that an annotation, perhaps a string, stands for."""
    if parameter.annotation is parameter.empty:
        return Any
    function = inspect.unwrap(spec.call)
    while isinstance(function, partial):
        function = function.func
    # One at a time, so that the message can name the parameter; the return annotation does not matter at all.
    holder = type("Holder", (), {"__annotations__": {parameter.name: parameter.annotation}})
    try:
        hints = typing.get_type_hints(holder, getattr(function, "__globals__", {}), include_extras=True)
    except Exception as error:  # noqa: BLE001 - an annotation is an expression and may raise anything
        raise BindingError(
            f"{name}: the annotation {parameter.annotation!r} of parameter {parameter.name!r} cannot be resolved "
            f"({type(error).__name__}: {error}); what it names must be importable at run time, not only under "
            "TYPE_CHECKING"
        ) from None
    return hints[parameter.name]


def _is_json_type(cls: type) -> bool:
    """Whether some JSON value is an instance of a class: ``object`` and ``collections.abc.Iterable`` are such."""
    try:
        return any(issubclass(kind, cls) for kind in _JSON_TYPES)
    except TypeError:
        return False


def _follow(value: object, path: str) -> tuple[object, bool]:
    """Return the value at a path such as ``[1].name``, and whether it could be found."""
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None, False
        try:
            value = value[step[1] if step[1] is not None else int(step[2])]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None, False
        at = step.end()
    return value, True


def _shown(value: object) -> str:
    """Spell a value as its sender wrote it, in bounded length."""
    if isinstance(value, str) and len(value) > _SHOWN:
        value = value[:_SHOWN]
        return json.dumps(value, ensure_ascii=False)[:-1] + '..."'
    if isinstance(value, list | dict) and value:
        return "an array" if isinstance(value, list) else "an object"
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return repr(value)[:_SHOWN]


def _number(field: str) -> int:
    return int(field[1:])
