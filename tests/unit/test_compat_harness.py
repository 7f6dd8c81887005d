"""The harness of ``make compat``: verdicts, the table of suites, reports, unpacking. Without network."""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "compat"))

from compat_report import BEGIN, END, HEAD, as_data, put_into_docs
from compat_run import Outcome, Runner, Seen
from compat_suites import Suite, choose, load
from compat_tap import judge
from compat_unpack import take_away_modules, unpack_deb, unpack_source

SUITE = Suite("Foo::Bar", "libfoo-bar-perl", "libfoo-bar-perl", internals={"t/2.t": "looks inside"})


def test_a_good_file() -> None:
    """Every kind of test is counted for itself."""
    verdict = judge("1..4\nok 1\nok 2 - two # skip no network\nnot ok 3 # TODO later\nok\n# a remark\n", 0)
    assert verdict.ok
    assert (verdict.passed, verdict.skipped, verdict.todo, verdict.failed) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("output", "status", "fault"),
    [
        ("1..2\nok 1\nnot ok 2 - two\n", 0, "not ok 2 - two"),
        ("1..2\nok 1\n", 0, "planned 2 tests, ran 1"),
        ("ok 1\n", 0, "no plan"),
        ("", 2, "ended with status 2"),
        ("ok 1\n1..1\n", None, "ran out of time"),
        ("1..1\nok 1\n", -11, "ended with status -11"),
        ("1..1\nok 1\nBail out! no database\n", 0, "Bail out! no database"),
    ],
)
def test_a_bad_file(output: str, status: int | None, fault: str) -> None:
    """Whatever is wrong is told."""
    verdict = judge(output, status)
    assert not verdict.ok
    assert fault in verdict.faults


def test_a_skipped_file() -> None:
    """It passes, and says why."""
    verdict = judge("1..0 # SKIP needs Foo\n", 0)
    assert verdict.ok
    assert verdict.skip_reason == "needs Foo"


def test_the_table_is_right() -> None:
    """Every entry can be read, names are unique, and each left-out file has a reason."""
    suites = load()
    assert len({suite.name for suite in suites}) == len(suites)
    assert all(reason.strip() for suite in suites for reason in suite.internals.values())


def test_choosing() -> None:
    """Files belong to the suite before them."""
    suites = load()
    chosen = choose(suites, ["xml::simple", "t/1.t", "DBI"])
    assert [(suite.name, files) for suite, files in chosen] == [("XML::Simple", ["t/1.t"]), ("DBI", [])]
    assert [suite for suite, _ in choose(suites, [])] == suites
    with pytest.raises(ValueError, match="no suite called Foo"):
        choose(suites, ["Foo"])
    with pytest.raises(ValueError, match=r"before its file t/1\.t"):
        choose(suites, ["t/1.t"])


def test_a_left_out_file_must_exist(tmp_path: Path) -> None:
    """A reason for a file that is gone is an error in the table."""
    (tmp_path / "t").mkdir()
    (tmp_path / "t/1.t").touch()
    with pytest.raises(ValueError, match=r"leaves out t/2\.t"):
        SUITE.files(tmp_path)


def test_patterns_of_left_out_files(tmp_path: Path) -> None:
    """A pattern stands for all files that fit; the first one gives the reason. One that nothing fits is an error."""
    (tmp_path / "t").mkdir()
    for name in ("a1", "a2", "b1"):
        (tmp_path / "t" / f"{name}.t").touch()
    suite = Suite("Foo", "foo", "foo", internals={"t/a1.t": "odd", "t/a*": "looks inside"})
    files = suite.files(tmp_path)
    assert suite.left_out(files) == {"t/a1.t": "odd", "t/a2.t": "looks inside"}
    with pytest.raises(ValueError, match=r"leaves out t/c\*"):
        Suite("Foo", "foo", "foo", internals={"t/c*": "looks inside"}).files(tmp_path)


def outcome() -> Outcome:
    seen = [
        Seen("t/1.t", judge("1..2\nok 1\nok 2\n", 0), 0.1, "", ""),
        Seen("t/3.t", judge("1..2\nok 1\nnot ok 2\n", 0), 0.1, "", ""),
        Seen("t/4.t", judge("1..0 # skip nothing here\n", 0), 0.1, "", ""),
    ]
    return Outcome(SUITE, seen, dict(SUITE.internals))


def test_a_report() -> None:
    """Skipped files are no part of the files that count."""
    data = as_data(outcome())
    assert (data["files"], data["files_passed"], data["tests"], data["tests_passed"]) == (2, 1, 4, 3)
    assert data["files_skipped"] == {"t/4.t": "nothing here"}
    assert data["failed"] == {"t/3.t": ["not ok 2"]}


def test_the_table_of_the_documentation() -> None:
    """A suite's row is replaced; others, and the page around, stay."""
    head = f"{HEAD}\n| --- | --- | --- | --- | --- |\n"
    page = f"before\n{BEGIN}\n\n{head}| Other | 1 of 1 | 5 of 5 |  |  |\n\n{END}\nafter\n"
    order = ["Foo::Bar", "Not run", "Other"]
    once = put_into_docs(page, [outcome()], order)
    assert f"\n{head}| Foo::Bar | 1 of 2 | 3 of 4 | 1 | 1 |\n| Other | 1 of 1 |" in once
    assert once.startswith(f"before\n{BEGIN}\n")
    assert once.endswith(f"{END}\nafter\n")
    assert put_into_docs(once, [outcome()], order) == once
    unfetched = Outcome(SUITE, trouble="no network")
    assert put_into_docs(once, [unfetched], order) == once


def add(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text)
    archive.addfile(entry, io.BytesIO(text.encode()))


def test_unpacking_sources(tmp_path: Path) -> None:
    """The top folder goes, and so does the module; what belongs to the tests stays."""
    source = tmp_path / "foo_1.0.orig.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        for name in ("Foo-1.0/lib/Foo.pm", "Foo-1.0/Foo.pm", "Foo-1.0/t/1.t", "Foo-1.0/t/lib/Help.pm"):
            add(archive, name, "1;")
    place = tmp_path / "out"
    unpack_source([source], place)
    take_away_modules(place)
    found = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    assert found == ["t/1.t", "t/lib/Help.pm"]
    assert (place / "blib/lib").is_dir()


def test_unpacking_a_package(tmp_path: Path) -> None:
    """A binary package's files are found behind its other members."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        add(archive, "./usr/share/perl5/Foo.pm", "1;")
    members = [("debian-binary", b"2.0\n"), ("control.tar.xz", b"odd"), ("data.tar.xz", data.getvalue())]
    package = b"!<arch>\n"
    for name, content in members:
        package += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(content):<10}`\n".encode()
            + content
            + b"\n" * (len(content) % 2)
        )
    file = tmp_path / "foo.deb"
    file.write_bytes(package)
    unpack_deb(file, tmp_path / "out")
    assert (tmp_path / "out/usr/share/perl5/Foo.pm").read_text() == "1;"
    file.write_bytes(b"something else")
    with pytest.raises(ValueError, match="no Debian package"):
        unpack_deb(file, tmp_path / "out")


def test_running_a_file(tmp_path: Path) -> None:
    """The perl that runs it finds core modules and the hook, also with taint checks; what hangs is stopped."""
    (tmp_path / "1.t").write_text(
        'print "1..2\\n", (grep m{/perl5|site_perl|/local/}, grep !ref, @INC) ? "not " : "", "ok 1\\n";'
        'print ref $INC[-1] eq "CPANBridge::Compat" ? "" : "not ", "ok 2\\n";'
    )
    (tmp_path / "2.t").write_text("#!/usr/bin/perl -wT\n" + (tmp_path / "1.t").read_text())
    (tmp_path / "3.t").write_text('print "1..1\\n"; sleep 60;')
    runner = Runner(None, tmp_path / "no.socket")  # type: ignore[arg-type]
    environ = runner._environment(SUITE, tmp_path, tmp_path / "packages")
    for file in ("1.t", "2.t"):
        seen = runner.run(tmp_path, environ, file, 30)
        assert seen.verdict.faults == [], seen.output + seen.errors
    assert "ran out of time" in runner.run(tmp_path, environ, "3.t", 0.3).verdict.faults
