"""What a binding costs the application: the same statements on a table that is bound and on one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql

from bench.data import vectors
from bench.progress import say
from bench.sampling import Timings, alternate, milliseconds, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import psycopg

    from bench.sampling import Figure
    from bench.stage import Stage

_DIMENSION = 768
# Shared by the rows: how fast vectors are made is not what is measured.
_VECTORS = 100
_TABLES: Mapping[str, LiteralString] = {"with": "bound", "without": "unbound"}
_INSERT = sql.SQL("insert into {} select * from rows")
_UPDATE_ONE = sql.SQL("update {} set price = price + 1 where id = %s")
_UPDATE_MANY = sql.SQL("update bound set price = price + 1 where id <= %s").format()


def compare(stage: Stage, rows: int, singles: int, rounds: int, seconds: float) -> dict[str, Figure]:
    """Say how many times as long statements take with a binding, and a large one after many small ones."""
    connection = _tables(stage, rows)
    say(f"an INSERT of {rows:,} rows, with a binding and without")
    inserted = alternate(
        {
            name: _statement(connection, _INSERT.format(sql.Identifier(table)))
            for name, table in _TABLES.items()
        },
        rounds,
        seconds,
        before=lambda name: connection.execute(f"truncate {_TABLES[name]}, s3vl.outbox"),
    )
    say(f"{singles} UPDATEs of one row, with a binding and without")
    with stage.durable(connection):
        updated = _update_singles(connection, singles, rounds, seconds)
    at_once = _update_singles(connection, singles, rounds, seconds)
    many = rows * 4 // 5
    say(f"an UPDATE of {many:,} rows, before and after {singles} of one row")
    before, after = _around_singles(stage, many, singles, rounds)
    return {
        "insert": ratio(inserted["with"], inserted["without"]),
        "update": ratio(updated["with"], updated["without"]),
        "update_at_once": ratio(at_once["with"], at_once["without"]),
        "update_after_singles": ratio(after, before),
    }


def _tables(stage: Stage, rows: int) -> psycopg.Connection[Any]:
    """Make the rows, and a table for them that is bound and one that is not."""
    connection = stage.connect()
    index = stage.create_index(_DIMENSION)
    connection.execute(
        "select s3vl.unbind_table(b.binding_name) from s3vl.list_bindings() as b where b.binding_name = 'bound'"
    )
    connection.execute("drop table if exists some_vectors, rows")
    connection.execute("create table some_vectors (n serial primary key, embedding real[])")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into some_vectors (embedding) values (%s)",
            [[vector] for vector in vectors(_VECTORS, _DIMENSION, seed=0)],
        )
    connection.execute(
        "create table rows as select g.id, 'c' || g.id %% 20 as category, g.id / 4.0 as price, v.embedding"
        " from generate_series(1, %s::integer) as g (id) inner join some_vectors as v on v.n = 1 + g.id %% %s",
        [rows, _VECTORS],
    )
    for table in _TABLES.values():
        connection.execute(f"drop table if exists {table}")
        connection.execute(f"create table {table} (like rows, primary key (id))")
    connection.execute(
        "select s3vl.bind_table('bound', %s, 'embedding', metadata_columns => '{category,price}', backfill => false)",
        [index.name],
    )
    return connection


def _statement(
    connection: psycopg.Connection[Any], statement: sql.Composed, *parameters: int
) -> Callable[[], object]:
    return lambda: connection.execute(statement, parameters)


def _singles(connection: psycopg.Connection[Any], table: LiteralString, count: int) -> Callable[[], object]:
    """Return a call that changes so many rows, each with a statement of its own."""
    statement = _UPDATE_ONE.format(sql.Identifier(table))

    def update() -> None:
        for number in range(1, count + 1):
            connection.execute(statement, [number])

    return update


def _update_singles(
    connection: psycopg.Connection[Any], count: int, rounds: int, seconds: float
) -> dict[str, Timings]:
    """Time statements of one row, sent and committed one after the other."""
    return alternate(
        {name: _singles(connection, table, count) for name, table in _TABLES.items()},
        # They are short, and no two waits for the disk are alike.
        8 * rounds,
        seconds,
        before=lambda name: connection.execute(f"vacuum {_TABLES[name]}, s3vl.outbox"),
    )


def _around_singles(stage: Stage, many: int, singles: int, rounds: int) -> tuple[Timings, Timings]:
    """Time a large UPDATE before and after small ones, in sessions of their own: what they keep is a session's."""
    before: list[float] = []
    after: list[float] = []
    for _ in range(rounds):
        with stage.connect() as connection:
            large = _statement(connection, _UPDATE_MANY, many)
            for taken in (before, after):
                connection.execute("vacuum bound, s3vl.outbox")
                taken.append(milliseconds(large))
                _singles(connection, "bound", singles)()
    return Timings(before), Timings(after)
