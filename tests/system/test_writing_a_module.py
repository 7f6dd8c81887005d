"""The example of docs/writing-a-module.md, taken from the page, installed, enabled, and called in a real daemon."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, clean_environment

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-module.md"
PERL = Path(__file__).parents[2] / "bridge" / "perl" / "lib"


def block(title: str) -> str:
    """Return the code block that follows a line with this title."""
    found = re.search(rf"^`{re.escape(title)}`:\n\n```\w+\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, installed into a folder of its own by pip."""
    source = tmp_path_factory.mktemp("source")
    (source / "pyproject.toml").write_text(block("pyproject.toml"))
    (source / "stock_module.py").write_text(block("stock_module.py"))
    target = tmp_path_factory.mktemp("target")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--target", str(target), str(source)),
        ],
        check=True,
        timeout=120,
    )
    return target


@pytest.fixture
def stock(package: Path, start_daemon: Callable[..., DaemonProcess]) -> DaemonProcess:
    """A daemon with the module enabled as the page says."""
    tables = re.findall(r"^```toml\n(\[modules\].*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return start_daemon(toml=tables[0], environ={"PYTHONPATH": str(package)})


def test_functions(stock: DaemonProcess) -> None:
    """Typed parameters, Perl's kind of numbers, options, and words of its own for what is wrong."""
    assert stock.call("stock", "price", {"item": "bolt", "amount": "200"})["result"] == 10.0
    assert stock.call("stock", "price", ["washer", 100])["result"] == 1.0
    wrong = stock.call("stock", "price", {"item": "bolt", "amount": 0})
    assert wrong["error_type"] == "BadParams"
    assert "amount" in wrong["error"]
    assert stock.call("stock", "price", ["anvil"])["error"] == "There is no item called anvil."


def test_session(stock: DaemonProcess) -> None:
    """What is kept belongs to one connection and ends with it."""
    with stock.connect() as one, stock.connect() as other:
        assert one.call("stock", "reserve", ["nut", 5])["result"] == {"nut": 5}
        assert one.call("stock", "reserve", ["nut", 5])["result"] == {"nut": 10}
        assert other.call("stock", "reserve", ["nut", 1])["result"] == {"nut": 1}


def test_async_and_isolated(stock: DaemonProcess) -> None:
    """An async function waits without a thread; an isolated one runs in another process, the same one again."""
    assert stock.call("stock", "wait_for_delivery", {"seconds": 0.05})["result"] == "delivered"
    first, second = (stock.call("stock", "simulate", [10])["result"] for _ in range(2))
    assert first["result"] == 285
    assert first["pid"] == second["pid"] != stock.pid


def test_calling_back_and_bytes(stock: DaemonProcess) -> None:
    """The page's own line of Perl; a sub that ends the loop, one that dies, and one that makes calls; bytes."""
    [line] = re.findall(r"^\$bridge->call\( 'stock', 'each_item', .*$", PAGE.read_text(), re.MULTILINE)
    script = f"""
        use strict; use CPANBridge; my $bridge = CPANBridge->new;
        {line}
        my @seen;
        print $bridge->call( 'stock', 'each_item', sub {{ push @seen, $_[0]; 0 }} ), " @seen\\n";
        my $died = eval {{ $bridge->call( 'stock', 'each_item', sub {{ die {{ code => 7 }} }} ); 1 }} ? 0 : $@;
        print join( ' ', $died->type, $died->exception, $died->cause->{{code}}, $died->line ), "\\n";
        my $cheap = sub {{ $bridge->call( 'stock', 'price', $_[0], 100 ) < 4 }};
        print $bridge->call( 'stock', 'each_item', $cheap ), "\\n";
        my $bytes = $bridge->call( 'stock', 'label', 'nut', CPANBridge::Bytes->new("\\xff\\n") );
        print ref $bytes, ' ', length $bytes, "\\n";
        my $none = $bridge->call_python( 'stock', 'price', {{ item => sub {{ 1 }} }} );
        print "$none->{{error_type}}\\n";
    """
    seen = subprocess.run(
        ["perl", "-w", f"-I{PERL}", "-e", script],
        env={**clean_environment(), "CPAN_BRIDGE_SOCKET": str(stock.socket)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert seen.stderr == ""
    assert seen.stdout.splitlines() == [
        "bolt costs 0.05",
        "nut costs 0.03",
        "washer costs 0.01",
        "1 bolt",
        "FunctionError CallbackError 7 6",
        "1",
        "CPANBridge::Bytes 6",
        "NotSendable",
    ]


def test_installing_exposes_nothing(package: Path, start_daemon: Callable[..., DaemonProcess]) -> None:
    """Until it is enabled the module is Forbidden, and the answer says how to enable it."""
    daemon = start_daemon(environ={"PYTHONPATH": str(package)})
    answer = daemon.call("stock", "price", ["bolt"])
    assert answer["error_type"] == "Forbidden"
    assert "[modules]" in answer["error"]


def test_bad_options_stop_the_start(package: Path, start_daemon: Callable[..., DaemonProcess]) -> None:
    """A wrong option is told at the start, and the daemon does not run half configured."""
    daemon = start_daemon(
        wait=False,
        toml='[modules]\nenabled = ["stock"]\n[modules.stock]\ncolour = "red"\n',
        environ={"PYTHONPATH": str(package)},
    )
    with pytest.raises(RuntimeError, match=r"\[modules.stock\]: unknown option colour"):
        daemon.start()
    assert "Traceback" not in daemon.output_text()


def test_listed(stock: DaemonProcess) -> None:
    """Callers see the signature without what the daemon fills in."""
    modules = {module["name"]: module for module in stock.call("system", "modules")["result"]["modules"]}
    functions = {function["name"]: function for function in modules["stock"]["functions"]}
    assert "session" not in functions["reserve"]["signature"]
    assert functions["simulate"]["kind"] == "isolated"
    assert json.dumps(modules)
