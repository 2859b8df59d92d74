"""One page of an index: ListVectors, going on past empty pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3vl_lambda.operations._own import is_own
from s3vl_lambda.operations._paging import Tokens
from s3vl_lambda.operations._rows import stored_rows
from s3vl_lambda.protocol.errors import OutOfTimeError, ResponseTooLargeError, shown
from s3vl_lambda.protocol.responses import Answer, Rows

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import ListVectors
    from s3vl_lambda.services.s3_vectors import Page, S3VectorsGateway


def run(request: ListVectors, gateway: S3VectorsGateway) -> Answer:
    """Give the next page that has vectors, at most max_results of them; none means the end of the index."""
    rows = Rows()
    tokens = Tokens(request.next_token)
    token = request.next_token
    max_results = request.max_results
    while True:
        try:
            page = _page(request, gateway, token, max_results)
        except OutOfTimeError:
            if token == request.next_token:
                raise
            return Answer({}, rows, {"next_token": token})
        own = [vector for vector in page.vectors if is_own(vector, request.restriction)]
        encoded = stored_rows(own, with_data=request.return_data, with_metadata=request.return_metadata)
        fitting = rows.fitting(encoded)
        if fitting < len(encoded):
            if fitting == 0:
                raise ResponseTooLargeError(
                    f"vector {shown(own[0]['key'])} does not fit into a response of Lambda (6 MB); "
                    "list with return_metadata => false"
                )
            # A token goes on after a whole page, so ask for this page again, as long as fits.
            max_results = page.vectors.index(own[fitting])
        elif encoded or page.next_token is None:
            rows.extend(encoded)
            return Answer({} if page.next_token is None else {"next_token": page.next_token}, rows)
        else:
            token = tokens.follow(page.next_token)


def _page(request: ListVectors, gateway: S3VectorsGateway, token: str | None, max_results: int) -> Page:
    """Get one page."""
    return gateway.list_vectors(
        request.index_arn,
        max_results=max_results,
        next_token=token,
        return_data=request.return_data,
        return_metadata=request.return_metadata or request.restriction is not None,
        segment_count=request.segment_count,
        segment_index=request.segment_index,
    )
