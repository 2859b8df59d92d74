"""Many vectors at once: one batch call, against as many single calls of s3vl and of the naive bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from bench import contenders
from bench.contenders import Search
from bench.progress import say
from bench.sampling import Timings, alternate, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stage import Index, Stage

LATENCIES_MS = (0, 50)
# Of what small models give. Few vectors: with many, the machine would be busy with the service's part of searching.
_DIMENSION = 384
_VECTORS = 100
_SINGLES = 20


def small_index(stage: Stage) -> Index:
    """Create the index that is searched."""
    return stage.filled_index(_DIMENSION, _VECTORS)


def measure(stage: Stage, count: int, rounds: int, seconds: float) -> dict[str, Any]:
    """Compare all three, with and without latency of the service."""
    index = small_index(stage)
    rows = []
    for latency_ms in LATENCIES_MS:
        say(f"{count} vectors, {latency_ms} ms of latency")
        timings = compare(stage, index, count, latency_ms, rounds, seconds, singles=("s3vl", "naive"))
        rows.append(
            {
                "latency_ms": latency_ms,
                "contenders": {name: taken.document() for name, taken in timings.items()},
                "times_as_long_as_the_batch": {
                    name: ratio(timings[name], timings["batch"]).document() for name in ("s3vl", "naive")
                },
            }
        )
    return {
        "vectors": count,
        "dimension": index.dimension,
        "invocations_of_the_batch": invocations(stage, index, count),
        "latencies": rows,
    }


def compare(
    stage: Stage,
    index: Index,
    count: int,
    latency_ms: int,
    rounds: int,
    seconds: float,
    singles: tuple[str, ...] = ("s3vl",),
) -> dict[str, Timings]:
    """Time a batch, and as many single calls of the contenders, which are told from fewer: rounds are short then."""
    repeated = min(count, _SINGLES)
    calls: dict[str, Callable[[], object]] = {"batch": call(stage, index, count)}
    for name in singles:
        calls[name] = _repeated(contenders.ALL[name](stage, Search(index)), repeated)
    with stage.latency(latency_ms):
        taken = alternate(calls, rounds, seconds)
    return taken | {name: taken[name].each(repeated / count) for name in singles}


def invocations(stage: Stage, index: Index, count: int) -> int:
    """Count how often a batch invokes the function."""
    once = call(stage, index, count)
    with stage.counted() as counted:
        once()
    return counted["Invoke"]


def call(stage: Stage, index: Index, count: int) -> Callable[[], list[Any]]:
    """Return a call that searches with so many vectors in one statement."""
    connection = stage.connect()
    statement = sql.SQL("select * from s3vl.query_vectors_batch(%b::float8[], {})").format(index.name)
    queries = contenders.query_vectors(count, index)
    # As many for each vector as a Search has without being told.
    hits = count * Search(index).hits
    return contenders.checked("batch", lambda: connection.execute(statement, [queries]).fetchall(), hits)


def _repeated(single: Callable[[], object], count: int) -> Callable[[], None]:
    def calls() -> None:
        for _ in range(count):
            single()

    return calls
