from __future__ import annotations

import os
from pathlib import Path

import pytest

from console.config import Config, ConfigError, default_path, load, parse

WHOLE = b"""
theme = "nord"
interval = 0.5
ascii = true
mouse = false

[keys]
"app.quit" = "q, ctrl+q"
view.next = "n"

[sockets."/run/x.sock"]
name = "orders"
"""


def test_everything_can_be_said() -> None:
    found = parse(WHOLE, "f")
    assert (found.theme, found.interval, found.ascii, found.mouse) == ("nord", 0.5, True, False)
    assert found.keys == {"app.quit": "q,ctrl+q", "view.next": "n"}
    assert found.name_of("/run/x.sock") == "orders"
    assert found.name_of("/run/y.sock") == ""
    assert found.warnings == ()


def test_a_missing_file_is_the_default_unless_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load() == Config()
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read: No such file"):
        load(str(tmp_path / "none.toml"))
    (tmp_path / "cpanbridge").mkdir()
    (tmp_path / "cpanbridge" / "console.toml").write_bytes(WHOLE)
    assert load().theme == "nord"


def test_the_place_follows_the_standard() -> None:
    assert default_path({"XDG_CONFIG_HOME": "/c"}) == "/c/cpanbridge/console.toml"
    assert default_path({"HOME": "/h"}) == "/h/.config/cpanbridge/console.toml"
    assert default_path({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}) == "/h/.config/cpanbridge/console.toml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('theme = "a"\ninterval = [', "line 2"),
        ("interval = 100", "line 1: interval must be from 0.1 to 60 seconds, not 100"),
        ("\n\ninterval = nan", "line 3"),
        ("interval = true", "number of seconds"),
        ("theme = 5", "theme's name"),
        ("mouse = 1", "true or false"),
        ("keys = 1", "keys must be a table"),
        ('[keys]\n"app.quit" = ["q"]', "line 2: app.quit must be keys"),
        ('[keys]\n"app.quit" = " , "', "must be keys"),
        ("[sockets]\na = 1", "must be a table"),
        ('[sockets."/x"]\nname = 1', "line 2: name must be a text"),
        ("theme = '\\u001b'\nmouse = '\x7f'", "line 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text.encode(), "f.toml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("f.toml")
    assert str(caught.value).isprintable()


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    with pytest.raises(ConfigError, match="line 2: this is not UTF-8"):
        parse(b"mouse = true\n# \xff", "f")


def test_unknown_names_are_warned_of_with_the_nearest() -> None:
    text = b'intervall = 1\n[keys]\n"app.quite" = "q"\n"xyz" = "x"\n[sockets."/x"]\nnmae = "y"\n'
    found = parse(text, "f", known_actions=["app.quit", "view.next"])
    assert found.warnings == (
        "f, line 1: intervall is unknown; did you mean interval?",
        "f, line 3: keys.app.quite is unknown; did you mean app.quit?",
        "f, line 4: keys.xyz is unknown; there is app.quit, view.next.",
        'f, line 6: sockets."/x".nmae is unknown; did you mean name?',
    )
    assert found.keys == {}


def test_a_file_of_gigabytes_is_none(tmp_path: Path) -> None:
    with open(tmp_path / "big", "wb") as file:
        os.ftruncate(file.fileno(), 1 << 31)
    with pytest.raises(ConfigError, match="longer than"):
        load(str(tmp_path / "big"))
