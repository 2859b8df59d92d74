"""What make test-matrix says of a server comes from pytest's own report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import test_matrix
from s3vl_local import postgres_versions

if TYPE_CHECKING:
    from pathlib import Path

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="3" tests="10">
<properties><property name="server_version" value="15.18 (Debian 15.18-0+deb12u1)" /></properties>
<testcase name="a"><skipped type="pytest.skip" message="no pgvector">a.py:1</skipped></testcase>
<testcase name="b"><skipped type="pytest.skip" message="no dblink">b.py:1</skipped></testcase>
<testcase name="c"><skipped type="pytest.skip" message="no pgvector">c.py:1</skipped></testcase>
</testsuite></testsuites>
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Write a report of ten tests on PostgreSQL 15.18, three of them skipped."""
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    return path


def test_skipped_tests_are_counted_by_reason(report: Path) -> None:
    """A line has the server's own version, what passed, and what was skipped and why."""
    assert (
        test_matrix.summary("15", report)
        == "PostgreSQL 15.18: 7 passed, 2 skipped (no pgvector), 1 skipped (no dblink)"
    )


def test_tests_that_ran_on_another_server_are_no_success(report: Path) -> None:
    """Asking for one version and testing another is an error."""
    with pytest.raises(RuntimeError, match=r"asked for PostgreSQL 17 and ran on 15\.18"):
        test_matrix.summary("17", report)


@pytest.mark.parametrize(("version", "well"), [("15", True), ("17", False)])
def test_only_the_server_of_the_machine_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, version: str, well: bool
) -> None:
    """Debian's package may be absent, and the line says so; a wheel that make has installed may not."""

    def missing(_: str) -> None:
        raise postgres_versions.PostgresMissingError("how to get it")

    monkeypatch.setattr(postgres_versions, "find", missing)

    assert test_matrix.run(version) == (well, f"PostgreSQL {version}: not run (how to get it)")
