"""What every test gets: the leak guard, daemons, options for fuzzing, an environment without cpanbridge's settings.

Nothing imported here may import ``twisted.internet.reactor``: pytest-twisted installs it when pytest is configured.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

pytest_plugins = ["daemon_process", "fuzzing", "leak_guard"]

# A machine that does other things at the same time makes a slow example, not a wrong one.
settings.register_profile("local", deadline=None)
# The same examples every time: what a push is judged by must not depend on luck. Local runs keep searching.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(autouse=True)
def _no_settings_from_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CPAN_BRIDGE_")]:
        monkeypatch.delenv(name)
