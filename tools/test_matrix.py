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
# Where PostgreSQL takes part. The others prove Lambda and the local cloud, which know no server version;
# test_writes.py does so with many vectors, and its SQL is in tests/sql.
END_TO_END_TESTS = tuple(
    f"tests/e2e/test_{name}.py" for name in ("access", "batch", "errors", "hybrid", "queries", "walkthrough")
)
# Of equal strength with the machines of CI: the tests wait about half of their time.
AT_ONCE = 2


def run(version: str) -> tuple[bool, str]:
    """Run the tests on one server; return whether all is well, and the line that says so."""
    try:
        server = postgres_versions.find(version)
    except postgres_versions.PostgresMissingError as error:
        # A wheel is there, or make has failed; Debian's package is a matter of the machine.
        return version == postgres_versions.DEBIAN, f"PostgreSQL {version}: not run ({error})"
    tests, note = (*SQL_TESTS, *END_TO_END_TESTS), ""
    if not server.offers("dblink"):
        tests, note = SQL_TESTS, "; a stub of aws_lambda instead of end-to-end tests: no dblink"
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
    )
    if done.returncode != 0:
        return False, f"{done.stdout}\nPostgreSQL {version}: tests failed, see above"
    return True, summary(version, report) + note


def summary(version: str, report: Path) -> str:
    """Tell from pytest's report which server it was, what passed, and why the rest was skipped."""
    suite = ET.parse(report).getroot()[0]  # noqa: S314 (our own file)
    released = suite.find("properties/property[@name='server_version']").get("value").split()[0]
    if released.split(".")[0] != version:
        raise RuntimeError(f"the tests asked for PostgreSQL {version} and ran on {released}")
    skipped = Counter(skip.get("message") for skip in suite.iter("skipped"))
    passed = int(suite.get("tests")) - skipped.total()
    return ", ".join(
        [f"PostgreSQL {released}: {passed} passed", *(f"{n} skipped ({why})" for why, n in skipped.items())]
    )


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
