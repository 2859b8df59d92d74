"""An index that is not exact: results are missed and distances are a little off, as measured on AWS.

The figures were measured by others on an ENHANCED index of 50,000 vectors (facts, section 11): the fewer
vectors match a filter and the farther a result is, the more often it is missed, unless five or fewer match.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALWAYS_COMPLETE = 5
# The share that was found of the nearest 5 results, the next 5, the next 10 and the next 30, by the number of
# matching vectors. Recall was measured at 5, 10, 20 and 50; these are the steps between.
LAST_RANKS = (5, 10, 20)
FOUND_BY_MATCHES = {
    5: (1.0, 1.0, 1.0, 1.0),
    50: (0.948, 0.848, 0.724, 0.476),
    135: (0.952, 0.912, 0.834, 0.618),
    500: (0.992, 0.956, 0.924, 0.886),
    50_000: (0.984, 0.998, 0.998, 0.989),
}


@dataclass(frozen=True)
class Approximation:
    """How much an index misses: a recall for all results alike, or as measured when there is none.

    Chance is drawn from the seed, the key and its distance. So a query that is repeated misses the same,
    another query misses something else, and asking for more results takes none away.
    """

    recall: float | None = None
    distance_noise: float = 1e-5
    seed: int = 0

    def apply(
        self, keys: list[str], distances: list[float], matching_count: int
    ) -> tuple[list[str], list[float]]:
        """Return those of the nearest vectors that are found, in the order of their inexact distances.

        The service fills up with farther vectors, if there are any: pass more than `top_k`, and cut afterwards.
        """
        bands = np.searchsorted(LAST_RANKS, np.arange(1, len(keys) + 1))
        luck, errors = self._draw(keys, distances)
        found = np.flatnonzero(luck < np.array(self._shares(matching_count))[bands])
        shifted = _shifted(np.array(distances)[found], errors[found] * self.distance_noise)
        best = sorted(zip(shifted.tolist(), [keys[place] for place in found], strict=True))
        return [key for _, key in best], [distance for distance, _ in best]

    def _shares(self, matching_count: int) -> list[float]:
        """Return the share of results that is found in each band of ranks."""
        if matching_count <= ALWAYS_COMPLETE:
            return [1.0, 1.0, 1.0, 1.0]
        if self.recall is not None:
            return [self.recall] * 4
        measured = np.log(list(FOUND_BY_MATCHES))
        bands = zip(*FOUND_BY_MATCHES.values(), strict=True)
        return [float(np.interp(math.log(matching_count), measured, shares)) for shares in bands]

    def _draw(self, keys: list[str], distances: list[float]) -> tuple[Floats, Floats]:
        """Return two numbers from 0 to below 1 for each key that look random, and are the same every time."""
        seed = self.seed
        digests = b"".join(
            hashlib.blake2b(f"{seed} {distance!r} {key}".encode(), digest_size=12).digest()
            for key, distance in zip(keys, distances, strict=True)
        )
        # Two numbers of six bytes, each in eight, which numpy has a type for.
        numbers = np.zeros((len(keys), 2, 8), dtype=np.uint8)
        numbers[:, :, 2:] = np.frombuffer(digests, dtype=np.uint8).reshape(-1, 2, 6)
        luck, errors = (numbers.view(">u8")[:, :, 0] / 2**48).T
        return luck, errors


def _shifted(distances: Floats, errors: Floats) -> Floats:
    """Move distances towards 1, so that they stay in the range of their metric; large ones in proportion."""
    moved = np.where(distances < 1, distances + errors, distances - errors * distances)
    return moved.astype(np.float32).astype(np.float64)
