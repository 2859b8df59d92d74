"""What the function can do: one module per operation, from a typed request and the gateway to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3vl_lambda.operations import (
    availability_check,
    create_index,
    delete_index,
    delete_vectors,
    describe_index,
    get_vectors,
    list_vectors,
    put_metadata,
    put_vectors,
    query_hybrid,
    query_vectors,
    query_vectors_batch,
    rank_vectors,
)
from s3vl_lambda.protocol import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3vl_lambda.protocol.responses import Answer
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway

_OPERATIONS: dict[type[requests.Request], Callable[[Any, S3VectorsGateway], Answer]] = {
    requests.CreateIndex: create_index.run,
    requests.DeleteIndex: delete_index.run,
    requests.DescribeIndex: describe_index.run,
    requests.QueryVectors: query_vectors.run,
    requests.QueryVectorsBatch: query_vectors_batch.run,
    requests.QueryHybrid: query_hybrid.run,
    requests.GetVectors: get_vectors.run,
    requests.RankVectors: rank_vectors.run,
    requests.ListVectors: list_vectors.run,
    requests.PutVectors: put_vectors.run,
    requests.PutMetadata: put_metadata.run,
    requests.DeleteVectors: delete_vectors.run,
}


def run(request: requests.Request, gateway: S3VectorsGateway, timeout_seconds: int) -> Answer:
    """Carry out a request; `timeout_seconds` is the function's own limit."""
    if isinstance(request, requests.AvailabilityCheck):
        return availability_check.run(timeout_seconds)
    return _OPERATIONS[type(request)](request, gateway)
