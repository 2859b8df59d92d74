"""The nearest vectors: QueryVectors, its pages drained up to top_k."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3vl_lambda.errors import OutOfTimeError, ResponseTooLargeError
from s3vl_lambda.operations.paging import Tokens
from s3vl_lambda.operations.rows import query_rows
from s3vl_lambda.responses import Answer, Rows

if TYPE_CHECKING:
    from s3vl_lambda.gateway import Page, S3VectorsGateway
    from s3vl_lambda.requests import QueryVectors


def run(request: QueryVectors, gateway: S3VectorsGateway) -> Answer:
    """Collect pages until top_k vectors, the last page, or the end of the room or the time.

    A short or an empty page is not the end: only a missing token is. A page that does not fit is left whole to
    the next part, because a page's token is all that QueryVectors can go on from.
    """
    rows = Rows()
    tokens = Tokens(request.next_token)
    token = request.next_token
    distance_metric = None
    while True:
        try:
            page = _page(request, gateway, token)
        except OutOfTimeError:
            if distance_metric is None:
                raise
            break
        wanted = request.top_k - request.returned - len(rows)
        encoded = query_rows(page.vectors[:wanted], with_metadata=request.return_metadata)
        if rows.fitting(encoded) < len(encoded):
            if distance_metric is None:
                raise ResponseTooLargeError(
                    f"one page of {len(encoded)} vectors does not fit in an answer of Lambda (6 MB); "
                    "query with return_metadata => false, and get the metadata with s3vl.get_vectors()"
                )
            break
        rows.extend(encoded)
        distance_metric = page.distance_metric
        if page.next_token is None or len(encoded) == wanted:
            return Answer({"distance_metric": distance_metric}, rows)
        token = tokens.follow(page.next_token)
    continuation = {"next_token": token, "returned": request.returned + len(rows)}
    return Answer({"distance_metric": distance_metric}, rows, continuation)


def _page(request: QueryVectors, gateway: S3VectorsGateway, token: str | None) -> Page:
    """Get one page; the service wants every page asked for with the same parameters."""
    return gateway.query_vectors(
        request.index_arn,
        query_vector=request.query_vector,
        top_k=request.top_k,
        return_metadata=request.return_metadata,
        metadata_filter=request.metadata_filter,
        query_mode=request.query_mode,
        next_token=token,
    )
