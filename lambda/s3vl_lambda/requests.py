"""The event of an invocation as one typed request; what is wrong is said with the member's name and value."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from s3vl_lambda import VERSION, filters
from s3vl_lambda.errors import UnsupportedOperationError, UnsupportedProtocolError, shown
from s3vl_lambda.members import Members, is_number

PROTOCOL = 1
_MAX_TOP_K = 10_000
_MAX_DIMENSION = 4_096
_MAX_KEY_LENGTH = 1_024
_MAX_LIST_RESULTS = 1_000
_MAX_SEGMENTS = 16


@dataclass(frozen=True, kw_only=True)
class Request:
    """What every request has; `operation` is its name on the wire."""

    operation: ClassVar[str]
    budget_ms: int

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the operation's own members, checked: none, unless a class says otherwise."""
        del members
        return cls(budget_ms=budget_ms)


@dataclass(frozen=True, kw_only=True)
class AvailabilityCheck(Request):
    """Ask whether the function is there and what it can do."""

    operation = "availability_check"


@dataclass(frozen=True, kw_only=True)
class IndexRequest(Request):
    """A request about one vector index."""

    index_arn: str

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the ARN."""
        return cls(budget_ms=budget_ms, index_arn=members.index_arn())


@dataclass(frozen=True, kw_only=True)
class DescribeIndex(IndexRequest):
    """Ask what the service knows about the index."""

    operation = "describe_index"


@dataclass(frozen=True, kw_only=True)
class QueryVectors(IndexRequest):
    """Ask for the nearest vectors; `next_token` and `returned` say where an earlier part ended."""

    operation = "query_vectors"
    query_vector: list[float]
    top_k: int
    return_metadata: bool
    metadata_filter: dict[str, Any] | None = None
    query_mode: str | None = None
    next_token: str | None = None
    returned: int = 0

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the vector and how to search."""
        top_k = members.integer("top_k", 1, _MAX_TOP_K)
        next_token, returned = None, 0
        if "continuation" in members:
            continuation = Members(members.take("continuation"), "continuation")
            next_token = continuation.text("next_token")
            returned = continuation.integer("returned", 0, top_k - 1)
            continuation.refuse_the_rest()
        return cls(
            budget_ms=budget_ms,
            index_arn=members.index_arn(),
            query_vector=_query_vector(members),
            top_k=top_k,
            return_metadata=members.boolean("return_metadata"),
            metadata_filter=_metadata_filter(members),
            query_mode=members.optional_text("query_mode", ("CLASSIC", "ENHANCED")),
            next_token=next_token,
            returned=returned,
        )


@dataclass(frozen=True, kw_only=True)
class GetVectors(IndexRequest):
    """Ask for vectors by id, from `position` on; earlier parts of the answer had those before it."""

    operation = "get_vectors"
    vector_ids: list[str]
    include_vector_data: bool
    include_metadata: bool
    position: int = 0

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the ids and what to bring."""
        vector_ids = _vector_ids(members)
        position = 0
        if "continuation" in members:
            continuation = Members(members.take("continuation"), "continuation")
            position = continuation.integer("position", 0, len(vector_ids) - 1)
            continuation.refuse_the_rest()
        return cls(
            budget_ms=budget_ms,
            index_arn=members.index_arn(),
            vector_ids=vector_ids,
            include_vector_data=members.boolean("include_vector_data"),
            include_metadata=members.boolean("include_metadata"),
            position=position,
        )


@dataclass(frozen=True, kw_only=True)
class ListVectors(IndexRequest):
    """Ask for one page of the index, in the order of the service."""

    operation = "list_vectors"
    max_results: int
    return_data: bool
    return_metadata: bool
    next_token: str | None = None
    segment_count: int | None = None
    segment_index: int | None = None

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the page and what to bring."""
        next_token = members.optional_text("next_token")
        if "continuation" in members:
            # Further on through the same empty pages, so it stands in for the caller's token.
            continuation = Members(members.take("continuation"), "continuation")
            next_token = continuation.text("next_token")
            continuation.refuse_the_rest()
        segment_count = segment_index = None
        if "segment_count" in members or "segment_index" in members:
            segment_count = members.integer("segment_count", 1, _MAX_SEGMENTS)
            segment_index = members.integer("segment_index", 0, segment_count - 1)
        return cls(
            budget_ms=budget_ms,
            index_arn=members.index_arn(),
            max_results=members.integer("max_results", 1, _MAX_LIST_RESULTS),
            return_data=members.boolean("return_data"),
            return_metadata=members.boolean("return_metadata"),
            next_token=next_token,
            segment_count=segment_count,
            segment_index=segment_index,
        )


REQUESTS: dict[str, type[Request]] = {
    request.operation: request
    for request in (AvailabilityCheck, DescribeIndex, QueryVectors, GetVectors, ListVectors)
}


def operation_of(event: Any) -> str:
    """Name the operation of an event that may be wrong in any way: one of ours, or "unknown"."""
    operation = event.get("operation") if isinstance(event, dict) else None
    return operation if isinstance(operation, str) and operation in REQUESTS else "unknown"


def parse(event: Any) -> Request:
    """Read the event of an invocation."""
    members = Members(event)
    protocol = members.take("protocol")
    if protocol != PROTOCOL or isinstance(protocol, bool):
        raise UnsupportedProtocolError(
            f"protocol must be {PROTOCOL}, got {shown(protocol)}; "
            f"the SQL functions do not match version {VERSION} of the Lambda function: upgrade the older"
        )
    operation = members.text("operation")
    if operation not in REQUESTS:
        raise UnsupportedOperationError(
            f"operation {shown(operation)} is not known to version {VERSION} of the Lambda function, "
            f"which knows {', '.join(REQUESTS)}; upload its current package"
        )
    request = REQUESTS[operation].read(members, members.integer("budget_ms", 1))
    members.refuse_the_rest()
    return request


def _query_vector(members: Members) -> list[float]:
    """Take the vector to search with."""
    vector = members.array("query_vector")
    if len(vector) > _MAX_DIMENSION:
        raise members.refuse("query_vector", f"must have at most {_MAX_DIMENSION} numbers, got {len(vector)}")
    for position, number in enumerate(vector):
        # S3 Vectors computes in float32, where a large float64 is infinite.
        if not is_number(number) or math.isinf(array("f", [number])[0]):
            raise members.refuse(
                f"query_vector[{position}]", f"must be a float32 number, got {shown(number)}"
            )
    return vector


def _metadata_filter(members: Members) -> dict[str, Any] | None:
    """Take the filter, in the form that the service takes."""
    return filters.normalise(members.take("metadata_filter")) if "metadata_filter" in members else None


def _vector_ids(members: Members) -> list[str]:
    """Take the ids of the vectors to get."""
    vector_ids = members.array("vector_ids")
    for position, vector_id in enumerate(vector_ids):
        # surrogatepass: the service refuses half a character, in its own words.
        if (
            not isinstance(vector_id, str)
            or not 1 <= len(vector_id.encode(errors="surrogatepass")) <= _MAX_KEY_LENGTH
        ):
            raise members.refuse(
                f"vector_ids[{position}]",
                f"must be a text of 1 to {_MAX_KEY_LENGTH} bytes, got {shown(vector_id)}",
            )
    vector_id, times = Counter(vector_ids).most_common(1)[0]
    if times > 1:
        raise members.refuse("vector_ids", f"must be distinct, got {shown(vector_id)} {times} times")
    return vector_ids
