"""The vectors whose texts match best, fused with the nearest when there is a vector: QueryVectors with queryTexts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from s3vl_lambda.operations._draining import drain
from s3vl_lambda.operations._rows import hybrid_rows

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import QueryHybrid
    from s3vl_lambda.protocol.responses import Answer
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway


def run(request: QueryHybrid, gateway: S3VectorsGateway) -> Answer:
    """Search with the texts, and the vector."""
    encode = partial(hybrid_rows, with_metadata=request.return_metadata)
    return drain(
        request,
        gateway,
        encode,
        request.place,
        query_texts=request.query_texts,
        query_vector=request.query_vector,
    ).answer()
