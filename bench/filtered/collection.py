"""Where the documents are: in an index of S3 Vectors, and in tables of the database, which pgvector searches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
from psycopg import sql

from bench.filtered.documents import DIMENSION, Documents, Questions
from bench.filtered.predicates import TENANT
from bench.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from bench.stage import Index, Stage

READER = "bench_reader"
FOR_PGVECTOR = "documents_for_pgvector"
# A whole vCPU, so that the threshold of exact ranking is the one that the documentation tells.
MEMORY_MB = 1769
_BATCH = 500
_TABLES = f"""
create table documents (id integer primary key, place integer, draw integer, twin integer, tenant integer);
-- Beside the others: rows with a vector in them are forty times as long, and slower to read for all but pgvector.
create table {FOR_PGVECTOR} (like documents, embedding vector({DIMENSION}), primary key (id));
create table stock (document_id integer primary key, quantity integer);
-- As after a load, before autovacuum comes.
create table arrivals (document_id integer primary key, draw integer) with (autovacuum_enabled = false);
create function passes(draw integer, below integer) returns boolean immutable language plpgsql
as $$ begin return draw < below; end; $$;
"""
_WITH_INDEXES = f"""
create index on {{documents}} (draw);
create index on {{documents}} (place);
create index on {{documents}} (tenant);
analyze {{documents}};
alter table {{documents}} enable row level security;
-- Not for the owner, as whom everything else is measured.
create policy of_tenant on {{documents}} using (tenant = current_setting('{TENANT}')::integer);
grant select on {{documents}} to {READER};
"""


@dataclass(frozen=True)
class Collection:
    """The documents, what is asked of them, and the stage on which that happens."""

    stage: Stage
    index: Index
    documents: Documents
    questions: Questions


def create(stage: Stage, documents: Documents, questions: Questions) -> Collection:
    """Put the documents where they are searched."""
    say(f"{documents.count:,} vectors of {DIMENSION} dimensions, for S3 Vectors")
    stage.database.execute(
        "select s3vl.configure(%s)", [stage.create_function("filtered", stage.s3vl_zip, MEMORY_MB)]
    )
    index = replace(stage.create_index(DIMENSION), size=documents.count)
    stage.approximate(index)
    for first in range(0, documents.count, _BATCH):
        stage.put(_request(index, documents, range(first, min(first + _BATCH, documents.count))))
    say("the same in tables, with an HNSW index of pgvector")
    _create_tables(stage.database, documents)
    return Collection(stage, index, documents, questions)


def _request(index: Index, documents: Documents, numbers: range) -> bytes:
    return orjson.dumps(
        {
            "indexArn": index.arn,
            "vectors": [
                {
                    "key": str(number),
                    "data": {"float32": documents.vectors[number]},
                    "metadata": documents.metadata(number),
                }
                for number in numbers
            ],
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def _create_tables(connection: psycopg.Connection[Any], documents: Documents) -> None:
    connection.execute(f"create role {READER}")
    connection.execute(f"grant {READER} to current_user")
    connection.execute("select s3vl.grant_access(%s, 'reader')", [READER])
    connection.execute(_TABLES)
    columns = (documents.place, documents.draw, documents.draw, documents.tenant)
    rows = list(zip(range(documents.count), *(column.tolist() for column in columns), strict=True))
    _copy(connection, "documents", rows)
    _copy(connection, "stock", enumerate(documents.stock.tolist()))
    connection.execute("insert into arrivals select id, draw from documents")
    connection.execute("create index on stock (quantity)")
    connection.execute("analyze stock")
    connection.execute(f"grant select on stock, arrivals to {READER}")
    _copy(
        connection,
        FOR_PGVECTOR,
        (
            (*row, orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY).decode())
            for row, vector in zip(rows, documents.vectors, strict=True)
        ),
    )
    _index_vectors(connection)
    for table in ("documents", FOR_PGVECTOR):
        connection.execute(sql.SQL(_WITH_INDEXES).format(documents=sql.Identifier(table)))


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterable[tuple[object, ...]]) -> None:
    copy = sql.SQL("copy {} from stdin").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(copy) as copied:
        for row in rows:
            copied.write_row(row)


def _index_vectors(connection: psycopg.Connection[Any]) -> None:
    # Room for the whole graph, without which pgvector takes several times as long to build it.
    connection.execute("set maintenance_work_mem = '1GB'")
    connection.execute(f"create index on {FOR_PGVECTOR} using hnsw (embedding vector_cosine_ops)")
