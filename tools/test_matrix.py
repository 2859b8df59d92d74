"""Run the tests that touch PostgreSQL on every server that this machine can have: `make test-matrix`.

Prints a line for each part, such as `PostgreSQL 17.10, SQL: 850 passed, 1 skipped (no pgvector)`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from s3vl_local import postgres_versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "matrix"
# The source is the same on every server, and test_source.py reads nothing else. CONTRIBUTING.md says what is marked.
SOURCE = "tests/catalogue/test_source.py"
SQL_TESTS = ("tests/sql", "tests/catalogue", "tests/install", f"--ignore={SOURCE}", "-m", "not one_server")
# `make test` runs everything on the default server, and CI does both: here that server only shows which one it is.
DEFAULT_SERVER_TESTS = ("tests/catalogue/test_functions.py",)
# Where PostgreSQL takes part. The others prove Lambda and the local cloud, which know no server version.
END_TO_END_TESTS = ("access", "batch", "hybrid", "sync_owners", "sync_server")
# The longest run on the oldest server, and in make test on the newest: what both do, those between do.
OLDEST = "15"
OLDEST_TOO = ("walkthrough", "sync", "queries", "errors")
# Isolation levels, locks and two phases are the server's. In make test the history is longer.
SIMULATION = "tests/e2e/test_sync_simulation.py::test_after_a_random_history_the_index_equals_the_table"
SIMULATION_SECONDS = "4"
# The tests wait about half of their time, for Lambda and for limits to pass.
AT_ONCE = 4


class Part(NamedTuple):
    """Tests that run one after another on one server."""

    name: str
    tests: tuple[str, ...]


def parts(version: str, *, dblink: bool) -> list[Part]:
    """Return what runs on a server: aws_lambda of the local cloud calls through dblink, and its stub does not."""
    if version == postgres_versions.DEFAULT:
        return [Part("catalogue beside make test", DEFAULT_SERVER_TESTS)]
    if not dblink:
        return [Part("SQL without dblink", SQL_TESTS)]
    names = OLDEST_TOO + END_TO_END_TESTS if version == OLDEST else END_TO_END_TESTS
    files = (f"tests/e2e/test_{name}.py" for name in names)
    return [Part("SQL", SQL_TESTS), Part("end to end", (*files, SIMULATION))]


def run(version: str, part: Part) -> tuple[bool, str]:
    """Run a part on one server; return whether all is well, and the line that says so."""
    report = REPORTS / f"postgresql-{version}-{part.name.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *part.tests],
        cwd=ROOT,
        env={"S3VL_SIMULATION_SECONDS": SIMULATION_SECONDS, **os.environ, "S3VL_POSTGRES": version},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode != 0:
        return False, f"{done.stdout}\nPostgreSQL {version}, {part.name}: tests failed, see above"
    return True, summary(version, part, report)


def summary(version: str, part: Part, report: Path) -> str:
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
    return f"PostgreSQL {released}, {part.name}: {passed} passed{''.join(reasons)}"


def outcomes() -> Iterator[tuple[bool, str]]:
    """Run every part on every server, and give what `run` returns, in this order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running: list[Future[tuple[bool, str]]] = []
        for version in postgres_versions.VERSIONS:
            try:
                server = postgres_versions.find(version)
            except postgres_versions.PostgresMissingError as error:
                # A wheel is there, or make has failed; Debian's package is a matter of the machine.
                yield version == postgres_versions.DEBIAN, f"PostgreSQL {version}: not run ({error})"
            else:
                running += [
                    pool.submit(run, version, part) for part in parts(version, dblink=server.offers("dblink"))
                ]
        yield from (part.result() for part in running)


def main() -> int:
    """Run all servers; the exit status says whether all is well."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    all_well = True
    for well, line in outcomes():
        print(line, flush=True)
        all_well = all_well and well
    return 0 if all_well else 1


if __name__ == "__main__":
    sys.exit(main())
