"""The listening socket in the file system: whom it refuses, what it replaces, what it leaves alone."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge import sockets
from bridge.sockets import ListeningSocket, SocketError, listen, preflight

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="makes files of other users")
NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "bridge.sock")


@pytest.fixture
def listening() -> Iterator[Callable[..., ListeningSocket]]:
    """Listen, and close at the end of the test."""
    opened: list[ListeningSocket] = []

    def make(*args: object, **kwargs: object) -> ListeningSocket:
        opened.append(listen(*args, **kwargs))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def refused(path: str, *words: str) -> None:
    """Both the look before the start and the start itself refuse, in the same words, and leave everything as it is."""
    folder = Path(path).parent
    before = (
        {entry: os.lstat(entry) for entry in folder.iterdir() if entry.suffix != ".lock"} if folder.is_dir() else {}
    )
    for attempt in (preflight, listen):
        with pytest.raises(SocketError) as caught:
            attempt(path)
        for word in (path, *words):
            assert word in str(caught.value)
    after = {entry: os.lstat(entry) for entry in before}
    assert {entry: (found.st_ino, found.st_mode) for entry, found in before.items()} == {
        entry: (found.st_ino, found.st_mode) for entry, found in after.items()
    }


def leave_a_dead_socket(path: str) -> None:
    """Do what kill -9 of a daemon leaves: the socket is there and nobody listens."""
    code = (
        "import sys, time, bridge.sockets as s; x = s.listen(sys.argv[1]); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert stat.S_ISSOCK(os.lstat(path).st_mode)


class TestMaking:
    def test_it_listens(self, path: str, listening: Callable[..., ListeningSocket]) -> None:
        """Clients connect, and learn the daemon's pid from the kernel."""
        listening(path)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            assert sockets.peer(client).pid == os.getpid()

    def test_mode_from_the_first_instant(
        self, path: str, listening: Callable[..., ListeningSocket], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The mode is 0600 when the name appears, with any umask: nothing is to be put right afterwards."""
        seen: list[int] = []

        class Watched(socket.socket):
            def bind(self, address: object) -> None:
                super().bind(address)
                seen.append(stat.S_IMODE(os.lstat(path).st_mode))

        monkeypatch.setattr(sockets.socket, "socket", Watched)
        before = os.umask(0)
        try:
            listening(path)
            assert os.umask(0) == 0  # and the umask is as it was
        finally:
            os.umask(before)
        assert seen == [0o600]
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600

    @AS_ROOT
    def test_group(self, path: str, listening: Callable[..., ListeningSocket]) -> None:
        """With a group, by name or number, the socket is its, mode 0660."""
        listening(path, group=str(NOBODY))
        status = os.lstat(path)
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o660, NOBODY)

    def test_unknown_group(self, path: str) -> None:
        """A group that is not there is named, and nothing is made."""
        for attempt in (preflight, listen):
            with pytest.raises(SocketError, match="there is no group 'no-such-group'"):
                attempt(path, group="no-such-group")
        assert not os.path.lexists(path)

    def test_preflight_makes_nothing(self, path: str) -> None:
        """A look leaves no trace."""
        preflight(path)
        assert os.listdir(os.path.dirname(path)) == []

    def test_close_removes_it_and_lets_the_next_one_in(
        self, path: str, listening: Callable[..., ListeningSocket]
    ) -> None:
        """After an orderly end the socket is gone and can be had again; closing twice does no harm."""
        first = listening(path)
        first.close()
        first.close()
        assert not os.path.lexists(path)
        listening(path)

    def test_close_leaves_what_has_taken_its_place(self, path: str) -> None:
        """Whoever replaced the socket meanwhile keeps theirs."""
        first = listen(path)
        other = f"{path}.other"
        with socket.socket(socket.AF_UNIX) as another:
            another.bind(other)
            os.rename(other, path)  # unlink and bind could give it the same inode
            first.close()
            assert os.path.lexists(path)

    def test_too_long(self, tmp_path: Path) -> None:
        """A path that does not fit is refused in words; settings refuse it before."""
        path = str(tmp_path / ("x" * 120))
        with pytest.raises(SocketError, match="path too long"):
            listen(path)


class TestLeftovers:
    def test_after_kill_9(self, path: str, listening: Callable[..., ListeningSocket]) -> None:
        """What a killed daemon leaves is replaced without help."""
        leave_a_dead_socket(path)
        preflight(path)
        listening(path)

    def test_the_pid_in_the_lock_file_is_somebody_else_s_now(
        self, path: str, listening: Callable[..., ListeningSocket]
    ) -> None:
        """A pid that lives again proves nothing: only the lock counts."""
        leave_a_dead_socket(path)
        Path(f"{path}.lock").write_text(f"{os.getppid()}\n")
        preflight(path)
        listening(path)

    def test_without_a_lock_file(self, path: str, listening: Callable[..., ListeningSocket]) -> None:
        """A dead socket of another program, or one whose lock file was cleaned away, is replaced, too."""
        leave_a_dead_socket(path)
        os.unlink(f"{path}.lock")
        listening(path)


class TestRefusals:
    def test_second_daemon(self, path: str, listening: Callable[..., ListeningSocket]) -> None:
        """The pid of the one that is there is told, and it goes on listening."""
        listening(path)
        refused(path, f"a daemon (pid {os.getpid()})", "in use")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)

    def test_a_daemon_whose_socket_was_removed(self, path: str, listening: Callable[..., ListeningSocket]) -> None:
        """The lock is held still: two daemons would otherwise fight for the name."""
        listening(path)
        os.unlink(path)
        refused(path, f"pid {os.getpid()}")

    def test_another_program(self, path: str) -> None:
        """A program that listens there without our lock is named by its pid."""
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
            other.listen(8)
            refused(path, f"pid {os.getpid()}", "no cpanbridge daemon")

    def test_another_program_whose_backlog_is_full(self, path: str) -> None:
        """A program too busy to take connections is alive."""
        with socket.socket(socket.AF_UNIX) as other, socket.socket(socket.AF_UNIX) as waiting:
            other.bind(path)
            other.listen(0)
            waiting.connect(path)
            refused(path, "in use by another program")

    @pytest.mark.parametrize("dangling", [True, False])
    def test_symbolic_link(self, path: str, tmp_path: Path, *, dangling: bool) -> None:
        """A link is neither followed nor replaced, and what it leads to is untouched."""
        target = tmp_path / "target"
        if not dangling:
            target.write_text("precious")
        os.symlink(target, path)
        refused(path, "symbolic link", "remove it")
        assert target.exists() != dangling

    def test_regular_file(self, path: str) -> None:
        """A file is not overwritten."""
        Path(path).write_text("precious")
        refused(path, "not a socket")
        assert Path(path).read_text() == "precious"

    @AS_ROOT
    def test_other_user_s_socket(self, path: str) -> None:
        """Its owner is named, dead or alive."""
        leave_a_dead_socket(path)
        os.chown(path, NOBODY, NOBODY)
        refused(path, "nobody")

    @AS_ROOT
    def test_other_user_s_lock_file(self, path: str) -> None:
        """Its owner could hold it for ever."""
        lock = Path(f"{path}.lock")
        lock.touch()
        os.chown(lock, NOBODY, NOBODY)
        refused(path, f"{lock} belongs to nobody")

    def test_lock_file_that_is_a_link(self, path: str, tmp_path: Path) -> None:
        """Nothing is made where it leads."""
        os.symlink(tmp_path / "elsewhere", f"{path}.lock")
        refused_listen = pytest.raises(SocketError, match="symbolic link")
        with refused_listen:
            listen(path)
        assert not (tmp_path / "elsewhere").exists()

    def test_no_directory(self, path: str) -> None:
        """The directory is named."""
        refused(f"{os.path.dirname(path)}/missing/bridge.sock", "No such file or directory")

    def test_directory_is_none(self, tmp_path: Path) -> None:
        """A file in the directory's place is named."""
        (tmp_path / "file").touch()
        refused(str(tmp_path / "file" / "bridge.sock"), "not a directory")

    def test_everybody_may_replace_files_there(self, tmp_path: Path) -> None:
        """World-writable without the sticky bit: anybody could put a socket in ours's place."""
        tmp_path.chmod(0o777)
        refused(str(tmp_path / "bridge.sock"), "sticky", "chmod +t")
        tmp_path.chmod(0o1777)
        preflight(str(tmp_path / "bridge.sock"))

    @AS_ROOT
    def test_directory_not_writable(self, path: str) -> None:
        """A user without the right to write there is told who it is."""
        os.chmod(os.path.dirname(path), 0o755)
        for folder in list(Path(path).parents)[:-1]:
            if folder != Path("/tmp"):
                folder.chmod(folder.stat().st_mode | 0o055)
        os.seteuid(NOBODY)
        try:
            with pytest.raises(SocketError, match="nobody may not write"):
                preflight(path)
        finally:
            os.seteuid(0)


class TestPeer:
    def test_start_time(self, tmp_path: Path, path: str, listening: Callable[..., ListeningSocket]) -> None:
        """A process is told from an earlier one with its pid by its start, also when its name holds ') 1 2'."""
        odd = tmp_path / "a) S 1 (b"
        odd.symlink_to(sys.executable)
        server = listening(path)
        server.socket.setblocking(True)
        code = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)"
        clients = []
        for _ in range(2):
            clients.append(subprocess.Popen([odd, "-c", code, path]))
            time.sleep(0.02)  # the clock of start times ticks every 10 ms
        peers = []
        for _ in clients:
            connection, _address = server.socket.accept()
            with connection:
                peers.append(sockets.peer(connection))
        for client in clients:
            client.wait()
        assert {one.pid for one in peers} == {client.pid for client in clients}
        assert all(one.uid == os.geteuid() for one in peers)
        first, second = sorted(one.start_time for one in peers)
        assert 0 < first < second

    def test_gone(self) -> None:
        """Of a process that has gone, nothing is known."""
        assert sockets._start_time(2**22 + 5) == 0
