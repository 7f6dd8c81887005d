"""The plain Perl decoder beside Python's own: the same value, or both refuse. A perl decodes thousands of documents."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from pathlib import Path
from typing import Any

from fuzzing import CORPUS, count, fuzz, mutate
from hypothesis import strategies as st

LIBRARY = Path(__file__).parents[2] / "bridge" / "perl" / "lib"
BATCH = 3000
MAX_DEPTH = 512

WHITE = ("", "", "", " ", "\n", "\t \r")
TEXTS = (
    "",
    "a",
    "ä",
    "€",
    "\U0001f600",
    "\x7f",
    "\0",
    "\x1f",
    '"',
    "\\",
    "/",
    "\u2028",
    "\ufffe",
    "\uffff",
    "\ud7ff",
    "\ue000",
)
NUMBERS = (
    "0", "-0", "1", "-1", "10", "01", "-", "+1", ".5", "1.", "1.0", "-0.0", "1e3", "1E+3", "1e-3", "0e0", "1e", "1e+",
    "0x1",
    "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "123456789012345678901234567890", "0.1", "0.30000000000000004",
    "5e-324", "2.2250738585072014e-308", "1.7976931348623157e308", "1e308", "1e309", "-1e999", "1e-999", "4.35", "1e22",
    "1e23", "8.41e21", "9.5e-7", "NaN", "Infinity", "-Infinity", "null", "true", "false", "nul", "True", "",
)  # fmt: skip


def document(rng: random.Random, depth: int = 0) -> str:
    """Make a JSON text, mostly a good one."""
    white = rng.choice(WHITE)
    kind = rng.randrange(7 if depth < 5 else 4)
    if kind == 0:
        made = rng.choice(NUMBERS)
    elif kind == 1:
        made = repr(rng.choice((rng.random(), rng.uniform(-1e300, 1e300), rng.getrandbits(63), -rng.getrandbits(50))))
    elif kind in {2, 3}:
        made = text(rng)
    elif kind in {4, 5}:
        made = "[" + white + ",".join(document(rng, depth + 1) for _ in range(rng.randrange(4))) + "]"
    else:
        parts = (f"{text(rng)}{white}:{document(rng, depth + 1)}" for _ in range(rng.randrange(4)))
        made = "{" + white + ("," + white).join(parts) + "}"
    return white + made + white


def text(rng: random.Random) -> str:
    """Make a string with any mixture of escapes."""
    parts = []
    for _ in range(rng.randrange(5)):
        char = rng.choice(TEXTS)
        style = rng.randrange(4)
        if style == 0:
            parts.append(json.dumps(char)[1:-1])
        elif style == 1:
            parts.append(json.dumps(char, ensure_ascii=False)[1:-1])
        elif style == 2:
            parts.append(
                rng.choice((f"\\u{rng.randrange(0x10000):04x}", "\\uD83D\\uDE00", "\\/", "\\b\\f\\n\\r\\t", "\\x"))
            )
        else:
            parts.append(char)
    return '"' + "".join(parts) + '"'


def documents(seed: int) -> list[bytes]:
    """Make a batch of texts, half of them mutated."""
    rng = random.Random(seed)
    made = []
    for _ in range(BATCH):
        data = document(rng).encode("utf-8", "surrogatepass")
        made.append(mutate(data, rng) if rng.random() < 0.5 else data)
    return made


class _RefusedError(ValueError):
    """Python's decoder takes what JSON does not have."""


def _constant(word: str) -> None:
    raise _RefusedError(word)


def _depth(value: Any) -> int:
    """Return the deepest nesting."""
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, (list, dict))]:
        depth += 1
        level = [child for each in level for child in (each.values() if isinstance(each, dict) else each)]
    return depth


def expected(data: bytes) -> str:
    """Say what decode.pl should say."""
    try:
        value = json.loads(data.decode(), parse_constant=_constant)
    except (ValueError, RecursionError):
        return "-"
    return "-" if _depth(value) > MAX_DEPTH else shown(value)


def shown(value: Any) -> str:
    """Write a value down as decode.pl does."""
    if value is None:
        return "n"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, str):
        return "s:" + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, int):
        # Beyond 64 bits it stays a string of digits there.
        return f"i:{value}" if -(2**63) <= value < 2**64 else "s:" + str(value).encode().hex()
    if isinstance(value, float):
        # Perl has numbers; whether one was written with a point it does not know.
        if value.is_integer() and -(2**63) <= value < 2**64:
            return f"i:{int(value)}"
        return "d:" + struct.pack(">d", value).hex()
    if isinstance(value, list):
        return "[" + ",".join(map(shown, value)) + "]"
    pairs = sorted((key.encode("utf-8", "surrogatepass").hex(), shown(each)) for key, each in value.items())
    return "{" + ",".join(f"{key}={each}" for key, each in pairs) + "}"


def decoded(batch: list[bytes]) -> list[str]:
    """Have perl decode a batch."""
    sent = b"".join(b"%d\n%b" % (len(data), data) for data in batch)
    command = ["perl", "-I", str(LIBRARY), str(Path(__file__).with_name("decode.pl"))]
    done = subprocess.run(command, input=sent, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def compare(batch: list[bytes]) -> None:
    """Compare the two."""
    for data, seen in zip(batch, decoded(batch), strict=True):
        wanted = expected(data)
        assert seen == wanted, f"{data!r}: perl says {seen[:300]}, python {wanted[:300]}"


@fuzz(st.integers(0, 2**64 - 1), examples=6)
def test_perl_decoder(seed: int) -> None:
    """Thousands of documents, good and broken."""
    compare(documents(seed))
    count(BATCH - 1)


def test_perl_decoder_corpus() -> None:
    """What they once disagreed on."""
    found = [file.read_bytes() for file in sorted((CORPUS / "perl").iterdir())]
    assert found
    compare(found)
