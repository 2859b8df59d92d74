"""One search in many sizes, by all contenders."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from bench import contenders
from bench.contenders import Search
from bench.progress import say
from bench.sampling import alternate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.stage import Index, Stage

TOP_KS = (10, 100, 1000, 10_000)
# By latency of the service; PostgreSQL itself does not feel it.
CONTENDERS = {0: tuple(contenders.ALL), 50: ("direct", "client-side join", "naive", "s3vl")}
_RECALLED_QUERIES = 10


def measure(
    stage: Stage, indexes: Sequence[Index], top_ks: Sequence[int], rounds: int, seconds: float
) -> list[dict[str, Any]]:
    """Time all contenders in all sizes; each comparison has so many rounds, or seconds."""
    rows = []
    for latency_ms, index in itertools.product(CONTENDERS, indexes):
        say(f"one query of {index.dimension} dimensions, {latency_ms} ms of latency")
        for top_k, with_metadata in itertools.product(top_ks, (True, False)):
            search = Search(index, top_k, with_metadata)
            names = [name for name in CONTENDERS[latency_ms] if name != "naive" or top_k <= contenders.PAGE]
            calls = {name: contenders.ALL[name](stage, search) for name in names}
            with stage.latency(latency_ms):
                timings = alternate(calls, rounds, seconds, at_least=1)
            row = {
                "latency_ms": latency_ms,
                "dimension": index.dimension,
                "top_k": top_k,
                "metadata": with_metadata,
                "contenders": {name: taken.document() for name, taken in timings.items()},
            }
            if "pgvector HNSW" in names:
                row["hnsw_recall"] = _hnsw_recall(stage, search)
            rows.append(row)
    return rows


def _hnsw_recall(stage: Stage, search: Search) -> float:
    """Return how many of the nearest vectors the HNSW index finds, of all that there are."""
    exact, hnsw = contenders.pgvector_exact(stage, search), contenders.pgvector_hnsw(stage, search)
    found = 0
    # Both begin with the first of the same queries.
    for _ in range(_RECALLED_QUERIES):
        nearest, given = ({row[0] for row in call()} for call in (exact, hnsw))
        found += len(nearest & given)
    return round(found / (_RECALLED_QUERIES * search.hits), 3)
