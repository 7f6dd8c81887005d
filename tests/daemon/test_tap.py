"""``twistd cpanbridge``: options, and what makeService refuses before anything is alive."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from twisted.application.app import ServerOptions
from twisted.application.service import Application, IService
from twisted.logger import ILogObserver
from twisted.python import usage

from bridge import __version__
from bridge.settings import SETTINGS
from bridge.tap import Options, acting_as, makeService

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="changes the user")
NOBODY = 65534


class Twistd(ServerOptions):
    """What twistd's own command line says."""

    def __init__(self, **said: object) -> None:
        super().__init__()
        self.update({"nodaemon": 1, "uid": None, "gid": None, "syslog": 0, "logger": None, "logfile": None, **said})


def parsed(*arguments: str, **twistd: object) -> Options:
    options = Options()
    options.parent = Twistd(**twistd)
    options.parent.subCommand = "cpanbridge"
    options.parseOptions(list(arguments))
    return options


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return options that keep the daemon's files in the test's folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return ["--socket=bridge.sock", "--log=daemon.log"]


def refusal(*arguments: str, **twistd: object) -> str:
    """Return what makeService says when it refuses; whatever it exits with but an empty text is exit status 1."""
    with pytest.raises(SystemExit) as caught:
        makeService(parsed(*arguments, **twistd))
    assert isinstance(caught.value.code, str)
    return caught.value.code


class TestOptions:
    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
    def test_one_for_each_setting(self, setting: object) -> None:
        """What is not given says nothing; what is given is found by the setting's name."""
        assert parsed().given()[setting.name] is None
        if setting.kind is bool:
            assert parsed(f"--{setting.option}").given()[setting.name] is True
        else:
            assert parsed(f"--{setting.option}=7").given()[setting.name] == "7"

    def test_help(self) -> None:
        """Every option with its meaning and default, and one usage line."""
        text = re.sub(r"\s+", " ", str(parsed()))
        for setting in SETTINGS:
            assert f"--{setting.option}" in text
            assert setting.doc.rstrip(".") in text
        assert "[1024 MB]" in text
        assert text.count("Usage:") == 1

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        """--version is cpanbridge's, not Twisted's."""
        with pytest.raises(SystemExit) as caught:
            parsed("--version")
        assert not caught.value.code
        assert capsys.readouterr().out == f"cpanbridge {__version__}\n"

    def test_unknown_option(self) -> None:
        """Twistd prints the help for these and exits with 1."""
        with pytest.raises(usage.UsageError):
            parsed("--nonsense=3")


class TestMakeService:
    def test_touches_nothing(self, places: list[str], tmp_path: Path) -> None:
        """It runs before the fork: no file, no socket, no thread yet."""
        makeService(parsed(*places))
        assert list(tmp_path.iterdir()) == []

    def test_settings(self, places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """File, environment and options come together; paths no longer depend on the directory."""
        (tmp_path / "c.toml").write_text("[limits]\nmax_connections = 500\nmax_memory_mb = 500\n")
        monkeypatch.setenv("CPAN_BRIDGE_MAX_MEMORY_MB", "600")
        settings = makeService(parsed("--config=c.toml", *places, "--modules=")).settings
        assert (settings.limits.max_connections, settings.limits.max_memory_mb) == (500, 600)
        assert (settings.socket, settings.log) == (str(tmp_path / "bridge.sock"), str(tmp_path / "daemon.log"))
        assert settings.modules == ()

    def test_reload_reads_the_same_file_again(
        self, places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Twistd has changed the directory by then."""
        config = tmp_path / "c.toml"
        config.write_text("[limits]\nmax_connections = 500\n")
        service = makeService(parsed("--config=c.toml", *places))
        config.write_text("[limits]\nmax_connections = 600\n")
        monkeypatch.chdir("/")
        settings, warnings = service.steering._reload()
        assert (settings.limits.max_connections, warnings) == (600, [])
        assert settings.socket == str(tmp_path / "bridge.sock")

    def test_config_from_the_environment(
        self, places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """CPAN_BRIDGE_CONFIG names the file where --config does not."""
        (tmp_path / "c.toml").write_text("[limits]\nmax_connections = 500\n")
        monkeypatch.setenv("CPAN_BRIDGE_CONFIG", "c.toml")
        assert makeService(parsed(*places)).settings.limits.max_connections == 500

    def test_all_problems_at_once(self, places: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Each on a line of its own, with its source."""
        monkeypatch.setenv("CPAN_BRIDGE_DEBUG", "maybe")
        lines = refusal(*places, "--max-memory-mb=0", "--idle-timeout=x").splitlines()
        assert lines[0] == "cpanbridge: not started: the settings are not valid:"
        assert [line.split()[0:3] for line in lines[1:]] == [
            ["environment:", "CPAN_BRIDGE_DEBUG", "must"],
            ["command", "line:", "--max-memory-mb"],
            ["command", "line:", "--idle-timeout"],
        ]

    def test_no_such_file(self, places: list[str]) -> None:
        """A file that was named must be there."""
        assert "nowhere.toml does not exist" in refusal("--config=nowhere.toml", *places)

    def test_socket_in_the_way(self, places: list[str], tmp_path: Path) -> None:
        """What stands in the socket's place is said before the fork, on the terminal."""
        (tmp_path / "bridge.sock").touch()
        assert "is not a socket" in refusal(*places)

    def test_log_in_the_way(self, places: list[str], tmp_path: Path) -> None:
        """The same for the log."""
        (tmp_path / "daemon.log").mkdir()
        assert "daemon.log" in refusal(*places)

    @pytest.mark.parametrize("twistd", [{}, {"logfile": "-"}])
    def test_a_background_daemon_has_no_standard_output(self, places: list[str], twistd: dict[str, str]) -> None:
        """Its log would go to /dev/null in silence."""
        said = [*places, "--log=-"]
        assert "twistd -n" in refusal(*said, nodaemon=0, **twistd)
        makeService(parsed(*said, **twistd))

    def test_twistd_s_logfile_wins(self, places: list[str], tmp_path: Path) -> None:
        """Twistd --logfile names our log file; there is one log, not two."""
        assert makeService(parsed(*places, logfile="other.log")).settings.log == str(tmp_path / "other.log")

    @pytest.mark.parametrize(
        ("twistd", "ours"), [({}, True), ({"syslog": 1}, False), ({"logger": lambda: None}, False)]
    )
    def test_who_logs(self, places: list[str], twistd: dict[str, object], *, ours: bool) -> None:
        """Twistd begins logging with our log, unless it was told to use syslog or an observer."""
        application = Application("cpanbridge")
        IService(makeService(parsed(*places, **twistd))).setServiceParent(application)
        assert (application.getComponent(ILogObserver, None) is not None) == ours


@AS_ROOT
class TestOtherUser:
    @pytest.fixture
    def open_places(self, places: list[str], tmp_path: Path) -> list[str]:
        """Let other users reach the test's folder, and write in it."""
        for folder in list(tmp_path.parents)[:-1]:
            if folder != Path("/tmp"):
                folder.chmod(folder.stat().st_mode | 0o011)
        tmp_path.chmod(0o1777)
        return places

    def test_rights_are_had_for_a_while(self) -> None:
        """User, group and further groups change together, and come back, after an exception too."""
        before = (os.geteuid(), os.getegid(), os.getgroups())

        def fails() -> None:
            with acting_as(NOBODY, None):
                assert (os.geteuid(), os.getegid(), os.getgroups()) == (NOBODY, NOBODY, [NOBODY])
                raise LookupError

        with pytest.raises(LookupError):
            fails()
        assert (os.geteuid(), os.getegid(), os.getgroups()) == before

    def test_directory_of_root(self, open_places: list[str], tmp_path: Path) -> None:
        """What root could write and the daemon could not is refused at the start, not at the first rotation."""
        tmp_path.chmod(0o755)
        assert "nobody may not write" in refusal(*open_places, uid=NOBODY)
        makeService(parsed(*open_places))

    def test_log_of_root(self, open_places: list[str], tmp_path: Path) -> None:
        """The log must be the daemon's own."""
        (tmp_path / "daemon.log").touch(0o640)
        assert "daemon.log" in refusal(*open_places, uid=NOBODY)

    def test_fine(self, open_places: list[str], tmp_path: Path) -> None:
        """Where the other user may write there is nothing to refuse, and still nothing is made."""
        makeService(parsed(*open_places, uid=NOBODY))
        assert list(tmp_path.iterdir()) == []

    def test_without_being_root(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Twistd would exit without a word on the terminal."""
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        with pytest.raises(SystemExit, match="only root"), acting_as(NOBODY, None):
            pass
