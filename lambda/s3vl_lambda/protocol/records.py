"""Vectors to be stored, all checked before any is sent: the service finds a wrong one when others are in already."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from s3vl_lambda.protocol.errors import InvalidRequestError, shown
from s3vl_lambda.protocol.members import Members, is_number
from s3vl_lambda.protocol.vector_ids import read_id, refuse_repeated
from s3vl_lambda.protocol.vectors import Vector, read_vector

_MAX_METADATA_KEYS = 50
_MAX_METADATA_BYTES = 40_960
# The service counts so many bytes more than the compact JSON has.
_METADATA_OVERHEAD = 5

# One encoder for all; json.dumps would make one for each, which takes longer than to write.
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

# The most that is written for a byte of a text: \uXXXX for a control character.
_ESCAPED = 6
_MEMBER_NAMES_BYTES = len('{"key":"","data":{"float32":},"metadata":},')


class Record(NamedTuple):
    """One vector to store; `request_bytes` is the most that it can take in a call."""

    vector_id: str
    embedding: Vector
    metadata: dict[str, Any] | None
    request_bytes: int


class MetadataRecord(NamedTuple):
    """Metadata to store for a vector that is there."""

    vector_id: str
    metadata: dict[str, Any] | None


def read_records(members: Members) -> list[Record]:
    """Take the vectors of a request; positions in paths count from 1, as those of SQL's arrays."""
    records: list[Record] = []
    for position, value in enumerate(members.array("vectors"), 1):
        path = f"vectors[{position}]"
        one = Members(value, path)
        vector_id = read_id(one.take("vector_id"), f"{path}.vector_id")
        try:
            record = _record(one, path, vector_id)
            if records and record.embedding.length != records[0].embedding.length:
                raise one.refuse(
                    "embedding",
                    f"has {record.embedding.length} numbers, and vectors[1].embedding {records[0].embedding.length}; "
                    "every vector of an index has as many",
                )
        except InvalidRequestError as error:
            raise InvalidRequestError(
                f"{error.message} (vector {shown(vector_id)})", fields=error.fields
            ) from None
        records.append(record)
    refuse_repeated((record.vector_id for record in records), "vectors")
    return records


def read_metadata_records(members: Members) -> list[MetadataRecord]:
    """Take the ids of a request with the metadata of each."""
    records: list[MetadataRecord] = []
    for position, value in enumerate(members.array("vectors"), 1):
        path = f"vectors[{position}]"
        one = Members(value, path)
        vector_id = read_id(one.take("vector_id"), f"{path}.vector_id")
        metadata = None
        if "metadata" in one:
            metadata = one.take("metadata")
            _checked_metadata(metadata, f"{path}.metadata")
        one.refuse_the_rest()
        records.append(MetadataRecord(vector_id, metadata))
    refuse_repeated((record.vector_id for record in records), "vectors")
    return records


def _record(members: Members, path: str, vector_id: str) -> Record:
    """Read the rest of one vector."""
    embedding = read_vector(members.take("embedding"), f"{path}.embedding")
    metadata, metadata_bytes = None, 0
    if "metadata" in members:
        metadata = members.take("metadata")
        metadata_bytes = _checked_metadata(metadata, f"{path}.metadata")
    members.refuse_the_rest()
    texts = len(vector_id.encode(errors="surrogatepass")) + metadata_bytes
    request_bytes = _MEMBER_NAMES_BYTES + _ESCAPED * texts + len(embedding.json)
    return Record(vector_id, embedding, metadata, request_bytes)


def _checked_metadata(metadata: Any, path: str) -> int:
    """Check metadata; give its size.

    How much of it may be filterable is left to the service, since the request does not say which keys are.
    """
    if not isinstance(metadata, dict):
        raise InvalidRequestError.at(path, f"must be a JSON object, got {shown(metadata)}")
    if len(metadata) > _MAX_METADATA_KEYS:
        raise InvalidRequestError.at(
            path, f"has {len(metadata)} keys; S3 Vectors allows at most {_MAX_METADATA_KEYS}"
        )
    for key, value in metadata.items():
        if not _is_metadata_value(value):
            raise InvalidRequestError.at(f"{path}.{key}", f"must be {_METADATA_VALUE}, got {shown(value)}")
    size = len(_compact(metadata).encode(errors="surrogatepass")) + _METADATA_OVERHEAD
    if size > _MAX_METADATA_BYTES:
        raise InvalidRequestError.at(
            path, f"has {size} bytes; S3 Vectors allows at most {_MAX_METADATA_BYTES}"
        )
    return size


_METADATA_VALUE = (
    "text, a finite number, a boolean, or a non-empty array of only texts or only numbers "
    "(leave out a key that has no value)"
)


def _is_metadata_value(value: Any) -> bool:
    """Tell whether the service stores a value."""
    if isinstance(value, list):
        return bool(value) and (all(isinstance(one, str) for one in value) or all(map(is_number, value)))
    return isinstance(value, str | bool) or is_number(value)
