"""Is the function there, which code is it, and what can it do? It answers for itself and calls nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3vl_lambda import VERSION, requests
from s3vl_lambda.responses import Answer
from s3vl_lambda.settings import settings

if TYPE_CHECKING:
    from s3vl_lambda.gateway import S3VectorsGateway


def run(_request: requests.AvailabilityCheck, _gateway: S3VectorsGateway) -> Answer:
    """Tell version, protocol, operations and region."""
    return Answer(
        {
            "version": VERSION,
            "protocol": requests.PROTOCOL,
            "operations": list(requests.REQUESTS),
            "region": settings().region,
        }
    )
