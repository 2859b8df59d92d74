"""A PostgreSQL server for the whole run, and a database of its own for each test that asks."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3vl_local import postgres as local_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.postgres import PostgresServer


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Give a folder that the server's own account can pass through: pytest closes its own to others."""
    with tempfile.TemporaryDirectory(prefix="s3vl-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(
    server_folder: Path, record_testsuite_property: Callable[[str, object], None]
) -> Iterator[PostgresServer]:
    """Start one server, laid out like an Aurora cluster, and stop it at the end."""
    server = local_postgres.start(server_folder / "data")
    record_version(server, record_testsuite_property)
    yield server
    server.stop()


def record_version(server: PostgresServer, record: Callable[[str, object], None]) -> None:
    """Let the server itself say in pytest's report which one the tests ran on, for test_matrix.py."""
    with server.connect() as connection:
        record("server_version", connection.info.parameter_status("server_version"))


def need_pgvector() -> None:
    """Skip what begins in pgvector on a server that has none."""
    if not local_postgres.INSTALLATION.offers("vector"):
        pytest.skip("no pgvector")


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    """Give names that no other database of this run has."""
    return (f"test_{number}" for number in itertools.count(1))


@pytest.fixture
def new_database(postgres: PostgresServer, database_names: Iterator[str]) -> Iterator[Callable[..., str]]:
    """Make databases owned by the master user, cloned from a template when one is named; drop them after."""
    made: list[str] = []

    def create(template: str = "template1") -> str:
        made.append(next(database_names))
        postgres.create_database(made[-1], template)
        return made[-1]

    yield create
    for name in made:
        postgres.drop_database(name)
