"""The pages of one search, drained up to top_k."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from s3vl_lambda.operations._paging import Tokens
from s3vl_lambda.protocol.errors import OutOfTimeError, ResponseTooLargeError
from s3vl_lambda.protocol.responses import Answer, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from s3vl_lambda.protocol.requests import Place, Search
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway


class Drained(NamedTuple):
    """What a search found; a `continuation` leads to the rest of it."""

    distance_metric: str | None
    rows: Rows
    continuation: dict[str, Any] | None = None

    def answer(self) -> Answer:
        """Give it as the answer to a request."""
        return Answer({"distance_metric": self.distance_metric}, self.rows, self.continuation)


def drain(
    search: Search,
    gateway: S3VectorsGateway,
    encode: Callable[[Sequence[dict[str, Any]]], list[bytes]],
    place: Place,
    **sought: Any,
) -> Drained:
    """Collect pages from a place on until top_k vectors, the last page, or the end of the room or the time.

    A short or an empty page is not the end: only a missing token is. A page that does not fit is left whole to
    the next part, because a page's token is all that QueryVectors can go on from. So the page that brings the
    vector after which the caller wants to stop is given whole, too.
    """
    rows = Rows()
    tokens = Tokens(place.next_token)
    token = place.next_token
    distance_metric = None
    while True:
        try:
            # The service wants every page asked for with the same parameters.
            page = gateway.query_vectors(
                search.index_arn,
                top_k=search.top_k,
                return_metadata=search.return_metadata,
                metadata_filter=search.metadata_filter,
                next_token=token,
                **sought,
            )
        except OutOfTimeError:
            if distance_metric is None:
                raise
            break
        wanted = search.top_k - place.returned - len(rows)
        encoded = encode(page.vectors[:wanted])
        if rows.fitting(encoded) < len(encoded):
            if distance_metric is None:
                raise ResponseTooLargeError(
                    f"one page of {len(encoded)} vectors does not fit into a response of Lambda (6 MB); "
                    "query with return_metadata => false, and get the metadata with s3vl.get_vectors()"
                )
            break
        rows.extend(encoded)
        distance_metric = page.distance_metric
        if page.next_token is None or len(encoded) == wanted:
            return Drained(distance_metric, rows)
        token = tokens.follow(page.next_token)
        if search.stop_after is not None and len(rows) >= search.stop_after:
            break
    return Drained(distance_metric, rows, {"next_token": token, "returned": place.returned + len(rows)})
