"""The quick way to bind parameters that all come by name and are right, which is how most calls come: one pass of C.

Pure. Whatever is wrong with them is left to :mod:`bridge.binding`, which knows how to say it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

import attrs
import msgspec

from bridge.api import Session

__all__ = ["Named", "named_binder"]

_PLAIN = frozenset({type(None), bool, int, float, str})


@attrs.frozen
class Named:
    """One parameter that callers give.

    Attributes:
        type: what its value is converted to.
        default: where it need not be given, a tuple of its default; else empty.
    """

    name: str
    type: Any
    default: tuple[object, ...]


def named_binder(
    call: Callable[..., object], parameters: Sequence[Named], *, takes_session: bool
) -> Callable[[dict[str, object], Session], Callable[[], object]]:
    """Return what makes a call of params.

    It raises ``msgspec.ValidationError`` for parameters that are not right, which may mean no more than that they need
    another look.

    Args:
        call: the function, which takes all of them by position.
        parameters: its parameters, at least one, in their order.
        takes_session: whether it takes the session before them.
    """
    struct = msgspec.defstruct(
        "Named",
        [(one.name, one.type, *map(_field, one.default)) for one in parameters],
        kw_only=True,
        forbid_unknown_fields=True,
    )
    convert, values_of = msgspec.convert, attrgetter(*(one.name for one in parameters))
    if len(parameters) == 1:
        if takes_session:
            return lambda params, session: partial(call, session, values_of(convert(params, struct, strict=False)))
        return lambda params, _session: partial(call, values_of(convert(params, struct, strict=False)))
    if takes_session:
        return lambda params, session: partial(call, session, *values_of(convert(params, struct, strict=False)))
    return lambda params, _session: partial(call, *values_of(convert(params, struct, strict=False)))


def _field(default: object) -> Any:
    """Return a struct's field that has the very same default, whatever it is."""
    return msgspec.field(default=default) if type(default) in _PLAIN else msgspec.field(default_factory=lambda: default)
