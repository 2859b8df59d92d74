"""Vectors out of a table: one statement, against a loop that puts one row at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from psycopg import sql

from bench.data import key, metadata, vectors
from bench.progress import say
from bench.sampling import Timings, alternate, ratio

if TYPE_CHECKING:
    from bench.stage import Stage

LATENCIES_MS = (0, 50)
_DIMENSION = 768
_RECORD = sql.SQL("(id, embedding, metadata)::s3vl.vector_record")


def measure(stage: Stage, rows: int, single_rows: int, rounds: int, seconds: float) -> dict[str, Any]:
    """Compare both, with and without latency of the service."""
    found = []
    for latency_ms in LATENCIES_MS:
        say(f"{rows} rows, {latency_ms} ms of latency")
        timings = compare(stage, rows, single_rows, latency_ms, rounds, seconds)
        found.append(
            {
                "latency_ms": latency_ms,
                "vectors_per_second": {name: per_second(taken) for name, taken in timings.items()},
                "table_is_faster": ratio(timings["single rows"], timings["table"]).document(),
            }
        )
    return {"dimension": _DIMENSION, "rows": rows, "single_rows": single_rows, "latencies": found}


def per_second(of_one: Timings) -> float:
    """Return how many vectors went out in a second."""
    return round(1000 / of_one.median, 1)


def compare(
    stage: Stage, rows: int, single_rows: int, latency_ms: int, rounds: int, seconds: float
) -> dict[str, Timings]:
    """Time both, for one vector each; the loop takes only some of the rows, as all would take minutes."""
    index = stage.create_index(_DIMENSION)
    connection = stage.connect()
    connection.execute("drop table if exists source")
    connection.execute("create table source (id text primary key, embedding real[], metadata jsonb)")
    with connection.cursor() as cursor, cursor.copy("copy source from stdin") as copied:
        for number, vector in enumerate(vectors(rows, _DIMENSION, seed=0)):
            copied.write_row((key(number), vector, json.dumps(metadata(number))))
    table = sql.SQL("select s3vl.put_vectors(array_agg({}), {}) from source").format(_RECORD, index.name)
    loop = sql.SQL("select s3vl.put_vectors(array[{}], {}) from source limit {}").format(
        _RECORD, index.name, single_rows
    )
    with stage.latency(latency_ms):
        taken = alternate(
            {"table": lambda: connection.execute(table), "single rows": lambda: connection.execute(loop)},
            rounds,
            seconds,
        )
    return {"table": taken["table"].each(rows), "single rows": taken["single rows"].each(single_rows)}
