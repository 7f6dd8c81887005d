"""The soak test's accounts: the callers' books beside the daemon's, and what the daemon kept from lull to lull."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soak_line import Tally

__all__ = ["FLOORS", "Books"]

GROWTH = 1.05
FLOORS = {"memory_mb": 6.0, "DelayedCall": 600}
"""What may differ by so much more without having grown: memory by the allocator's habits, and the clock keeps some
cancelled timers on purpose."""


class Books:
    """Checks, and the problems they found, as sentences."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def check(self, good: bool, problem: str) -> None:
        """Keep the problem unless all is good."""
        if not good:
            self.problems.append(problem)

    def accounts(
        self, said: Tally, own: Tally, before: dict[str, Any], after: dict[str, Any], *, refused: int, executed: int
    ) -> None:
        """Compare the callers' books with the daemon's.

        Args:
            said, own: what the callers and the test itself have counted.
            before, after: the daemon's ``system.stats`` around that.
            refused: connections that the daemon refused meanwhile.
            executed: how often ``soak.tick`` says that it was executed.
        """
        said.counts.update({name: own.counts[name] for name in ("ok", "failed", "refused")})
        said.errors.update(own.errors)
        # The Perl client releases objects of its own accord; only the daemon's books tell how often.
        release = after["functions"].get("python.release", {"calls": 0, "errors": 0, "refused": 0})
        ours = {
            "successful": said.counts["ok"] + release["calls"] - release["errors"],
            "failed": said.counts["failed"] + release["errors"],
            "throttled": said.counts["refused"] + release["refused"],
        }
        theirs = {name: after[f"{name}_requests"] - before[f"{name}_requests"] for name in ours}
        theirs["cancelled"] = after["cancelled_requests"] - before["cancelled_requests"]
        orphans = said.counts["orphans"]
        print(f"\n{'':12} {'callers':>9} {'daemon':>9} {'of killed callers':>18}")
        for name, count in theirs.items():
            extra = count - ours.get(name, 0)
            print(f"{name:12} {ours.get(name, 0):9} {count:9} {extra:18}")
            self.check(extra >= 0, f"the daemon knows of fewer {name} calls than the callers")
        print(f"{'together':12} {sum(ours.values()):9} {sum(theirs.values()):9} {orphans:18}")
        self.check(
            sum(theirs.values()) == sum(ours.values()) + orphans,
            f"{sum(ours.values())} calls answered and {orphans} of killed callers are not {sum(theirs.values())}",
        )
        self.check(
            sum(theirs.values()) - theirs["cancelled"] == after["total_requests"] - before["total_requests"],
            "the daemon's counters do not add up to its total",
        )
        for word, count in sorted(after["errors"].items()):
            extra = count - said.errors[word] - before["errors"].get(word, 0)
            self.check(0 <= extra <= orphans + release["refused"] + release["errors"], f"{word}: {extra} too many")
        print("errors: " + ", ".join(f"{word} {count}" for word, count in sorted(said.errors.items())))
        full, lost, wrong = (said.counts[name] for name in ("connection_limit", "lost", "wrong"))
        ticks = after["functions"]["soak.tick"]["calls"]
        print(f"ConnectionLimit: callers {full}, daemon {refused}; soak.tick: executed {executed}, counted {ticks}")
        self.check(full == refused, f"{full} callers were told ConnectionLimit, the daemon counts {refused}")
        self.check(executed == ticks, f"soak.tick was executed {executed} times, counted {ticks} times")
        self.check(not lost, f"{lost} answers were lost: {said.faults}")
        self.check(not wrong, f"{wrong} answers were wrong: {said.faults}")

    def met(self, said: Tally) -> None:
        """Check that the run met all that it is for; a short one may miss something by chance."""
        self.check(said.counts["connection_limit"] > 0, "the limit of connections was never met")
        self.check(said.counts["refused"] > 0, "no call was refused")
        self.check(said.counts["orphans"] > 0, "no caller was killed in the middle of a call")

    def levels(self, levels: list[dict[str, float]]) -> None:
        """Compare the last lull with the first."""
        first, last = levels[0], levels[-1]
        print("\nIn the lulls:")
        for name in first:
            row = " ".join(f"{level[name]:8.1f}" if name == "memory_mb" else f"{level[name]:8}" for level in levels)
            print(f"{name:15} {row}")
            allowed = max(first[name] * GROWTH, first[name] + FLOORS.get(name, 1))
            self.check(last[name] <= allowed, f"{name} has grown from {first[name]:.1f} to {last[name]:.1f}")
