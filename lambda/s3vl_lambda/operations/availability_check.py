"""Is the function there, which code is it, and what can it do? It answers for itself and calls nothing."""

from __future__ import annotations

from s3vl_lambda import VERSION
from s3vl_lambda.protocol import requests
from s3vl_lambda.protocol.responses import Answer
from s3vl_lambda.settings import settings


def run(timeout_seconds: int) -> Answer:
    """Tell version, protocol, operations, region, time and memory of the function, and where new indexes go."""
    told = {
        "version": VERSION,
        "protocol": requests.PROTOCOL,
        "operations": list(requests.REQUESTS),
        "region": settings().region,
        "timeout_seconds": timeout_seconds,
    }
    if settings().memory_mb:
        told["memory_mb"] = settings().memory_mb
    if settings().vector_bucket:
        told["vector_bucket"] = settings().vector_bucket
    return Answer(told)
