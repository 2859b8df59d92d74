"""The post's function at its simplest: a client for each invocation, one vector, the first page of the answer.

The benchmark compares with it; nothing else should use it.
"""

from __future__ import annotations

from typing import Any

import boto3


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes two
    """Search once."""
    client = boto3.client("s3vectors")
    answer = client.query_vectors(
        indexArn=event["index_arn"],
        queryVector={"float32": event["query_vector"]},
        topK=event["top_k"],
        returnDistance=True,
        returnMetadata=event["return_metadata"],
    )
    return {"vectors": answer["vectors"]}
