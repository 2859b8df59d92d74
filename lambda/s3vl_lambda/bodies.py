"""The bodies of calls to S3 Vectors: JSON, put together here.

All parameters of these calls go into the body. botocore would look at every number of every vector by itself, in
Python, which takes several times as long.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from s3vl_lambda.records import Record
    from s3vl_lambda.vectors import Vector


class Written(str):
    """A parameter that is written as JSON already."""

    __slots__ = ()


def body(parameters: dict[str, Any]) -> bytes:
    """Write the parameters of a call."""
    members = (
        f"{_json(name)}:{value if isinstance(value, Written) else _json(value)}"
        for name, value in parameters.items()
    )
    return f"{{{','.join(members)}}}".encode()


def vector_data(vector: Vector) -> Written:
    """Write a vector to search with."""
    return Written(f'{{"float32":{vector.json}}}')


def put_input(record: Record) -> Written:
    """Write a vector to store."""
    metadata = "" if record.metadata is None else f',"metadata":{_json(record.metadata)}'
    return Written(f'{{"key":{_json(record.vector_id)},"data":{vector_data(record.embedding)}{metadata}}}')


def _json(value: Any) -> str:
    """Write a value as compact JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
