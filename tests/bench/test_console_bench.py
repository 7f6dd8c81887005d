"""The console's benchmark runs; what it measures is for people to judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.bench
def test_the_benchmark_runs_through(tmp_path: Path) -> None:
    """It sees the console's data on a terminal and writes a figure down for everything that has a budget."""
    file = tmp_path / "figures.json"
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("console_bench.py")), "--smoke", "--json", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    figures = json.loads(file.read_text())
    for name in ("console", "1000 connections"):
        assert figures[name]["first_data"] >= figures[name]["first_frame"] > 0
        assert figures[name]["kb_per_second"] > 0
        assert figures[name]["memory_mb"] > 10
    assert figures["idle Textual"]["first_frame"] > 0
