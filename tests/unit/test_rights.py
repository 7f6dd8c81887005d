"""Who may use the admin socket."""

from __future__ import annotations

import os
import pwd

import pytest

from bridge.rights import Rights

OWN = os.geteuid()
OTHER, ANOTHER = 60001, 60002  # uids that nobody here has


class TestLevels:
    def test_root_and_the_daemon_always_may(self) -> None:
        """With no setting at all, root and the daemon's own user operate, and nobody else comes in."""
        rights = Rights()
        assert (rights.level(0), rights.level(OWN), rights.level(OTHER)) == ("operate", "operate", None)

    def test_each_list_gives_its_level(self) -> None:
        """Operators operate, observers look, and who is both operates."""
        rights = Rights(operators=frozenset({OTHER}), observers=frozenset({OTHER, ANOTHER}))
        assert (rights.level(OTHER), rights.level(ANOTHER), rights.level(60003)) == ("operate", "observe", None)

    def test_root_is_not_made_less_by_being_an_observer(self) -> None:
        """Naming root or the daemon's user among the observers takes nothing from them."""
        rights = Rights(observers=frozenset({0, OWN}))
        assert rights.level(0) == rights.level(OWN) == "operate"


class TestNames:
    def test_names_and_numbers(self) -> None:
        """Users are given by name or by number; a number needs no account."""
        somebody = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
        rights, warnings = Rights.of((somebody.pw_name, str(OTHER)), (str(ANOTHER),))
        assert rights.operators == {somebody.pw_uid, OTHER}
        assert rights.observers == {ANOTHER}
        assert warnings == []

    def test_unknown_names_let_nobody_in(self) -> None:
        """A name that is not known is a warning that names it and its setting; the others count."""
        rights, warnings = Rights.of(("no-such-user-1", str(OTHER)), ("no-such-user-2",))
        assert (rights.operators, rights.observers) == ({OTHER}, frozenset())
        assert len(warnings) == 2
        assert "admin_users names no-such-user-1" in warnings[0]
        assert "observers names no-such-user-2" in warnings[1]


@pytest.mark.parametrize(
    ("admin_users", "observers", "others"),
    [
        ((), (), False),
        (("0", str(OWN)), (str(OWN),), False),
        ((str(OTHER),), (), True),
        ((), (str(OTHER),), True),
        (("no-such-user-1",), (), False),
    ],
)
def test_others(admin_users: tuple[str, ...], observers: tuple[str, ...], others: bool) -> None:
    """The socket is opened to everybody's processes only where somebody else is really let in."""
    assert Rights.of(admin_users, observers)[0].others is others
