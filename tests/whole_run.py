"""A run of all tests says before it begins how long it will take, and then how far it is, instead of dots.

A share of the tests is no measure of that: a few dozen take most of the time.
"""

from __future__ import annotations

import time
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

# What `make test` takes on two cores that have nothing else to do. Every later run knows what the last one took.
FIRST_RUN_SECONDS = 660
SECONDS_BETWEEN_LINES = 15


def pytest_configure(config: pytest.Config) -> None:
    """Take part in runs of all tests, in the process that prints."""
    chosen = config.option
    # A run without a cache has no --lf.
    some = chosen.keyword or chosen.markexpr or getattr(chosen, "lf", False) or chosen.collectonly
    in_worker = hasattr(config, "workerinput")
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and not some and not in_worker:
        config.pluginmanager.register(WholeRun(config))


class WholeRun:
    """What is known of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        # Each number of processes takes a time of its own.
        self._key = f"s3vl/whole_run_seconds/{getattr(config.option, 'numprocesses', None) or 1}"
        self._last: float | None = config.cache.get(self._key, None) if config.cache else None
        self._began = self._said = time.monotonic()
        self._running: list[str] = []
        self._done = 0
        self._failed = 0
        self._over = False

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Keep what knows the number of tests, once they are collected."""
        self._session = session

    def pytest_report_header(self) -> str:
        """Say how long it will take, and how that is known."""
        if self._last is None:
            return f"all tests: about {_minutes(FIRST_RUN_SECONDS)} minutes on two idle cores, longer on a busy machine"
        return f"all tests: about {_minutes(self._last)} minutes, as the last time here"

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, tuple[str, str, str], tuple[str, str, str]]:
        """Count every test, and print no letter for it; the summary at the end has its words."""
        category, letter, word = yield
        return (category, letter, word) if self._over else (category, "", "")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say now and then how far the run is, and what is running."""
        self._running.append(nodeid)
        now = time.monotonic()
        if now - self._said >= SECONDS_BETWEEN_LINES:
            self._said = now
            self._print(self._progress(now - self._began))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Name a test that fails as soon as it does."""
        if report.failed:
            self._failed += 1
            self._print(f"FAILED {report.nodeid}")

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Count what is done."""
        self._done += 1
        self._running.remove(nodeid)

    def pytest_sessionfinish(self) -> None:
        """Remember how long a run took that went to its end, whatever it found."""
        self._over = True
        if self._done == self._session.testscollected and self._config.cache:
            self._config.cache.set(self._key, time.monotonic() - self._began)

    def _progress(self, seconds: float) -> str:
        expected = self._last or FIRST_RUN_SECONDS
        files = ", ".join(sorted({PurePath(nodeid.split("::")[0]).name for nodeid in self._running}))
        tests = f"{self._done:,} of {self._session.testscollected:,} tests, {self._failed} failed"
        return f"{_minutes(seconds)} of about {_minutes(expected)} minutes: {tests}; now {files}"

    def _print(self, line: str) -> None:
        terminal: pytest.TerminalReporter = self._config.pluginmanager.getplugin("terminalreporter")
        terminal.ensure_newline()
        terminal.write_line(line)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
