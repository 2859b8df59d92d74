"""The bodies of calls to S3 Vectors: JSON, put together here.

All parameters of these calls go into the body. botocore would look at every number of every vector by itself, in
Python, which takes several times as long.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3vl_lambda.records import Record
    from s3vl_lambda.vectors import Vector

# One encoder for all values; json.dumps makes one for each.
_json = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class Written(NamedTuple):
    """A parameter that is written as JSON already."""

    json: str


def body(parameters: dict[str, Any]) -> bytes:
    """Write the parameters of a call."""
    # All at once: the vectors are megabytes, and memory that is new takes as long to get as to fill.
    pieces: list[str] = []
    for name, value in parameters.items():
        pieces += (",", _json(name), ":", value.json if isinstance(value, Written) else _json(value))
    return "".join(("{", *pieces[1:], "}")).encode()


def vector_data(vector: Vector) -> Written:
    """Write a vector to search with."""
    return Written(f'{{"float32":{vector.json}}}')


def put_inputs(records: Sequence[Record]) -> Written:
    """Write vectors to store."""
    return Written("[" + ",".join(map(_put_input, records)) + "]")


def _put_input(record: Record) -> str:
    metadata = "" if record.metadata is None else f',"metadata":{_json(record.metadata)}'
    return f'{{"key":{_json(record.vector_id)},"data":{{"float32":{record.embedding.json}}}{metadata}}}'
