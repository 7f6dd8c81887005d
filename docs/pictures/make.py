"""Make the pictures of docs/operations.md: a real daemon, real Perl clients over its limits, the console as it looks.

Run it with ``make pictures``. It takes about two minutes, most of them for the clients to make a history.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from console.app import ConsoleApp
from console.config import Config
from console.screens.edit import EditLimits

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BIN = Path(sys.executable).parent

LIMITS = """
[limits]
max_concurrent_requests = 24
max_requests_per_minute = 1500
max_memory_mb = 256
max_connections = 64
"""

CLIENT = r"""
use strict; use warnings; use CPANBridge; use Time::HiRes qw(sleep time);
my ($processes, $hold, @calls) = @ARGV;
for (1 .. $processes) {
    next if fork;
    srand $$;
    my $bridge = CPANBridge->new(socket => $ENV{CPAN_BRIDGE_SOCKET});
    while (1) {
        my $call = $calls[rand @calls];
        eval {
            if ($call eq 'sleep') { $bridge->call('test', 'sleep', { seconds => $hold * (0.5 + rand) }) }
            elsif ($call eq 'echo') { $bridge->call('test', 'echo', { text => 'x' x 500 }) }
            elsif ($call eq 'sqrt') { $bridge->call('math', 'sqrt', rand(10) - 0.3) }
            elsif ($call eq 'dumps') { $bridge->call('json', 'dumps', [[map { "value $_" } 1 .. 50]]) }
            else { $bridge->call('datetime', 'date.fromisoformat', '2025-10-10') }
        };
        sleep(0.8 + 1.6 * rand);
    }
}
1 while wait != -1;
"""

CLIENTS = {
    "report.pl": ("9", "2.4", "sleep"),
    "orders.pl": ("14", "0.4", "sleep", "dumps", "sqrt"),
    "import.pl": ("6", "0.1", "echo", "dumps", "date"),
}
BURST = ("26", "5", "sleep")


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str], folder: str) -> Iterator[None]:
    """Run a program and whatever it starts until the end of the block."""
    process = subprocess.Popen(  # noqa: S603 - our own programs
        command,
        env=environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def save(app: ConsoleApp, name: str) -> None:
    """Write the screen as SVG, in a font that every browser has or replaces by one of fixed width."""
    svg = app.export_screenshot(title=" ", simplify=True)
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL).replace(
        "Fira Code", "DejaVu Sans Mono, Menlo, Consolas"
    )
    (HERE / f"{name}.svg").write_text(svg)
    print(f"  {name}.svg")  # noqa: T201 - what it is for


async def look(socket: str, size: tuple[int, int], keys: list[str], name: str, *, wait: float = 3.0) -> None:
    """Open the console, press keys, take its picture."""
    app = ConsoleApp(socket, config=Config(names={socket: "orders"}))
    app.title_text = "orders@/run/cpanbridge/admin.sock"
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(wait)
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(0.05)
        await asyncio.sleep(wait)
        app.clear_notifications()
        await pilot.pause(0.3)
        save(app, name)
        if isinstance(app.screen, EditLimits):
            await pilot.press("escape")


def change(environment: dict[str, str]) -> None:
    """Leave something in the journal."""
    for words in (
        ["limits", "set", "rate=1800", "--reason", "campaign start", "--for", "2h"],
        ["note", "rolling the report workers, expect reconnects"],
    ):
        subprocess.run([BIN / "cpanbridge", *words], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own


async def pictures(socket: str, environment: dict[str, str], folder: str) -> None:
    """Take all of them, the calm ones first."""
    await asyncio.sleep(45)
    await asyncio.to_thread(change, environment)
    burst = ["perl", f"{folder}/nightly.pl", *BURST]
    with running(burst, environment, folder):
        await asyncio.sleep(25)
        await look(socket, (120, 40), ["tab"], "overview")
        await look(socket, (80, 24), [], "overview-80x24")
        await look(socket, (120, 40), ["W", "colon", *"limit concurrent 40", "enter"], "edit", wait=4)
        await look(socket, (120, 36), ["tab", "tab", "tab", "down", "down", "enter", "plus"], "graph")
        await look(socket, (120, 24), ["2", "slash", *"nightly state:queued", "enter"], "connections")
    await asyncio.sleep(8)
    await look(socket, (120, 24), ["4"], "events")
    await look(socket, (120, 24), ["5"], "limits")


def main() -> None:
    """Set the stage and take the pictures."""
    with tempfile.TemporaryDirectory(prefix="cpanbridge-") as folder:
        socket = f"{folder}/orders.sock"
        Path(folder, "cpanbridge.toml").write_text(LIMITS)
        for name in (*CLIENTS, "nightly.pl"):
            Path(folder, name).write_text(CLIENT)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CPAN_BRIDGE_")},
            "CPAN_BRIDGE_SOCKET": socket,
            "PERL5LIB": str(ROOT / "bridge" / "perl" / "lib"),
        }
        daemon = [str(BIN / "twistd"), "-n", "--pidfile=", "cpanbridge", "--config", f"{folder}/cpanbridge.toml"]
        with contextlib.ExitStack() as stage:
            stage.enter_context(running([*daemon, "--log", f"{folder}/log"], environment, folder))
            while not Path(f"{folder}/orders_admin.sock").exists():
                time.sleep(0.1)
            for name, arguments in CLIENTS.items():
                stage.enter_context(running(["perl", f"{folder}/{name}", *arguments], environment, folder))
            print("Making a history ...")  # noqa: T201
            asyncio.run(pictures(f"{folder}/orders_admin.sock", environment, folder))


if __name__ == "__main__":
    main()
