"""The Perl side: its own tests with each JSON module, its syntax, and the examples against a real daemon."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, clean_environment

from bridge import __version__

PERL = Path(__file__).parents[2] / "bridge" / "perl"
SHIMS = PERL / "lib" / "CPANBridge" / "Compat" / "shims"
MODULES = sorted(path for path in PERL.glob("lib/**/*.pm") if SHIMS not in path.parents)
SCRIPTS = sorted(
    [*PERL.glob("*.pl"), *PERL.glob("eg/*.pl"), *PERL.glob("t/*.t"), *PERL.glob("t/lib/*.pm"), PERL / "Makefile.PL"]
)
CLIENT_TESTS = sorted([*PERL.glob("t/0*.t"), PERL / "t" / "10-load-test.t", PERL / "t" / "14-link.t"])


def run(*command: str, cwd: Path = PERL, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**clean_environment(), **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def twistd() -> str:
    return str(Path(sys.executable).with_name("twistd"))


@pytest.mark.timeout(300)
def test_the_suite_passes() -> None:
    """The distribution's own tests pass with core modules alone."""
    prove("-r", "t", json_module="PP")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("json_module", ["XS", "Cpanel"])
def test_the_client_s_tests_pass(json_module: str) -> None:
    """So do the client's with each JSON module; the Makefile sees to it that they are installed.

    The replacements' tests take care that no module but the core's is found.
    """
    prove(*(str(file.relative_to(PERL)) for file in CLIENT_TESTS), json_module=json_module)


def prove(*words: str, json_module: str) -> None:
    seen = run("prove", "-l", *words, CPAN_BRIDGE_TWISTD=twistd(), CPAN_BRIDGE_JSON=json_module)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "Result: PASS" in seen.stdout


def test_every_public_name_is_documented() -> None:
    """Each has its place in its module's documentation, or in that of the original that the module implements."""
    seen = run("prove", "-l", "xt/pod-coverage.t")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "Result: PASS" in seen.stdout


@pytest.mark.parametrize("file", [*MODULES, *SCRIPTS], ids=lambda path: str(path.relative_to(PERL)))
def test_compiles_without_warnings(file: Path) -> None:
    """Every file compiles, under -w and with nothing to say; what replacements share may use other replacements."""
    hook = ["-MCPANBridge::Compat"] if SHIMS.parent in file.parents else []
    seen = run("perl", "-w", "-Ilib", "-It/lib", *hook, "-c", str(file))
    assert seen.returncode == 0
    assert seen.stderr.strip() == f"{file} syntax OK"


@pytest.mark.parametrize("file", sorted(SHIMS.glob("**/*.pm")), ids=lambda path: str(path.relative_to(SHIMS)))
def test_a_replacement_compiles_without_warnings(file: Path) -> None:
    """So does every replacement of a CPAN module, together with those that it needs."""
    seen = run("perl", "-w", "-Ilib", f"-I{SHIMS}", "-c", str(file))
    assert seen.returncode == 0
    assert seen.stderr.strip() == f"{file} syntax OK"


@pytest.mark.parametrize("file", MODULES, ids=lambda path: path.name)
def test_versions_agree(file: Path) -> None:
    """Every Perl module has the daemon's version."""
    found = re.search(r"^our \$VERSION = '([^']+)';$", file.read_text(), re.MULTILINE)
    assert found
    assert found[1] == __version__, f"set $VERSION in {file} to {__version__}"


@pytest.mark.parametrize("file", MODULES, ids=lambda path: path.name)
def test_core_modules_only(file: Path) -> None:
    """Nothing is used that does not come with Perl 5.14, but what is looked for and our own replacements."""
    code = file.read_text().partition("__END__")[0]
    used = set(re.findall(r"^\s*(?:use|require)\s+([A-Z][\w:]+)", code, re.MULTILINE))
    core = {
        "B", "Carp", "Compress::Raw::Bzip2", "Compress::Raw::Zlib", "Config", "Cwd", "Digest::MD5", "Digest::SHA",
        "Encode", "Errno", "Exporter", "Fcntl", "File::Basename", "File::Spec", "File::Temp", "IO::Compress::Bzip2",
        "IO::Compress::Deflate", "IO::Compress::Gzip", "IO::File", "IO::Uncompress::Gunzip", "JSON::PP::Boolean",
        "MIME::Base64", "Math::BigFloat", "Math::BigInt", "Net::SMTP", "POSIX", "Scalar::Util", "Socket", "Storable",
        "Time::HiRes", "Time::Local",
    }  # fmt: skip
    looked_for = {"SQL::Parser", "IO::Compress::Brotli", "IO::Uncompress::Brotli"}
    ours = {str(path.relative_to(SHIMS).with_suffix("")).replace("/", "::") for path in SHIMS.glob("**/*.pm")}
    allowed = core | looked_for | (ours if "Compat" in file.parts else set())
    assert {name for name in used if not name.startswith("CPANBridge")} <= allowed


def test_makefile(tmp_path: Path) -> None:
    """The CPAN way of installing works."""
    copy = tmp_path / "perl"
    shutil.copytree(PERL, copy)
    for command in (["perl", "Makefile.PL"], ["make"], ["make", "install", f"DESTDIR={tmp_path / 'root'}"]):
        seen = run(*command, cwd=copy)
        assert seen.returncode == 0, seen.stdout + seen.stderr
    assert list((tmp_path / "root").rglob("CPANBridge.pm"))


GUIDE = PERL.parents[1] / "docs" / "perl.md"
SNIPPETS = re.findall(r"^```perl\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

# What a reader of the guide has at hand when a snippet comes.
PRELUDE = """
use strict; use warnings; no warnings;
use CPANBridge;
my $bridge = CPANBridge->new;
my $text = '2024-02-29';
"""


def test_the_guide_has_snippets() -> None:
    """The pattern that finds them still does."""
    assert len(SNIPPETS) >= 6


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_the_guide(number: int, start_daemon: Callable[..., DaemonProcess], tmp_path: Path) -> None:
    """Each piece of Perl in docs/perl.md runs as it stands."""
    daemon = start_daemon()
    script = tmp_path / "snippet.pl"
    script.write_text(f"{PRELUDE}{{\n{SNIPPETS[number]}\n}}\n", encoding="utf-8")
    seen = run("perl", "-Ilib", str(script), CPAN_BRIDGE_SOCKET=str(daemon.socket))
    assert seen.returncode == 0, seen.stdout + seen.stderr


EXPECTED = {
    "members.pl": [
        "Müller       1964-02-29 Saturday      22913     120.50",
        "Νίκος        1988-08-08 Monday        13986      19.99",
        "mean       131.45",
        "median     104.25",
        "Did you mean Müller?",
    ],
    "parallel.pl": ["job 1: 5ba23c875f8c", "40 of 40 jobs done by 8 processes"],
    "errors.pl": [
        "a wrong date         FunctionError (ValueError)",
        "a forbidden module   Forbidden",
        "a misspelt module    UnknownModule",
        "a call that hangs    Timeout",
        "what cannot be sent  NotSendable",
    ],
}


def test_every_example_is_tried() -> None:
    """No example lies about untested."""
    assert {path.name for path in PERL.glob("eg/*.pl")} == set(EXPECTED)


@pytest.mark.parametrize("script", sorted(EXPECTED))
def test_examples(script: str, start_daemon: Callable[..., DaemonProcess], tmp_path: Path) -> None:
    """Each example does what it says, from whatever directory it is started in."""
    daemon = start_daemon()
    seen = run("perl", str(PERL / "eg" / script), cwd=tmp_path, CPAN_BRIDGE_SOCKET=str(daemon.socket))
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert seen.stderr == ""
    for line in EXPECTED[script]:
        assert line in seen.stdout.splitlines(), seen.stdout
    assert os.listdir(tmp_path) == []
