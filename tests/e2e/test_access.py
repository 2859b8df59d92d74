"""Application roles on the whole way: they search and write with no right on aws_lambda or the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures_cloud import INDEX_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

SEARCH = "select count(*) > 0 from s3vl.query_vectors(array[0.1, 0.2, 0.3, 0.4, 0.5], %s, top_k => 3)"
PUT = "select s3vl.put_vectors(array[('tmp', '{1,2,3,4,5}', null)::s3vl.vector_record], %s)"
DELETE = "select s3vl.delete_vectors(array['tmp'], %s)"


@pytest.fixture
def app(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Make a role `app` that the session may become, and drop it at the end."""
    connection.execute("create role app; grant app to current_user")
    yield connection
    connection.execute("reset role; drop owned by app; drop role app")


def test_reader_searches_and_does_not_write(app: psycopg.Connection) -> None:
    """Search goes through to S3 Vectors; writing, configuring and Lambda itself are refused."""
    app.execute("select s3vl.grant_access('app', 'reader'); set role app")

    assert app.execute(SEARCH, [INDEX_NAME]).fetchone() == (True,)
    for refused in (
        "select s3vl.put_vectors(null, 'x')",
        "select s3vl.configure('x')",
        "select * from s3vl.config",
        "select * from aws_lambda.invoke('other', '{}'::json)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(refused)


def test_writer_writes(app: psycopg.Connection) -> None:
    """A writer puts, finds and deletes."""
    app.execute("select s3vl.grant_access('app', 'writer'); set role app")

    assert app.execute(PUT, [INDEX_NAME]).fetchone() == (1,)
    assert app.execute(DELETE, [INDEX_NAME]).fetchone() == (1,)


def test_access_ends_when_it_is_revoked(app: psycopg.Connection) -> None:
    """The next statement of the role is refused."""
    app.execute("select s3vl.grant_access('app', 'reader'); set role app")
    app.execute(SEARCH, [INDEX_NAME])
    app.execute("reset role; select s3vl.revoke_access('app'); set role app")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(SEARCH, [INDEX_NAME])


def test_diagnosis_of_a_working_stack_warns_of_its_short_timeout(connection: psycopg.Connection) -> None:
    """On the post's stack each check is ok, but its function ends before the default timeout_seconds."""
    rows = connection.execute("select check_name, status, detail from s3vl.diagnose()").fetchall()

    assert [row for row in rows if row[1] != "ok"] == [
        ("Lambda timeout", "warn", "the function ends after 10 s, before timeout_seconds (30 s)")
    ]
    [index] = [detail for name, _, detail in rows if name == f'index "{INDEX_NAME}"']
    assert index.startswith("ENHANCED, 5 dimensions, cosine, described ")
