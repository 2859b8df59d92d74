"""S3 Vectors over HTTP: the local cloud's server in this process, on a port of its own for the whole run.

The contract cases run on Amazon S3 Vectors instead when S3VL_TEST_AWS=1.
"""

from __future__ import annotations

import itertools
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from contract.s3vectors.cases import stage
from contract.s3vectors.cases.case import Case, Refusal
from s3vl_local.owner import Owner
from s3vl_local.ports import listening, port_of
from s3vl_local.s3vectors.models import s3vectors_backends
from s3vl_local.server import Application, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-west-2"
# Nobody but this process's tests uses these servers.
OWNER = Owner(access_key="test", secret_key="test", token="test", lambda_password="test")


def served() -> str:
    """Serve S3 Vectors, and moto's services beside it, as long as this process lives, and return the address."""
    listener = listening()
    port = port_of(listener)
    application = Application(OWNER, port)
    application.services.set_result(DomainDispatcherApplication(create_backend_app))
    listen(application, listener)
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def s3vectors_url() -> str:
    """Serve S3 Vectors on 127.0.0.1 and give its address."""
    return served()


@pytest.fixture(scope="session")
def aws_client(s3vectors_url: str) -> Callable[..., Any]:
    """Make clients of the emulator's server that do not retry, so that every answer is seen."""

    def client(service: str, region: str = REGION, **options: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=s3vectors_url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, **options),
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


@dataclass(frozen=True)
class Contract:
    """A service to hold to the contract, and the bucket that this run has there."""

    client: Any
    url: str
    bucket: str
    bucket_arn: str
    on_aws: bool

    def fill(self, value: Any, **texts: str) -> Any:
        """Return a value of a case with the run's own names in place of its placeholders."""
        texts = {
            "bucket": self.bucket,
            "arn": self.bucket_arn,
            "account": self.bucket_arn.split(":")[4],
            **texts,
        }
        if isinstance(value, str):
            for name, text in texts.items():
                value = value.replace(f"<{name}>", text)
            return value
        if isinstance(value, dict):
            return {self.fill(key, **texts): self.fill(item, **texts) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, **texts) for item in value]
        return value

    def answer(self, case: Case, name: str) -> dict[str, Any] | Refusal:
        """Return what the service answers to a case, in the form of what the case expects."""
        texts = {"case": name}
        for operation, request in case.given:
            answer = self._call(operation, self.fill(request, **texts))
            if "nextToken" in answer:
                texts["token"] = answer["nextToken"]
        try:
            answer = self._call(case.operation, self.fill(case.request, **texts))
        except ClientError as error:
            response = error.response
            fields = tuple((item["path"], item["message"]) for item in response.get("fieldList", []))
            status = response["ResponseMetadata"]["HTTPStatusCode"]
            return Refusal(response["Error"]["Message"], response["Error"]["Code"], status, fields)
        if case.operation in ("get_vectors", "list_vectors"):
            answer["vectors"].sort(key=lambda vector: vector["key"])  # their order has no meaning
        return answer

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in request.items() if value is not None}
        answer: dict[str, Any] = getattr(self.client, operation)(**given)
        del answer["ResponseMetadata"]
        return answer


@pytest.fixture(scope="module")
def contract(request: pytest.FixtureRequest) -> Iterator[Contract]:
    """Prepare a bucket for the contract cases, in the emulator or on AWS, and remove it at the end.

    Each file has its own: between two files, those of tests/template may empty the moto of this process.
    """
    on_aws = os.environ.get("S3VL_TEST_AWS") == "1"
    client = amazon() if on_aws else _emulated(request.getfixturevalue("aws_client"))
    urls: list[str] = []
    # The endpoint that a client shows is not the one that it uses on AWS.
    client.meta.events.register("before-send.s3vectors", lambda request, **_: urls.append(request.url))
    bucket = f"s3vl-contract-{uuid.uuid4().hex[:8]}"
    try:
        bucket_arn = stage.prepare(client, bucket)
        if not on_aws:
            stage.prepare_classic(client, bucket, _make_classic)
        yield Contract(client, urls[0].removesuffix("/CreateVectorBucket"), bucket, bucket_arn, on_aws)
    finally:
        stage.clear(client, bucket)


def _emulated(aws_client: Callable[..., Any]) -> Any:
    """Return a client of the emulator that sends what botocore would refuse before the service does."""
    return aws_client("s3vectors", parameter_validation=False)


def _make_classic(bucket: str) -> None:
    backend = s3vectors_backends[DEFAULT_ACCOUNT_ID][REGION]
    backend.make_classic(backend.get_vector_bucket(bucket))


def amazon() -> Any:
    """Return a client like `_emulated` of AWS, as the environment says; it waits when told to slow down."""
    session = boto3.Session()
    if session.get_credentials() is None or session.region_name is None:
        pytest.fail(
            "S3VL_TEST_AWS=1 runs the contract cases on AWS, but there are no credentials or no region. "
            "Set AWS_PROFILE (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and AWS_DEFAULT_REGION, or unset "
            "S3VL_TEST_AWS to run them on the emulator.",
            pytrace=False,
        )
    retries = {"mode": "adaptive", "total_max_attempts": 10}
    return session.client("s3vectors", config=Config(retries=retries, parameter_validation=False))
