"""The one door to Amazon S3 Vectors: clients, time limits, retries, and what goes wrong in our own terms."""

from __future__ import annotations

import functools
import random
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.httpsession import get_cert_path
from botocore.session import Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError

from s3vl_lambda import VERSION
from s3vl_lambda.protocol.errors import (
    AccessDeniedError,
    BrokenContractError,
    ConflictError,
    OutOfTimeError,
    S3vlError,
    ServiceFailureError,
    ThrottledError,
    shown,
)
from s3vl_lambda.services import answers, bodies, connections
from s3vl_lambda.services.pace import Pace
from s3vl_lambda.services.parallel import CONCURRENT_CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from s3vl_lambda.protocol.records import Record
    from s3vl_lambda.protocol.vectors import Vector
    from s3vl_lambda.services.connections import Reply
    from s3vl_lambda.services.deadline import Deadline

KEYS_PER_CALL = 100

_MAX_ATTEMPTS = 8
_BACKOFF_BASE_SECONDS = 0.05
_BACKOFF_CAP_SECONDS = 2.0

# What 503 is called, with and without a code.
_NOT_CARRIED_OUT = ("ServiceUnavailableException", "ServiceUnavailable", "SlowDown", "503")

_CREDENTIAL_ERRORS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)

# The system's randomness, because environments that are restored from one snapshot share the state of any other.
_uniform = random.SystemRandom().uniform

_session = Session()
_clients: OrderedDict[str, Any] = OrderedDict()
_clients_lock = threading.Lock()

# What botocore wants to know of an answer. Which answers are errors is for `answers` to say.
_ANSWERED = SimpleNamespace(status_code=200)


def client_for(region: str) -> Any:
    """Give the client of a region, built when it is first asked for; those of the last few regions are kept."""
    with _clients_lock:  # boto3 builds clients in one thread at a time
        if region not in _clients:
            _clients[region] = _new_client(region)
        _clients.move_to_end(region)
        if len(_clients) > connections.MOST_HOSTS:
            # A client takes 0.2 MB, of 128. An invocation is about one index, so nobody uses one of another region.
            _clients.popitem(last=False)
        return _clients[region]


def _new_client(region: str) -> Any:
    """Build a client of boto3 whose methods send nothing: they give what sends a body and brings the answer.

    boto3 knows endpoints, credentials and signatures. What it does besides takes twice as long as those: it writes
    and reads every member by itself, and asks a dozen handlers what they think of each call.
    """
    client = boto3.Session(botocore_session=_session).client(
        "s3vectors",
        region_name=region,
        config=Config(
            # Requests are checked before they come here.
            parameter_validation=False,
            # botocore's own would be put together anew, twice for each call: a fifteenth of a query's time.
            user_agent=f"s3vl/{VERSION} Boto3/{boto3.__version__}",
        ),
    )
    certificates = get_cert_path(_session.get_config_variable("ca_bundle") or True)
    connections.read_certificates(certificates)
    # After botocore's own, which add headers.
    client.meta.events.register_last("before-call", functools.partial(_give_sender, certificates))
    return client


def _give_sender(
    certificates: str,
    model: Any,
    params: dict[str, Any],
    request_signer: Any,
    context: dict[str, Any],
    **_: Any,
) -> tuple[Any, Callable[[bytes], Reply]]:
    """Give what sends requests as botocore has made this one ready; to botocore, it is the answer."""

    def send(body: bytes) -> Reply:
        url = params["url"]
        request = AWSRequest(method="POST", url=url, data=body, headers=params["headers"])
        # A copy, since the signature's time goes into it, and several threads sign.
        request.context = dict(context)
        request_signer.sign(model.name, request)
        headers = dict(request.headers.items())
        return connections.post(url, headers, body, certificates=certificates, proxy=_proxy_for(url))

    return _ANSWERED, send


@functools.lru_cache
def _proxy_for(url: str) -> str | None:
    """Find the proxy that the environment names for a URL."""
    proxy: str | None = get_environ_proxies(url).get(urlsplit(url).scheme)
    return proxy


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
    unanswered: int = 0
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
        self._senders: dict[str, Callable[[bytes], Reply]] = {}
        # Whether an attempt failed in a way that leaves open what became of it.
        self.lost_an_answer = False

    def stop(self) -> None:
        """Let no more calls begin: the answer is complete without those that still run."""
        self._pace.end(OutOfTimeError("the answer is complete without this call"))

    def get_index(self, index_arn: str) -> dict[str, Any]:
        """Give what the service knows about an index."""
        answer = self._call("get_index", indexArn=index_arn)
        index: dict[str, Any] = answers.required(answer, "index", dict)
        return index

    def get_index_named(self, region: str, bucket: str, name: str) -> dict[str, Any]:
        """Give what the service knows about an index of the function's own account."""
        answer = self._call("get_index", region=region, vectorBucketName=bucket, indexName=name)
        index: dict[str, Any] = answers.required(answer, "index", dict)
        return index

    def create_index(
        self,
        region: str,
        *,
        bucket: str,
        name: str,
        dimension: int,
        distance_metric: str,
        non_filterable_keys: Sequence[str],
        text_keys: dict[str, str | None],
        kms_key_arn: str | None,
    ) -> str:
        """Create an index and give its ARN; without a key it is encrypted as its bucket is.

        When a call was tried again, a ConflictError may be about the index that an earlier attempt has created.
        """
        metadata: dict[str, Any] = {}
        if non_filterable_keys:
            metadata["nonFilterableMetadataKeys"] = non_filterable_keys
        if text_keys:
            metadata["textSearchConfigurations"] = [
                {"metadataKey": key} | ({"language": language} if language else {})
                for key, language in text_keys.items()
            ]
        answer = self._call(
            "create_index",
            region=region,
            vectorBucketName=bucket,
            indexName=name,
            dataType="float32",
            dimension=dimension,
            distanceMetric=distance_metric,
            metadataConfiguration=metadata or None,
            encryptionConfiguration=kms_key_arn and {"sseType": "aws:kms", "kmsKeyArn": kms_key_arn},
        )
        index_arn: str = answers.required(answer, "indexArn", str)
        return index_arn

    def delete_index(self, index_arn: str) -> None:
        """Delete an index with its vectors."""
        self._call("delete_index", answers.read_acknowledgement, indexArn=index_arn)

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
        return _page(answer, answers.required(answer, "distanceMetric", str))

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
        found = {vector["key"]: vector for vector in _vectors(answer)}
        for key in found.keys() - set(keys):
            raise BrokenContractError(
                f"S3 Vectors returned vector {shown(key)}, which was not requested; check AWS_ENDPOINT_URL"
            )
        return found

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
        return _page(answer)

    def put_vectors(self, index_arn: str, records: Sequence[Record], positions: Sequence[int]) -> None:
        """Store vectors, all or none of them; of those that exist nothing is kept.

        A refusal names them by their positions in the request.
        """
        self._call(
            "put_vectors",
            answers.read_acknowledgement,
            positions,
            indexArn=index_arn,
            vectors=bodies.put_inputs(records),
        )

    def delete_vectors(self, index_arn: str, keys: Sequence[str]) -> None:
        """Delete those of the vectors that exist."""
        self._call("delete_vectors", answers.read_acknowledgement, indexArn=index_arn, keys=keys)

    def _call(
        self,
        method: str,
        read: Callable[[Reply], dict[str, Any]] = answers.read,
        positions: Sequence[int] = (),
        region: str | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Call S3 Vectors until it answers, fails for good, or the time runs out.

        The SDK retries too, but cannot bound its retries by the time that the caller still waits; so it tries
        once, and this loop repeats what may pass: exponential backoff, full jitter, never past the deadline.
        """
        body = bodies.body({name: value for name, value in parameters.items() if value is not None})
        region = region or parameters["indexArn"].split(":")[3]
        attempt, was_silent = 0, False
        with self._pace.turn(self._deadline):
            while True:
                attempt += 1
                self._stats.count(attempts=1)
                # A slow service is waited for. But silence may be a connection that died while the environment was
                # frozen: it leaves half of the time to an attempt on another one, which then has all of it.
                connections.may_wait.set(self._patience(1 if was_silent else 2))
                try:
                    reply = self._sender(method, region)(body)
                    if answers.is_error(reply):
                        raise answers.refusal(reply, attempt, positions)
                    answer = read(reply)
                except (S3vlError, HTTPError, BotoCoreError) as error:
                    failure = _translated(error, region, attempt)
                    self._stats.count(unanswered=_may_have_been_carried_out(failure))
                    was_silent = isinstance(error, ReadTimeoutError)
                    self._sleep(self._pause_before_next(failure, attempt, was_silent))
                else:
                    self._stats.count(api_calls=1)
                    self._pace.answered()
                    return answer

    def _sender(self, method: str, region: str) -> Callable[[bytes], Reply]:
        """Give what sends requests of a kind; all those of an invocation are for one index."""
        if method not in self._senders:
            self._senders[method] = getattr(self._client_for(region), method)()
        return self._senders[method]

    def _patience(self, share: int) -> Callable[[], float]:
        """Let a call wait for a share of the time that is left whenever it waits, but never past the deadline."""
        longest = self._deadline.remaining() / share
        return lambda: min(longest, self._deadline.remaining())

    def _pause_before_next(self, failure: S3vlError, attempt: int, was_silent: bool) -> float:
        """Choose how long to wait after an attempt that failed; raise when there should be no other."""
        if isinstance(failure, ThrottledError):
            self._stats.count(throttles=1)
            self._pace.throttled()
        elif failure.retryable:
            self.lost_an_answer = True
        pause = _pause_after(attempt)
        no_time = not self._deadline.allows_a_call(after=pause)
        if no_time and was_silent:
            failure = self._deadline.passed("S3 Vectors had not answered", attempt)
        is_last = not failure.retryable or attempt == _MAX_ATTEMPTS
        # After a conflict there is something to look at.
        if is_last and not isinstance(failure, ConflictError):
            self._pace.end(failure)
        if is_last or no_time or self._pace.has_ended:
            raise failure
        return pause


def _pause_after(attempt: int) -> float:
    """Choose how long to wait: anything up to a limit that doubles, so that throttled clients part ways."""
    limit = min(_BACKOFF_CAP_SECONDS, _BACKOFF_BASE_SECONDS * 2 ** (attempt - 1))
    return _uniform(0, limit)


def _may_have_been_carried_out(failure: S3vlError) -> bool:
    """Tell whether nobody knows what became of an attempt, which the service may even be at work on.

    A refusal says that nothing was done, and so does 503; any other failure says nothing.
    """
    is_unknown = isinstance(failure, ServiceFailureError | BrokenContractError)
    return is_unknown and failure.origin not in _NOT_CARRIED_OUT


def _translated(error: Exception, region: str, attempts: int) -> S3vlError:
    """Say in our own terms what was raised instead of an answer."""
    if isinstance(error, S3vlError):
        error.attempts = attempts
        return error
    origin = type(error).__name__
    if isinstance(error, _CREDENTIAL_ERRORS):
        return AccessDeniedError(
            f"the Lambda function has no AWS credentials ({error}); check its execution role",
            origin=origin,
            attempts=attempts,
        )
    if isinstance(error, HTTPError):
        return ServiceFailureError(
            f"no answer from S3 Vectors in {region} ({error}); "
            "check that the function's subnets reach it, through an interface endpoint or a NAT gateway",
            retryable=True,
            origin=origin,
            attempts=attempts,
        )
    return ServiceFailureError(str(error), retryable=False, origin=origin, attempts=attempts)


def _page(answer: dict[str, Any], distance_metric: str | None = None) -> Page:
    """Give the vectors of an answer and what leads to more of them."""
    return Page(_vectors(answer), answers.optional(answer, "nextToken", str) or None, distance_metric)


def _vectors(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the vectors of an answer, each with its key."""
    answers.required(answer, "vectors", list)
    vectors = answers.elements(answer, "vectors", dict)
    for vector in vectors:
        answers.required(vector, "key", str)
    return vectors
