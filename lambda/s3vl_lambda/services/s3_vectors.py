"""The one door to Amazon S3 Vectors: clients, time limits, retries, and what goes wrong in our own terms."""

from __future__ import annotations

import functools
import random
import re
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.parsers import ResponseParserError

from s3vl_lambda import VERSION
from s3vl_lambda.protocol.errors import (
    AccessDeniedError,
    InvalidRequestError,
    MalformedDataError,
    NotFoundError,
    OutOfTimeError,
    S3vlError,
    ServiceFailureError,
    ThrottledError,
)
from s3vl_lambda.services import bodies
from s3vl_lambda.services.pace import Pace
from s3vl_lambda.services.parallel import CONCURRENT_CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from s3vl_lambda.protocol.records import Record
    from s3vl_lambda.protocol.vectors import Vector
    from s3vl_lambda.services.deadline import Deadline

KEYS_PER_CALL = 100

_CONNECT_SECONDS = 1.0
_MAX_ATTEMPTS = 8
_BACKOFF_BASE_SECONDS = 0.05
_BACKOFF_CAP_SECONDS = 2.0

_HTTP_REQUEST_TIMEOUT = 408
_HTTP_SERVER_ERROR = 500
_CREDENTIAL_ERRORS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_CONNECTION_ERRORS = (BotoConnectionError, HTTPClientError)
_BY_CODE: dict[str, type[S3vlError]] = {
    "ValidationException": InvalidRequestError,
    "NotFoundException": NotFoundError,
}
# By status, because what stands in front of the service has codes of its own, like ExpiredTokenException.
_BY_STATUS: dict[int, type[S3vlError]] = {403: AccessDeniedError, 429: ThrottledError}

_POSITION = re.compile(r"(?<=^vectors\[)[0-9]+(?=\])")

# The system's randomness, because environments that are restored from one snapshot share the state of any other.
_uniform = random.SystemRandom().uniform

_clients: dict[str, Any] = {}
_clients_lock = threading.Lock()
_read_seconds: ContextVar[float] = ContextVar("_read_seconds")


def client_for(region: str) -> Any:
    """Give the client of a region, built when it is first asked for and kept while the environment lives."""
    with _clients_lock:  # boto3 builds clients in one thread at a time
        if region not in _clients:
            _clients[region] = _new_client(region)
        return _clients[region]


def _new_client(region: str) -> Any:
    """Build a client that tries once, keeps its connections, and gives up reading when the caller would."""
    client = boto3.client(
        "s3vectors",
        region_name=region,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            tcp_keepalive=True,
            max_pool_connections=CONCURRENT_CALLS,
            retries={"mode": "standard", "total_max_attempts": 1},
            # Requests are checked before they come here.
            parameter_validation=False,
            # botocore's own would be put together anew, twice for each call: a fifteenth of a query's time.
            user_agent=f"s3vl/{VERSION} Boto3/{boto3.__version__}",
        ),
    )
    _read_certificates_once(client)
    client.meta.events.register("provide-client-params.s3vectors", _limit_reading)
    client.meta.events.register("provide-client-params.s3vectors", _take_parameters)
    client.meta.events.register("before-call.s3vectors", _put_body)
    return client


def _read_certificates_once(client: Any) -> None:
    """Spare every new connection what urllib3 does for it: it reads all certificates into the context they share.

    That takes 20 ms of a processor, of which a function of 256 MB has a seventh. The context is botocore's own
    affair, but botocore is pinned, and a test finds out when it moves.
    """
    context = client._endpoint.http_session._manager.connection_pool_kw["ssl_context"]  # noqa: SLF001
    context.load_verify_locations = functools.cache(context.load_verify_locations)


def _limit_reading(context: dict[str, Any], **_: Any) -> None:
    """Tell botocore how long this one call may read: its configuration only knows one limit for all calls."""
    context["read_timeout"] = _read_seconds.get()


def _take_parameters(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Write the body, and leave no parameters to botocore."""
    context["s3vl_body"] = bodies.body(params)
    return {}


def _put_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Give the body to botocore's request, before it is signed."""
    params["body"] = context["s3vl_body"]


def required(answer: dict[str, Any], name: str) -> Any:
    """Give a member that the service promises; botocore does not check what comes back."""
    if name not in answer:
        raise MalformedDataError(
            f"the answer of S3 Vectors has no {name!r}; check what AWS_ENDPOINT_URL leads to"
        )
    return answer[name]


@dataclass(frozen=True)
class Page:
    """Some of the vectors, and the token that leads to more of them."""

    vectors: list[dict[str, Any]]
    next_token: str | None
    distance_metric: str | None = None


@dataclass
class CallStats:
    """What the calls of one invocation came to; several threads count."""

    api_calls: int = 0
    attempts: int = 0
    throttles: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, **increments: int) -> None:
        """Add to the counters."""
        with self._lock:
            for name, increment in increments.items():
                setattr(self, name, getattr(self, name) + increment)


class S3VectorsGateway:
    """S3 Vectors as one invocation may use it: until its deadline, in the region of each index ARN."""

    def __init__(
        self,
        deadline: Deadline,
        stats: CallStats,
        client_for: Callable[[str], Any] = client_for,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._deadline = deadline
        self._stats = stats
        self._client_for = client_for
        self._sleep = sleep
        self._pace = Pace(CONCURRENT_CALLS)

    def stop(self) -> None:
        """Let no more calls begin: the answer is complete without those that still run."""
        self._pace.end(OutOfTimeError("the answer is complete without this call"))

    def get_index(self, index_arn: str) -> dict[str, Any]:
        """Give what the service knows about an index."""
        index: dict[str, Any] = required(self._call("get_index", indexArn=index_arn), "index")
        return index

    def query_vectors(
        self,
        index_arn: str,
        *,
        query_vector: Vector | None = None,
        query_texts: dict[str, str] | None = None,
        top_k: int,
        return_metadata: bool,
        metadata_filter: dict[str, Any] | None,
        query_mode: str | None = None,
        next_token: str | None,
    ) -> Page:
        """Give one page of the vectors nearest to one vector; with texts, of those that match best."""
        answer = self._call(
            "query_vectors",
            indexArn=index_arn,
            queryVector=query_vector and bodies.vector_data(query_vector),
            queryTexts=query_texts and [{"metadataKey": k, "text": text} for k, text in query_texts.items()],
            topK=top_k,
            # With texts, scores tell more than a distance, which not every hit has.
            returnDistance=not query_texts,
            returnScores=True if query_texts else None,
            returnMetadata=return_metadata,
            filter=metadata_filter,
            queryMode=query_mode,
            nextToken=next_token,
        )
        return Page(required(answer, "vectors"), answer.get("nextToken"), required(answer, "distanceMetric"))

    def get_vectors(
        self, index_arn: str, keys: Sequence[str], *, return_data: bool, return_metadata: bool
    ) -> dict[str, dict[str, Any]]:
        """Give those of the vectors that exist, by key; at most KEYS_PER_CALL are asked for."""
        answer = self._call(
            "get_vectors",
            indexArn=index_arn,
            keys=keys,
            returnData=return_data,
            returnMetadata=return_metadata,
        )
        return {required(vector, "key"): vector for vector in required(answer, "vectors")}

    def list_vectors(
        self,
        index_arn: str,
        *,
        max_results: int,
        next_token: str | None,
        return_data: bool,
        return_metadata: bool,
        segment_count: int | None,
        segment_index: int | None,
    ) -> Page:
        """Give one page of an index."""
        answer = self._call(
            "list_vectors",
            indexArn=index_arn,
            maxResults=max_results,
            nextToken=next_token,
            returnData=return_data,
            returnMetadata=return_metadata,
            segmentCount=segment_count,
            segmentIndex=segment_index,
        )
        return Page(required(answer, "vectors"), answer.get("nextToken"))

    def put_vectors(self, index_arn: str, records: Sequence[Record], first_position: int) -> None:
        """Store vectors, all or none of them; of those that exist nothing is kept.

        A refusal names them by position, where the first has `first_position`.
        """
        self._call("put_vectors", first_position, indexArn=index_arn, vectors=bodies.put_inputs(records))

    def delete_vectors(self, index_arn: str, keys: Sequence[str]) -> None:
        """Delete those of the vectors that exist."""
        self._call("delete_vectors", indexArn=index_arn, keys=keys)

    def _call(self, method: str, first_position: int = 1, **parameters: Any) -> Any:
        """Call S3 Vectors until it answers, fails for good, or the time runs out.

        The SDK retries too, but cannot bound its retries by the time that the caller still waits; so it tries
        once, and this loop repeats what may pass: exponential backoff, full jitter, never past the deadline.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        region = given["indexArn"].split(":")[3]
        attempt, was_silent = 0, False
        with self._pace.turn(self._deadline):
            while True:
                attempt += 1
                self._stats.count(attempts=1)
                # A slow service is waited for. But silence may be a connection that died while the environment was
                # frozen: it leaves half of the time to an attempt on another one, which then has all of it.
                _read_seconds.set(self._deadline.remaining() / (1 if was_silent else 2))
                try:
                    answer = getattr(self._client_for(region), method)(**given)
                except (ClientError, BotoCoreError, ResponseParserError) as error:
                    failure = _translated(error, region, attempt, first_position)
                    was_silent = isinstance(error, ReadTimeoutError)
                    self._sleep(self._pause_before_next(failure, attempt, error))
                else:
                    self._stats.count(api_calls=1)
                    self._pace.answered()
                    return answer

    def _pause_before_next(self, failure: S3vlError, attempt: int, error: Exception) -> float:
        """Choose how long to wait after an attempt that failed; raise when there should be no other."""
        if isinstance(failure, ThrottledError):
            self._stats.count(throttles=1)
            self._pace.throttled()
        pause = _pause_after(attempt)
        no_time = not self._deadline.allows_a_call(after=pause)
        if no_time and isinstance(error, ReadTimeoutError):
            failure = self._deadline.passed("S3 Vectors had not answered", attempt)
        if not failure.retryable or attempt == _MAX_ATTEMPTS:
            self._pace.end(failure)
        if no_time or self._pace.has_ended:
            raise failure from error
        return pause


def _pause_after(attempt: int) -> float:
    """Choose how long to wait: anything up to a limit that doubles, so that throttled clients part ways."""
    limit = min(_BACKOFF_CAP_SECONDS, _BACKOFF_BASE_SECONDS * 2 ** (attempt - 1))
    return _uniform(0, limit)


def _translated(error: Exception, region: str, attempts: int, first_position: int) -> S3vlError:
    """Say in our own terms what botocore raised."""
    if isinstance(error, ClientError):
        return _refusal(error.response, attempts, first_position)
    origin = type(error).__name__
    if isinstance(error, _CREDENTIAL_ERRORS):
        return AccessDeniedError(
            f"the Lambda function has no AWS credentials ({error}); check its execution role",
            origin=origin,
            attempts=attempts,
        )
    if isinstance(error, ResponseParserError):
        return MalformedDataError(
            f"the answer of S3 Vectors cannot be read: {error}", origin=origin, attempts=attempts
        )
    if isinstance(error, _CONNECTION_ERRORS):
        return ServiceFailureError(
            f"no answer from S3 Vectors in {region} ({error}); "
            "check that the function's subnets reach it, through an interface endpoint or a NAT gateway",
            retryable=True,
            origin=origin,
            attempts=attempts,
        )
    return ServiceFailureError(str(error), retryable=False, origin=origin, attempts=attempts)


def _refusal(response: dict[str, Any], attempts: int, first_position: int) -> S3vlError:
    """Say in our own terms which error S3 Vectors answered, keeping its words."""
    code, message = response["Error"]["Code"], response["Error"]["Message"]
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    refusal = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if refusal:
        fields = [
            {"path": _placed(field["path"], first_position), "message": field["message"]}
            for field in response.get("fieldList", ())
        ]
        return refusal(message, origin=code, attempts=attempts, fields=fields)
    retryable = status >= _HTTP_SERVER_ERROR or status == _HTTP_REQUEST_TIMEOUT
    return ServiceFailureError(message, retryable=retryable, origin=code, attempts=attempts)


def _placed(path: str, first_position: int) -> str:
    """Name a vector of a call by its position in the request; the service counts from 0 in each call."""
    return _POSITION.sub(lambda found: str(int(found[0]) + first_position), path)
