"""What is put into indexes and tables: the same vectors, ids and metadata wherever a number is the same."""

from __future__ import annotations

from typing import Any

import numpy as np


def vectors(count: int, dimension: int, seed: int) -> list[list[float]]:
    """Make vectors of numbers with as many digits as embeddings have on their way as JSON."""
    made = np.random.default_rng(seed).standard_normal((count, dimension))
    floats: list[list[float]] = made.round(7).tolist()
    return floats


def key(number: int) -> str:
    """Name a vector."""
    return f"product-{number}"


def metadata(number: int) -> dict[str, Any]:
    """Make up what is known about a vector."""
    return {"category": f"c{number % 20}", "price": number / 4, "title": f"Product {number}"}
