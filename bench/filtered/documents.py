"""What is searched: vectors that lie as those of sentences do, and columns to filter by.

Sentences have subjects, and subjects have subjects of their own. Documents are in the order of that tree, so that
neighbours in `place` are near in meaning, at every scale; `draw` and `stock` have nothing to do with the meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Numbers = NDArray[np.int64]

# Of what small sentence models give.
DIMENSION = 384
# The shares of the documents that the tenants have, the largest first; the last one has the rest.
TENANTS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
_BRANCHES = 10
# Of the square of a vector's length: what all have in common, each level of subjects, and what is its own. Two
# documents of the smallest subject have a similarity of about 0.7, two of any about 0.05, as in all-MiniLM-L6-v2.
_COMMON, _LEVELS, _OWN = 0.05, (0.17, 0.18, 0.18, 0.12), 0.3
# Each axis varies less than the one before: at this one half as much as at the first.
_HALF_AXIS = 40


@dataclass(frozen=True)
class Documents:
    """So many documents, the same every time."""

    count: int

    @cached_property
    def place(self) -> Numbers:
        """Where each stands in the order of subjects; its id tells nothing about it."""
        return np.random.default_rng(1).permutation(self.count)

    @cached_property
    def draw(self) -> Numbers:
        """Return a number from 0 for each, none twice."""
        return np.random.default_rng(2).permutation(self.count)

    @cached_property
    def stock(self) -> Numbers:
        """Return another such number, which is kept in another table."""
        return np.random.default_rng(3).permutation(self.count)

    @cached_property
    def tenant(self) -> Numbers:
        """Return the number of the tenant that has each."""
        ends = np.cumsum([matches(share, self.count) for share in TENANTS])
        return np.searchsorted(ends, np.random.default_rng(4).permutation(self.count), side="right")

    @cached_property
    def vectors(self) -> Vectors:
        """Return their vectors, one a row."""
        return _about(self.place / self.count, seed=5)

    def metadata(self, number: int) -> dict[str, Any]:
        """Return the columns of one as the metadata that mirror them."""
        return {
            "place": int(self.place[number]),
            "draw": int(self.draw[number]),
            "stock": int(self.stock[number]),
            "tenant": int(self.tenant[number]),
        }


@dataclass(frozen=True)
class Questions:
    """So many vectors to search with, each of a subject that documents have."""

    count: int
    documents: int

    @cached_property
    def place(self) -> Numbers:
        """Where each would stand among the documents."""
        return np.random.default_rng(6).integers(self.documents, size=self.count)

    @cached_property
    def vectors(self) -> Vectors:
        """Return them, one a row."""
        return _about(self.place / self.documents, seed=7)


def matches(share: float, count: int) -> int:
    """Return how many of the documents a share is."""
    return round(share * count)


def _about(subjects: NDArray[np.float64], seed: int) -> Vectors:
    """Make a vector about each subject, which is a number from 0 to below 1: its digits are the branches."""
    made = np.sqrt(_COMMON) * _directions(1, seed=100) + np.sqrt(_OWN) * _directions(len(subjects), seed)
    for level, weight in enumerate(_LEVELS, 1):
        centers = _directions(_BRANCHES**level, seed=100 + level)
        made += np.sqrt(weight) * centers[(subjects * len(centers)).astype(np.int64)]
    return _normal(made).astype(np.float32)


def _directions(count: int, seed: int) -> Vectors:
    """Make directions of length 1, most of them along the first axes."""
    axes = 1 / (1 + np.arange(DIMENSION) / _HALF_AXIS)
    return _normal(np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32) * axes)


def _normal(vectors: NDArray[Any]) -> NDArray[Any]:
    normal: NDArray[Any] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normal
