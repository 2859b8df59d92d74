"""Vectors that a caller sends: numbers that S3 Vectors, which computes in float32, can take."""

from __future__ import annotations

import math
from array import array
from typing import Any

from s3vl_lambda.errors import InvalidRequestError, shown
from s3vl_lambda.members import is_number

MAX_DIMENSION = 4_096
_NUMBERS = {int, float}


def read_vector(value: Any, path: str) -> list[float]:
    """Give a vector; positions in `path` count from 1, as those of SQL's arrays."""
    if not isinstance(value, list) or not value:
        raise InvalidRequestError.at(path, f"must be a non-empty array of numbers, got {shown(value)}")
    if len(value) > MAX_DIMENSION:
        raise InvalidRequestError.at(path, f"must have at most {MAX_DIMENSION} numbers, got {len(value)}")
    if not _is_float32(value):
        position, number = next(
            (position, number) for position, number in enumerate(value, 1) if not _is_float32([number])
        )
        raise InvalidRequestError.at(f"{path}[{position}]", f"must be a float32 number, got {shown(number)}")
    return value


def _is_float32(numbers: list[Any]) -> bool:
    """Tell whether all are numbers, and finite when rounded; whole lists, since writes bring millions."""
    # By exact type, because True is an integer to Python; by range first, because array() refuses 10 ** 400.
    return (
        _NUMBERS.issuperset(map(type, numbers))
        and is_number(min(numbers))
        and is_number(max(numbers))
        and all(map(math.isfinite, array("f", numbers)))
    )
