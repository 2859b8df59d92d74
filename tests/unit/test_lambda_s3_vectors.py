"""The door to S3 Vectors: what is sent, what is retried and until when, and what errors become."""

from __future__ import annotations

import functools
import http.client
import http.server
import json
import socket
import ssl
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from botocore.exceptions import BotoCoreError, NoCredentialsError
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from s3vl_lambda import VERSION
from s3vl_lambda.protocol import errors
from s3vl_lambda.protocol.records import Record
from s3vl_lambda.protocol.vectors import Vector
from s3vl_lambda.services import bodies, connections, s3_vectors
from s3vl_lambda.services.connections import Reply
from s3vl_lambda.services.deadline import Deadline
from s3vl_lambda.services.s3_vectors import CallStats, S3VectorsGateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARN = "arn:aws:s3vectors:us-west-2:123456789012:bucket/my-bucket/index/my-index"
HALF = Vector("[0.5]", 1)


class FakeClock:
    """A clock that goes only while somebody sleeps or calls."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


class StubClient:
    """A client whose calls have the outcomes of a list, in turn, the last one for ever; each call takes a while.

    `calls` has the parameters as they would be sent.
    """

    def __init__(self, clock: FakeClock, *outcomes: Any, seconds_per_call: float = 0.0) -> None:
        self.clock = clock
        self.outcomes = list(outcomes)
        self.seconds_per_call = seconds_per_call
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Callable[[], Callable[[bytes], Reply]]:
        def send(body: bytes) -> Reply:
            self.calls.append((method, json.loads(body)))
            self.clock.now += self.seconds_per_call
            outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
            if isinstance(outcome, Exception):
                raise outcome
            return outcome if isinstance(outcome, Reply) else Reply(200, {}, json.dumps(outcome).encode())

        return lambda: send


def refusal(code: str, status: int, **members: Any) -> Reply:
    """Make an error of the service."""
    return Reply(status, {"x-amzn-errortype": code}, json.dumps({"message": "no"} | members).encode())


def gateway_to(client: StubClient, seconds: float = 29.0) -> tuple[S3VectorsGateway, CallStats]:
    """Make a gateway to a stub client, with the client's clock."""
    stats = CallStats()
    deadline = Deadline(client.clock.now + seconds, client.clock)
    return S3VectorsGateway(deadline, stats, lambda _region: client, client.clock.sleep), stats


THROTTLED = refusal("TooManyRequestsException", 429)
SILENT = ReadTimeoutError(None, "/GetIndex", "Read timed out.")  # type: ignore[arg-type]
BROKEN = ProtocolError("Connection aborted.")


def test_calls_carry_the_parameters_of_the_service() -> None:
    """Names are those of the API; what is not given is not sent; pages come back with their tokens."""
    page = {"vectors": [{"key": "a"}], "nextToken": "t", "distanceMetric": "cosine"}
    client = StubClient(FakeClock(), {"index": {"indexName": "i"}}, page, page, {"vectors": [{"key": "a"}]})
    door, stats = gateway_to(client)

    assert door.get_index(ARN) == {"indexName": "i"}
    assert door.query_vectors(
        ARN,
        query_vector=HALF,
        top_k=3,
        return_metadata=False,
        metadata_filter=None,
        query_mode="ENHANCED",
        next_token=None,
    ) == s3_vectors.Page([{"key": "a"}], "t", "cosine")
    assert door.list_vectors(
        ARN,
        max_results=7,
        next_token="s",
        return_data=True,
        return_metadata=False,
        segment_count=None,
        segment_index=None,
    ) == s3_vectors.Page([{"key": "a"}], "t")
    assert door.get_vectors(ARN, ["a", "b"], return_data=True, return_metadata=False) == {"a": {"key": "a"}}
    assert client.calls == [
        ("get_index", {"indexArn": ARN}),
        (
            "query_vectors",
            {
                "indexArn": ARN,
                "queryVector": {"float32": [0.5]},
                "topK": 3,
                "returnDistance": True,
                "returnMetadata": False,
                "queryMode": "ENHANCED",
            },
        ),
        (
            "list_vectors",
            {"indexArn": ARN, "maxResults": 7, "nextToken": "s", "returnData": True, "returnMetadata": False},
        ),
        ("get_vectors", {"indexArn": ARN, "keys": ["a", "b"], "returnData": True, "returnMetadata": False}),
    ]
    assert (stats.api_calls, stats.attempts, stats.throttles) == (4, 4, 0)


def test_writes_carry_the_parameters_of_the_service() -> None:
    """Metadata that a record has not is not sent, and nothing that only makes the body longer."""
    client = StubClient(FakeClock(), {})
    door, stats = gateway_to(client)
    records = [Record("a", HALF, {"n": 1}, 9), Record("b", HALF, None, 9)]

    door.put_vectors(ARN, records, [1, 2])
    door.delete_vectors(ARN, ["a", "b"])

    assert client.calls == [
        (
            "put_vectors",
            {
                "indexArn": ARN,
                "vectors": [
                    {"key": "a", "data": {"float32": [0.5]}, "metadata": {"n": 1}},
                    {"key": "b", "data": {"float32": [0.5]}},
                ],
            },
        ),
        ("delete_vectors", {"indexArn": ARN, "keys": ["a", "b"]}),
    ]
    assert stats.api_calls == 2
    assert bodies.body({"vectors": bodies.put_inputs(records)}).decode() == (
        '{"vectors":[{"key":"a","data":{"float32":[0.5]},"metadata":{"n":1}},'
        '{"key":"b","data":{"float32":[0.5]}}]}'
    )


@pytest.mark.parametrize(
    ("path", "placed"),
    [
        ("vectors[2].metadata", "vectors[505].metadata"),
        ("vectors[0]", "vectors[501]"),
        ("vectors[3]", "vectors[3]"),
        ("filter[2]", "filter[2]"),
    ],
)
def test_the_places_that_the_service_names_are_those_of_the_request(path: str, placed: str) -> None:
    """The service counts from 0 in each call, which has some of the caller's; what it did not get stays as it is."""
    refused = refusal("ValidationException", 400, fieldList=[{"path": path, "message": "no"}])
    door, _ = gateway_to(StubClient(FakeClock(), refused))

    for positions in ([501, 502, 505], [1_001]):
        with pytest.raises(errors.InvalidRequestError) as raised:
            door.put_vectors(ARN, [Record("a", HALF, None, 9)] * len(positions), positions)
        assert raised.value.fields == [{"path": placed, "message": "no"}]


def test_indexes_are_made_and_ended_with_the_parameters_of_the_service() -> None:
    """A new index has no ARN yet, so the function's region counts; what is empty is not sent."""
    client = StubClient(FakeClock(), {"indexArn": ARN}, {"indexArn": ARN}, {"index": {}}, {})
    door, _ = gateway_to(client)
    plain: dict[str, Any] = {"bucket": "my-bucket", "name": "my-index", "dimension": 5}

    assert (
        door.create_index(
            "us-west-2",
            **plain,
            distance_metric="cosine",
            non_filterable_keys=[],
            text_keys={},
            kms_key_arn=None,
        )
        == ARN
    )
    door.create_index(
        "us-west-2",
        **plain,
        distance_metric="euclidean",
        non_filterable_keys=["body"],
        text_keys={"title": "en", "body": None},
        kms_key_arn="arn:key",
    )
    door.get_index_named("us-west-2", "my-bucket", "my-index")
    door.delete_index(ARN)

    named = {"vectorBucketName": "my-bucket", "indexName": "my-index"}
    common = named | {"dataType": "float32", "dimension": 5}
    assert client.calls == [
        ("create_index", common | {"distanceMetric": "cosine"}),
        (
            "create_index",
            common
            | {
                "distanceMetric": "euclidean",
                "metadataConfiguration": {
                    "nonFilterableMetadataKeys": ["body"],
                    "textSearchConfigurations": [
                        {"metadataKey": "title", "language": "en"},
                        {"metadataKey": "body"},
                    ],
                },
                "encryptionConfiguration": {"sseType": "aws:kms", "kmsKeyArn": "arn:key"},
            },
        ),
        ("get_index", named),
        ("delete_index", {"indexArn": ARN}),
    ]


@pytest.mark.parametrize(("before", "lost"), [(THROTTLED, False), (BROKEN, True), (SILENT, True)])
def test_after_a_conflict_there_is_a_look(before: Exception | Reply, lost: bool) -> None:
    """It is no end of all calls; and an answer that never came, unlike throttling, may be why there is one."""
    client = StubClient(FakeClock(), before, refusal("ConflictException", 409), {"index": {"dimension": 5}})
    door, stats = gateway_to(client)

    with pytest.raises(errors.ConflictError):
        door.delete_index(ARN)

    assert (door.lost_an_answer, stats.attempts) == (lost, 2)
    assert door.get_index(ARN) == {"dimension": 5}


def test_texts_are_searched_for_with_scores() -> None:
    """Scores take the place of the distance, which not every hit of texts has."""
    client = StubClient(FakeClock(), {"vectors": [], "distanceMetric": "cosine"})
    door, _ = gateway_to(client)

    door.query_vectors(
        ARN,
        query_texts={"title": "red", "body": "shoes"},
        top_k=3,
        return_metadata=True,
        metadata_filter={"a": 1},
        next_token="t",
    )

    [(_, parameters)] = client.calls
    assert parameters == {
        "indexArn": ARN,
        "queryTexts": [{"metadataKey": "title", "text": "red"}, {"metadataKey": "body", "text": "shoes"}],
        "topK": 3,
        "returnDistance": False,
        "returnScores": True,
        "returnMetadata": True,
        "filter": {"a": 1},
        "nextToken": "t",
    }


def test_throttling_slows_down_and_answers_speed_up() -> None:
    """Two refusals halve the calls at a time twice; the answer after them lets one more run."""
    door, _ = gateway_to(StubClient(FakeClock(), THROTTLED, THROTTLED, {"index": {}}))

    door.get_index(ARN)

    assert door._pace.width == s3_vectors.CONCURRENT_CALLS // 4 + 1


def test_after_a_failure_for_good_nothing_more_is_asked() -> None:
    """The other calls of the invocation learn the failure without making an attempt."""
    client = StubClient(FakeClock(), refusal("AccessDeniedException", 403), {})
    door, stats = gateway_to(client)

    for _ in range(2):
        with pytest.raises(errors.AccessDeniedError):
            door.delete_vectors(ARN, ["a"])

    assert stats.attempts == 1


def test_a_failure_for_good_ends_the_retries_of_others() -> None:
    """A call that was throttled gives up when another has failed meanwhile."""
    clock = FakeClock()
    door, stats = gateway_to(StubClient(clock, THROTTLED))
    door._sleep = lambda _seconds: door._pace.end(errors.AccessDeniedError("no"))

    with pytest.raises(errors.ThrottledError):
        door.get_index(ARN)

    assert stats.attempts == 2


def test_a_gateway_that_was_stopped_asks_nothing() -> None:
    """Calls of an answer that is complete already are not begun."""
    client = StubClient(FakeClock(), {})
    door, _ = gateway_to(client)
    door.stop()

    with pytest.raises(errors.OutOfTimeError, match="complete without"):
        door.get_index(ARN)

    assert client.calls == []


def test_the_region_is_that_of_the_index() -> None:
    """The client is chosen by the ARN, in any partition."""
    regions: list[str] = []
    clock = FakeClock()
    client = StubClient(clock, {"index": {}})

    def client_for(region: str) -> StubClient:
        regions.append(region)
        return client

    door = S3VectorsGateway(Deadline(clock.now + 9, clock), CallStats(), client_for)
    door.get_index("arn:aws-cn:s3vectors:cn-north-1:123456789012:bucket/my-bucket/index/my-index")

    assert regions == ["cn-north-1"]


@pytest.mark.parametrize(
    ("passing", "is_unknown"),
    [
        (THROTTLED, False),
        (refusal("InternalServerException", 500), True),
        (refusal("ServiceUnavailableException", 503), False),
        (refusal("RequestTimeoutException", 408), True),
        (BROKEN, True),
        (SILENT, True),
    ],
)
def test_what_may_pass_is_tried_again(passing: Exception | Reply, is_unknown: bool) -> None:
    """Two failures and an answer are an answer, after two pauses."""
    clock = FakeClock()
    door, stats = gateway_to(StubClient(clock, passing, passing, {"index": {"dimension": 5}}))

    assert door.get_index(ARN) == {"dimension": 5}
    assert (stats.api_calls, stats.attempts, len(clock.slept)) == (1, 3, 2)
    assert stats.throttles == (2 if passing is THROTTLED else 0)
    # Those are counted that may have been carried out, or even be at work.
    assert stats.unanswered == (2 if is_unknown else 0)


@pytest.mark.parametrize(
    ("lasting", "error", "origin"),
    [
        (refusal("ValidationException", 400), errors.InvalidRequestError, "ValidationException"),
        (refusal("AccessDeniedException", 403), errors.AccessDeniedError, "AccessDeniedException"),
        (refusal("ExpiredTokenException", 403), errors.AccessDeniedError, "ExpiredTokenException"),
        (refusal("NotFoundException", 404), errors.NotFoundError, "NotFoundException"),
        (refusal("UnknownOperationException", 404), errors.ServiceFailureError, "UnknownOperationException"),
        (refusal("KmsDisabledException", 400), errors.ServiceFailureError, "KmsDisabledException"),
        (NoCredentialsError(), errors.AccessDeniedError, "NoCredentialsError"),
        (Reply(200, {}, b"<html>"), errors.BrokenContractError, "BrokenContractError"),
        (BotoCoreError(), errors.ServiceFailureError, "BotoCoreError"),
    ],
)
def test_what_will_not_pass_is_an_error_at_once(
    lasting: Exception | Reply, error: type[errors.S3vlError], origin: str
) -> None:
    """One attempt, no pause, and the class that stands for the wire code."""
    clock = FakeClock()
    door, stats = gateway_to(StubClient(clock, lasting))

    with pytest.raises(errors.S3vlError) as raised:
        door.get_index(ARN)

    assert type(raised.value) is error
    assert (raised.value.origin, raised.value.attempts, raised.value.retryable) == (origin, 1, False)
    assert (stats.api_calls, stats.attempts, clock.slept) == (0, 1, [])


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (THROTTLED, "throttled"),
        (refusal("InternalServerException", 500), "service_failure"),
        (BROKEN, "service_failure"),
        (SILENT, "service_failure"),
    ],
)
def test_what_does_not_pass_is_given_up_after_eight_attempts(failure: Exception | Reply, code: str) -> None:
    """The error carries the attempts and may be tried again by the caller."""
    door, stats = gateway_to(StubClient(FakeClock(), failure), seconds=1_000)

    with pytest.raises(errors.S3vlError) as raised:
        door.get_index(ARN)

    assert (raised.value.code, raised.value.attempts, raised.value.retryable) == (code, 8, True)
    assert stats.attempts == 8


def test_pauses_are_random_below_a_limit_that_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter: 50 ms, 100 ms and so on to 2 s are the longest pauses."""
    monkeypatch.setattr(s3_vectors, "_uniform", lambda low, high: low + high)
    clock = FakeClock()
    door, _ = gateway_to(StubClient(clock, THROTTLED), seconds=1_000)

    with pytest.raises(errors.ThrottledError):
        door.get_index(ARN)

    assert clock.slept == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0])


def test_no_pause_passes_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Throttling that would outlast the time is answered as what it is, while there is time to answer."""
    monkeypatch.setattr(s3_vectors, "_uniform", lambda _low, high: high)
    clock = FakeClock()
    door, stats = gateway_to(StubClient(clock, THROTTLED, seconds_per_call=0.1), seconds=1.0)

    with pytest.raises(errors.ThrottledError) as raised:
        door.get_index(ARN)

    assert raised.value.attempts == stats.attempts == 4
    assert clock.now <= 1_001.0


class SlowClient(StubClient):
    """A client of a service that needs so many seconds for an answer, in turn; it waits no longer than it may."""

    def __getattr__(self, method: str) -> Callable[[], Callable[[bytes], Reply]]:
        def send(_: bytes) -> Reply:
            seconds = self.outcomes.pop(0)
            may_wait = connections.may_wait.get()()
            self.clock.now += min(seconds, may_wait)
            if seconds > may_wait:
                raise SILENT
            return Reply(200, {}, b'{"index": {"dimension": 5}}')

        return lambda: send


DEAD = float("inf")


@pytest.mark.parametrize(
    ("seconds_needed", "seconds_given", "seconds_taken"),
    [
        ([6.0], 29.0, 6.0),
        ([14.0], 29.0, 14.0),
        ([DEAD, 0.1], 29.0, 14.6),
        ([DEAD, 14.0], 29.0, 28.5),
        ([DEAD, 0.1], 2.0, 1.1),
    ],
)
def test_a_slow_answer_is_waited_for_and_a_dead_connection_left(
    monkeypatch: pytest.MonkeyPatch,
    seconds_needed: list[float],
    seconds_given: float,
    seconds_taken: float,
) -> None:
    """Half of the time is for the first attempt; after silence, all of the rest is for the next."""
    monkeypatch.setattr(s3_vectors, "_uniform", lambda _low, _high: 0.0)
    clock = FakeClock()
    door, stats = gateway_to(SlowClient(clock, *seconds_needed), seconds_given)

    assert door.get_index(ARN) == {"dimension": 5}
    assert clock.now - 1_000.0 == pytest.approx(seconds_taken)
    assert stats.attempts == len(seconds_needed)


def test_a_call_cut_off_by_the_deadline_is_a_timeout() -> None:
    """Silence until the end of the time is for more time to cure: twice as much is always enough."""
    clock = FakeClock()
    door, stats = gateway_to(SlowClient(clock, 6.0, 6.0), seconds=9.0)

    with pytest.raises(
        errors.OutOfTimeError, match="the caller's time ran out; raise timeout_seconds"
    ) as raised:
        door.get_index(ARN)

    assert raised.value.attempts == stats.attempts == 2
    assert clock.now <= 1_009.0
    patient, _ = gateway_to(SlowClient(clock, 6.0), seconds=18.0)
    assert patient.get_index(ARN) == {"dimension": 5}


def test_no_call_is_made_that_would_be_cut_off() -> None:
    """Without time for a call, S3 Vectors is not asked at all."""
    client = StubClient(FakeClock(), {"index": {}})
    door, stats = gateway_to(client, seconds=0.05)

    with pytest.raises(errors.OutOfTimeError, match="S3 Vectors had not been asked when"):
        door.get_index(ARN)

    assert (client.calls, stats.attempts) == ([], 0)


@pytest.mark.parametrize("answer", [{}, {"vectors": []}])
def test_an_answer_without_what_it_promises_is_malformed(answer: dict[str, Any]) -> None:
    """Members that the service promises are not taken for granted."""
    door, _ = gateway_to(StubClient(FakeClock(), answer))

    with pytest.raises(errors.MalformedDataError, match="has no 'index'; check"):
        door.get_index(ARN)


class Service(http.server.BaseHTTPRequestHandler):
    """S3 Vectors on a port of this machine: it refuses a query, is silent about an index, and lists one vector."""

    protocol_version = "HTTP/1.1"
    user_agents: ClassVar[list[str]] = []
    bodies: ClassVar[list[bytes]] = []
    silence: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        """Answer like the service, in its own headers and members."""
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.user_agents.append(self.headers["User-Agent"])
        if self.path == "/GetIndex":
            self.silence.wait(60)
            self.close_connection = True
        elif self.path == "/QueryVectors":
            fields = [{"path": "filter", "message": "Invalid filter"}]
            self.answer(400, {"message": "Invalid filter", "fieldList": fields}, "ValidationException")
        else:
            self.answer(
                200, {"vectors": [{"key": "a", "data": {"float32": [0.5]}, "metadata": {"n": [1, "x"]}}]}
            )

    def answer(self, status: int, document: dict[str, Any], error: str | None = None) -> None:
        """Send one JSON document."""
        body = json.dumps(document).encode()
        self.send_response(status)
        if error:
            self.send_header("x-amzn-errortype", error)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let clients that are built in the test reach a local service."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(s3_vectors, "_clients", OrderedDict())
    Service.silence.clear()
    Service.user_agents.clear()
    Service.bodies.clear()
    yield
    Service.silence.set()
    server.shutdown()
    thread.join()
    server.server_close()


def live_gateway(seconds: float) -> S3VectorsGateway:
    """Make a gateway with the real client."""
    return S3VectorsGateway(Deadline(time.monotonic() + seconds), CallStats())


@pytest.mark.usefixtures("service")
def test_the_client_itself_reads_answers_and_errors() -> None:
    """What is sent is our JSON, and documents, numbers and the fields of a refusal come back as they are."""
    door = live_gateway(60)

    vectors = door.get_vectors(ARN, ["a"], return_data=True, return_metadata=True)
    with pytest.raises(errors.InvalidRequestError) as refused:
        door.query_vectors(
            ARN,
            query_vector=Vector("[1,0.5]", 2),
            top_k=1,
            return_metadata=False,
            metadata_filter={"a": 1},
            query_mode=None,
            next_token=None,
        )

    assert vectors == {"a": {"key": "a", "data": {"float32": [0.5]}, "metadata": {"n": [1, "x"]}}}
    assert (refused.value.message, refused.value.fields) == (
        "Invalid filter",
        [{"path": "filter", "message": "Invalid filter"}],
    )
    assert Service.bodies == [
        b'{"indexArn":"%b","keys":["a"],"returnData":true,"returnMetadata":true}' % ARN.encode(),
        b'{"indexArn":"%b","queryVector":{"float32":[1,0.5]},"topK":1,"returnDistance":true,'
        b'"returnMetadata":false,"filter":{"a":1}}' % ARN.encode(),
    ]
    assert all(f"s3vl/{VERSION}" in user_agent for user_agent in Service.user_agents)


@pytest.mark.usefixtures("service")
def test_the_client_itself_stops_reading_at_the_deadline() -> None:
    """A silent service costs the time that is left, and no more."""
    started = time.monotonic()

    with pytest.raises(errors.OutOfTimeError):
        live_gateway(0.3).get_index(ARN)

    # The service would be silent for a minute.
    assert time.monotonic() - started < 15


@pytest.mark.usefixtures("service")
def test_certificates_are_read_once_for_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that ends each connection is tried eight times; urllib3 would read the certificates for each."""
    read: list[str] = []
    for made in (connections.read_certificates, connections._manager):
        monkeypatch.setattr(connections, made.__name__, functools.cache(made.__wrapped__))
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda _self, path, *_: read.append(path))
    stats = CallStats()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def end_connections() -> None:
            for _ in range(8):
                listener.accept()[0].close()

        thread = threading.Thread(target=end_connections, daemon=True)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(errors.ServiceFailureError):
            S3VectorsGateway(Deadline(time.monotonic() + 60), stats, sleep=lambda _: None).get_index(ARN)
        thread.join(60)

    assert (stats.attempts, len(read)) == (8, 1)


@pytest.mark.usefixtures("service")
def test_the_clients_of_the_last_few_regions_are_kept() -> None:
    """The next request to a region finds the client of the one before; of many regions, not all stay in memory."""
    regions = [f"us-west-{number}" for number in range(1, 10)]
    kept = s3_vectors.client_for(regions[0])
    for region in regions[1:]:
        client = s3_vectors.client_for(region)
        assert client.meta.region_name == region
        assert s3_vectors.client_for(region) is client
        assert s3_vectors.client_for(regions[0]) is kept

    assert list(s3_vectors._clients) == [*regions[-3:], regions[0]]


def test_connections_to_the_last_few_hosts_are_kept() -> None:
    """A connection to a host that is not asked any more is closed, and the others are used again."""
    connections.may_wait.set(lambda: 60.0)
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(connections.MOST_HOSTS + 1)]
    accepted: list[socket.socket] = []

    def answer(listener: socket.socket) -> None:
        accepted.append(listener.accept()[0])
        accepted[-1].recv(65_536)
        accepted[-1].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    for listener in listeners:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/GetIndex"
        connections.post(url, {}, b"", certificates=s3_vectors.get_cert_path(True))
        thread.join()
    first, *others = accepted
    first.settimeout(60)

    assert first.recv(1) == b""
    for other in others:
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.recv(1)
    for opened in (*accepted, *listeners):
        opened.close()


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the whole URL, and the name and password that stand in its own."""
    heard: list[bytes] = []
    connections.may_wait.set(lambda: 60.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as accepted:
                heard.append(accepted.recv(65_536))
                accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setenv("HTTP_PROXY", f"http://me:p%40ss@127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "elsewhere.example")
        monkeypatch.setenv("NO_PROXY", "elsewhere.example")
        url = "http://s3vectors.example/GetIndex"
        reply = connections.post(
            url, {}, b"{}", certificates=s3_vectors.get_cert_path(True), proxy=s3_vectors._proxy_for(url)
        )
        thread.join()

    assert reply.body == b"{}"
    assert heard[0].startswith(b"POST http://s3vectors.example/GetIndex HTTP/1.1\r\n")
    assert b"proxy-authorization: basic bWU6cEBzcw==" in heard[0].replace(b"Proxy-A", b"proxy-a").replace(
        b"Basic", b"basic"
    )


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(("size", "parts"), [(100, 1), (1_000_000, 2)])
def test_a_small_body_goes_out_with_its_headers(
    monkeypatch: pytest.MonkeyPatch, size: int, parts: int
) -> None:
    """The service is woken once, and a large body is not copied for that."""
    sent: list[bytes] = []
    send = http.client.HTTPConnection.send

    def record(connection: http.client.HTTPConnection, data: bytes) -> None:
        sent.append(data)
        send(connection, data)

    monkeypatch.setattr(http.client.HTTPConnection, "send", record)
    live_gateway(60).delete_vectors(ARN, ["k" * size])

    assert len(sent) == parts
    assert b"".join(sent).endswith(Service.bodies[0])
