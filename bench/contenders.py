"""One search, by everybody who can do it: s3vl, and what people do instead.

Each contender is a call without arguments that searches with the next of the same query vectors.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from bench import products
from bench.data import vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from bench.stage import Index, Stage

_QUERIES = 20
# Of no vector that is searched in.
_SEED = 1_000_000_007
# A page has as many results, and the naive bridge gives no more.
PAGE = 100
# pgvector's highest; beyond it, it has to scan again for more.
_MAX_EF_SEARCH = 1000


@dataclass(frozen=True)
class Search:
    """What is searched for."""

    index: Index
    top_k: int = 10
    with_metadata: bool = True

    @property
    def hits(self) -> int:
        """How many vectors there are to find."""
        return min(self.top_k, self.index.size)

    def queries(self) -> Iterator[list[float]]:
        """Give query vectors without end, the same to every contender."""
        return itertools.cycle(query_vectors(_QUERIES, self.index))


def checked(name: str, call: Callable[[], list[Any]], expected: int) -> Callable[[], list[Any]]:
    """Let a call fail that gives fewer rows or more: how long it took for another answer says nothing."""

    def call_and_count() -> list[Any]:
        rows = call()
        if len(rows) != expected:
            raise RuntimeError(f"{name} is to give {expected} rows, and gave {len(rows)}")
        return rows

    return call_and_count


def query_vectors(count: int, index: Index) -> list[list[float]]:
    """Make vectors to search with."""
    return vectors(count, index.dimension, _SEED)


def direct(stage: Stage, search: Search) -> Callable[[], list[Any]]:
    """Search with boto3 in this process and a client that is kept: the floor."""
    queries = search.queries()
    paginator = stage.s3vectors.get_paginator("query_vectors")

    def call() -> list[Any]:
        pages = paginator.paginate(
            indexArn=search.index.arn,
            queryVector={"float32": next(queries)},
            topK=search.top_k,
            returnDistance=True,
            returnMetadata=search.with_metadata,
        )
        return [found for page in pages for found in page["vectors"]]

    return checked("direct", call, search.hits)


def client_side_join(stage: Stage, search: Search) -> Callable[[], list[Any]]:
    """Search with boto3, then ask the database for the rows of the ids."""
    find = direct(stage, search)
    statement = sql.SQL(
        "select p.id, p.metadata from unnest(%s::text[]) with ordinality as v (id, place)"
        " join {} as p using (id) order by v.place"
    ).format(products.table_of(search.index))
    connection = stage.connect()

    def call() -> list[Any]:
        ids = [found["key"] for found in find()]
        return connection.execute(statement, [ids]).fetchall()

    return checked("client-side join", call, search.hits)


def s3vl(
    stage: Stage, search: Search, connection: psycopg.Connection[Any] | None = None
) -> Callable[[], list[Any]]:
    """Search with s3vl, in a session of its own or a given one."""
    call = _in_sql(connection or stage.connect(), _s3vl_statement(search), search)
    return checked("s3vl", call, search.hits)


def s3vl_join(stage: Stage, search: Search) -> Callable[[], list[Any]]:
    """Search with s3vl and join, in one statement: what the client-side join is the alternative to."""
    statement = sql.SQL("select p.id, p.metadata from ({}) as v join {} as p on p.id = v.vector_id").format(
        _s3vl_statement(search), products.table_of(search.index)
    )
    call = _in_sql(stage.connect(), statement + sql.SQL(" order by v.distance"), search)
    return checked("s3vl join", call, search.hits)


def _s3vl_statement(search: Search) -> sql.Composed:
    """Return what is typed to search with s3vl."""
    return sql.SQL(
        "select * from s3vl.query_vectors(%(query)b::float8[], {}, top_k => {}, return_metadata => {})"
    ).format(search.index.name, search.top_k, search.with_metadata)


def naive(stage: Stage, search: Search) -> Callable[[], list[Any]]:
    """Search as the post does at its simplest; it gives no more than the first page."""
    statement = sql.SQL("select * from naive.query_vectors({}, {}, %(query)b::float8[], {}, {})").format(
        stage.naive_arn, search.index.arn, search.top_k, search.with_metadata
    )
    return checked("naive", _in_sql(stage.connect(), statement, search), min(search.hits, PAGE))


def pgvector_exact(stage: Stage, search: Search) -> Callable[[], list[Any]]:
    """Search the table from end to end."""
    call = _in_pgvector(stage.connect(enable_indexscan="off"), search)
    return checked("pgvector exact", call, search.hits)


def pgvector_hnsw(stage: Stage, search: Search) -> Callable[[], list[Any]]:
    """Search the table's HNSW index, as wide as the result needs; what it finds of it is its recall."""
    settings = {"enable_seqscan": "off", "hnsw.ef_search": str(min(max(40, search.top_k), _MAX_EF_SEARCH))}
    if search.top_k > _MAX_EF_SEARCH:
        settings["hnsw.iterative_scan"] = "strict_order"
    return _in_pgvector(stage.connect(**settings), search)


def _in_pgvector(connection: psycopg.Connection[Any], search: Search) -> Callable[[], list[Any]]:
    statement = sql.SQL(
        "select p.id, p.embedding <=> %(query)b::real[]::vector as distance, {}"
        " from {} as p order by p.embedding <=> %(query)b::real[]::vector limit {}"
    )
    metadata = sql.SQL("p.metadata" if search.with_metadata else "null")
    table = products.table_of(search.index)
    return _in_sql(connection, statement.format(metadata, table, search.top_k), search)


def _in_sql(
    connection: psycopg.Connection[Any], statement: sql.Composed, search: Search
) -> Callable[[], list[Any]]:
    queries = search.queries()
    return lambda: connection.execute(statement, {"query": next(queries)}).fetchall()


ALL = {
    "direct": direct,
    "client-side join": client_side_join,
    "naive": naive,
    "s3vl": s3vl,
    "s3vl join": s3vl_join,
    "pgvector exact": pgvector_exact,
    "pgvector HNSW": pgvector_hnsw,
}
