"""Whatever can go wrong has its own SQLSTATE, a message with the value, and a hint that says what to do."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from fixtures_cloud import INDEX_NAME, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.cloud import LocalCloud

QUERY = f"select * from s3vl.query_vectors(array[0.1, 0.2, 0.3, 0.4, 0.5], '{INDEX_NAME}'"
GET = f"select * from s3vl.get_vectors(%(ids)s::text[], '{INDEX_NAME}')"
LARGEST_ID = "x" * 1_024

# statement, parameters, SQLSTATE, what the message says, what the hint says
ARGUMENTS: dict[str, tuple[str, dict[str, Any], str, str, str]] = {
    "unknown index name": (
        "select * from s3vl.query_vectors(array[1.0], 'nowhere')", {}, "42704", '"nowhere"', "register_index"),
    "both index_name and index_arn": (
        QUERY + ", index_arn => 'arn:aws:s3vectors:us-west-2:123456789012:bucket/b/index/i')",
        {}, "22023", "index_name .* index_arn", "Pass one"),
    "neither index_name nor index_arn": (
        "select * from s3vl.query_vectors(array[1.0])",
        {}, "22023", "neither index_name nor index_arn", "Pass one"),
    "malformed ARN": (
        "select * from s3vl.query_vectors(array[1.0], index_arn => 'arn:aws:s3:::bucket')",
        {}, "22023", "arn:aws:s3:::bucket", "arn:"),
    "wrong dimension": (
        f"select * from s3vl.query_vectors(array[1.0, 2.0], '{INDEX_NAME}')",
        {}, "22023", "2 numbers.* 5 dimensions", "model"),
    "empty vector": (
        f"select * from s3vl.query_vectors(array[]::float8[], '{INDEX_NAME}')",
        {}, "22023", "query_vector is empty", r"array\["),
    "null vector": (
        f"select * from s3vl.query_vectors(null::float8[], '{INDEX_NAME}')",
        {}, "22023", "query_vector is null", r"array\["),
    "null component": (
        f"select * from s3vl.query_vectors(array[1, null, 1, 1, 1]::float8[], '{INDEX_NAME}')",
        {}, "22023", r"query_vector\[2\] is null", "finite"),
    "two-dimensional vector": (
        f"select * from s3vl.query_vectors(array[[1.0, 2.0], [3.0, 4.0]], '{INDEX_NAME}')",
        {}, "22023", r"one-dimensional, got \[1:2\]\[1:2\]", "batch"),
    "NaN": (
        f"select * from s3vl.query_vectors(array[1, 1, 'NaN', 1, 1]::float8[], '{INDEX_NAME}')",
        {}, "22023", r"query_vector\[3\] is NaN", "finite"),
    "infinite": (
        f"select * from s3vl.query_vectors(array[1, 1, 1, '-Infinity', 1]::float8[], '{INDEX_NAME}')",
        {}, "22023", r"query_vector\[4\] is -Infinity", "finite"),
    "all-zero vector": (
        f"select * from s3vl.query_vectors(array[0, 0, 0, 0, 0]::float8[], '{INDEX_NAME}')",
        {}, "22023", "query_vector is zero in every dimension", "Cosine"),
    "top_k 0": (QUERY + ", top_k => 0)", {}, "22023", "got 0", "top_k"),
    "top_k -1": (QUERY + ", top_k => -1)", {}, "22023", "got -1", "top_k"),
    "top_k 10,001": (QUERY + ", top_k => 10001)", {}, "22023", "top_k .* 10000, got 10001", "top_k"),
    "top_k null": (QUERY + ", top_k => null)", {}, "22023", "null", "top_k"),
    "bad filter operator": (
        QUERY + """, metadata_filter => '{"price": {"$about": 5}}')""",
        {}, "22023", r"price\.\$about is not an operator", r"\$eq"),
    "no list of ids": (GET, {"ids": None}, "22023", "vector_ids is null", r"array\["),
    "an id of 1,025 characters": (GET, {"ids": [LARGEST_ID + "x"]}, "22023", "1025 characters", "1,024"),
}  # fmt: skip


def failure(
    connection: psycopg.Connection, statement: str, parameters: dict[str, Any] | None = None
) -> psycopg.Error:
    """Run a statement that must fail, and return its error."""
    with pytest.raises(psycopg.Error) as error:
        connection.execute(statement, parameters).fetchall()
    return error.value


def assert_error(error: psycopg.Error, sqlstate: str, message: str, hint: str) -> None:
    """Compare SQLSTATE, and search message (with detail) and hint for what they must say."""
    assert error.sqlstate == sqlstate, error
    assert re.search(message, f"{error.diag.message_primary} {error.diag.message_detail}"), error
    assert re.search(hint, error.diag.message_hint or ""), error


@pytest.mark.parametrize("case", ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_a_wrong_argument_is_named(
    connection: psycopg.Connection, case: tuple[str, dict[str, Any], str, str, str]
) -> None:
    """Each wrong argument is refused with its name, its value and what to type instead."""
    statement, parameters, sqlstate, message, hint = case

    assert_error(failure(connection, statement, parameters), sqlstate, message, hint)


def test_an_id_of_1024_characters_is_no_error(connection: psycopg.Connection) -> None:
    """The longest id that the service allows is looked up."""
    row = connection.execute(
        f"select found from s3vl.get_vectors(%s, '{INDEX_NAME}')", [[LARGEST_ID]]
    ).fetchone()

    assert row == (False,)


def test_an_inactive_index_is_refused(connection: psycopg.Connection) -> None:
    """A deactivated index answers 55000 and says how to activate it."""
    connection.execute("select s3vl.deactivate_index(%s)", [INDEX_NAME])

    assert_error(failure(connection, QUERY + ")"), "55000", INDEX_NAME, "activate_index")


@pytest.fixture
def bare(
    cloud: LocalCloud, install: Callable[[str], None], database_names: Iterator[str]
) -> Iterator[psycopg.Connection]:
    """Open a database with s3vl and without aws_lambda, not configured."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name)
    install(name)
    with server.connect(database=name) as connection:
        connection.execute("drop extension if exists aws_lambda")
        yield connection
    server.drop_database(name)


def test_not_configured(bare: psycopg.Connection, stack: Stack) -> None:
    """Before configure, a query says so."""
    bare.execute("select s3vl.register_index('test', %s)", [stack.index_arn])

    error = failure(bare, "select * from s3vl.list_vectors(%(arn)s)", {"arn": stack.index_arn})

    assert_error(error, "55000", "not configured", r"s3vl\.configure")


def test_the_extension_is_missing(bare: psycopg.Connection, stack: Stack) -> None:
    """Without aws_lambda the error says what to create; configure warns and keeps what it was told."""
    notices: list[str | None] = []
    bare.add_notice_handler(lambda notice: notices.append(notice.severity))
    bare.execute("select s3vl.configure(%s)", [stack.lambda_arn])
    bare.execute("select s3vl.register_index('test', %s)", [stack.index_arn])

    error = failure(bare, "select * from s3vl.list_vectors(%(arn)s)", {"arn": stack.index_arn})

    assert_error(error, "55000", "aws_lambda", "(?i)create extension .*aws_lambda cascade")
    assert "WARNING" in notices


def test_the_lambda_is_missing(connection: psycopg.Connection) -> None:
    """A function that does not exist is named."""
    arn = "arn:aws:lambda:us-west-2:123456789012:function:nowhere"
    connection.execute("select s3vl.configure(%s)", [arn])

    assert_error(failure(connection, QUERY + ")"), "S3V05", "nowhere.* does not exist", "configure")


def test_the_function_is_still_the_placeholder(
    connection: psycopg.Connection, deploy: Callable[..., Stack]
) -> None:
    """A stack whose code was never uploaded is an error, not an empty index."""
    placeholder = deploy("placeholder")
    connection.execute("select s3vl.configure(%s)", [placeholder.lambda_arn])

    assert_error(failure(connection, QUERY + ")"), "55000", "placeholder", "update-function-code")


def test_the_lambda_raises(connection: psycopg.Connection, create_function: Callable[..., str]) -> None:
    """What a function raises arrives as S3V05, with its error in the detail."""
    arn = create_function("raising", "def lambda_handler(event, context): raise ValueError('boom')")
    connection.execute("select s3vl.configure(%s)", [arn])

    assert_error(failure(connection, QUERY + ")"), "S3V05", "boom", "log")


def test_the_lambda_times_out(connection: psycopg.Connection, create_function: Callable[..., str]) -> None:
    """A function that runs into its own timeout is told from one that raises."""
    code = "import time\ndef lambda_handler(event, context): time.sleep(60)"
    connection.execute("select s3vl.configure(%s)", [create_function("sleeping", code, Timeout=1)])

    assert_error(failure(connection, QUERY + ")"), "S3V05", "timed out", "(?i)timeout")


def test_nothing_answers_in_time(connection: psycopg.Connection, create_function: Callable[..., str]) -> None:
    """timeout_seconds ends a call that the function would go on with."""
    code = "import time\ndef lambda_handler(event, context): time.sleep(5)"
    connection.execute(
        "select s3vl.configure(%s, timeout_seconds => 1)", [create_function("slow", code, Timeout=10)]
    )

    assert_error(
        failure(connection, QUERY + ")"), "S3V05", '"arn:.*:slow" did not answer in time', "timeout_seconds"
    )


@pytest.mark.parametrize(
    ("number", "answer"),
    enumerate(["{}", "null", "[]", '{"statusCode": 200}', '{"success": "yes"}', '{"success": true}']),
)
def test_an_answer_that_is_none_of_ours(
    connection: psycopg.Connection, create_function: Callable[..., str], number: int, answer: str
) -> None:
    """A function that answers something else is an error, never zero rows."""
    code = f"def lambda_handler(event, context): return {answer!r}.encode()"
    connection.execute("select s3vl.configure(%s)", [create_function(f"foreign-{number}", code)])

    assert_error(
        failure(connection, QUERY + ")"), "S3V04", re.escape(f"It began: {answer}"), r"s3vl\.get_config\(\)"
    )


@pytest.mark.parametrize(
    "call",
    [
        "s3vl.query_vectors(array[1.0], index_arn => %(arn)s)",
        "s3vl.get_vectors(array['a'], index_arn => %(arn)s)",
        "s3vl.list_vectors(%(arn)s)",
    ],
)
def test_an_index_unknown_at_the_service(connection: psycopg.Connection, stack: Stack, call: str) -> None:
    """An ARN that leads nowhere is S3V06, with the ARN."""
    arn = stack.index_arn.rsplit("/", 1)[0] + "/nowhere"
    connection.execute("select s3vl.register_index('nowhere', %s)", [arn])

    assert_error(
        failure(connection, f"select * from {call}", {"arn": arn}), "S3V06", re.escape(arn), "list-indexes"
    )


@pytest.mark.parametrize(
    ("status", "code", "sqlstate", "hint"),
    [
        (429, "TooManyRequestsException", "S3V01", "again"),
        (403, "AccessDeniedException", "S3V02", "IAM role"),
        (503, "ServiceUnavailableException", "S3V03", "again"),
        (500, "InternalServerException", "S3V03", "again"),
    ],
)
def test_what_the_service_says_has_its_sqlstate(
    connection: psycopg.Connection,
    stack: Stack,
    faults: Callable[..., None],
    status: int,
    code: str,
    sqlstate: str,
    hint: str,
) -> None:
    """Throttling and failures that outlast the retries, and refusals, are told apart."""
    connection.execute("select s3vl.configure(%s, timeout_seconds => 5)", [stack.lambda_arn])
    faults(operation="QueryVectors", status=status, code=code, message="says the test")

    assert_error(failure(connection, QUERY + ")"), sqlstate, "says the test", hint)


def test_a_throttled_function_is_throttling(
    connection: psycopg.Connection, faults: Callable[..., None]
) -> None:
    """Lambda's own 429 that outlasts the time for attempts is the same SQLSTATE as that of S3 Vectors."""
    connection.execute("select s3vl.configure(lambda_arn, timeout_seconds => 2) from s3vl.get_config()")
    faults(operation="Invoke", status=429, code="TooManyRequestsException", message="Rate Exceeded.")
    started = time.monotonic()

    error = failure(connection, QUERY + ")")

    assert time.monotonic() - started <= 2
    assert_error(error, "S3V01", r"Rate Exceeded.*\(attempts: [2-8]\)", "(?i)again|concurrency")


def test_a_function_that_is_throttled_for_a_moment_answers(
    connection: psycopg.Connection, faults: Callable[..., None]
) -> None:
    """A call that Lambda did not run is tried again, a writing one too."""
    faults(operation="Invoke", status=429, code="TooManyRequestsException", message="Rate Exceeded.", times=2)

    assert len(connection.execute(QUERY + ", top_k => 3)").fetchall()) == 3

    faults(operation="Invoke", status=429, code="TooManyRequestsException", message="Rate Exceeded.", times=1)
    assert connection.execute(
        f"select s3vl.delete_vectors(array['never written'], '{INDEX_NAME}')"
    ).fetchone() == (1,)


# As deep as the function takes, what the function refuses, what SQL refuses, and what no JSON parser of Python takes.
@pytest.mark.parametrize(
    ("levels", "said"),
    [(100, None), (101, "nested more than 100 levels deep"), (102, "nested more than 100 levels deep"),
     (2_000, "nested more than 100 levels deep")],
)  # fmt: skip
def test_a_filter_is_nested_a_hundred_levels_deep_at_most(
    connection: psycopg.Connection, levels: int, said: str | None
) -> None:
    """However deep a filter is, it is searched with or refused as an argument."""
    nested = '{"$and": [' * (levels - 1) + '{"category": "test"}' + "]}" * (levels - 1)
    statement = QUERY + ", metadata_filter => %(filter)s::jsonb)"

    if said is None:
        connection.execute(statement, {"filter": nested})
    else:
        assert_error(failure(connection, statement, {"filter": nested}), "22023", said, r"\$and")


def test_a_stack_that_manages_no_indexes_says_which_parameter_does(connection: psycopg.Connection) -> None:
    """As the stack is by default, an index is created nowhere; a bucket that is not there is S3V06."""
    create = "select s3vl.create_index('tenant-a', 3{})"

    assert_error(
        failure(connection, create.format("")), "55000", "may not create indexes", "ManageIndexes to true"
    )
    nowhere = failure(connection, create.format(", vector_bucket => 'no-such-bucket'"))
    assert_error(nowhere, "S3V06", "does not have the vector bucket: The specified", "list-vector-buckets")


def test_a_forbidden_function_is_access_denied(
    connection: psycopg.Connection, faults: Callable[..., None]
) -> None:
    """A cluster role that may not invoke the function is S3V02."""
    message = "User is not authorized to perform: lambda:InvokeFunction"
    faults(operation="Invoke", status=403, code="AccessDeniedException", message=message)

    assert_error(failure(connection, QUERY + ")"), "S3V02", "not authorized", "role")
