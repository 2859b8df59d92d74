"""What tools/pgvector_size.py computes is what PostgreSQL and pgvector take."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, cast

import pytest

from fixtures_postgres import need_pgvector
from pgvector_size import hnsw_bytes, table_bytes

if TYPE_CHECKING:
    from fixtures_sql import Database

ROWS = 400


@pytest.mark.parametrize(
    ("dimension", "metadata_bytes"), [(384, 0), (768, 1000), (1024, 0), (2000, 0), (3072, 0)]
)
def test_a_table_and_its_index_take_what_is_estimated(
    db: Database, dimension: int, metadata_bytes: int
) -> None:
    """Row, TOAST, primary key and HNSW index, within 5 %, whether a value fits a page once, twice or not at all."""
    need_pgvector()
    db.rows("create extension vector")
    column = "vector" if dimension <= 2000 else "halfvec"
    db.rows(
        cast(
            "LiteralString",
            f"create table d (id text primary key, metadata jsonb, embedding {column}({dimension}))",
        )
    )
    # Another vector in each row, and metadata that cannot be compressed.
    db.rows(
        cast(
            "LiteralString",
            f"""
            insert into d
            select gen_random_uuid(), nullif(
                jsonb_build_object('a', (
                    select string_agg(md5(i || '-' || j), '') from generate_series(1, {metadata_bytes} / 33) as j
                )), '{{"a": null}}'),
                (select array_agg(sin(i * j)) from generate_series(1, {dimension}) as j)::real[]::vector
            from generate_series(1, {ROWS}) as i
            """,
        )
    )
    db.rows(cast("LiteralString", f"create index hnsw on d using hnsw (embedding {column}_cosine_ops)"))

    [size] = db.rows(
        """
        select pg_relation_size('d') + pg_relation_size('d_pkey') + pg_relation_size(t.reltoastrelid) as rows,
            pg_relation_size('hnsw') as hnsw
        from pg_class as t
        where t.oid = 'd'::regclass
        """
    )

    assert ROWS * table_bytes(dimension, 36, metadata_bytes) == pytest.approx(size["rows"], rel=0.05)
    assert ROWS * hnsw_bytes(dimension) == pytest.approx(size["hnsw"], rel=0.05)
