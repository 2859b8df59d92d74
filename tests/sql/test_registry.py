"""Names for indexes: registering, resolving, opening and closing them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN, ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

EVENT = json.loads((ROOT / "lambda/events/describe_index.json").read_text())
OTHER_ARN = INDEX_ARN.replace("test-index-5d", "other.index-1")
FACTS: dict[str, Any] = {
    "index_arn": INDEX_ARN,
    "index_name": "test-index-5d",
    "vector_bucket_name": "s3vl-vectors",
    "dimension": 5,
    "distance_metric": "cosine",
    "index_mode": "ENHANCED",
    "non_filterable_keys": ["body"],
    "text_keys": [{"metadata_key": "title", "language": "english", "status": "ACTIVE"}],
    "created_at": "2026-11-21T09:00:00Z",
}
KNOWN: LiteralString = (
    "select dimension, distance_metric, index_mode, non_filterable_keys, text_keys"
    " from s3vl.index_registry where index_name = 'docs'"
)
NOTHING_KNOWN = {
    "dimension": None,
    "distance_metric": None,
    "index_mode": None,
    "non_filterable_keys": None,
    "text_keys": None,
}


def register(db: Database, name: str = "docs", arn: str = INDEX_ARN, description: str | None = None) -> Any:
    """Register an index and return what the function says."""
    return db.value(
        "select s3vl.register_index(%(name)s, %(arn)s, %(description)s)",
        name=name,
        arn=arn,
        description=description,
    )


def test_register_index_remembers_what_the_service_says(db: Database, configured: StubLambda) -> None:
    """Registering asks GetIndex with the event of the protocol, and keeps the facts."""
    configured.answers({"index": FACTS})

    assert register(db) is True

    [request] = configured.requests
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT
    assert db.rows(KNOWN) == [{name: FACTS[name] for name in NOTHING_KNOWN}]
    assert db.warnings == []


def test_facts_that_the_service_does_not_say_are_null(db: Database, configured: StubLambda) -> None:
    """index_mode may be missing from the answer."""
    configured.answers({"index": {name: value for name, value in FACTS.items() if name != "index_mode"}})

    register(db)

    assert db.value("select index_mode from s3vl.index_registry") is None


def test_get_index_info_takes_the_parts_from_the_arn(db: Database, configured: StubLambda) -> None:
    """Bucket, region and account are those of the ARN, and the description is kept."""
    configured.answers({"index": FACTS})
    register(db, description="Test vectors")

    [row] = db.rows("select * from s3vl.get_index_info('docs')")

    assert row["created_at"] == row["updated_at"]
    del row["created_at"], row["updated_at"]
    assert row == {
        "index_name": "docs",
        "index_arn": INDEX_ARN,
        "description": "Test vectors",
        "bucket_name": "s3vl-vectors",
        "region": "us-west-2",
        "account_id": "123456789012",
        "is_active": True,
    }


@pytest.mark.parametrize(
    "name", ["test-index-5d", "5d", "my.index", "x" * 128, "Größe", "it's", '"quoted"', "a b", "100%s"]
)
def test_any_text_is_a_name(db: Database, configured: StubLambda, name: str) -> None:
    """Names are text without control characters: digits first, dots, quotes and blanks are all right."""
    configured.answers({"index": FACTS})

    register(db, name)

    assert db.value("select s3vl.resolve_index_arn(%(name)s)", name=name) == INDEX_ARN


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        ("not_found", "does not have it", f"S3 Vectors does not have index {INDEX_ARN}: the reason"),
        ("access_denied", "could not be queried about it", "S3 Vectors denied access: the reason"),
        ("invalid_request", "could not be queried about it", "the request was refused: the reason"),
        (
            "unsupported_operation",
            "could not be queried about it",
            "the Lambda function does not match this schema: the reason",
        ),
    ],
)
def test_index_is_registered_with_a_warning_when_it_cannot_be_asked_about(
    db: Database, configured: StubLambda, code: str, said: str, reason: str
) -> None:
    """A failing look-up costs the facts, not the registration."""
    configured.answers_failure(code)

    assert register(db) is True

    [warning] = db.warnings
    assert warning.message == f'index "docs" is registered, but S3 Vectors {said}'
    assert (warning.detail or "").startswith(reason)
    assert "; then register it again, so that s3vl knows its dimension and mode" in (warning.hint or "")
    assert db.rows(KNOWN) == [NOTHING_KNOWN]


def test_index_is_registered_before_anything_is_configured(db: Database, stub: StubLambda) -> None:
    """The order of configure and register_index is free; the warning says what is missing."""
    assert register(db) is True

    [warning] = db.warnings
    assert (warning.detail or "").startswith("s3vl is not configured")
    assert (warning.hint or "").startswith(
        "Type: select s3vl.configure('<Lambda ARN>'); then register it again"
    )
    assert stub.calls == []


def test_cancelled_registration_is_cancelled(db: Database, configured: StubLambda) -> None:
    """A query that is cancelled is not taken for a failing look-up: nothing is registered."""
    configured.is_cancelled()

    error = db.error("select s3vl.register_index('docs', %(arn)s)", arn=INDEX_ARN)

    assert error.sqlstate == "57014"
    assert db.rows("select * from s3vl.list_indexes()") == []


def test_registering_again_updates_and_activates(db: Database, registered: StubLambda) -> None:
    """The last registration counts; of the same index the facts survive a look-up that fails."""
    db.rows("select s3vl.deactivate_index('docs')")
    db.rows("update s3vl.index_registry set created_at = '2026-01-01', updated_at = '2026-01-01'")
    registered.answers_failure("throttled")

    register(db, description="again")

    [row] = db.rows("select * from s3vl.get_index_info('docs')")
    assert (row["description"], row["is_active"]) == ("again", True)
    assert row["created_at"] < row["updated_at"]
    assert db.value("select dimension from s3vl.index_registry") == 5


def test_registering_again_without_description_keeps_it(db: Database, registered: StubLambda) -> None:
    """A second look at the index does not cost what people wrote about it."""
    registered.answers({"index": FACTS})
    registered.answers({"index": FACTS})
    register(db, description="of manuals")

    register(db)

    assert db.value("select description from s3vl.get_index_info('docs')") == "of manuals"


def test_registering_another_arn_forgets_the_facts_of_the_old(db: Database, registered: StubLambda) -> None:
    """Dimension and metric of one index are never taken for those of another."""
    registered.answers_failure("throttled")

    register(db, arn=OTHER_ARN)

    assert db.value("select s3vl.resolve_index_arn('docs')") == OTHER_ARN
    assert db.rows(KNOWN) == [NOTHING_KNOWN]


def test_list_indexes_shows_all_by_name(db: Database, registered: StubLambda) -> None:
    """Inactive indexes are listed too, and one ARN may have several names."""
    registered.answers({"index": FACTS})
    register(db, "a-second-name")
    db.rows("select s3vl.deactivate_index('docs')")

    rows = db.rows("select * from s3vl.list_indexes()")

    assert [(row["index_name"], row["index_arn"], row["is_active"]) for row in rows] == [
        ("a-second-name", INDEX_ARN, True),
        ("docs", INDEX_ARN, False),
    ]


def test_deactivated_index_is_refused_until_it_is_activated(db: Database, registered: StubLambda) -> None:
    """Neither its name nor its ARN opens a closed index; nothing is called meanwhile."""
    assert db.value("select s3vl.deactivate_index('docs')") is True
    uses: list[LiteralString] = [
        "select s3vl.resolve_index_arn('docs')",
        "select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'docs')",
        "select * from s3vl.get_vectors(array['a'], 'docs')",
        "select * from s3vl.list_vectors(index_name => 'docs')",
        "select * from s3vl.list_vectors(%(arn)s)",
    ]

    for use in uses:
        error = db.error(use, arn=INDEX_ARN)
        assert (error.sqlstate, error.message_primary) == ("55000", 'index "docs" is inactive')
        assert error.message_hint == "Activate it: select s3vl.activate_index('docs');"

    assert registered.calls == []
    assert db.value("select s3vl.activate_index('docs')") is True
    assert db.value("select s3vl.resolve_index_arn('docs')") == INDEX_ARN


def test_second_name_keeps_an_arn_open(db: Database, registered: StubLambda) -> None:
    """An ARN is closed when all of its names are."""
    registered.answers({"index": FACTS})
    register(db, "zoo")
    db.rows("select s3vl.deactivate_index('docs')")
    registered.answers({"vectors": []})

    assert db.rows("select * from s3vl.list_vectors(%(arn)s)", arn=INDEX_ARN) == []


def test_unregistered_name_is_unknown(db: Database, registered: StubLambda) -> None:
    """unregister_index() forgets the name, and calls nothing."""
    assert db.value("select s3vl.unregister_index('docs')") is True

    assert db.rows("select * from s3vl.list_indexes()") == []
    assert registered.calls == []


USES_OF_A_NAME: list[LiteralString] = [
    "select s3vl.resolve_index_arn('x')",
    "select * from s3vl.get_index_info('x')",
    "select s3vl.activate_index('x')",
    "select s3vl.deactivate_index('x')",
    "select s3vl.unregister_index('x')",
    "select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'x')",
    "select * from s3vl.get_vectors(array['a'], 'x')",
    "select * from s3vl.list_vectors(index_name => 'x')",
]


@pytest.mark.parametrize("use", USES_OF_A_NAME)
def test_unknown_name_is_refused_with_the_names_that_there_are(
    db: Database, registered: StubLambda, use: LiteralString
) -> None:
    """42704 names the index and what is registered instead."""
    error = db.error(use)

    assert (error.sqlstate, error.message_primary) == ("42704", 'index "x" is not registered')
    assert error.message_hint == (
        "Registered: \"docs\". Register it, with admin access: select s3vl.register_index('<name>', '<index ARN>');"
    )
    assert registered.calls == []


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (0, ""),
        (5, 'Registered: "i1", "i2", "i3", "i4", "i5". '),
        (6, 'Registered: "i1", "i2", "i3", "i4", "i5" and more. '),
    ],
)
def test_hint_shows_five_names_at_most(db: Database, count: int, names: str) -> None:
    """With many indexes the hint stays short."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn)"
        " select 'i' || n, %(arn)s from generate_series(1, %(count)s::integer) as n",
        arn=INDEX_ARN,
        count=count,
    )

    error = db.error("select s3vl.resolve_index_arn('x')")

    assert error.message_hint == (
        names + "Register it, with admin access: select s3vl.register_index('<name>', '<index ARN>');"
    )


@pytest.mark.usefixtures("registered")
def test_arn_that_is_passed_as_a_name_belongs_elsewhere(db: Database) -> None:
    """The hint says which argument takes an ARN."""
    error = db.error("select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], %(arn)s)", arn=INDEX_ARN)

    assert error.sqlstate == "42704"
    assert (error.message_hint or "").startswith(f"Pass an ARN as index_arn => '{INDEX_ARN}'. Registered: ")


def test_null_name_is_unknown(db: Database) -> None:
    """A null name is no name of an index."""
    error = db.error("select s3vl.resolve_index_arn(null)")

    assert (error.sqlstate, error.message_primary) == ("42704", "index null is not registered")
