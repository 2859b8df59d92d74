"""What is put into indexes and tables: the same vectors, ids and metadata wherever a number is the same."""

from __future__ import annotations

from typing import Any

import numpy as np

# Embeddings lie near a space of far fewer dimensions than they have. An index of nearest neighbours depends on it:
# in all directions alike, all vectors are about as far from each other.
_DIRECTIONS = 16
_NOISE = 0.1
_DIRECTIONS_SEED = 16


def vectors(count: int, dimension: int, seed: int) -> list[list[float]]:
    """Make vectors near one space, of numbers with as many digits as embeddings have on their way as JSON."""
    directions = np.random.default_rng(_DIRECTIONS_SEED).standard_normal((_DIRECTIONS, dimension))
    random = np.random.default_rng(seed)
    # Divided, so that each number varies as much as a standard normal one, however many directions it is made of.
    near = random.standard_normal((count, _DIRECTIONS)) @ directions / _DIRECTIONS**0.5
    made = near + _NOISE * random.standard_normal((count, dimension))
    floats: list[list[float]] = made.round(7).tolist()
    return floats


def key(number: int) -> str:
    """Name a vector."""
    return f"product-{number}"


def metadata(number: int) -> dict[str, Any]:
    """Make up what is known about a vector."""
    return {"category": f"c{number % 20}", "price": number / 4, "title": f"Product {number}"}
