"""What may be stored and asked for: keys, float32 vectors and metadata (facts, section 4)."""

from __future__ import annotations

import itertools
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from s3vl_local.s3vectors.exceptions import (
    DuplicateKeysError,
    InvalidQueryVectorError,
    InvalidRecordError,
    KeyTooLongError,
    SerializationError,
)

Vector = NDArray[np.float32]

MAX_KEY_BYTES = 1024
MAX_METADATA_KEYS = 50
MAX_FILTERABLE_BYTES = 2048
MAX_METADATA_BYTES = 40_960
# The service counts five bytes more than the compact JSON has (measured).
METADATA_OVERHEAD_BYTES = 5


@dataclass(frozen=True)
class Record:
    """One vector as an index keeps it."""

    key: str
    vector: Vector
    metadata: dict[str, Any]

    @property
    def size(self) -> int:
        """Return the bytes that this record counts for when pages are limited by size."""
        return len(self.key.encode()) + self.vector.nbytes + _json_bytes(self.metadata)


def read_records(
    inputs: list[dict[str, Any]], dimension: int, metric: str, non_filterable: set[str]
) -> list[Record]:
    """Return the records of a PutVectors request, or refuse all of them for one that is bad."""
    check_keys([item["key"] for item in inputs])
    vectors = _to_float32([item["data"] for item in inputs])
    records = []
    for number, (item, vector, length) in enumerate(zip(inputs, vectors, _norms(vectors), strict=True)):
        if reason := _why_invalid(vector, length, dimension, metric):
            raise InvalidRecordError(number, item["key"], reason)
        metadata = {} if item.get("metadata") is None else item["metadata"]
        if reason := _why_metadata_invalid(metadata, non_filterable):
            raise InvalidRecordError(number, item["key"], reason, ".metadata")
        records.append(Record(item["key"], vector, metadata))
    return records


def read_query_vector(data: dict[str, Any], dimension: int, metric: str) -> Vector:
    """Return the vector of a query, or refuse it."""
    (vector,) = _to_float32([data])
    if reason := _why_invalid(vector, norm(vector), dimension, metric):
        raise InvalidQueryVectorError(reason)
    return vector


def check_keys(keys: list[str]) -> None:
    """Refuse keys that are too long in bytes, and the same key twice."""
    if any(len(key.encode()) > MAX_KEY_BYTES for key in keys):
        raise KeyTooLongError
    if len(set(keys)) < len(keys):
        raise DuplicateKeysError


def _to_float32(inputs: list[dict[str, Any]]) -> list[Vector]:
    """Round the numbers of each `{"float32": […]}` to float32, which is what the service does before it looks.

    All at once: each call of numpy costs as much as the numbers of a vector.
    """
    lists = [data.get("float32") or [] for data in inputs]
    doubles = np.frombuffer(b"".join(map(_doubles, lists)))
    # true and false are packed, too. To look at the type of each takes longer than all of the rest.
    if ((doubles == 0) | (doubles == 1)).any() and any(bool in map(type, values) for values in lists):
        raise SerializationError
    with np.errstate(over="ignore"):
        numbers = doubles.astype(np.float32)
    ends = itertools.accumulate(map(len, lists))
    return [numbers[end - len(values) : end] for values, end in zip(lists, ends, strict=True)]


def _doubles(values: list[Any]) -> bytes:
    """Write numbers as doubles; botocore spells those that JSON lacks as texts."""
    # numpy would take twice as long to walk through a list.
    try:
        return struct.pack(f"{len(values)}d", *values)
    except struct.error:
        return struct.pack(f"{len(values)}d", *_read_spelled(values))


def _read_spelled(values: list[Any]) -> list[float]:
    if any(type(x) not in (int, float) and x not in ("NaN", "Infinity", "-Infinity") for x in values):
        raise SerializationError
    return [float(x) for x in values]


def norm(vector: Vector) -> float:
    """Return the length, in float64: it is 0, infinite or NaN only when the vector is zero or has such numbers.

    The squares of the smallest and the largest float32 numbers are no float32 numbers.
    """
    wide = vector.astype(np.float64)
    return math.sqrt(wide @ wide)


def _norms(vectors: list[Vector]) -> list[float]:
    """Return the length of each, as `norm` does: all at once where they have as many numbers, as they should."""
    if len({len(vector) for vector in vectors}) != 1:
        return [norm(vector) for vector in vectors]
    lengths: list[float] = np.linalg.norm(np.stack(vectors).astype(np.float64), axis=1).tolist()
    return lengths


def _why_invalid(vector: Vector, length: float, dimension: int, metric: str) -> str | None:
    if len(vector) != dimension:
        return f"vector must have length {dimension}, but has length {len(vector)}"
    if not math.isfinite(length):
        return "vector contains NaNs or Infs"
    if metric == "cosine" and length == 0:
        return "cosine distance does not support vectors with zero norm"
    return None


def _why_metadata_invalid(metadata: Any, non_filterable: set[str]) -> str | None:
    if not isinstance(metadata, dict):
        return "Metadata must be an object"
    if len(metadata) > MAX_METADATA_KEYS:
        return f"Metadata object must have at most {MAX_METADATA_KEYS} keys"
    for value in metadata.values():
        if reason := _why_value_invalid(value):
            return reason
    size = _json_bytes(metadata) + METADATA_OVERHEAD_BYTES
    if size > MAX_METADATA_BYTES:
        return f"Metadata object must have at most {MAX_METADATA_BYTES} bytes"
    if size > MAX_FILTERABLE_BYTES:
        filterable = {name: value for name, value in metadata.items() if name not in non_filterable}
        if _json_bytes(filterable) + METADATA_OVERHEAD_BYTES > MAX_FILTERABLE_BYTES:
            return f"Filterable metadata must have at most {MAX_FILTERABLE_BYTES} bytes"
    return None


def _why_value_invalid(value: Any) -> str | None:
    if not isinstance(value, list):
        if isinstance(value, str | int) or _is_finite_float(value):  # a bool is an int
            return None
        return "Metadata values must be strings, numbers, booleans, or arrays"
    if not value:
        return "Empty arrays are not allowed in metadata"
    if all(isinstance(item, str) for item in value):
        return None
    if all(type(item) is int or _is_finite_float(item) for item in value):
        return None
    return "Metadata array values must be strings or numbers"


def _is_finite_float(value: Any) -> bool:
    """Tell a number that JSON can spell; 1e999 is read as infinity, and could not be written back."""
    return isinstance(value, float) and math.isfinite(value)


def _json_bytes(value: dict[str, Any]) -> int:
    return len(orjson.dumps(value))
