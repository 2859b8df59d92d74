"""One question under one predicate, by everybody who can answer it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import RawCursor, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from bench.filtered.collection import FOR_PGVECTOR, READER
from bench.filtered.predicates import TENANT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg

    from bench.filtered.collection import Collection
    from bench.filtered.predicates import Predicate

# What query_vectors gives at most.
MOST_NEIGHBOURS = 10_000
_NEIGHBOURS = "s3vl.query_vectors($2, {}, top_k => {}, return_metadata => false)"


@dataclass(frozen=True)
class Answer:
    """What was answered, how long it took, and what was asked of AWS for it."""

    ids: Sequence[int]
    # Nothing where nobody was asked.
    milliseconds: float | None = None
    lambda_calls: int = 0
    pages: int = 0
    gets: int = 0
    # What s3vl says of it, where it says something.
    said: dict[str, Any] = field(default_factory=dict)


class Contender:
    """Who is asked in SQL: by the owner of the tables or, for row security, by a role that sees a tenant's rows.

    A statement has the parameters of the predicate as $1 and the vector as $2.
    """

    def __init__(
        self,
        collection: Collection,
        statement: Callable[[Collection, Predicate, int], sql.Composed],
        settings: Sequence[str] = (),
        says: str | None = None,
    ) -> None:
        self._collection, self._statement, self._says = collection, statement, says
        self.owner, self._reader = collection.stage.connect(), collection.stage.connect()
        for connection in (self.owner, self._reader):
            # A plan that is kept would not know the parameters, and how many rows they let pass.
            connection.prepare_threshold = None
            for setting in settings:
                connection.execute(sql.SQL("set {}").format(sql.SQL(setting)))
        self._reader.execute(sql.SQL("set role {}").format(sql.Identifier(READER)))

    def ask(self, predicate: Predicate, question: int, top_k: int) -> Answer:
        """Answer a question by its number, and count what that asks of AWS."""
        connection = self._connection(predicate)
        statement = self._statement(self._collection, predicate, top_k)
        vector = self._collection.questions.vectors[question].tolist()
        with self._collection.stage.counted() as counted:
            start = time.perf_counter()
            rows = RawCursor(connection).execute(statement, [Jsonb(predicate.parameters), vector]).fetchall()
            milliseconds = (time.perf_counter() - start) * 1000
        return Answer(
            ids=[int(row[0]) for row in rows],
            milliseconds=milliseconds,
            lambda_calls=counted["Invoke"],
            pages=counted["QueryVectors"],
            gets=counted["GetVectors"],
            said=self._said(connection),
        )

    def _connection(self, predicate: Predicate) -> psycopg.Connection[Any]:
        if not predicate.kind.by_tenant:
            return self.owner
        tenant = str(predicate.parameters["tenant"])
        self._reader.execute("select set_config(%s, %s, false)", [TENANT, tenant])
        return self._reader

    def _said(self, connection: psycopg.Connection[Any]) -> dict[str, Any]:
        if self._says is None:
            return {}
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql.SQL("select * from {}()").format(sql.SQL(self._says))).fetchone() or {}


def query_filtered(collection: Collection, settings: Sequence[str] = ()) -> Contender:
    """Search with s3vl.query_filtered, without any option, in sessions with these settings."""

    def statement(collection: Collection, predicate: Predicate, top_k: int) -> sql.Composed:
        return sql.SQL(
            "select vector_id from s3vl.query_filtered($2, {}, {}, top_k => {}, parameters => $1)"
        ).format(predicate.candidates, collection.index.name, top_k)

    return Contender(collection, statement, settings, says="s3vl.last_search")


def fixed(collection: Collection, neighbours: int | None) -> Contender:
    """Search with a top_k of one's own, or of as many rows as are wanted, and join with what passes."""

    def statement(collection: Collection, predicate: Predicate, top_k: int) -> sql.Composed:
        return sql.SQL(
            "select v.vector_id from ({}) as c (id) join {} as v on v.vector_id = c.id::text"
            " order by v.distance limit {}"
        ).format(
            sql.SQL(predicate.candidates),
            sql.SQL(_NEIGHBOURS).format(collection.index.name, neighbours or top_k),
            top_k,
        )

    return Contender(collection, statement)


def service_filter(collection: Collection) -> Contender:
    """Search with the filter of S3 Vectors itself, on metadata that mirror the columns."""

    def statement(collection: Collection, predicate: Predicate, top_k: int) -> sql.Composed:
        # The parameters are of no use here, but are given to all.
        return sql.SQL(
            "select vector_id from s3vl.query_vectors($2, {}, top_k => {}, return_metadata => false,"
            " metadata_filter => {}) where $1 is not null"
        ).format(collection.index.name, top_k, Jsonb(predicate.service_filter))

    return Contender(collection, statement)


def pgvector(collection: Collection) -> Contender:
    """Search the same rows with an HNSW index of pgvector, which reads on until enough of them pass."""

    def statement(_: Collection, predicate: Predicate, top_k: int) -> sql.Composed:
        candidates = predicate.candidates.replace("documents as d", f"{FOR_PGVECTOR} as d")
        return sql.SQL("{} order by d.embedding <=> $2::real[]::vector limit {}").format(
            sql.SQL(candidates), top_k
        )

    return Contender(collection, statement, settings=["hnsw.iterative_scan = strict_order"])


def neighbours(collection: Collection, questions: int, top_k: int) -> list[list[int]]:
    """Return what S3 Vectors finds for so many questions without any predicate."""
    statement = sql.SQL("select vector_id from {} where $1::jsonb is null").format(
        sql.SQL(_NEIGHBOURS).format(collection.index.name, top_k)
    )
    cursor = RawCursor(collection.stage.connect())
    return [
        [int(row[0]) for row in cursor.execute(statement, [None, vector.tolist()]).fetchall()]
        for vector in collection.questions.vectors[:questions]
    ]


def of_fixed(collection: Collection, predicate: Predicate, found: Sequence[int], top_k: int) -> list[int]:
    """Return what a join with these neighbours leaves, without asking anybody for it."""
    read = np.asarray(found)
    kept: list[int] = read[predicate.mask(collection.documents)[read]][:top_k].tolist()
    return kept
