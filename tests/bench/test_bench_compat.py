"""The benchmark of the replacements runs; what it measures is for people to judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.bench
@pytest.mark.timeout(300)  # it fetches the originals when it runs for the first time
def test_the_benchmark_runs_through(tmp_path: Path) -> None:
    """Every part measures something, in its shortest form, and the figures are written down."""
    program = Path(__file__).with_name("compat") / "bench_compat.py"
    result = subprocess.run(
        [sys.executable, str(program), "--smoke", "--json", str(tmp_path / "figures.json")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert {row["part"] for row in figures} >= {"http", "libxml", "wire"}
    assert all(row["ours"] > 0 for row in figures)
