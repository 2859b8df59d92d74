"""Vectors by id: GetVectors, any number of ids."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from s3vl_lambda.operations._collecting import Found, collect
from s3vl_lambda.operations._own import get_own
from s3vl_lambda.operations._rows import stored_rows
from s3vl_lambda.protocol.errors import ResponseTooLargeError, shown
from s3vl_lambda.protocol.responses import Answer, Rows

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import GetVectors
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway


def run(request: GetVectors, gateway: S3VectorsGateway) -> Answer:
    """Give the vectors that exist, in the order asked, until the end of the ids, the room or the time."""
    rows = Rows()
    end = len(request.vector_ids)
    position = collect(rows, range(request.position, end), partial(_get, request, gateway))
    if position == end:
        return Answer({}, rows)
    if position == request.position:
        raise ResponseTooLargeError(
            f"vector {shown(request.vector_ids[position])} does not fit into a response of Lambda (6 MB); "
            "get it with include_metadata => false"
        )
    return Answer({}, rows, {"position": position})


def _get(request: GetVectors, gateway: S3VectorsGateway, chunk: range) -> Found:
    """Get and encode what exists of one chunk, in the order asked; of what the service said nothing is kept."""
    found = get_own(
        gateway,
        request.index_arn,
        request.vector_ids[chunk.start : chunk.stop],
        request.restriction,
        return_data=request.include_vector_data,
        return_metadata=request.include_metadata,
    )
    existing = [position for position in chunk if request.vector_ids[position] in found]
    encoded = stored_rows(
        [found[request.vector_ids[position]] for position in existing],
        with_data=request.include_vector_data,
        with_metadata=request.include_metadata,
    )
    return dict(zip(existing, encoded, strict=True))
