"""Vectors within a restriction: what is outside of it is as if it did not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3vl_lambda.services.answers import optional
from s3vl_lambda.services.s3_vectors import KEYS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3vl_lambda.protocol.restriction import Restriction
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway


def is_own(vector: dict[str, Any], restriction: Restriction | None) -> bool:
    """Tell whether a vector that came with its metadata is within a restriction."""
    return restriction is None or restriction.admits(optional(vector, "metadata", dict) or {})


def get_own(
    gateway: S3VectorsGateway,
    index_arn: str,
    keys: Sequence[str],
    restriction: Restriction | None,
    *,
    return_data: bool,
    return_metadata: bool,
) -> dict[str, dict[str, Any]]:
    """Give those of the vectors that exist within a restriction, by key; at most KEYS_PER_CALL are asked for."""
    found = gateway.get_vectors(
        index_arn,
        keys,
        return_data=return_data,
        return_metadata=return_metadata or restriction is not None,
    )
    return {key: vector for key, vector in found.items() if is_own(vector, restriction)}


def keys_of_others(
    gateway: S3VectorsGateway, index_arn: str, keys: Sequence[str], restriction: Restriction
) -> set[str]:
    """Name those of the keys that have a vector outside of a restriction."""
    others = set()
    for start in range(0, len(keys), KEYS_PER_CALL):
        found = gateway.get_vectors(
            index_arn, keys[start : start + KEYS_PER_CALL], return_data=False, return_metadata=True
        )
        others |= {key for key, vector in found.items() if not is_own(vector, restriction)}
    return others
