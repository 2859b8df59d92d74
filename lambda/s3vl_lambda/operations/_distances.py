"""Distances as S3 Vectors defines them, from the numbers that it keeps: computed in float64, told in float32."""

from __future__ import annotations

import math
import sys
from operator import mul
from typing import TYPE_CHECKING

from s3vl_lambda.protocol.errors import BrokenContractError, InvalidRequestError, shown
from s3vl_lambda.protocol.float32 import shortest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


if sys.version_info >= (3, 12):
    from math import sumprod as _sumprod
else:

    def _sumprod(ours: list[float], theirs: list[float]) -> float:
        """Add up products, three times as slowly as Lambda's Python does."""
        total: float = sum(map(mul, ours, theirs))
        return total


def distance_from(query_vector: list[float], metric: str) -> Callable[[list[float]], float]:
    """Give what computes the distance of a vector of as many numbers; what has none is not finite."""
    if metric == "euclidean":
        return lambda vector: math.dist(query_vector, vector) ** 2
    if metric != "cosine":
        raise BrokenContractError(
            f"S3 Vectors has an index of the metric {shown(metric)}; this function computes cosine and euclidean "
            "distances, a later version of it perhaps others"
        )
    length = math.hypot(*query_vector)
    if not length:
        raise InvalidRequestError.at(
            "query_vector", "is zero in every dimension, which has no cosine distance to anything"
        )

    def cosine(vector: list[float]) -> float:
        lengths = length * math.hypot(*vector)
        if not lengths:
            return math.nan
        # Twelve digits: vectors of one direction and of different lengths are ties, and none are nearer than 0.
        distance = round(1 - _sumprod(query_vector, vector) / lengths, 12)
        return 0.0 if distance < 0 else distance

    return cosine


def as_told(distances: Sequence[float]) -> list[float]:
    """Round distances to float32, as those of a query are, unless they are beyond it."""
    return [
        float(text) if "n" not in text else distance
        for text, distance in zip(shortest(distances), distances, strict=True)
    ]
