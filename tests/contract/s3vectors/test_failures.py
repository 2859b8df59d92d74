"""What a client makes of the failures that no request alone brings about; fault rules bring them about here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from s3vl_local.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILURES = [
    ("TooManyRequestsException", 429, "Slow down", True),
    ("ServiceUnavailableException", 503, "Currently unable to handle the request", True),
    ("InternalServerException", 500, "Internal failure", True),
    ("RequestTimeoutException", 408, "Timed out", True),
    ("AccessDeniedException", 403, "Not allowed", False),
    ("ServiceQuotaExceededException", 402, "Too many", False),
]
each_failure = pytest.mark.parametrize(
    ("code", "status", "message", "retryable"), FAILURES, ids=[row[0] for row in FAILURES]
)


@pytest.fixture
def fail() -> Iterator[Callable[..., None]]:
    """Make calls of GetIndex fail."""

    def add(**rule: Any) -> None:
        FAULTS.add({"operation": "GetIndex", **rule})

    yield add
    FAULTS.clear()


@each_failure
def test_a_failure_is_the_exception_of_the_model(
    s3vectors: Any,
    new_index: Callable[..., str],
    fail: Callable[..., None],
    code: str,
    status: int,
    message: str,
    retryable: bool,
) -> None:
    """Code, status and message arrive in the exception that botocore's model has for them."""
    modelled = botocore.session.get_session().get_service_model("s3vectors").shape_for(code).metadata
    fail(status=status, code=code, message=message)

    with pytest.raises(getattr(s3vectors.exceptions, code)) as failed:
        s3vectors.get_index(indexArn=new_index())
    assert failed.value.response["Error"] == {"Code": code, "Message": message}
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert (status, retryable) == (modelled["error"]["httpStatusCode"], modelled.get("retryable") is not None)


@each_failure
def test_botocore_tries_again_when_that_may_help(
    s3vectors_url: str,
    new_index: Callable[..., str],
    fail: Callable[..., None],
    code: str,
    status: int,
    message: str,
    retryable: bool,
) -> None:
    """One throttled or failed call is not seen by a client that retries; a refusal is."""
    client = boto3.client(
        "s3vectors",
        endpoint_url=s3vectors_url,
        region_name="us-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
    )
    index = new_index()
    fail(status=status, code=code, message=message, times=1)

    if retryable:
        assert client.get_index(indexArn=index)["ResponseMetadata"]["RetryAttempts"] == 1
    else:
        with pytest.raises(ClientError, match=message):
            client.get_index(indexArn=index)
