"""The vectors nearest to each of many: QueryVectors for each of them, several at the same time."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from s3vl_lambda.operations._draining import Drained, drain
from s3vl_lambda.operations._rows import numbered_rows
from s3vl_lambda.protocol.errors import OutOfTimeError
from s3vl_lambda.protocol.requests import BEGINNING
from s3vl_lambda.protocol.responses import MAX_BYTES_AT_A_TIME, Rows
from s3vl_lambda.services.parallel import CONCURRENT_CALLS, in_order

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import QueryVectorsBatch
    from s3vl_lambda.protocol.responses import Answer
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway

# What a hit is taken for before there is one: with the longest id, and on request with pages of text as metadata.
# Where metadata is three times as large, as the service allows, the first queries still fit in 128 MB of memory.
_BARE_HIT_BYTES = 1_100
_HIT_BYTES = 12_500


def run(request: QueryVectorsBatch, gateway: S3VectorsGateway) -> Answer:
    """Give the hits of each query in turn, until the last one, the end of the room or the time.

    A query that does not fit behind those before it starts the next part. There it may fill more than the part,
    and goes on in the one after, like a query of its own.
    """
    rows = Rows()
    distance_metric, rest = None, None
    number = request.query_number

    def width() -> int:
        """Choose how many queries to run: as many as are likely to fit, so that few run in vain."""
        done = number - request.query_number
        if done:
            likely_to_fit = rows.likely_to_fit(done)
        else:
            hit_bytes = _HIT_BYTES if request.return_metadata else _BARE_HIT_BYTES
            likely_to_fit = MAX_BYTES_AT_A_TIME // (request.top_k * hit_bytes)
        return min(max(likely_to_fit, 1), CONCURRENT_CALLS)

    numbers = range(number, len(request.query_vectors) + 1)
    with closing(in_order(partial(_query, request, gateway), numbers, width)) as results:
        try:
            for drained in results:
                if rows.fitting(drained.rows.encoded) < len(drained.rows):
                    break
                rows.extend(drained.rows.encoded)
                distance_metric, rest = drained.distance_metric, drained.continuation
                if rest:
                    break
                number += 1
        except OutOfTimeError:
            if distance_metric is None:
                raise
        finally:
            gateway.stop()
    continuation = None
    if number in numbers:
        continuation = {"query_number": number} | ({"continuation": rest} if rest else {})
    return Drained(distance_metric, rows, continuation).answer()


def _query(request: QueryVectorsBatch, gateway: S3VectorsGateway, number: int) -> Drained:
    """Search with one of the vectors; only the first can have been begun by an earlier part."""
    return drain(
        request,
        gateway,
        partial(numbered_rows, query_number=number, with_metadata=request.return_metadata),
        request.place if number == request.query_number else BEGINNING,
        query_vector=request.query_vectors[number - 1],
        query_mode=request.query_mode,
    )
