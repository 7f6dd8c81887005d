"""Changing limits: revisions, undo, limits that end by themselves, changes that must be confirmed."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge.adminwire import AdminError, AdminErrorCode, Change, LimitsResult
from bridge.changes import LIMIT_ACTIONS, Instant, Who
from bridge.control import LimitControl
from bridge.limits import Limits

ANNA, BERT = Who(1001, 21, "anna"), Who(1002, 22, "bert")
RATE, SLOTS, MEMORY = "max_requests_per_minute", "max_concurrent_requests", "max_memory_mb"


def at(seconds: float) -> Instant:
    """Return a moment; the wall clock shows something else, and stands an hour in the future."""
    return Instant(seconds, 1_000_000.0 + seconds)


def fold(start: Limits, entries: Any) -> Limits:
    """Return the limits that the journal tells of."""
    limits = start
    for entry in entries:
        if entry.action in LIMIT_ACTIONS:
            limits = limits.evolve(**{name: after for name, (_, after) in entry.changes.items()})
    return limits


class Office:
    """A control with shorter words for the tests."""

    def __init__(self, **limits: Any) -> None:
        self.control = LimitControl(Limits(**limits))

    def set(self, now: float, who: Who = ANNA, **wanted: Any) -> LimitsResult:
        """``set(0, max_memory_mb=5, lasting=10)``: what is no limit is an option."""
        names = attrs.asdict(Limits())
        options = {name: value for name, value in wanted.items() if name not in names}
        limits = {name: value for name, value in wanted.items() if name in names}
        return self.control.set(who, limits, at(now), **options)

    def undo(self, now: float, who: Who = ANNA, **options: Any) -> LimitsResult:
        return self.control.undo(who, at(now), **options)

    def due(self, now: float) -> list[str]:
        return [result.change.action for result in self.control.due(at(now)) if result.change is not None]

    def __getitem__(self, name: str) -> float:
        return self.control.limits.as_dict()[name]

    @property
    def actions(self) -> list[str]:
        return [entry.action for entry in self.control.entries]


@pytest.fixture
def office() -> Office:
    return Office()


@contextlib.contextmanager
def refused(code: int, *words: str) -> Iterator[pytest.ExceptionInfo[AdminError]]:
    """Expect this error code, and these words in its message."""
    with pytest.raises(AdminError) as caught:
        yield caught
    assert caught.value.code == code
    for word in words:
        assert word in caught.value.message


class TestSet:
    def test_answer(self, office: Office) -> None:
        """The answer tells before, after, what changed, the revision, and the entry with who, when and why."""
        result = office.set(5, BERT, max_memory_mb=512, reason="deploy")
        assert (result.before[MEMORY], result.after[MEMORY]) == (1024, 512)
        assert result.changed == {MEMORY: (1024, 512)}
        assert result.revision == office.control.revision == 1
        assert result.change == Change(
            number=1, revision=1, at=1_000_005.0, action="set", user="bert", uid=1002, pid=22,
            changes={MEMORY: (1024, 512)}, reason="deploy",
        )  # fmt: skip

    @pytest.mark.parametrize(
        "wanted",
        [
            {},
            {MEMORY: 512, RATE: 0},
            {MEMORY: 512, "no_such_limit": 1},
            {MEMORY: 512, "self": 1},
            {MEMORY: 10**400},
            {RATE: -(10**400)},
            {RATE: True},
            {RATE: "400"},
            {RATE: 1.5},
            {RATE: None},
            {RATE: float("nan")},
            {MEMORY: float("inf")},
            {MEMORY: []},
        ],
    )
    def test_all_or_nothing(self, office: Office, wanted: Mapping[str, object]) -> None:
        """One bad value, and nothing is changed or written down."""
        with refused(AdminErrorCode.INVALID_PARAMS):
            office.control.set(ANNA, wanted, at(0))
        assert office.control.limits == Limits()
        assert (office.control.revision, office.actions) == (0, [])

    def test_every_problem_is_named(self, office: Office) -> None:
        """Two bad values are two problems, and hostile names come back harmless."""
        with refused(AdminErrorCode.INVALID_PARAMS) as caught:
            office.control.set(ANNA, {RATE: 0, MEMORY: -1}, at(0))
        assert [RATE in caught.value.data["problems"][0], MEMORY in caught.value.data["problems"][1]] == [True, True]
        with refused(AdminErrorCode.INVALID_PARAMS) as caught:
            office.control.set(ANNA, {"\x1b[2J": 0}, at(0))
        assert r"\x1b[2J" in str(caught.value)

    def test_whole_numbers_written_with_a_point(self, office: Office) -> None:
        """JSON has one kind of number: 400.0 is a whole one."""
        assert office.set(0, max_requests_per_minute=400.0).after[RATE] == 400
        assert isinstance(office[RATE], int)

    def test_what_is_so_already(self, office: Office) -> None:
        """Setting what is in force is no change and no revision."""
        result = office.set(0, max_memory_mb=1024)
        assert (result.change, result.changed, office.control.revision) == (None, {}, 0)

    def test_dry_run(self, office: Office) -> None:
        """A dry run answers like the real one and changes nothing, not even a timer."""
        result = office.set(0, max_memory_mb=512, lasting=60, confirm_within=60, dry_run=True)
        assert result.changed == {MEMORY: (1024, 512)}
        assert (result.change, office[MEMORY], office.control.revision) == (None, 1024, 0)
        assert office.control.next_due() is None
        with refused(AdminErrorCode.INVALID_PARAMS):
            office.set(0, max_memory_mb=-1, dry_run=True)

    @pytest.mark.parametrize(
        "options",
        [
            {"lasting": 0.5},
            {"lasting": 604_801},
            {"lasting": float("nan")},
            {"confirm_within": 4},
            {"lasting": -1},
            {"lasting": 10**400},
            {"lasting": True},
            {"confirm_within": "30"},
            {"lasting": [60]},
        ],
    )
    def test_durations(self, office: Office, options: dict[str, Any]) -> None:
        """Durations have bounds, and are numbers."""
        with refused(AdminErrorCode.INVALID_PARAMS, "must be from"):
            office.set(0, max_memory_mb=512, **options)
        assert office[MEMORY] == 1024

    def test_reason_is_made_safe(self, office: Office) -> None:
        """Reasons are shown on other people's terminals."""
        result = office.set(0, max_memory_mb=512, reason="\x1b[2J" + "x" * 10_000)
        assert result.change is not None
        assert result.change.reason.startswith(r"\x1b[2Jxxx")
        assert len(result.change.reason) <= 200


class TestTwoOperators:
    def test_conflict_tells_who_and_when(self, office: Office) -> None:
        """Who comes second is told what is in force, who did it, and how long ago."""
        office.set(0, BERT, max_requests_per_minute=400)
        with refused(AdminErrorCode.CONFLICT, "max_requests_per_minute is 400", "by bert 12 s ago") as caught:
            office.set(12, ANNA, max_requests_per_minute=900, expected_revision=0)
        assert caught.value.data["revision"] == 1
        assert caught.value.data["limits"][RATE] == 400
        assert caught.value.data["change"].user == "bert"
        assert office[RATE] == 400

    def test_a_clock_that_was_set_back(self, office: Office) -> None:
        """It never says "-3600 s ago"."""
        office.set(0, BERT, max_requests_per_minute=400)
        with refused(AdminErrorCode.CONFLICT, "by bert 0 s ago"):
            office.control.set(ANNA, {RATE: 900}, Instant(1.0, 5.0), expected_revision=0)

    def test_the_right_revision_goes_through(self, office: Office) -> None:
        """Whoever has seen the last change may change it again."""
        office.set(0, BERT, max_requests_per_minute=400)
        assert office.set(1, max_requests_per_minute=900, expected_revision=1).revision == 2

    def test_undo_is_guarded_too(self, office: Office) -> None:
        """An undo on old knowledge is refused."""
        office.set(0, BERT, max_requests_per_minute=400)
        with refused(AdminErrorCode.CONFLICT):
            office.undo(1, expected_revision=0)


class TestTemporary:
    def test_it_ends_by_itself(self, office: Office) -> None:
        """The old value comes back when the time is over, not before, and the daemon says so."""
        result = office.set(0, max_memory_mb=512, lasting=60)
        assert result.change is not None
        assert result.change.until == 1_000_060.0
        [shown] = result.temporary
        assert (shown.name, shown.value, shown.restore, shown.until, shown.user) == (
            MEMORY, 512, 1024, 1_000_060.0, "anna",
        )  # fmt: skip
        assert office.control.next_due() == 60
        assert office.due(59.9) == []
        assert office[MEMORY] == 512
        assert office.due(60) == ["expire"]
        assert (office[MEMORY], office.control.temporary, office.control.next_due()) == (1024, [], None)
        entry = office.control.entries[-1]
        assert (entry.user, entry.uid, entry.undoes, entry.changes) == ("daemon", 0, 1, {MEMORY: (512, 1024)})

    def test_the_second_keeps_the_firsts_way_back(self, office: Office) -> None:
        """Two temporary values on top of each other end in the value that was there before both."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(10, BERT, max_memory_mb=256, lasting=20)
        assert office.due(30) == ["expire"]
        assert office[MEMORY] == 1024
        assert office.due(60) == []

    def test_different_limits_end_apart(self, office: Office) -> None:
        """Each of two limits ends in its own time."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(0, max_requests_per_minute=400, lasting=30)
        assert office.due(30) == ["expire"]
        assert (office[MEMORY], office[RATE]) == (512, 2000)
        assert office.due(60) == ["expire"]
        assert office.control.limits == Limits()

    def test_one_change_of_two_limits_ends_as_one(self, office: Office) -> None:
        """What was set together comes back together, as one entry."""
        office.set(0, max_memory_mb=512, max_requests_per_minute=400, lasting=60)
        assert office.due(60) == ["expire"]
        assert office.control.limits == Limits()

    def test_permanent_over_temporary(self, office: Office) -> None:
        """A value without an end stays when the temporary one would have ended."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(10, max_memory_mb=300)
        assert office.due(60) == []
        assert office[MEMORY] == 300

    def test_the_same_value_for_good(self, office: Office) -> None:
        """To keep a temporary value is a change, though no figure moves."""
        office.set(0, max_memory_mb=512, lasting=60)
        assert office.set(10, max_memory_mb=512).change is not None
        assert office.due(60) == []
        assert office[MEMORY] == 512

    def test_undone_in_time(self, office: Office) -> None:
        """Undoing a temporary change ends it for good."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.undo(10)
        assert (office[MEMORY], office.control.temporary) == (1024, [])
        assert office.due(60) == []

    def test_undoing_the_second_brings_back_the_first_with_its_end(self, office: Office) -> None:
        """A value that was meant for a minute does not become one for ever because somebody undid a change over it."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(10, BERT, max_memory_mb=300)
        office.undo(20, BERT)
        assert office[MEMORY] == 512
        assert office.control.next_due() == 60
        assert office.due(60) == ["expire"]
        assert office[MEMORY] == 1024

    def test_undoing_the_second_after_the_first_was_over(self, office: Office) -> None:
        """If the first one's time has passed meanwhile, it ends at once."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(10, BERT, max_memory_mb=300)
        office.undo(100, BERT)
        assert office.due(100) == ["expire"]
        assert office[MEMORY] == 1024

    def test_undo_of_the_undo_is_temporary_again(self, office: Office) -> None:
        """Doing it again does all of it again, its end included."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.undo(10)
        office.undo(20)
        assert office[MEMORY] == 512
        assert office.due(60) == ["expire"]
        assert office[MEMORY] == 1024

    def test_what_lasts(self, office: Office) -> None:
        """For a file, a temporary limit counts as what it goes back to."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(0, max_requests_per_minute=400)
        assert office.control.lasting(at(1)) == Limits(max_requests_per_minute=400)


class TestConfirm:
    def test_rollback(self, office: Office) -> None:
        """Nobody confirms: the daemon takes it back, in its own name."""
        result = office.set(0, max_requests_per_minute=1, max_memory_mb=99, confirm_within=30)
        assert result.unconfirmed is not None
        assert result.unconfirmed.restore == {RATE: 2000, MEMORY: 1024}
        assert result.change is not None
        assert result.change.confirm_by == 1_000_030.0
        assert office.due(29.9) == []
        assert office.due(30) == ["rollback"]
        assert (office.control.limits, office.control.unconfirmed) == (Limits(), None)
        assert office.control.entries[-1].user == "daemon"
        assert office.due(1000) == []

    def test_confirmed(self, office: Office) -> None:
        """It stays, and the revision does not move: no limit has changed."""
        office.set(0, max_memory_mb=512, confirm_within=30)
        office.control.confirm(BERT, at(10), 1)
        assert office.due(100) == []
        assert (office[MEMORY], office.control.revision, office.actions) == (512, 1, ["set", "confirm"])

    def test_nothing_to_confirm(self, office: Office) -> None:
        """Too late, or the wrong revision: it is said, and nothing happens."""
        with refused(AdminErrorCode.REFUSED):
            office.control.confirm(ANNA, at(0))
        office.set(0, max_memory_mb=512, confirm_within=30)
        with refused(AdminErrorCode.NOT_FOUND, "revision 1 does"):
            office.control.confirm(ANNA, at(1), 7)
        assert office.control.unconfirmed is not None

    def test_others_have_to_wait(self, office: Office) -> None:
        """Meanwhile no other change is made, nor written into a file."""
        office.set(0, max_requests_per_minute=1000)
        office.set(0, max_memory_mb=512, confirm_within=30)
        with refused(AdminErrorCode.CONFLICT, "Revision 2 by anna", "29 s more"):
            office.set(1, BERT, max_requests_per_minute=5)
        with refused(AdminErrorCode.CONFLICT, "Revision 2 by anna"):
            office.undo(1, BERT, revision=1)
        with refused(AdminErrorCode.CONFLICT, "Revision 2 by anna"):
            office.control.lasting(at(1))
        assert office[RATE] == 1000

    def test_undo_takes_it_back_at_once(self, office: Office) -> None:
        """No need to wait for the rollback, and it is over then."""
        office.set(0, max_memory_mb=512, confirm_within=30)
        office.undo(1)
        assert (office.control.limits, office.control.unconfirmed) == (Limits(), None)
        assert office.due(100) == []
        assert office.set(2, max_memory_mb=400).revision == 3

    def test_undo_means_the_one_that_waits(self, office: Office) -> None:
        """A reload in between is not what an operator who fears for his access wants to undo."""
        office.set(0, max_memory_mb=512, confirm_within=30)
        office.control.reload(Limits(max_requests_per_minute=100), at(1))
        assert office.undo(2).after == dict(Limits(max_requests_per_minute=100).as_dict())

    def test_a_reload_of_the_same_limit(self, office: Office) -> None:
        """What the file says anew is kept by the rollback, and by the undo."""
        for end in ("rollback", "undo"):
            office = Office()
            office.set(0, max_memory_mb=512, confirm_within=30)
            office.control.reload(Limits(max_memory_mb=700), at(1))
            assert office[MEMORY] == 700
            if end == "undo":
                office.undo(2)
            else:
                assert office.due(30) == ["rollback"]
            assert (office[MEMORY], office.control.unconfirmed) == (700, None)

    def test_temporary_and_unconfirmed(self, office: Office) -> None:
        """A temporary change that nobody confirms is taken back whole: no timer stays."""
        office.set(0, max_memory_mb=512, lasting=60, confirm_within=30)
        assert office.due(30) == ["rollback"]
        assert (office.control.limits, office.control.temporary) == (Limits(), [])
        assert office.due(60) == []

    def test_rollback_to_a_temporary_value(self, office: Office) -> None:
        """The temporary value comes back with its end, or ends at once if that has passed."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(10, max_memory_mb=300, confirm_within=20)
        assert office.due(30) == ["rollback"]
        assert office[MEMORY] == 512
        assert office.due(60) == ["expire"]
        assert office[MEMORY] == 1024
        office.set(100, max_memory_mb=512, lasting=10)
        office.set(105, max_memory_mb=300, confirm_within=20)
        assert office.due(125) == ["rollback", "expire"]
        assert office[MEMORY] == 1024

    def test_a_shorter_end_that_nobody_confirms(self, office: Office) -> None:
        """The value of before comes back with its end, though the change gave it no other value."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(1, max_memory_mb=512, lasting=10, confirm_within=30)
        assert office.due(11) == ["expire"]
        assert office.due(31) == ["rollback"]
        assert (office[MEMORY], office.control.next_due()) == (512, 60)
        assert office.due(60) == ["expire"]
        assert office[MEMORY] == 1024

    def test_another_limit_ends_meanwhile(self, office: Office) -> None:
        """It ends once: the rollback does not bring its timer back."""
        office.set(0, max_memory_mb=512, lasting=10)
        office.set(0, max_requests_per_minute=5, confirm_within=30)
        assert office.due(10) == ["expire"]
        assert office.due(30) == ["rollback"]
        assert office.due(31) == []
        assert office.control.limits == Limits()


class TestUndo:
    def test_undo_and_undo_of_undo(self, office: Office) -> None:
        """Undo takes back the last change; once more does it again; once more takes it back again."""
        office.set(0, max_memory_mb=512, max_requests_per_minute=400)
        assert office.undo(1).changed == {MEMORY: (512, 1024), RATE: (400, 2000)}
        assert office.undo(2).changed == {MEMORY: (1024, 512), RATE: (2000, 400)}
        assert office.undo(3).after == dict(Limits().as_dict())
        assert [entry.undoes for entry in office.control.entries] == [None, 1, 2, 3]

    def test_an_older_one(self, office: Office) -> None:
        """An older change can be undone by its revision as long as nobody touched its limits since."""
        office.set(0, max_memory_mb=512)
        office.set(1, BERT, max_requests_per_minute=400)
        assert office.undo(2, revision=1).changed == {MEMORY: (512, 1024)}
        assert office[RATE] == 400
        with refused(AdminErrorCode.REFUSED, "taken back already"):
            office.undo(3, revision=1)

    def test_not_over_somebody_elses_change(self, office: Office) -> None:
        """Whose limits have been changed since is not undone, not even in part."""
        office.set(0, max_memory_mb=512, max_requests_per_minute=400)
        office.set(10, BERT, max_requests_per_minute=300)
        with refused(AdminErrorCode.CONFLICT, "max_requests_per_minute is 300 now, by bert 5 s ago"):
            office.undo(15, revision=1)
        assert (office[MEMORY], office[RATE]) == (512, 300)

    def test_not_over_the_same_value_set_once_more(self, office: Office) -> None:
        """Somebody came back to the value on purpose, for a while even: that is his change, though figures match."""
        for options in ({}, {"lasting": 60}):
            office = Office()
            office.set(0, max_memory_mb=512)
            office.set(1, BERT, max_memory_mb=300)
            office.set(2, BERT, max_memory_mb=512, **options)
            with refused(AdminErrorCode.CONFLICT, "max_memory_mb is 512 now, by bert 8 s ago (revision 3)"):
                office.undo(10, revision=1)
            assert office[MEMORY] == 512

    def test_over_what_was_taken_back(self, office: Office) -> None:
        """A later change that was undone is as if it had never been; done again, it is in the way again."""
        office.set(0, max_memory_mb=512)
        office.set(1, BERT, max_memory_mb=300)
        office.undo(2, BERT)
        office.undo(3, BERT)
        with refused(AdminErrorCode.CONFLICT, "max_memory_mb is 300 now, by bert"):
            office.undo(4, revision=1)
        office.undo(5, BERT)
        assert office.undo(6, revision=1).changed == {MEMORY: (512, 1024)}

    def test_keeping_for_good_can_be_undone(self, office: Office) -> None:
        """It changed no figure but the end; undo means that, and not the change before it."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(1, BERT, max_memory_mb=512)
        with refused(AdminErrorCode.CONFLICT, "max_memory_mb is 512 now, by bert"):
            office.undo(2, revision=1)
        result = office.undo(3)
        assert (result.changed, [each.name for each in result.temporary]) == ({}, [MEMORY])
        assert office.due(60) == ["expire"]
        assert office[MEMORY] == 1024

    def test_an_end_does_not_come_back_over_somebody_elses_value(self, office: Office) -> None:
        """What was kept for good along with another change, and set by somebody since, stays his."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(1, max_memory_mb=512, max_requests_per_minute=400)
        office.set(2, BERT, max_memory_mb=300)
        with refused(AdminErrorCode.CONFLICT, "max_memory_mb is 300 now, by bert"):
            office.undo(3, revision=2)
        assert office.due(60) == []
        assert office[MEMORY] == 300

    def test_the_last_that_can_be_undone(self, office: Office) -> None:
        """What has ended by itself, or with a restart, is not in the way of what was done before."""
        office.set(0, max_requests_per_minute=400)
        office.set(0, max_memory_mb=512, lasting=60)
        office.undo(1)
        office.undo(2)
        assert office.due(60) == ["expire"]
        assert office.undo(61).changed == {RATE: (400, 2000)}

    def test_after_a_restart(self) -> None:
        """A change that was saved can be undone after a restart that ended another one."""
        before = Office()
        before.set(0, max_requests_per_minute=400)
        before.set(0, max_memory_mb=512)
        control = LimitControl(Limits(max_requests_per_minute=400), entries=before.control.entries)
        control.start(at(1))
        with refused(AdminErrorCode.CONFLICT, "max_memory_mb is 1024 now, by daemon"):
            control.undo(ANNA, at(2), revision=2)
        assert control.undo(ANNA, at(2)).changed == {RATE: (400, 2000)}

    def test_nothing_to_undo(self, office: Office) -> None:
        """It is said in words."""
        with refused(AdminErrorCode.REFUSED, "no change to undo"):
            office.undo(0)
        with refused(AdminErrorCode.NOT_FOUND, "no revision 9"):
            office.undo(0, revision=9)

    def test_what_the_daemon_did_is_not_meant(self, office: Office) -> None:
        """After a temporary limit has ended, undo looks for what a person did."""
        office.set(0, max_requests_per_minute=400)
        office.set(1, max_memory_mb=512, lasting=10)
        office.due(11)
        assert office.undo(12).changed == {RATE: (400, 2000)}

    def test_a_journal_of_another_version(self) -> None:
        """Limits that this daemon does not know, and values out of today's ranges, are refused in words."""
        entries = [
            Change(number=1, revision=1, at=0.0, action="set", changes={"max_threads": (1, "many")}),
            Change(number=2, revision=2, at=0.0, action="set", changes={MEMORY: (1, 1024)}),
        ]
        control = LimitControl(Limits(), entries=entries)
        with refused(AdminErrorCode.REFUSED, "no limit called max_threads"):
            control.undo(ANNA, at(0), revision=1)
        with refused(AdminErrorCode.REFUSED, "Revision 2 cannot be undone"):
            control.undo(ANNA, at(0), revision=2)
        with refused(AdminErrorCode.CONFLICT):
            control.set(ANNA, {RATE: 4}, at(0), expected_revision=1)
        assert control.limits == Limits()


class TestStartAndReload:
    def test_a_start_like_the_last_one(self) -> None:
        """Nothing is written down where nothing has changed."""
        assert LimitControl(Limits()).start(at(0)) is None
        before = Office()
        before.set(0, max_memory_mb=512)
        again = LimitControl(Limits(max_memory_mb=512), entries=before.control.entries)
        assert again.start(at(9)) is None
        assert again.revision == 1

    def test_a_start_with_other_limits(self) -> None:
        """Temporary values do not survive, and the journal says what is in force; numbers go on."""
        before = Office()
        before.set(0, max_memory_mb=512, lasting=1000)
        again = LimitControl(Limits(), entries=before.control.entries)
        change = again.start(at(9))
        assert change is not None
        assert (change.action, change.number, change.revision) == ("start", 2, 2)
        assert change.changes == {MEMORY: (512, 1024)}
        assert (again.limits, again.temporary, again.next_due()) == (Limits(), [], None)

    def test_a_limit_that_nobody_ever_changed(self) -> None:
        """A file that was edited between two runs is noticed too: the first start tells what differs from defaults."""
        first = LimitControl(Limits(max_memory_mb=512))
        change = first.start(at(0))
        assert change is not None
        assert change.changes == {MEMORY: (1024, 512)}
        second = LimitControl(Limits(max_memory_mb=600), entries=first.entries)
        change = second.start(at(0))
        assert change is not None
        assert change.changes == {MEMORY: (512, 600)}

    def test_reload_keeps_what_an_operator_set(self, office: Office) -> None:
        """Where the sources say what they said before, the operator's value stays, its end too."""
        office.set(0, max_memory_mb=512)
        office.set(0, max_requests_per_minute=400, lasting=60)
        result = office.control.reload(Limits(), at(1))
        assert (result.change, office[MEMORY], office[RATE]) == (None, 512, 400)
        assert office.due(60) == ["expire"]

    def test_reload_applies_what_is_new(self, office: Office) -> None:
        """Where they say something new, that counts, and no timer changes it afterwards."""
        office.set(0, max_memory_mb=512, lasting=60)
        office.set(0, max_requests_per_minute=400)
        result = office.control.reload(Limits(max_memory_mb=700), at(1))
        assert result.changed == {MEMORY: (512, 700)}
        assert result.configured[MEMORY] == 700
        assert office.due(60) == []
        assert (office[MEMORY], office[RATE]) == (700, 400)
        assert office.undo(61).changed == {MEMORY: (700, 512)}

    def test_after_a_save(self, office: Office) -> None:
        """What was saved is what the file says; a reload then finds nothing new."""
        office.set(0, max_memory_mb=512)
        office.control.saved(ANNA, at(1), "/etc/x.toml", {MEMORY: (None, 512)}, Limits(max_memory_mb=512))
        assert office.control.reload(Limits(max_memory_mb=512), at(2)).change is None
        assert office.control.revision == 1
        assert office.control.entries[-1].detail == "/etc/x.toml"


VALUES = st.sampled_from([1, 5, 50, 100, 700, 5000])
NAMES = st.sampled_from([SLOTS, RATE, "max_queued_requests", "max_connections"])
START = Limits(max_concurrent_requests=10)


class Machine(RuleBasedStateMachine):
    """Operators, reloads and time do whatever they like, in any order."""

    @initialize()
    def begin(self) -> None:
        self.control = LimitControl(START)
        self.time = 0.0
        self.everything: list[Change] = []
        self.homes: dict[str, tuple[float, float]] = {}  # limit -> (when it ends, what comes back), by simple rules

    def go(self, work: Any) -> LimitsResult | None:
        before = (self.control.limits, self.control.revision, list(self.control.entries), self.control.temporary)
        try:
            result: LimitsResult = work()
        except AdminError:
            # Whatever is refused has changed nothing at all.
            assert before == (
                self.control.limits, self.control.revision, list(self.control.entries), self.control.temporary,
            )  # fmt: skip
            return None
        if result.change is not None:
            self.everything.append(result.change)
        return result

    @rule(
        wanted=st.dictionaries(NAMES, VALUES, min_size=1, max_size=3),
        lasting=st.none() | st.sampled_from([1.0, 10.0, 100.0]),
        confirm=st.none() | st.sampled_from([5.0, 50.0]),
        dry=st.booleans(),
        stale=st.booleans(),
    )
    def change(
        self, wanted: dict[str, int], lasting: float | None, confirm: float | None, dry: bool, stale: bool
    ) -> None:
        options: dict[str, Any] = {"lasting": lasting, "confirm_within": confirm, "dry_run": dry}
        if stale:
            options["expected_revision"] = self.control.revision - 1
        result = self.go(lambda: self.control.set(ANNA, wanted, at(self.time), **options))
        assert result is None or not stale
        if result is not None and not dry:
            assert all(self.control.limits.as_dict()[name] == value for name, value in wanted.items())

    @rule(value=st.sampled_from([0, -1, 10**9, 10**400, "5", None, 1.5]))
    def nonsense(self, value: object) -> None:
        assert self.go(lambda: self.control.set(ANNA, {RATE: value, MEMORY: 77}, at(self.time))) is None

    @rule()
    def undo(self) -> None:
        self.go(lambda: self.control.undo(BERT, at(self.time)))

    @rule(back=st.integers(0, 5))
    def undo_one(self, back: int) -> None:
        self.go(lambda: self.control.undo(BERT, at(self.time), revision=self.control.revision - back))

    @rule()
    def confirm(self) -> None:
        self.go(lambda: self.control.confirm(BERT, at(self.time)))

    @rule(value=VALUES)
    def reload(self, value: int) -> None:
        self.go(lambda: self.control.reload(attrs.evolve(START, max_requests_per_minute=value), at(self.time)))

    @rule()
    def note(self) -> None:
        revision = self.control.revision
        self.everything.append(self.control.record(ANNA, "note", at(self.time), reason="hm"))
        assert self.control.revision == revision

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.time + seconds
        while (due := self.control.next_due()) is not None and due <= end:
            self.time = max(self.time, due)
            ending = {each.name: each for each in self.control.temporary if each.until <= at(self.time).wall}
            pending = self.control.unconfirmed is not None and self.control.unconfirmed.until <= at(self.time).wall
            results = self.control.due(at(self.time))
            assert results, "something was due, and nothing happened"
            self.everything += [result.change for result in results if result.change is not None]
            if not pending:
                # What ends goes back to exactly what was promised when it began.
                for name, each in ending.items():
                    assert self.control.limits.as_dict()[name] == each.restore
        self.time = end

    @invariant()
    def limits_are_valid(self) -> None:
        Limits(**self.control.limits.as_dict())

    @invariant()
    def revisions_count_changes(self) -> None:
        assert self.control.revision == sum(1 for entry in self.everything if entry.action in LIMIT_ACTIONS)
        assert [entry.number for entry in self.everything] == list(range(1, len(self.everything) + 1))

    @invariant()
    def the_journal_tells_all(self) -> None:
        assert list(self.control.entries) == self.everything
        assert fold(START, self.everything) == self.control.limits

    @invariant()
    def temporary_limits_are_in_force(self) -> None:
        for each in self.control.temporary:
            assert self.control.limits.as_dict()[each.name] == each.value
        assert (self.control.next_due() is None) == (not self.control.temporary and self.control.unconfirmed is None)

    @invariant()
    def in_the_end_nothing_temporary_stays(self) -> None:
        """A copy left alone for long has no timers, and only values that somebody meant to stay."""
        left = copy.deepcopy(self.control)
        expected = dict(left.limits.as_dict())
        homes = {each.name: each.restore for each in left.temporary}
        alone = left.unconfirmed is None
        for _ in range(10):
            left.due(at(self.time + 1_000_000))
        assert (left.temporary, left.unconfirmed, left.next_due()) == ([], None, None)
        if alone:
            assert dict(left.limits.as_dict()) == {**expected, **homes}


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestMachine = Machine.TestCase


def test_nothing_leaves_the_journal_below_a_thousand() -> None:
    """A thousand entries are kept, the newest; counting goes on."""
    control = LimitControl(Limits())
    for number in range(1, 1001):
        control.record(ANNA, "note", at(number))
        assert len(control.entries) == number
    control.set(ANNA, {MEMORY: 99}, at(2000))
    assert (len(control.entries), control.entries[0].number, control.entries[-1].number) == (1000, 2, 1001)
    again = LimitControl(Limits(max_memory_mb=99), entries=control.entries)
    assert again.start(at(0)) is None
    assert (again.revision, again.record(ANNA, "note", at(0)).number) == (1, 1002)
