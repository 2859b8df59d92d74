"""The nearest of vectors that are named: rank_vectors, against a program of boto3 and numpy that does the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import sql

from bench import contenders
from bench.contenders import Search
from bench.data import key
from bench.sampling import Timings, alternate

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stage import Index, Stage

# 2,000 such vectors are two million numbers, as many as query_filtered ranks by default.
_DIMENSION = 1024
_KEYS_PER_CALL = 100
# As many connections as a client of boto3 keeps.
_THREADS = 10


def index_to_rank(stage: Stage, vectors: int) -> Index:
    """Create the index whose vectors are ranked."""
    return stage.filled_index(_DIMENSION, vectors)


def compare(stage: Stage, index: Index, rounds: int, seconds: float) -> dict[str, Timings]:
    """Time both."""
    search = Search(index)
    calls = {"direct": direct(stage, search), "ranked": ranked(stage, search)}
    return alternate(calls, rounds, seconds)


def ranked(stage: Stage, search: Search) -> Callable[[], list[Any]]:
    """Rank all vectors of the index in one statement."""
    connection, queries = stage.connect(), search.queries()
    statement = sql.SQL("select * from s3vl.rank_vectors(%b::float8[], %b, {}, top_k => {})").format(
        search.index.name, search.top_k
    )
    ids = _keys(search)
    return contenders.checked(
        "ranked", lambda: connection.execute(statement, [next(queries), ids]).fetchall(), search.hits
    )


def direct(stage: Stage, search: Search) -> Callable[[], list[Any]]:
    """Get them with boto3 in this process, several calls at a time, and rank them with numpy."""
    queries, keys = search.queries(), _keys(search)
    chunks = [keys[start : start + _KEYS_PER_CALL] for start in range(0, len(keys), _KEYS_PER_CALL)]

    def get(chunk: list[str]) -> list[dict[str, Any]]:
        answer = stage.s3vectors.get_vectors(indexArn=search.index.arn, keys=chunk, returnData=True)
        vectors: list[dict[str, Any]] = answer["vectors"]
        return vectors

    def call() -> list[Any]:
        with ThreadPoolExecutor(_THREADS) as pool:
            found = [vector for vectors in pool.map(get, chunks) for vector in vectors]
        matrix = np.array([vector["data"]["float32"] for vector in found], dtype=np.float32)
        query = np.array(next(queries), dtype=np.float32)
        lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(query)
        distances = 1 - matrix @ query / lengths
        return [
            (found[place]["key"], float(distances[place])) for place in np.argsort(distances)[: search.top_k]
        ]

    return contenders.checked("direct", call, search.hits)


def _keys(search: Search) -> list[str]:
    return [key(number) for number in range(search.index.size)]
