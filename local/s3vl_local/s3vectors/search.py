"""Exact nearest neighbours: the float32 matrix product finds the candidates, float64 settles their order.

A matrix product rounds differently from row to row, so that equal vectors come out at different distances and
the order of ties is an accident. Its error has a bound, though: whatever can be among the nearest within that
bound is a candidate, and only candidates are computed again, each in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from s3vl_local.s3vectors.records import norm

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from s3vl_local.s3vectors.records import Vector
    from s3vl_local.s3vectors.store import VectorStore

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

FLOAT32_ROUNDING = 2.0**-24
FLOAT32_UNDERFLOW = 2.0**-126
CHUNK_ROWS = 1024


@dataclass(frozen=True)
class Neighbours:
    """The nearest records and their distances, nearest first."""

    keys: list[str]
    distances: list[float]


def matching_rows(store: VectorStore, matches: Callable[[dict[str, Any]], bool]) -> Rows:
    """Return the rows whose metadata match."""
    found = [row for row, metadata in enumerate(store.metadata) if matches(metadata)]
    return np.array(found, dtype=np.int64)


def nearest(
    store: VectorStore, query: Vector, metric: str, top_k: int, rows: Rows | None = None
) -> Neighbours:
    """Return the `top_k` nearest records of all or of these rows; ties are in the order of their keys."""
    with store.lock:
        if rows is None:
            rows = np.arange(len(store))
        if len(rows) > top_k:
            rows = _candidates(store, query, metric, rows, top_k)
        distances = _distances(store.vectors, rows, query, metric)
        if len(rows) > top_k:
            last = np.partition(distances, top_k - 1)[top_k - 1]
            rows, distances = rows[distances <= last], distances[distances <= last]
        keys = [store.keys[row] for row in rows]
        best = sorted(zip(distances.tolist(), keys, strict=True))[:top_k]
        return Neighbours([key for _, key in best], [distance for distance, _ in best])


def _candidates(store: VectorStore, query: Vector, metric: str, rows: Rows, top_k: int) -> Rows:
    """Return every row that may be among the `top_k` nearest, given how far float32 can be off."""
    length = norm(query)
    norms = store.norms[rows]
    with np.errstate(over="ignore", invalid="ignore"):
        products = (store.vectors @ query)[rows].astype(np.float64)
    error = (len(query) + 8) * (FLOAT32_ROUNDING * norms * length + FLOAT32_UNDERFLOW)
    if metric == "cosine":
        estimates = 1 - products / (norms * length)
        error /= norms * length
    else:
        estimates = norms**2 + length**2 - 2 * products
        error = 2 * error + 4 * FLOAT32_ROUNDING * (norms + length) ** 2
    # A product that overflowed says nothing: its row stays a candidate.
    overflowed = ~np.isfinite(products)
    lower = np.where(overflowed, -np.inf, estimates - error)
    upper = np.where(overflowed, np.inf, estimates + error)
    candidates: Rows = rows[lower <= np.partition(upper, top_k - 1)[top_k - 1]]
    return candidates


def _distances(vectors: Vector, rows: Rows, query: Vector, metric: str) -> NDArray[np.float32]:
    """Compute distances in float64, a chunk at a time, and round them to the float32 of an answer."""
    measure = _cosine if metric == "cosine" else _squared_euclidean
    exact = query.astype(np.float64)
    chunks = [
        measure(vectors[rows[start : start + CHUNK_ROWS]].astype(np.float64), exact)
        for start in range(0, len(rows), CHUNK_ROWS)
    ]
    return np.concatenate(chunks or [np.empty(0)]).astype(np.float32)


def _cosine(vectors: Floats, query: Floats) -> Floats:
    lengths = np.sqrt((vectors**2).sum(axis=1)) * np.sqrt((query**2).sum())
    similarities = (vectors * query).sum(axis=1) / lengths
    # Vectors of one direction and different lengths differ in the last digits; twelve digits make them ties.
    distances: Floats = np.clip(np.round(1 - similarities, 12), 0, 2)
    return distances


def _squared_euclidean(vectors: Floats, query: Floats) -> Floats:
    squared = ((vectors - query) ** 2).sum(axis=1)
    # The square may pass the largest float32, and JSON has no infinity.
    distances: Floats = np.minimum(squared, np.finfo(np.float32).max)
    return distances
