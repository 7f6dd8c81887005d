from __future__ import annotations

import itertools
import time

import pytest
from fake_daemon import HOSTILE, FakeDaemon, change_event, connection_rows, episode_event, function_rows, history_row
from hypothesis import given
from hypothesis import strategies as st

from bridge.adminwire import HISTORY_FIELDS, ConnectionRow, Episode, History, Resource, Snapshot
from console.filter import parse
from console.insight import fairness
from console.model import CONNECTION_SORTS, FUNCTION_SORTS, PROCESS_SORTS, Link, Model

NOON = 1_800_000_000.0


def snapshot(at: float = 0.0, *, boot: str = "one", **facts: object) -> Snapshot:
    """Return what a daemon that started at noon says ``at`` seconds later."""
    return Snapshot(**{"boot_id": boot, "now": NOON + at, "uptime": at, "interval": 0.25, **facts})  # type: ignore[arg-type]


def history(*rows: list[float], boot: str = "one") -> History:
    return History(boot, list(HISTORY_FIELDS), list(rows))


class TestLink:
    def test_it_goes_stale_after_three_intervals_but_not_before_a_second_and_a_half(self) -> None:
        model = Model()
        assert model.link(0) is Link.CONNECTING
        model.take_snapshot(snapshot(), 10.0)
        assert model.link(11.5) is Link.LIVE
        assert model.link(11.6) is Link.STALE
        assert model.age(17.0) == 7.0
        assert "7 s" in model.link_text(17.0)
        model.take_snapshot(snapshot(1, interval=5.0), 20.0)
        assert model.link(35.0) is Link.LIVE
        assert model.link(35.1) is Link.STALE

    def test_a_lost_link_keeps_the_data_and_says_why_and_when(self) -> None:
        model = Model()
        model.take_snapshot(snapshot(connections=connection_rows(3)), 0.0)
        model.link_down("Nobody listens.", 2.0, 1.0)
        assert model.link(1.5) is Link.DOWN
        assert model.link_text(1.5) == "Nobody listens. Trying again in 1.5 s."
        assert model.retry_in(1.5) == 1.5
        assert len(model.connections()) == 3
        model.link_connecting("/x", 3.0)
        assert model.link(3.0) is Link.DOWN  # until it has succeeded
        model.take_snapshot(snapshot(3.1), 3.1)
        assert model.link(3.1) is Link.LIVE
        assert [view.text for view in model.events()] == ["reconnected after 2.1 s"]

    def test_a_daemon_that_was_never_there_has_no_reconnection(self) -> None:
        model = Model()
        model.link_down("No.", 0.2, 0.0)
        model.take_snapshot(snapshot(), 5.0)
        assert model.events() == []

    def test_clock_times_are_the_daemons(self) -> None:
        model = Model()
        assert model.clock(0.0) is None
        model.take_snapshot(snapshot(), 100.0)
        assert model.clock(102.5) == NOON + 2.5


class TestRestart:
    def test_another_boot_id_begins_anew(self) -> None:
        """Open episodes are over, rows are gone, old numbers are not taken for new ones; the past stays in sight."""
        model = Model()
        model.take_snapshot(snapshot(10, connections=connection_rows(2), functions=function_rows(2)), 0.0)
        model.take_events([episode_event(1, 1, NOON + 5)], 0.0)
        model.take_snapshot(snapshot(10, open_episodes=[episode_event(1, 1, NOON + 5).episode], sequence=1), 0.1)
        assert model.counts() == (1, 0)
        model.take_snapshot(snapshot(20, boot="two", uptime=2.0), 10.0)
        assert model.counts() == (0, 0)
        assert model.connections() == []
        assert model.functions() == []
        texts = [view.text for view in model.events()]
        assert "daemon restarted, counters began anew" in texts
        model.take_events([change_event(1, 1, NOON + 19)], 10.1)
        assert sorted(view.kind for view in model.events()) == ["change", "episode", "local"]
        assert [event.kind for event in model.raw_events()] == ["change"]

    def test_a_curve_never_falls_below_zero(self) -> None:
        model = Model()
        model.take_history(history(history_row(NOON - 1, calls=90.0), history_row(NOON, calls=100.0)), 0.0)
        model.take_snapshot(snapshot(0), 0.0)
        model.take_snapshot(snapshot(5, boot="two", uptime=1.0, sample=history_row(NOON + 5, calls=1.0)), 5.0)
        assert model.trend("calls", 7) == [None, 90.0, 100.0, None, None, None, None, 1.0][1:]


class TestTrends:
    def test_a_sample_counts_once_however_often_it_is_sent(self) -> None:
        model = Model()
        for tick in range(40):
            at = tick // 10
            sample = history_row(NOON + at + 0.0004 * (tick % 3), peak_concurrent=float(at))
            model.take_snapshot(snapshot(tick / 10, sample=sample), tick / 10)
        assert model.trend("concurrent", 5) == [None, 0.0, 1.0, 2.0, 3.0]

    def test_gaps_are_gaps(self) -> None:
        model = Model()
        model.take_history(history(history_row(NOON, memory_mb=1.0), history_row(NOON + 3, memory_mb=4.0)), 0.0)
        assert model.trend("memory", 5) == [None, 1.0, None, None, 4.0]

    def test_rows_that_come_a_little_late_leave_no_holes(self) -> None:
        model = Model()
        model.take_history(history(*(history_row(NOON + 1.03 * at, cpu_percent=1.0) for at in range(300))), 0.0)
        assert None not in model.trend("cpu", 250)

    def test_history_fills_what_was_missed(self) -> None:
        model = Model()
        model.take_history(history(history_row(NOON, rate_demand=1.0)), 0.0)
        model.take_snapshot(snapshot(3, sample=history_row(NOON + 3, rate_demand=4.0)), 3.0)
        assert model.trend("rate", 4) == [1.0, None, None, 4.0]
        model.take_history(history(*(history_row(NOON + at, rate_demand=at + 1.0) for at in (1, 2, 3))), 3.1)
        assert model.trend("rate", 4) == [1.0, 2.0, 3.0, 4.0]

    @pytest.mark.parametrize("step", [-7200.0, -3.0, 3.0, 7200.0])
    def test_a_clock_that_is_set_moves_the_curve_along(self, step: float) -> None:
        model = Model()
        for at in range(5):
            model.take_snapshot(snapshot(at, sample=history_row(NOON + at, lag=float(at))), float(at))
        moved = snapshot(5, sample=history_row(NOON + step + 5, lag=5.0))
        moved.now += step
        model.take_snapshot(moved, 5.0)
        assert model.trend("lag", 6) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]

    def test_an_hour_is_kept_and_no_more(self) -> None:
        model = Model()
        for at in range(3700):
            model.take_snapshot(snapshot(at, sample=history_row(NOON + at)), float(at))
        assert len(model.history().rows) == 3600
        assert len(model.trend("memory", 9999)) == 3600

    def test_columns_of_another_version_are_found_by_their_names(self) -> None:
        model = Model()
        model.take_history(History("one", ["new", "at", "memory_mb"], [[9.0, NOON, 7.0]]), 0.0)
        assert model.trend("memory", 1) == [7.0]
        model.take_snapshot(snapshot(1, sample=[NOON + 1, 1.0]), 0.0)
        assert model.trend("memory", 2) == [7.0, 0.0]

    def test_an_unknown_name_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="disk"):
            Model().trend("disk", 5)

    @given(st.lists(st.floats(0, 5000), max_size=60))
    def test_every_trend_has_its_length_and_ends_with_the_newest(self, times: list[float]) -> None:
        model = Model()
        rows = [history_row(NOON + at, memory_mb=at) for at in times]
        model.take_history(history(*rows), 0.0)
        points = model.trend("memory", 120)
        assert len(points) == 120
        assert points[-1] == (max(times) if times else None)


class TestPause:
    def test_tables_and_curves_stand_still_and_levels_go_on(self) -> None:
        model = Model()
        model.pause()
        assert not model.paused
        model.take_snapshot(snapshot(0, connections=connection_rows(5), sample=history_row(NOON)), 0.0)
        model.pause()
        for at in (1, 2):
            model.take_snapshot(
                snapshot(at, connections=connection_rows(9), sample=history_row(NOON + at), sequence=at), float(at)
            )
        assert model.paused
        assert model.behind == 2
        assert model.shown is not None
        assert model.shown.now == NOON
        assert len(model.connections()) == 5
        assert [row.id for row in model.connections(parse("id>1001"), "id", reverse=False)] == [1002, 1003, 1004]
        assert len([point for point in model.trend("memory", 5) if point is not None]) == 1
        model.take_events([episode_event(3, 3, NOON + 2)], 2.0)
        assert model.counts() == (1, 0)
        model.resume()
        assert model.behind == 0
        assert len(model.connections()) == 9
        assert model.shown is model.latest


class TestTables:
    @pytest.mark.parametrize("sort", CONNECTION_SORTS)
    @pytest.mark.parametrize("reverse", [False, True])
    def test_connections_sort_by_everything_and_equal_ones_by_id(self, sort: str, reverse: bool) -> None:
        model = Model()
        model.take_snapshot(snapshot(connections=connection_rows(60)[::-1]), 0.0)
        rows = model.connections(None, sort, reverse=reverse)
        assert len(rows) == 60
        values = [getattr(row, sort) for row in rows]
        if sort not in {"state", "client", "user", "function"}:
            assert values == sorted(values, reverse=reverse)
        for one, other in itertools.pairwise(rows):
            assert getattr(one, sort) != getattr(other, sort) or one.id < other.id

    def test_work_comes_before_rest(self) -> None:
        model = Model()
        states = ["idle", "reading", "busy", "unheard-of", "queued", "writing"]
        rows = [ConnectionRow(id=at, pid=1, uid=1, state=state) for at, state in enumerate(states)]
        model.take_snapshot(snapshot(connections=rows), 0.0)
        found = [row.state for row in model.connections(None, "state", reverse=False)]
        assert found == ["busy", "queued", "writing", "reading", "idle", "unheard-of"]

    def test_an_unknown_sort_key_is_an_error(self) -> None:
        model = Model()
        for ask in (model.connections, model.functions, model.processes):
            with pytest.raises(ValueError, match="colour"):
                ask(None, "colour")

    def test_functions_sort_by_everything(self) -> None:
        model = Model()
        model.take_snapshot(snapshot(functions=function_rows(20)), 0.0)
        for sort in FUNCTION_SORTS:
            assert len(model.functions(None, sort)) == 20
        assert model.functions()[0].name == "module19.work"

    def test_rows_that_are_not_asked_for_stay(self) -> None:
        """A view that needs no rows asks for none; going back to the table must not show an empty one."""
        model = Model()
        model.take_snapshot(snapshot(0, connections=connection_rows(3)), 0.0)
        model.take_snapshot(snapshot(1), 1.0)
        assert len(model.connections()) == 3

    def test_processes_add_their_connections_up(self) -> None:
        rows = [
            ConnectionRow(id=1, pid=5, uid=1, client="a", state="busy", in_flight=8, rate=2.0, calls=10),
            ConnectionRow(id=2, pid=5, uid=1, client="a", state="queued", in_flight=8, rate=1.0, calls=1),
            ConnectionRow(id=3, pid=6, uid=2, client=HOSTILE[0], state="busy", in_flight=2, rate=-1.0),
            ConnectionRow(id=4, pid=7, uid=2, state="idle"),
        ]
        model = Model()
        model.take_snapshot(snapshot(connections=rows), 0.0)
        first, second, third = model.processes()
        assert (first.pid, first.connections, first.in_flight, first.queued, first.calls) == (5, 2, 8, 1, 11)
        assert (first.rate, first.share) == (3.0, 0.8)
        assert (second.rate, second.share) == (0.0, 0.2)
        assert third.share == 0.0
        assert model.fairness() == pytest.approx(100 / (2 * 68))
        assert fairness([third]) is None
        for sort in PROCESS_SORTS:
            assert len(model.processes(parse("!nobody"), sort)) == 3

    def test_a_thousand_connections_cost_little(self) -> None:
        """Ten frames a second must leave the processor alone: a second look at the same snapshot costs nothing."""
        model = Model()
        model.take_snapshot(snapshot(connections=connection_rows(1000), sample=history_row(NOON)), 0.0)
        matching = parse("!idle uid=1001")
        first = model.connections(matching, "rate")
        before = time.perf_counter()
        for _ in range(1000):
            assert model.connections(matching, "rate") is first
            model.trend("memory", 300)
            model.headroom()
        assert time.perf_counter() - before < 0.5  # 0.01 s where nothing else runs


class TestEvents:
    def test_open_violations_come_first_then_warnings_then_the_newest(self) -> None:
        model = Model()
        model.take_events(
            [
                episode_event(1, 1, NOON + 1, level="warning", now="warning", resource="cpu"),
                episode_event(2, 2, NOON + 2),
                change_event(3, 1, NOON + 9),
                episode_event(4, 4, NOON, end=NOON + 5, now="normal", resource="memory"),
                episode_event(5, 5, NOON + 3, level="violation", now="warning", resource="lag"),
            ],
            0.0,
        )
        views = model.events()
        assert [(view.open, view.level) for view in views] == [
            (True, "violation"), (True, "warning"), (True, "warning"), (False, ""), (False, "violation"),
        ]  # fmt: skip
        assert [view.id for view in views] == [2, 5, 1, 3, 4]
        assert model.counts() == (1, 2)

    def test_an_episode_stays_one_line(self) -> None:
        model = Model()
        model.take_events([episode_event(1, 1, NOON), episode_event(2, 1, NOON, peak=120.0)], 0.0)
        key = model.events()[0].key
        model.take_events([episode_event(1, 1, NOON)], 0.0)  # an old one, fetched again
        assert len(model.events()) == 1
        assert model.events()[0].episode is not None
        assert model.events()[0].episode.peak == 120.0
        model.take_events([episode_event(3, 1, NOON, end=NOON + 4, now="normal")], 0.0)
        assert [(view.key, view.open, view.at) for view in model.events()] == [(key, False, NOON + 4)]

    def test_snapshots_keep_open_episodes_and_close_those_whose_end_was_missed(self) -> None:
        model = Model()
        going_on = Episode(4, "cpu", "warning", NOON, now="warning", peak=170.0)
        model.take_snapshot(snapshot(1, open_episodes=[going_on], sequence=4), 0.0)
        assert model.counts() == (0, 1)
        model.take_snapshot(snapshot(2, sequence=4), 1.0)
        assert model.counts() == (0, 0)
        model.take_events([episode_event(5, 4, NOON, end=NOON + 1.5, now="normal", level="warning")], 1.0)
        assert [view.at for view in model.events()] == [NOON + 1.5]

    def test_an_episode_newer_than_the_snapshot_is_open(self) -> None:
        model = Model()
        model.take_snapshot(snapshot(1, sequence=4), 0.0)
        model.take_events([episode_event(5, 5, NOON + 1)], 0.0)
        assert model.counts() == (1, 0)

    def test_changes_go_into_the_journal_once(self) -> None:
        model = Model()
        entry = change_event(1, 7, NOON).change
        assert entry is not None
        model.take_journal([entry], 0.0)
        model.take_events([change_event(1, 7, NOON), change_event(2, 8, NOON + 1)], 0.0)
        assert [each.number for each in model.journal] == [7, 8]

    def test_the_list_is_bounded(self) -> None:
        model = Model()
        model.take_events([episode_event(1, 1, NOON)], 0.0)
        model.take_events([change_event(at, at, NOON + at) for at in range(2, 3000)], 0.0)
        assert len(model.events()) == 1000
        assert model.events()[0].open


class TestInsight:
    def resources(self, **values: float) -> dict[str, Resource]:
        limits = {"memory": 1000.0, "cpu": 200.0, "concurrent": 100.0, "rate": 2000.0}
        return {name: Resource(values.get(name, 0.0), limit) for name, limit in limits.items()}

    def test_a_forecast_needs_a_line(self) -> None:
        model = Model()
        rows = [history_row(NOON + at, memory_mb=300 + at) for at in range(300)]
        model.take_snapshot(snapshot(299, resources=self.resources(memory=599.0)), 0.0)
        model.take_history(history(*rows), 0.0)
        assert model.forecast("memory", 0.5) == "memory reaches its warning mark in about 3 min at this slope"
        assert model.forecast("cpu", 0.5) is None
        assert model.forecast("memory", 60.0) is None  # stale: nobody knows how it went on

    @pytest.mark.parametrize(
        "value",
        [
            lambda at: 300.0,
            lambda at: 700.0 - at,
            lambda at: 300 + (at * 7919 % 200),
            lambda at: 300 + 0.05 * at,
            lambda at: 1200.0 + at,
        ],
        ids=["flat", "falling", "noise", "hours away", "beyond the limit"],
    )
    def test_no_forecast_is_better_than_a_guess(self, value: object) -> None:
        model = Model()
        assert callable(value)
        rows = [history_row(NOON + at, memory_mb=value(at)) for at in range(300)]
        model.take_history(history(*rows), 0.0)
        model.take_snapshot(snapshot(299, resources=self.resources(memory=value(299))), 0.0)
        assert model.forecast("memory", 0.0) is None

    def test_beyond_the_warning_the_limit_is_forecast(self) -> None:
        model = Model()
        model.take_history(history(*(history_row(NOON + at, memory_mb=600 + at) for at in range(300))), 0.0)
        model.take_snapshot(snapshot(299, resources=self.resources(memory=899.0)), 0.0)
        assert model.forecast("memory", 0.0) == "memory reaches its limit in about 2 min at this slope"

    def test_little_s_law(self) -> None:
        model = Model()
        assert model.binding() is None
        limits = {"max_concurrent_requests": 100, "max_requests_per_minute": 2000}
        model.take_history(history(*(history_row(NOON + at) for at in range(60))), 0.0)
        model.take_snapshot(snapshot(60, limits=limits, resources=self.resources(rate=600)), 0.0)
        assert model.binding() == "at 0.40 s a call, 2000/min keeps only 13 of 100 slots busy"
        slow = [history_row(NOON + 60 + at, run_seconds=60.0) for at in range(400)]
        model.take_history(history(*slow), 0.0)
        assert model.binding() == "at 6.00 s a call, 100 slots take only 1000 of 2000 calls/min"

    def test_headroom_names_what_is_full_next(self) -> None:
        model = Model()
        assert model.headroom() == ""
        model.take_history(history(*(history_row(NOON + at) for at in range(60))), 0.0)
        model.take_snapshot(snapshot(60, resources=self.resources(rate=1948)), 0.0)
        assert model.headroom() == "can take +52 calls/min until the rate is full"
        over = self.resources(rate=2100)
        over["rate"].level = "violation"
        model.take_snapshot(snapshot(61, resources=over), 0.0)
        assert model.headroom() == "no room: the rate is over the limit"
        model.take_snapshot(snapshot(62, draining=True), 0.0)
        assert "draining" in model.headroom()


def test_whoever_may_operate_is_told_by_the_daemon() -> None:
    model = Model()
    assert not model.may_operate
    model.take_snapshot(FakeDaemon().make_snapshot(), 0.0)
    assert model.may_operate
    model.link_replay(NOON, 1.0, 0.0, playing=True)
    assert not model.may_operate
