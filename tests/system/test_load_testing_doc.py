"""docs/load-testing.md is true: every command in it is run as it is printed, and what it shows is what comes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_process import DaemonProcess

pytestmark = pytest.mark.timeout(180)

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "load-testing.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
ENDLESS = ("tail -f", "while (1)", "cpanbridge watch")
FULL = "cpanbridge load-test full\n"


def shown_after(command: str) -> str:
    """Return the block of text that follows a command."""
    found = re.search(rf"```sh\n{re.escape(command)}\n```\n\n```text\n(.*?)```", TEXT, re.DOTALL)
    assert found, f"nothing is shown for {command}"
    return found[1]


def environment(daemon: DaemonProcess) -> dict[str, str]:
    """Return what the reader of the page has: the programs in PATH, a daemon, and here not much time."""
    return {
        **daemon.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "CPAN_BRIDGE_SOCKET": str(daemon.socket),
        "CPAN_BRIDGE_ADMIN_SOCKET": str(daemon.admin_socket),
        "CPAN_BRIDGE_LOG": str(daemon.log),
        "LOAD_TEST_SECONDS_SCALE": "0.1",
    }


@pytest.fixture
def shell(daemon: DaemonProcess, tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    def run(block: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            env=environment(daemon),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )
        if "not tested" in result.stdout:
            pytest.skip("this machine is too slow at the moment")
        return result

    return run


def test_the_page_has_commands() -> None:
    """The pattern that finds them still does."""
    assert len(BLOCKS) >= 15
    assert FULL in BLOCKS


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if "load-test" in block or "load_test" in block], ids=str.strip
)
def test_load_tests(block: str, shell: Callable[[str], subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    """Each passes. Of the full test only the list is tried here: it takes ten minutes."""
    result = shell(block.replace(FULL, "cpanbridge load-test full --list\n"))
    assert result.returncode == 0, result.stdout + result.stderr
    if "--json" in block:
        assert json.loads((tmp_path / "baseline.json").read_text())["passed"] is True


@pytest.mark.parametrize("program", ["quick", "full"])
def test_the_lists(program: str, shell: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    """The phases with the default limits are those on the page."""
    command = f"cpanbridge load-test {program} --list"
    assert shell(f"LOAD_TEST_SECONDS_SCALE=1 {command}").stdout == shown_after(command)


@pytest.mark.parametrize("block", [block for block in BLOCKS if any(word in block for word in ENDLESS)], ids=str.strip)
def test_watching(block: str, daemon: DaemonProcess, tmp_path: Path) -> None:
    """What runs until it is ended says something soon, and goes on."""
    output = tmp_path / "output"
    with output.open("wb") as file:
        program = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", block],
            env=environment(daemon),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with daemon.log.open("a") as log:
            log.write("2026-11-23 16:13:00 [WARNING] cpanbridge: Resource warning: ['nothing']\n")
        daemon.wait_until(output.read_text, lambda text: text.count("\n") >= 1, "a line", 30)
        time.sleep(0.5)
        assert program.poll() is None, output.read_text()
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    assert "error" not in output.read_text().lower()


GREPS = [block for block in BLOCKS if block.startswith("grep ")]


def test_the_log_says_what_the_page_shows(
    daemon: DaemonProcess, shell: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    """After calls beyond the limit, each grep finds lines of the kind that the page shows for it."""
    assert shell("cpanbridge load-test quick").returncode == 0
    daemon.wait_for_log("violation cleared")
    for block in GREPS:
        shown = {re.sub(r"[\d.]+", "0", line[20:]) for line in shown_after(block.strip()).splitlines() if line != "--"}
        found = {re.sub(r"[\d.]+", "0", line[20:]) for line in shell(block).stdout.splitlines() if line != "--"}
        kinds = {
            line for line in shown if "Concurrent requests" in line or "listens on" in line or "throttling" in line
        }
        assert kinds, block
        assert {line.partition(" on /")[0] for line in kinds} <= {line.partition(" on /")[0] for line in found}


def test_links_and_programs() -> None:
    """What the page leads to is there."""
    for target in re.findall(r"\]\(([\w./-]+\.md)[)#]", TEXT):
        assert (DOCS / target).exists()
    assert len(GREPS) == 4
