"""Vectors out of a table: one statement, against a loop that puts one row at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from psycopg import sql

from bench import resources
from bench.data import key, metadata, vectors
from bench.progress import say
from bench.sampling import Timings, alternate, rate, ratio

if TYPE_CHECKING:
    from bench.stage import Index, Stage

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
                "vectors_per_second": {name: rate(taken).document() for name, taken in timings.items()},
                "table_is_faster": ratio(timings["single rows"], timings["table"]).document(),
                "handler_cpu_ms_per_1000_vectors": _handler_cpu_ms(stage, rows, latency_ms),
            }
        )
    return {"dimension": _DIMENSION, "rows": rows, "single_rows": single_rows, "latencies": found}


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
    table = _put_table(index)
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


def _handler_cpu_ms(stage: Stage, rows: int, latency_ms: int) -> float:
    """Return the CPU time that the function uses for 1,000 vectors of the table that the comparison has left."""
    connection = stage.connect()
    table = _put_table(stage.create_index(_DIMENSION))
    with stage.latency(latency_ms):
        # An environment that is warm.
        connection.execute(table)
        used = resources.cpu_ms(stage.processes("s3vl"), lambda: connection.execute(table))
    return round(used["handler"] * 1000 / rows, 1)


def _put_table(index: Index) -> sql.Composed:
    """Return the statement that puts all rows into an index."""
    return sql.SQL("select s3vl.put_vectors(array_agg({}), {}) from source").format(_RECORD, index.name)
