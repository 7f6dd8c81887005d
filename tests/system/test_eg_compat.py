"""The programs of eg/unchanged: each does the same with CPAN's own modules as with CPANBridge::Compat and a daemon."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import openpyxl
import pytest
from daemon_process import DaemonProcess, clean_environment
from real_modules import RealModules
from shop_server import ShopServer
from smtp_server import SmtpServer
from tls_server import Authority, TlsServer

pytestmark = pytest.mark.timeout(300)  # the first run fetches the packages

PERL = Path(__file__).parents[2] / "bridge" / "perl"
PROGRAMS = PERL / "eg" / "unchanged"
DATA = PROGRAMS / "data"

TRIED = ("config-migration.pl", "feed.pl", "mail-merge.pl", "sales-report.pl", "scraper.pl")

PACKAGES = [
    "libdbd-sqlite3-perl",
    "libdbi-perl",
    "libexcel-writer-xlsx-perl",
    "libio-socket-ssl-perl",
    "libmime-lite-perl",
    "libwww-perl",
    "libxml-libxml-perl",
    "libxml-parser-perl",
    "libxml-simple-perl",
]

TOML = """
[limits]
max_requests_per_minute = 1000000
[modules]
enabled = ["database", "excel", "libxml", "tls", "xml"]
"""


@attrs.frozen
class Seen:
    """What a run of a program left behind.

    Attributes:
        folder: where it ran.
        output: all that it printed.
        replaced: modules that were ours, empty with CPAN's own.
    """

    folder: Path
    output: str
    replaced: set[str]


@attrs.frozen
class Perls:
    """Both ways of running a program.

    Attributes:
        real: the environment with CPAN's own modules.
        socket: the daemon's.
        folder: holds a folder for each way.
        environ: further environment variables for both.
    """

    real: dict[str, str]
    socket: Path
    folder: Path
    environ: dict[str, str] = attrs.field(factory=dict)

    def run(self, kind: str, program: str, *words: str) -> Seen:
        """Run a program with the modules of one kind, ``real`` or ``ours``, in a folder of its own.

        A program that ends badly or has something to say to stderr fails the test.
        """
        folder = self.folder / kind
        folder.mkdir(exist_ok=True)
        switches: Sequence[str] = ()
        environment = self.real
        if kind == "ours":
            switches = (f"-I{PERL}/t/lib", "-MCoreOnly", f"-I{PERL}/lib", "-MCPANBridge::Compat=-report")
            environment = {**clean_environment(), "CPAN_BRIDGE_SOCKET": str(self.socket)}
        seen = subprocess.run(
            ["perl", "-w", *switches, str(PROGRAMS / program), *words],
            cwd=folder,
            env={**environment, "LANG": "C.UTF-8", "TZ": "UTC", **self.environ},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        report = re.compile(r"^CPANBridge::Compat: (\S+) \S+ is ours, .*\n", re.MULTILINE)
        assert (seen.returncode, report.sub("", seen.stderr)) == (0, ""), f"{kind}: {seen.stdout}{seen.stderr}"
        return Seen(folder, seen.stdout, set(report.findall(seen.stderr)))

    def both(self, program: str, *words: str) -> tuple[Seen, Seen]:
        """Run a program in both ways; what it prints must be equal."""
        real, ours = self.run("real", program, *words), self.run("ours", program, *words)
        assert ours.output == real.output
        assert not real.replaced
        return real, ours


@pytest.fixture(scope="module")
def real_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment with CPAN's own modules."""
    return RealModules(tmp_path_factory.mktemp("packages"), PACKAGES).environment()


@pytest.fixture(scope="module")
def daemon_socket() -> Iterator[Path]:
    """Return the socket of one daemon for all programs, as they would share it."""
    process = DaemonProcess(toml=TOML)
    try:
        yield process.start().socket
        process.stop()
    finally:
        process.cleanup()


@pytest.fixture
def perls(real_environment: dict[str, str], daemon_socket: Path, tmp_path: Path) -> Perls:
    """Return both ways of running a program."""
    return Perls(real_environment, daemon_socket, tmp_path)


def test_every_program_is_tried() -> None:
    """No program lies about untested."""
    assert {path.name for path in PROGRAMS.glob("*.pl")} == set(TRIED)


def test_a_configuration_is_migrated(perls: Perls) -> None:
    """XML::Simple reads Latin-1 and writes UTF-8, byte for byte the same."""
    real, ours = perls.both("config-migration.pl", str(DATA / "old-config.xml"), "new.xml")
    assert "XML::Simple" in ours.replaced
    written = (ours.folder / "new.xml").read_bytes()
    assert written == (real.folder / "new.xml").read_bytes()
    assert 'owner="Jürgen Müller"'.encode() in written
    assert "3 servers: gobi kalahari sahara" in real.output.splitlines()


def _without_chance(message: str) -> str:
    """Put fixed text in the place of boundaries, the date and the versions of modules."""
    message = re.sub(r"_-+=_[0-9]+", "BOUNDARY", message)
    message, found = re.subn(r"^Date: .*\r$", "Date: now\r", message, count=1, flags=re.MULTILINE)
    assert found
    return re.sub(r"^X-Mailer: MIME::Lite .*\r$", "X-Mailer: MIME::Lite\r", message, count=1, flags=re.MULTILINE)


def test_mail_is_merged(perls: Perls) -> None:
    """MIME::Lite sends the same messages over SMTP: encoded headers, quoted-printable, an attachment."""
    mail: list[list[str]] = []
    for kind in ("real", "ours"):
        with SmtpServer() as server:
            seen = perls.run(
                kind, "mail-merge.pl", str(DATA / "people.csv"), str(DATA / "letter.txt"), f"127.0.0.1:{server.port}"
            )
            assert seen.output.splitlines()[-1] == "3 sent, 0 failed"
            mail.append([_without_chance(message) for message in server.messages])
    assert "MIME::Lite" in seen.replaced
    assert mail[0] == mail[1]
    assert len(mail[0]) == 3
    assert "To: =?UTF-8?Q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.org>" in mail[0][0]


def _workbook(path: Path) -> dict[str, Any]:
    """Return what is in a workbook: of each sheet the cells with format, widths, and what else the program sets."""
    book = openpyxl.load_workbook(path)
    sheets = {
        sheet.title: {
            "cells": [
                (cell.coordinate, cell.value, cell.data_type, cell.number_format, cell.font.b, cell.fill.fgColor.rgb)
                for row in sheet.iter_rows()
                for cell in row
            ],
            "widths": {name: width.width for name, width in sheet.column_dimensions.items()},
            "frozen": sheet.freeze_panes,
            "filter": sheet.auto_filter.ref,
            "charts": [
                (type(chart).__name__, chart.series[0].val.numRef.f, chart.series[0].cat.strRef.f)
                for chart in sheet._charts
            ],
        }
        for sheet in book.worksheets
    }
    return {"sheets": sheets, "title": book.properties.title, "author": book.properties.creator}


def test_a_report_becomes_a_workbook(perls: Perls) -> None:
    """DBI reads SQLite, Excel::Writer::XLSX writes the same cells, formats, formulas and chart."""
    real, ours = perls.both("sales-report.pl", "sales.db", "report.xlsx", str(DATA / "sales.sql"))
    assert {"DBI", "Excel::Writer::XLSX"} <= ours.replaced
    written = _workbook(real.folder / "report.xlsx")
    assert _workbook(ours.folder / "report.xlsx") == written
    assert list(written["sheets"]) == ["Summary", "Nord", "Süd", "Ελλάδα"]
    assert written["sheets"]["Summary"]["charts"][0][1] == "Summary!$C$2:$C$5"
    assert "Süd: 3 sales, 1000.30" in real.output.splitlines()


def _rows(path: Path) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT * FROM entry ORDER BY guid").fetchall()


def test_a_feed_goes_into_a_database(perls: Perls, tmp_path: Path) -> None:
    """HTTP::Tiny gets a feed over https, XML::LibXML reads it, DBI keeps it; a second run finds what is new."""
    feed = (DATA / "feed.xml").read_bytes()
    answers = [feed, feed.replace(b"Zweiter", b"2.").replace(b"g-3", b"g-4")]

    def serve(connection: socket.socket) -> None:
        with connection.makefile("rb") as asked:
            name = asked.readline().split()[1]
        body = answers[1 if name == b"/second.xml" else 0]
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    authority = Authority(tmp_path)
    with contextlib.closing(TlsServer(authority.good, serve)) as server:
        perls.environ["SSL_CERT_FILE"] = str(authority.file)
        url = f"https://localhost:{server.port}"
        real, ours = perls.both("feed.pl", f"{url}/first.xml", "feed.db")
        assert {"DBI", "IO::Socket::SSL", "XML::LibXML"} <= ours.replaced
        assert real.output.splitlines()[-1] == "3 new, 0 changed, 3 in all"
        assert _rows(ours.folder / "feed.db") == _rows(real.folder / "feed.db")
        real, ours = perls.both("feed.pl", f"{url}/second.xml", "feed.db")
        assert real.output.splitlines()[-1] == "1 new, 1 changed, 4 in all"
        assert _rows(ours.folder / "feed.db") == _rows(real.folder / "feed.db")


def test_a_shop_is_scraped(perls: Perls) -> None:
    """LWP logs in, keeps the cookie for the next run, follows relative links, and decodes pages."""
    with ShopServer() as shop:
        words = ("scraper.pl", shop.url, "Jürgen", "a&b=c d", "cookies.txt")
        runs = []
        for kind in ("real", "ours"):
            shop.asked.clear()
            seen = perls.run(kind, *words)
            again = perls.run(kind, *words)
            runs.append((seen.output, again.output, list(shop.asked)))
    assert {"LWP::UserAgent", "HTTP::Cookies"} <= seen.replaced
    assert runs[0] == runs[1]
    assert len({(perls.folder / kind / "cookies.txt").read_bytes() for kind in ("real", "ours")}) == 1
    first, second, _ = runs[0]
    assert first == "logging in\n" + second
    assert second.splitlines()[-1] == "3 pages, 5 things; 404 Not Found for what is not there"
