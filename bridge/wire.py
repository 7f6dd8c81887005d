"""The messages of the bridge socket: decode one request line, encode one answer line.

Pure. ``docs/protocol.md`` is the normative text; msgspec does the JSON.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from bridge.errors import BridgeError, ErrorType

__all__ = [
    "MAX_INTEGER",
    "MIN_INTEGER",
    "Request",
    "decode_json",
    "decode_request",
    "encode_answer",
    "encode_error",
    "encode_legacy_error",
    "encode_legacy_success",
    "encode_plain",
    "encode_result",
    "encode_success",
]

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1
"""Integers outside 64 bits are refused by name: most JSON readers, Perl's too, would turn them into floats silently."""

MAX_DEPTH = 512
"""Deepest nesting of a result. JSON::PP and JSON::XS refuse documents deeper than 512 by default."""

# Every digit becomes "0" and every other byte " ", so that one substring search finds a run of 19 digits (the fewest
# that can leave 64 bits). Only a line that has one pays for a walk over its values.
_DIGIT_MAP = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_NUMBER = b"0" * 19

_PLAIN = frozenset({str, int, float, bool, type(None), list, tuple, dict})


class Request(msgspec.Struct, frozen=True, gc=False):
    """One call, as it came. Unknown fields are ignored: clients may be newer than the daemon.

    Attributes:
        params: any JSON value; ``msgspec.UNSET`` when the field is absent.
        request_id: echoed in the answer as it came.
        timeout: seconds the caller is willing to wait; more than 0.
    """

    module: str
    function: str
    params: Any = msgspec.UNSET
    request_id: str | int | None = None
    timeout: float | None = None
    timestamp: float | None = None
    client_version: str | None = None
    perl_caller: str | None = None


_request_decoder = msgspec.json.Decoder(Request)
_decode = _request_decoder.decode
_any_decoder = msgspec.json.Decoder()


def _plain_base(value: object) -> object:
    """Turn an instance of a subclass of ``str``, ``int`` or ``float`` (numpy.float64 is one) into the plain value."""
    for base in (str, int, float):
        if isinstance(value, base):
            return base(value) if base is not str else str.__str__(value)
    msg = f"{type(value).__module__}.{type(value).__qualname__} is not plain data"
    raise TypeError(msg)


_encoder = msgspec.json.Encoder(enc_hook=_plain_base)
_encode = _encoder.encode


def decode_request(line: bytes) -> Request:
    """Decode one line.

    Raises:
        BridgeError: ``BadRequest``, saying what is wrong and where. Where the line is a JSON object with a usable
            ``request_id``, the error's ``details`` carry it, so that the answer can be matched.
    """
    try:
        request = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BridgeError(ErrorType.BAD_REQUEST, _explain(line, error), **_salvage_id(line)) from None
    if _LONG_NUMBER in line.translate(_DIGIT_MAP):
        where = _find_big_integer(request.params, "params")
        if where is None and isinstance(request.request_id, int):
            where = _find_big_integer(request.request_id, "request_id")
        if where is not None:
            raise BridgeError(
                ErrorType.BAD_REQUEST,
                f"The integer at {where} does not fit into 64 bits; send it as a string.",
                **_echo_id(request.request_id),
            )
    if request.timeout is not None and not request.timeout > 0:
        raise BridgeError(
            ErrorType.BAD_REQUEST,
            f"timeout must be more than 0 seconds, not {request.timeout:g}.",
            **_echo_id(request.request_id),
        )
    return request


def decode_json(data: bytes) -> Any:
    """Decode any JSON document; raises ``ValueError`` (msgspec's or UnicodeDecodeError) or ``RecursionError``."""
    return _any_decoder.decode(data)


def encode_result(result: object) -> bytes:
    """Encode what a function returned.

    Plain data passes: ``str``, ``int`` up to 64 bits, finite ``float``, ``bool``, ``None``, ``list``, ``tuple`` and
    ``dict`` with ``str`` or ``int`` keys (an ``int`` key becomes the string that Perl would use), and their subclasses.

    Raises:
        BridgeError: ``NotSerializable``, naming the place of the first value that JSON cannot carry.
    """
    _check_plain(result)
    return encode_plain(result)


def encode_plain(result: object) -> bytes:
    """Encode data that is known to be plain (it was just decoded, or a built-in function made it)."""
    try:
        return _encode(result)
    except (UnicodeEncodeError, RecursionError, TypeError, ValueError, OverflowError) as error:
        raise BridgeError(ErrorType.NOT_SERIALIZABLE, f"JSON cannot carry the result: {error}.") from None


def encode_success(result: bytes, request_id: str | int | None) -> bytes:
    """Return the answer line for a result that is JSON text already."""
    if request_id is None:
        return b'{"success":true,"result":%b}\n' % result
    return b'{"success":true,"result":%b,"request_id":%b}\n' % (result, _encode(request_id))


class _Success(msgspec.Struct, gc=False):
    success: bool
    result: object
    request_id: str | int | None


def encode_answer(result: object, request_id: str | int | None) -> bytes:
    """Return the answer line for a result known to be plain: :func:`encode_plain` and :func:`encode_success` in one."""
    if request_id is None:
        return encode_success(encode_plain(result), None)
    try:
        return _encode(_Success(True, result, request_id)) + b"\n"
    except (UnicodeEncodeError, RecursionError, TypeError, ValueError, OverflowError):
        return encode_success(encode_plain(result), request_id)  # which says what is wrong


def encode_error(error: BridgeError, request_id: str | int | None) -> bytes:
    """Return the answer line for a call that failed."""
    return _encode_fields(_error_fields(error, request_id)) + b"\n"


def encode_legacy_success(result: bytes, request_id: str | int | None) -> bytes:
    """Return the answer for an older client, which unwraps one level of ``result`` itself.

    Its ``result`` is an object with ``success``, ``result`` and, where the result is an object, that object's own
    fields beside them, so that ``$r->{success}``, ``$r->{result}{field}`` and ``$r->{field}`` all work.
    """
    raw = msgspec.Raw(result)
    envelope: dict[str, Any] = {}
    if result.startswith(b"{"):
        envelope.update(msgspec.json.decode(result, type=dict[str, msgspec.Raw]))
    envelope["success"] = True
    envelope["result"] = raw
    return encode_success(_encode(envelope), request_id)


def encode_legacy_error(error: BridgeError, request_id: str | int | None) -> bytes:
    """Return an error for an older client: the fields are found before and after its unwrapping."""
    fields = _error_fields(error, request_id)
    return _encode_fields({**fields, "result": fields}) + b"\n"


def _encode_fields(fields: dict[str, object]) -> bytes:
    """Encode an error. Details that a module added and JSON cannot carry must not cost the caller its answer."""
    try:
        return _encode(fields)
    except (UnicodeEncodeError, RecursionError, TypeError, ValueError, OverflowError):
        plain = {name: fields[name] for name in ("success", "error", "error_type", "request_id") if name in fields}
        return _encode({**plain, "result": plain} if "result" in fields else plain)


def _error_fields(error: BridgeError, request_id: str | int | None) -> dict[str, object]:
    fields: dict[str, object] = {
        "success": False,
        # A message may quote a lone surrogate that UTF-8 cannot carry.
        "error": error.message.encode("utf-8", "backslashreplace").decode(),
        "error_type": error.error_type.value,
    }
    fields.update(error.details)
    if request_id is not None:
        fields["request_id"] = request_id
    return fields


def _echo_id(request_id: str | int | None) -> dict[str, object]:
    fits = not isinstance(request_id, int) or MIN_INTEGER <= request_id <= MAX_INTEGER
    return {"request_id": request_id} if request_id is not None and fits else {}


def _salvage_id(line: bytes) -> dict[str, object]:
    """Find the request id of a request that is JSON but not a valid request."""
    try:
        value = _any_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    request_id = value.get("request_id") if isinstance(value, dict) else None
    return _echo_id(request_id) if isinstance(request_id, (str, int)) and not isinstance(request_id, bool) else {}


def _explain(line: bytes, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The request is nested too deeply."
    if isinstance(error, UnicodeDecodeError) or (not line.isascii() and not _is_utf8(line)):
        return f"The request is not valid UTF-8 (near byte {_utf8_fault(line)})."
    if isinstance(error, msgspec.ValidationError):
        return f"The request is not valid: {error}."
    if not line.strip():
        return "The request is empty; send one JSON object a line."
    return f"The request is not valid JSON: {error}."


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _utf8_fault(line: bytes) -> int:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _find_big_integer(value: object, path: str) -> str | None:
    """Return the path of the first integer that leaves 64 bits."""
    stack = [(value, path)]
    while stack:
        item, where = stack.pop()
        if type(item) is int:
            if not MIN_INTEGER <= item <= MAX_INTEGER:
                return where
        elif type(item) is dict:
            stack.extend((child, f"{where}.{key}") for key, child in reversed(item.items()))
        elif type(item) is list:
            stack.extend((item[index], f"{where}[{index}]") for index in reversed(range(len(item))))
    return None


def _check_plain(result: object) -> None:  # noqa: C901 - one branch a JSON kind reads better than a table
    """Raise ``NotSerializable`` for the first value that is not plain data.

    Levels are walked breadth first without recursion; a cycle shows as too deep a nesting.
    """
    kind = type(result)
    if kind is str or kind is bool or result is None:
        return
    level: list[tuple[object, object, object]] = [(result, "result", None)]  # (value, parent's path, key)
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _not_serializable("result", f"it is nested deeper than {MAX_DEPTH} levels or contains itself")
        below: list[tuple[object, object, object]] = []
        for entry in level:
            value = entry[0]
            kind = type(value)
            if kind not in _PLAIN:
                # defaultdict, named tuples, numpy.float64: what they are derived from is what JSON carries.
                kind = next((base for base in kind.__mro__ if base in _PLAIN), kind)
            if kind is str or kind is bool or value is None:
                continue
            if kind is int:
                if not MIN_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
                    raise _not_serializable(_path(entry), "the integer does not fit into 64 bits")
            elif kind is float:
                if not math.isfinite(value):  # type: ignore[arg-type]
                    raise _not_serializable(_path(entry), f"JSON has no {value}")
            elif kind is list or kind is tuple:
                sequence = cast("Sequence[object]", value)
                below.extend((child, entry, index) for index, child in enumerate(sequence))
            elif kind is dict:
                for key, child in value.items():  # type: ignore[attr-defined]
                    if type(key) is not str and type(key) is not int:
                        raise _not_serializable(_path(entry), f"the key {key!r:.80} is neither string nor integer")
                    if type(key) is int and str(key) in value:  # type: ignore[operator]
                        raise _not_serializable(_path(entry), f"the keys {key} and '{key}' would be the same in JSON")
                    below.append((child, entry, key))
            else:
                raise _not_serializable(_path(entry), f"it is a {kind.__module__}.{kind.__qualname__}")
        level = below


def _path(entry: tuple[object, object, object]) -> str:
    """Spell the place of a value: ``result.items[3].when``."""
    parts: list[str] = []
    while isinstance(entry[1], tuple):
        key = entry[2]
        parts.append(f"[{key}]" if isinstance(key, int) else f".{key}")
        entry = entry[1]
    return "result" + "".join(reversed(parts))


def _not_serializable(where: str, why: str) -> BridgeError:
    return BridgeError(ErrorType.NOT_SERIALIZABLE, f"JSON cannot carry the value at {where}: {why}.")
