"""What GetIndex says about an index, in the names of the SQL functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from s3vl_lambda.protocol.errors import BrokenContractError, shown
from s3vl_lambda.services.answers import elements, optional, required


def described(index: dict[str, Any]) -> dict[str, Any]:
    """Describe an index."""
    configuration = optional(index, "metadataConfiguration", dict) or {}
    description = {
        "index_arn": required(index, "indexArn", str),
        "index_name": required(index, "indexName", str),
        "vector_bucket_name": required(index, "vectorBucketName", str),
        "dimension": required(index, "dimension", int),
        "distance_metric": required(index, "distanceMetric", str),
        "non_filterable_keys": elements(configuration, "nonFilterableMetadataKeys", str),
        "text_keys": [_text_key(key) for key in elements(configuration, "textSearchConfigurations", dict)],
        "created_at": _moment(required(index, "creationTime", float)),
    }
    # The mode is younger than the service: an index may have none.
    mode = optional(index, "indexMode", str)
    if mode:
        description["index_mode"] = mode
    return description


def _moment(seconds: float) -> str:
    """Write a moment, which the service tells in seconds since 1970."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise BrokenContractError(
            f"the answer of S3 Vectors has {shown(seconds)} for 'creationTime', which is no time"
        ) from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text_key(configuration: dict[str, Any]) -> dict[str, str]:
    """Describe a key with full-text search; without a language it has the standard analyzer."""
    described = {
        "metadata_key": required(configuration, "metadataKey", str),
        "status": required(configuration, "status", str),
    }
    language = optional(configuration, "language", str)
    if language:
        described["language"] = language
    return described
