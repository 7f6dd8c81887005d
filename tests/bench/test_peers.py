"""The comparison with other ways to Python runs, in its shortest form; and its goals are judged rightly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from peers_table import Cell, verdicts

PEERS = Path(__file__).parent / "peers" / "peers.py"


@pytest.mark.bench
@pytest.mark.timeout(150)
def test_the_comparison_runs_through(tmp_path: Path) -> None:
    """Every peer gives right answers at every task, and its figures are written down."""
    file = tmp_path / "figures.json"
    result = subprocess.run(
        [sys.executable, str(PEERS), "--smoke", "--markdown", "--json", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=140,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    figures = json.loads(file.read_text())
    assert len(figures) == 21
    assert all(each["rate"] > 0 and each["caller_mb"] > 0 for each in figures.values())
    assert "| 50 callers | calls/s |" in result.stdout


def test_goals() -> None:
    """Twice as fast as what runs Python elsewhere, and within 1.5 times the floor of the same JSON module."""
    rates = {"cpanbridge": 1000, "floor: JSON::PP, echo": 1400, "web": 501, "fork": 499}
    cells = {("small", name): Cell(rate, *[0.0] * 6) for name, rate in rates.items()}
    found = list(verdicts(["small"], list(rates), cells))
    assert [good for good, _ in found] == [False, True, True]
    assert found[0][1].startswith("small: 2.0 times the calls of web")
    assert "1.40 times the floor: JSON::PP" in found[2][1]
