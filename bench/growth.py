"""How time grows with top_k, dimension, batch size, and vectors in the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import batch, contenders
from bench.contenders import Search
from bench.progress import say
from bench.sampling import alternate, slope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.stage import Index, Stage

TOP_KS = (10, 30, 100, 300, 1000, 3000, 10_000)
DIMENSIONS = (64, 128, 256, 512, 1024, 2048, 4096)
BATCHES = (1, 3, 10, 30, 100, 300)
VECTORS = (1000, 3000, 10_000, 30_000)
# Of time over size, both in powers of ten: in proportion, and some noise. A search of more vectors is the service's.
BOUNDED = ("top_k", "dimension", "batch size")
MOST_SLOPE = 1.1
# All but the number of vectors stays small where it is not what grows.
_FEW_VECTORS = 300
_DIMENSION = 384

Calls = dict[str, "Callable[[], object]"]


def measure(stage: Stage, large: Index, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure the four curves; the large index holds as many vectors as the greatest top_k asks for."""
    few = stage.filled_index(_DIMENSION, _FEW_VECTORS)
    by_dimension = {size: stage.filled_index(size, _FEW_VECTORS) for size in DIMENSIONS}
    by_vectors = {size: stage.filled_index(_DIMENSION, size) for size in VECTORS}
    curves: dict[str, dict[int, Calls]] = {
        "top_k": {size: _search(stage, Search(large, size)) for size in TOP_KS},
        "dimension": {size: _search(stage, Search(index)) for size, index in by_dimension.items()},
        "batch size": {size: {"s3vl": batch.call(stage, few, size)} for size in BATCHES},
        "vectors in the index": {size: _search(stage, Search(index)) for size, index in by_vectors.items()},
    }
    return {name: _curve(name, calls, rounds, seconds) for name, calls in curves.items()}


def _search(stage: Stage, search: Search) -> Calls:
    return {name: contenders.ALL[name](stage, search) for name in ("direct", "s3vl")}


def _curve(what: str, calls: Mapping[int, Calls], rounds: int, seconds: float) -> dict[str, Any]:
    """Time all sizes in turns: a slope between two moments would be one of the machine."""
    say(f"growth with {what}")
    flat = {f"{name} {size}": call for size, named in calls.items() for name, call in named.items()}
    timings = alternate(flat, rounds, seconds)
    names = next(iter(calls.values()))
    curves = {name: [timings[f"{name} {size}"] for size in calls] for name in names}
    return {
        "sizes": list(calls),
        "contenders": {
            name: {
                "slope": round(slope(list(calls), [taken.median for taken in curve]), 2),
                "timings": [taken.document() for taken in curve],
            }
            for name, curve in curves.items()
        },
    }
