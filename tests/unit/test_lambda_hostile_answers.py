"""What a service that breaks its contract makes of every operation: the real handler, boto3 and HTTP."""

from __future__ import annotations

import gzip
import http.server
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from s3vl_lambda import handler, observability
from s3vl_lambda.services import connections, s3_vectors
from s3vl_lambda.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = Path(__file__).parents[2] / "lambda" / "events"
READS = (
    "query_vectors",
    "query_vectors_batch",
    "query_hybrid",
    "get_vectors",
    "rank_vectors",
    "list_vectors",
)
STORED = ("get_vectors", "rank_vectors", "list_vectors")
SEARCHES = ("query_vectors", "query_vectors_batch")
# A vector that the event of get_vectors asks for; that of put_metadata is made to.
KEY = json.loads((EVENTS / "get_vectors.json").read_text())["vector_ids"][0]
WRITES = ("put_vectors", "delete_vectors", "delete_index")
OPERATIONS = ("create_index", "describe_index", *READS, *WRITES)

# How the service answers: status, headers, body; or what it writes to the connection by itself.
Answer = tuple[int, dict[str, str], bytes]
Raw = Callable[["Service"], None]


class Service(http.server.BaseHTTPRequestHandler):
    """S3 Vectors on a port of this machine, which answers whatever a test says."""

    protocol_version = "HTTP/1.1"
    answer: Answer | Raw = (200, {}, b"{}")
    requests = 0

    def do_POST(self) -> None:
        """Read the request and answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).requests += 1
        answer = Service.answer
        if not isinstance(answer, tuple):
            self.close_connection = True
            answer(self)
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run the service."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def defects(port: int, monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Give the function an environment with that service, no pauses, and a list for its defects."""
    for name, value in {
        "AWS_ENDPOINT_URL_S3VECTORS": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-west-2",
        "AWS_LAMBDA_FUNCTION_NAME": "s3vl-vector-query",
        "VECTOR_BUCKET_NAME": "my-bucket",
    }.items():
        monkeypatch.setenv(name, value)
    found: list[Exception] = []
    monkeypatch.setattr(observability, "log_defect", lambda error, _: found.append(error))
    monkeypatch.setattr(s3_vectors, "_clients", type(s3_vectors._clients)(ENDPOINT.get(port, {})))
    monkeypatch.setattr(s3_vectors, "_uniform", lambda _low, _high: 0.0)
    settings.cache_clear()
    ENDPOINT[port] = {"us-west-2": s3_vectors.client_for("us-west-2")}
    Service.requests = 0
    return found


# The client of each port that the service had, since a client takes longer to build than an answer to read.
ENDPOINT: dict[int, dict[str, Any]] = {}


class Context:
    """What Lambda tells about an invocation."""

    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        """Give the time until Lambda stops the function."""
        return 30_000


def event_of(operation: str) -> dict[str, Any]:
    """Read the real event of an operation, made to have all that there is given back."""
    event: dict[str, Any] = json.loads((EVENTS / f"{operation}.json").read_text())
    for name in ("return_metadata", "include_metadata", "return_data", "include_vector_data"):
        if name in event:
            event[name] = True
    if operation == "put_metadata":
        event["vectors"][0]["vector_id"] = KEY
    # A look whether the index is empty would be a read before the write.
    return event | ({"force": True} if "force" in event else {})


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    """Invoke the function, and read its answer like PostgreSQL."""
    answer: dict[str, Any] = json.loads(handler.lambda_handler(event, Context()))  # type: ignore[arg-type]
    return answer


def ask(operation: str, answer: Answer | Raw, **changes: Any) -> dict[str, Any]:
    """Invoke an operation, which the service answers so."""
    Service.answer = answer
    return invoke(event_of(operation) | changes)


def document(value: Any, status: int = 200, **headers: str) -> Answer:
    """Make an answer of JSON, as far as Python can write it: NaN is not."""
    kind = {"Content-Type": "application/json"}
    return status, kind | {k.replace("_", "-"): v for k, v in headers.items()}, json.dumps(value).encode()


def honest(operation: str) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind
    """Give an answer as the service gives it."""
    vector: dict[str, Any] = {"key": KEY, "metadata": {"n": 1}}
    match operation:
        case "create_index":
            return {"indexArn": "arn"}
        case "describe_index":
            return {
                "index": {
                    "vectorBucketName": "b",
                    "indexName": "i",
                    "indexArn": "arn",
                    "creationTime": 1795251600,
                    "dimension": 5,
                    "distanceMetric": "cosine",
                }
            }
        case "query_vectors" | "query_vectors_batch":
            return {"vectors": [vector | {"distance": 0.5}], "distanceMetric": "cosine"}
        case "query_hybrid":
            scores = {"bm25Scores": [{"metadataKey": "title", "score": 1.5}], "fused": 0.5}
            return {"vectors": [vector | {"scores": scores}], "distanceMetric": "cosine"}
        case "rank_vectors":
            # One answer for both that it asks.
            index = {"dimension": 5, "distanceMetric": "cosine"}
            return {"index": index, "vectors": [vector | {"data": {"float32": [0.5, 1, 0, 0, 0]}}]}
        case "get_vectors" | "list_vectors" | "put_metadata":
            return {"vectors": [vector | {"data": {"float32": [0.5, 1]}}]}
        case _:
            return {}


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Put a value at a path like `vectors.0.key` of a document; what is not there yet is made."""
    *above, last = path.split(".")
    place: Any = document
    for name in above:
        place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
    if value is LEFT_OUT:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return document


LEFT_OUT = object()
HTML = b"<html><body>Please log in</body></html>"


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("nothing", [{}, {"nextToken": None}, {"unheard_of": [1]}])
def test_an_honest_answer_is_taken(operation: str, nothing: dict[str, Any], defects: list[Exception]) -> None:
    """What the service may leave out may be null too, and members that are younger than the function do no harm."""
    answer = ask(operation, document(honest(operation) | nothing))

    assert (answer["success"], defects) == (True, [])


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_may_be_acknowledged_without_a_word(operation: str) -> None:
    """The API reference says that the body of such an answer is empty."""
    assert ask(operation, (200, {}, b""))["success"]


ANSWERS_THAT_ARE_NONE: dict[str, tuple[Answer, str]] = {
    "html": ((200, {"Content-Type": "text/html"}, HTML), 'no JSON ("text/html"): "<html>'),
    "garbage": ((200, {}, b"\xff\xfe\x00garbage"), "no JSON"),
    "partial": ((200, {}, b'{"vectors": [{"key"'), "no JSON"),
    "null": (document(None), "no JSON object: null"),
    "list": (document([1]), "no JSON object: [1]"),
    "str": (document("ok"), 'no JSON object: "ok"'),
    "num": (document(7), "no JSON object: 7"),
    "true": (document(True), "no JSON object: true"),
    "deep": ((200, {}, b"[" * 100_000), "no JSON"),
    "long number": ((200, {}, b"1" * 100_000), "no JSON"),
    "gzip": ((200, {"Content-Encoding": "gzip"}, gzip.compress(b"{}")), 'encoded as "gzip"'),
    "status 201": (document({}, 201), "HTTP 201 and not 200"),
    "status 204": ((204, {}, b""), "HTTP 204 and not 200"),
    "redirect": ((302, {"Location": "http://127.0.0.1:9/login"}, b""), "HTTP 302 and not 200"),
    "empty page": ((200, {"Content-Type": "text/html"}, b""), "it is empty"),
}  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("mode", ANSWERS_THAT_ARE_NONE)
def test_what_is_no_answer_is_refused(operation: str, mode: str, defects: list[Exception]) -> None:
    """Neither a read nor a write takes it for one; the error shows what came, and it is asked for once."""
    given, shown = ANSWERS_THAT_ARE_NONE[mode]

    answer = ask(operation, given)

    assert (answer["success"], answer["error"]["code"], defects) == (False, "malformed_data", [])
    assert answer["error"]["type"] == "BrokenContractError"
    assert shown in answer["error"]["message"]
    assert "AWS_ENDPOINT_URL" in answer["error"]["message"]
    assert len(answer["error"]["message"]) < 500
    # These call at the same time.
    if operation not in {"query_vectors_batch", "rank_vectors"}:
        assert (answer["error"]["attempts"], Service.requests) == (1, 1)


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("member", ["message", "Message", "__type", "code", "errors"])
def test_an_error_with_the_status_of_success_acknowledges_nothing(operation: str, member: str) -> None:
    """A proxy may answer so, and nothing was written then."""
    answer = ask(operation, document({member: "Please log in"}))

    assert answer["error"]["code"] == "malformed_data"
    assert "no acknowledgement of the write" in answer["error"]["message"]


BROKEN_ERRORS: dict[str, tuple[Answer, str]] = {
    "message is an object": (document({"message": {"a": 1}}, 400), 'message is no text: {"a": 1}'),
    "message is a list": (document({"message": [1]}, 400), "message is no text: [1]"),
    "message is a number": (document({"Message": 1}, 400), "message is no text: 1"),
    "message is deep": (
        (400, {}, b'{"message": ' + b"[" * 900 + b"]" * 900 + b"}"),
        "message is no text: [[[[",
    ),
    "fieldList is a text": (
        document({"message": "no", "fieldList": "x"}, 400, x_amzn_errortype="ValidationException"),
        'fieldList is no list of paths and messages: "x"',
    ),
    "field is a text": (
        document({"message": "no", "fieldList": ["x"]}, 400, x_amzn_errortype="ValidationException"),
        'paths and messages: ["x"]',
    ),
    "field without path": (
        document({"message": "no", "fieldList": [{"path": 1, "message": "x"}]}, 400),
        "fieldList is no list",
    ),
    "not found page": ((404, {"Content-Type": "text/html"}, HTML), "HTTP 404, that breaks its contract"),
    "list": (document([1], 400), "no JSON object: [1]"),
    "empty": ((400, {}, b""), "it is empty"),
    "gzip": ((400, {"Content-Encoding": "gzip"}, gzip.compress(b"{}")), 'encoded as "gzip"'),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("mode", BROKEN_ERRORS)
def test_an_error_that_breaks_the_contract_is_answered(
    operation: str, mode: str, defects: list[Exception]
) -> None:
    """The error says what is wrong with the service's, whatever was to be done."""
    given, shown = BROKEN_ERRORS[mode]

    answer = ask(operation, given)

    assert (answer["error"]["code"], answer["error"]["type"], defects) == (
        "malformed_data",
        "BrokenContractError",
        [],
    )
    assert shown in answer["error"]["message"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (document({"message": {"a": 1}}, 403), "access_denied"),
        ((403, {"Content-Type": "text/html"}, HTML), "access_denied"),
        (document({"message": [1]}, 429), "throttled"),
        (document({"message": "slow down"}, 400, x_amzn_errortype="ThrottlingException"), "throttled"),
        (document({"message": None}, 500), "service_failure"),
        ((503, {"Content-Type": "text/html"}, HTML), "service_failure"),
        ((502, {}, b""), "service_failure"),
        (document({"message": "who?", "code": {"a": 1}}, 409), "service_failure"),
        (
            document({"message": "no"}, 400, x_amzn_errortype="aws.s3vectors#ValidationException:http://x/"),
            "invalid_request",
        ),
        (document({"message": "no", "__type": "aws.s3vectors#NotFoundException"}, 404), "not_found"),
        (document({"message": "throttled AccessDenied NotFoundException 503"}, 402), "service_failure"),
        (
            document({"message": "no", "fieldList": [{"path": f"vectors[{'9' * 5000}]", "message": "x"}]}, 400,
                     x_amzn_errortype="ValidationException"),
            "invalid_request",
        ),
        (document({"message": "x" * 1_000_000}, 400, x_amzn_errortype="ValidationException"), "invalid_request"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("operation", ["query_vectors", "put_vectors"])
def test_errors_are_told_apart_by_status_and_code(
    operation: str, given: Answer, code: str, defects: list[Exception]
) -> None:
    """The words of an error decide nothing, and status or code are enough where the rest is broken."""
    answer = ask(operation, given)

    assert (answer["error"]["code"], defects) == (code, [])
    assert 0 < len(answer["error"]["message"]) <= 2_000


TEN_TO_400 = 10**400
WRONG_VECTORS = [
    ("vectors", {}, "{} for 'vectors', which must be an array"),
    ("vectors", "x", "must be an array"),
    ("vectors", None, "has no 'vectors'"),
    ("vectors", LEFT_OUT, "has no 'vectors'"),
    ("vectors.0", 1, "has 1 in 'vectors', where each must be an object"),
    ("vectors.0", None, "where each must be an object"),
    ("vectors.0", [], "where each must be an object"),
    ("vectors.0.key", 1, "1 for 'key', which must be a text"),
    ("vectors.0.key", None, "has no 'key'"),
    ("vectors.0.key", LEFT_OUT, "has no 'key'"),
    ("vectors.0.metadata", "x", "'metadata', which must be an object"),
    ("vectors.0.metadata", [1], "'metadata', which must be an object"),
    ("vectors.0.metadata", {"t": "\0"}, "holds U+0000"),
    ("vectors.0.metadata", {"t": "\ud800"}, "half of a UTF-16 surrogate pair"),
]
NOT_ASKED_FOR = [("vectors.0.key", "another", '"another", which was not requested')]
WRONG_TOKENS = [("nextToken", 1, "must be a text"), ("nextToken", {}, "must be a text")]
WRONG_DISTANCES = [
    ("vectors.0.distance", value, "'distance', which must be a number")
    for value in ("x", "0.5", [1], {}, True, TEN_TO_400)
] + [
    ("vectors.0.distance", LEFT_OUT, "has no 'distance'"),
    ("vectors.0.distance", None, "has no 'distance'"),
    ("vectors.0.distance", float("nan"), f'the distance of vector "{KEY}" is not finite'),
    ("vectors.0.distance", 1e300, f'the distance of vector "{KEY}" is not finite'),
]
WRONG_METRICS = [
    ("distanceMetric", LEFT_OUT, "has no 'distanceMetric'"),
    ("distanceMetric", 1, "must be a text"),
    ("distanceMetric", {}, "must be a text"),
]
WRONG_DATA = [
    ("vectors.0.data", "x", "'data', which must be an object"),
    ("vectors.0.data", [0.5], "'data', which must be an object"),
    ("vectors.0.data", None, "has no 'data'"),
    ("vectors.0.data", LEFT_OUT, "has no 'data'"),
    ("vectors.0.data.float32", "[0.5]", "'float32', which must be an array"),
    ("vectors.0.data.float32", None, "has no 'float32'"),
    ("vectors.0.data.float32.1", "0.5", f'"0.5" in the data of vector "{KEY}"'),
    ("vectors.0.data.float32.1", True, "true in the data"),
    ("vectors.0.data.float32.1", None, "null in the data"),
    ("vectors.0.data.float32.1", [1], "[1] in the data"),
    ("vectors.0.data.float32.1", TEN_TO_400, "the data of vector"),
    ("vectors.0.data.float32.1", float("inf"), f'the data of vector "{KEY}" is not finite'),
]
WRONG_SCORES = [
    ("vectors.0.scores", "x", "'scores', which must be an object"),
    ("vectors.0.scores", LEFT_OUT, "has no 'scores'"),
    ("vectors.0.scores.bm25Scores", {}, "'bm25Scores', which must be an array"),
    ("vectors.0.scores.bm25Scores.0", 1, "each must be an object"),
    ("vectors.0.scores.bm25Scores.0.score", "1.5", "'score', which must be a number"),
    ("vectors.0.scores.bm25Scores.0.score", LEFT_OUT, "has no 'score'"),
    ("vectors.0.scores.bm25Scores.0.score", float("nan"), "not finite"),
    ("vectors.0.scores.bm25Scores.0.metadataKey", 1, "'metadataKey', which must be a text"),
    ("vectors.0.scores.fused", "1", "'fused', which must be a number"),
    ("vectors.0.scores.vectorDistance", True, "'vectorDistance', which must be a number"),
]
WRONG_INDEXES = [
    ("index", [], "'index', which must be an object"),
    ("index", LEFT_OUT, "has no 'index'"),
    ("index.dimension", "5", "'dimension', which must be an integer"),
    ("index.dimension", True, "must be an integer"),
    ("index.dimension", 5.0, "must be an integer"),
    ("index.indexArn", 1, "must be a text"),
    ("index.indexName", {}, "must be a text"),
    ("index.vectorBucketName", LEFT_OUT, "has no 'vectorBucketName'"),
    ("index.distanceMetric", [1], "must be a text"),
    ("index.creationTime", "today", "'creationTime', which must be a number"),
    ("index.creationTime", True, "must be a number"),
    ("index.creationTime", 1e300, "for 'creationTime', which is no time"),
    ("index.creationTime", float("nan"), "for 'creationTime', which is no time"),
    ("index.indexMode", 1, "must be a text"),
    ("index.metadataConfiguration", [1], "must be an object"),
    ("index.metadataConfiguration.nonFilterableMetadataKeys", "x", "must be an array"),
    ("index.metadataConfiguration.nonFilterableMetadataKeys", [1], "each must be a text"),
    ("index.metadataConfiguration.textSearchConfigurations", {}, "must be an array"),
    ("index.metadataConfiguration.textSearchConfigurations", ["x"], "each must be an object"),
    ("index.metadataConfiguration.textSearchConfigurations", [{"status": "ACTIVE"}], "no 'metadataKey'"),
    (
        "index.metadataConfiguration.textSearchConfigurations",
        [{"status": 1, "metadataKey": "a"}],
        "'status', which must be a text",
    ),
]
WRONG_MEASURES = [
    ("index", LEFT_OUT, "has no 'index'"),
    ("index.dimension", "5", "'dimension', which must be an integer"),
    ("index.distanceMetric", 1, "must be a text"),
    ("index.distanceMetric", "dotproduct", 'of the metric "dotproduct"'),
    ("vectors.0.data.float32", [0.5, 1], "2 numbers for vector"),
]
BROKEN_MEMBERS = [
    (operation, *wrong)
    for operations, all_wrong in (
        (READS, WRONG_VECTORS),
        ((*SEARCHES, "query_hybrid", "list_vectors"), WRONG_TOKENS),
        ((*SEARCHES, "query_hybrid"), WRONG_METRICS),
        (SEARCHES, WRONG_DISTANCES),
        (("query_hybrid",), WRONG_SCORES),
        ((*STORED, "put_metadata"), WRONG_DATA),
        (("get_vectors", "rank_vectors"), NOT_ASKED_FOR),
        (("rank_vectors",), WRONG_MEASURES),
        (("describe_index",), WRONG_INDEXES),
    )
    for operation in operations
    for wrong in all_wrong
]


@pytest.mark.parametrize(
    ("operation", "path", "value", "shown"),
    BROKEN_MEMBERS,
    ids=[f"{operation}-{path}-{number}" for number, (operation, path, *_) in enumerate(BROKEN_MEMBERS)],
)
def test_a_member_that_breaks_the_contract_is_named(
    operation: str, path: str, value: Any, shown: str, defects: list[Exception]
) -> None:
    """What is of another kind than promised is refused with its name and value, and never taken for something else."""
    answer = ask(operation, document(changed(honest(operation), path, value)))

    assert (answer["success"], defects) == (False, [])
    assert answer["error"]["code"] == "malformed_data"
    assert shown in answer["error"]["message"]


def drip(service: Service, first: bytes, drop: bytes) -> None:
    """Send something, and then drops until nobody takes them any more."""
    try:
        service.wfile.write(first)
        while True:
            service.wfile.write(drop)
            time.sleep(0.02)
    except OSError:
        pass


HEAD = b"HTTP/1.1 200 OK\r\n"
DRIPS: dict[str, tuple[bytes, bytes]] = {
    "the first line": (b"HTTP/1.1 200 ", b"O"),
    "a header": (HEAD + b"X-Long: ", b"x"),
    "headers": (HEAD, b"X: y\r\n"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "a body without an end": (HEAD + b"\r\n", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "the size of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
}


@pytest.mark.parametrize("where", DRIPS)
@pytest.mark.parametrize("operation", ["query_vectors", "put_vectors"])
def test_an_answer_in_drops_ends_with_the_time(operation: str, where: str, defects: list[Exception]) -> None:
    """However often there is a little more of it, the limit is that of the whole answer."""
    started = time.monotonic()

    answer = ask(operation, lambda service: drip(service, *DRIPS[where]), budget_ms=400)

    taken = time.monotonic() - started
    assert (answer["error"]["code"], answer["error"]["limit"], defects) == ("timeout", "caller", [])
    # Far less than the service would go on, and than Lambda leaves the function.
    assert 0.3 < taken < 15


def test_a_request_that_is_not_taken_ends_with_the_time(defects: list[Exception]) -> None:
    """A service that stops reading is no reason to wait longer, or only as long as for a connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/PutVectors"
    # Longer than a connection may take: that is not the limit here.
    deadline = time.monotonic() + 1.2 * connections._CONNECT_SECONDS
    token = connections.may_wait.set(lambda: deadline - time.monotonic())

    with pytest.raises(connections.ReadTimeoutError):
        connections.post(url, {}, b"x" * 50_000_000, certificates=s3_vectors.get_cert_path(True))

    connections.may_wait.reset(token)
    listener.close()
    assert deadline <= time.monotonic() < deadline + 15
    assert defects == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_that_is_cut_off_is_none(operation: str, defects: list[Exception]) -> None:
    """A connection that ends before the last byte is a failure that may pass, though what came may look whole."""
    body = json.dumps(honest(operation)).encode()
    cut = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body) + 1, body)

    answer = ask(operation, lambda service: drip_once(service, cut))

    assert (answer["error"]["code"], answer["error"]["retryable"], defects) == ("service_failure", True, [])
    # Of several calls, the first that is given up ends the others.
    assert answer["error"]["attempts"] == 8 or operation in {"query_vectors_batch", "rank_vectors"}


def drip_once(service: Service, everything: bytes) -> None:
    """Send something and close the connection."""
    service.wfile.write(everything)


def nested(depth: int) -> Any:
    """Make an array in an array and so on."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [990, 10_000])
@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("query_vectors", "metadata_filter"),
        ("query_vectors", "metadata_filter.a"),
        ("query_vectors", "metadata_filter.a.$eq"),
        ("query_vectors", "metadata_filter.a.$in"),
        ("query_vectors", "metadata_filter.$and"),
        ("query_vectors", "query_vector"),
        ("query_vectors", "top_k"),
        ("query_vectors", "continuation"),
        ("query_vectors", "continuation.next_token"),
        ("query_vectors_batch", "query_vectors"),
        ("query_hybrid", "query_texts"),
        ("query_hybrid", "query_texts.title"),
        ("get_vectors", "vector_ids"),
        ("list_vectors", "next_token"),
        ("put_vectors", "vectors"),
        ("put_vectors", "vectors.0.embedding"),
        ("put_vectors", "vectors.0.vector_id"),
        ("put_vectors", "vectors.0.metadata"),
        ("put_vectors", "vectors.0.metadata.a"),
        ("put_vectors", "continuation.remaining"),
        ("delete_vectors", "vector_ids"),
        ("describe_index", "index_arn"),
        ("describe_index", "budget_ms"),
        ("describe_index", "surplus"),
    ],
)
def test_a_request_may_be_nested_as_deeply_as_it_likes(
    operation: str, path: str, depth: int, defects: list[Exception]
) -> None:
    """It is refused with the place, and shown no further than it is looked at."""
    event = event_of(operation)
    if path.startswith("metadata_filter"):
        event["metadata_filter"] = {}
    elif path.startswith("continuation"):
        event["continuation"] = {"next_token": "t", "returned": 1} if operation == "query_vectors" else {}

    answer = invoke(changed(event, path, nested(depth)))

    assert (answer["error"]["code"], defects) == ("invalid_request", [])
    assert len(answer["error"]["message"]) < 500
    assert Service.requests == 0


@pytest.mark.parametrize("member", ["protocol", "operation"])
def test_even_what_is_read_first_may_be_nested(member: str, defects: list[Exception]) -> None:
    """There is no event that is raised instead of answered."""
    answer = invoke(changed(event_of("describe_index"), member, nested(10_000)))

    assert (answer["success"], defects) == (False, [])


def test_a_name_of_any_length_is_not_repeated_in_full() -> None:
    """The error has the beginning of it."""
    event = event_of("query_vectors") | {"metadata_filter": {"k" * 1_000_000: {"$near": 1}}}

    answer = invoke(event)

    assert answer["error"]["code"] == "invalid_request"
    assert len(json.dumps(answer)) < 2_000
