"""One invocation from event to bytes: the envelope, the budget, the errors, and what is logged."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from s3vl_lambda import VERSION, handler, observability
from s3vl_lambda.protocol import errors
from s3vl_lambda.services.s3_vectors import Page
from s3vl_lambda.settings import settings

EVENTS = Path(__file__).parents[2] / "lambda" / "events"
SECRET = "vec-secret"


@dataclass
class Context:
    """What Lambda tells about an invocation."""

    remaining_ms: int = 30_000
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        """Give the time until Lambda stops the function."""
        return self.remaining_ms


class FakeGateway:
    """S3 Vectors with one vector; a test may put an exception in its place."""

    failure: Exception | None = None
    is_late = False
    remaining: float | None = None

    def __init__(self, deadline: Any, calls: Any) -> None:
        calls.count(api_calls=1, attempts=3, throttles=2)
        type(self).remaining = deadline.remaining()
        if self.is_late:
            raise deadline.passed("late")

    def query_vectors(self, *_: Any, **__: Any) -> Page:
        """Give one hit."""
        if self.failure:
            raise self.failure
        return Page([{"key": SECRET, "distance": 0.5, "metadata": {"text": SECRET}}], None, "cosine")

    def put_vectors(self, _index_arn: str, records: list[Any], _positions: range) -> None:
        """Store some vectors, unless it is a single one."""
        if self.failure and len(records) == 1:
            raise self.failure


@pytest.fixture(autouse=True)
def fake_gateway(monkeypatch: pytest.MonkeyPatch) -> type[FakeGateway]:
    """Let the handler open the fake, and give it an environment like Lambda's."""
    monkeypatch.setattr(handler, "S3VectorsGateway", FakeGateway)
    monkeypatch.setattr(FakeGateway, "failure", None)
    monkeypatch.setattr(FakeGateway, "is_late", False)
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "s3vl-vector-query")
    settings.cache_clear()
    return FakeGateway


@pytest.fixture
def log() -> io.StringIO:
    """Collect what the logger writes."""
    written = io.StringIO()
    # Not setStream(), which flushes the stream before it: pytest has closed that of another test.
    observability.logger().registered_handler.stream = written  # type: ignore[attr-defined]
    return written


def event_of(operation: str, /, **changes: Any) -> dict[str, Any]:
    """Read the real event of an operation, with members changed."""
    return json.loads((EVENTS / f"{operation}.json").read_text()) | changes


def invoke(event: Any, context: Context | None = None) -> Any:
    """Invoke the function and read its answer like PostgreSQL."""
    body = handler.lambda_handler(event, context or Context())  # type: ignore[arg-type]
    assert isinstance(body, bytes)
    return json.loads(body)


def metrics_of(output: str) -> Any:
    """Find the metrics of the operation among the lines of standard output."""
    (line,) = [line for line in output.splitlines() if '"operation"' in line and '"_aws"' in line]
    return json.loads(line)


def test_an_answer_has_its_envelope() -> None:
    """Result, time, request id and counts of calls are there."""
    answer = invoke(event_of("query_vectors"))

    assert answer.pop("execution_time_ms") >= 0
    assert answer.pop("stats").items() >= {"api_calls": 1, "attempts": 3}.items()
    assert answer == {
        "success": True,
        "result": {
            "distance_metric": "cosine",
            "vectors": [{"vector_id": SECRET, "distance": 0.5, "metadata": {"text": SECRET}}],
        },
        "request_id": "request-1",
    }


def test_the_availability_check_answers_for_the_function_itself() -> None:
    """Version, protocol, operations and region are told without a call to S3 Vectors."""
    assert invoke(event_of("availability_check"))["result"] == {
        "version": VERSION,
        "protocol": 2,
        "operations": [
            "availability_check",
            "create_index",
            "delete_index",
            "describe_index",
            "query_vectors",
            "query_vectors_batch",
            "query_hybrid",
            "get_vectors",
            "rank_vectors",
            "list_vectors",
            "put_vectors",
            "put_metadata",
            "delete_vectors",
        ],
        "region": "us-west-2",
        "timeout_seconds": 30,
    }


def test_the_availability_check_tells_the_functions_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda says it in the environment."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
    settings.cache_clear()

    assert invoke(event_of("availability_check"))["result"]["memory_mb"] == 1769


def test_the_availability_check_tells_where_new_indexes_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what the stack's ManageIndexes puts into the environment."""
    monkeypatch.setenv("VECTOR_BUCKET_NAME", "s3vl-vectors")
    settings.cache_clear()

    assert invoke(event_of("availability_check"))["result"]["vector_bucket"] == "s3vl-vectors"


@pytest.mark.parametrize(("remaining_ms", "seconds"), [(9_981, 10), (10_000, 10), (3_000, 3)])
def test_the_availability_check_tells_the_functions_timeout(remaining_ms: int, seconds: int) -> None:
    """What is left at the start, in whole seconds: the way to the handler took some of the last one."""
    result = invoke(event_of("availability_check"), Context(remaining_ms))["result"]

    assert result["timeout_seconds"] == seconds


def test_only_the_first_invocation_is_a_cold_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment says so once."""
    monkeypatch.setattr(observability, "_invocations", iter(range(3)))

    assert [invoke(event_of("query_vectors"))["stats"]["cold_start"] for _ in range(3)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("initialization", ["snap-start", "provisioned-concurrency"])
def test_an_environment_that_was_initialized_ahead_has_no_cold_start(
    monkeypatch: pytest.MonkeyPatch, initialization: str
) -> None:
    """Nobody waited for its imports: not those who restore a snapshot, nor those whose environments were ready."""
    monkeypatch.setattr(observability, "_invocations", iter(range(1)))
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", initialization)

    assert invoke(event_of("query_vectors"))["stats"]["cold_start"] is False


@pytest.mark.parametrize(
    ("budget_ms", "remaining_ms", "seconds"),
    [(2_000, 30_000, 2.0), (29_000, 10_000, 9.5), (29_000, 400, -0.1)],
)
def test_the_deadline_is_the_callers_or_lambdas(
    fake_gateway: type[FakeGateway], budget_ms: int, remaining_ms: int, seconds: float
) -> None:
    """The shorter time counts, and half a second of Lambda's is kept for answering."""
    started = time.monotonic()
    invoke(event_of("query_vectors", budget_ms=budget_ms), Context(remaining_ms))

    elapsed = time.monotonic() - started
    assert fake_gateway.remaining == pytest.approx(seconds - elapsed / 2, abs=elapsed / 2 + 0.001)


@pytest.mark.parametrize(("ahead_ms", "seconds"), [(3_000, 3.0), (60_000, 9.5), (10**309, 9.5)])
def test_a_write_ends_at_its_own_deadline(
    fake_gateway: type[FakeGateway], ahead_ms: int, seconds: float
) -> None:
    """The earliest of the limits counts, and that of a write is a moment of the clock."""
    started = time.monotonic()
    deadline = round(time.time() * 1000) + ahead_ms
    invoke(event_of("put_vectors", deadline=deadline), Context(10_000))

    # Reading the request counts twice, by one clock and by the other, whose moments are whole milliseconds.
    elapsed = time.monotonic() - started
    assert fake_gateway.remaining == pytest.approx(seconds - elapsed, abs=elapsed + 0.002)


def test_a_write_that_arrives_after_its_deadline_is_not_carried_out(
    fake_gateway: type[FakeGateway],
) -> None:
    """Another writer may be at work by then, and S3 Vectors could not tell which of the two is newer."""
    fake_gateway.remaining = None
    answer = invoke(event_of("put_vectors", deadline=round(time.time() * 1000) - 1), Context(10_000))

    assert (answer["error"]["code"], answer["error"]["limit"]) == ("timeout", "deadline")
    assert answer["error"]["message"].startswith(
        "nothing had been written when the deadline of the write passed"
    )
    assert fake_gateway.remaining is None


@pytest.mark.parametrize(
    ("budget_ms", "remaining_ms", "limit", "message"),
    [
        (9_500, 10_000, "caller", "late when the caller's time ran out; raise timeout_seconds"),
        (
            9_501,
            9_999,
            "function",
            "late when the function's own limit of 10 s ran out; raise LambdaTimeout of the stack (now 10)",
        ),
    ],
)
def test_a_timeout_says_which_limit_to_raise(
    fake_gateway: type[FakeGateway], budget_ms: int, remaining_ms: int, limit: str, message: str
) -> None:
    """To raise the other one would change nothing."""
    fake_gateway.is_late = True
    answer = invoke(event_of("query_vectors", budget_ms=budget_ms), Context(remaining_ms))

    assert answer["error"] == {
        "code": "timeout",
        "type": "OutOfTimeError",
        "message": message,
        "retryable": True,
        "limit": limit,
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"top_k": 0}, "invalid_request"),
        ({"operation": "fly"}, "unsupported_operation"),
        ({"protocol": 3}, "unsupported_protocol"),
    ],
)
def test_a_request_that_is_refused_is_answered(changes: dict[str, Any], code: str) -> None:
    """No expected failure is raised out of the function."""
    answer = invoke(event_of("query_vectors", **changes))

    assert (answer["success"], answer["error"]["code"], answer["error"]["retryable"]) == (False, code, False)
    assert answer["stats"]["api_calls"] == 0


def test_a_failure_of_the_service_is_answered(fake_gateway: type[FakeGateway]) -> None:
    """Code, type and attempts reach the caller, with the counts of the calls."""
    fake_gateway.failure = errors.ThrottledError("slow down", origin="TooManyRequestsException", attempts=8)

    answer = invoke(event_of("query_vectors"))

    assert answer["error"] == {
        "code": "throttled",
        "type": "TooManyRequestsException",
        "message": "slow down",
        "retryable": True,
        "attempts": 8,
    }
    assert answer["stats"]["attempts"] == 3


def test_a_defect_is_answered_with_the_request_id_and_logged(
    fake_gateway: type[FakeGateway], log: io.StringIO
) -> None:
    """The traceback is in the log; the message of the exception, which may quote data, is nowhere."""
    fake_gateway.failure = LookupError(SECRET)

    answer = invoke(event_of("query_vectors"))

    assert answer["error"] == {
        "code": "internal_error",
        "type": "LookupError",
        "message": "LookupError in the function; its log has request request-1",
        "retryable": False,
    }
    defect = json.loads(log.getvalue().splitlines()[0])
    assert (defect["level"], defect["request_id"]) == ("ERROR", "request-1")
    assert "in query_vectors" in defect["traceback"]
    assert SECRET not in log.getvalue()


def test_a_defect_in_a_failure_is_answered_too(fake_gateway: type[FakeGateway], log: io.StringIO) -> None:
    """What cannot even be written as an error is not raised, since SQL could not read it then."""
    fake_gateway.failure = errors.ThrottledError({"a": 1})  # type: ignore[arg-type]

    answer = invoke(event_of("query_vectors"))

    assert (answer["error"]["code"], answer["error"]["type"]) == ("internal_error", "AttributeError")
    assert json.loads(log.getvalue().splitlines()[0])["message"] == "defect"


def test_an_invocation_is_logged_without_user_data(
    fake_gateway: type[FakeGateway], log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """Operation, index, counts and time are logged; ids, metadata, filters, vectors and messages are not."""
    event = event_of("query_vectors", metadata_filter={"owner": SECRET}, query_vector=[0.123456])
    invoke(event)
    fake_gateway.failure = errors.InvalidRequestError(f"Invalid record for key '{SECRET}'")
    invoke(event)
    invoke(event | {"top_k": SECRET})

    found, refused, unread = map(json.loads, log.getvalue().splitlines())
    expected = {
        "service": "s3vl",
        "operation": "query_vectors",
        "request_id": "request-1",
        "index_arn": event["index_arn"],
        "code": "success",
        "results": 1,
        "api_calls": 1,
        "attempts": 3,
        "throttles": 2,
    }
    assert found.items() >= expected.items()
    assert {"milliseconds", "answer_bytes", "cold_start"} <= found.keys()
    assert (refused["code"], refused["results"]) == ("invalid_request", 0)
    assert unread["code"] == "invalid_request"
    assert "index_arn" not in unread
    output = log.getvalue() + capsys.readouterr().out
    assert SECRET not in output
    assert "0.123456" not in output
    assert "owner" not in output


def test_writes_are_counted_and_not_quoted(
    fake_gateway: type[FakeGateway], log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """Log and metrics say how many vectors were written, also before a failure, and nothing of them."""
    vectors = [{"vector_id": f"{SECRET}{n}", "embedding": [n], "metadata": {"t": SECRET}} for n in range(501)]
    event = event_of("put_vectors", vectors=vectors)

    assert invoke(event)["result"] == {"written": [[1, 501]]}
    assert metrics_of(capsys.readouterr().out)["Written"] == [501.0]
    fake_gateway.failure = errors.AccessDeniedError(f"not {SECRET}500")
    assert invoke(event)["error"]["written"] == [[1, 500]]
    assert metrics_of(capsys.readouterr().out)["Written"] == [500.0]
    assert [json.loads(line)["written"] for line in log.getvalue().splitlines()] == [501, 500]
    assert SECRET not in log.getvalue()


def test_metrics_are_published_per_operation(capsys: pytest.CaptureFixture[str]) -> None:
    """Latency, results, writes, attempts, throttles and cold starts come as EMF, by function and operation."""
    invoke(event_of("query_vectors"))

    metrics = metrics_of(capsys.readouterr().out)
    (definition,) = metrics["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "s3vl"
    assert {metric["Name"] for metric in definition["Metrics"]} == {
        "Latency",
        "Results",
        "Written",
        "Attempts",
        "Throttles",
        "ColdStart",
    }
    assert definition["Dimensions"] == [["function_name", "operation"]]
    assert (metrics["function_name"], metrics["operation"]) == ("s3vl-vector-query", "query_vectors")
    assert (metrics["Results"], metrics["Written"]) == ([1.0], [0.0])
    assert (metrics["Attempts"], metrics["Throttles"]) == ([3.0], [2.0])


def test_a_made_up_operation_gets_no_metrics_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Callers cannot create metrics, which cost money."""
    invoke({"protocol": 2, "operation": SECRET})

    assert metrics_of(capsys.readouterr().out)["operation"] == "unknown"


def test_metrics_that_fail_do_not_fail_the_invocation(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    """The answer is given, and the log tells what happened to the metrics."""

    def fail(**_: Any) -> None:
        raise OSError(SECRET)

    monkeypatch.setattr(observability, "EphemeralMetrics", fail)

    assert invoke(event_of("query_vectors"))["success"] is True
    warning = json.loads(log.getvalue().splitlines()[-1])
    assert (warning["message"], warning["exception_name"]) == ("metrics not published", "OSError")


def test_the_clock_of_the_budget_starts_at_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that reading the request takes is part of the budget."""
    ticks = iter([100.0, 101.5, 102.0])
    seen: list[float] = []
    monkeypatch.setattr(handler.time, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(handler, "Deadline", lambda moment: seen.append(moment) or FixedDeadline())

    answer = invoke(event_of("query_vectors", budget_ms=3_000))

    assert seen == [103.0]
    assert answer["execution_time_ms"] == 1_500


class FixedDeadline:
    """A deadline that does not come nearer."""

    def remaining(self) -> float:
        """Give one second."""
        return 1.0
