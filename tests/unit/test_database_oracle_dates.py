"""What Oracle's format models make of dates."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.modules._database_oracle_dates import ENGLISH, interval_ds, interval_ym, parse_model

AFTERNOON = datetime(2026, 11, 3, 15, 4, 5, 120_000)  # noqa: DTZ001 - Oracle's have none
MIDNIGHT = datetime(999, 1, 1, 0, 0, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("DD-MON-RR", "03-NOV-26"),
        ("DD-Mon-yyyy", "03-Nov-2026"),
        ("dd/mon/rrrr", "03/nov/2026"),
        ("YYYY-MM-DD HH24:MI:SS", "2026-11-03 15:04:05"),
        ('YYYY-MM-DD"T"HH24:MI:SS', "2026-11-03T15:04:05"),
        ("HH.MI.SSXFF AM", "03.04.05.120 PM"),
        ("hh12:mi:ss.ff1 p.m.", "03:04:05.1 p.m."),
        ("MONTH", "NOVEMBER "),
        ("Day, DD. Month YYYY", "Tuesday  , 03. November  2026"),
        ("FMDay, DD. Month YYYY", "Tuesday, 3. November 2026"),
        ("FMDay FMDD", "Tuesday 03"),
        ("DDTH ddth", "03RD 03rd"),
        ("D DY DDD WW W IW IYYY Q J", "3 TUE 307 44 1 45 2026 4 2461348"),
        ("CC RM SSSSS AD B.C.", "21 XI   54245 AD A.D."),
        ("SYYYY Y,YYY YYY YY Y", " 2026 2,026 026 26 6"),
        ("FXDD/MM", "03/11"),
        ("", ""),
    ],
)
def test_models(model: str, text: str) -> None:
    """Numbers are filled with zeros and words with blanks, unless FM; the case of words is that of their element."""
    assert parse_model(model).show(AFTERNOON, 3) == text


def test_midnight_is_twelve_and_years_are_filled() -> None:
    """And the century of 999 is the tenth."""
    assert parse_model("YYYY HH HH24 AM CC").show(MIDNIGHT, 0) == "0999 12 00 AM 10"


def test_words_of_a_language_and_the_day_that_its_weeks_begin_with() -> None:
    """Words are filled up to the longest of the language."""
    german = attrs.evolve(ENGLISH, days=("Montag", "Dienstag", *["Donnerstag"] * 5), first_day=0, radix=",")
    assert parse_model('DAY"|"D SSXFF', german).show(AFTERNOON, 2) == "DIENSTAG  |2 05,12"


@pytest.mark.parametrize("model", ["DL", "YEAR", "DDSP", "DDspth", "Z", "YYYY?Q!%XYZ", "DAYS"])
def test_what_is_not_known_is_refused(model: str) -> None:
    """By name: what the server would show is not guessed."""
    with pytest.raises(ValueError, match="the element"):
        parse_model(model)


def test_time_zones_and_digits_are_told() -> None:
    """Whoever shows a value decides whether they matter."""
    assert parse_model("DD TZR").has_zone
    assert [parse_model(model).digits for model in ("SS", "SSXFF", "SS.FF9")] == [0, -1, 9]


@given(st.datetimes(min_value=datetime(1000, 1, 1)))  # noqa: DTZ001
def test_what_python_knows_is_the_same(value: datetime) -> None:
    """Of all dates, by another way."""
    model = parse_model("YYYY-MM-DD HH24:MI:SS.FF6 DDD IYYY IW HH12 YY")
    assert model.show(value, 6) == value.strftime("%Y-%m-%d %H:%M:%S.%f %j %G %V %I %y")


def test_intervals() -> None:
    """With sign, filled up to the column's precision."""
    value = timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500_000)
    assert interval_ds(value, 2, 6) == "+01 02:03:04.500000"
    assert interval_ds(-value, 3, 0) == "-001 02:03:04"
    assert interval_ym(1, 2, 2) == "+01-02"
    assert interval_ym(-1, -2, 3) == "-001-02"
