"""Vectors out of a table: one statement, against a bare loop of boto3, and a loop that puts one row at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from psycopg import sql

from bench import resources
from bench.data import key, metadata, vectors
from bench.progress import say
from bench.sampling import Timings, alternate, rate, ratio

if TYPE_CHECKING:
    import psycopg

    from bench.stage import Index, Stage

LATENCIES_MS = (0, 50)
# As many as the service takes, which is the best that a loop can do.
_LARGEST_PUT = 500
DIMENSION = 768
_RECORD = sql.SQL("(id, embedding, metadata)::s3vl.vector_record")


def measure(stage: Stage, rows: int, single_rows: int, rounds: int, seconds: float) -> dict[str, Any]:
    """Compare all three, with and without latency of the service."""
    found = []
    for latency_ms in LATENCIES_MS:
        say(f"{rows} rows, {latency_ms} ms of latency")
        timings = compare(stage, rows, single_rows, latency_ms, rounds, seconds)
        found.append(
            {
                "latency_ms": latency_ms,
                "vectors_per_second": {name: rate(taken).document() for name, taken in timings.items()},
                "table_is_faster": {
                    name: ratio(timings[name], timings["table"]).document()
                    for name in ("bare loop", "single rows")
                },
                "handler_cpu_ms_per_1000_vectors": _handler_cpu_ms(stage, rows, latency_ms),
            }
        )
    return {"dimension": DIMENSION, "rows": rows, "single_rows": single_rows, "latencies": found}


def compare(
    stage: Stage, rows: int, single_rows: int, latency_ms: int, rounds: int, seconds: float
) -> dict[str, Timings]:
    """Time all three, for one vector each; single rows are only some of the rows, as all would take minutes."""
    index = stage.create_index(DIMENSION)
    connection = stage.connect()
    create_source(connection, rows)
    table = put_table(index)
    single_row = sql.SQL("select s3vl.put_vectors(array[{}], {}) from source limit {}").format(
        _RECORD, index.name, single_rows
    )
    with stage.latency(latency_ms):
        taken = alternate(
            {
                "table": lambda: connection.execute(table),
                "bare loop": lambda: put_in_a_loop(stage, connection, index),
                "single rows": lambda: connection.execute(single_row),
            },
            rounds,
            seconds,
        )
    return {name: times.each(single_rows if name == "single rows" else rows) for name, times in taken.items()}


def create_source(connection: psycopg.Connection[Any], rows: int) -> None:
    """Make the table that is written out."""
    connection.execute("drop table if exists source")
    connection.execute("create table source (id text primary key, embedding real[], metadata jsonb)")
    with connection.cursor() as cursor, cursor.copy("copy source from stdin") as copied:
        for number, vector in enumerate(vectors(rows, DIMENSION, seed=0)):
            copied.write_row((key(number), vector, json.dumps(metadata(number))))


def put_in_a_loop(stage: Stage, connection: psycopg.Connection[Any], index: Index) -> None:
    """Do what a program without s3vl does: read the rows, and give them to boto3, one call after the other."""
    with connection.cursor(binary=True) as cursor:
        cursor.execute("select id, embedding, metadata from source")
        while some := cursor.fetchmany(_LARGEST_PUT):
            stage.s3vectors.put_vectors(
                indexArn=index.arn,
                vectors=[
                    {"key": name, "data": {"float32": vector}, "metadata": document}
                    for name, vector, document in some
                ],
            )


def _handler_cpu_ms(stage: Stage, rows: int, latency_ms: int) -> float:
    """Return the CPU time that the function uses for 1,000 vectors of the table that the comparison has left."""
    connection = stage.connect()
    table = put_table(stage.create_index(DIMENSION))
    with stage.latency(latency_ms):
        # An environment that is warm.
        connection.execute(table)
        used = resources.cpu_ms(stage.processes("s3vl"), lambda: connection.execute(table))
    return round(used["handler"] * 1000 / rows, 1)


def put_table(index: Index) -> sql.Composed:
    """Return the statement that puts all rows into an index."""
    return sql.SQL("select s3vl.put_vectors(array_agg({}), {}) from source").format(_RECORD, index.name)
