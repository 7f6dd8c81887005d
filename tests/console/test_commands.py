from __future__ import annotations

import pytest

from console.commands import Command, CommandError, limit_name, parse_command


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("limit rate 400", {"max_requests_per_minute": 400.0}),
        ("limit rate=400 concurrent 80", {"max_requests_per_minute": 400.0, "max_concurrent_requests": 80.0}),
        ("set max_memory_mb 512.5", {"max_memory_mb": 512.5}),
        ("limit queued 10", {"max_queued_requests": 10.0}),
    ],
)
def test_limits_by_their_short_names(text: str, limits: dict[str, float]) -> None:
    assert parse_command(text) == Command("limit", limits=limits)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("view events", Command("view", "events")),
        ("events", Command("action", "view.events")),
        ("quit", Command("action", "quit")),
        ("limit.undo", Command("action", "limit.undo")),
        ("limit undo", Command("limit")),
        ("filter uid=1001 !idle", Command("filter", "uid=1001 !idle")),
        ("filter", Command("filter", "")),
        ("sort p99", Command("sort", "p99")),
        ("note rolling the workers", Command("note", "rolling the workers")),
        ("seek 13:58", Command("seek", "13:58")),
        ("export incident 14:00 14:10 x", Command("export", "incident 14:00 14:10 x")),
    ],
)
def test_commands(text: str, command: Command) -> None:
    if text == "limit undo":
        with pytest.raises(CommandError, match="no value beside"):
            parse_command(text)
        return
    assert parse_command(text) == command


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limt rate 400", "did you mean"),
        ("limit rat 400", "did you mean"),
        ("limit rate many", "'many' is not a number"),
        ("limit rate", "no value beside"),
        ("limit max 5", "did you mean"),
        ("view nothing", "overview, connections"),
        ("sort", "sort what?"),
        ("export incident", "cuts that time"),
        ("'", "closing quotation"),
        ("", "Type a command"),
    ],
)
def test_what_is_no_command_says_what_would_be(text: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        parse_command(text)


def test_an_ambiguous_part_of_a_name_is_refused() -> None:
    assert limit_name("cpu") == "max_cpu_percent"
    assert limit_name("backpressure") == "backpressure_seconds"
    with pytest.raises(CommandError, match=r"max_concurrent_requests or max_requests_per_minute"):
        limit_name("requests")
