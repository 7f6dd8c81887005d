"""The messages of the bridge socket: decode one request line, encode one answer line.

Pure. ``docs/protocol.md`` is the normative text; msgspec does the JSON.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Annotated, Any, cast

import msgspec

from bridge import storable
from bridge.errors import BridgeError, ErrorType

__all__ = [
    "MAX_INTEGER",
    "MIN_INTEGER",
    "Request",
    "Return",
    "decode_json",
    "decode_request",
    "decode_return",
    "encode_answer",
    "encode_callback",
    "encode_error",
    "encode_legacy_answer",
    "encode_legacy_error",
    "encode_legacy_success",
    "encode_plain",
    "encode_result",
    "encode_storable",
    "encode_storable_answer",
    "encode_storable_callback",
    "encode_storable_success",
    "encode_success",
    "fields_of",
    "group_of",
    "mark_bytes",
    "put_bytes",
]

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1
"""Integers outside 64 bits are refused by name: most JSON readers, Perl's too, would turn them into floats silently."""

MAX_GROUP = 255
"""Largest number of a group; bounds what a connection must remember of groups that failed."""

MAX_DEPTH = 512
"""Deepest nesting of a result. JSON::PP and JSON::XS refuse documents deeper than 512 by default."""

# Every digit becomes "0" and every other byte " ", so that one substring search finds a run of 19 digits (the fewest
# that can leave 64 bits). Only a line that has one pays for a walk over its values.
_DIGIT_MAP = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_NUMBER = b"0" * 19

_PLAIN = frozenset({str, int, float, bool, type(None), list, tuple, dict, bytes, bytearray, memoryview})
_BYTES = (bytes, bytearray, memoryview)

BYTES_MARK = b'"__bytes__"'
"""Only a line that has it is searched for byte strings."""


class Request(msgspec.Struct, gc=False):
    """One call, as it came. Unknown fields are ignored: clients may be newer than the daemon.

    Attributes:
        params: any JSON value; ``msgspec.UNSET`` when the field is absent.
        request_id: echoed in the answer as it came.
        timeout: seconds the caller is willing to wait; more than 0.
        accept: ``"storable"`` where the result may come in that form.
        parts: sizes in bytes of the parts that follow the line; the framer has read them there already.
        void: success is not to be answered.
        group: requests of the group are not executed after one of them has failed ...
        resume: ... until one comes that has this.
    """

    module: str
    function: str
    params: Any = msgspec.UNSET
    request_id: str | int | None = None
    timeout: float | None = None
    timestamp: float | None = None
    client_version: str | None = None
    perl_caller: str | None = None
    accept: str | None = None
    parts: Any = None
    void: bool | None = None
    group: Annotated[int, msgspec.Meta(ge=0, le=MAX_GROUP)] | None = None
    resume: bool | None = None


class Return(msgspec.Struct, frozen=True, gc=False):
    """What a Perl sub that was called back returned, or what it died of.

    Attributes:
        call: the number of the callback.
        value: any JSON value.
        died: the text that the sub died with, ``None`` if it did not.
    """

    call: int
    value: Any = msgspec.field(default=None, name="return")
    died: str | None = msgspec.field(default=None, name="die")


_request_decoder = msgspec.json.Decoder(Request)
_decode = _request_decoder.decode
_decode_return = msgspec.json.Decoder(Return).decode
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


def group_of(fields: dict[str, Any]) -> int | None:
    """Return the group of a request that is JSON but not a valid request, if it has one."""
    group = fields.get("group")
    return group if type(group) is int and 0 <= group <= MAX_GROUP else None


def fields_of(line: bytes) -> dict[str, Any]:
    """Return the fields of a request that is JSON but not a valid request; none if it is not even that."""
    try:
        value = _any_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def decode_return(line: bytes) -> Return:
    """Decode what a called-back sub returned.

    Raises:
        BridgeError: ``BadRequest``.
    """
    try:
        return _decode_return(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BridgeError(ErrorType.BAD_REQUEST, _explain(line, error).replace("request", "return", 1)) from None


def put_bytes(value: Any, parts: Sequence[bytes]) -> Any:
    """Put byte strings in the place of what stands for them in decoded JSON; containers are changed in place.

    ``{"__bytes__": "<base64>"}`` holds them itself, ``{"__bytes__": 0}`` means the first of the parts that followed the
    line. What looks alike but is neither stays as it is.

    Raises:
        BridgeError: ``BadRequest``, for a part that there is not.
    """
    holder = [value]
    stack: list[Any] = [holder]
    while stack:
        item = stack.pop()
        for key, child in item.items() if type(item) is dict else enumerate(item):
            if type(child) is dict:
                if len(child) == 1 and "__bytes__" in child:
                    item[key] = _bytes_of(child, parts)
                else:
                    stack.append(child)
            elif type(child) is list:
                stack.append(child)
    return holder[0]


def _bytes_of(marked: dict[str, Any], parts: Sequence[bytes]) -> Any:
    what = marked["__bytes__"]
    if type(what) is str:
        try:
            return base64.b64decode(what, validate=True)
        except (binascii.Error, ValueError):
            return marked
    if type(what) is int and parts:
        if not 0 <= what < len(parts):
            raise BridgeError(ErrorType.BAD_REQUEST, f"There is no part {what}; {len(parts)} came with the request.")
        return parts[what]
    return marked


def mark_bytes(value: Any) -> Any:
    """Return plain data with ``{"__bytes__": "<base64>"}`` in the place of byte strings, for JSON."""
    if isinstance(value, _BYTES):
        return {"__bytes__": base64.b64encode(value).decode("ascii")}
    if isinstance(value, list | tuple):
        return [mark_bytes(item) for item in value]
    if isinstance(value, dict):
        return {key: mark_bytes(item) for key, item in value.items()}
    return value


def decode_json(data: bytes) -> Any:
    """Decode any JSON document; raises ``ValueError`` (msgspec's or UnicodeDecodeError) or ``RecursionError``."""
    return _any_decoder.decode(data)


def encode_result(result: object) -> bytes:
    """Encode what a function returned as JSON.

    Plain data passes: ``str``, ``int`` up to 64 bits, finite ``float``, ``bool``, ``None``, ``list``, ``tuple`` and
    ``dict`` with ``str`` or ``int`` keys (an ``int`` key becomes the string that Perl would use), and their subclasses.
    ``bytes``, ``bytearray`` and ``memoryview`` are spelled ``{"__bytes__": "<base64>"}``.

    Raises:
        BridgeError: ``NotSerializable``, naming the place of the first value that JSON cannot carry.
    """
    if _check_plain(result):
        try:
            result = mark_bytes(result)
        except RecursionError:
            raise _not_serializable("result", "it has bytes in it, and is nested too deeply") from None
    return encode_plain(result)


def encode_storable(result: object) -> bytes:
    """Encode what a function returned for Perl's Storable; the same data passes as in JSON.

    Raises:
        BridgeError: ``NotSerializable``, naming the place of the first value that cannot be carried.
    """
    try:
        return storable.encode(result)
    except (storable.Unstorable, RecursionError):
        encode_result(result)  # which says what is wrong
        raise BridgeError(ErrorType.NOT_SERIALIZABLE, "Storable cannot carry the result.") from None


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


def encode_storable_success(result: bytes, request_id: str | int | None) -> bytes:
    """Return the answer for a result in Storable's form: a line that says how long it is, and the result."""
    if request_id is None:
        return b'{"success":true,"storable":%d}\n%b' % (len(result), result)
    return b'{"success":true,"storable":%d,"request_id":%b}\n%b' % (len(result), _encode(request_id), result)


def encode_callback(number: int, callback: int, args: bytes) -> bytes:
    """Return the line that has a Perl sub called.

    Args:
        number: of this call, for its return.
        callback: which sub.
        args: JSON text of an array.
    """
    return b'{"call":%d,"callback":%d,"args":%b}\n' % (number, callback, args)


def encode_storable_callback(number: int, callback: int, args: bytes) -> bytes:
    """Return the same with the arguments in Storable's form behind the line."""
    return b'{"call":%d,"callback":%d,"storable":%d}\n%b' % (number, callback, len(args), args)


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


def encode_storable_answer(result: object, request_id: str | int | None) -> bytes:
    """Return :func:`encode_storable` and :func:`encode_storable_success` in one."""
    return encode_storable_success(encode_storable(result), request_id)


def encode_legacy_answer(result: object, request_id: str | int | None) -> bytes:
    """Return :func:`encode_plain` and :func:`encode_legacy_success` in one."""
    return encode_legacy_success(encode_plain(result), request_id)


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
    request_id = fields_of(line).get("request_id")
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


def _check_plain(result: object) -> bool:  # noqa: C901 - one branch a kind reads better than a table
    """Raise ``NotSerializable`` for the first value that is not plain data; return whether there are byte strings.

    Levels are walked breadth first without recursion; a cycle shows as too deep a nesting.
    """
    kind = type(result)
    if kind is str or kind is bool or result is None:
        return False
    has_bytes = False
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
            elif kind in _BYTES:
                has_bytes = True
            else:
                raise _not_serializable(_path(entry), f"it is a {kind.__module__}.{kind.__qualname__}")
        level = below
    return has_bytes


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
