"""S3 Vectors over HTTP: moto's server with our emulator in it, on a port of its own for the whole run."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from s3vl_local import s3vectors as emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-west-2"


@pytest.fixture(scope="session")
def s3vectors_url() -> Iterator[str]:
    """Serve S3 Vectors on 127.0.0.1 and give its address."""
    emulator.install()
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def aws_client(s3vectors_url: str) -> Callable[..., Any]:
    """Make clients of the emulator's server that do not retry, so that every answer is seen."""

    def client(service: str, region: str = REGION) -> Any:
        return boto3.client(
            service,
            endpoint_url=s3vectors_url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


@pytest.fixture(scope="session")
def s3vectors(aws_client: Callable[..., Any]) -> Any:
    """Give a client of S3 Vectors."""
    return aws_client("s3vectors")


@pytest.fixture(scope="session")
def bucket_names() -> Iterator[str]:
    """Give names that no other bucket of this run has."""
    return (f"bucket-{number}" for number in itertools.count(1))


@pytest.fixture
def bucket(s3vectors: Any, bucket_names: Iterator[str]) -> str:
    """Create a bucket and give its name."""
    name = next(bucket_names)
    s3vectors.create_vector_bucket(vectorBucketName=name)
    return name


@pytest.fixture
def new_index(s3vectors: Any, bucket: str) -> Callable[..., str]:
    """Create indexes in the bucket, with given vectors, and give their ARNs."""
    numbers = itertools.count(1)

    def create(
        dimension: int = 2,
        metric: str = "cosine",
        vectors: dict[str, tuple[list[float], dict[str, Any]]] | None = None,
        **options: Any,
    ) -> str:
        created = s3vectors.create_index(
            vectorBucketName=bucket,
            indexName=f"index-{next(numbers)}",
            dataType="float32",
            dimension=dimension,
            distanceMetric=metric,
            **options,
        )
        records = [
            {"key": key, "data": {"float32": vector}, "metadata": metadata}
            for key, (vector, metadata) in (vectors or {}).items()
        ]
        for start in range(0, len(records), 500):
            s3vectors.put_vectors(indexArn=created["indexArn"], vectors=records[start : start + 500])
        return created["indexArn"]

    return create
