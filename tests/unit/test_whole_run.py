"""What a run of all tests prints: how long it will take, how far it is, and what fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
SETTINGS = f"""
[pytest]
testpaths = tests
pythonpath = {TESTS}
"""
CONFTEST = """
pytest_plugins = ["whole_run"]
def pytest_configure():
    import whole_run
    whole_run.SECONDS_BETWEEN_LINES = 0
"""
SUITE = """
import pytest
def test_passes(): pass
@pytest.mark.skip
def test_is_skipped(): pass
def test_fails(): assert 0
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Write a suite of three tests."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "tests" / "conftest.py").write_text(CONFTEST)
    (tmp_path / "tests" / "test_it.py").write_text(SUITE)
    return tmp_path


def run(suite: Path, *options: str) -> str:
    """Run pytest in a suite, and return what it printed."""
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-ra", *options]
    # Other plugins than this one only take time.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


def test_a_whole_run_says_how_long_it_takes_and_how_far_it_is(suite: Path) -> None:
    """The first goes by a figure that was measured, the next by the run before; pytest's last line is as ever."""
    first, second = run(suite, "--numprocesses", "2"), run(suite, "--numprocesses", "2")

    assert "\nall tests: about 11:00 minutes on two idle cores" in first
    assert re.search(
        r"^\d:\d\d of about 11:00 minutes: \d of 3 tests, \d failed; now test_it.py$", first, re.MULTILINE
    )
    assert re.search(r"^FAILED tests/test_it.py::test_fails\n", first, re.MULTILINE)
    assert re.search(r"^SKIPPED \[1\] ", first, re.MULTILINE)
    assert re.search(r"^=+ 1 failed, 1 passed, 1 skipped in ", first, re.MULTILINE)
    assert re.search(r"^all tests: about 0:\d\d minutes, as the last time here$", second, re.MULTILINE)


@pytest.mark.parametrize("options", [("tests",), ("-k", "passes"), ("--last-failed",)])
def test_other_runs_are_as_pytest_has_them(suite: Path, options: tuple[str, ...]) -> None:
    """Who chooses tests is told nothing of the time of all."""
    assert "all tests" not in run(suite, *options)
