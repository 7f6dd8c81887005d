"""Module python: what is reachable, what is not however it is asked for, and how values travel."""

from __future__ import annotations

import contextlib
import hashlib
from importlib import import_module
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.api import BridgeError, ErrorType, Peer, Session
from bridge.modules import python
from bridge.modules._python_access import DEFAULT_ALLOW, DEFAULT_DENY, AccessRules
from bridge.modules._python_values import MAX_REPR, from_json, to_json
from bridge.registry import Registry

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: st.lists(children) | st.dictionaries(st.text(max_size=5), children),
    max_leaves=20,
).filter(lambda value: "__" not in repr(value) and "\\ud" not in repr(value))


class FakeDaemon:
    version = "0"

    def uptime(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None: ...

    def report(self, name: str) -> dict[str, Any]:
        return {}


class Caller:
    """A connection that calls through the real registry, without a daemon."""

    def __init__(self, **options: object) -> None:
        self.registry = Registry(FakeDaemon())
        self.registry.load(["python"], {"python": options})
        self.session = Session(Peer(pid=1, uid=1, gid=1))

    def call(self, module: str, function: str, params: object = msgspec.UNSET) -> Any:
        return self.registry.find(module, function).bind(params, self.session)()

    def error(self, module: str, function: str, params: object = msgspec.UNSET) -> BridgeError:
        with pytest.raises(BridgeError) as caught:
            self.call(module, function, params)
        return caught.value


@pytest.fixture(autouse=True)
def _default_options_afterwards() -> Any:
    yield
    python.configure({})


class TestCalls:
    def test_positional_named_and_single(self) -> None:
        """An array is positional arguments, an object named ones, another value one argument."""
        caller = Caller()
        assert caller.call("statistics", "median", [[1, 5, 9]]) == 5
        assert caller.call("textwrap", "fill", {"text": "a b", "width": 1}) == "a\nb"
        assert caller.call("math", "sqrt", 9) == 3.0
        assert caller.call("math", "pi") == pytest.approx(3.14159, abs=1e-5)

    def test_both_kinds(self) -> None:
        """python.call takes positional and named arguments together."""
        params = {"module": "textwrap", "function": "fill", "args": ["a b"], "kwargs": {"width": 1}}
        assert Caller().call("python", "call", params) == "a\nb"

    def test_class_methods(self) -> None:
        """A dotted name reaches into a class of the module."""
        assert Caller().call("datetime", "date.fromisoformat", ["2024-02-29"])["type"] == "datetime.date"

    def test_exceptions_are_pythons_own(self) -> None:
        """What the function raises is left for dispatch to name."""
        with pytest.raises(ValueError, match="month"):
            Caller().call("datetime", "date", [2026, 13, 1])


ATTACKS = [
    ("os", "system", ["true"]),
    ("subprocess", "run", [["true"]]),
    ("builtins", "eval", ["1"]),
    ("sys", "exit", []),
    ("importlib", "import_module", ["os"]),
    ("bridge.service", "os.system", ["true"]),
    ("statistics", "sys.exit", []),
    ("statistics", "__builtins__", []),
    ("statistics", "__loader__.load_module", ["os"]),
    ("statistics", "median.__globals__", []),
    ("random", "_os.system", ["true"]),
    ("random", "Random.__init__", []),
    ("json", "codecs.open", ["/etc/passwd"]),
    ("json", "decoder.re", []),
    ("re", "enum.sys", []),
    ("datetime", "sys.modules", []),
    ("datetime", "date.__subclasses__", []),
    ("datetime", "date.mro", []),
    ("collections", "abc.sys", []),
    ("collections", "namedtuple", ["X", "a"]),
    ("string", "Formatter", []),
    ("operator", "attrgetter", ["__class__"]),
    ("operator", "methodcaller", ["__reduce__"]),
    ("calendar", "sys.exit", []),
    ("calendar", "c", []),
    ("collections", "UserString.format", ["{0}", "x"]),
    ("copy", "dispatch_table", []),
    ("decimal", "DefaultContext", []),
    ("statistics", "namedtuple", ["X", "a"]),
    ("time", "pthread_getcpuclockid", [12345]),
    ("urllib.parse", "namedtuple", ["X", "a"]),
    ("zoneinfo", "reset_tzpath", []),
    ("python", "call", {"module": "os", "function": "system", "args": ["true"]}),
    ("python", "inspect", {"module": "os"}),
]


class TestAttacks:
    @pytest.mark.parametrize(("module", "function", "params"), ATTACKS, ids=lambda value: str(value)[:40])
    def test_refused(self, module: str, function: str, params: object) -> None:
        """What leads out of the allowed modules is Forbidden, or does not exist."""
        error = Caller().error(module, function, params)
        assert error.error_type in {ErrorType.FORBIDDEN, ErrorType.UNKNOWN_FUNCTION, ErrorType.UNKNOWN_MODULE}

    @pytest.mark.parametrize(
        "module", ["OS", "os.path", "os ", "", ".os", "os\0", "../os", "json.tool", "_json", "a b"]
    )
    def test_odd_spellings(self, module: str) -> None:
        """No spelling of a module that is not allowed gets anywhere, or imports anything."""
        error = Caller().error(module, "system", ["true"])
        assert error.error_type in {ErrorType.FORBIDDEN, ErrorType.UNKNOWN_MODULE}

    @pytest.mark.parametrize(
        "name",
        [
            "__class__",
            "__init__",
            "_x",
            "__reduce_ex__",
            "gi_frame",
            "f_globals",
            "mro",
            "",
            "a.b",
            "isoformat.__self__",
        ],
    )
    def test_members_of_handles(self, name: str) -> None:
        """Private names and the interpreter's insides are closed on objects, too."""
        caller = Caller()
        handle = caller.call("datetime", "date", [2000, 1, 1])
        error = caller.error("python", "member", {"object": handle, "name": name})
        assert error.error_type in {ErrorType.FORBIDDEN, ErrorType.UNKNOWN_FUNCTION}

    @pytest.mark.parametrize("method", ["format", "format_map"])
    def test_formats_that_read_attributes(self, method: str) -> None:
        """A text that names attributes in braces is not formatted, whatever kind of text it is."""
        caller = Caller()
        text = caller.call("collections", "UserString", ["{0.__class__.__init__.__globals__}"])
        for holder in (text, "{0.__class__}"):
            error = caller.error("python", "member", {"object": holder, "name": method, "args": [text]})
            assert error.error_type is ErrorType.FORBIDDEN

    def test_denied_members_are_denied_by_every_way(self) -> None:
        """No allowed module shows what is denied in another one."""
        rules = AccessRules()
        denied = [import_module(home).__dict__.get(name) for home, _, name in (d.rpartition(".") for d in DEFAULT_DENY)]
        for module in DEFAULT_ALLOW:
            for name in dir(import_module(module)):
                with contextlib.suppress(BridgeError):
                    found = rules.resolve(module, name)
                    assert not any(found is each for each in denied if each is not None), f"{module}.{name}"

    def test_constants_are_copies(self) -> None:
        """A caller cannot change what the module, and with it everybody else, goes by."""
        caller = Caller()
        handle = caller.call("hashlib", "algorithms_available")
        caller.call("python", "member", {"object": handle, "name": "add", "args": ["mine"]})
        assert "mine" not in hashlib.algorithms_available

    def test_function_handles_show_nothing(self) -> None:
        """A function that is kept by handle can be passed on, and has no members."""
        caller = Caller()
        handle = caller.call("itertools", "count", [1])
        generator = {"__object__": caller.session.put(x for x in [1])}
        assert caller.error("python", "member", {"object": generator, "name": "gi_frame"}).error_type == "Forbidden"
        function = {"__object__": caller.session.put(lambda: None)}
        assert caller.error("python", "member", {"object": function, "name": "func"}).error_type == "Forbidden"
        assert caller.call("python", "list", {"object": handle, "limit": 2}) == [1, 2]

    def test_nothing_forbidden_is_imported(self) -> None:
        """Asking for a module that is not allowed does not import it."""
        import sys

        Caller().error("this", "x")
        assert "this" not in sys.modules


class TestAllowList:
    def test_forbidden_says_how_to_allow(self) -> None:
        """The refusal names the table and the key."""
        assert "[modules.python]" in Caller().error("os", "getpid").message

    def test_patterns(self) -> None:
        """A name allows that module alone; a pattern all that it matches."""
        assert Caller(allow=["xml.*"]).call("xml.sax.saxutils", "escape", ["<"]) == "&lt;"
        assert Caller(allow=["xml.*"]).error("statistics", "mean", [[1]]).error_type is ErrorType.FORBIDDEN
        assert Caller(allow_more=["os"]).call("os", "getpid") > 1
        assert Caller(allow=["xml"]).error("xml.sax.saxutils", "escape", ["<"]).error_type is ErrorType.FORBIDDEN

    def test_deny(self) -> None:
        """What is denied stays closed although its module is allowed."""
        assert Caller(deny=["math.sqrt"]).error("math", "sqrt", [4]).error_type is ErrorType.FORBIDDEN

    def test_options_are_checked(self) -> None:
        """A misspelt option stops the start."""
        with pytest.raises(Exception, match="alow"):
            Caller(alow=["os"])

    def test_huge_names(self) -> None:
        """Names of megabytes are answered in a few words."""
        huge = "x" * 2_000_000
        assert len(Caller().error(huge, "f").message) < 400
        assert len(Caller().error("statistics", huge).message) < 400
        assert len(Caller().error("statistics", "_" + huge).message) < 400

    def test_near_misses(self) -> None:
        """A misspelt name is answered with the right one."""
        assert "statistics" in Caller().error("statstics", "mean", [[1]]).message
        assert "median" in Caller().error("statistics", "medain", [[1]]).message


class TestValues:
    @given(json_values)
    def test_json_passes_unchanged(self, value: object) -> None:
        """JSON data goes in and out exactly."""
        session = Session(Peer(pid=1, uid=1, gid=1))
        assert repr(to_json(from_json(value, session), session, 10)) == repr(value)
        assert len(session) == 0

    @pytest.mark.parametrize(
        "value", [{1, 2}, 2**64, float("nan"), 1j, object(), {(1, 2): 3}, {1: 2, "1": 3}, "\ud800", range(3)]
    )
    def test_the_rest_become_handles(self, value: object) -> None:
        """What JSON cannot carry is kept, and the handle leads back to the same object."""
        session = Session(Peer(pid=1, uid=1, gid=1))
        handle = to_json([{"x": value}], session, 10)[0]["x"]
        assert set(handle) == {"__object__", "type", "repr"}
        assert from_json(handle, session) is value

    @given(st.binary())
    def test_bytes(self, data: bytes) -> None:
        """Bytes are base64 in both directions."""
        session = Session(Peer(pid=1, uid=1, gid=1))
        assert from_json(to_json(data, session, 10), session) == data

    def test_bad_bytes_and_handles(self) -> None:
        """Broken base64 and unknown objects are BadParams."""
        session = Session(Peer(pid=1, uid=1, gid=1))
        for value in [
            {"__bytes__": "!"},
            {"__bytes__": 3},
            {"__object__": 7},
            {"__object__": True},
            {"__object__": "1"},
        ]:
            with pytest.raises(BridgeError) as caught:
                from_json([value], session)
            assert caught.value.error_type is ErrorType.BAD_PARAMS

    def test_repr_is_bounded_and_may_fail(self) -> None:
        """A long repr is cut, a broken one survived."""

        class Broken:
            def __repr__(self) -> str:
                raise RuntimeError

        session = Session(Peer(pid=1, uid=1, gid=1))
        assert "repr failed" in to_json(Broken(), session, 10)["repr"]
        assert len(to_json(set(range(10_000)), session, 10)["repr"]) == MAX_REPR

    def test_handles_are_bounded(self) -> None:
        """A connection that never releases is told so."""
        caller = Caller(max_objects=3)
        for day in range(1, 4):
            caller.call("datetime", "date", [2000, 1, day])
        assert "release some" in caller.error("datetime", "date", [2000, 1, 9]).message
        assert caller.call("python", "release", [[1, {"__object__": 2}, 99]]) == 2
        caller.call("datetime", "date", [2000, 1, 9])

    def test_sessions_are_apart(self) -> None:
        """Nobody can name another connection's object, and all are gone at its end."""
        one, other = Caller(), Caller()
        handle = one.call("datetime", "date", [2000, 1, 1])
        assert other.error("python", "member", {"object": handle, "name": "year"}).error_type is ErrorType.BAD_PARAMS
        one.session.close()
        assert one.error("python", "member", {"object": handle, "name": "year"}).error_type is ErrorType.BAD_PARAMS
