"""Unpacks Debian's source and binary packages with Python alone; Debian's patches need the program ``patch``."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

__all__ = ["take_away_modules", "unpack_deb", "unpack_source"]


def unpack_source(archives: list[Path], place: Path) -> None:
    """Make a folder of a source package: the original without its top folder, and Debian's patches on it."""
    original, *changes = archives
    with tempfile.TemporaryDirectory(prefix="compat-") as name:
        folder = Path(name)
        with tarfile.open(original) as archive:
            archive.extractall(folder, filter="data")
        inside = list(folder.iterdir())
        top = inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(top, place, symlinks=True)
    for change in changes:
        _patch(change, place)


def _patch(change: Path, place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="compat-") as name, tarfile.open(change) as archive:
        archive.extractall(name, filter="data")
        patches = Path(name) / "debian" / "patches"
        series = patches / "series"
        lines = series.read_text(encoding="utf-8").splitlines() if series.exists() else []
        names = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
        if names and not shutil.which("patch"):
            return
        for patch in names:
            with open(patches / patch, "rb") as text:
                subprocess.run(
                    ["patch", "-p1", "--quiet", "--force"], cwd=place, stdin=text, capture_output=True, check=False
                )


def unpack_deb(package: Path, place: Path) -> None:
    """Unpack the files of a binary package; raises ``ValueError`` for what is none."""
    data = package.read_bytes()
    if not data.startswith(b"!<arch>\n"):
        raise ValueError(f"{package} is no Debian package")
    position = 8
    while position < len(data):
        header = data[position : position + 60]
        name, size = header[:16].decode().rstrip(" /"), int(header[48:58])
        position += 60
        if name.startswith("data.tar"):
            with tarfile.open(fileobj=io.BytesIO(data[position : position + size])) as archive:
                archive.extractall(place, filter="tar")
            return
        position += size + size % 2
    raise ValueError(f"{package} holds no files")


def take_away_modules(place: Path, keep: Sequence[str] = (), texts: Sequence[str] = ()) -> None:
    """Remove the module itself from its unpacked sources, so that no ``use lib`` of a test finds it.

    What lies under ``t`` belongs to the tests and stays, as do the texts that they read. Of what is to be kept, ``lib``
    moves to where ``-Mblib`` finds it.
    """
    kept = {name: (place / name).read_bytes() for name in keep}
    for path in place.rglob("*.pm"):
        inside = path.relative_to(place)
        if inside.parts[0] not in {"t", "xt"} and str(inside) not in texts:
            path.unlink()
    for name in ("lib", "arch"):
        (place / "blib" / name).mkdir(parents=True, exist_ok=True)
    for name, data in kept.items():
        target = place / "blib" / name if name.startswith("lib/") else place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
