"""Vectors to delete by id: DeleteVectors, any number of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        gateway.delete_vectors(request.index_arn, request.vector_ids[chunk.start : chunk.stop])

    return write(chunks, send, "deleted")
