"""etc/logrotate/cpanbridge with the real logrotate: no line is lost, and nothing else happens."""

from __future__ import annotations

import getpass
import gzip
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from daemon_process import Connection, DaemonProcess

SAMPLE = Path(__file__).parents[2] / "etc" / "logrotate" / "cpanbridge"
LOGROTATE = shutil.which("logrotate") or shutil.which("logrotate", path="/usr/sbin:/sbin")
SYSTEMCTL = re.compile(r"systemctl kill --kill-who=main --signal=SIGUSR1 cpanbridge\.service 2>/dev/null \|\| true")
CHANGES = 300


@pytest.mark.skipif(LOGROTATE is None, reason="needs Debian's package logrotate")
def test_no_line_is_lost(daemon: DaemonProcess) -> None:
    """The log is rotated again and again while each line is accounted for; compressed files and the rest together."""
    text = SAMPLE.read_text()
    assert SYSTEMCTL.search(text)
    text = SYSTEMCTL.sub(f"kill -USR1 {daemon.pid}", text)
    text = text.replace("/var/log/cpanbridge/cpanbridge.log", str(daemon.log))
    user = getpass.getuser()
    text = text.replace("su cpanbridge cpanbridge", f"su {user} {user}")
    config = daemon.folder / "logrotate.conf"
    config.write_text(text)
    config.chmod(0o644)
    daemon.folder.chmod(0o755)
    done = threading.Event()

    def change() -> None:
        with Connection(daemon.admin_socket) as admin:
            for number in range(CHANGES):
                change = {"max_requests_per_minute": 5000 + number}
                request = {"jsonrpc": "2.0", "id": number, "method": "limits.set", "params": {"limits": change}}
                assert "result" in admin.request(request)
        done.set()

    thread = threading.Thread(target=change)
    thread.start()
    rotations = 0
    while not done.is_set() or rotations < 3:
        command = [str(LOGROTATE), "--force", "--state", str(daemon.folder / "state"), str(config)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (result.returncode, result.stderr) == (0, "")
        rotations += 1
        daemon.wait_until(daemon.log.exists, bool, "the new log")
        if rotations == 6:  # eight are kept
            break
    thread.join(30)
    assert done.is_set()
    daemon.wait_until(daemon.log.exists, bool, "the new log")
    daemon.wait_until(
        lambda: everything(daemon.log), lambda text: f" -> {5000 + CHANGES - 1} " in text, "the last line"
    )
    lines = re.findall(r"Limits changed: max_requests_per_minute \d+ -> (\d+) ", everything(daemon.log))
    assert [int(number) for number in lines] == [5000 + number for number in range(CHANGES)]
    assert list(daemon.folder.glob("daemon.log.*.gz"))
    assert daemon.call("test", "ping")["success"]


def everything(log: Path) -> str:
    """Return all files of the log together, oldest first."""
    files = sorted(log.parent.glob(f"{log.name}.*"), key=lambda path: -int(path.name.split(".")[2]))
    parts = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in files]
    return b"".join([*parts, log.read_bytes() if log.exists() else b""]).decode()
