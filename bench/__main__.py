"""`make bench` and `make bench-quick`: measure, and write bench/results/ and docs/performance.md."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import (
    batch,
    cold_start,
    concurrency,
    growth,
    machine,
    products,
    queries,
    ratios,
    report,
    resources,
    split,
    sync,
    writes,
)
from bench.contenders import Search
from bench.filtered import bounds, measure
from bench.progress import say
from bench.sampling import Figure
from bench.stage import own_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.filtered.measure import Effort
    from bench.stage import Stage

_DIMENSIONS = (5, 384, 1536)
# As many as the largest top_k.
_VECTORS = max(queries.TOP_KS)
# As shells tell it.
_ENDED_BY_SIGTERM = 128 + signal.SIGTERM


def quick(stage: Stage) -> None:
    """Measure what must hold, in under two minutes."""
    figures = ratios.measure(stage, ratios.QUICK)
    kept = sync.figures(stage, rows=4000, singles=50, rounds=3, seconds=2)
    _write("quick", {"ratios": ratios.values(figures), "sync": ratios.values(kept)})
    _show(figures)
    print(*ratios.lines(kept, sync.QUICK_BOUNDS), sep="\n")


def everything(stage: Stage) -> None:
    """Measure all, what must hold first."""
    figures = ratios.measure(stage, ratios.LONG)
    spread = {name: figure.document() for name, figure in figures.items() if isinstance(figure, Figure)}
    _write("ratios", {"ratios": ratios.values(figures), "spread": spread})
    indexes = [stage.filled_index(dimension, _VECTORS) for dimension in _DIMENSIONS]
    for index in indexes:
        say(f"a table of {_VECTORS:,} rows, {index.dimension} dimensions, for pgvector")
        products.create_table(stage, index, _VECTORS)
    _, middle, largest = indexes
    say("where the time of one query goes")
    searches = [Search(index, top_k) for index in indexes for top_k in (10, 100)]
    _write("split", {"searches": [split.measure(stage, search, 100, seconds=5) for search in searches]})
    _write("resources", resources.measure(stage, Search(largest), queries=200))
    _write("queries", {"rows": queries.measure(stage, indexes, queries.TOP_KS, rounds=20, seconds=8)})
    _write("batch", batch.measure(stage, count=100, rounds=5, seconds=10))
    _write("cold_start", cold_start.measure(stage, largest, rounds=10, seconds=12))
    _write("writes", writes.measure(stage, rows=5000, single_rows=50, rounds=5, seconds=25))
    in_step(stage)
    _write("growth", {"curves": growth.measure(stage, middle, rounds=15, seconds=20)})
    _write(
        "concurrency", {"rows": concurrency.measure(stage, Search(middle), concurrency.SESSIONS, seconds=2)}
    )
    _show(figures)


def in_step(stage: Stage) -> list[str]:
    """Measure what keeping a table in step costs, and return the bounds that do not hold."""
    found = sync.measure(stage, rows=10_000, singles=100, rounds=5, seconds=15, lasting=60)
    _write("sync", found)
    figures = found["figures"]
    print("", *ratios.lines(figures, sync.BOUNDS), sep="\n")
    return [bound.what for name, bound in sync.BOUNDS.items() if not bound.holds(figures[name])]


def filtered(stage: Stage, effort: Effort, name: str) -> list[str]:
    """Measure searches under a predicate, and return the bounds that do not hold."""
    measurement = measure.Measurement(stage, effort)
    points, planner_ms = measurement.points(), measurement.planner_ms()
    recall_of_index = measurement.recall_of_index()
    figures = bounds.figures(points, planner_ms, recall_of_index)
    _write(
        name,
        {
            "vectors": effort.vectors,
            "figures": figures,
            "planner_ms": planner_ms,
            "recall_of_index": recall_of_index,
            "points": points,
        },
    )
    say("done")
    print("", *bounds.lines(figures), sep="\n")
    return bounds.missed(figures)


def _show(figures: dict[str, Figure | float]) -> None:
    say("done")
    print("", *ratios.lines(figures), sep="\n")


def _write(name: str, document: dict[str, Any]) -> None:
    """Write a file of results, with where and of what they are."""
    report.RESULTS.mkdir(exist_ok=True)
    document |= {"machine": machine.description(), "commit": machine.commit()}
    (report.RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _report() -> None:
    # Not at the top: matplotlib is in a group of its own, which quick does without.
    from bench import plots  # noqa: PLC0415

    report.write()
    plots.draw()


@contextmanager
def _stage() -> Iterator[Stage]:
    """Start a local cloud for what is measured, and stop it."""
    say(f"commit {machine.commit()}, in a local cloud of its own")
    with (
        tempfile.TemporaryDirectory(prefix="s3vl-bench-") as folder,
        own_stage(Path(folder) / "cloud") as stage,
    ):
        yield stage
    say("stopped")


def main() -> int:
    """Do what the command line says, and tell whether what must hold in step, or under a predicate, does."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "what",
        choices=("all", "quick", "sync", "filtered", "filtered-quick", "report"),
        help="measure everything and report it, or the main ratios, or keeping a table in step, or searches under a "
        "predicate, or those among few vectors; or only write the page from the results",
    )
    what = parser.parse_args().what
    # As Ctrl-C does: what was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_ENDED_BY_SIGTERM))
    missed: list[str] = []
    if what in {"all", "quick"}:
        with _stage() as stage:
            (quick if what == "quick" else everything)(stage)
    if what == "sync":
        with _stage() as stage:
            missed = in_step(stage)
    if what == "filtered-quick":
        with _stage() as stage:
            missed = filtered(stage, measure.QUICK, "filtered-quick")
    if what in {"all", "filtered"}:
        with _stage() as stage:
            missed = filtered(stage, measure.LONG, "filtered")
    if what in {"all", "sync", "filtered", "report"}:
        _report()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
