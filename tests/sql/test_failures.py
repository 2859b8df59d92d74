"""Everything that can go wrong on the way to S3 Vectors and back: SQLSTATE, message, detail, hint."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import INDEX_ARN, LAMBDA_ARN, ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

QUERY: LiteralString = "select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'docs')"
CALLS: list[LiteralString] = [
    QUERY,
    "select * from s3vl.query_vectors_batch(array[array[1, 2, 3, 4, 5]], 'docs')",
    """select * from s3vl.query_hybrid('{"title": "a"}', index_name => 'docs')""",
    "select * from s3vl.get_vectors(array['a'], 'docs')",
    "select * from s3vl.list_vectors(index_name => 'docs')",
    "select s3vl.put_vectors(array[('a', '{1,2,3,4,5}', null)::s3vl.vector_record], 'docs')",
    "select s3vl.delete_vectors(array['a'], 'docs')",
    "select * from s3vl.describe_index('docs')",
    "select s3vl.create_index('new', 5)",
    "select s3vl.drop_index('docs')",
]
LOG = "aws logs filter-log-events --log-group-name /aws/lambda/s3vl-vector-query"
LIST = "aws s3vectors list-indexes --vector-bucket-name s3vl-vectors --region us-west-2"
ATTACH = "aws rds add-role-to-db-cluster --db-cluster-identifier <cluster> --role-arn <role ARN> --feature-name Lambda"
CLIENT = "AWS Lambda client returned '{}'."
UNHANDLED = f'"{LAMBDA_ARN}" returned error "Unhandled", details: "{{}}".'


def assert_short(context: str | None) -> None:
    """Compare CONTEXT, the statements on the way to an error, with what is read at a glance: no source of ours."""
    lines = (context or "").splitlines()
    assert 1 <= len(lines) <= 11, context
    assert max(len(line) for line in lines) <= 150, context


# What aws_lambda raises: message, DETAIL; then SQLSTATE, message, a part of the hint
CALL_FAILURES = [
    ("lambda invocation failed", UNHANDLED.format('{\\"errorType\\": \\"KeyError\\"}'),
        "S3V05", f'Lambda function "{LAMBDA_ARN}" failed', LOG),
    ("lambda invocation failed", UNHANDLED.format("RequestId: 1 Error: Task timed out after 10.00 seconds"),
        "S3V05", f'Lambda function "{LAMBDA_ARN}" timed out', "raise LambdaTimeout"),
    ("lambda invocation failed", UNHANDLED.format('{"errorType":"Sandbox.Timedout"}'),
        "S3V05", f'Lambda function "{LAMBDA_ARN}" timed out', "raise LambdaTimeout"),
    ("lambda invocation failed", UNHANDLED.format("Response payload size exceeded maximum allowed payload size"),
        "S3V04", f'a request to Lambda function "{LAMBDA_ARN}" or its answer is over the limit of 6 MB',
        "Request less"),
    ("invoke API failed", CLIENT.format("Unable to connect to endpoint"),
        "S3V05", f'Lambda function "{LAMBDA_ARN}" could not be called', "NAT gateway or VPC endpoint"),
    ("invoke API failed", CLIENT.format("curlCode: 28, Timeout was reached"),
        "S3V05", f'Lambda function "{LAMBDA_ARN}" did not answer in time', "timeout_seconds => 60"),
    ("invoke API failed",
        CLIENT.format("User: x is not authorized to perform: lambda:InvokeFunction on resource: y"),
        "S3V02", f'the database may not call Lambda function "{LAMBDA_ARN}"', ATTACH),
    ("invoke API failed", CLIENT.format(f"Function not found: {LAMBDA_ARN}"),
        "S3V05", f'Lambda function "{LAMBDA_ARN}" does not exist', "select s3vl.configure('<Lambda ARN>')"),
    ("region does not fit the ARN", "",
        "S3V05", f'the call to Lambda function "{LAMBDA_ARN}" failed', "the ARN in s3vl.get_config()"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "detail", "sqlstate", "said", "hint"), CALL_FAILURES)
@pytest.mark.parametrize("errcode", ["P0001", "XX000"])
def test_error_of_aws_lambda_is_known_by_its_words(
    db: Database,
    registered: StubLambda,
    errcode: str,
    message: str,
    detail: str,
    sqlstate: str,
    said: str,
    hint: str,
) -> None:
    """Whatever SQLSTATE aws_lambda has, its message and DETAIL say what happened, and are kept."""
    registered.raises(message, detail, errcode=errcode)

    error = db.error(QUERY)

    assert (error.sqlstate, error.message_primary) == (sqlstate, said)
    assert error.message_detail == (f"{message}: {detail}" if detail else message)
    assert hint in (error.message_hint or "")
    assert_short(error.context)


# Names of functions, each of which is a word that an error of AWS is known by; 64 characters at most
NAMES = [
    "throttled-search",
    "TooManyRequestsException",
    "RateExceeded",
    "EntityTooLarge-fn",
    "timeout-fn",
    "not-authorized",
    "AccessDenied",
    "function-not-found",
    "ResourceNotFoundException",
    "Sandbox-Timedout",
    "payload-size",
]
# DETAIL of "invoke API failed" with a place for the name; then SQLSTATE, a part of the message
NOT_RUN = [
    (("AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/{name}/x is not authorized to perform:"
        " lambda:InvokeFunction on resource: {arn} because no identity-based policy allows the action"),
        "S3V02", "the database may not call"),
    (("User: arn:aws:sts::123456789012:assumed-role/{name}/x is not authorized to perform:"
        " lambda:InvokeFunction on resource: {arn}"), "S3V02", "the database may not call"),
    ("ResourceNotFoundException: Function not found: {arn}", "S3V05", "does not exist"),
    ("Function not found: {arn}", "S3V05", "does not exist"),
    ("TooManyRequestsException: Rate Exceeded.", "S3V01", "Lambda throttled the call"),
    ("Unable to parse ExceptionName: TooManyRequestsException Message: Rate Exceeded.",
        "S3V01", "Lambda throttled the call"),
    ("EC2ThrottledException: Lambda was throttled by Amazon EC2", "S3V01", "Lambda throttled the call"),
    ("RequestTooLargeException: Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        "S3V04", "over the limit of 6 MB"),
    ("Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        "S3V04", "over the limit of 6 MB"),
    ("curlCode: 28, Timeout was reached", "S3V05", "did not answer in time"),
    ("ResourceConflictException: The operation cannot be performed at this time. {arn} is in state Pending",
        "S3V05", "could not be called"),
    ("KMSAccessDeniedException: Lambda was unable to decrypt the variables of {arn}", "S3V05", "could not be called"),
    ("Unable to connect to endpoint https://lambda.us-west-2.amazonaws.com/2015-03-31/functions/{name}/invocations",
        "S3V05", "could not be called"),
]  # fmt: skip
# What the function's own code may say, and it may say anything
RAN = [
    ('{{"errorMessage": "no {name}: Task timed out after 3.00 seconds", "errorType": "KeyError"}}', "S3V05", "failed"),
    ('{{\\"errorMessage\\": \\"payload size of {name}, EntityTooLarge\\"}}', "S3V05", "failed"),
    ('{{"errorMessage": "x, \\"errorType\\": \\"Sandbox.Timedout\\"", "errorType": "KeyError"}}', "S3V05", "failed"),
    ('{{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1-2 Error: Task timed out after 3.00 seconds"}}',
        "S3V05", "timed out"),
    ('{{"errorMessage":"2026-11-28T10:00:00.000Z 1-2 Task timed out after 3.00 seconds"}}', "S3V05", "timed out"),
    (('{{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed'
        ' payload size (6291556 bytes)."}}'), "S3V04", "over the limit of 6 MB"),
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_words_in_a_name_do_not_say_what_happened(db: Database, registered: StubLambda, name: str) -> None:
    """The names of the function and of roles stand in AWS's texts, and may be those of other errors."""
    arn = LAMBDA_ARN.replace("s3vl-vector-query", name)
    db.rows("update s3vl.config set lambda_arn = %(arn)s", arn=arn)
    text = db.value("select pg_get_functiondef('s3vl._wait_to_retry'::regproc)")
    db.rows(text.replace(">= 8", ">= 1"))
    failures = [("invoke API failed", CLIENT.format(said), *what) for said, *what in NOT_RUN]
    failures += [
        ("lambda invocation failed", '"{arn}" returned error "Unhandled", details: "' + said + '".', *what)
        for said, *what in RAN
    ]

    for message, detail, sqlstate, said in failures:
        registered.raises(message, detail.format(arn=arn, name=name))

        error = db.error(QUERY)

        assert (error.sqlstate, said in (error.message_primary or "")) == (sqlstate, True), (
            detail,
            error.message_primary,
        )


@pytest.mark.parametrize("word", ["token", "Invalid page token", "filter", "Invalid filter", "explicit deny"])
def test_words_in_a_value_do_not_say_what_was_refused(
    db: Database, registered: StubLambda, word: str
) -> None:
    """What the function says about an argument may hold any value: the place that it names counts."""
    registered.answers_failure(
        "invalid_request",
        f"query_mode must not be about {word}",
        fields=[{"path": "query_mode", "message": f"must not be about {word}"}],
    )
    registered.answers_failure("invalid_request", f"segment_index is no {word}", fields=[])
    registered.answers_failure(
        "access_denied",
        "User: arn:aws:sts::123456789012:assumed-role/PutVectors/x is not authorized to perform: s3vectors:QueryVectors"
        f" on resource: {INDEX_ARN} with an {word} in an identity-based policy",
    )
    filtered = QUERY.replace(")", """, metadata_filter => '{"n": 1}')""")

    query = db.error(filtered)
    listed = db.error("select * from s3vl.list_vectors(index_name => 'docs', next_token => 'old')")
    denied = db.error(filtered)

    assert (query.message_primary or "").startswith("the request was refused: query_mode")
    assert (listed.message_primary or "").startswith("the request was refused: segment_index")
    assert (denied.message_hint or "").startswith("Allow the operation on this index")


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("filter", "the metadata_filter was refused"),
        ("metadata_filter.n.$like", "the metadata_filter was refused"),
        ("metadata_filter", "the metadata_filter was refused"),
        ("/filter", "the metadata_filter was refused"),
        ("filterable", "the request was refused"),
        ("topK", "the request was refused"),
    ],
)
def test_place_says_what_was_refused(db: Database, registered: StubLambda, path: str, what: str) -> None:
    """A field has our name or that of the service, whatever its text is."""
    registered.answers_failure("invalid_request", "no", fields=[{"path": path, "message": "no"}])

    error = db.error(QUERY.replace(")", """, metadata_filter => '{"n": 1}')"""))

    assert error.message_primary == f"{what}: no"


def test_refusal_that_took_all_the_time_is_called_a_timeout(db: Database, registered: StubLambda) -> None:
    """The AWS client may say "Unable to connect" for a timeout too: the clock tells them apart."""
    db.rows("update s3vl.config set timeout_seconds = 1")
    registered.raises("invoke API failed", CLIENT.format("Unable to connect to endpoint"), seconds=1.1)

    error = db.error(QUERY)

    assert error.message_primary == f'Lambda function "{LAMBDA_ARN}" did not answer in time'


@pytest.mark.parametrize("sqlstate", ["40001", "53200", "55P03"])
def test_error_of_postgresql_itself_passes_untouched(
    db: Database, registered: StubLambda, sqlstate: str
) -> None:
    """What is no failure of the call keeps its SQLSTATE and its message."""
    registered.raises("PostgreSQL has a problem", errcode=sqlstate)

    error = db.error(QUERY)

    assert (error.sqlstate, error.message_primary) == (sqlstate, "PostgreSQL has a problem")


# What the Lambda function answers: code; then SQLSTATE, beginning of the message, a part of the hint
ANSWERED_FAILURES = [
    ("invalid_request", "22023", "the request was refused", "Correct the argument"),
    ("unsupported_operation", "55000", "the Lambda function does not match this schema", "code of s3vl 1.1.0"),
    ("unsupported_protocol", "55000", "the Lambda function does not match this schema", "code of s3vl 1.1.0"),
    ("placeholder_code", "55000", "the Lambda function still has its placeholder code",
        "./package.sh, then aws lambda update-function-code --function-name s3vl-vector-query "),
    ("throttled", "S3V01", "S3 Vectors throttled the request", "Try again later"),
    ("access_denied", "S3V02", "S3 Vectors denied access", "IAM role of function s3vl-vector-query"),
    ("service_failure", "S3V03", "S3 Vectors failed", "region us-west-2 of the index"),
    ("response_too_large", "S3V04", "the answer is over Lambda's limit of 6 MB", "Request less"),
    ("malformed_data", "S3V04", "the index holds text that PostgreSQL cannot store", "leave out metadata"),
    ("timeout", "S3V05", "the time ran out", f"select s3vl.configure('{LAMBDA_ARN}', timeout_seconds => 60)"),
    ("internal_error", "S3V05", "the Lambda function failed", LOG),
    ("not_found", "S3V06", f"S3 Vectors does not have index {INDEX_ARN}", LIST),
    ("no_vector_bucket", "55000", "the Lambda function may not create indexes", "Set ManageIndexes to true"),
    ("not_empty", "55006", f"index {INDEX_ARN} is not empty", "pass force => true"),
    ("restricted", "42501", f"index {INDEX_ARN} has a vector of this id that this role may not use",
        "Choose another id"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "sqlstate", "said", "hint"), ANSWERED_FAILURES)
def test_answered_failure_is_raised_with_its_sqlstate(
    db: Database, registered: StubLambda, code: str, sqlstate: str, said: str, hint: str
) -> None:
    """Each code of the protocol has its SQLSTATE, the service's own words, and what to do."""
    registered.answers_failure(code, "The service said so.")

    error = db.error(QUERY)

    # A placeholder only says that it is one.
    reason = "" if code == "placeholder_code" else ": The service said so"
    assert (error.sqlstate, error.message_primary) == (sqlstate, said + reason)
    assert error.message_detail == "Lambda request request-1"
    assert hint in (error.message_hint or "")
    assert_short(error.context)


def test_an_answer_that_is_none_of_the_service_is_told_from_data(
    db: Database, registered: StubLambda
) -> None:
    """Nothing is wrong with the index when a proxy answers in the place of S3 Vectors."""
    registered.answers_failure("malformed_data", "The service said so.", type="BrokenContractError")

    error = db.error(QUERY)

    assert (error.sqlstate, error.message_primary) == (
        "S3V04",
        "the answer does not come from S3 Vectors: The service said so",
    )
    assert "Check AWS_ENDPOINT_URL of function s3vl-vector-query" in (error.message_hint or "")


@pytest.mark.parametrize("action", ["PutVectors", "DeleteVectors"])
def test_denied_writing_is_allowed_in_the_stack(db: Database, registered: StubLambda, action: str) -> None:
    """What the stack denies explicitly no role allows: the hint names the parameter."""
    registered.answers_failure(
        "access_denied",
        f"User: r is not authorized to perform: s3vectors:{action} on resource: {INDEX_ARN}"
        " with an explicit deny in an identity-based policy",
    )

    error = db.error(CALLS[5])

    assert error.sqlstate == "S3V02"
    assert error.message_hint == (
        "The stack denies writing: set AllowWrites to true in its parameters (make deploy)."
    )


@pytest.mark.parametrize(
    ("limit", "hint"),
    [("function", "raise LambdaTimeout in the parameters of the stack"), ("caller", "timeout_seconds => 60")],
)
def test_the_limit_that_ran_out_is_the_one_to_raise(
    db: Database, registered: StubLambda, limit: str, hint: str
) -> None:
    """timeout_seconds does not help against the function's own end, nor the other way round."""
    registered.answers_failure("timeout", limit=limit)

    error = db.error(QUERY)

    assert (error.sqlstate, error.message_primary) == ("S3V05", "the time ran out: the reason")
    assert hint in (error.message_hint or "")
    assert ("timeout_seconds" in (error.message_hint or "")) is (limit == "caller")


def test_codes_are_those_of_the_protocol() -> None:
    """No code of docs/lambda-protocol.md is forgotten, and the SQLSTATEs agree."""
    page = (ROOT / "docs/lambda-protocol.md").read_text()

    documented = re.findall(r"^\| `(\w+)` \| .* \| (\w{5}) \|$", page, re.MULTILINE)

    assert sorted(documented) == sorted((code, sqlstate) for code, sqlstate, *_ in ANSWERED_FAILURES)


def test_detail_names_type_fields_attempts_and_request(db: Database, registered: StubLambda) -> None:
    """What the service called it, which field it means, how often it was tried, and where the log has it."""
    registered.answers_failure(
        "invalid_request",
        "Invalid filter",
        type="ValidationException",
        attempts=1,
        fields=[{"path": "filter.$and[0]", "message": "unknown operator $like"}],
    )

    assert db.error(QUERY).message_detail == (
        "ValidationException; filter.$and[0]: unknown operator $like; attempts: 1; Lambda request request-1"
    )


@pytest.mark.parametrize(
    "message", ["metadata_filter.n.$like is no operator", "is no operator"], ids=["made of it", "the same"]
)
def test_detail_does_not_repeat_the_message(db: Database, registered: StubLambda, message: str) -> None:
    """What the function itself refuses has one field, which is the message; its class is our own business."""
    registered.answers_failure(
        "invalid_request",
        message,
        type="InvalidRequestError",
        fields=[{"path": "metadata_filter.n.$like", "message": "is no operator"}],
    )

    assert db.error(QUERY).message_detail == "Lambda request request-1"


def test_refused_filter_is_told_the_operators(db: Database, registered: StubLambda) -> None:
    """Who filters wrongly needs the filter language."""
    registered.answers_failure("invalid_request", "Invalid filter", type="ValidationException", attempts=1)

    error = db.error(QUERY.replace(")", """, metadata_filter => '{"n": 1}')"""))

    assert error.message_primary == "the metadata_filter was refused: Invalid filter"
    assert "$startsWith" in (error.message_hint or "")
    assert "docs/guide.md#filter" in (error.message_hint or "")


def test_filterable_metadata_is_no_filter(db: Database, registered: StubLambda) -> None:
    """What the service says about filterable metadata is not about a filter that nobody gave."""
    registered.answers_failure("invalid_request", "Filterable metadata is too large", attempts=1)

    assert (db.error(CALLS[5]).message_primary or "").startswith("the request was refused: Filterable")


def test_refused_token_is_named(db: Database, registered: StubLambda) -> None:
    """A token that is too old, or of another call, is the argument next_token."""
    registered.answers_failure(
        "invalid_request", "Invalid page token", type="ValidationException", attempts=1
    )

    error = db.error("select * from s3vl.list_vectors(index_name => 'docs', next_token => 'old')")

    assert error.message_primary == "next_token was refused: Invalid page token"
    assert (error.message_hint or "").startswith("Start again without next_token")


def test_token_that_the_caller_did_not_give_is_not_named(db: Database, registered: StubLambda) -> None:
    """query_vectors has no next_token: what happens between its pages is not the caller's doing."""
    registered.answers_failure(
        "invalid_request", "Invalid page token", type="ValidationException", attempts=1
    )

    assert db.error(QUERY).message_primary == "the request was refused: Invalid page token"


BROKEN = [
    ("not json at all", "22P02: Lambda function"),
    ('{"success": true, "result": {"vectors": [{"distance": NaN}]}}', "22P02: Lambda function"),
    (r'{"success": true, "result": {"vectors": [{"vector_id": "\u0000"}]}}', "what jsonb cannot hold"),
    ('{"success": true, "result": {"n": 1e999999}}', "what jsonb cannot hold"),
    (None, "without saying success"),
    ("null", "without saying success"),
    ("[]", "without saying success"),
    ('"text"', "without saying success"),
    ("{}", "without saying success"),
    ('{"statusCode": 200, "body": "placeholder"}', "without saying success"),
    ('{"success": null, "result": {}}', "without saying success"),
    ('{"success": "true", "result": {}}', "without saying success"),
    ('{"success": "false"}', "without saying success"),
    ('{"success": 1, "result": {}}', "without saying success"),
    ('{"success": true}', "without a result"),
    ('{"success": true, "result": null}', "without a result"),
    ('{"success": true, "result": []}', "without a result"),
    ('{"success": true, "result": {}}', "without vectors"),
    ('{"success": true, "result": {"vectors": {}}}', "without vectors"),
    ('{"success": true, "result": {"vectors": [1]}}', "a vector without vector_id"),
    ('{"success": true, "result": {"vectors": [{"distance": 1}]}}', "a vector without vector_id"),
    (
        '{"success": true, "result": {"vectors": [{"vector_id": null, "distance": 1}]}}',
        "a vector with a member",
    ),
    (
        '{"success": true, "result": {"vectors": [{"vector_id": "a", "distance": "near"}]}}',
        "a vector with a member of another type",
    ),
    (
        '{"success": true, "result": {"vectors": [[{"vector_id": "a", "distance": 1}]]}}',
        "a vector without vector_id",
    ),
    (
        '{"success": true, "result": {"vectors": [{"vector_id": "a", "distance": 1e400}]}}',
        "vectors that cannot be read",
    ),
    (
        '{"success": true, "result": {"vectors": []}, "stats": {"api_calls": "many"}}',
        "measures that cannot be read",
    ),
    ('{"success": false}', "a failure without a known error code"),
    ('{"success": false, "error": "no"}', "a failure without a known error code"),
    ('{"success": false, "error": {"code": "new"}}', "a failure without a known error code"),
]


@pytest.mark.parametrize(("payload", "said"), BROKEN)
def test_answer_that_breaks_the_protocol_is_an_error(
    db: Database, registered: StubLambda, payload: str | None, said: str
) -> None:
    """A malformed answer is S3V04, never zero rows."""
    registered.answers_text(payload)

    error = db.error(QUERY)

    assert error.sqlstate == "S3V04"
    if said.startswith("22P02"):
        assert error.message_primary == f'Lambda function "{LAMBDA_ARN}" did not answer with JSON'
    else:
        assert (error.message_primary or "").startswith(f"the Lambda function answered {said}")
    assert "s3vl.get_config()" in (error.message_hint or "")
    assert_short(error.context)


def test_answer_that_is_nested_too_deeply_is_an_error(db: Database, registered: StubLambda) -> None:
    """What PostgreSQL cannot parse for its depth is a malformed answer, not a failure of PostgreSQL."""
    registered.answers_text("[" * 100_000 + "]" * 100_000)

    error = db.error(QUERY)

    assert (error.sqlstate, error.message_primary) == (
        "S3V04",
        f'Lambda function "{LAMBDA_ARN}" returned JSON that is nested too deeply',
    )
    assert "s3vl.get_config()" in (error.message_hint or "")


@pytest.mark.parametrize(
    "call",
    [
        "query_vectors(array[1, 2, 3, 4, 5], 'docs', top_k => 1)",
        "query_vectors_batch(array[array[1, 2, 3, 4, 5]], 'docs', top_k => 1)",
        """query_hybrid('{"title": "a"}', index_name => 'docs', top_k => 1)""",
        "get_vectors(array['a'], 'docs', include_vector_data => false)",
        "list_vectors(index_name => 'docs', max_results => 1)",
    ],
)
def test_more_vectors_than_were_asked_for_are_an_error(
    db: Database, registered: StubLambda, call: LiteralString
) -> None:
    """Rows that nobody asked for are not passed on."""
    hit = {"query_number": 1, "vector_id": "a", "distance": 0}
    registered.answers({"distance_metric": "cosine", "vectors": [hit, hit]})

    error = db.error("select * from s3vl." + call)

    assert (error.sqlstate, error.message_primary) == (
        "S3V04",
        "the Lambda function answered 2 vectors where 1 were asked for",
    )
    assert error.message_detail == "The rest of the answer can be read."


def test_empty_answer_is_said_to_be_empty(db: Database, registered: StubLambda) -> None:
    """There is no beginning to show of nothing."""
    registered.answers_text(None)

    assert db.error(QUERY).message_detail == "The answer was empty."


def test_malformed_answer_is_shown_by_its_beginning(db: Database, registered: StubLambda) -> None:
    """The detail has 200 characters of the answer, not all of its megabytes."""
    registered.answers_text(json.dumps({"a": "x" * 1_000_000}))

    detail = db.error(QUERY).message_detail

    assert detail == 'It began: {"a": "' + "x" * 190 + "..."


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({}, "without an index"),
        ({"index": []}, "without an index"),
        ({"index": {"dimension": "five"}}, "an index that cannot be read"),
    ],
)
def test_malformed_description_is_a_warning_of_register_index(
    db: Database, registered: StubLambda, result: dict[str, object], said: str
) -> None:
    """What describe_index answers is checked like any other answer."""
    registered.answers(result)

    db.rows("select s3vl.register_index('docs', index_arn) from s3vl.index_registry")

    [warning] = db.warnings
    assert (warning.detail or "").startswith(f"the Lambda function answered {said}")


def test_not_configured(db: Database, stub: StubLambda) -> None:
    """Before configure() there is nothing to call, and the hint says how to change that."""
    db.rows("insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s)", arn=INDEX_ARN)

    error = db.error("select * from s3vl.get_vectors(array['a'], 'docs')")

    assert (error.sqlstate, error.message_primary) == ("55000", "s3vl is not configured")
    assert error.message_hint == "Type: select s3vl.configure('<Lambda ARN>');"
    assert stub.calls == []


def test_aws_lambda_missing(db: Database, registered: StubLambda) -> None:
    """Without the extension the hint says how to create it."""
    db.rows("drop extension aws_lambda cascade")

    error = db.error(QUERY)

    assert error.sqlstate == "55000"
    assert error.message_primary == "the extension aws_lambda is not installed in this database"
    assert error.message_hint == "Type: create extension aws_lambda cascade;"
    assert registered.calls == []


def test_aws_lambda_not_granted(db: Database, registered: StubLambda) -> None:
    """Without the right to use aws_lambda the hint has the grants to type."""
    db.rows("revoke all on schema aws_lambda from postgres")

    error = db.error(QUERY)

    assert error.sqlstate == "42501"
    assert error.message_primary == "role postgres, which owns s3vl, may not use aws_lambda"
    assert error.message_detail == "permission denied for schema aws_lambda"
    assert error.message_hint == (
        "Type: grant usage on schema aws_lambda to postgres;"
        " grant execute on all functions in schema aws_lambda to postgres;"
    )
    assert registered.calls == []


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("payload", "sqlstate"),
    [
        (None, "S3V04"),
        ('{"success": true, "result": {"vectors": {}, "written": {}, "deleted": {}}}', "S3V04"),
        ('{"success": false, "error": {"code": "throttled"}}', "S3V01"),
    ],
)
def test_context_is_short(
    db: Database, registered: StubLambda, payload: str | None, sqlstate: str, call: LiteralString
) -> None:
    """Whichever function failed, and wherever on the way, the error is not buried under statements of ours."""
    registered.answers_text(payload)

    error = db.error(call)

    assert error.sqlstate == sqlstate
    assert_short(error.context)


@pytest.mark.parametrize("call", CALLS)
def test_context_of_a_call_that_failed_is_short(
    db: Database, registered: StubLambda, call: LiteralString
) -> None:
    """What aws_lambda itself raises is shown as plainly."""
    registered.raises("invoke API failed", CLIENT.format("Unable to connect to endpoint"))

    assert_short(db.error(call).context)
