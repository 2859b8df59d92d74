"""The nearest of vectors that the caller names: GetVectors, and distances that are computed here.

The answer is exact, where a query is approximate: each vector that exists is looked at. Metadata is read when the
ranking is done, of those that are returned.
"""

from __future__ import annotations

import math
from contextlib import closing
from functools import partial
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from s3vl_lambda.operations._collecting import NUMBERS_AT_A_TIME, Found, collect
from s3vl_lambda.operations._distances import as_told, distance_from
from s3vl_lambda.operations._own import get_own
from s3vl_lambda.operations._rows import not_finite, numbers_in, ranked_row
from s3vl_lambda.protocol.errors import (
    BrokenContractError,
    InvalidRequestError,
    MalformedDataError,
    OutOfTimeError,
    ResponseTooLargeError,
    shown,
)
from s3vl_lambda.protocol.responses import Answer, Rows
from s3vl_lambda.services.answers import required
from s3vl_lambda.services.parallel import CONCURRENT_CALLS, beside, in_order
from s3vl_lambda.services.s3_vectors import KEYS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from s3vl_lambda.protocol.requests import RankVectors
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway

# As many as a request of SQL has ids. One that is gone when its metadata is read makes room for the next.
_KEPT_FOR_METADATA = 20_000
# The most that a ranked vector takes in a continuation.
_RANKED_BYTES = len("[1000000,-1.2345678e-38],")


class Ranked(NamedTuple):
    """A vector and its distance; of equal distances, the lower id comes first."""

    distance: float
    vector_id: str
    position: int


class Measure(NamedTuple):
    """How the index measures."""

    metric: str
    distance: Callable[[list[float]], float]


def run(request: RankVectors, gateway: S3VectorsGateway) -> Answer:
    """Rank what exists; then give rows, nearest first, until top_k, the end of the ids, the room or the time."""
    # The metric is a fact of the index, and comes while the first vectors do.
    with beside(partial(_measure, request, gateway)) as measure:
        nearest, position, missing = _rank(request, gateway, measure)
        metric = measure.result().metric
    rows = Rows(reserved=_RANKED_BYTES * len(nearest))
    wanted, passed = request.top_k - request.returned, 0
    is_complete = position == len(request.vector_ids)
    if is_complete:
        try:
            passed = _give(request, gateway, nearest, rows)
        except OutOfTimeError:
            if position == request.position:
                raise
        if nearest and not passed and position == request.position:
            raise ResponseTooLargeError(
                f"vector {shown(nearest[0].vector_id)} does not fit into a response of Lambda (6 MB); "
                "rank with return_metadata => false"
            )
        is_complete = passed == len(nearest) or len(rows) == wanted
    continuation = {
        "position": position,
        "ranked": [[one.position, one.distance] for one in nearest[passed:]],
        "returned": request.returned + len(rows),
    }
    members = {"distance_metric": metric, "missing": missing + passed - len(rows)}
    return Answer(members, rows, None if is_complete else continuation)


def _measure(request: RankVectors, gateway: S3VectorsGateway) -> Measure:
    """Ask how the index measures, and whether the vector is one to measure from."""
    index = gateway.get_index(request.index_arn)
    dimension = required(index, "dimension", int)
    if dimension != len(request.query_vector):
        raise InvalidRequestError.at(
            "query_vector", f"has {len(request.query_vector)} numbers; the index has {dimension} dimensions"
        )
    metric = required(index, "distanceMetric", str)
    return Measure(metric, distance_from(request.query_vector, metric))


def _rank(
    request: RankVectors, gateway: S3VectorsGateway, measure: Future[Measure]
) -> tuple[list[Ranked], int, int]:
    """Give the nearest, up to where the time ran out, and how many of the ids have no vector."""
    ids = request.vector_ids
    kept = max(request.top_k, _KEPT_FOR_METADATA) if request.return_metadata else request.top_k
    nearest = [Ranked(distance, ids[place], place) for place, distance in request.ranked.items()]
    position, missing = request.position, 0
    chunks = [
        range(start, min(start + KEYS_PER_CALL, len(ids)))
        for start in range(position, len(ids), KEYS_PER_CALL)
    ]
    at_a_time = min(
        CONCURRENT_CALLS, max(1, NUMBERS_AT_A_TIME // (KEYS_PER_CALL * len(request.query_vector)))
    )
    work = partial(_distances, request, gateway, measure)
    try:
        with closing(in_order(work, chunks, lambda: at_a_time)) as results:
            for chunk, found in zip(chunks, results, strict=True):
                nearest += found
                if len(nearest) > 2 * kept:
                    nearest = nsmallest(kept, nearest)
                missing += len(chunk) - len(found)
                position = chunk.stop
    except OutOfTimeError:
        if position == request.position:
            raise
    return nsmallest(kept, nearest), position, missing


def _distances(
    request: RankVectors, gateway: S3VectorsGateway, measure: Future[Measure], chunk: range
) -> list[Ranked]:
    """Get the vectors of one chunk, and keep nothing of them but their distances."""
    ids = request.vector_ids
    found = get_own(
        gateway,
        request.index_arn,
        ids[chunk.start : chunk.stop],
        request.restriction,
        return_data=True,
        return_metadata=False,
    )
    distance = measure.result().distance
    positions = [position for position in chunk if ids[position] in found]
    distances = []
    for position in positions:
        vector = found[ids[position]]
        numbers = numbers_in(vector)
        if len(numbers) != len(request.query_vector):
            raise BrokenContractError(
                f"S3 Vectors returned {len(numbers)} numbers for vector {shown(vector['key'])}, "
                f"where the index has {len(request.query_vector)} dimensions; check AWS_ENDPOINT_URL"
            )
        try:
            distances.append(distance(numbers))
        except OverflowError:
            distances.append(math.inf)
        if not math.isfinite(distances[-1]):
            if not any(numbers):
                raise MalformedDataError(
                    f"vector {shown(vector['key'])} is zero in every dimension, which has no cosine distance; "
                    "put the vector anew"
                )
            raise not_finite("the data", vector)
    return [
        Ranked(told, ids[position], position)
        for told, position in zip(as_told(distances), positions, strict=True)
    ]


def _give(request: RankVectors, gateway: S3VectorsGateway, nearest: list[Ranked], rows: Rows) -> int:
    """Add rows until there are enough, or no more fit; give how many of the nearest are done."""
    wanted, passed = request.top_k - request.returned, 0
    encode = partial(_encoded, request, gateway, nearest)
    while passed < len(nearest) and len(rows) < wanted:
        # Some may be gone by now: then there are more rows to fill.
        some = range(passed, min(passed + wanted - len(rows), len(nearest)))
        try:
            passed = collect(rows, some, encode)
        except OutOfTimeError:
            if not passed:
                raise
            break
        if passed < some.stop:
            break
    return passed


def _encoded(request: RankVectors, gateway: S3VectorsGateway, nearest: list[Ranked], some: range) -> Found:
    """Encode the rows of some of the nearest, those that still exist."""
    ranked = {place: nearest[place] for place in some}
    found = {one.vector_id: {"key": one.vector_id} for one in ranked.values()}
    if request.return_metadata:
        found = get_own(
            gateway,
            request.index_arn,
            list(found),
            request.restriction,
            return_data=False,
            return_metadata=True,
        )
    return {
        place: ranked_row(found[one.vector_id], one.distance, with_metadata=request.return_metadata)
        for place, one in ranked.items()
        if one.vector_id in found
    }
