"""The connection's transition table: what is listed happens, anything else raises."""

from __future__ import annotations

import pytest

from bridge.session import TRANSITIONS, Event, Phase, step


class TestTransitions:
    @pytest.mark.parametrize(("phase", "event"), [(phase, event) for phase in Phase for event in Event])
    def test_only_what_the_table_lists(self, phase: Phase, event: Event) -> None:
        """A listed event leads to the listed phase; any other raises and names both."""
        if (phase, event) in TRANSITIONS:
            assert step(phase, event) is TRANSITIONS[phase, event]
        else:
            with pytest.raises(ValueError, match=f"{event.name} cannot happen.*{phase.name}"):
                step(phase, event)

    def test_every_phase_can_be_reached_and_left(self) -> None:
        """No phase is a dead end but CLOSED, and none is unreachable."""
        reached = set(TRANSITIONS.values()) | {Phase.FRESH}
        assert reached == set(Phase)
        assert {phase for phase, _ in TRANSITIONS} == set(Phase)

    def test_closed_stays_closed(self) -> None:
        """Nothing brings a closed connection back."""
        assert {after for (phase, _), after in TRANSITIONS.items() if phase is Phase.CLOSED} == {Phase.CLOSED}

    def test_no_second_framing(self) -> None:
        """Once a newline was seen the connection is never taken for an older client's."""
        assert (Phase.LINES, Event.DOCUMENT) not in TRANSITIONS
