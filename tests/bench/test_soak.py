"""The soak test runs, in its shortest form, and its accounts come out right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.bench
@pytest.mark.timeout(150)
def test_the_soak_test_passes() -> None:
    """Every temper of callers, every fault, and the books agree to the last call."""
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("soak.py")), "--smoke"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=140,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "PASS  every check" in result.stdout
