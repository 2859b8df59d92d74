"""The one door to Lambda: the call itself, its time, and answers in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import LAMBDA_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

LIST: LiteralString = "select * from s3vl.list_vectors(index_name => 'docs')"
SETTING: LiteralString = "select current_setting('aws_lambda.request_timeout_ms', true)"
EMPTY: dict[str, Any] = {"vectors": []}


def timeouts(stub: StubLambda) -> list[int]:
    """Return aws_lambda.request_timeout_ms as it was in force for each call."""
    return [int(call["request_timeout_ms"]) for call in stub.calls]


def test_calls_the_configured_function_and_leaves_the_rest_to_the_defaults(
    db: Database, registered: StubLambda
) -> None:
    """The ARN says function, region and qualifier; the call is synchronous and asks for no log."""
    registered.answers(EMPTY)

    db.rows(LIST)

    [call] = registered.calls
    del call["payload"], call["request_timeout_ms"]
    assert call == {
        "function_name": LAMBDA_ARN,
        "region": None,
        "invocation_type": "RequestResponse",
        "log_type": "None",
        "context": None,
        "qualifier": None,
    }


@pytest.mark.parametrize(
    ("timeout_seconds", "budget_ms"), [(1, 800), (4, 3200), (5, 4000), (30, 29_000), (900, 899_000)]
)
def test_timeout_is_set_for_the_call_and_the_budget_leaves_time_for_the_way_back(
    db: Database, registered: StubLambda, timeout_seconds: int, budget_ms: int
) -> None:
    """The function gets the whole limit but one second, and of a short limit four fifths."""
    db.rows("update s3vl.config set timeout_seconds = %(seconds)s", seconds=timeout_seconds)
    registered.answers(EMPTY)

    spent_ms = db.milliseconds(LIST)

    [timeout_ms] = timeouts(registered)
    assert 0 <= timeout_seconds * 1000 - timeout_ms <= spent_ms
    assert 0 <= budget_ms - registered.requests[0]["budget_ms"] <= spent_ms


def test_parts_share_one_limit(db: Database, registered: StubLambda) -> None:
    """Each part has what the parts before it have left, in its timeout and in its budget."""
    registered.answers(EMPTY, seconds=0.5, continuation={"part": 2})
    registered.answers(EMPTY, seconds=0.5, continuation={"part": 3})
    registered.answers(EMPTY)

    spent_ms = db.milliseconds(LIST)

    first, second, third = timeouts(registered)
    assert 30_000 >= first >= second + 500 >= third + 1_000 >= 31_000 - spent_ms
    assert [request["budget_ms"] + 1_000 for request in registered.requests] == [first, second, third]


def test_continuation_is_sent_back_as_it_came_with_the_same_request(
    db: Database, registered: StubLambda
) -> None:
    """Each part asks the same question with the continuation of the part before."""
    registered.answers(EMPTY, continuation={"token": "a", "n": None})
    registered.answers(EMPTY, continuation=["b"])
    registered.answers(EMPTY, continuation=None)

    db.rows(LIST)

    first, second, third = registered.requests
    assert "continuation" not in first
    assert second == {**first, "budget_ms": second["budget_ms"], "continuation": {"token": "a", "n": None}}
    assert third == {**first, "budget_ms": third["budget_ms"], "continuation": ["b"]}


def test_time_that_runs_out_between_parts_is_an_error(db: Database, registered: StubLambda) -> None:
    """What has come so far is not returned as if it were all."""
    db.rows("update s3vl.config set timeout_seconds = 1")
    registered.answers(EMPTY, seconds=1.1, continuation={"part": 2})

    error = db.error(LIST)

    assert error.sqlstate == "S3V05"
    assert error.message_primary == "the time ran out before the call was complete"
    assert (error.message_hint or "").startswith("Do less at a time, or give more time")


@pytest.mark.parametrize(
    ("before", "after"), [(None, "3000"), ("", "3000"), ("7000", "7000")], ids=["unset", "empty", "set"]
)
def test_timeout_setting_is_put_back_after_the_call(
    db: Database, registered: StubLambda, before: str | None, after: str
) -> None:
    """Other users of aws_lambda find the setting as it was; where it was not set, its default."""
    if before is not None:
        db.rows("select set_config('aws_lambda.request_timeout_ms', %(before)s, true)", before=before)
    registered.answers(EMPTY)

    spent_ms = db.milliseconds(LIST)

    [timeout_ms] = timeouts(registered)
    assert 0 <= 30_000 - timeout_ms <= spent_ms
    assert db.value(SETTING) == after


def test_timeout_setting_is_put_back_after_an_error(db: Database, registered: StubLambda) -> None:
    """An error of the call leaves no trace in the setting."""
    db.rows("set local aws_lambda.request_timeout_ms = 7000")
    registered.raises("invoke API failed", "AWS Lambda client returned 'Unable to connect to endpoint'.")

    db.error(LIST)

    assert db.value(SETTING) == "7000"


def test_timeout_setting_is_put_back_when_the_error_is_caught(db: Database, registered: StubLambda) -> None:
    """validate_config turns the error into a row, and the setting is as before."""
    db.rows("set local aws_lambda.request_timeout_ms = 7000")
    registered.raises("invoke API failed", "AWS Lambda client returned 'Unable to connect to endpoint'.")

    db.rows("select * from s3vl.validate_config()")

    assert db.value(SETTING) == "7000"


@pytest.mark.parametrize(
    ("setting", "refusal", "limit_ms"),
    [
        ("deadlock_timeout", "42501", 1000),
        ("authentication_timeout", "55P02", 60_000),
        ("max_connections", "55P02", 200),
    ],
)
def test_setting_that_may_not_be_changed_bounds_the_budget(
    db: Database, registered: StubLambda, setting: LiteralString, refusal: str, limit_ms: int
) -> None:
    """Where Aurora does not let us change the timeout, the one in force counts, in whatever unit it is shown.

    PostgreSQL's own settings play the part: one for superusers, shown as 1s, one for the configuration
    file, shown as 1min, and one for the start of the server, shown as a bare number.
    """
    db.rows("update s3vl.config set timeout_seconds = 900")
    assert db.error("select set_config('" + setting + "', '900000', true)").sqlstate == refusal
    for function in ("s3vl._set_request_timeout(text)", "s3vl._request_timeout()"):
        text = db.value("select pg_get_functiondef(%(name)s::regprocedure)", name=function)
        db.rows(text.replace("aws_lambda.request_timeout_ms", setting))
    before = db.value("select current_setting(%(name)s)", name=setting)
    registered.answers(EMPTY)

    db.rows(LIST)

    assert registered.requests[0]["budget_ms"] == limit_ms - min(1000, limit_ms // 5)
    assert db.value("select current_setting(%(name)s)", name=setting) == before


def test_a_cancelled_call_passes_untouched(db: Database, registered: StubLambda) -> None:
    """A cancelled query is a cancelled query, not a failure of Lambda; the next one works."""
    registered.is_cancelled()
    registered.answers(EMPTY)

    error = db.error(LIST)

    assert error.sqlstate == "57014"
    assert db.rows(LIST) == []


def test_reading_works_in_a_read_only_transaction(db: Database, registered: StubLambda) -> None:
    """Searching, getting and listing need no write."""
    for _ in range(3):
        registered.answers({"distance_metric": "cosine", "vectors": [{"vector_id": "a", "distance": 0}]})
    db.rows("set transaction read only")

    uses: list[LiteralString] = [
        "select vector_id from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'docs')",
        "select vector_id from s3vl.get_vectors(array['a'], 'docs', include_vector_data => false)",
        "select vector_id from s3vl.list_vectors(index_name => 'docs')",
    ]
    assert [db.value(use) for use in uses] == ["a", "a", "a"]
