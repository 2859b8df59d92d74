"""The same vectors in PostgreSQL, as a table of products with a pgvector column: to join with, and to compare with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from psycopg import sql

from bench.data import key, metadata, vectors

if TYPE_CHECKING:
    from bench.stage import Index, Stage

_ROWS = 500


def table_of(index: Index) -> sql.Identifier:
    """Name the table that holds what an index holds."""
    return sql.Identifier(f"products of {index.name}")


def create_table(stage: Stage, index: Index, size: int) -> None:
    """Fill a table with what is in the index, and index it as pgvector advises: after it is filled."""
    table = table_of(index)
    columns = sql.SQL("create table {} (id text primary key, metadata jsonb, embedding vector({}))")
    stage.database.execute(columns.format(table, sql.Literal(index.dimension)))
    with stage.database.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(table)) as rows:
        for first in range(0, size, _ROWS):
            floats = vectors(min(_ROWS, size - first), index.dimension, seed=first)
            for number, vector in enumerate(floats, first):
                rows.write_row((key(number), json.dumps(metadata(number)), str(vector)))
    # Room for the whole graph, without which pgvector takes several times as long to build it.
    stage.database.execute("set maintenance_work_mem = '1GB'")
    hnsw = sql.SQL("create index on {} using hnsw (embedding vector_cosine_ops)")
    stage.database.execute(hnsw.format(table))
    stage.database.execute(sql.SQL("analyze {}").format(table))
