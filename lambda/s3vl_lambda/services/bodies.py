"""The bodies of calls to S3 Vectors: JSON, put together here.

All parameters of these calls go into the body. botocore would look at every number of every vector by itself, in
Python, which takes several times as long.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3vl_lambda.protocol.records import Record
    from s3vl_lambda.protocol.vectors import Vector

# One encoder for all values; json.dumps makes one for each.
_json = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class Written(NamedTuple):
    """A parameter that is written as JSON already, in pieces."""

    pieces: Sequence[str]


def body(parameters: dict[str, Any]) -> bytes:
    """Write the parameters of a call."""
    # All at once: the vectors are megabytes, and memory that is new takes as long to get as to fill.
    pieces: list[str] = []
    for name, value in parameters.items():
        written = value.pieces if isinstance(value, Written) else (_json(value),)
        pieces += (",", _json(name), ":", *written)
    return "".join(("{", *pieces[1:], "}")).encode()


def vector_data(vector: Vector) -> Written:
    """Write a vector to search with."""
    return Written(('{"float32":', vector.json, "}"))


def put_inputs(records: Sequence[Record]) -> Written:
    """Write vectors to store, at least one."""
    pieces = ["["]
    for record in records:
        metadata = "" if record.metadata is None else f',"metadata":{_json(record.metadata)}'
        data = vector_data(record.embedding).pieces
        pieces += (f'{{"key":{_json(record.vector_id)},"data":', *data, metadata, "},")
    pieces[-1] = "}]"
    return Written(pieces)
