from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from fake_daemon import FakeDaemon

from bridge.adminwire import AdminError, AdminErrorCode, LimitsResult, Snapshot
from console.client import AdminClient, DeadlineError, LinkError


@pytest_asyncio.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[FakeDaemon]:
    made = FakeDaemon()
    await made.start(tmp_path / "s")
    yield made
    await made.stop()


async def connected(tmp_path: Path, notify: Any = None) -> AdminClient:
    client = AdminClient(notify)
    await client.connect(str(tmp_path / "s"))
    return client


@pytest.mark.asyncio
async def test_answers_come_in_their_shapes(daemon: FakeDaemon, tmp_path: Path) -> None:
    client = await connected(tmp_path)
    status, limits = await asyncio.gather(
        client.request("status", {"connections": True}, type=Snapshot), client.request("limits.get", type=LimitsResult)
    )
    assert status.connections is not None
    assert len(status.connections) == 100
    assert limits.about["max_requests_per_minute"].whole
    assert (await client.request("operators"))["operators"][0]["you"] is True
    assert client.received > 10_000
    await client.close()
    await client.close()


@pytest.mark.asyncio
async def test_no_is_an_admin_error_with_its_facts(daemon: FakeDaemon, tmp_path: Path) -> None:
    def refuse(_: object) -> None:
        raise AdminError(AdminErrorCode.CONFLICT, "changed by \x1b[2J bob", revision=18, code_of_conduct=1)

    daemon.answers["limits.set"] = refuse
    client = await connected(tmp_path)
    with pytest.raises(AdminError) as caught:
        await client.request("limits.set", {"limits": {}})
    assert caught.value.code == AdminErrorCode.CONFLICT
    assert caught.value.data["revision"] == 18
    assert "\x1b" not in caught.value.message
    with pytest.raises(AdminError, match="no method"):
        await client.request("explode")
    await client.close()


@pytest.mark.asyncio
async def test_long_messages_arrive(daemon: FakeDaemon, tmp_path: Path) -> None:
    """Asyncio's own limit is 64 KiB a line; an hour of history is five times that."""
    daemon.boot(history=3600)
    client = await connected(tmp_path)
    assert len((await client.request("history"))["rows"]) == 3600
    await client.close()


@pytest.mark.asyncio
async def test_a_daemon_that_stands_still_meets_the_deadline(daemon: FakeDaemon, tmp_path: Path) -> None:
    client = await connected(tmp_path)
    daemon.silent = True
    with pytest.raises(DeadlineError, match="not known"):
        await client.request("limits.set", timeout=0.05)
    daemon.silent = False
    assert (await client.request("status", type=Snapshot)).boot_id == "boot-1"  # the connection is still good
    await client.close()


@pytest.mark.asyncio
async def test_a_late_answer_is_not_taken_for_another_ones(daemon: FakeDaemon, tmp_path: Path) -> None:
    client = await connected(tmp_path)
    daemon.silent = True
    with pytest.raises(DeadlineError):
        await client.request("status", timeout=0.02)
    daemon.silent = False
    daemon.send_raw(b'{"id":1,"result":{"boot_id":"late","now":0}}\n{"id":"x","result":1}\n')
    assert (await client.request("status", type=Snapshot)).boot_id == "boot-1"
    await client.close()


@pytest.mark.asyncio
async def test_when_the_daemon_goes_everything_that_waits_fails(daemon: FakeDaemon, tmp_path: Path) -> None:
    client = await connected(tmp_path)
    daemon.silent = True
    waiting = [asyncio.create_task(client.request("status")) for _ in range(3)]
    await asyncio.sleep(0.02)
    await daemon.drop()
    for result in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(result, LinkError)
        assert not isinstance(result, DeadlineError)
    await asyncio.wait_for(client.closed.wait(), 1)
    with pytest.raises(LinkError):
        await client.request("status")
    await client.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"[1, 2]\n",
        b"{}\n",
        b"\xff\xfe\n",
        b'{"id": 1}\n',
        b'{"id": {}, "result": 1}\n',
    ],
)
@pytest.mark.asyncio
async def test_garbage_is_a_lost_link_that_says_so(daemon: FakeDaemon, tmp_path: Path, garbage: bytes) -> None:
    client = await connected(tmp_path)
    daemon.raw = garbage
    with pytest.raises(LinkError, match="is this its admin socket"):
        await client.request("status")
    assert client.closed.is_set()
    await client.close()


@pytest.mark.asyncio
async def test_an_endless_line_is_garbage(daemon: FakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.client.LONGEST_LINE", 1 << 16)
    client = await connected(tmp_path)
    daemon.raw = b"x" * 200_000 + b"\n"
    with pytest.raises(LinkError, match="line of more than"):
        await client.request("status")
    await client.close()


@pytest.mark.asyncio
async def test_an_answer_of_the_wrong_shape_names_the_method(daemon: FakeDaemon, tmp_path: Path) -> None:
    daemon.answers["status"] = lambda _: {"boot_id": 5}
    client = await connected(tmp_path)
    with pytest.raises(LinkError, match=r"answer to status.*another version"):
        await client.request("status", type=Snapshot)
    await client.close()


@pytest.mark.asyncio
async def test_a_refused_user_is_told_why(daemon: FakeDaemon, tmp_path: Path) -> None:
    client = await connected(tmp_path)
    await asyncio.sleep(0.02)
    body = {"id": None, "error": {"code": -32001, "message": "bob (uid 7) is neither in admin_users nor in observers."}}
    daemon.send_raw(msgspec.json.encode(body) + b"\n")
    await asyncio.wait_for(client.closed.wait(), 1)
    assert str(client.reason) == "bob (uid 7) is neither in admin_users nor in observers."
    await client.close()


@pytest.mark.asyncio
async def test_notifications_are_handed_over_and_a_fault_in_there_is_no_secret(
    daemon: FakeDaemon, tmp_path: Path
) -> None:
    seen: list[str] = []

    def notify(method: str, params: msgspec.Raw) -> None:
        seen.append(method)
        if method == "event":
            raise RuntimeError("a bug")

    client = await connected(tmp_path, notify)
    await client.request("subscribe", {"interval": 1})
    daemon.push_snapshot()
    daemon.push("event", {})
    await asyncio.wait_for(client.closed.wait(), 1)
    assert seen == ["snapshot", "event"]
    assert "a bug" in str(client.reason)
    await client.close()


@pytest.mark.asyncio
async def test_it_says_why_it_cannot_connect(daemon: FakeDaemon, tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"no socket .*Is the daemon running"):
        await AdminClient().connect(str(tmp_path / "none"))
    await daemon.stop()
    with pytest.raises(LinkError, match="Nobody listens"):
        await AdminClient().connect(str(tmp_path / "s"))
    with pytest.raises(LinkError, match="Cannot connect"):
        await AdminClient().connect(str(tmp_path / ("long" * 40)))
    with pytest.raises(LinkError, match="no connection"):
        await AdminClient().request("status")
    (tmp_path / "file").touch()
    with pytest.raises(LinkError, match="Nobody listens"):
        await AdminClient().connect(str(tmp_path / "file"))
