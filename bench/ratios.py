"""The figures that must hold, and their bounds: all that `make bench-quick` measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import batch, cold_start, contenders, ranking, resources, writes
from bench.contenders import Search
from bench.progress import say
from bench.sampling import Figure, Timings, alternate, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.stage import Stage

SLOW_MS = 50


@dataclass(frozen=True)
class Effort:
    """How much is measured; more makes the figures surer."""

    # Each comparison runs for so many rounds, or until its time is over.
    rounds: int
    seconds: float
    vectors: int = 1000
    batch: int = 100
    ranked: int = 2000
    rows: int = 5000
    single_rows: int = 10


QUICK = Effort(rounds=40, seconds=8)
LONG = Effort(rounds=150, seconds=25, single_rows=50)


@dataclass(frozen=True)
class Bound:
    """What a figure may be at most, or at least."""

    what: str
    at_most: float | None = None
    at_least: float | None = None

    def holds(self, value: float) -> bool:
        """Tell whether a figure is within the bound."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least

    def verdict(self, value: float) -> str:
        """Say whether a figure is within the bound."""
        return "holds" if self.holds(value) else "MISSED"

    def __str__(self) -> str:
        return f"<= {self.at_most:,}" if self.at_most is not None else f">= {self.at_least:,}"


BOUNDS = {
    "query_vs_direct": Bound("one query: s3vl against direct", at_most=2.0),
    "naive_vs_query": Bound("one query: naive against s3vl", at_least=1.5),
    "query_vs_direct_50ms": Bound("one query, 50 ms: s3vl against direct", at_most=1.15),
    "connections_per_100_queries": Bound("new connections to the service, 100 warm queries", at_most=2),
    "batch_speedup_50ms": Bound("100 vectors, 50 ms: single calls against a batch", at_least=15),
    "ranking_vs_direct": Bound("2,000 vectors ranked: s3vl against boto3 and numpy", at_most=1.5),
    "batch_invocations": Bound("invocations for a batch of 100", at_most=1),
    "cold_start_vs_naive": Bound(
        "cold start of new code, unpacking included: s3vl against naive", at_most=0.75
    ),
    "zip_mb": Bound("zip, MB", at_most=10),
    "writes_vs_bare_loop": Bound("writes, 50 ms: a table against a bare loop of boto3", at_least=2.5),
    "writes_vs_single_row": Bound("writes, 50 ms: a table against single rows", at_least=20),
}


def measure(stage: Stage, effort: Effort) -> dict[str, Figure | float]:
    """Measure every figure of BOUNDS."""
    search = Search(stage.filled_index(1536, effort.vectors))
    small = batch.small_index(stage)
    say("single queries")
    fast = _alternate(stage, search, effort, "direct", "s3vl", "naive")
    say(f"single queries, {SLOW_MS} ms of latency")
    with stage.latency(SLOW_MS):
        slow = _alternate(stage, search, effort, "direct", "s3vl")
    say(f"a batch of {effort.batch}, {SLOW_MS} ms of latency")
    batched = batch.compare(stage, small, effort.batch, SLOW_MS, effort.rounds, effort.seconds)
    to_rank = ranking.index_to_rank(stage, effort.ranked)
    ranked = ranking.compare(stage, to_rank, effort.rounds, effort.seconds)
    say("cold starts")
    cold = cold_start.compare(stage, search.index, effort.rounds, effort.seconds)
    say(f"{effort.rows} rows to write, {SLOW_MS} ms of latency")
    written = writes.compare(stage, effort.rows, effort.single_rows, SLOW_MS, effort.rounds, effort.seconds)
    return {
        "query_vs_direct": ratio(fast["s3vl"], fast["direct"]),
        "naive_vs_query": ratio(fast["naive"], fast["s3vl"]),
        "query_vs_direct_50ms": ratio(slow["s3vl"], slow["direct"]),
        "connections_per_100_queries": resources.connections(stage, search, queries=100),
        "batch_speedup_50ms": ratio(batched["s3vl"], batched["batch"]),
        "ranking_vs_direct": ratio(ranked["ranked"], ranked["direct"]),
        "batch_invocations": batch.invocations(stage, small, effort.batch),
        "cold_start_vs_naive": ratio(cold["s3vl"], cold["naive"]),
        "zip_mb": round(len(stage.s3vl_zip) / 1e6, 2),
        "writes_vs_bare_loop": ratio(written["bare loop"], written["table"]),
        "writes_vs_single_row": ratio(written["single rows"], written["table"]),
    }


def values(figures: Mapping[str, Figure | float]) -> dict[str, float]:
    """Return the bare numbers."""
    return {
        name: round(figure.value, 3) if isinstance(figure, Figure) else figure
        for name, figure in figures.items()
    }


def lines(figures: Mapping[str, Figure | float], bounds: Mapping[str, Bound] = BOUNDS) -> list[str]:
    """Return a line for each figure: what it is, the figure, its bound, and whether it holds."""
    numbers = values(figures)
    return [
        f"{bound.what:<62} {figures[name]!s:>40}  {bound!s:>9}  {bound.verdict(numbers[name])}"
        for name, bound in bounds.items()
    ]


def _alternate(stage: Stage, search: Search, effort: Effort, *names: str) -> dict[str, Timings]:
    calls = {name: contenders.ALL[name](stage, search) for name in names}
    return alternate(calls, effort.rounds, effort.seconds)
