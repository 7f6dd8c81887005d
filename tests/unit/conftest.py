"""What several tests of the bridge's modules begin with."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from bridge.api import Peer, Session


@pytest.fixture
def session() -> Iterator[Session]:
    """Return the session of a caller who is the daemon's own user."""
    made = Session(Peer(pid=1, uid=os.geteuid(), gid=os.getegid()))
    yield made
    assert made.close() == []
