"""The vectors nearest to one vector: QueryVectors, its pages drained."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from s3vl_lambda.operations._draining import drain
from s3vl_lambda.operations._rows import query_rows

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import QueryVectors
    from s3vl_lambda.protocol.responses import Answer
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway


def run(request: QueryVectors, gateway: S3VectorsGateway) -> Answer:
    """Search with the vector."""
    encode = partial(query_rows, with_metadata=request.return_metadata)
    return drain(
        request,
        gateway,
        encode,
        request.place,
        query_vector=request.query_vector,
        query_mode=request.query_mode,
    ).answer()
