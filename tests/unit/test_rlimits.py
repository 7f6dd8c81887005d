"""Room for open files."""

from __future__ import annotations

import resource

import pytest

from bridge.rlimits import RESERVE, SPARE, limit_met_by, raise_open_files


class FakeLimits:
    """RLIMIT_NOFILE of a machine that may forbid raising it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, *, allowed: bool = True) -> None:
        self.now = (soft, hard)
        self.allowed = allowed
        monkeypatch.setattr(resource, "getrlimit", lambda _: self.now)
        monkeypatch.setattr(resource, "setrlimit", self._set)

    def _set(self, _which: int, limits: tuple[int, int]) -> None:
        if not self.allowed:
            raise ValueError("not allowed to raise maximum limit")
        self.now = limits


def test_raised_to_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The soft limit grows to fit the connections and a reserve, and no further."""
    limits = FakeLimits(monkeypatch, 1024, 500_000)
    assert raise_open_files(1000) is None
    assert limits.now == (1000 + RESERVE, 500_000)


@pytest.mark.parametrize("soft", [50_000, resource.RLIM_INFINITY])
def test_never_lowered(monkeypatch: pytest.MonkeyPatch, soft: int) -> None:
    """What fits already stays."""
    limits = FakeLimits(monkeypatch, soft, resource.RLIM_INFINITY)
    assert raise_open_files(1000) is None
    assert limits.now[0] == soft


def test_no_hard_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """An infinite hard limit is no small number, although it is spelled -1."""
    limits = FakeLimits(monkeypatch, 1024, resource.RLIM_INFINITY)
    assert raise_open_files(100_000) is None
    assert limits.now[0] == 100_000 + RESERVE


def test_hard_limit_too_low(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much as is allowed is taken, and the warning has the numbers and the way out."""
    limits = FakeLimits(monkeypatch, 1024, 4096)
    warning = raise_open_files(10_000)
    assert limits.now == (4096, 4096)
    assert warning is not None
    for part in ("max_connections 10000", str(10_000 + RESERVE), "4096", str(4096 - RESERVE), "LimitNOFILE"):
        assert part in warning


def test_raising_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that forbids it ends in a warning, not in a daemon that does not start."""
    FakeLimits(monkeypatch, 1024, 4096, allowed=False)
    assert "only 1024 are allowed" in str(raise_open_files(2000))


def test_the_last_descriptors_are_no_connection_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """A descriptor near the limit of now tells it; without a limit none does."""
    limits = FakeLimits(monkeypatch, 256, 500_000)
    assert limit_met_by(256 - SPARE - 1) is None
    assert limit_met_by(256 - SPARE) == 256
    limits.now = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    assert limit_met_by(1_000_000) is None
