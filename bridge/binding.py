"""From a request's params to a function's arguments, checked against its annotations once they are known."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from inspect import Parameter
from typing import Any

import msgspec

from bridge.api import Daemon, FunctionSpec, Session
from bridge.errors import BridgeError, ErrorType

__all__ = ["Binding", "BindingError"]


class BindingError(Exception):
    """A function cannot be offered; the text names it and says why."""


class Binding:
    """How one function takes its parameters.

    Scalars are converted leniently, because Perl has one kind of scalar: ``"42"`` is an ``int`` where one is declared,
    1 and 0 are a ``bool``. Everything else must be what the annotation says.

    Attributes:
        bind: takes (params, session) and returns what makes the call; raises ``BadParams``.
        signature: for people, without the parameters that callers do not see.

    Raises:
        BindingError: an annotation cannot be resolved or checked, or the options do not fit the signature.
    """

    def __init__(self, module: str, spec: FunctionSpec, daemon: Daemon) -> None:
        self._name = f"{module}.{spec.name}"
        self._call = spec.call
        self._daemon = daemon
        try:
            signature = inspect.signature(spec.call)
            hints = typing.get_type_hints(spec.call, include_extras=True)
        except Exception as error:
            raise BindingError(f"{self._name}: its annotations cannot be read: {type(error).__name__}: {error}") from error
        parameters = list(signature.parameters.values())
        raw = parameters.pop(0) if spec.raw and parameters else None
        if spec.raw and raw is None:
            raise BindingError(f"{self._name} is raw and must have a parameter that takes the params")
        self._injected = {p.name: hints[p.name] for p in parameters if hints.get(p.name) in (Session, Daemon)}
        if self._injected and spec.isolated:
            raise BindingError(f"{self._name} is isolated and cannot take a Session or Daemon, which live in the daemon")
        self._visible = [p for p in parameters if p.name not in self._injected]
        if spec.raw and any(p.default is Parameter.empty for p in self._visible):
            raise BindingError(f"{self._name} is raw and takes nothing but the params, Session and Daemon")
        self._wants_session = next((name for name, kind in self._injected.items() if kind is Session), None)
        self._constant = {name: daemon for name, kind in self._injected.items() if kind is Daemon}
        self._types = {p.name: hints.get(p.name, Any) for p in self._visible}
        for name, kind in self._types.items():
            try:
                msgspec.json.Decoder(kind)
            except TypeError as error:
                raise BindingError(f"{self._name}: parameter {name} cannot be checked: {error}") from error
        self.signature = "(params)" if spec.raw else _spell(self._visible, typing.get_type_hints(spec.call))
        self.bind: Callable[[object, Session], Callable[[], object]] = self._bind_raw if spec.raw else self._bind

    def _bind_raw(self, params: object, session: Session) -> Callable[[], object]:
        call, constant = self._call, self._constant
        if params is msgspec.UNSET:
            params = None
        if self._wants_session is not None:
            return lambda: call(params, **constant, **{self._wants_session: session})  # type: ignore[dict-item]
        if constant:
            return lambda: call(params, **constant)
        return lambda: call(params)

    def _bind(self, params: object, session: Session) -> Callable[[], object]:
        args, kwargs = self._arguments(params)
        kwargs.update(self._constant)
        if self._wants_session is not None:
            kwargs[self._wants_session] = session
        call = self._call
        return lambda: call(*args, **kwargs)

    def _arguments(self, params: object) -> tuple[list[object], dict[str, object]]:
        if params is msgspec.UNSET:
            return self._from_positions([])
        if isinstance(params, list):
            return self._from_positions(params)
        if isinstance(params, dict):
            return self._from_names(params)
        if params is None and not self._visible:
            return [], {}
        return self._from_positions([params])

    def _from_positions(self, values: list[object]) -> tuple[list[object], dict[str, object]]:
        args: list[object] = []
        kwargs: dict[str, object] = {}
        rest = list(values)
        for parameter in self._visible:
            if parameter.kind is Parameter.VAR_POSITIONAL:
                args += [self._convert(parameter, value, f"{parameter.name}[{i}]") for i, value in enumerate(rest)]
                rest = []
            elif parameter.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD) and rest:
                # An injected parameter may stand before this one, so it is passed by name where it can be.
                value = self._convert(parameter, rest.pop(0), parameter.name)
                if parameter.kind is Parameter.POSITIONAL_ONLY or not self._injected:
                    args.append(value)
                else:
                    kwargs[parameter.name] = value
            elif parameter.kind is not Parameter.VAR_KEYWORD:
                self._need_default(parameter)
        if rest:
            most = len(values) - len(rest)
            raise self._bad(f"takes at most {most} positional parameter{'s' * (most != 1)}, not {len(values)}")
        return args, kwargs

    def _from_names(self, values: dict[str, object]) -> tuple[list[object], dict[str, object]]:
        args: list[object] = []
        kwargs: dict[str, object] = {}
        left = dict(values)
        if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in self._visible):
            named = {p.name for p in self._visible if p.kind is not Parameter.VAR_POSITIONAL}
            unknown = ", ".join(sorted(values.keys() - named))
            if unknown:
                raise self._bad(f"has no parameter called {unknown:.200}; it takes {self.signature}")
        for parameter in self._visible:
            if parameter.kind is Parameter.VAR_KEYWORD:
                kwargs.update({name: self._convert(parameter, value, name) for name, value in left.items()})
                left = {}
            elif parameter.name in left and parameter.kind is not Parameter.VAR_POSITIONAL:
                value = self._convert(parameter, left.pop(parameter.name), parameter.name)
                if parameter.kind is Parameter.POSITIONAL_ONLY:
                    args.append(value)
                else:
                    kwargs[parameter.name] = value
            elif parameter.kind is not Parameter.VAR_POSITIONAL:
                self._need_default(parameter)
        return args, kwargs

    def _convert(self, parameter: Parameter, value: object, name: str) -> object:
        kind = self._types[parameter.name]
        if kind is Any:
            return value
        try:
            return msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as error:
            what = str(error).replace("`", "").replace(" - at $", f", at {name}")
            raise self._bad(f"parameter '{name}': {what[0].lower()}{what[1:]} ({value!r:.60})") from None

    def _need_default(self, parameter: Parameter) -> None:
        if parameter.default is Parameter.empty:
            raise self._bad(f"needs the parameter '{parameter.name}'; it takes {self.signature}")

    def _bad(self, what: str) -> BridgeError:
        return BridgeError(ErrorType.BAD_PARAMS, f"{self._name} {what}.")


def _spell(visible: list[Parameter], hints: dict[str, Any]) -> str:
    parts = [
        parameter.replace(annotation=hints.get(parameter.name, Parameter.empty)) for parameter in visible
    ]
    text = str(inspect.Signature(parts))
    return text.replace("typing.", "")
