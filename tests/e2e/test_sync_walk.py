"""The move of docs/sync.md, while rows of the table change all the time: it loses nothing, and ends equal."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from indexes import registered_index

from fixtures_postgres import need_pgvector
from fixtures_sql import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Stack

MOVE = (ROOT / "docs/sync.md").read_text().partition("\n## Move a pgvector table\n")[2].partition("\n## ")[0]
# Its table and rows, and then the move; the index is made by the test.
TABLE, *STEPS = re.findall(r"```sql\n(.*?)```", MOVE, re.DOTALL)


def statements(block: str) -> list[str]:
    """Return the statements of a block, of which one has a body; sync would go on while there are changes."""
    found = re.findall(
        r"(?:\$\$.*?\$\$|[^;$])+;", block.replace("sync()", "sync(max_seconds => 2)"), re.DOTALL
    )
    return [statement for statement in found if "create_index" not in statement]


def run(connection: psycopg.Connection, block: str) -> None:
    """Run a block, again when a row has changed meanwhile, as the page says."""
    while True:
        try:
            for statement in statements(block):
                connection.execute(statement)
        except psycopg.errors.SerializationFailure:
            connection.execute("rollback")
        else:
            return


@contextmanager
def changing(writer: psycopg.Connection) -> Iterator[None]:
    """Change metadata and texts, insert rows without a vector, and delete those again, all the while."""
    is_over = threading.Event()

    def write() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            writer.execute(
                "update documents set metadata = coalesce(metadata, '{}') || jsonb_build_object('n', %s::integer),"
                " content = 'version ' || %s::integer where id = %s",
                [number, number, number % 5 + 1],
            )
            writer.execute("insert into documents (content) values ('to be deleted')")
            if number % 2:
                writer.execute("delete from documents where content = 'to be deleted'")

    with ThreadPoolExecutor() as pool:
        task = pool.submit(write)
        try:
            yield
        finally:
            is_over.set()
        task.result()


def test_a_table_moves_while_its_rows_change(
    database: Callable[[], psycopg.Connection], aws: Callable[..., Any], stack: Stack
) -> None:
    """Bound, verified, its column dropped, and its metadata changed afterwards: index and table end equal."""
    need_pgvector()
    connection = database()
    arn = registered_index(connection, aws, stack, "documents", 384, nonFilterableMetadataKeys=["content"])
    connection.execute("select s3vl.register_index('documents', %s, model => 'words-384')", [arn])
    run(connection, TABLE)
    vectors = dict(connection.execute("select id::text, embedding::real[] from documents").fetchall())
    assert len(vectors) == 5

    with changing(database()):
        for step in STEPS:
            run(connection, step)

    connection.execute("call s3vl.sync()")
    # Rows that had changed meanwhile have kept theirs.
    run(connection, STEPS[-1])
    [[new, vector]] = connection.execute(
        "select id::text, embed(content, 384) from documents where content = 'Amazon S3 stores objects.'"
    ).fetchall()
    vectors[new] = vector
    stored = connection.execute(
        "select vector_id, vector_data, metadata from s3vl.list_vectors("
        "index_name => 'documents', max_results => 1000, return_data => true)"
    ).fetchall()
    rows = dict(
        connection.execute(
            "select id::text, metadata || jsonb_build_object('content', content) from documents"
            " where id::text = any(%s)",
            [list(vectors)],
        ).fetchall()
    )
    assert {row[0]: row[2] for row in stored} == rows
    for vector_id, numbers, _ in stored:
        assert numbers == pytest.approx(vectors[vector_id])
    assert connection.execute("select count(new_embedding) from documents").fetchone() == (0,)
    connection.execute("select s3vl.start_verify('documents')")
    connection.execute("call s3vl.sync()")
    jobs = connection.execute("select state, error from s3vl.sync_jobs() order by job_id desc limit 1")
    assert jobs.fetchall() == [("done", None)]
    assert connection.execute("select count(*) from s3vl.sync_difference").fetchone() == (0,)
