"""Metadata for vectors that the index has: GetVectors, and PutVectors of the same numbers with the new metadata.

S3 Vectors replaces a vector as a whole, so two callers must not do this for one vector at the same time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from s3vl_lambda.operations._rows import numbers_of
from s3vl_lambda.operations._writing import write
from s3vl_lambda.protocol import ranges
from s3vl_lambda.protocol.records import Record
from s3vl_lambda.protocol.vectors import Vector
from s3vl_lambda.services.s3_vectors import KEYS_PER_CALL

if TYPE_CHECKING:
    from typing import Any

    from s3vl_lambda.protocol.requests import PutMetadata
    from s3vl_lambda.protocol.responses import Answer
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway


def run(request: PutMetadata, gateway: S3VectorsGateway) -> Answer:
    """Store the metadata that remains; the answer tells under `missing` where the index has no vector."""
    chunks = [
        remaining[start : start + KEYS_PER_CALL]
        for remaining in request.remaining
        for start in range(0, len(remaining), KEYS_PER_CALL)
    ]
    missing: dict[int, list[range]] = {}

    def send(chunk: range) -> None:
        ids = [request.vectors[position].vector_id for position in chunk]
        found = gateway.get_vectors(request.index_arn, ids, return_data=True, return_metadata=False)
        there = [position for position in chunk if request.vectors[position].vector_id in found]
        missing[chunk.start] = [range(p, p + 1) for p in chunk if p not in there]
        records = [_record(request, position, found) for position in there]
        if records:
            gateway.put_vectors(request.index_arn, records, [position + 1 for position in there])

    answer = write(chunks, send, "written")
    told = ranges.written_as(one for start in sorted(missing) for one in missing[start])
    return replace(answer, members=answer.members | {"missing": told})


def _record(request: PutMetadata, position: int, found: dict[str, dict[str, Any]]) -> Record:
    """Put the numbers that are stored and the metadata together."""
    vector_id, metadata = request.vectors[position]
    numbers = numbers_of(found[vector_id])
    return Record(vector_id, Vector(f"[{numbers}]", numbers.count(",") + 1), metadata, 0)
