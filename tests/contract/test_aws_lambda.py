"""The local aws_lambda extension has the signatures, settings and error texts that Aurora documents."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.cloud import LocalCloud


@pytest.fixture
def connect(cloud: LocalCloud, database_names: Iterator[str]) -> Iterator[Callable[..., psycopg.Connection]]:
    """Open connections to a fresh database in which the master user created the extension."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name)
    opened: list[psycopg.Connection] = []

    def connect(user: str = "postgres") -> psycopg.Connection:
        opened.append(server.connect(user, name))
        return opened[-1]

    connect().execute("create extension aws_lambda cascade")
    yield connect
    for connection in opened:
        connection.close()
    server.drop_database(name)


@pytest.fixture
def connection(connect: Callable[..., psycopg.Connection]) -> psycopg.Connection:
    """Open one connection as the master user."""
    return connect()


def test_the_master_user_is_no_superuser(connection: psycopg.Connection) -> None:
    """What works here works for rds_superuser, who is less than a superuser."""
    row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()

    assert row == (False,)


@pytest.mark.parametrize("cast", ["json", "jsonb"])
@pytest.mark.parametrize("name", ["%(arn)s::text", "aws_commons.create_lambda_function_arn(%(arn)s)"])
def test_all_four_overloads_invoke(connection: psycopg.Connection, probe: str, cast: str, name: str) -> None:
    """Json and jsonb, a name and the structure of aws_commons: each answers a row of the documented columns."""
    cursor = connection.execute(
        f"select * from aws_lambda.invoke({name}, %(payload)s::{cast})", {"arn": probe, "payload": '{"a": 1}'}
    )

    assert [column.name for column in cursor.description or ()] == [
        "status_code",
        "payload",
        "executed_version",
        "log_result",
    ]
    row = cursor.fetchone()
    assert row is not None
    assert (row[0], row[1]["event"], row[2], row[3]) == (200, {"a": 1}, "$LATEST", None)


def test_an_uncast_payload_is_ambiguous(connection: psycopg.Connection) -> None:
    """As on Aurora, a literal needs ::json or ::jsonb."""
    with pytest.raises(psycopg.errors.AmbiguousFunction):
        connection.execute("select * from aws_lambda.invoke('probe', '{}')")


@pytest.mark.parametrize(
    ("arguments", "message", "detail"),
    [
        (
            ("probe", {"raise": "boom"}, {}),
            "lambda invocation failed",
            '"arn:aws:lambda:us-west-2:123456789012:function:probe" returned error "Unhandled", details: ',
        ),
        (("probe", {"sleep": 60}, {}), "lambda invocation failed", "Task timed out after 2.00 seconds"),
        (("nowhere", {}, {}), "invoke API failed", "AWS Lambda client returned 'ResourceNotFoundException"),
        (("probe", {}, {"invocation_type": "Later"}), "invoke API failed", "ValidationException"),
        (
            ("arn:aws:lambda:us-west-2:123456789012:function:probe", {}, {"region": "eu-west-1"}),
            "invoke API failed",
            "contradicts the function ARN",
        ),
        (("probe", {}, {"region": "us-west-99"}), "invoke API failed", "'Unable to connect to endpoint'"),
    ],
)
def test_errors_are_worded_as_documented(
    connection: psycopg.Connection,
    probe: str,
    arguments: tuple[str, Any, dict[str, str]],
    message: str,
    detail: str,
) -> None:
    """The message is one of two, and the story is in DETAIL."""
    name, payload, named = arguments
    more = "".join(f", {key} => '{value}'" for key, value in named.items())

    with pytest.raises(psycopg.Error) as error:
        connection.execute(
            f"select * from aws_lambda.invoke(%s, %s::json{more})", [name, json.dumps(payload)]
        )

    assert error.value.diag.message_primary == message
    assert detail in (error.value.diag.message_detail or "")
    assert probe.endswith(":probe")


def test_the_request_timeout_ends_the_wait(connection: psycopg.Connection, probe: str) -> None:
    """aws_lambda.request_timeout_ms bounds the call, though the function runs on; the next call works."""
    connection.execute("set aws_lambda.request_timeout_ms = 200")

    with pytest.raises(psycopg.Error) as error:
        connection.execute("select * from aws_lambda.invoke(%s, '{\"sleep\": 1}'::json)", [probe])

    assert error.value.diag.message_primary == "invoke API failed"
    assert error.value.diag.message_detail == "AWS Lambda client returned 'Unable to connect to endpoint'."
    connection.execute("set aws_lambda.request_timeout_ms = 10000")
    assert connection.execute(
        "select status_code from aws_lambda.invoke(%s, '{}'::json)", [probe]
    ).fetchone() == (200,)


def test_a_throttled_invoke_is_an_api_failure(
    connection: psycopg.Connection, probe: str, faults: Callable[..., None]
) -> None:
    """429 of the Invoke API arrives with its code in DETAIL."""
    faults(operation="Invoke", status=429, code="TooManyRequestsException", message="Rate Exceeded.")

    with pytest.raises(psycopg.Error) as error:
        connection.execute("select * from aws_lambda.invoke(%s, '{}'::json)", [probe])

    assert "TooManyRequestsException: Rate Exceeded." in (error.value.diag.message_detail or "")


def test_other_roles_start_without_access(
    cloud: LocalCloud, connect: Callable[..., psycopg.Connection], probe: str
) -> None:
    """Only rds_superuser can invoke, and can pass it on."""
    master = connect()
    cloud.postgres().create_login("lambda_caller")
    caller = connect("lambda_caller")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema aws_lambda"):
        caller.execute("select * from aws_lambda.invoke(%s, '{}'::json)", [probe])

    master.execute("grant usage on schema aws_lambda to lambda_caller")
    master.execute("grant execute on all functions in schema aws_lambda to lambda_caller")

    assert caller.execute(
        "select status_code from aws_lambda.invoke(%s, '{}'::json)", [probe]
    ).fetchone() == (200,)


def test_a_database_made_from_template0_has_it_too(
    cloud: LocalCloud, database_names: Iterator[str], probe: str
) -> None:
    """Nothing that the extension needs comes with a template."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name, "template0")
    with server.connect(database=name) as connection:
        connection.execute("create extension aws_lambda cascade")
        row = connection.execute(
            "select status_code from aws_lambda.invoke(%s, '{}'::json)", [probe]
        ).fetchone()
    server.drop_database(name)

    assert row == (200,)


def test_nobody_reaches_the_platforms_dblink(connection: psycopg.Connection) -> None:
    """The way out of the database is aws_lambda alone."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            "select * from aws_lambda_local.dblink('host=127.0.0.1', 'select 1') as t (a integer)"
        )


def test_a_cancelled_call_leaves_the_next_one_working(
    connect: Callable[..., psycopg.Connection], create_function: Callable[..., str], probe: str
) -> None:
    """Cancelling ends the call with 57014, and nothing of it is left in the session."""
    connection, other = connect(), connect()
    # It runs on, so that it is none that other tests want to find idle.
    sleeper = create_function("sleeper", Timeout=10)
    # In dblink, for the answer.
    waiting = "select wait_event_type = 'Extension' from pg_stat_activity where pid = %s"

    def cancel() -> None:
        limit = time.monotonic() + 60
        while other.execute(waiting, [connection.info.backend_pid]).fetchone() != (True,):
            assert time.monotonic() < limit
        connection.cancel_safe()

    with ThreadPoolExecutor() as pool:
        cancelled = pool.submit(cancel)
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select * from aws_lambda.invoke(%s, '{\"sleep\": 8}'::json)", [sleeper])
        cancelled.result()

    assert connection.execute(
        "select status_code from aws_lambda.invoke(%s, '{}'::json)", [probe]
    ).fetchone() == (200,)
