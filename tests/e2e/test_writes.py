"""Writing from tables to S3 Vectors: everything arrives, survives faults, and is gone when deleted."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from indexes import registered_index

from fixtures_postgres import need_pgvector
from s3vl_local import walkthrough
from s3vl_local.demo import GUIDE
from s3vl_local.postgres import SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_cloud import Stack
    from s3vl_local.cloud import LocalCloud

# Of the nearest of fifty an index finds about 95 %, as was measured on AWS; this is never missed by chance.
LEAST_RECALL = 0.75
PUT_DOCS = (
    "select s3vl.put_vectors(array_agg((id, embedding, meta)::s3vl.vector_record order by id), index_name => %s)"
    " from docs"
)
MAKE_DOCS = """
    create table docs as
    select 'doc-' || lpad(i::text, 5, '0') as id,
        (select array_agg((random() - 0.5)::real) from generate_series(1, %s) where i = i) as embedding,
        jsonb_build_object('n', i, 'tags', array['a', 'b'], 'text', 'it''s "no" \\ 日本 ' || i) as meta
    from generate_series(1, %s) as i
"""


def listed_ids(connection: psycopg.Connection, index_name: str) -> list[str]:
    """List an index page by page, as a reader of the documentation does."""
    ids: list[str] = []
    token = None
    while True:
        rows = connection.execute(
            "select vector_id, response_next_token from s3vl.list_vectors("
            "index_name => %s, max_results => 1000, next_token => %s)",
            [index_name, token],
        ).fetchall()
        ids += [row[0] for row in rows]
        token = rows[-1][1] if rows else None
        if token is None:
            return ids


def test_ten_thousand_records_come_back_as_they_were(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """A table of 10,000 vectors of 384 numbers is put, listed, read back and deleted, equal at float32 precision."""
    registered_index(connection, aws, stack, "round-trip", 384)
    connection.execute("select s3vl.configure(lambda_arn, timeout_seconds => 90) from s3vl.get_config()")
    connection.execute(MAKE_DOCS % (384, 10_000))

    written = connection.execute(PUT_DOCS, ["round-trip"]).fetchone()
    equal = connection.execute(
        """
        select count(*), bool_and(g.embedding::real[] = d.embedding and g.metadata = d.meta)
        from s3vl.get_vectors((select array_agg(id) from docs), 'round-trip') as g
        join docs as d on d.id = g.vector_id
        """
    ).fetchone()
    listed = listed_ids(connection, "round-trip")
    deleted = connection.execute(
        "select s3vl.delete_vectors(array_agg(id), 'round-trip') from docs"
    ).fetchone()
    left = connection.execute("select count(*) from s3vl.list_vectors(index_name => 'round-trip')").fetchone()

    assert (written, equal, deleted, left) == ((10_000,), (10_000, True), (10_000,), (0,))
    assert sorted(listed) == [f"doc-{number:05}" for number in range(1, 10_001)]


METADATA = [
    {},
    {"quote": 'it\'s "x"', "backslash": "\\n", "empty": "", "日本": "🎉\n\t"},
    {"strings": ["", "a, b", "ü"], "numbers": [1, -2.5, 1e20], "yes": True, "zero": 0},
    {"text": "ü" * 20_000},
]


@pytest.mark.parametrize("metadata", METADATA, ids=["empty", "texts", "arrays", "40 KB"])
def test_metadata_survives(
    connection: psycopg.Connection,
    aws: Callable[..., Any],
    stack: Stack,
    request: pytest.FixtureRequest,
    metadata: dict[str, Any],
) -> None:
    """Whatever metadata the service takes is read back equal, under an id with every sign in it."""
    number = METADATA.index(metadata)
    registered_index(connection, aws, stack, f"metadata-{number}", 2, nonFilterableMetadataKeys=["text"])
    vector_id = f"{request.node.name} ' \" \\ 日本 🎉"

    connection.execute(
        "select s3vl.put_vectors(array[(%s, '{1,2}', %s::jsonb)::s3vl.vector_record], %s)",
        [vector_id, json.dumps(metadata), f"metadata-{number}"],
    )

    row = connection.execute(
        "select vector_id, metadata from s3vl.get_vectors(array[%s], %s)", [vector_id, f"metadata-{number}"]
    ).fetchone()
    assert row == (vector_id, metadata)


def test_writing_again_replaces(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """A call is idempotent, and the second vector of an id is the one that stays."""
    registered_index(connection, aws, stack, "again", 2)
    for x in (1, 1, 3):
        connection.execute(
            "select s3vl.put_vectors(array[('a', array[%s, 2], null)::s3vl.vector_record], 'again')", [x]
        )

    rows = connection.execute("select * from s3vl.get_vectors(array['a'], 'again')").fetchall()

    assert rows == [("a", [3.0, 2.0], {}, True)]


def test_pgvector_columns_are_written_and_searched(
    cloud: LocalCloud, connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """The documents table of pgvector moves to S3 Vectors, and its own vectors find the same rows there."""
    need_pgvector()
    with cloud.postgres().connect(SUPERUSER, connection.info.dbname) as superuser:
        superuser.execute("create extension vector")
    registered_index(connection, aws, stack, "of-pgvector", 384)
    connection.execute(
        """
        create table documents (id serial primary key, content text, metadata jsonb, embedding vector(384));
        insert into documents (content, metadata, embedding)
        select 'document ' || i, jsonb_build_object('topic', 'topic ' || i %% 3),
            (select array_agg((random() - 0.5)::real) from generate_series(1, 384) where i = i)::vector
        from generate_series(1, 50) as i
        """.replace("%%", "%")
    )

    written = connection.execute(
        "select s3vl.put_vectors(array_agg((id, embedding::real[], metadata)::s3vl.vector_record),"
        " index_name => 'of-pgvector') from documents"
    ).fetchone()
    recall = connection.execute(
        """
        select avg((h.vector_id = (
            select n.id::text from documents as n order by n.embedding <=> d.embedding limit 1
        ))::integer)
        from documents as d
        cross join lateral s3vl.query_vectors(d.embedding::real[], 'of-pgvector', top_k => 1) as h
        """
    ).fetchone()

    assert written == (50,)
    assert recall is not None
    assert recall[0] >= LEAST_RECALL


def test_nothing_is_lost_while_the_service_throttles(
    connection: psycopg.Connection,
    aws: Callable[..., Any],
    stack: Stack,
    faults: Callable[..., None],
    without_approximation: Callable[[str], None],
) -> None:
    """With 5 % 429, of Lambda too, and 2 % 503 all is written, each query is answered, and no error surfaces."""
    without_approximation(registered_index(connection, aws, stack, "faulty", 8))
    connection.execute("select s3vl.configure(lambda_arn, timeout_seconds => 90) from s3vl.get_config()")
    connection.execute(MAKE_DOCS % (8, 20_000))
    faults(operation="*", status=429, code="TooManyRequestsException", probability=0.05, seed=1)
    # Lambda's own 503 may come from a call that was run, and is not repeated.
    for operation in ("PutVectors", "QueryVectors"):
        faults(operation=operation, status=503, code="ServiceUnavailableException", probability=0.02, seed=2)

    written = connection.execute(PUT_DOCS, ["faulty"]).fetchone()
    docs = connection.execute("select id, embedding from docs order by id limit 1000").fetchall()
    search = "select vector_id from s3vl.query_vectors(%s::float8[], 'faulty', top_k => 1)"
    with connection.pipeline():
        searches = [connection.execute(search, [embedding]) for _, embedding in docs]
        found = [answer.fetchall() for answer in searches]

    assert written == (20_000,)
    assert found == [[(vector_id,)] for vector_id, _ in docs]


def test_failure_half_way_tells_what_is_written(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack, faults: Callable[..., None]
) -> None:
    """When access ends in the middle, DETAIL names the positions that are there, and they are."""
    registered_index(connection, aws, stack, "half-way", 8)
    connection.execute(MAKE_DOCS % (8, 3_000))
    faults(operation="PutVectors", status=403, code="AccessDeniedException", every=4)

    with pytest.raises(psycopg.Error) as caught:
        connection.execute(PUT_DOCS, ["half-way"])

    detail = caught.value.diag.message_detail or ""
    runs = [run.split("-") for run in detail.rpartition("written: ")[2].split(",")]
    told = {number for run in runs for number in range(int(run[0]), int(run[-1]) + 1)}
    there = connection.execute(
        "select array_agg((g.metadata ->> 'n')::integer)"
        " from s3vl.get_vectors((select array_agg(id) from docs), 'half-way') as g where g.found"
    ).fetchone()
    assert caught.value.sqlstate == "S3V02"
    assert told
    assert there is not None
    assert told == set(there[0])


def guide_block(part: str) -> str:
    """Return the one block of SQL in the guide with `part` in it."""
    [block] = [
        step.text
        for step in walkthrough.read(GUIDE.read_text())
        if step.language == "sql" and part in step.text
    ]
    return block


def test_the_guides_load_goes_on_after_an_interruption(
    database: Callable[[], psycopg.Connection], aws: Callable[..., Any], stack: Stack
) -> None:
    """A session that is terminated between its batches loses and repeats none: the next call does the rest."""
    connection, loading = database(), database()
    arn = registered_index(connection, aws, stack, "guide-load", 8)
    connection.execute("select s3vl.register_index('documents', %s)", [arn])
    connection.execute(
        "create table documents (id serial primary key, content text, metadata jsonb, embedding real[])"
    )
    connection.execute(
        "insert into documents (content, embedding) select 'text ' || i,"
        " array(select (random() - 0.5)::real from generate_series(1, 8) where i = i)"
        " from generate_series(1, 2050) as i"
    )
    connection.execute(guide_block("CREATE FUNCTION vector_metadata"))
    connection.execute(guide_block("CREATE PROCEDURE load_documents").replace("CALL load_documents();", ""))
    told: list[str] = []

    def interrupt(notice: psycopg.errors.Diagnostic) -> None:
        told.append(notice.message_primary or "")
        if len(told) == 3:
            connection.execute("select pg_terminate_backend(%s)", [loading.info.backend_pid])

    loading.add_notice_handler(interrupt)
    with pytest.raises(psycopg.errors.AdminShutdown):
        loading.execute("call load_documents(200)")
    [progress] = connection.execute("table documents_load").fetchall()
    again = database()
    again.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
    again.execute("call load_documents(200)")

    assert 600 <= progress[1] < 2050
    # Of a batch that is committed nothing is written again: as many rows are counted as there are ids.
    assert len(set(told)) == len(told) >= 10
    assert set(told) <= {f"{n} rows are written, up to id {n}" for n in [*range(200, 2001, 200), 2050]}
    assert connection.execute("table documents_load").fetchall() == [(2050, 2050)]
    assert sorted(map(int, listed_ids(connection, "documents"))) == list(range(1, 2051))
    equal = connection.execute(
        "select bool_and(g.embedding::real[] = d.embedding and g.metadata ->> 'content' = d.content)"
        " from documents as d join s3vl.get_vectors((select array_agg(id::text) from documents), 'documents') as g"
        " on g.vector_id = d.id::text"
    ).fetchone()
    assert equal == (True,)


def test_service_that_only_throttles_is_an_error_in_time(
    connection: psycopg.Connection, faults: Callable[..., None]
) -> None:
    """With nothing but 429 the call ends as S3V01, with the number of attempts, within its limit."""
    connection.execute("select s3vl.configure(lambda_arn, timeout_seconds => 6) from s3vl.get_config()")
    faults(operation="PutVectors", status=429, code="TooManyRequestsException")
    started = time.monotonic()

    with pytest.raises(psycopg.Error) as caught:
        connection.execute(
            "select s3vl.put_vectors(array[('a', '{1,2,3,4,5}', null)::s3vl.vector_record], 'test-index-5d')"
        )

    assert time.monotonic() - started <= 6
    assert caught.value.sqlstate == "S3V01"
    assert "attempts: " in (caught.value.diag.message_detail or "")
