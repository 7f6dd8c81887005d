"""Requests and answers: any JSON comes back equal, anything else is a clear error."""

from __future__ import annotations

import collections
import datetime
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import wire
from bridge.errors import BridgeError, ErrorType

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(wire.MIN_INTEGER, wire.MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children),
    max_leaves=30,
)


def request_line(**fields: object) -> bytes:
    return json.dumps({"module": "test", "function": "echo", **fields}).encode()


def error_of(line: bytes) -> BridgeError:
    with pytest.raises(BridgeError) as caught:
        wire.decode_request(line)
    return caught.value


class TestDecodeRequest:
    @given(json_values)
    def test_params_arrive_exactly(self, value: object) -> None:
        """Any JSON value comes back equal and of the same kind after request and answer."""
        request = wire.decode_request(request_line(params=value))
        answer = json.loads(wire.encode_success(wire.encode_result(request.params), None))
        assert answer["result"] == value
        assert repr(answer["result"]) == repr(value)

    def test_absent_params(self) -> None:
        """Absent params can be told from null."""
        assert wire.decode_request(request_line()).params is msgspec.UNSET
        assert wire.decode_request(request_line(params=None)).params is None

    def test_unknown_fields_are_ignored(self) -> None:
        """A newer client's extra fields do no harm."""
        assert wire.decode_request(request_line(priority=3, trace={"a": [10**40]})).module == "test"

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            (b"", "empty"),
            (b"   ", "empty"),
            (b"hello", "not valid JSON"),
            (b'{"module": "a"', "not valid JSON"),
            (b"[1]", "Expected `object`"),
            (b"{}", "module"),
            (b'{"module":"a"}', "function"),
            (b'{"module":1,"function":"b"}', "$.module"),
            (b'{"module":"a","function":"b","timeout":"soon"}', "$.timeout"),
            (b'{"module":"a","function":"b","timeout":0}', "more than 0"),
            (b'{"module":"a","function":"b","timeout":-1}', "more than 0"),
            (b'{"module":"a","function":"b","request_id":[1]}', "$.request_id"),
            (b'{"module":"a","function":"b","params":"\xff"}', "not valid UTF-8 (near byte 39)"),
            (b'{"module":"a","function":"b","params":1e999}', "out of range"),
            (b'{"module":"a","function":"b","params":NaN}', "not valid JSON"),
            (b'{"module":"a","function":"b","params":"\\ud800"}', "not valid JSON"),
            (b"[" * 200_000, "Expected `object`"),
            (b'{"module":"a","function":"b","params":' + b"[" * 200_000, "nested too deeply"),
        ],
    )
    def test_faults_are_named(self, line: bytes, words: str) -> None:
        """Every malformed request is a BadRequest that says what is wrong."""
        error = error_of(line)
        assert error.error_type is ErrorType.BAD_REQUEST
        assert words in error.message

    def test_request_id_is_salvaged(self) -> None:
        """An invalid request that is JSON keeps its id, so that its error can be matched."""
        assert error_of(b'{"module":7,"request_id":"x-1"}').details == {"request_id": "x-1"}

    @pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**400])
    def test_integers_beyond_64_bits(self, number: int) -> None:
        """An integer outside 64 bits is refused with its place, never turned into a float."""
        error = error_of(request_line(params={"rows": [1, {"n": number}]}, request_id="r"))
        assert "params.rows[1].n" in error.message
        assert error.details == {"request_id": "r"}

    @pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 2**63])
    def test_integers_of_64_bits(self, number: int) -> None:
        """The whole of 64 bits, signed or unsigned, passes exactly."""
        assert wire.decode_request(request_line(params=[number])).params == [number]

    def test_long_digit_strings_pass(self) -> None:
        """Digits in strings and long fractions are not integers."""
        value = ["9" * 40, 0.1234567890123456789]
        assert wire.decode_request(request_line(params=value)).params == value

    @given(st.binary())
    def test_garbage_is_always_a_bridge_error(self, line: bytes) -> None:
        """No input raises anything but BridgeError."""
        try:
            wire.decode_request(line)
        except BridgeError as error:
            json.loads(wire.encode_error(error, None))


class TestEncodeResult:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ((1, 2), b"[1,2]"),
            ({1: "a"}, b'{"1":"a"}'),
            (collections.Counter("aab"), b'{"a":2,"b":1}'),
            (collections.namedtuple("P", "x y")(1, 2), b"[1,2]"),  # noqa: PYI024 - the untyped kind is the subject
            (type("Text", (str,), {})("x"), b'"x"'),
            ([type("Float", (float,), {})(1.5)], b"[1.5]"),
            (True, b"true"),
        ],
    )
    def test_plain_data(self, value: object, text: bytes) -> None:
        """Tuples, integer keys and subclasses of plain kinds have one obvious JSON form."""
        assert wire.encode_result(value) == text

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (float("nan"), "result: JSON has no nan"),
            ([1.0, float("inf")], "result[1]: JSON has no inf"),
            ({"rows": [{"when": datetime.date(2020, 1, 1)}]}, "result.rows[0].when: it is a datetime.date"),
            ([b"x", 1j], "result[1]: it is a builtins.complex"),
            ({1, 2}, "it is a builtins.set"),
            ({(1, 2): 3}, "the key (1, 2)"),
            ({1: "a", "1": "b"}, "would be the same"),
            ([2**64], "result[0]: the integer does not fit"),
            ("\ud800", "surrogates not allowed"),
            (object(), "it is a builtins.object"),
        ],
    )
    def test_what_json_cannot_carry(self, value: object, words: str) -> None:
        """Anything else is NotSerializable with its place; nothing is converted silently."""
        with pytest.raises(BridgeError) as caught:
            wire.encode_result(value)
        assert caught.value.error_type is ErrorType.NOT_SERIALIZABLE
        assert words in caught.value.message

    def test_cycles_end(self) -> None:
        """A list that contains itself is an error, not an endless loop."""
        cycle: list[Any] = []
        cycle.append(cycle)
        with pytest.raises(BridgeError, match="contains itself"):
            wire.encode_result(cycle)


class TestAnswers:
    def test_success_line(self) -> None:
        """A success carries result and id in one line."""
        assert wire.encode_success(b"[1]", "a\n") == b'{"success":true,"result":[1],"request_id":"a\\n"}\n'
        assert wire.encode_success(b"null", None) == b'{"success":true,"result":null}\n'

    def test_error_line(self) -> None:
        """An error carries its word, its sentence and its details."""
        error = BridgeError(ErrorType.THROTTLED, "Busy.", limit="rate", retry_after=0.5, executed=False)
        assert json.loads(wire.encode_error(error, 7)) == {
            "success": False,
            "error": "Busy.",
            "error_type": "Throttled",
            "limit": "rate",
            "retry_after": 0.5,
            "executed": False,
            "request_id": 7,
        }

    def test_error_with_details_json_cannot_carry(self) -> None:
        """Whatever details a module adds, the caller gets its answer."""
        error = BridgeError(ErrorType.BAD_PARAMS, "No.", where=object())
        assert json.loads(wire.encode_error(error, "1")) == {
            "success": False,
            "error": "No.",
            "error_type": "BadParams",
            "request_id": "1",
        }
        assert json.loads(wire.encode_legacy_error(error, None))["result"]["error"] == "No."

    def test_unknown_words_are_refused(self) -> None:
        """The set of words is closed."""
        with pytest.raises(ValueError, match="Oops"):
            BridgeError("Oops", "x")  # type: ignore[arg-type]

    def test_error_with_surrogate(self) -> None:
        """A message that UTF-8 cannot carry is escaped rather than lost."""
        line = wire.encode_error(BridgeError(ErrorType.FUNCTION_ERROR, "bad \udc80"), None)
        assert json.loads(line)["error"] == "bad \\udc80"

    @given(json_values)
    def test_legacy_success(self, value: object) -> None:
        """An older client finds success, the result, and an object's own fields beside them."""
        outer = json.loads(wire.encode_legacy_success(wire.encode_result(value), "1"))
        inner = outer["result"]
        assert outer["success"] is inner["success"] is True
        assert inner["result"] == value
        if isinstance(value, dict):
            assert {k: v for k, v in inner.items() if k not in {"success", "result"}} == {
                k: v for k, v in value.items() if k not in {"success", "result"}
            }

    def test_legacy_error(self) -> None:
        """An older client finds an error before and after unwrapping."""
        outer = json.loads(wire.encode_legacy_error(BridgeError(ErrorType.TIMEOUT, "Late."), None))
        assert outer["error"] == outer["result"]["error"] == "Late."
        assert outer["success"] is outer["result"]["success"] is False
