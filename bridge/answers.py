"""How answers are spelled, and what a request asks for beyond one line of JSON.

Pure. The dispatcher runs calls; this file knows the forms of their answers, the parts of their requests, and the groups
that take no further requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from bridge import wire
from bridge.errors import BridgeError, ErrorType
from bridge.framing import PARTS_MARK

if TYPE_CHECKING:
    from bridge.protocol import BridgeProtocol

__all__ = [
    "JSON",
    "LEGACY",
    "STORABLE",
    "VOID",
    "Form",
    "Origin",
    "form_of",
    "function_error",
    "hidden_parts",
    "origin_of",
    "prepare",
    "spell_error",
]


@attrs.frozen
class Form:
    """How answers of a kind of request are spelled.

    Attributes:
        result: makes bytes of what a function returned; raises ``NotSerializable``.
        success, error: make the answer, with the request's id.
        answer: ``result`` and ``success`` in one, for results that are known to be data without bytes in JSON.
        callback: makes the line that has a sub called back, ``None`` where nobody listens for one.
    """

    result: Callable[[object], bytes]
    success: Callable[[bytes, str | int | None], bytes]
    answer: Callable[[object, str | int | None], bytes]
    error: Callable[[BridgeError, str | int | None], bytes] = wire.encode_error
    callback: Callable[[int, int, bytes], bytes] | None = None


MAX_ERROR_TEXT = 4000
"""Most characters of an exception's text that a caller is sent."""

JSON = Form(wire.encode_result, wire.encode_success, wire.encode_answer, callback=wire.encode_callback)
STORABLE = Form(
    wire.encode_storable,
    wire.encode_storable_success,
    wire.encode_storable_answer,
    callback=wire.encode_storable_callback,
)
LEGACY = Form(wire.encode_result, wire.encode_legacy_success, wire.encode_legacy_answer, wire.encode_legacy_error)
VOID = Form(lambda _result: b"", lambda _result, _request_id: b"", lambda _result, _request_id: b"")


class Origin(NamedTuple):
    """What an answer goes by.

    Attributes:
        caller: the connection, ``None`` when it has gone.
        group: of the request.
    """

    caller: BridgeProtocol | None
    form: Form
    request_id: str | int | None
    group: int | None


def form_of(request: wire.Request) -> Form:
    """Return the form that a request asks for."""
    if request.void:
        return VOID
    return STORABLE if request.accept == "storable" else JSON


def prepare(
    request: wire.Request, form: Form, caller: BridgeProtocol, parts: tuple[bytes, ...] | None, *, has_bytes: bool
) -> bytes | None:
    """Put byte strings into the parameters, and see whether the request's group still takes requests.

    Args:
        has_bytes: whether something in the request's line stands for bytes.

    Returns:
        ``None``: go on. Else the answer; empty where there is none to give.

    Raises:
        BridgeError: there is no such part.
    """
    if request.parts is not None and parts is None:
        caller.lose_track(hidden_parts(request.request_id))
        return b""
    group = request.group
    if group is not None:
        if request.resume:
            caller.failed_groups.pop(group, None)
        failed = caller.failed_groups.get(group)
        if failed is not None:
            return _skipped(form, request.request_id, *failed)
    if has_bytes:
        request.params = wire.put_bytes(request.params, parts or ())
    return None


def _skipped(form: Form, request_id: str | int | None, error: BridgeError, failed_id: str | int | None) -> bytes:
    """Make the answer of a request whose group has failed: that error again. A void one gets none."""
    if form is VOID:
        return b""
    details = {**error.details, "executed": False, "failed_request": failed_id}
    return form.error(
        BridgeError(error.error_type, f"Not executed after an earlier failure: {error.message}", **details), request_id
    )


def hidden_parts(request_id: str | int | None) -> BridgeError:
    """Return the fault of a request whose parts are announced where nobody looks for them."""
    error = BridgeError(
        ErrorType.BAD_REQUEST,
        'A line that announces parts must begin with {"parts":[...], without white space; the connection is closed.',
    )
    if request_id is not None:
        error.details["request_id"] = request_id
    return error


def origin_of(
    caller: BridgeProtocol, form: Form, request: wire.Request | None, line: bytes, error: BridgeError
) -> Origin | None:
    """Find out what the answer to a request goes by that was refused, perhaps before it was understood.

    ``None`` for one that announces parts where nobody looks for them: what follows is no request.
    """
    if request is not None:
        return Origin(caller, form, request.request_id, request.group)
    fields = wire.fields_of(line)
    if fields.get("parts") is not None and not line.startswith(PARTS_MARK):
        return None
    request_id: Any = error.details.pop("request_id", None)
    return Origin(caller, form, request_id, wire.group_of(fields))


def spell_error(error: BridgeError, origin: Origin) -> bytes:
    """Make the answer of a call that failed, and keep its group from going on."""
    if origin.group is not None and origin.caller is not None:
        # A copy: the error itself holds its traceback, and that what the function had in hand.
        kept = BridgeError(error.error_type, error.message, **error.details)
        origin.caller.failed_groups[origin.group] = (kept, origin.request_id)
    return origin.form.error(error, origin.request_id)


def function_error(function_name: str, error: BaseException) -> BridgeError:
    """Make the answer for an exception of the function's own."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception whose text fails still has a name
        text = "(its text could not be made)"
    if len(text) > MAX_ERROR_TEXT:
        text = text[:MAX_ERROR_TEXT] + "…"
    words = f"{function_name} raised {name}: {text}" if text else f"{function_name} raised {name}"
    return BridgeError(ErrorType.FUNCTION_ERROR, words, exception=name)
