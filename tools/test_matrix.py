"""Run the tests that touch PostgreSQL on every server that this machine can have: `make test-matrix`.

Prints one line a server, such as `PostgreSQL 17.10: 850 passed, 1 skipped (no pgvector)`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from s3vl_local import postgres_versions

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "matrix"
# The source is the same on every server, and test_source.py reads nothing else.
SQL_TESTS = ("tests/sql", "tests/catalogue", "tests/install", "--ignore=tests/catalogue/test_source.py")
# `make test` runs everything on the default server, and CI does both: here that server only shows which one it is.
DEFAULT_SERVER_TESTS = ("tests/catalogue/test_functions.py",)
# Where PostgreSQL takes part. The others prove Lambda and the local cloud, which know no server version.
END_TO_END_TESTS = tuple(
    f"tests/e2e/test_{name}.py"
    for name in ("access", "batch", "errors", "hybrid", "queries", "sync_owners", "walkthrough")
)
# The tests wait about half of their time, for Lambda and for limits to pass.
AT_ONCE = 2


def run(version: str) -> tuple[bool, str]:
    """Run the tests on one server; return whether all is well, and the line that says so."""
    try:
        server = postgres_versions.find(version)
    except postgres_versions.PostgresMissingError as error:
        # A wheel is there, or make has failed; Debian's package is a matter of the machine.
        return version == postgres_versions.DEBIAN, f"PostgreSQL {version}: not run ({error})"
    if version == postgres_versions.DEFAULT:
        tests: tuple[str, ...] = DEFAULT_SERVER_TESTS
        note = "; make test runs everything on it"
    elif not server.offers("dblink"):
        tests = SQL_TESTS
        note = "; no end-to-end tests, only the stub of aws_lambda: no dblink"
    else:
        tests = SQL_TESTS + END_TO_END_TESTS
        note = "; end-to-end tests included"
    report = REPORTS / f"postgresql-{version}.xml"
    report.unlink(missing_ok=True)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *tests],
        cwd=ROOT,
        env={**os.environ, "S3VL_POSTGRES": version},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode != 0:
        return False, f"{done.stdout}\nPostgreSQL {version}: tests failed, see above"
    return True, summary(version, report) + note


def summary(version: str, report: Path) -> str:
    """Tell from pytest's report which server it was, what passed, and why the rest was skipped."""
    suite = ET.parse(report).getroot()[0]  # noqa: S314 (written by our own pytest)
    properties = {entry.attrib["name"]: entry.attrib["value"] for entry in suite.iter("property")}
    # Debian adds the version of its package.
    released = properties["server_version"].split()[0]
    if released.split(".")[0] != version:
        raise RuntimeError(f"the tests asked for PostgreSQL {version} and ran on {released}")
    skipped = Counter(entry.attrib["message"] for entry in suite.iter("skipped"))
    passed = int(suite.attrib["tests"]) - skipped.total()
    reasons = (f", {count} skipped ({reason})" for reason, count in skipped.items())
    return f"PostgreSQL {released}: {passed} passed{''.join(reasons)}"


def main() -> int:
    """Run all servers; the exit status says whether all is well."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    well = True
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for passed, line in pool.map(run, postgres_versions.VERSIONS):
            print(line, flush=True)
            well = well and passed
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
