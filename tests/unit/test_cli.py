"""The ``cpanbridge`` command: what it sends, what it prints, how it exits."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge import __version__
from bridge.cli import main

PONG = {"success": True, "result": {"message": "pong ä"}, "request_id": "1"}

MODULES = {
    "modules": [
        {
            "name": "test",
            "doc": "Tests.",
            "functions": [
                {"name": "ping", "signature": "(params)", "doc": "Answers.", "kind": "inline", "timeout": None}
            ],
        }
    ]
}


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[[bytes], tuple[str, list[dict[str, object]]]]]:
    """Return ``answering(bytes) -> (path, requests)``: a socket that takes one request and answers with these bytes."""
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> tuple[str, list[dict[str, object]]]:
        path = str(tmp_path / "bridge.sock")
        requests: list[dict[str, object]] = []
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)

        def serve() -> None:
            with server, server.accept()[0] as client:
                line = client.makefile("rb").readline()
                requests.append(json.loads(line))
                client.sendall(answer)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return path, requests

    yield start
    for thread in threads:
        thread.join(10)


def line(answer: object) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bridge.cli", *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


class TestCall:
    @pytest.mark.parametrize(
        ("given", "sent"),
        [(["[1, 2]"], [1, 2]), (['{"a": "ä"}'], {"a": "ä"}), (["null"], None), (['"x"'], "x"), ([], ...)],
    )
    def test_result_is_printed(
        self,
        answering: Callable[..., tuple[str, list[dict[str, object]]]],
        capsys: pytest.CaptureFixture[str],
        given: list[str],
        sent: object,
    ) -> None:
        """The parameters arrive as they were typed, absent ones not at all; the result is JSON; the status 0."""
        path, requests = answering(line(PONG))
        assert main(["call", "--socket", path, "test", "ping", *given]) == 0
        assert json.loads(capsys.readouterr().out) == PONG["result"]
        assert requests[0].get("params", ...) == sent
        assert (requests[0]["module"], requests[0]["function"]) == ("test", "ping")

    def test_whole_answer(
        self, answering: Callable[..., tuple[str, object]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """--json prints all of the answer, refusals too."""
        refusal = {"success": False, "error": "Too many", "error_type": "Throttled", "retry_after": 2}
        path, _ = answering(line(refusal))
        assert main(["call", "--json", "--socket", path, "test", "ping"]) == 1
        assert json.loads(capsys.readouterr().out) == refusal

    def test_refused(self, answering: Callable[..., tuple[str, object]], capsys: pytest.CaptureFixture[str]) -> None:
        """A refusal goes to standard error with its word; foreign text cannot talk to the terminal."""
        path, _ = answering(line({"success": False, "error": "Too\x1b[2J many", "error_type": "Throttled"}))
        assert main(["call", "--socket", path, "test", "ping"]) == 1
        out, err = capsys.readouterr()
        assert (out, err) == ("", "cpanbridge: Throttled: Too\\x1b[2J many\n")

    def test_bad_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A slip in the parameters is shown with its place, before anybody is asked."""
        assert main(["call", "--socket", "/nowhere", "test", "ping", '{"a":']) == 2
        assert "line 1 column 6" in capsys.readouterr().err

    def test_no_daemon(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody there, or only a dead socket: status 3 and what to do."""
        dead = tmp_path / "dead.sock"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(dead))
        for path in (str(tmp_path / "none.sock"), str(dead), "/" + "x" * 200):
            assert main(["call", "--socket", path, "test", "ping"]) == 3
            err = capsys.readouterr().err
            assert path in err
            assert "twistd cpanbridge" in err

    @pytest.mark.parametrize("answer", [b"", b"{", b"HTTP/1.1 400\n", b"[]\n", b"{}\n"])
    def test_not_a_daemon(
        self, answering: Callable[..., tuple[str, object]], capsys: pytest.CaptureFixture[str], answer: bytes
    ) -> None:
        """Whatever else answers there, or hangs up: status 3, no traceback."""
        path, _ = answering(answer)
        assert main(["call", "--socket", path, "test", "ping"]) == 3
        assert path in capsys.readouterr().err

    def test_the_daemon_does_not_answer(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A daemon that says nothing is waited for no longer than was asked (and a margin for its own time-out)."""
        path = str(tmp_path / "deaf.sock")
        with socket.socket(socket.AF_UNIX) as server, pytest.MonkeyPatch.context() as patch:
            patch.setattr("bridge.client.ANSWER_MARGIN", 0.0)
            server.bind(path)
            server.listen(1)
            assert main(["call", "--timeout", "0.05", "--socket", path, "test", "ping"]) == 3
        assert "did not answer within 0.05 s" in capsys.readouterr().err

    def test_environment(self, answering: Callable[..., tuple[str, object]], monkeypatch: pytest.MonkeyPatch) -> None:
        """CPAN_BRIDGE_SOCKET names the socket, as for Perl programs."""
        path, _ = answering(line(PONG))
        monkeypatch.setenv("CPAN_BRIDGE_SOCKET", path)
        assert main(["call", "test", "ping"]) == 0

    @pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "x"])
    def test_bad_timeout(self, seconds: str) -> None:
        """A time-out is a positive number."""
        with pytest.raises(SystemExit) as caught:
            main(["call", f"--timeout={seconds}", "test", "ping"])
        assert caught.value.code == 2


class TestModules:
    def test_listed(self, answering: Callable[..., tuple[str, object]], capsys: pytest.CaptureFixture[str]) -> None:
        """Modules with their functions and signatures, for people."""
        path, _ = answering(line({"success": True, "result": MODULES}))
        assert main(["modules", "--socket", path]) == 0
        assert capsys.readouterr().out == "test: Tests.\n  ping(params)\n      Answers.\n"

    def test_json(self, answering: Callable[..., tuple[str, object]], capsys: pytest.CaptureFixture[str]) -> None:
        """The same for programs."""
        path, _ = answering(line({"success": True, "result": MODULES}))
        assert main(["modules", "--json", "--socket", path]) == 0
        assert json.loads(capsys.readouterr().out) == MODULES["modules"]


class TestCheckConfig:
    def test_values_and_sources(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is in force, and which source said so; warnings on standard error."""
        config = tmp_path / "c.toml"
        config.write_text('[limits]\nmax_memory_mb = 512\nmax_cpu = 3\n[modules.python]\ndeny = ["re"]\n')
        monkeypatch.setenv("CPAN_BRIDGE_MAX_CONNECTIONS", "300")
        assert main(["check-config", "--config", str(config)]) == 0
        out, err = capsys.readouterr()
        assert f"max_memory_mb = 512  # {config}\n" in out
        assert "max_connections = 300  # environment\n" in out
        assert "max_cpu_percent = 200\n" in out
        assert '[modules.python] {"deny": ["re"]}' in out
        assert "did you mean limits.max_cpu_percent?" in err

    def test_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The same for programs, dates in modules' options included."""
        config = tmp_path / "c.toml"
        config.write_text("debug = true\n[modules.python]\nsince = 2025-01-01\n")
        assert main(["check-config", "--json", "--config", str(config)]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["settings"]["log_level"] == "debug"
        assert report["sources"]["debug"] == str(config)
        assert report["module_options"] == {"python": {"since": "2025-01-01"}}

    def test_problems(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """All of them, each with its source; status 1."""
        config = tmp_path / "c.toml"
        config.write_text("debug = 5\n")
        monkeypatch.setenv("CPAN_BRIDGE_MAX_CONNECTIONS", "0")
        assert main(["check-config", "--config", str(config)]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert [text.split(" must")[0] for text in err.splitlines()] == [
            f"cpanbridge: {config}: debug",
            "cpanbridge: environment: CPAN_BRIDGE_MAX_CONNECTIONS",
        ]

    def test_no_such_file(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A file that was named must be there."""
        assert main(["check-config", "--config", "/nowhere/c.toml"]) == 1
        assert "/nowhere/c.toml does not exist" in capsys.readouterr().err


class TestCommand:
    def test_perl_lib(self, capsys: pytest.CaptureFixture[str]) -> None:
        """One line, fit for PERL5LIB: the directory that holds CPANBridge.pm."""
        assert main(["perl-lib"]) == 0
        [folder] = capsys.readouterr().out.splitlines()
        assert (Path(folder) / "CPANBridge.pm").is_file()

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        """--version is cpanbridge's."""
        with pytest.raises(SystemExit) as caught:
            main(["--version"])
        assert caught.value.code == 0
        assert capsys.readouterr().out == f"cpanbridge {__version__}\n"

    @pytest.mark.parametrize("arguments", [[], ["nonsense"], ["call"], ["call", "test"], ["modules", "--colour"]])
    def test_bad_usage(self, arguments: list[str]) -> None:
        """Status 2, as everywhere."""
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2

    @pytest.mark.parametrize("command", ["call", "modules", "check-config", "perl-lib"])
    def test_help_has_an_example(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Every command explains itself with something to copy."""
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0
        assert "Example: " in capsys.readouterr().out

    def test_reader_has_gone(self) -> None:
        """`cpanbridge check-config | head -0` ends quietly."""
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "wb") as gone:
            result = subprocess.run(
                [sys.executable, "-m", "bridge.cli", "check-config"],
                stdout=gone, stderr=subprocess.PIPE, timeout=30, check=False,
            )  # fmt: skip
        assert (result.returncode, result.stderr) == (0, b"")

    def test_a_call_loads_nothing_heavy(self, answering: Callable[..., tuple[str, object]]) -> None:
        """A whole call, its answer included, needs the standard library only: it starts at once."""
        path, _ = answering(line(PONG))
        code = (
            f"import sys, bridge.cli; bridge.cli.main(['call', '--socket', {path!r}, 'test', 'ping']);"
            "print(*{'twisted', 'msgspec', 'psutil', 'attrs', 'attr', 'tomllib', 'asyncio'} & set(sys.modules))"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
        assert result.stdout.splitlines()[-1] == ""

    def test_a_terminal_without_unicode(self, answering: Callable[..., tuple[str, object]]) -> None:
        """Text that the terminal lacks is escaped, not a traceback."""
        path, _ = answering(line({"success": True, "result": "€ \ud800"}))
        result = run("call", "--socket", path, "test", "ping", PYTHONIOENCODING="ascii")
        assert (result.returncode, result.stdout) == (0, '"\\u20ac \\ud800"\n')
