"""Vectors by id: GetVectors, any number of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3vl_lambda.errors import OutOfTimeError, ResponseTooLargeError, shown
from s3vl_lambda.gateway import KEYS_PER_CALL
from s3vl_lambda.operations.rows import stored_rows
from s3vl_lambda.parallel import CONCURRENT_CALLS
from s3vl_lambda.responses import Answer, Rows

if TYPE_CHECKING:
    from s3vl_lambda.gateway import S3VectorsGateway
    from s3vl_lambda.requests import GetVectors


def run(request: GetVectors, gateway: S3VectorsGateway) -> Answer:
    """Give the vectors that exist, in the order asked, until the end of the ids, the room or the time."""
    rows = Rows()
    position = request.position
    while position < len(request.vector_ids):
        vector_ids = request.vector_ids[position : position + _wave(rows)]
        try:
            found = gateway.get_vectors(
                request.index_arn,
                vector_ids,
                return_data=request.include_vector_data,
                return_metadata=request.include_metadata,
            )
        except OutOfTimeError:
            if position == request.position:
                raise
            return Answer({}, rows, {"position": position})
        existing = [vector_id for vector_id in vector_ids if vector_id in found]
        encoded = stored_rows(
            [found[vector_id] for vector_id in existing],
            with_data=request.include_vector_data,
            with_metadata=request.include_metadata,
        )
        fitting = rows.fitting(encoded)
        rows.extend(encoded[:fitting])
        if fitting < len(encoded):
            if not rows:
                raise ResponseTooLargeError(
                    f"vector {shown(existing[0])} does not fit in an answer of Lambda (6 MB); "
                    "get it with include_metadata => false"
                )
            return Answer({}, rows, {"position": position + vector_ids.index(existing[fitting])})
        position += len(vector_ids)
    return Answer({}, rows)


def _wave(rows: Rows) -> int:
    """Choose how many vectors to get next: as many as are likely to fit, so that few are got in vain."""
    if not rows:
        return KEYS_PER_CALL
    likely_to_fit = rows.bytes_left * len(rows) // rows.bytes_taken()
    return min(max(likely_to_fit, 1), KEYS_PER_CALL * CONCURRENT_CALLS)
