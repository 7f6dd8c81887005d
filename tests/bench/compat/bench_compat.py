"""``make bench-compat``: what the replacements of CPAN modules cost, each figure beside a comparison of the same run.

The two sides of a row take turns, and the medians of the rounds are shown. A file ``part_*.py`` in this folder brings
rows of its own in ``MEASURES``, the daemon's modules that they need in ``MODULES``, and Debian's packages of the
originals in ``PACKAGES``, which are fetched and unpacked aside. Goals are what was reached on another machine when this
was designed, to compare with, no test. How this machine compares with that one tell two rows with goals that have
nothing of ours in them: the echoes and ``thaw``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]

from daemon_process import DaemonProcess  # noqa: E402 - found through the line above
from real_modules import FetchError, RealModules  # noqa: E402 - the same

if TYPE_CHECKING:
    from compat_measure import Measure

__all__ = ["main"]

TOML = """
[limits]
max_requests_per_minute = 10000000
max_cpu_percent = 102400
[modules]
enabled = ["python", "bench", {modules}]
"""


def parts(only: list[str]) -> dict[str, list[Measure]]:
    """Return the measures by part, those of the parts asked for."""
    names = sorted(path.stem.removeprefix("part_") for path in HERE.glob("part_*.py"))
    if unknown := set(only) - set(names):
        raise SystemExit(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return {name: importlib.import_module(f"part_{name}").MEASURES for name in names if not only or name in only}


def named(chosen: dict[str, list[Measure]], what: str) -> list[str]:
    """Return what the parts name in ``MODULES`` or ``PACKAGES``, each once."""
    return list(dict.fromkeys(each for name in chosen for each in getattr(sys.modules[f"part_{name}"], what, [])))


def unpack_originals(chosen: dict[str, list[Measure]], folder: Path) -> None:
    """Have perl find the originals that the parts are measured beside."""
    packages = named(chosen, "PACKAGES")
    try:
        found = RealModules(folder, packages).environment() if packages else {}
    except FetchError as error:
        print(f"Without the originals: {error}", file=sys.stderr)
        return
    os.environ.update({name: found[name] for name in ("PERL5LIB", "LD_LIBRARY_PATH") if name in found})


def start_daemon(chosen: dict[str, list[Measure]]) -> DaemonProcess:
    """Start a daemon with the benchmark's own module, and those that the parts ask for in ``MODULES``."""
    modules = named(chosen, "MODULES")
    daemon = DaemonProcess(toml=TOML.format(modules=", ".join(f'"{module}"' for module in modules)))
    info = daemon.folder / "cpanbridge_bench-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cpanbridge-bench\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[cpanbridge.modules]\nbench = compat_bench_module:module\n")
    daemon.environ["PYTHONPATH"] = os.pathsep.join((str(daemon.folder), str(HERE)))
    daemon.start()
    return daemon


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("parts", nargs="*", help="which parts; all unless told")
    parser.add_argument("--quick", action="store_true", help="three short rounds")
    parser.add_argument("--smoke", action="store_true", help="once, very short: only whether it runs")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    options = parser.parse_args()
    rounds, seconds = (1, 0.05) if options.smoke else (3, 0.5) if options.quick else (5, 1.5)
    chosen = parts(options.parts)
    daemon = start_daemon(chosen)
    originals = tempfile.TemporaryDirectory(prefix="compat-")
    if not options.smoke:
        unpack_originals(chosen, Path(originals.name))
    figures = []
    print(f"perl and daemon on {os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}")
    print(f"{'':<34}{'unit/s':>9}{'ours':>22}{'beside':>24}{'ratio':>8}{'goal/s':>10}{'of goal':>9}")
    try:
        for name, measures in chosen.items():
            print(name)
            for measure in measures:
                seen = measure.run(daemon, rounds=rounds, seconds=seconds)
                other = f"{measure.other.label} {'is missing' if seen.other is None else f'{seen.other:,.0f}'}"
                print(
                    f"  {measure.what:<32}{measure.unit:>9}{f'{measure.ours.label} {seen.ours:,.0f}':>22}{other:>24}"
                    f"{'' if seen.ratio is None else f'{seen.ratio:.2f}':>8}"
                    f"{'' if measure.goal is None else f'{measure.goal:,.0f}':>10}"
                    f"{'' if measure.goal is None else f'{seen.ours / measure.goal:.2f}':>9}",
                    flush=True,
                )
                figures.append(
                    {
                        "part": name,
                        "what": measure.what,
                        "unit": measure.unit,
                        "ours": seen.ours,
                        "other": seen.other,
                        "ratio": seen.ratio,
                        "goal": measure.goal,
                    }
                )
    finally:
        daemon.cleanup()
        originals.cleanup()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
