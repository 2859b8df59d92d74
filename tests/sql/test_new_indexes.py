"""create_index and drop_index: what they send, what they save, and what they refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database, StubLambda

NEW_ARN = INDEX_ARN.replace("test-index-5d", "new")
CREATED = {"created": True, "index_arn": NEW_ARN}
FACTS: dict[str, Any] = {
    "dimension": 5,
    "distance_metric": "cosine",
    "index_mode": "ENHANCED",
    "non_filterable_keys": ["body"],
    "text_keys": [{"metadata_key": "title", "language": "en", "status": "ACTIVE"}],
}
CREATE: LiteralString = "select s3vl.create_index('new', 5)"
REGISTERED: LiteralString = "select index_name, index_arn, description from s3vl.list_indexes()"
DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/role/f is not authorized to perform: s3vectors:{} on resource: "
    "{} because no identity-based policy allows the action"
)


def event_of(operation: str) -> dict[str, Any]:
    """Return the event that documents an operation."""
    event: dict[str, Any] = json.loads((ROOT / f"lambda/events/{operation}.json").read_text())
    return event | {"budget_ms": 0}


def test_create_index_asks_for_the_index_and_registers_it(db: Database, configured: StubLambda) -> None:
    """It sends the event of the protocol, returns the ARN, and the registry has name, text and facts."""
    arn = NEW_ARN.replace("/new", "/docs")
    configured.answers({"created": True, "index_arn": arn})
    configured.answers({"index": FACTS})

    assert arn == db.value(
        """select s3vl.create_index('docs', 5, 'cosine', '{body}', '{"title": "en", "body": null}',
        description => 'of manuals')"""
    )

    created, described = configured.requests
    assert created | {"budget_ms": 0} == event_of("create_index")
    assert (described["operation"], described["index_arn"]) == ("describe_index", arn)
    assert db.rows(REGISTERED) == [{"index_name": "docs", "index_arn": arn, "description": "of manuals"}]
    assert db.rows(
        "select dimension, distance_metric, index_mode, non_filterable_keys, text_keys from s3vl.index_registry"
    ) == [FACTS]
    assert db.warnings == []


def test_what_is_left_out_is_not_sent(db: Database, configured: StubLambda) -> None:
    """Name, dimension and cosine are all that a request needs; empty lists of keys are none."""
    for statement in (CREATE, "select s3vl.create_index('new', 5, 'cosine', '{}', '{}', null)"):
        configured.answers(CREATED)
        configured.answers({"index": FACTS})
        db.rows(statement)
        db.rows("select s3vl.unregister_index('new')")

    first, _, second, _ = configured.requests
    assert first.keys() == {
        "operation", "protocol", "budget_ms", "index_name", "dimension", "distance_metric"
    }  # fmt: skip
    assert second.keys() == first.keys()


def test_another_bucket_can_be_named(db: Database, configured: StubLambda) -> None:
    """vector_bucket travels by its name."""
    configured.answers(CREATED)
    configured.answers({"index": FACTS})

    db.rows("select s3vl.create_index('new', 5, vector_bucket => 'another-bucket')")

    assert configured.requests[0]["vector_bucket"] == "another-bucket"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ("'Docs', 5", ('index_name must have 3 to 63 lowercase letters, digits, dots and hyphens, with a letter or'
            ' digit at both ends, got "Docs"'), "That is the rule of S3 Vectors."),
        ("'ab', 5", 'at both ends, got "ab"', "That is the rule"),
        ("repeat('a', 64), 5", f'at both ends, got "{"a" * 64}"', "That is the rule"),
        ("'a_b', 5", 'at both ends, got "a_b"', "That is the rule"),
        ("'abc-', 5", 'at both ends, got "abc-"', "That is the rule"),
        (r"E'abc\n', 5", 'at both ends, got "abc\n"', "That is the rule"),
        ("null, 5", "at both ends, got null", "That is the rule"),
        ("'new', 0", "dimension must be between 1 and 4096, got 0", "Pass a number"),
        ("'new', 4097", "dimension must be between 1 and 4096, got 4097", "Pass a number"),
        ("'new', null", "dimension must be between 1 and 4096, got null", "Pass a number"),
        ("'new', 5, 'l2'", 'distance_metric must be cosine or euclidean, got "l2"', "Leave distance_metric out"),
        ("'new', 5, null", "distance_metric must be cosine or euclidean, got null", "Leave distance_metric out"),
        ("'new', 5, non_filterable_keys => array[['a'], ['b']]",
            "non_filterable_keys must be one-dimensional, got [1:2][1:1]", "Pass up to 10 metadata keys"),
        ("'new', 5, non_filterable_keys => '{a,b,c,d,e,f,g,h,i,j,k}'",
            "non_filterable_keys must have at most 10 keys, got 11", "Pass up to 10 metadata keys"),
        ("'new', 5, non_filterable_keys => '{a,null}'",
            "non_filterable_keys[2] must be a key of 1 to 63 characters, got null", "Pass up to 10"),
        ("'new', 5, non_filterable_keys => array['a', '']",
            'non_filterable_keys[2] must be a key of 1 to 63 characters, got ""', "Pass up to 10"),
        ("'new', 5, non_filterable_keys => array[repeat('x', 64)]",
            f'non_filterable_keys[1] must be a key of 1 to 63 characters, got "{"x" * 64}"', "Pass up to 10"),
        ("'new', 5, non_filterable_keys => '[7:9]={a,b,a}'",
            'non_filterable_keys[3] must be another key, got "a"', "Pass up to 10"),
        ("'new', 5, text_keys => '[1]'", "text_keys must be a JSON object, got [1]", "Pass metadata keys"),
        ("'new', 5, text_keys => 'null'", "text_keys must be a JSON object, got JSON null", "Pass metadata keys"),
        ("""'new', 5, text_keys => '{"title": 1}'""",
            'text_keys."title" must be a language or null, got 1', "Pass metadata keys"),
        ("""'new', 5, text_keys => '{"title": ""}'""",
            'text_keys."title" must be a language or null, got ""', "Pass metadata keys"),
        ("""'new', 5, text_keys => '{"": "en"}'""",
            'text_keys must have keys of 1 to 63 characters, got ""', "Pass metadata keys"),
        ("'new', 5, text_keys => (select jsonb_object_agg(n, null) from generate_series(1, 11) as n)",
            "text_keys must have at most 10 keys", "Pass metadata keys"),
        ("'new', 5, text_keys => jsonb_build_object('title', repeat('x', 20000))",
            "text_keys has 20021 bytes", "Pass metadata keys"),
        ("'new', 5, vector_bucket => 'arn:aws:s3vectors'",
            "vector_bucket must have 3 to 63 lowercase letters", "Pass the name of a bucket"),
        ("'new', 5, description => repeat('x', 10001)",
            "description must have at most 10,000 characters", "Keep long texts"),
    ],
)  # fmt: skip
def test_what_no_index_can_be_is_refused_before_a_call(
    db: Database, configured: StubLambda, arguments: LiteralString, message: str, hint: str
) -> None:
    """22023 names the argument and its value, and nothing is asked of the function."""
    error = db.error(f"select s3vl.create_index({arguments})")

    assert error.sqlstate == "22023"
    assert message in (error.message_primary or "")
    assert (error.message_hint or "").startswith(hint)
    assert configured.calls == []


def test_a_registered_name_is_refused_before_a_call(db: Database, registered: StubLambda) -> None:
    """42710 tells which index has the name."""
    error = db.error("select s3vl.create_index('docs', 5)")

    assert (error.sqlstate, error.message_primary) == ("42710", 'index "docs" is registered already')
    assert error.message_detail == f"It is {INDEX_ARN}."
    assert (error.message_hint or "").endswith("select s3vl.unregister_index('docs');")
    assert registered.calls == []


@pytest.mark.parametrize("statement", [CREATE, "select s3vl.drop_index('docs')"])
def test_nothing_is_changed_where_it_cannot_be_saved(
    db: Database, registered: StubLambda, statement: LiteralString
) -> None:
    """A read-only transaction, as on a reader instance, costs no call."""
    db.rows("set transaction read only")

    assert db.error(statement).sqlstate == "25006"
    assert registered.calls == []


@pytest.mark.parametrize(
    ("is_as_requested", "said"), [(True, "It is as asked for."), (False, "It is not what was asked for.")]
)
def test_an_index_that_is_there_can_be_registered(
    db: Database, configured: StubLambda, is_as_requested: bool, said: str
) -> None:
    """42710 says what S3 Vectors has under the name, whether it fits, and how to register it."""
    index = FACTS | {"created_at": "2026-11-28T09:00:00Z"}
    configured.answers(
        {"created": False, "index_arn": NEW_ARN, "index": index, "is_as_requested": is_as_requested}
    )

    error = db.error(CREATE)

    assert (error.sqlstate, error.message_primary) == (
        "42710", 'bucket "s3vl-vectors" has an index "new" already'
    )  # fmt: skip
    assert error.message_detail == (
        "Created 2026-11-28T09:00:00Z: 5 dimensions, cosine, non_filterable_keys {body}, text_keys "
        f'[{{"status": "ACTIVE", "language": "en", "metadata_key": "title"}}]. {said}'
    )
    assert (error.message_hint or "").endswith(f"select s3vl.register_index('new', '{NEW_ARN}');")
    assert db.rows(REGISTERED) == []


def test_the_index_is_registered_even_when_it_cannot_be_described(
    db: Database, configured: StubLambda
) -> None:
    """What is created is known here, whatever fails after it: the rest is a warning."""
    configured.answers(CREATED)
    configured.answers_failure("throttled")

    assert db.value(CREATE) == NEW_ARN

    assert [row["index_arn"] for row in db.rows(REGISTERED)] == [NEW_ARN]
    assert [warning.message for warning in db.warnings] == [
        'index "new" is registered, but S3 Vectors could not be queried about it'
    ]


def test_no_other_session_can_prevent_the_registration(
    committing: Callable[..., Database],
) -> None:
    """While somebody changes the registry, no index is created that could not be registered then."""
    session, other = committing(), committing()
    session.rows("set lock_timeout = '100ms'")
    other.rows("begin; lock table s3vl.index_registry in exclusive mode")

    assert session.error(CREATE).sqlstate == "55P03"
    assert session.error("select s3vl.drop_index('docs')").sqlstate == "55P03"
    assert [notice for notice in session.notices if notice.message == "aws_lambda.invoke"] == []


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"created": True},
        {"created": "yes", "index_arn": NEW_ARN},
        {"created": True, "index_arn": INDEX_ARN},
        {"created": True, "index_arn": 1},
    ],
)
def test_an_answer_without_the_index_is_malformed(
    db: Database, configured: StubLambda, result: dict[str, Any]
) -> None:
    """Nothing is registered that the function does not say, or under another name."""
    configured.answers(result)

    assert db.error(CREATE).sqlstate == "S3V04"
    assert db.rows(REGISTERED) == []


@pytest.mark.parametrize(
    ("code", "said", "sqlstate", "message", "hint"),
    [
        ("no_vector_bucket", "none", "55000", "the Lambda function may not create indexes: none",
            "Set ManageIndexes to true in the parameters of the stack (make deploy), or name"),
        ("access_denied", DENIED.format("CreateIndex", NEW_ARN), "S3V02", "S3 Vectors denied access: User: ",
            "Set ManageIndexes to true in the parameters of the stack (make deploy); it allows this"),
        ("access_denied", "Key 'arn' does not exist", "S3V02", "S3 Vectors denied access: Key 'arn'",
            "Allow the operation on this index in the IAM role of function s3vl-vector-query."),
        ("not_found", "The specified vector bucket could not be found", "S3V06",
            "S3 Vectors does not have the vector bucket: The specified vector bucket could not be found",
            "See which there are: aws s3vectors list-vector-buckets"),
        ("service_failure", "Internal", "S3V03", "S3 Vectors failed: Internal",
            "Try again; if the index was created all the same, the next error says how to register it."),
        ("invalid_request", "no", "22023", "the request was refused: no", "Correct the argument"),
        ("unsupported_operation", "no", "55000", "the Lambda function does not match this schema: no",
            "Upload the code of s3vl"),
        ("timeout", "late", "S3V05", "the time ran out: late", "Try again; if the index was created all the same"),
    ],
)  # fmt: skip
def test_a_failure_says_what_to_do(
    db: Database, configured: StubLambda, code: str, said: str, sqlstate: str, message: str, hint: str
) -> None:
    """Each has its SQLSTATE and a hint for whoever creates an index; nothing is registered."""
    configured.answers_failure(code, said)

    error = db.error(CREATE)

    assert error.sqlstate == sqlstate
    assert (error.message_primary or "").startswith(message)
    assert (error.message_hint or "").startswith(hint)
    assert db.rows(REGISTERED) == []


@pytest.mark.parametrize(("existed", "force"), [(True, False), (True, True), (False, False)])
def test_drop_index_deletes_the_index_and_all_of_its_names(
    db: Database, registered: StubLambda, existed: bool, force: bool
) -> None:
    """Other indexes stay; what is gone in S3 Vectors already is forgotten too, and false says so."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn, is_active)"
        " values ('again', %(arn)s, false), ('new', %(new)s, true)",
        arn=INDEX_ARN,
        new=NEW_ARN,
    )
    registered.answers({"existed": existed})

    assert db.value("select s3vl.drop_index('again', force => %(force)s)", force=force) is existed

    [request] = registered.requests
    assert request | {"budget_ms": 0} == event_of("delete_index") | {"force": force}
    assert [row["index_name"] for row in db.rows(REGISTERED)] == ["new"]


@pytest.mark.parametrize(
    ("code", "said", "sqlstate", "message", "hint"),
    [
        ("not_empty", "it holds at least 1,000 vectors", "55006",
            f"index {INDEX_ARN} is not empty: it holds at least 1,000 vectors",
            "Nobody can bring its vectors back. To delete them too, pass force => true;"),
        ("access_denied", DENIED.format("DeleteIndex", INDEX_ARN), "S3V02", "S3 Vectors denied access: User: ",
            "Set ManageIndexes to true"),
        ("service_failure", "Internal", "S3V03", "S3 Vectors failed: Internal", "Try again; if it persists"),
    ],
)  # fmt: skip
def test_an_index_that_is_not_dropped_keeps_its_names(
    db: Database, registered: StubLambda, code: str, said: str, sqlstate: str, message: str, hint: str
) -> None:
    """The registry follows S3 Vectors: what is refused there stays here."""
    registered.answers_failure(code, said)

    error = db.error("select s3vl.drop_index('docs')")

    assert error.sqlstate == sqlstate
    assert (error.message_primary or "").startswith(message)
    assert (error.message_hint or "").startswith(hint)
    assert [row["index_name"] for row in db.rows(REGISTERED)] == ["docs"]


def test_only_what_is_registered_can_be_dropped(db: Database, registered: StubLambda) -> None:
    """An unknown name and a null are refused before a call."""
    assert db.error("select s3vl.drop_index('other')").sqlstate == "42704"
    assert db.error("select s3vl.drop_index(null)").sqlstate == "42704"
    assert db.error("select s3vl.drop_index('docs', null)").sqlstate == "22023"
    assert registered.calls == []
