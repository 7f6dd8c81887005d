"""Any file, environment and command line: settings, or sentences about all that is wrong with them."""

from __future__ import annotations

import random
import string
from pathlib import Path
from typing import Any

import tomlkit
from fuzzing import TOKENS, fuzz, mutants
from hypothesis import strategies as st

from bridge.settings import ENV_PREFIX, SETTINGS, Settings, SettingsError
from bridge.sources import resolve

SAMPLE = Path(__file__).parents[2] / "etc" / "cpanbridge.toml"
UNCOMMENTED = "\n".join(
    line[1:] if line[:1] == "#" and line[1:2] not in {" ", ""} else line for line in SAMPLE.read_text().splitlines()
).encode()
MORE = b"""socket = "/run/x.sock"
admin_users = ["anna", "1000"]
[limits]
max_memory_mb = 512.5
[modules]
enabled = ["python"]
[modules.python]
allow_more = ["os"]
max_objects = 7
"""
TOML_TOKENS = (
    *TOKENS, b"0x" + b"f" * 6000, b"9" * 5000, b"inf", b"nan", b"-nan", b"[limits]", b"[[modules]]", b"a.b.c=1", b'"""',
    b"2026-11-23T25:61:00Z", b"[" * 3000, b"{a=" * 1500, b"a." * 2000, b"1e5000", b'"10MiB"',
    b'"99999999999999999999G"',
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "0", "-1", "1e9", "nan", "inf", "true", "off", "10MiB", "9" * 5000, "\ud800", "\x1b[2J",
                     "x" * 200,
                     "a,b", "../../x", "debug", "1" * 25, "٣", "1_000"]),
    st.integers().map(str),
    st.floats().map(str),
)  # fmt: skip
NAMES = st.sampled_from([setting.env for setting in SETTINGS]) | st.text(string.ascii_uppercase, max_size=9).map(
    ENV_PREFIX.__add__
)


def resolved(**sources: Any) -> Settings | None:
    """Return the settings, or ``None`` after looking at what is said against them."""
    try:
        loaded = resolve(**sources)
    except SettingsError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.strip()
            assert ": " in problem
        return None
    for warning in loaded.warnings:
        assert ": " in warning or " " in warning
    return loaded.settings


def as_toml(settings: Settings) -> str:
    """Write every setting down as a file."""
    document = tomlkit.document()
    for setting in SETTINGS:
        value: Any = setting.value_in(settings)
        value = "" if value is None else list(value) if isinstance(value, tuple) else value
        table, _, name = setting.toml.rpartition(".")
        holder: Any = document
        if table:
            holder = document.setdefault(table, tomlkit.table())
        holder[name] = value
    return tomlkit.dumps(document)


@fuzz(mutants(UNCOMMENTED, MORE, tokens=TOML_TOKENS), examples=600)
def test_settings_file(data: bytes) -> None:
    """A file is valid settings or sentences; what it says comes back from a file that says it in full."""
    text = data.decode(errors="replace").replace("\r", "")
    settings = resolved(toml=text, toml_name="x.toml", environ={}, options={}, directory="/srv")
    if settings is not None:
        again = resolved(toml=as_toml(settings), toml_name="y.toml", environ={}, options={}, directory="/srv")
        assert again is not None
        assert again.as_dict() == settings.as_dict()


@fuzz(
    st.dictionaries(NAMES, TEXTS, max_size=4),
    st.dictionaries(st.sampled_from([setting.name for setting in SETTINGS]), TEXTS, max_size=3),
    st.integers(0, 2**32),
    examples=600,
)
def test_settings_sources(environ: dict[str, str], options: dict[str, str], dice: int) -> None:
    """The environment and the command line hold any text; each is taken, or refused with its name."""
    toml = MORE.decode() if random.Random(dice).random() < 0.5 else None
    settings = resolved(toml=toml, toml_name="x.toml", environ=environ, options=options, directory="/srv")
    if settings is not None:
        again = resolved(toml=as_toml(settings), toml_name="y.toml", environ={}, options={}, directory="/srv")
        assert again is not None
        assert again.as_dict() == settings.as_dict()
