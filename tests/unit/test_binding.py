"""Typed parameters: what a function's annotations let in, and how a wrong call is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.api import BridgeError, Callback, Daemon, Descriptor, ErrorType, Module, Peer, Session
from bridge.binding import BindingError, describe_signature, make_binder

SESSION = Session(Peer(pid=1, uid=1, gid=1))


class FakeDaemon:
    version = "7"

    def uptime(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None: ...

    def report(self, name: str) -> dict[str, Any]:
        return {}


DAEMON = FakeDaemon()
module = Module("m")


class Address(TypedDict):
    street: str
    number: int


@dataclass
class Point:
    x: float
    y: float = 0.0


@module.function
def plain(a: int, b: str = "x", *, flag: bool = False) -> object:
    return (a, b, flag)


@module.function
def positional(a: int, /, *rest: float) -> object:
    return (a, rest)


@module.function
def named(**options: int) -> object:
    return options


@module.function
def anything(value, other=None) -> object:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the subject
    return (value, other)


@module.function
def rich(
    where: Address,
    points: list[Point],
    kind: Literal["a", "b"] = "a",
    most: Annotated[int, msgspec.Meta(ge=0, le=10)] = 1,
    maybe: int | None = None,
) -> object:
    return (where, points, kind, most, maybe)


@module.function
def injected(session: Session, x: int, daemon: Daemon) -> object:
    return (session, x, daemon)


@module.function
def back(sub: Callback, other: Callback | None = None, data: bytes = b"", either: Any = None) -> object:
    return (sub, other, data, either)


def call(function: str, params: object = msgspec.UNSET) -> Any:
    return make_binder(module.functions[function], f"m.{function}", DAEMON)(params, SESSION)()


def error(function: str, params: object = msgspec.UNSET) -> str:
    with pytest.raises(BridgeError) as caught:
        call(function, params)
    assert caught.value.error_type is ErrorType.BAD_PARAMS
    assert caught.value.message.startswith(f"m.{function}")
    return caught.value.message


class TestBinding:
    @pytest.mark.parametrize(
        ("function", "params", "result"),
        [
            ("plain", [1], (1, "x", False)),
            ("plain", {"a": 1, "flag": True}, (1, "x", True)),
            ("plain", 5, (5, "x", False)),
            ("positional", [1, 2, 3.5], (1, (2.0, 3.5))),
            ("named", {"a": 1, "b": 2}, {"a": 1, "b": 2}),
            ("anything", [[1, {"a": None}]], ([1, {"a": None}], None)),
            (
                "rich",
                [{"street": "s", "number": 1}, [{"x": 1}]],
                ({"street": "s", "number": 1}, [Point(1.0)], "a", 1, None),
            ),
            ("injected", [3], (SESSION, 3, DAEMON)),
            ("injected", {"x": 3}, (SESSION, 3, DAEMON)),
        ],
    )
    def test_calls(self, function: str, params: object, result: object) -> None:
        """Arrays bind by position, objects by name, other values as the only argument."""
        assert call(function, params) == result

    @pytest.mark.parametrize(
        ("function", "params", "words"),
        [
            ("plain", msgspec.UNSET, ["a"]),
            ("plain", [], ["a"]),
            ("plain", ["x"], ["'a'", "int"]),
            ("plain", {"a": 1, "flg": True}, ["flg", "flag"]),
            ("plain", [1, "x", True], ["3"]),
            ("plain", [1.5], ["'a'"]),
            ("positional", {"a": 1}, ["a"]),
            ("named", {"a": "x"}, ["'options'", "int"]),
            ("rich", [{"street": "s"}, []], ["where", "number"]),
            ("rich", {"where": {"street": "s", "number": 1}, "points": [], "kind": "c"}, ["kind"]),
            ("rich", {"where": {"street": "s", "number": 1}, "points": [], "most": 11}, ["most", "10"]),
            ("injected", {"x": 1, "session": 1}, ["session"]),
        ],
    )
    def test_wrong_calls_name_the_parameter(self, function: str, params: object, words: list[str]) -> None:
        """Missing, unknown, too many, of a wrong kind or out of range: the message says which and what."""
        message = error(function, params)
        for word in words:
            assert word in message, message

    @pytest.mark.parametrize(("given", "taken"), [("42", 42), (42, 42), (True, None), ("x", None), ("4.5", None)])
    def test_perl_numbers(self, given: object, taken: int | None) -> None:
        """A number written as a string is a number where one is declared; nothing else is."""
        if taken is None and given is not True:
            error("plain", [given])
        elif given is not True:
            assert call("plain", [given])[0] == taken

    @pytest.mark.parametrize(("given", "taken"), [(1, True), (0, False), ("1", True), ("0", False), (True, True)])
    def test_perl_booleans(self, given: object, taken: object) -> None:
        """Perl's 1 and 0 are booleans where one is declared."""
        assert call("plain", {"a": 1, "flag": given})[2] is taken

    @given(st.lists(st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False), max_size=2))
    def test_unannotated_parameters_take_anything(self, values: list[object]) -> None:
        """Without an annotation a value arrives as it is."""
        if values:
            assert call("anything", values)[0] is values[0]

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        )
    )
    def test_never_anything_but_bad_params(self, params: object) -> None:
        """Whatever a caller sends, binding either works or says BadParams."""
        for function in module.functions:
            kinds: list[ErrorType] = []
            try:
                make_binder(module.functions[function], f"m.{function}", DAEMON)(params, SESSION)
            except BridgeError as raised:
                kinds.append(raised.error_type)
            assert set(kinds) <= {ErrorType.BAD_PARAMS}


class TestDeclarations:
    def test_signature_is_the_callers(self) -> None:
        """What the daemon fills in is not shown."""
        assert describe_signature(module.functions["injected"]) == "(x: int)"
        assert describe_signature(module.functions["plain"]) == '(a: int, b: str = "x", *, flag: bool = false)'

    def test_isolated_functions_have_no_session(self) -> None:
        """A worker process has no session to give; that is told when the module is loaded."""
        bad = Module("bad")

        @bad.function(isolated=True)
        def lost(session: Session) -> None: ...

        with pytest.raises(BindingError, match=r"bad\.lost is isolated"):
            make_binder(bad.functions["lost"], "bad.lost", DAEMON)

    def test_descriptors(self) -> None:
        """What came with the request goes to the function that asks for it; a call without one is told."""
        own = Module("own")

        @own.function
        def takes(x: int, descriptor: Descriptor) -> tuple[int, Descriptor]:
            return x, descriptor

        @own.function(raw=True)
        def raw(params: object, descriptor: Descriptor) -> None: ...

        bind = make_binder(own.functions["takes"], "own.takes", DAEMON)
        assert describe_signature(own.functions["takes"]) == "(x: int)"
        session = Session(Peer(pid=1, uid=1, gid=1))
        with pytest.raises(BridgeError, match=r"own\.takes: no descriptor came with the request"):
            bind({"x": 1}, session)
        came = session.descriptor = Descriptor(-1)
        with pytest.raises(BridgeError, match="parameter 'x'"):
            bind({"x": "?"}, session)
        assert session.descriptor is came
        assert bind({"x": 1}, session)() == (1, came)
        assert session.descriptor is None
        with pytest.raises(BindingError, match=r"own\.raw is raw"):
            make_binder(own.functions["raw"], "own.raw", DAEMON)

    def test_contradictions(self) -> None:
        """Options that exclude each other, doubled names and generators are refused at once."""
        bad = Module("bad")
        with pytest.raises(ValueError, match="exclude each other"):
            bad.function(isolated=True, inline=True)(lambda: None)
        with pytest.raises(TypeError, match="generator"):
            bad.function(lambda: (yield))
        bad.function(name="f")(lambda: None)
        with pytest.raises(ValueError, match="is there already"):
            bad.function(name="f")(lambda: None)


class TestNames:
    """Parameters that all come by name are bound in one go, and mean the same as by position."""

    NOTHING = object()

    def test_defaults_are_those_of_the_function(self) -> None:
        """The very same objects, for a function may compare them."""
        mine = Module("mine")
        kept = [1]

        @mine.function
        def take(session: Session, a: int, b: Any = self.NOTHING, c: list[int] = kept, d: str = "d") -> object:
            return session, a, b, c, d

        @mine.function
        def one(a: int = 3) -> object:
            return a

        binder = make_binder(mine.functions["take"], "mine.take", DAEMON)
        for params in ({"a": 1}, {"a": "1"}, [1]):
            taken: Any = binder(params, SESSION)()
            assert taken == (SESSION, 1, self.NOTHING, [1], "d")
            assert taken[3] is kept
        binder = make_binder(mine.functions["one"], "mine.one", DAEMON)
        assert [binder(params, SESSION)() for params in ({}, {"a": "4"}, [5], None)] == [3, 4, 5, 3]

    @given(
        params=st.dictionaries(
            st.sampled_from(["a", "b", "c", "x"]),
            st.none() | st.integers(-2, 2) | st.sampled_from(["", "1", "x", 1.5, [], ["1"], {}, True]),
        )
    )
    def test_names_and_places_mean_the_same(self, params: dict[str, Any]) -> None:
        """Whatever is given: the same values, or the same error."""
        both = Module("both")

        @both.function
        def by_name(a: int, b: str = "x", c: list[int] | None = None) -> object:
            return a, b, c

        @both.function(name="by_kind")
        def by_kind(*, a: int, b: str = "x", c: list[int] | None = None) -> object:
            return a, b, c

        found = []
        for name in ("by_name", "by_kind"):
            try:
                found.append(make_binder(both.functions[name], "f", DAEMON)(dict(params), SESSION)())
            except BridgeError as failed:
                found.append(failed.message.replace("(*, ", "("))
        assert found[0] == found[1]


class TestCallbacksAndBytes:
    def test_a_sub(self) -> None:
        """A parameter annotated so becomes a callback; it may be optional."""
        sub, other, _, _ = call("back", {"sub": {"__callback__": 3}, "other": {"__callback__": 0}})
        assert (repr(sub), repr(other)) == ("<Callback 3>", "<Callback 0>")
        assert call("back", [{"__callback__": 1}, None])[1] is None
        assert call("back", [{"__callback__": 1}])[1] is None
        assert describe_signature(module.functions["back"]).startswith("(sub: ")

    @pytest.mark.parametrize(
        "value", [3, "sub", {}, {"__callback__": -1}, {"__callback__": "1"}, {"__callback__": 1, "x": 1}, None]
    )
    def test_no_sub(self, value: object) -> None:
        """Anything else is told with the parameter's name."""
        if value is None:
            assert "sub" in error("back", [value])
        else:
            assert error("back", [value]) == (
                "m.back: parameter 'sub': a callback was expected, spelled {\"__callback__\": <number>}."
            )

    def test_isolated_functions_cannot_call_back(self) -> None:
        """They run in another process."""
        bad = Module("bad")

        @bad.function(isolated=True)
        def lost(sub: Callback) -> None: ...

        with pytest.raises(BindingError, match=r"bad\.lost is isolated"):
            make_binder(bad.functions["lost"], "bad.lost", DAEMON)

    def test_bytes(self) -> None:
        """Bytes that came beside the request go where bytes go, and where anything does."""
        assert call("back", [{"__callback__": 1}, None, b"\xff", [b"x"]])[2:] == (b"\xff", [b"x"])
        assert "expected" in error("plain", [1, b"x"])
