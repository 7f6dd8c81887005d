"""Rows that go out by column arrive in Perl as those that go out one by one: value for value and kind for kind."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge import storable
from bridge.modules._database_blocks import BLOCK_ROWS, block_of, blocks_of
from bridge.modules._database_rows import Rows

PERL = Path(__file__).parents[2] / "bridge" / "perl"

READER = r"""
use strict; use warnings; use B (); use JSON::PP (); use Storable ();
use CPANBridge::Compat::DBI::Blocks;
binmode STDIN; binmode STDOUT; $| = 1;
sub told {
    my ($value) = @_;
    return 'undef' if !defined $value;
    return [ map { told($_) } @$value ] if ref $value;
    my $flags = B::svref_2object( \$value )->FLAGS;
    return "integer $value" if ( $flags & ( B::SVf_IOK() | B::SVf_POK() ) ) == B::SVf_IOK();
    return 'float ' . unpack 'H*', pack 'd>', $value if !( $flags & B::SVf_POK() );
    return 'empty' if !length $value;
    return ( utf8::is_utf8($value) ? 'text ' : 'bytes ' ) . join ' ', map { ord } split //, $value;
}
sub taken {    # some rows of each block at once, others one by one, in all the ways there are
    my ( $blocks, $texts ) = @_;
    my ( @rows, @errors );
    for my $block (@$blocks) {
        my $left    = $block->{count};
        my @columns = CPANBridge::Compat::DBI::Blocks::columns( $block, $texts );
        my $some = int $left / 3;
        CPANBridge::Compat::DBI::Blocks::rows( \@columns, $some, \@rows );
        $left -= $some;
        my $names = [ 0 .. $#columns ];
        CPANBridge::Compat::DBI::Blocks::hashes( \@columns, $left > 2 ? 1 : 0, \my @hashes, $names );
        $left -= @hashes;
        push @rows, map { [ @$_{@$names} ] } @hashes;
        my @bound = map { my $variable = $_; $variable } @$names;
        my $bound = sub { \@_ }->(@bound);
        my $ends  = 0;
        my @takers = ( \@columns, $left, sub { $ends++ }, \@errors );
        ( $left, my ( $fill, $list, $hash ) ) = CPANBridge::Compat::DBI::Blocks::takers( @takers, [] );
        push @rows, [ @{ $fill->() } ] if $$left;
        push @rows, [ $list->() ] if $$left;
        if ($$left) { my $row = $hash->($names)->(); push @rows, [ @$row{@$names} ] }
        $takers[1] = $$left;
        ( $left, $fill ) = CPANBridge::Compat::DBI::Blocks::takers( @takers, $bound, 1 );
        while ($$left) { $fill->(); push @rows, [@bound] }
        die "the end has come $ends times" if $ends != 1;
    }
    return \@rows;
}
sub data { read STDIN, my $size, 4 or exit; read STDIN, my $data, unpack 'N', $size; return Storable::thaw( $data, 0 ) }
while (1) {
    my ( $rows, $blocks, $how ) = ( data(), data(), data() );
    my $text = $how->[0];
    for my $row ( $text ? @$rows : () ) {
        if   ( $text eq 'bytes' ) { defined && utf8::is_utf8($_) && utf8::encode($_) for @$row }
        else                      { defined && utf8::upgrade($_) for @$row }
    }
    my $wanted = told($rows);
    print JSON::PP::encode_json( [ $wanted, told( taken( $blocks, $text && [ ($text) x 100 ] ) ) ] ), "\n";
}
"""


@pytest.fixture(scope="module")
def perl() -> Iterator[subprocess.Popen[bytes]]:
    """A perl that is sent rows in both forms, and tells what it has made of each."""
    command = ["perl", f"-I{PERL}/lib", "-e", READER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def both_forms(perl: subprocess.Popen[bytes], rows: list[Any], blocks: list[Any], text: str = "") -> Any:
    assert perl.stdin is not None
    assert perl.stdout is not None
    for value in (rows, blocks, [text]):
        data = storable.encode(value)
        perl.stdin.write(struct.pack(">I", len(data)) + data)
    perl.stdin.flush()
    return json.loads(perl.stdout.readline())


def nullable(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.none() | values


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ASCII = st.text("ab \n\x00\x7f", max_size=5)
BYTES = st.binary(max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.just(-0.0)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = [TEXT, ASCII, st.just(""), st.just("\0"), st.text("é€ab", max_size=3)]
COLUMNS = [
    *TEXTS,
    BYTES,
    FLOATS,
    INTEGERS,
    st.integers(0, 2**64 - 1),
    st.booleans(),
    st.booleans() | st.integers(0, 5),
    st.integers(0, 5) | FLOATS,
    TEXT | BYTES | INTEGERS | FLOATS | st.none(),
    st.lists(TEXT, max_size=3),
    st.none(),
    st.just(b""),
]


@st.composite
def tables(draw: st.DrawFn, columns: list[st.SearchStrategy[Any]] = COLUMNS) -> list[tuple[Any, ...]]:
    """Rows of one width, each column of which has a kind of its own, mostly."""
    count = draw(st.integers(1, 12))
    chosen = draw(st.lists(st.sampled_from([*columns, *map(nullable, columns)]), min_size=1, max_size=6))
    drawn = [draw(st.lists(column, min_size=count, max_size=count)) for column in chosen]
    return list(zip(*drawn, strict=True))


@given(rows=tables())
@example(rows=[("",)])
@example(rows=[("",), ("",), ("",)])
@example(rows=[(None,), ("",), ("\0",)])
@example(rows=[(b"\0",)])
@example(rows=[("é\n",), ("plain",), ("",)])
def test_perl_takes_the_same_rows_from_columns(perl: subprocess.Popen[bytes], rows: list[tuple[Any, ...]]) -> None:
    """Whatever there is in them: nulls among others, NUL characters, empty strings, all of 64 bits, minus zero."""
    wanted, found = both_forms(perl, rows, [block_of(rows)[1]])
    assert found == wanted


@given(text=st.sampled_from(["bytes", "characters"]), rows=tables([*TEXTS, BYTES]))
def test_texts_come_as_the_program_wants_them(
    perl: subprocess.Popen[bytes], text: str, rows: list[tuple[Any, ...]]
) -> None:
    """All in UTF-8, or all as characters, even if they are ASCII."""
    wanted, found = both_forms(perl, rows, [block_of(rows)[1]], text)
    assert found == wanted


def test_many_rows_are_several_blocks(perl: subprocess.Popen[bytes]) -> None:
    """Nothing is lost between them."""
    rows = [(number, f"name {number}") for number in range(2 * BLOCK_ROWS + 1)]
    blocks = blocks_of(rows)
    assert [block["count"] for block in blocks] == [BLOCK_ROWS, BLOCK_ROWS, 1]
    wanted, found = both_forms(perl, rows, blocks)
    assert found == wanted
    assert len(found) == len(rows)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2**63 - 1, -(2**63)], "q"),
        ([1, None, 3], "q"),
        ([True, False, 2], "q"),
        ([0.5, -0.0, 1.0], "d"),
        ([None, 0.5, 1.0], "d"),
        ([b"one", b"", b"two"], "b"),
        (["one", None, "two"], "b"),
        (["one", "zw\u00f6lf", None], "t"),
        (["one\0", "two", None], "B"),
        (["zw\u00f6lf\0", "two", None], "T"),
        ([None, None, None], "n"),
        ([1, 2**63, 3], "l"),
        ([1, 0.5, 3], "l"),
        (["one", b"two", None], "l"),
        ([0.5, float("inf"), 1.0], "l"),
        (["one", "\ud800", "two"], "l"),
    ],
)
def test_columns_of_one_kind_are_packed(values: list[Any], kind: str) -> None:
    """Nulls among them or not; all else is a list as it was, which is refused or written as ever."""
    block = block_of([(value,) for value in values])[1]
    assert block["count"] == len(values)
    assert block["columns"][0][0] == kind
    assert (kind == "l") == (block["columns"][0][1:] == [values])


@given(rows=tables())
def test_its_size_is_about_what_is_sent(rows: list[tuple[Any, ...]]) -> None:
    """Batches are bounded by it."""
    size, block = block_of(rows)
    assert len(storable.encode(block)) <= 1.5 * size + 100


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 50), st.integers(50, 1000), st.integers(0, 5))
def test_whatever_the_rows_sizes_are_none_is_lost(sizes: list[int], count: int, most: int, ahead: int) -> None:
    """Batches by column hold at most as many rows as asked for, and more than one only when they fit, in any order."""
    source = [(number, "x" * size) for number, size in enumerate(sizes)]
    left = list(source)

    def fetch(wanted: int) -> list[Any]:
        taken, left[:] = left[:wanted], left[wanted:]
        return taken

    made = Rows(fetch, most)
    found = made.batch(ahead) if ahead else []
    while made.more:
        blocks = made.blocks(count)
        rows = [row for block in blocks for row in unpacked(block)]
        assert len(rows) <= count
        assert len(rows) <= 1 or block_of(rows)[0] <= most
        found += rows
    assert found == source


def unpacked(block: dict[str, Any]) -> list[tuple[int, str]]:
    (numbers_kind, numbers), (texts_kind, texts) = block["columns"]
    assert (numbers_kind, texts_kind) == ("q", "b")
    return list(zip(struct.unpack(f"={block['count']}q", numbers), texts.decode().split("\0"), strict=True))
