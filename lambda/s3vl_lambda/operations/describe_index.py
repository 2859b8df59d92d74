"""What the service knows about an index: GetIndex, in the names of the SQL functions."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from s3vl_lambda.protocol.responses import Answer
from s3vl_lambda.services.s3_vectors import required

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import DescribeIndex
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway


def run(request: DescribeIndex, gateway: S3VectorsGateway) -> Answer:
    """Describe one index."""
    index = gateway.get_index(request.index_arn)
    configuration = index.get("metadataConfiguration", {})
    described = {
        "index_arn": required(index, "indexArn"),
        "index_name": required(index, "indexName"),
        "vector_bucket_name": required(index, "vectorBucketName"),
        "dimension": required(index, "dimension"),
        "distance_metric": required(index, "distanceMetric"),
        "non_filterable_keys": configuration.get("nonFilterableMetadataKeys", []),
        "text_keys": [_text_key(key) for key in configuration.get("textSearchConfigurations", [])],
        "created_at": required(index, "creationTime").astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    # The mode is younger than the service: an index may have none.
    if "indexMode" in index:
        described["index_mode"] = index["indexMode"]
    return Answer({"index": described})


def _text_key(configuration: dict[str, str]) -> dict[str, str]:
    """Describe a key with full-text search; without a language it has the standard analyzer."""
    described = {
        "metadata_key": required(configuration, "metadataKey"),
        "status": required(configuration, "status"),
    }
    if "language" in configuration:
        described["language"] = configuration["language"]
    return described
