"""The package, not the checkout: what is built contains what it should, and works where nothing else is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from daemon_process import DaemonProcess, clean_environment

from bridge import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

# Installing from an index takes as long as the network does.
pytestmark = [pytest.mark.packaging, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
PERL_FILES = {f"bridge/perl/{name}" for name in ("Changes", "README", "Makefile.PL", "lib/CPANBridge.pm")}
SAMPLES = [path for path in (ROOT / "etc").rglob("*") if path.is_file()]
LITTER = [
    "twisted/plugins/dropin.cache",
    "bridge/perl/Makefile",
    "bridge/perl/blib/lib/CPANBridge.pm",
    "bridge/__pycache__/x.pyc",
    "dist/old.whl",
]
"""What editable installs, ``perl Makefile.PL`` and Python leave in a checkout; none of it may be shipped."""


def run(*command: str | Path, cwd: Path | None = None, **environ: str) -> str:
    """Run a command in an environment that knows nothing of the checkout; return its standard output."""
    environment = clean_environment()
    for name in ("PYTHONPATH", "PERL5LIB", "VIRTUAL_ENV"):
        environment.pop(name, None)
    environment.update(environ)
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the tree with litter in it."""
    copy = tmp_path_factory.mktemp("source") / "cpanbridge"
    unneeded = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.sock")
    shutil.copytree(ROOT, copy, ignore=unneeded)
    for name in LITTER:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("litter")
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the built distributions: "wheel", "sdist", and "wheel from sdist"."""
    folder = tmp_path_factory.mktemp("built")
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir")
    run(*build, folder / "direct", "--wheel", source)
    run(*build, folder / "both", source)  # an sdist, and a wheel from that
    return {
        "wheel": next((folder / "direct").glob("*.whl")),
        "sdist": next((folder / "both").glob("*.tar.gz")),
        "wheel from sdist": next((folder / "both").glob("*.whl")),
    }


def wheel_content(path: Path) -> dict[str, bytes]:
    """Return a wheel's files."""
    with zipfile.ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


class TestWhatIsBuilt:
    def test_the_wheel_has_the_perl_client_and_the_plugin(self, built: dict[str, Path]) -> None:
        """One wheel is all that a machine needs: the daemon, twistd's plugin, and the Perl distribution."""
        names = set(wheel_content(built["wheel"]))
        plugin = "twisted/plugins/cpanbridge_plugin.py"
        assert names >= PERL_FILES | {plugin, "bridge/py.typed", "console/py.typed", "bridge/__init__.py"}

    def test_the_wheel_has_every_perl_file_of_the_tree(self, built: dict[str, Path]) -> None:
        """Tests, examples and corpus of the Perl distribution are shipped with it."""
        tracked = (
            run("git", "ls-files", "bridge/perl", cwd=ROOT).split()
            if (ROOT / ".git").exists() and shutil.which("git")
            else []
        )
        assert set(tracked) - set(wheel_content(built["wheel"])) == set()

    def test_the_wheel_has_nothing_else(self, built: dict[str, Path]) -> None:
        """No litter, no tests, and no ``__init__.py`` that would shadow Twisted."""
        names = set(wheel_content(built["wheel"]))
        info = f"cpanbridge-{__version__}"
        assert {name.split("/")[0] for name in names} == {
            "bridge",
            "console",
            "twisted",
            f"{info}.dist-info",
            f"{info}.data",
        }
        assert {name for name in names if name.startswith("twisted/")} == {"twisted/plugins/cpanbridge_plugin.py"}
        samples = {f"{info}.data/data/share/cpanbridge/{path.relative_to(ROOT / 'etc')}" for path in SAMPLES}
        assert {name for name in names if name.startswith(f"{info}.data")} == samples
        assert names & set(LITTER) == set()

    def test_the_sdist_builds_the_same_wheel(self, built: dict[str, Path]) -> None:
        """A packager who starts from the sdist gets what we ship, byte for byte."""
        assert wheel_content(built["wheel"]) == wheel_content(built["wheel from sdist"])

    def test_the_sdist_has_what_a_packager_needs(self, built: dict[str, Path]) -> None:
        """Tests, documentation and the sample settings are in the sdist; litter is not."""
        with tarfile.open(built["sdist"]) as sdist:
            names = {name.partition("/")[2] for name in sdist.getnames()}
        assert names >= {
            "etc/cpanbridge.toml",
            "docs/protocol.md",
            "tests/conftest.py",
            "LICENSE",
            "CHANGELOG.md",
            "Makefile",
            "etc/cpanbridge.service",
            "etc/logrotate/cpanbridge",
        }
        assert names & set(LITTER) == set()


# What this perl finds besides its core: nothing of that is there on the machines that the client is for.
ONLY_CORE = (
    "use Config; print join ',', grep { length } "
    "map { $Config{$_} } qw(vendorlib vendorarch sitelib sitearch vendorlib_stem sitelib_stem)"
)


@pytest.fixture(scope="module")
def perl_distribution(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the CPAN-style tarball unpacks into."""
    run("make", "--silent", "dist/cpan", cwd=source)
    [tarball] = (source / "dist" / "cpan").glob("*.tar.gz")
    assert tarball.name == f"CPANBridge-{__version__}.tar.gz"
    folder = tmp_path_factory.mktemp("cpan")
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"CPANBridge-{__version__}"


class TestPerlDistribution:
    def test_it_is_what_the_manifest_says(self, perl_distribution: Path) -> None:
        """Each file of MANIFEST, the metadata that CPAN wants, and nothing else."""
        listed = set((ROOT / "bridge" / "perl" / "MANIFEST").read_text().split())
        there = {str(path.relative_to(perl_distribution)) for path in perl_distribution.rglob("*") if path.is_file()}
        assert there == listed | {"META.json", "META.yml"}

    def test_it_builds_passes_and_installs_with_core_modules_alone(
        self, perl_distribution: Path, tmp_path: Path
    ) -> None:
        """``perl Makefile.PL && make && make test && make install``, with a perl that has nothing from CPAN.

        What the tests of the replacements find in a checkout they would find here: only some of them are run again.
        """
        beyond = run("perl", "-e", ONLY_CORE)
        environment = {
            "PERL5OPT": f"-M-lib={beyond}",
            "CPAN_BRIDGE_TWISTD": str(Path(sys.executable).with_name("twistd")),
        }
        assert run("perl", "-e", "print eval { require JSON::XS } ? 1 : 0", **environment) == "0"
        run("perl", "Makefile.PL", cwd=perl_distribution, **environment)
        run("make", cwd=perl_distribution, **environment)
        files = " ".join(sorted(f"t/{path.name}" for path in (perl_distribution / "t").glob("[01][0-6]-*.t")))
        assert "Result: PASS" in run("make", "test", f"TEST_FILES={files}", cwd=perl_distribution, **environment)
        run("make", "install", f"DESTDIR={tmp_path}", cwd=perl_distribution, **environment)
        [installed] = tmp_path.rglob("CPANBridge.pm")
        assert run("perl", f"-I{installed.parent}", "-MCPANBridge", "-e", "print CPANBridge->VERSION") == __version__


class Installation:
    """An environment with cpanbridge in it, and nothing but what cpanbridge asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run a program of the environment, away from the checkout."""
        return run(self.bin / program, *arguments, cwd=self.folder)


@pytest.fixture(scope="module", params=["wheel", "sdist", "editable"])
def installed(
    request: pytest.FixtureRequest, source: Path, built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Install the package in one of the three ways into an empty environment."""
    installation = Installation(tmp_path_factory.mktemp("installed") / "venv")
    run(sys.executable, "-m", "venv", "--without-pip", installation.folder)
    what = ("--editable", source) if request.param == "editable" else (built[request.param],)
    pip = (sys.executable, "-m", "pip", "--python", installation.bin / "python", "install", "--quiet")
    run(*pip, *what, cwd=installation.folder)
    yield installation
    shutil.rmtree(installation.folder)


class TestInstalled:
    def test_twistd_lists_the_command(self, installed: Installation) -> None:
        """The plugin is found however the package was installed."""
        assert re.search(r"^ +cpanbridge ", installed.run("twistd", "--help"), re.MULTILINE)

    def test_python_m_twisted_works_too(self, installed: Installation) -> None:
        """``python -m twisted cpanbridge`` is the same command."""
        assert "--socket" in installed.run("python", "-m", "twisted", "cpanbridge", "--help")

    def test_the_command_tells_its_version(self, installed: Installation) -> None:
        """``cpanbridge --version`` is the version of the tree."""
        assert __version__ in installed.run("cpanbridge", "--version")

    def test_the_perl_client_is_where_the_command_says(self, installed: Installation) -> None:
        """``cpanbridge perl-lib`` prints one line: the folder for PERL5LIB."""
        folder = Path(installed.run("cpanbridge", "perl-lib").strip())
        assert (folder / "CPANBridge.pm").is_file()
        assert ROOT not in folder.parents, "that is the checkout's, not the installed one"

    def test_the_daemon_answers_command_and_perl(self, installed: Installation) -> None:
        """A daemon from the environment answers the socket, the command and a Perl program."""
        daemon = DaemonProcess(twistd=[str(installed.bin / "twistd")])
        try:
            daemon.start()
            assert daemon.call("test", "ping")["result"]["daemon_version"] == __version__
            assert "pong" in installed.run("cpanbridge", "call", "--socket", daemon.socket, "test", "ping")
            library = installed.run("cpanbridge", "perl-lib").strip()
            assert run("perl", f"-I{library}", "-MCPANBridge", "-e", PERL_CALL, daemon.socket) == "pong"
        finally:
            daemon.cleanup()


PERL_CALL = 'print CPANBridge->new( socket => shift )->call( "test", "ping" )->{message}'


def test_the_perl_client_has_the_version_of_the_daemon() -> None:
    """They are released together, so one number names both."""
    for path in sorted((ROOT / "bridge" / "perl" / "lib").rglob("*.pm")):
        if "shims" in path.parts:  # replacements have the versions of what they replace
            continue
        found = re.search(r"^our \$VERSION\s*=\s*['\"]([^'\"]+)['\"]", path.read_text(), re.MULTILINE)
        if found:
            fix = f"sed -i \"s/^our \\$VERSION = .*/our \\$VERSION = '{__version__}';/\" {os.path.relpath(path, ROOT)}"
            assert found[1] == __version__, f"{path} has version {found[1]}; to make it {__version__}, type:\n    {fix}"
        else:
            assert path.name != "CPANBridge.pm", f"{path} has no line `our $VERSION = '{__version__}';`"


def test_the_changelog_speaks_of_this_version() -> None:
    """CHANGELOG.md has a heading for what ``bridge.__version__`` says."""
    assert re.search(rf"^## \[{re.escape(__version__)}\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
