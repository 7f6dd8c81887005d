"""The real CPAN modules, from Debian's packages, to measure the replacements beside them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "compat"))

from compat_fetch import FetchError, Store
from compat_unpack import unpack_deb

__all__ = ["real_options"]


def real_options(package: str) -> tuple[str, ...]:
    """Return perl's options that let it find the modules of a package and of all that it depends on.

    They are fetched once, into the folder that ``make compat`` uses, and unpacked there; the machine's own packages
    stay as they are. Nothing is returned where they cannot be had, nor in the shortest form of the benchmark, which
    must not depend on the network.
    """
    store = Store()
    folder = store.folder / "real" / package
    complete = folder / ".complete"
    if not complete.exists():
        if "--smoke" in sys.argv:
            return ()
        try:
            for name in store.missing(package):
                unpack_deb(store.package(name), folder)
        except FetchError as error:
            print(f"{package} cannot be measured: {error}", file=sys.stderr)
            return ()
        folder.mkdir(parents=True, exist_ok=True)
        complete.touch()
    found = [*folder.glob("usr/lib/*/perl5/*"), folder / "usr" / "share" / "perl5"]
    return tuple(f"-I{path}" for path in found if path.is_dir())
