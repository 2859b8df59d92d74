"""Keeping a table in step: how fast changes are sent, how long they wait, and what the triggers cost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, LiteralString

from bench import capture, resources, writes
from bench.data import key
from bench.progress import say
from bench.ratios import SLOW_MS, Bound
from bench.sampling import Figure, Timings, alternate, rate, ratio

if TYPE_CHECKING:
    import psycopg

    from bench.stage import Stage

BOUNDS = {
    "vs_put_vectors": Bound("changes, 50 ms: sync against one put_vectors of them", at_most=1.5),
    "vs_bare_loop": Bound("changes, 50 ms: a bare loop of boto3 against sync", at_least=2),
    "insert": Bound("INSERT of 10,000 rows: with a binding against without", at_most=2),
    "update": Bound("UPDATE of one row, committed to disk: with a binding against without", at_most=1.5),
    "update_at_once": Bound(
        "UPDATE of one row, no wait for the disk: with a binding against without", at_most=2.5
    ),
    "update_after_singles": Bound("UPDATE of 8,000 rows: after many of one row against before", at_most=1.25),
    "vectors_per_second": Bound("changes, 50 ms: vectors/s of 768 dimensions", at_least=2000),
    "oldest_seconds": Bound("1,000 rows changed each second: seconds that the oldest waited", at_most=5),
}
# What a run of some seconds can tell: ratios.
QUICK_BOUNDS = {
    name: bound for name, bound in BOUNDS.items() if name not in {"vectors_per_second", "oldest_seconds"}
}
_MARK_ALL: LiteralString = "update source set metadata = metadata || jsonb_build_object('price', random())"
_MARK_SOME: LiteralString = _MARK_ALL + " where id = any(%s)"
# pg_cron's shortest schedule.
_EVERY_SECONDS = 1
_CHANGES_EACH_SECOND = 1000
_CHANGES_AT_ONCE = 100
_SAMPLES_EACH_SECOND = 4


def figures(stage: Stage, rows: int, singles: int, rounds: int, seconds: float) -> dict[str, Figure]:
    """Measure what QUICK_BOUNDS are for."""
    say(f"changes of {rows // 4:,} rows, {SLOW_MS} ms of latency")
    drained = drain(stage, rows // 4, rounds, seconds)
    return _compared(drained) | capture.compare(stage, rows, singles, rounds, seconds)


def measure(
    stage: Stage, rows: int, singles: int, rounds: int, seconds: float, lasting: float
) -> dict[str, Any]:
    """Measure all of it; changes go on for as many seconds as `lasting`."""
    say(f"changes of {rows:,} rows, {SLOW_MS} ms of latency")
    drained = drain(stage, rows, rounds, seconds)
    found = _compared(drained) | capture.compare(stage, rows, singles, rounds, seconds)
    say(f"{_CHANGES_EACH_SECOND:,} changed rows a second for {lasting:.0f} seconds")
    history = while_changing(stage, rows, lasting)
    return document(rows, singles, drained, found, cpu_ms(stage, rows), history)


def document(
    rows: int,
    singles: int,
    drained: dict[str, Timings],
    found: dict[str, Figure],
    used: dict[str, float],
    history: dict[str, Any],
) -> dict[str, Any]:
    """Return what the results hold."""
    speeds = {name: rate(timings) for name, timings in drained.items()}
    return {
        "dimension": writes.DIMENSION,
        "rows": rows,
        "singles": singles,
        "latency_ms": SLOW_MS,
        "figures": {name: round(figure.value, 3) for name, figure in found.items()}
        | {"vectors_per_second": speeds["sync"].value, "oldest_seconds": max(history["oldest_seconds"])},
        "spread": {name: figure.document() for name, figure in found.items()},
        "vectors_per_second": {name: speed.document() for name, speed in speeds.items()},
        "cpu_ms_per_1000_vectors": used,
        "history": history,
    }


def drain(stage: Stage, rows: int, rounds: int, seconds: float) -> dict[str, Timings]:
    """Time the sending of changed rows, for one vector each, beside two ways that remember nothing of changes."""
    connection = _bound(stage, rows)
    put = writes.put_table(stage.create_index(writes.DIMENSION))
    other = stage.create_index(writes.DIMENSION)
    calls = {
        "sync": lambda: _sync(connection),
        "put_vectors": lambda: connection.execute(put),
        "bare loop": lambda: writes.put_in_a_loop(stage, connection, other),
    }
    with stage.latency(SLOW_MS):
        taken = alternate(calls, rounds, seconds, before=lambda name: _prepare(connection, name))
    return {name: times.each(rows) for name, times in taken.items()}


def _compared(taken: dict[str, Timings]) -> dict[str, Figure]:
    return {
        "vs_put_vectors": ratio(taken["sync"], taken["put_vectors"]),
        "vs_bare_loop": ratio(taken["bare loop"], taken["sync"]),
    }


def _bound(stage: Stage, rows: int) -> psycopg.Connection[Any]:
    """Make a table that is bound to an index of its own, which has all of it."""
    connection = stage.connect()
    connection.execute(
        "select s3vl.unbind_table(b.binding_name) from s3vl.list_bindings() as b where b.binding_name = 'source'"
    )
    writes.create_source(connection, rows)
    index = stage.create_index(writes.DIMENSION)
    connection.execute(
        "select s3vl.bind_table('source', %s, 'embedding', metadata_column => 'metadata')", [index.name]
    )
    _sync(connection)
    return connection


def _prepare(connection: psycopg.Connection[Any], name: str) -> None:
    if name == "sync":
        connection.execute(_MARK_ALL)
    connection.execute("vacuum source, s3vl.outbox")


def _sync(connection: psycopg.Connection[Any], max_seconds: int = 600) -> int:
    """Send all changes, and return how many."""
    row = connection.execute("call s3vl.sync('source', %s)", [max_seconds]).fetchone()
    failed = connection.execute("select last_error from s3vl.sync_status() where last_error <> ''").fetchone()
    if row is None or failed:
        raise RuntimeError(f"sync failed: {failed}")
    synced: int = row[0]
    return synced


def while_changing(stage: Stage, rows: int, seconds: float) -> dict[str, Any]:
    """Change rows at a steady rate, call sync on a schedule, and note how old the oldest unsent change is."""
    connection = _bound(stage, rows)
    stop = threading.Event()
    problems: list[BaseException] = []

    def repeat(every: float, work: Any, *arguments: Any) -> None:
        began = time.monotonic()
        try:
            with stage.connect() as own:
                for number in range(int(seconds / every) + 1):
                    if stop.wait(max(0, began + number * every - time.monotonic())):
                        return
                    work(own, number, *arguments)
        except BaseException as problem:  # noqa: BLE001 - raised by the thread that waits
            problems.append(problem)
            stop.set()

    oldest: list[float] = []
    threads = [
        threading.Thread(target=repeat, args=(_CHANGES_AT_ONCE / _CHANGES_EACH_SECOND, _change, rows)),
        threading.Thread(target=repeat, args=(_EVERY_SECONDS, lambda own, _: _sync(own, 50))),
        threading.Thread(target=repeat, args=(1 / _SAMPLES_EACH_SECOND, _note_oldest, oldest)),
    ]
    with stage.latency(SLOW_MS):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if problems:
        raise problems[0]
    left = _sync(connection)
    return {
        "changes_each_second": _CHANGES_EACH_SECOND,
        "seconds_between_samples": 1 / _SAMPLES_EACH_SECOND,
        "oldest_seconds": oldest,
        "left": left,
    }


def _change(connection: psycopg.Connection[Any], number: int, rows: int) -> None:
    """Change some rows, others than the last time."""
    first = number * _CHANGES_AT_ONCE % rows
    keys = [key(number) for number in range(first, first + _CHANGES_AT_ONCE)]
    connection.execute(_MARK_SOME, [keys])


def _note_oldest(connection: psycopg.Connection[Any], _: int, oldest: list[float]) -> None:
    row = connection.execute(
        "select extract(epoch from oldest_pending_age)::float8 from s3vl.sync_status() where binding_name = 'source'"
    ).fetchone()
    assert row is not None  # noqa: S101 - there is a binding
    oldest.append(round(row[0] or 0, 3))


def cpu_ms(stage: Stage, rows: int) -> dict[str, float]:
    """Return the CPU time that each process uses for 1,000 vectors."""
    connection = _bound(stage, rows)
    connection.execute(_MARK_ALL)
    with stage.latency(SLOW_MS):
        used = resources.cpu_ms(stage.processes("s3vl"), lambda: _sync(connection))
    return {who: round(milliseconds * 1000 / rows, 1) for who, milliseconds in used.items()}
