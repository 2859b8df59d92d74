"""Indexes of their own for tests that write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from fixtures_cloud import Stack


def registered_index(
    connection: psycopg.Connection,
    aws: Callable[..., Any],
    stack: Stack,
    name: str,
    dimension: int,
    **metadata: Any,
) -> str:
    """Make an index in the bucket of the stack, register it under its name, and return its ARN."""
    arn: str = aws("s3vectors").create_index(
        vectorBucketName=stack.index_arn.split("/")[1],
        indexName=name,
        dataType="float32",
        dimension=dimension,
        distanceMetric="cosine",
        **({"metadataConfiguration": metadata} if metadata else {}),
    )["indexArn"]
    connection.execute("select s3vl.register_index(%s, %s)", [name, arn])
    return arn
