"""s3vl installed in a database of its own, over a stub of aws_lambda that needs no Lambda."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

import psycopg
import pytest
from psycopg.rows import dict_row

from s3vl_local.postgres import BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg.errors import Diagnostic

    from s3vl_local.postgres import PostgresServer

ROOT = Path(__file__).resolve().parent.parent
PSQL = BIN / "psql"
LAMBDA_ARN = "arn:aws:lambda:us-west-2:123456789012:function:s3vl-vector-query"
INDEX_ARN = "arn:aws:s3vectors:us-west-2:123456789012:bucket/s3vl-vectors/index/test-index-5d"


def psql(url: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run psql without the user's own psqlrc, and return what it said."""
    return subprocess.run(
        [PSQL, "--no-psqlrc", url, *arguments], capture_output=True, text=True, check=False, **options
    )


class Notice(NamedTuple):
    """What the database said beside its answer; psycopg's own object lives only as long as its handler."""

    severity: str | None
    message: str | None
    detail: str | None
    hint: str | None


class Database:
    """A session with s3vl, and everything that the database said in it."""

    def __init__(self, url: str, *, autocommit: bool) -> None:
        self.connection: psycopg.Connection[dict[str, Any]] = psycopg.connect(
            url, autocommit=autocommit, row_factory=dict_row
        )
        self.notices: list[Notice] = []
        self.connection.add_notice_handler(self._keep)
        self.connection.execute("create temporary sequence aws_lambda_calls")
        self.connection.commit()

    def rows(self, statement: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """Run a statement and return its rows."""
        cursor = self.connection.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def value(self, statement: LiteralString, **parameters: Any) -> Any:
        """Run a statement and return the one value it gives."""
        [row] = self.rows(statement, **parameters)
        [value] = row.values()
        return value

    def milliseconds(self, statement: LiteralString) -> float:
        """Run a statement, and return how long that took."""
        begun = time.monotonic()
        self.rows(statement)
        return (time.monotonic() - begun) * 1000

    def error(self, statement: LiteralString, **parameters: Any) -> Diagnostic:
        """Run a statement that has to fail, and return its error; the session stays usable."""
        with pytest.raises(psycopg.Error) as caught, self.connection.transaction():
            self.connection.execute(statement, parameters or None)
        return caught.value.diag

    def take_back(self) -> None:
        """Take back the transaction, and what outlives that in a session, but for plans, which cost most of all."""
        self.connection.rollback()
        self.connection.execute("select pg_advisory_unlock_all(), setval('aws_lambda_calls', 1, false)")
        self.connection.execute("discard sequences")
        self.connection.execute("deallocate all")
        self.connection.commit()
        self.notices.clear()

    @property
    def warnings(self) -> list[Notice]:
        """Return the warnings so far."""
        return [notice for notice in self.notices if notice.severity == "WARNING"]

    def _keep(self, said: Diagnostic) -> None:
        self.notices.append(
            Notice(said.severity_nonlocalized, said.message_primary, said.message_detail, said.message_hint)
        )


class StubLambda:
    """What the Lambda function is to answer, call by call, and what it was asked."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._calls = 0

    def answers(self, result: Any = None, *, seconds: float = 0, **members: Any) -> None:
        """Queue a success with this result."""
        self.answers_text(json.dumps({"success": True, "result": result or {}, **members}), seconds=seconds)

    def answers_failure(self, code: str, message: str = "the reason", **members: Any) -> None:
        """Queue an answer that reports a failure."""
        error = {"code": code, "message": message, **members}
        self.answers_text(json.dumps({"success": False, "error": error, "request_id": "request-1"}))

    def answers_text(self, payload: str | None, *, seconds: float = 0) -> None:
        """Queue an answer as it is."""
        self._play(payload=payload, seconds=seconds)

    def raises(self, message: str, detail: str = "", *, errcode: str = "P0001", seconds: float = 0) -> None:
        """Queue an error of aws_lambda itself."""
        self._play(message=message, detail=detail, errcode=errcode, seconds=seconds)

    def is_cancelled(self) -> None:
        """Queue a call that never ends, in which the query is cancelled."""
        self._play(seconds="infinity")

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Return the arguments of each call of aws_lambda.invoke, and the timeout then in force."""
        return self.calls_since(0)

    def calls_since(self, notices: int) -> list[dict[str, Any]]:
        """Return the calls since there were so many notices: to read all again and again takes long."""
        return [
            json.loads(notice.detail or "")
            for notice in self._db.notices[notices:]
            if notice.message == "aws_lambda.invoke"
        ]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return the payloads of the calls."""
        return [call["payload"] for call in self.calls]

    def _play(self, **row: Any) -> None:
        self._calls += 1
        played = {"payload": None, "message": None, "detail": None, "errcode": None, "seconds": 0, **row}
        self._db.rows(
            "insert into aws_lambda.played (call, payload, message, detail, errcode, seconds)"
            " values (%(call)s, %(payload)s, %(message)s, %(detail)s, %(errcode)s, %(seconds)s)",
            call=self._calls,
            **played,
        )


@pytest.fixture(scope="session")
def installed_template(postgres: PostgresServer) -> str:
    """Install s3vl over the stub, as the master user, in a database to clone."""
    name = "s3vl_installed"
    postgres.create_database(name)
    for user, arguments in (
        ("postgres", ("-c", "create extension aws_lambda cascade")),
        ("rdsadmin", ("-f", str(ROOT / "tests/sql/aws_lambda_stub.sql"))),
        ("postgres", ("-f", str(ROOT / "sql/install.sql"))),
    ):
        done = psql(postgres.url(user, name), "-v", "ON_ERROR_STOP=1", *arguments)
        assert done.returncode == 0, done.stderr
    return name


@pytest.fixture(scope="session")
def shared_database(postgres: PostgresServer, installed_template: str) -> str:
    """Give a clone for all tests that take back what they do."""
    postgres.create_database("s3vl_shared", installed_template)
    return "s3vl_shared"


@pytest.fixture(scope="session")
def shared_session(postgres: PostgresServer, shared_database: str) -> Iterator[Database]:
    """Open one session of the master user for all of them: a new one compiles and plans all that a test calls."""
    database = Database(postgres.url(database=shared_database), autocommit=False)
    yield database
    database.connection.close()


@pytest.fixture
def db(shared_session: Database) -> Iterator[Database]:
    """Give the session of the master user in one transaction, which is rolled back at the end."""
    yield shared_session
    shared_session.take_back()


@pytest.fixture
def committing(
    postgres: PostgresServer, installed_template: str, new_database: Callable[..., str]
) -> Iterator[Callable[..., Database]]:
    """Open sessions in a clone of this test's own, where each statement commits."""
    name = new_database(installed_template)
    opened: list[Database] = []

    def connect(user: str = "postgres") -> Database:
        opened.append(Database(postgres.url(user, name), autocommit=True))
        return opened[-1]

    yield connect
    for database in opened:
        database.connection.close()


def configure(db: Database) -> None:
    """Configure s3vl, as if it had been done before."""
    db.rows(
        "insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values (%(arn)s, 'us-west-2', 30)",
        arn=LAMBDA_ARN,
    )


def register(db: Database, dimension: int) -> None:
    """Register the index "docs", with cosine distance."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn, dimension, distance_metric)"
        " values ('docs', %(arn)s, %(dimension)s, 'cosine')",
        arn=INDEX_ARN,
        dimension=dimension,
    )


@pytest.fixture
def stub(db: Database) -> StubLambda:
    """Give the stub of the session `db`."""
    return StubLambda(db)


@pytest.fixture
def configured(db: Database, stub: StubLambda) -> StubLambda:
    """Configure s3vl in the session `db`, as if it had been done before."""
    configure(db)
    return stub


@pytest.fixture
def registered(db: Database, configured: StubLambda) -> StubLambda:
    """Configure s3vl, and register the index "docs" of five dimensions, with cosine distance."""
    register(db, 5)
    return configured
