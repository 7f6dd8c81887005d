"""The benchmark runs; what it measures is for people to judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.bench
def test_the_benchmark_runs_through(tmp_path: Path) -> None:
    """Every part of it measures something, in its shortest form, and writes the figures down."""
    result = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("bench.py")),
            "--smoke",
            "--json",
            str(tmp_path / "figures.json"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [row["ratio"] > 0 for row in figures["throughput"]] == [True] * 4
    assert len(figures["big_requests"]) == 4
    assert len(figures["memory"]) == 2
    assert figures["perl"][0]["json"] == "JSON::PP"
