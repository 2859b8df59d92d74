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
PART = test_matrix.Part("SQL", ())


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Write a report of ten tests on PostgreSQL 15.18, three of them skipped."""
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    return path


def test_skipped_tests_are_counted_by_reason(report: Path) -> None:
    """A line has the server's own version, what ran, what passed, and what was skipped and why."""
    assert (
        test_matrix.summary("15", PART, report)
        == "PostgreSQL 15.18, SQL: 7 passed, 2 skipped (no pgvector), 1 skipped (no dblink)"
    )


def test_tests_that_ran_on_another_server_are_no_success(report: Path) -> None:
    """Asking for one version and testing another is an error."""
    with pytest.raises(RuntimeError, match=r"asked for PostgreSQL 17 and ran on 15\.18"):
        test_matrix.summary("17", PART, report)


def test_only_the_server_of_the_machine_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's package may be absent, and the line says so; a wheel that make has installed may not."""

    def missing(_: str) -> None:
        raise postgres_versions.PostgresMissingError("how to get it")

    monkeypatch.setattr(postgres_versions, "find", missing)

    assert list(test_matrix.outcomes()) == [
        (version == "15", f"PostgreSQL {version}: not run (how to get it)")
        for version in ("15", "16", "17", "18")
    ]


@pytest.mark.parametrize(
    ("version", "dblink", "names"),
    [
        ("15", True, ["SQL", "end to end"]),
        ("16", False, ["SQL without dblink"]),
        ("17", True, ["SQL", "end to end"]),
        ("18", True, ["catalogue beside make test"]),
    ],
)
def test_what_runs_follows_from_the_server(version: str, dblink: bool, names: list[str]) -> None:
    """All run the SQL tests, and what needs dblink where it is; make test has the default server."""
    assert [part.name for part in test_matrix.parts(version, dblink=dblink)] == names


def test_pages_are_walked_on_the_oldest_server_alone() -> None:
    """Those of the newest are walked by make test."""
    walking = [
        version
        for version in postgres_versions.VERSIONS
        for part in test_matrix.parts(version, dblink=True)
        if "tests/e2e/test_walkthrough.py" in part.tests
    ]

    assert walking == ["15"]
