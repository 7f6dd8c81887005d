from __future__ import annotations

import pytest

from console.keys import ACTIONS, by_id, key_text
from console.screens.main import MainScreen
from console.widgets.limits import LimitBars
from console.widgets.table import LineTable


def test_every_action_has_its_method() -> None:
    """A key that does nothing is worse than none."""
    missing = [action.id for action in ACTIONS if action.id != "details" and not hasattr(MainScreen, action.method)]
    assert missing == []


def test_ids_and_keys_are_taken_once() -> None:
    ids = [action.id for action in ACTIONS]
    assert len(ids) == len(set(ids))
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert sorted(keys) == sorted(set(keys))


def test_keys_that_terminals_and_shells_want_are_left_alone() -> None:
    """screen, tmux and shells: a k9s that answered ctrl+k once killed random pods."""
    forbidden = {"ctrl+a", "ctrl+b", "ctrl+d", "ctrl+k"}
    used = {key for action in ACTIONS for key in action.keys.split(",")}
    for widget in (LineTable, LimitBars):
        used |= {key for binding in widget.BINDINGS for key in binding.key.split(",")}  # type: ignore[union-attr]
    assert not used & forbidden
    assert not [action.id for action in ACTIONS if action.write and "ctrl+" in action.keys]


def test_what_changes_the_daemon_needs_write_mode() -> None:
    changing = {"limit.edit", "limit.undo", "limit.confirm", "limit.save", "connection.close", "drain"}
    changing |= {"event.acknowledge", "note"}
    assert {action.id for action in ACTIONS if action.write} == changing


@pytest.mark.parametrize(
    ("keys", "shown"),
    [("ctrl+p", "^p"), ("question_mark,f1", "? f1"), ("plus,equals_sign", "+ ="), ("W", "W"), ("left", "Left")],
)
def test_keys_are_written_as_people_write_them(keys: str, shown: str) -> None:
    assert key_text(keys) == shown


def test_methods_of_views_take_their_name() -> None:
    assert by_id("view.events").method == "do_view"
    assert by_id("limit.edit").method == "do_limit_edit"
    with pytest.raises(KeyError):
        by_id("nothing")
