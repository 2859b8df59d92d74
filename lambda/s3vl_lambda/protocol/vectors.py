"""Vectors that a caller sends: numbers that S3 Vectors, which computes in float32, can take."""

from __future__ import annotations

import json
import math
from array import array
from typing import Any, NamedTuple

from s3vl_lambda.protocol.errors import InvalidRequestError, shown
from s3vl_lambda.protocol.members import is_number

MAX_DIMENSION = 4_096
_NUMBERS = {int, float}
_CHARACTERS = b"0123456789+-.eE"


class Vector(NamedTuple):
    """A vector as the JSON that is sent on, and how many numbers it has."""

    json: str
    length: int


def read_vector(value: Any, path: str) -> Vector:
    """Give a vector; positions in `path` count from 1, as those of SQL's arrays."""
    if isinstance(value, str):
        return _read_text(value, path)
    if not isinstance(value, list) or not value:
        raise InvalidRequestError.at(path, f"must be a non-empty array of numbers, got {shown(value)}")
    _check_length(len(value), path)
    if not _is_float32(value):
        position, number = next(
            (position, number) for position, number in enumerate(value, 1) if not _is_float32([number])
        )
        raise InvalidRequestError.at(f"{path}[{position}]", f"must be a float32 number, got {shown(number)}")
    return Vector(json.dumps(value, separators=(",", ":")), len(value))


def read_numbers(value: Any, path: str) -> list[float]:
    """Give the numbers of a vector to compute with, rounded to float32 as the service does."""
    vector = read_vector(value, path)
    try:
        numbers = array("f", json.loads(vector.json)).tolist()
    except (ValueError, OverflowError):
        raise InvalidRequestError.at(path, f"must be an array of numbers, got {shown(value)}") from None
    if not all(map(math.isfinite, numbers)):
        position = next(i for i, number in enumerate(numbers, 1) if not math.isfinite(number))
        raise InvalidRequestError.at(
            f"{path}[{position}]", "must be a float32 number, and is too large for one"
        )
    return numbers


def _read_text(text: str, path: str) -> Vector:
    """Take an array that is written already, as SQL does when it has checked the numbers.

    Reading and writing the millions of numbers of a write would take longer than everything else. What is sent
    on is an array of something like numbers, and nothing else; the rest is left to the service.
    """
    left = text.encode(errors="replace").translate(None, _CHARACTERS)
    # Brackets at the ends, and a comma after each number but the last.
    length = len(left) - 1
    if text == "[]" or left != b"[" + b"," * (length - 1) + b"]" or (text[0], text[-1]) != ("[", "]"):
        raise InvalidRequestError.at(path, f"must be a non-empty array of numbers, got {shown(text)}")
    _check_length(length, path)
    return Vector(text, length)


def _check_length(length: int, path: str) -> None:
    """Refuse vectors of more dimensions than an index can have."""
    if length > MAX_DIMENSION:
        raise InvalidRequestError.at(path, f"must have at most {MAX_DIMENSION} numbers, got {length}")


def _is_float32(numbers: list[Any]) -> bool:
    """Tell whether all are numbers, and finite when rounded; whole lists, since writes bring millions."""
    # By exact type, because True is an integer to Python; by range first, because array() refuses 10 ** 400.
    return (
        _NUMBERS.issuperset(map(type, numbers))
        and is_number(min(numbers))
        and is_number(max(numbers))
        and all(map(math.isfinite, array("f", numbers)))
    )
