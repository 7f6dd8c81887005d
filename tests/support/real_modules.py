"""CPAN modules as Debian packages them, unpacked into a folder: nothing on the machine changes for other tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from daemon_process import clean_environment

sys.path.insert(0, str(Path(__file__).parents[1] / "compat"))

from compat_fetch import FetchError, Store
from compat_unpack import unpack_deb

__all__ = ["FetchError", "RealModules"]


class RealModules:
    """Packages and all that they depend on, as far as this machine lacks it.

    They are fetched when they are not in the cache of ``make compat``.

    Args:
        folder: where they are unpacked.
        packages: their names.

    Raises:
        FetchError: one cannot be had; the text says why.
    """

    def __init__(self, folder: Path, packages: Iterable[str]) -> None:
        self._folder = folder
        store = Store()
        for name in store.missing(*packages):
            unpack_deb(store.package(name), folder)

    def environment(self) -> dict[str, str]:
        """Return an environment in which perl finds them."""
        libraries = [*self._folder.glob("usr/lib/*/perl5/*"), self._folder / "usr" / "share" / "perl5"]
        shared = self._folder.glob("usr/lib/*-linux-gnu")
        return {
            **clean_environment(),
            "PERL5LIB": os.pathsep.join(str(path) for path in libraries if path.is_dir()),
            "LD_LIBRARY_PATH": os.pathsep.join(map(str, shared)),
        }
