"""What a query and a vector cost in the emulated S3 Vectors, next to bare numpy.

    PYTHONPATH=local .venv/bin/python bench/emulator.py

Each size runs in a process of its own, on the classes that the server runs. A query of the emulator and the
bare matrix product with its selection take turns, so that whatever else the machine does slows both. The
exit code is 1 when a bound is broken: a query takes more than three times as long as numpy's, or an index at
its peak more than one and a half times its float32 data, its metadata aside.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from s3vl_local.s3vectors.models import s3vectors_backends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from s3vl_local.s3vectors.models import S3VectorsBackend

SIZES = [25_000, 50_000, 100_000, 200_000]
DIMENSION = 384
TOP_K = 100
RUNS = 31
BATCH = 500

# The bounds are stated for 200,000; in small indexes what does not grow, such as one request, weighs too much.
BOUNDS_FROM = 100_000
MOST_TIMES_NUMPY = 3.0
MOST_TIMES_DATA = 1.5

ROW = "{:>8}  {:>22}  {:>22}  {:>7}  {:>8}  {:>11}  {:>8}  {:>8}  {:>7}"
HEADINGS = (
    "vectors",
    "emulator ms",
    "numpy ms",
    "ratio",
    "data MB",
    "metadata MB",
    "held MB",
    "peak MB",
    "ratio",
)


@dataclass(frozen=True)
class Figures:
    """What was measured at one size: milliseconds of each run, and bytes."""

    vectors: int
    emulator_ms: list[float]
    numpy_ms: list[float]
    data_bytes: int
    metadata_bytes: int
    held_bytes: int
    peak_bytes: int

    @property
    def times_numpy(self) -> float:
        """Return how many times as long as bare numpy a query takes."""
        return statistics.median(self.emulator_ms) / statistics.median(self.numpy_ms)

    @property
    def times_data(self) -> float:
        """Return how many times the float32 data an index took at its peak, its metadata aside."""
        return (self.peak_bytes - self.metadata_bytes) / self.data_bytes


def measure(vectors: int, runs: int) -> Figures:
    """Fill an index, query it, and see what both cost; only a process of its own shows the memory."""
    backend: S3VectorsBackend = s3vectors_backends["123456789012"]["us-west-2"]
    bucket = backend.create_vector_bucket({"vectorBucketName": "bench"})
    settings = {
        "indexName": "bench",
        "dataType": "float32",
        "dimension": DIMENSION,
        "distanceMetric": "cosine",
    }
    index = backend.create_index(bucket, settings)
    before = _memory()
    for batch in _batches(vectors):
        backend.put_vectors(index, batch)

    emulator_ms, numpy_ms = [], []
    for query in np.random.default_rng(1).standard_normal((runs, DIMENSION), dtype=np.float32):
        request = {"queryVector": {"float32": query.tolist()}, "topK": TOP_K, "returnDistance": True}
        emulator_ms.append(_milliseconds(backend.query_vectors, index, request))
        numpy_ms.append(_milliseconds(_bare_search, index.store.vectors, query))

    return Figures(
        vectors=vectors,
        emulator_ms=emulator_ms,
        numpy_ms=numpy_ms,
        data_bytes=index.store.vectors.nbytes,
        metadata_bytes=sum(_size(metadata) for metadata in index.store.metadata),
        held_bytes=_memory() - before,
        peak_bytes=_peak_memory() - before,
    )


def _batches(vectors: int) -> Iterator[list[dict[str, Any]]]:
    """Make PutVectors requests, with metadata that comes from JSON as it does in the server."""
    rng = np.random.default_rng(0)
    for start in range(0, vectors, BATCH):
        numbers = range(start, min(start + BATCH, vectors))
        described = [{"category": f"c{n % 20}", "price": n / 4, "title": f"Product {n}"} for n in numbers]
        metadata = json.loads(json.dumps(described))
        data = rng.standard_normal((len(numbers), DIMENSION), dtype=np.float32).tolist()
        yield [
            {"key": f"product-{number}", "data": {"float32": floats}, "metadata": about}
            for number, floats, about in zip(numbers, data, metadata, strict=True)
        ]


def _bare_search(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.int64]:
    """Find the nearest rows in as few steps as numpy can: one product, one selection."""
    similarities = vectors @ query
    return np.argpartition(similarities, -TOP_K)[-TOP_K:]


def _milliseconds(function: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    function(*arguments)
    return (time.perf_counter() - start) * 1000


def _memory() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


def _peak_memory() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _size(metadata: dict[str, Any]) -> int:
    """Return the bytes of a metadata object and its values."""
    return sys.getsizeof(metadata) + sum(sys.getsizeof(value) for value in metadata.values())


def _cells(figures: Figures) -> list[str]:
    """Return a row of the table."""
    sizes = (figures.data_bytes, figures.metadata_bytes, figures.held_bytes, figures.peak_bytes)
    return [
        f"{figures.vectors:,}",
        _spread(figures.emulator_ms),
        _spread(figures.numpy_ms),
        f"{figures.times_numpy:.2f}",
        *(f"{size / 1e6:.1f}" for size in sizes),
        f"{figures.times_data:.2f}",
    ]


def _spread(milliseconds: list[float]) -> str:
    low, median, high = statistics.quantiles(milliseconds, n=4)
    return f"{median:.2f} ({low:.2f}-{high:.2f})"


def _within_bounds(figures: Figures) -> bool:
    """Tell whether the bounds hold, for a size that they are meant for."""
    if figures.vectors < BOUNDS_FROM:
        return True
    return figures.times_numpy <= MOST_TIMES_NUMPY and figures.times_data <= MOST_TIMES_DATA


def main() -> int:
    """Measure, print a table, and tell whether the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of vectors")
    parser.add_argument("--runs", type=int, default=RUNS, help="queries of each kind at each size")
    options = parser.parse_args()

    print(
        f"{platform.platform()}, {os.cpu_count()} CPUs, "
        f"Python {platform.python_version()}, numpy {np.__version__}"
    )
    print(
        f"{DIMENSION} dimensions, cosine, top_k {TOP_K}; "
        f"milliseconds: median (quartiles) of {options.runs} runs of each, in turns\n"
    )
    print(ROW.format(*HEADINGS))
    broken = False
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for figures in pool.map(measure, options.sizes, [options.runs] * len(options.sizes)):
            print(ROW.format(*_cells(figures)), flush=True)
            broken = broken or not _within_bounds(figures)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
