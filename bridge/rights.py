"""Who may do what at the admin socket: decided by the uid that the kernel names, by nothing else."""

from __future__ import annotations

import os
import pwd

import attrs

__all__ = ["Rights"]


@attrs.frozen
class Rights:
    """The uids that may change things, and those that may only look.

    Root and the daemon's own user may always do everything.
    """

    operators: frozenset[int] = frozenset()
    observers: frozenset[int] = frozenset()

    @classmethod
    def of(cls, admin_users: tuple[str, ...], observers: tuple[str, ...]) -> tuple[Rights, list[str]]:
        """Look names up; return the rights, and a warning for each name that this machine does not know.

        It is done at the start and not at each connection: asking a directory service may take its time.
        """
        warnings: list[str] = []

        def numbers(names: tuple[str, ...], setting: str) -> frozenset[int]:
            found = set()
            for name in names:
                try:
                    found.add(int(name) if name.isascii() and name.isdigit() else pwd.getpwnam(name).pw_uid)
                except KeyError:
                    warnings.append(f"{setting} names {name}, whom this machine does not know; nobody is let in for it")
            return frozenset(found)

        return cls(numbers(admin_users, "admin_users"), numbers(observers, "observers")), warnings

    @property
    def others(self) -> bool:
        """Whether anybody but root and the daemon's own user may connect."""
        return bool((self.operators | self.observers) - {0, os.geteuid()})

    def level(self, uid: int) -> str | None:
        """Return ``operate``, ``observe``, or ``None`` for nobody we know."""
        if uid in {0, os.geteuid()} or uid in self.operators:
            return "operate"
        return "observe" if uid in self.observers else None
