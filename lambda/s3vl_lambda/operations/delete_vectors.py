"""Vectors to delete by id: DeleteVectors, any number of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3vl_lambda.operations._own import keys_of_others
from s3vl_lambda.operations._writing import write

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import DeleteVectors
    from s3vl_lambda.protocol.responses import Answer
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway

_MAX_IDS = 500


def run(request: DeleteVectors, gateway: S3VectorsGateway) -> Answer:
    """Delete the vectors that remain."""
    chunks = [
        remaining[start : start + _MAX_IDS]
        for remaining in request.remaining
        for start in range(0, len(remaining), _MAX_IDS)
    ]

    def send(chunk: range) -> None:
        ids = request.vector_ids[chunk.start : chunk.stop]
        if request.restriction is not None:
            # To this caller those of others do not exist, and what does not exist is no error.
            others = keys_of_others(gateway, request.index_arn, ids, request.restriction)
            ids = [vector_id for vector_id in ids if vector_id not in others]
        if ids:
            gateway.delete_vectors(request.index_arn, ids)

    return write(chunks, send, "deleted")
