"""A new index: CreateIndex; one that is there already is described."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from s3vl_lambda.operations._description import described
from s3vl_lambda.protocol.errors import ConflictError, NotFoundError, NoVectorBucketError
from s3vl_lambda.protocol.responses import Answer
from s3vl_lambda.services.answers import required
from s3vl_lambda.settings import settings

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import CreateIndex
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway

# Moments of the service are whole seconds.
_CLOCK_TOLERANCE_SECONDS = 1


def run(request: CreateIndex, gateway: S3VectorsGateway) -> Answer:
    """Create an index, or tell what is there under its name."""
    region, bucket = settings().region, request.vector_bucket or settings().vector_bucket
    if bucket is None:
        raise NoVectorBucketError(
            "the function has no vector bucket for new indexes in its environment, and the request names none"
        )
    began = time.time() - _CLOCK_TOLERANCE_SECONDS
    try:
        index_arn = gateway.create_index(
            region,
            bucket=bucket,
            name=request.index_name,
            dimension=request.dimension,
            distance_metric=request.distance_metric,
            non_filterable_keys=request.non_filterable_keys,
            text_keys=request.text_keys,
            kms_key_arn=settings().kms_key_arn,
        )
    except ConflictError as conflict:
        try:
            index = gateway.get_index_named(region, bucket, request.index_name)
        except NotFoundError:
            # It was deleted meanwhile: the bucket is there, and the name is free again.
            raise conflict from None
        description = described(index)
        is_as_requested = _is_as_requested(description, request)
        # An attempt before this one may have created it, and only its answer was lost.
        created = (
            gateway.lost_an_answer and is_as_requested and required(index, "creationTime", float) >= began
        )
        return Answer(
            {
                "created": created,
                "index_arn": description["index_arn"],
                "index": description,
                "is_as_requested": is_as_requested,
            }
        )
    return Answer({"created": True, "index_arn": index_arn})


def _is_as_requested(index: dict[str, Any], request: CreateIndex) -> bool:
    """Tell whether an index has the properties that a new one would have."""
    return (
        index["dimension"] == request.dimension
        and index["distance_metric"] == request.distance_metric
        and set(index["non_filterable_keys"]) == set(request.non_filterable_keys)
        and {key["metadata_key"]: key.get("language") for key in index["text_keys"]} == request.text_keys
    )
