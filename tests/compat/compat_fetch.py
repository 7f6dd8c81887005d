"""Fetches Debian's packages without touching the machine's own settings of apt, into a folder of ours."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

__all__ = ["FetchError", "Store"]

RELEASE = "bookworm"
"""Fixed: the table in the documentation is about the versions that this release has, unless a suite says another."""

SOURCES = """\
Types: deb deb-src
URIs: http://deb.debian.org/debian
Suites: {release}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

LISTS_SECONDS = 7 * 86400.0
"""Age at which the lists of packages are fetched again."""


class FetchError(Exception):
    """A package cannot be had; the text says which and why."""


class Store:
    """What has been fetched, in ``${XDG_CACHE_HOME:-~/.cache}/cpanbridge/compat``, of one of Debian's releases."""

    def __init__(self, folder: Path | None = None, release: str = RELEASE) -> None:
        if folder is None:
            cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
            folder = Path(cache) / "cpanbridge" / "compat"
        self.folder = folder
        self.release = release
        self.sources = folder / "sources"
        self.packages = folder / "packages"
        self._config = folder / "apt" / "apt.conf"

    def of(self, release: str) -> Store:
        """Return the store of another release."""
        return self if release == self.release else Store(self.folder / release, release)

    def source(self, name: str) -> list[Path]:
        """Return a source package's archives: the original, and Debian's changes where they can be had."""
        place = self.sources / name
        if not (archives := self._archives(place)):
            place.mkdir(parents=True, exist_ok=True)
            said = self._apt("source", "--download-only", "-qq", name, cwd=place)
            archives = self._archives(place)
            if not archives:
                raise FetchError(f"the source package {name} cannot be fetched: {said}")
        return archives

    @staticmethod
    def _archives(place: Path) -> list[Path]:
        found = sorted(place.glob("*.tar.*"))
        original = [path for path in found if ".orig.tar." in path.name]
        return original + [path for path in found if ".debian.tar." in path.name] if original else []

    def package(self, name: str) -> Path:
        """Return the file of one binary package."""
        place = self.packages / name
        if not (found := sorted(place.glob("*.deb"))):
            place.mkdir(parents=True, exist_ok=True)
            said = self._apt("download", "-qq", name, cwd=place)
            found = sorted(place.glob("*.deb"))
            if not found:
                raise FetchError(f"the package {name} cannot be fetched: {said}")
        return found[-1]

    def missing(self, *names: str) -> list[str]:
        """Return the names of packages and of all that they depend on, as far as this machine does not have them."""
        self._apt_update()
        said = self._run("install", "--print-uris", "-qq", "-y", "--no-install-recommends", *names, cwd=self.folder)
        if said.returncode:
            raise FetchError(f"apt knows no way to install {', '.join(names)}: {said.stderr.strip()}")
        return re.findall(r"^'[^']*' ([^_\s]+)_\S+ ", said.stdout, re.MULTILINE)

    def _apt(self, *words: str, cwd: Path) -> str:
        self._apt_update()
        said = self._run(*words, cwd=cwd)
        lines = [line for line in said.stderr.splitlines() if line.startswith("E:")]
        return " ".join(lines[:1]) or "apt-get gave no reason"

    def _apt_update(self) -> None:
        lists = self.folder / "apt" / "lists"
        stamp = lists / ".fetched"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_SECONDS:
            return
        archives = self.folder / "apt" / "archives"
        for place in (lists, archives):
            (place / "partial").mkdir(parents=True, exist_ok=True)
        listed = self.folder / "apt" / "debian.sources"
        listed.write_text(SOURCES.format(release=self.release))
        self._config.write_text(
            f'Dir::Etc::sourcelist "{listed}";\nDir::Etc::sourceparts "-";\nDir::State::lists "{lists}";\n'
            f'Dir::Cache "{self.folder / "apt"}/";\nDir::Cache::archives "{archives}/";\n'
            'APT::Sandbox::User "root";\nDebug::NoLocking "1";\nAPT::Get::List-Cleanup "0";\n'
        )
        said = self._run("update", "-qq", cwd=self.folder)
        if said.returncode:
            raise FetchError(f"Debian's lists of packages cannot be fetched: {said.stderr.strip()}")
        stamp.touch()

    def _run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "APT_CONFIG": str(self._config), "LC_ALL": "C"}
        try:
            return subprocess.run(
                ["apt-get", *words],
                cwd=cwd,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        except FileNotFoundError:
            raise FetchError("apt-get is not there: the suites come as Debian's source packages") from None
        except subprocess.TimeoutExpired:
            raise FetchError(f"apt-get {words[0]} did not end within 300 seconds") from None
