"""What Perl sends where Python distinguishes: adapt a decoded value to the type that a parameter is annotated with.

Perl has one kind of scalar, so a number may arrive where a string is meant, and false is an empty string. msgspec
turns ``"42"`` into ``42`` where an ``int`` is meant; this file does the rest:

* ``str`` takes a number: 42 becomes "42";
* ``bool`` takes "", Perl's false;
* ``bytes`` takes ``{"__bytes__": "<base64>"}`` and nothing else: base64 in a plain string would be guesswork.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, cast

from msgspec import inspect as types

__all__ = ["Adapter", "adapter_for", "decode_bytes", "has_bytes"]

Adapter = Callable[[Any], Any]

_ARRAYS = (types.ListType, types.VarTupleType, types.SetType, types.FrozenSetType, types.CollectionType)
_OBJECTS = (types.StructType, types.TypedDictType, types.DataclassType)


def adapter_for(kind: types.Type) -> Adapter | None:
    """Return a function that adapts values of a type as ``msgspec.inspect`` describes it, or ``None`` for no need.

    The adapter leaves alone what it does not know; msgspec then says what is wrong. For a ``bytes`` value that is
    none it raises ``ValueError`` with what was expected.
    """
    return _build(kind, ())


def has_bytes(kind: types.Type) -> bool:
    """Whether a value of the type may have bytes in it: these must be adapted before msgspec sees the value."""
    return any(isinstance(part, types.BytesType) for part in walk(kind))


def walk(kind: types.Type) -> list[types.Type]:
    """Return a type and all the types it consists of."""
    found: dict[int, types.Type] = {}
    pending: list[object] = [kind]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            pending.extend(item)
        elif isinstance(item, types.Field):
            pending.append(item.type)
        elif isinstance(item, types.Type) and id(item) not in found:
            found[id(item)] = item
            pending.extend(getattr(item, name) for name in item.__struct_fields__)
    return list(found.values())


def decode_bytes(value: object) -> bytes:
    """Return bytes, or those that ``{"__bytes__": "<standard base64>"}`` stands for; ``ValueError`` where for none."""
    if isinstance(value, bytes):  # it came as such: the wire knows the spelling, too
        return value
    if not (isinstance(value, dict) and value.keys() == {"__bytes__"} and isinstance(value["__bytes__"], str)):
        raise ValueError('expected bytes, spelled {"__bytes__": "<base64>"}')
    try:
        return base64.b64decode(value["__bytes__"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"__bytes__ does not hold base64: {error}") from None


def _build(kind: types.Type, above: tuple[types.Type, ...]) -> Adapter | None:
    if isinstance(kind, types.Metadata):
        return _build(kind.type, above)
    if any(kind is outer for outer in above):
        return None  # a type that contains itself is adapted one level deep
    above = (*above, kind)
    if isinstance(kind, types.UnionType):
        return _build_union(kind, above)
    if isinstance(kind, types.StrType):
        return _to_str
    if isinstance(kind, types.BoolType):
        return _to_bool
    if isinstance(kind, types.BytesType):
        return decode_bytes
    if isinstance(kind, types.DictType):
        return _over_values(_build(kind.value_type, above))
    if isinstance(kind, _OBJECTS):
        fields = {field.encode_name: _build(field.type, above) for field in kind.fields}
        return _over_fields({name: adapter for name, adapter in fields.items() if adapter is not None})
    if isinstance(kind, types.TupleType):
        return _over_fields(
            {n: adapter for n, part in enumerate(kind.item_types) if (adapter := _build(part, above)) is not None}
        )
    if isinstance(kind, _ARRAYS):
        return _over_items(_build(cast("types.ListType", kind).item_type, above))
    return None


def _build_union(kind: types.UnionType, above: tuple[types.Type, ...]) -> Adapter | None:
    parts = [part for part in kind.types if not isinstance(part, types.NoneType)]
    if len(parts) == 1:
        adapter = _build(parts[0], above)
        return None if adapter is None else lambda value: value if value is None else adapter(value)
    if any(isinstance(part, types.BytesType) for part in parts):
        return lambda value: decode_bytes(value) if isinstance(value, dict) and "__bytes__" in value else value
    return None  # which of several was meant is msgspec's to find out


def _to_str(value: object) -> object:
    return repr(value) if type(value) is int or type(value) is float else value


def _to_bool(value: object) -> object:
    return False if value == "" else value


def _over_items(adapter: Adapter | None) -> Adapter | None:
    if adapter is None:
        return None
    return lambda value: [adapter(item) for item in value] if isinstance(value, list) else value


def _over_values(adapter: Adapter | None) -> Adapter | None:
    if adapter is None:
        return None
    return lambda value: {k: adapter(item) for k, item in value.items()} if isinstance(value, dict) else value


def _over_fields(adapters: dict[Any, Adapter]) -> Adapter | None:
    if not adapters:
        return None

    def adapt(value: object) -> object:
        if isinstance(value, dict):
            return {key: adapters[key](item) if key in adapters else item for key, item in value.items()}
        if isinstance(value, list):
            return [adapters[key](item) if key in adapters else item for key, item in enumerate(value)]
        return value

    return adapt
