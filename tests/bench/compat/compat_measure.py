"""What a measurement of the replacements is: two pieces of Perl that do the same, and their rates."""

from __future__ import annotations

import os
import statistics
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from daemon_process import DaemonProcess

__all__ = ["Measure", "Outcome", "Side"]

PERL = Path(__file__).parents[3] / "bridge" / "perl"

PRELUDE = r"""
use strict; use warnings; use Time::HiRes ();
my $seconds = shift @ARGV;
# Runs a piece of code again and again; prints how often a second, times what one run does.
sub rate {
    my ( $code, $times ) = @_;
    $code->();
    my ( $start, $count, $took ) = ( Time::HiRes::time(), 0, 0 );
    while ( $took < $seconds ) { $code->(); $count++; $took = Time::HiRes::time() - $start }
    printf "%.6f\n", $count * ( $times || 1 ) / $took;
}
#line 1
"""


@attrs.frozen
class Side:
    """One of the two.

    Attributes:
        label: what the table calls it.
        code: Perl; it calls ``rate( sub { ... }, $times )`` once. ``$seconds`` is how long that will take.
        options: of perl; ``-I`` of our own library comes before them.
        needs: a Perl module without which this side is left out, with a word in the table.
    """

    label: str
    code: str
    options: tuple[str, ...] = ()
    needs: str = ""

    def missing(self) -> bool:
        """Whether this perl lacks what the side needs."""
        command = ["perl", *self.options, f"-M{self.needs}", "-e1"]
        return (
            bool(self.needs) and subprocess.run(command, capture_output=True, check=False, timeout=30).returncode != 0
        )

    def rate(self, daemon: DaemonProcess, seconds: float) -> float:
        """Run it once; returns how many a second."""
        command = ["perl", f"-I{PERL}/lib", *self.options, "-e", PRELUDE + self.code, str(seconds)]
        environment = {**os.environ, "CPAN_BRIDGE_SOCKET": str(daemon.socket)}
        done = subprocess.run(
            command, env=environment, cwd=daemon.folder, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{self.label} failed:\n{done.stderr}")
        return float(done.stdout)


@attrs.frozen
class Outcome:
    """The medians of both sides, and of the ratio within each round; ``None`` for a side that is left out."""

    ours: float
    other: float | None
    ratio: float | None


@attrs.frozen
class Measure:
    """Two sides that take turns.

    Attributes:
        what: the table's row.
        unit: of which there are so many a second.
        ours, other: what is measured, and beside what.
        goal: what was reached when this was designed, a second; ``None`` where nobody measured.
    """

    what: str
    unit: str
    ours: Side
    other: Side
    goal: float | None = None

    def run(self, daemon: DaemonProcess, *, rounds: int, seconds: float) -> Outcome:
        """Measure: ours, the other, ours, the other, so that whatever else the machine does meets both."""
        without = self.other.missing()
        ours: list[float] = []
        others: list[float] = []
        for _ in range(rounds):
            ours.append(self.ours.rate(daemon, seconds))
            if not without:
                others.append(self.other.rate(daemon, seconds))
        if without:
            return Outcome(statistics.median(ours), None, None)
        ratio = statistics.median(a / b for a, b in zip(ours, others, strict=True))
        return Outcome(statistics.median(ours), statistics.median(others), ratio)
