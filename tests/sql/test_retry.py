"""Calls that Lambda throttles are repeated within the time of the call; nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import LAMBDA_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

LIST: LiteralString = "select * from s3vl.list_vectors(index_name => 'docs')"
PUT: LiteralString = "select s3vl.put_vectors(array[('a', '{1,2,3,4,5}', null)::s3vl.vector_record], 'docs')"
ATTEMPTS = 8
THROTTLED = ["Rate Exceeded.", "TooManyRequestsException", "ConcurrentInvocationLimitExceeded: throttled"]


def throttle(stub: StubLambda, times: int, reason: str = THROTTLED[0], *, seconds: float = 0) -> None:
    """Let Lambda refuse calls for now."""
    for _ in range(times):
        stub.raises("invoke API failed", f"AWS Lambda client returned '{reason}'.", seconds=seconds)


@pytest.fixture
def impatient(db: Database, registered: StubLambda) -> StubLambda:
    """Wait no time between attempts."""
    text = db.value("select pg_get_functiondef('s3vl._wait_to_retry'::regproc)")
    assert "0.05" in text
    db.rows(text.replace("0.05", "0"))
    return registered


def test_throttled_call_is_repeated(db: Database, registered: StubLambda) -> None:
    """The caller gets the answer; each attempt has what time the ones before it have left."""
    throttle(registered, 2, seconds=0.1)
    registered.answers({"written": [[1, 1]]})

    assert db.value(PUT) == 1

    first, second, third = registered.requests
    assert first | {"budget_ms": 0} == second | {"budget_ms": 0} == third | {"budget_ms": 0}
    assert first["budget_ms"] >= second["budget_ms"] + 100 >= third["budget_ms"] + 200
    assert db.value("select pages from s3vl.last_call()") == 1


@pytest.mark.parametrize("reason", THROTTLED)
@pytest.mark.parametrize("errcode", ["P0001", "XX000"])
def test_lasting_throttling_is_an_error_with_the_number_of_attempts(
    db: Database, impatient: StubLambda, errcode: str, reason: str
) -> None:
    """After eight attempts it is S3V01, with the words of Lambda."""
    for _ in range(ATTEMPTS):
        impatient.raises("invoke API failed", f"AWS Lambda client returned '{reason}'.", errcode=errcode)

    error = db.error(LIST)

    assert (error.sqlstate, error.message_primary) == (
        "S3V01",
        f'Lambda throttled the call to function "{LAMBDA_ARN}"',
    )
    assert error.message_detail == (
        f"invoke API failed: AWS Lambda client returned '{reason}'. (attempts: {ATTEMPTS})"
    )
    assert "concurrency" in (error.message_hint or "")
    assert len(impatient.calls) == ATTEMPTS


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        ("invoke API failed", "AWS Lambda client returned 'Unable to connect to endpoint'."),
        ("lambda invocation failed", '"f" returned error "Unhandled", details: "TooManyRequestsException".'),
    ],
)
def test_call_that_may_have_run_is_not_repeated(
    db: Database, impatient: StubLambda, message: str, detail: str
) -> None:
    """Only Lambda's own refusal is sure to have run nothing; not that of something which the function called."""
    impatient.raises(message, detail)

    assert db.error(LIST).sqlstate == "S3V05"
    assert len(impatient.calls) == 1


def test_other_failure_after_throttling_is_told_as_it_is(db: Database, impatient: StubLambda) -> None:
    """The last attempt decides."""
    throttle(impatient, 1)
    impatient.raises("invoke API failed", "AWS Lambda client returned 'AccessDenied'.")

    error = db.error(LIST)

    assert error.sqlstate == "S3V02"
    assert error.message_detail == "invoke API failed: AWS Lambda client returned 'AccessDenied'."


def test_waiting_keeps_to_the_time_of_the_call(db: Database, registered: StubLambda) -> None:
    """When the next attempt would have no time, throttling is the error, and not the time."""
    db.rows("update s3vl.config set timeout_seconds = 1")
    throttle(registered, ATTEMPTS, seconds=0.3)

    error = db.error(LIST)

    assert error.sqlstate == "S3V01"
    assert 2 <= len(registered.calls) <= 4
    assert (error.message_detail or "").endswith(f"(attempts: {len(registered.calls)})")


@pytest.mark.parametrize(
    ("attempts", "seconds_left", "again"),
    [(1, 60, True), (8, 60, False), (1, 0.1, False), (1, 0, False), (1, -1, False)],
)
def test_another_attempt_needs_attempts_and_time_left(
    db: Database, attempts: int, seconds_left: float, again: bool
) -> None:
    """Eight attempts are all there are, and none begins without time."""
    assert again is db.value(
        "select s3vl._wait_to_retry(%(attempts)s, clock_timestamp() + make_interval(secs => %(seconds)s))",
        attempts=attempts,
        seconds=seconds_left,
    )


def test_waiting_can_be_cancelled(db: Database, registered: StubLambda) -> None:
    """The wait for another attempt ends, and none is made."""
    text = db.value("select pg_get_functiondef('s3vl._wait_to_retry'::regproc)")
    db.rows(text.replace("pg_sleep(_seconds)", "pg_cancel_backend(pg_backend_pid()), pg_sleep(60)"))
    throttle(registered, 2)

    error = db.error(LIST)

    assert error.sqlstate == "57014"
    assert len(registered.calls) == 1
