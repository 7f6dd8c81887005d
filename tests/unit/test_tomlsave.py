"""Limits written into somebody's configuration file."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.limits import Limits
from bridge.tomlsave import SaveError, save_limits

TEXT = """\
# The bridge of web 3. Ask Anna before touching it!
log = "/var/log/bridge.log"   # rotated weekly

[limits]   # measured in March
max_memory_mb = 2048   # half of the machine
max_requests_per_minute = 1_000

# Python is all we need.
[modules]
enabled = ["python"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "cpanbridge.toml"
    path.write_text(TEXT)
    return path


def save(path: Path, **limits: float) -> dict[str, tuple[float | None, float]]:
    return save_limits(str(path), Limits(**limits).as_dict())


class TestKeeping:
    def test_only_the_figure_changes(self, config: Path) -> None:
        """Comments, order, spacing and everything else stay; the answer tells what was changed."""
        assert save(config, max_memory_mb=1536, max_requests_per_minute=1000) == {"max_memory_mb": (2048, 1536)}
        assert config.read_text() == TEXT.replace("2048", "1536")

    def test_what_is_not_there_is_added(self, config: Path) -> None:
        """A limit that the file does not name goes into [limits]; what has its default stays out."""
        changes = save(config, max_memory_mb=2048, max_requests_per_minute=1000, warning_ratio=0.7)
        assert changes == {"warning_ratio": (None, 0.7)}
        assert tomllib.loads(config.read_text())["limits"]["warning_ratio"] == 0.7
        assert "# half of the machine" in config.read_text()

    def test_back_to_the_default(self, config: Path) -> None:
        """A limit that the file names is written also where it has its default now."""
        assert save(config, max_requests_per_minute=1000) == {"max_memory_mb": (2048, 1024)}

    def test_nothing_new(self, config: Path) -> None:
        """The file is not touched where it says so already."""
        before = config.stat()
        assert save(config, max_memory_mb=2048, max_requests_per_minute=1000) == {}
        assert (config.stat().st_ino, config.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_whole_numbers_stay_whole(self, config: Path) -> None:
        """512.0 MB is written as anybody would write it."""
        save(config, max_memory_mb=512.0, max_requests_per_minute=1000)
        assert "max_memory_mb = 512 " in config.read_text()

    @pytest.mark.parametrize("mode", [0o640, 0o600, 0o664])
    def test_mode(self, config: Path, mode: int) -> None:
        """The file's mode stays, and its owner, where we are allowed to."""
        config.chmod(mode)
        if os.geteuid() == 0:
            os.chown(config, 60001, 60002)
        before = config.stat()
        save(config, max_memory_mb=512)
        after = config.stat()
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)

    def test_symbolic_link(self, config: Path, tmp_path: Path) -> None:
        """Where the file is a link into somebody's repository, the link stays and its target changes."""
        link = tmp_path / "link.toml"
        link.symlink_to(config)
        save(link, max_memory_mb=512)
        assert link.is_symlink()
        assert "max_memory_mb = 512" in config.read_text()

    def test_windows_line_ends(self, config: Path) -> None:
        """They stay, too."""
        config.write_bytes(TEXT.replace("\n", "\r\n").encode())
        save(config, max_memory_mb=512, max_requests_per_minute=1000)
        assert config.read_bytes() == TEXT.replace("2048", "512").replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# nothing but this",
        'log = "-"',
        "[limits]",
        "limits = {max_memory_mb = 5}",
        "limits.max_memory_mb = 5\n",
        "[limits]\nmax_memory_mb = 5.0",
        '[limits]\nmax_memory_mb = "much"\n',
        "[limits]\nmax_memory_mb = true\n",
        "[modules]\nenabled = []\n[limits]\n[modules.python]\nx = 1\n",
        '["limits"]\n"max_memory_mb" = 0x10\n',
        "[modules.python]\nallow = []",
    ],
)
def test_every_form_of_file(tmp_path: Path, text: str) -> None:
    """However the file says it, it says the new value afterwards, and everything else as before."""
    path = tmp_path / "x.toml"
    path.write_text(text)
    before = tomllib.loads(text)
    save(path, max_memory_mb=512, warning_ratio=0.5)
    after = tomllib.loads(path.read_text())
    assert after.pop("limits") == {"max_memory_mb": 512, "warning_ratio": 0.5}
    before.pop("limits", None)
    assert after == before


@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            "max_memory_mb": st.floats(16, 1e6) | st.integers(16, 10**6),
            "warning_ratio": st.floats(0.1, 0.99),
            "max_connections": st.integers(1, 10**6),
        },
    )
)
def test_what_is_written_is_what_was_meant(tmp_path_factory: pytest.TempPathFactory, values: dict[str, float]) -> None:
    """A daemon that starts with the file has exactly these limits, to the last digit."""
    path = tmp_path_factory.mktemp("save") / "x.toml"
    path.write_text(TEXT)
    save(path, **values)
    assert Limits(**tomllib.loads(path.read_text())["limits"]) == Limits(**values)


class TestRefused:
    def test_no_file(self, tmp_path: Path) -> None:
        """It is not made: the operator is told what to do."""
        path = tmp_path / "none.toml"
        with pytest.raises(SaveError, match="does not exist; make it"):
            save(path, max_memory_mb=512)
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize(
        "text", ["[limits", "limits = 5", "[[limits]]\nmax_memory_mb = 5\n", "[limits]\n[limits]\n", "\x00"]
    )
    def test_no_configuration(self, tmp_path: Path, text: str) -> None:
        """A file that cannot be understood is left as it is."""
        path = tmp_path / "x.toml"
        path.write_text(text)
        with pytest.raises(SaveError, match="that can be changed"):
            save(path, max_memory_mb=512)
        assert path.read_text() == text
        assert os.listdir(tmp_path) == ["x.toml"]

    def test_not_utf_8(self, tmp_path: Path) -> None:
        """Nor one of another century."""
        path = tmp_path / "x.toml"
        path.write_bytes(b"# Gr\xfc\xdfe\n")
        with pytest.raises(SaveError, match="cannot be read"):
            save(path, max_memory_mb=512)

    def test_a_directory(self, tmp_path: Path) -> None:
        """A directory is no file."""
        with pytest.raises(SaveError, match="cannot be read"):
            save(tmp_path, max_memory_mb=512)

    def test_full_disk(self, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The old file is whole, and nothing lies about."""

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(SaveError, match=r"No space left on device$"):  # no right to write would help
            save(config, max_memory_mb=512)
        assert config.read_text() == TEXT
        assert os.listdir(config.parent) == [config.name]

    def test_file_of_somebody_else(self, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that the daemon may write, but not replace by one of the same owner, is left; the cause is named."""

        def forbidden(*_: object) -> None:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "fchown", forbidden)
        monkeypatch.setattr(os, "geteuid", lambda: config.stat().st_uid + 1)
        with pytest.raises(SaveError, match=f"belongs to uid {config.stat().st_uid}, .*change the file's owner"):
            save(config, max_memory_mb=512)
        assert config.read_text() == TEXT
        assert os.listdir(config.parent) == [config.name]

    def test_folder_that_is_not_ours(self, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The message says as whom the daemon runs and where it would have to write."""

        def forbidden(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr("tempfile.mkstemp", forbidden)
        with pytest.raises(SaveError, match=f"uid {os.geteuid()} .*write in {config.parent}"):
            save(config, max_memory_mb=512)
        assert stat.S_ISREG(config.stat().st_mode)
