"""The benchmark of the emulator, at a size that takes a moment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TIME = r"\d+\.\d+ \(\d+\.\d+-\d+\.\d+\)"


def test_the_benchmark_prints_every_figure() -> None:
    """Each size has a row of times, their ratio, megabytes and their ratio; how fast is not asked here."""
    done = subprocess.run(
        [sys.executable, "bench/emulator.py", "--sizes", "500", "1000", "--runs", "3"],
        cwd=ROOT,
        env={"PYTHONPATH": "local"},
        capture_output=True,
        text=True,
        check=True,
    )

    rows = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()[3:]]
    assert [row[0] for row in rows] == ["vectors", "500", "1,000"]
    for _, emulator, numpy, *figures in rows[1:]:
        assert re.fullmatch(TIME, emulator)
        assert re.fullmatch(TIME, numpy)
        assert len(figures) == 6
        assert all(float(figure) > 0 for figure in figures)
