"""The event of an invocation as one typed request; what is wrong is said with the member's name and value."""

from __future__ import annotations

from typing import Any

from s3vl_lambda import VERSION
from s3vl_lambda.protocol.errors import UnsupportedOperationError, UnsupportedProtocolError, shown
from s3vl_lambda.protocol.members import Members
from s3vl_lambda.protocol.requests.base import AvailabilityCheck, DescribeIndex, IndexRequest, Request
from s3vl_lambda.protocol.requests.indexes import CreateIndex, DeleteIndex
from s3vl_lambda.protocol.requests.queries import (
    BEGINNING,
    Place,
    QueryHybrid,
    QueryVectors,
    QueryVectorsBatch,
    Search,
)
from s3vl_lambda.protocol.requests.reads import GetVectors, ListVectors, RankVectors
from s3vl_lambda.protocol.requests.writes import DeleteVectors, PutMetadata, PutVectors, Write

__all__ = [
    "BEGINNING",
    "PROTOCOL",
    "REQUESTS",
    "AvailabilityCheck",
    "CreateIndex",
    "DeleteIndex",
    "DeleteVectors",
    "DescribeIndex",
    "GetVectors",
    "IndexRequest",
    "ListVectors",
    "Place",
    "PutMetadata",
    "PutVectors",
    "QueryHybrid",
    "QueryVectors",
    "QueryVectorsBatch",
    "RankVectors",
    "Request",
    "Search",
    "Write",
    "operation_of",
    "parse",
]

PROTOCOL = 2
# Before 2, a vector was always an array of numbers.
_UNDERSTOOD = (1, PROTOCOL)

REQUESTS: dict[str, type[Request]] = {
    request.operation: request
    for request in (
        AvailabilityCheck,
        CreateIndex,
        DeleteIndex,
        DescribeIndex,
        QueryVectors,
        QueryVectorsBatch,
        QueryHybrid,
        GetVectors,
        RankVectors,
        ListVectors,
        PutVectors,
        PutMetadata,
        DeleteVectors,
    )
}


def operation_of(event: Any) -> str:
    """Name the operation of an event that may be wrong in any way: one of ours, or "unknown"."""
    operation = event.get("operation") if isinstance(event, dict) else None
    return operation if isinstance(operation, str) and operation in REQUESTS else "unknown"


def parse(event: Any) -> Request:
    """Read the event of an invocation."""
    members = Members(event)
    protocol = members.take("protocol")
    if protocol not in _UNDERSTOOD or isinstance(protocol, bool):
        raise UnsupportedProtocolError(
            f"protocol must be {' or '.join(map(str, _UNDERSTOOD))}, got {shown(protocol)}; "
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
