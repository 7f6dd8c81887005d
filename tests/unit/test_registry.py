"""The registry: what is enabled is callable, everything else is a clear error."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from bridge.api import Module
from bridge.errors import BridgeError, ErrorType
from bridge.registry import GROUP, Kind, Registry, RegistryError


class FakeDaemon:
    version = "0"

    def uptime(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None: ...

    def report(self, name: str) -> dict[str, Any]:
        return {}


good = Module("good", "A good one.")
misnamed = Module("other", "Its entry point has another name.")
choosy = Module("choosy", "Takes options.")
unresolvable = Module("unresolvable", "")
not_a_module = 42
accepted: list[dict[str, object]] = []


@good.function
def hello(name: str = "you") -> str:
    """Say hello.

    A second paragraph.
    """
    return f"hello {name}"


@good.function(isolated=True, timeout=3)
def alone() -> None: ...


@good.function
async def later() -> None: ...


@choosy.configure
def take(options: dict[str, object]) -> None:
    if "colour" in options:
        msg = "colour is not an option"
        raise ValueError(msg)
    accepted.append(options)


@unresolvable.function
def lost(value: NoSuchType) -> None:  # noqa: F821 - that is the point
    ...


def entry(name: str, attribute: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{attribute}", GROUP)


BUILT_IN = [EntryPoint(name, f"bridge.modules.{name}:module", GROUP) for name in ("test", "system")]


def registry(*entries: EntryPoint) -> Registry:
    return Registry(FakeDaemon(), [*BUILT_IN, *entries])


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entry points name this file, which importlib mode does not put into sys.modules under its own name."""
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this())


def _this() -> Any:
    import types

    module = types.ModuleType(__name__)
    module.__dict__.update(globals())
    return module


class TestLoad:
    def test_enabled_modules_are_callable(self) -> None:
        """Functions have their kind, their timeout and the first paragraph of their text."""
        loaded = registry(entry("good", "good"))
        loaded.load(["good"], {})
        assert loaded.find("good", "hello").bind(["Ann"], None)() == "hello Ann"  # type: ignore[arg-type]
        assert loaded.find("good", "alone").kind is Kind.ISOLATED
        assert loaded.find("good", "alone").timeout == 3
        assert loaded.find("good", "later").kind is Kind.ASYNC
        [described] = [module for module in loaded.describe() if module["name"] == "good"]
        assert described["functions"][0]["doc"] == "Say hello."

    def test_every_problem_at_once(self) -> None:
        """A bad configuration names all that is wrong with it, and nothing is loaded."""
        loaded = registry(
            entry("good", "good"),
            entry("misnamed", "misnamed"),
            entry("number", "not_a_module"),
            entry("unresolvable", "unresolvable"),
            EntryPoint("broken", "no_such_package_at_all:module", GROUP),
        )
        with pytest.raises(RegistryError) as caught:
            loaded.load(["good", "misnamed", "number", "unresolvable", "broken", "absent"], {})
        text = "\n".join(caught.value.problems)
        assert len(caught.value.problems) == 5
        for words in ["calls itself other", "is a int", "no_such_package_at_all", "NoSuchType", "absent"]:
            assert words in text
        with pytest.raises(BridgeError):
            loaded.find("good", "hello")

    def test_two_packages_with_one_name(self) -> None:
        """Which of two would be served must not depend on luck."""
        with pytest.raises(RegistryError, match="several packages"):
            registry(entry("good", "good"), entry("good", "misnamed")).load(["good"], {})

    def test_options(self) -> None:
        """Options go to their module; a refusal leaves the old ones in force."""
        accepted.clear()
        loaded = registry(entry("choosy", "choosy"), entry("good", "good"))
        loaded.load(["choosy"], {"choosy": {"size": 1}})
        with pytest.raises(RegistryError, match="colour is not an option"):
            loaded.reload(["choosy", "good"], {"choosy": {"colour": 1}})
        assert accepted == [{"size": 1}]
        with pytest.raises(RegistryError, match="takes no options"):
            loaded.load(["good"], {"good": {"x": 1}})


class TestFind:
    def test_installed_but_not_enabled(self) -> None:
        """Installing a package exposes nothing; the refusal says how to enable it."""
        loaded = registry(entry("good", "good"))
        loaded.load([], {})
        with pytest.raises(BridgeError, match=r"enabled in the table \[modules\]") as caught:
            loaded.find("good", "hello")
        assert caught.value.error_type is ErrorType.FORBIDDEN

    def test_unknown(self) -> None:
        """Unknown names are answered with near ones."""
        loaded = registry(entry("good", "good"))
        loaded.load(["good"], {})
        with pytest.raises(BridgeError, match="did you mean 'good'") as caught:
            loaded.find("goood", "hello")
        assert caught.value.error_type is ErrorType.UNKNOWN_MODULE
        with pytest.raises(BridgeError, match="did you mean 'hello'") as caught:
            loaded.find("good", "helo")
        assert caught.value.error_type is ErrorType.UNKNOWN_FUNCTION

    def test_huge_names(self) -> None:
        """A name of megabytes is cut before anything looks for its neighbours."""
        loaded = registry(entry("good", "good"))
        loaded.load(["good"], {})
        for module, function in [("x" * 5_000_000, "f"), ("good", "x" * 5_000_000)]:
            with pytest.raises(BridgeError) as caught:
                loaded.find(module, function)
            assert len(caught.value.message) < 400

    def test_only_system_is_exempt(self) -> None:
        """No limit holds back module system; every other module is held."""
        loaded = registry(entry("good", "good"))
        loaded.load(["good"], {})
        exempt = {
            module["name"]
            for module in loaded.describe()
            for function in module["functions"]
            if loaded.find(module["name"], function["name"]).exempt
        }
        assert exempt == {"system"}
