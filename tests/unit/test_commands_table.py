"""Tables, figures and values of the command line: aligned, safe, and true at their edges."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adminwire import Change, Episode, Event
from bridge.commands import CommandError, values
from bridge.commands.limitnames import LIMIT_NAMES, assignments, full_name
from bridge.commands.sentences import change_text, episode_text, event_text
from bridge.commands.table import Column, cell_width, fit, lay_out
from bridge.figures import duration, exact, milliseconds, number, share
from bridge.text import printable

HOSTILE = ["[/x]", "\x1b[2J", "\u202egnirts", "漢字かな", "e\u0301\u0301\u0301", "a\nb", "\ud800", "", "x" * 500]


class TestTable:
    def test_aligned(self) -> None:
        """Figures stand at the right, texts at the left, nothing trails."""
        assert lay_out(
            [Column("name"), Column("n", right=True), Column("x")], [("a", "5", ""), ("bcdef", "10", "y")]
        ) == [
            "name    n  x",
            "a       5",
            "bcdef  10  y",
        ]

    @given(st.lists(st.tuples(st.text() | st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=6))
    def test_nothing_foreign_reaches_the_terminal(self, rows: list[tuple[str, str]]) -> None:
        """Whatever is in the cells, there is one line for each row, and only printable characters."""
        lines = lay_out([Column("a", elastic=True), Column("b")], rows)
        assert len(lines) == len(rows) + 1
        assert all(line == printable(line, 10_000) for line in lines)

    @given(st.sampled_from(HOSTILE) | st.text(), st.integers(0, 30), st.booleans())
    def test_fit_is_exact(self, text: str, width: int, right: bool) -> None:
        """Wide characters and combining marks included."""
        if width:
            assert cell_width(fit(printable(text), width, right=right)) == width

    def test_wide_characters_count_twice(self) -> None:
        """The column behind them stays straight."""
        assert lay_out([Column("a"), Column("b")], [("漢字", "x"), ("ab", "y")]) == ["a     b", "漢字  x", "ab    y"]

    def test_a_narrow_screen_costs_unimportant_columns_first_then_the_ends_of_names(self) -> None:
        """What matters most stays, and no line is longer than the screen."""
        columns = [Column("id"), Column("client", elastic=True), Column("state"), Column("handles", rank=2)]
        rows = [("1", "a very long name of a client", "busy", "3")]
        assert "handles" in lay_out(columns, rows)[0]
        for width in range(20, 60):
            lines = lay_out(columns, rows, width=width)
            assert max(map(cell_width, lines)) <= width
            assert "busy" in lines[1]
        assert "handles" not in lay_out(columns, rows, width=30)[0]
        assert "…" in lay_out(columns, rows, width=30)[1]

    def test_colour_leaves_the_text_alone(self) -> None:
        """Levels have colours only where they are wanted."""
        plain = lay_out([Column("a")], [("x",)], levels=["violation"])
        assert plain == ["a", "x"]
        assert lay_out([Column("a")], [("x",)], levels=["violation"], colour=True)[1] == "\x1b[1;31mx\x1b[0m"


class TestFigures:
    @pytest.mark.parametrize(
        ("value", "text"), [(2000, "2000"), (10_000_000, "10000000"), (856.34, "856.3"), (0, "0"), (0.96, "1"),
                            (float("nan"), "-"), (-0.5, "-0.5"), (100.0, "100")],
    )  # fmt: skip
    def test_number(self, value: float, text: str) -> None:
        """As few characters as tell it; zeros of whole numbers stay."""
        assert number(value) == text

    def test_limits_are_exact(self) -> None:
        """A ratio of 0.85 is not shown as 0.9."""
        assert [exact(value) for value in (0.85, 0.8, 16_777_216.0, 0.01)] == ["0.85", "0.8", "16777216", "0.01"]

    @pytest.mark.parametrize(
        ("value", "text"), [(0, "0"), (99.9, "99"), (100, "100"), (100.01, "101"), (250, "250"), (-3, "0")]
    )
    def test_share(self, value: float, text: str) -> None:
        """Below the limit is never 100 %, above it always more."""
        assert share(value, 100) == text

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(-5, "0s"), (0.49, "0.4s"), (9.99, "9.9s"), (42.9, "42s"), (61, "1m01s"), (3599.9, "59m59s"), (3600, "1h00m"),
         (90_000, "1d01h"), (float("inf"), "-")],
    )  # fmt: skip
    def test_duration(self, seconds: float, text: str) -> None:
        """It rounds down, as clocks do; a clock that was set back shows zero."""
        assert duration(seconds) == text

    def test_milliseconds(self) -> None:
        """Without their unit, which stands in the head."""
        assert [milliseconds(value) for value in (0.0009, 0.0122, 0.3384, 12)] == ["0.9", "12.2", "338", "12000"]


class TestValues:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("0.5", 0.5), ("10s", 10), ("5m", 300), ("2h", 7200), ("1h30m", 5400), ("250ms", 0.25), (" 1.5H ", 5400)],
    )
    def test_durations(self, text: str, seconds: float) -> None:
        """Plain seconds, or numbers with units."""
        assert values.duration(text) == pytest.approx(seconds)

    @pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "10x", "m", "1h 30", "10 s s", "1e400", "s5"])
    def test_no_durations(self, text: str) -> None:
        """Anything else is bad usage, in words."""
        with pytest.raises(argparse.ArgumentTypeError):
            values.duration(text)

    def test_the_socket_s_default_follows_the_environment(self) -> None:
        """Its own variable first, else it is beside the socket for callers, where the daemon puts it, too."""
        assert values.admin_socket({}) == "/tmp/cpan_bridge_admin.sock"
        assert values.admin_socket({"CPAN_BRIDGE_SOCKET": "/run/a/b.sock"}) == "/run/a/b_admin.sock"
        both = {"CPAN_BRIDGE_SOCKET": "/run/b.sock", "CPAN_BRIDGE_ADMIN_SOCKET": "/run/x"}
        assert values.admin_socket(both) == "/run/x"


class TestLimitNames:
    @pytest.mark.parametrize(
        ("short", "name"),
        [("concurrent", "max_concurrent_requests"), ("rate", "max_requests_per_minute"), ("memory", "max_memory_mb"),
         ("cpu", "max_cpu_percent"), ("connections", "max_connections"), ("share", "max_process_share"),
         ("warning", "warning_ratio"), ("queued", "max_queued_requests")],
    )  # fmt: skip
    def test_short(self, short: str, name: str) -> None:
        """The resources' names, and whatever fits one limit only."""
        assert full_name(short) == name

    @pytest.mark.parametrize(
        ("text", "hint"),
        [("memry", "did you mean memory?"), ("max_cpu_percnt", "did you mean max_cpu_percent?"),
         ("requests", "max_concurrent_requests, max_requests_per_minute, max_queued"), ("", "The limits are"),
         ("\x1b[2J", r"\\x1b"), ("zzz", "The limits are max_concurrent")],
    )  # fmt: skip
    def test_misspelt(self, text: str, hint: str) -> None:
        """The nearest known name is named; an ambiguous one is never guessed."""
        with pytest.raises(CommandError, match=hint):
            full_name(text)

    @pytest.mark.parametrize("name", LIMIT_NAMES)
    def test_full_names_are_their_own(self, name: str) -> None:
        """Also where one is part of another."""
        assert full_name(name) == name

    def test_assignments(self) -> None:
        """Whole numbers stay whole, so that the daemon's log shows 400, not 400.0."""
        limits = assignments(["rate=400", "warning_ratio=0.75", "memory = 2e3"])
        assert limits == {"max_requests_per_minute": 400, "warning_ratio": 0.75, "max_memory_mb": 2000.0}
        assert isinstance(limits["max_requests_per_minute"], int)

    def test_every_problem_at_once(self) -> None:
        """One run shows all slips."""
        with pytest.raises(CommandError) as caught:
            assignments(["rate", "memry=3", "cpu=fast", "cpu=nan", "rate=1", "max_requests_per_minute=2"])
        assert len(str(caught.value).splitlines()) == 5
        assert "max_requests_per_minute is named twice" in str(caught.value)


class TestSentences:
    def test_change(self) -> None:
        """All of what happened, hostile reasons made safe."""
        change = Change(
            1, 18, 0.0, "set", "alice", 1000, 4711, {"max_cpu_percent": (200, 150.5)}, "why\x1b[2J", until=60.0
        )
        text = change_text(change)
        assert text.startswith("limits set: max_cpu_percent 200 -> 150.5; until ")
        assert text.endswith('"why\\x1b[2J"')
        assert event_text(Event(1, 1, "change", 0.0, change=change)).endswith("by alice (uid 1000, pid 4711)")

    def test_change_of_a_kind_not_known_here(self) -> None:
        """A newer daemon's actions are shown as they are called."""
        assert change_text(Change(1, 1, 0.0, "frob\x07")) == "frob\\x07"
        assert change_text(Change(1, 1, 0.0, "log_level", changes={"log_level": ("info", None)})) == (
            "log level: log_level info -> -"
        )

    def test_episode(self) -> None:
        """Open and ended ones, lag in ms."""
        episode = Episode(1, "lag", "violation", 100.0, None, "warning", 0.3, 0.2, 0.25, 4, "x by y", "bob")
        assert episode_text(episode, 142.0) == (
            "violation of lag for 42s, now warning, peak 300 of 250 ms, 4 refused, by x by y, seen by bob"
        )
        episode.end, episode.now, episode.cause, episode.acknowledged_by, episode.refused = 160.0, "normal", "", "", 0
        assert episode_text(episode) == "violation of lag, over after 1m00s, peak 300 of 250 ms"
