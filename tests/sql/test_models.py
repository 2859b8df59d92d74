"""The model of an index: remembered with its names, and held against expected_model of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

FACTS = {"index": {"dimension": 5, "distance_metric": "cosine"}}
OTHER_ARN = f"{INDEX_ARN}-2"
SEARCHES: list[LiteralString] = [
    "s3vl.query_vectors('{1,2,3,4,5}', 'docs', expected_model => %(model)s)",
    "s3vl.query_vectors_batch('{{1,2,3,4,5}}', 'docs', expected_model => %(model)s)",
    """s3vl.query_hybrid('{"title": "x"}', index_name => 'docs', expected_model => %(model)s)""",
]


def register(db: Database, stub: StubLambda, name: str, arn: str, model: str | None) -> None:
    """Register an index, about which the service answers."""
    stub.answers(FACTS)
    db.rows(
        "select s3vl.register_index(%(name)s, %(arn)s, model => %(model)s)", name=name, arn=arn, model=model
    )


def models(db: Database) -> dict[str, Any]:
    """Return the models of all names."""
    return {
        row["index_name"]: row["model"]
        for row in db.rows(
            "select index_name, s3vl.index_model(index_name) as model from s3vl.list_indexes()"
        )
    }


def test_the_names_of_an_arn_share_its_model(db: Database, configured: StubLambda) -> None:
    """A model is kept until another is said; an empty text, and another ARN, take it away."""
    register(db, configured, "docs", INDEX_ARN, "titan-v2")
    register(db, configured, "same", INDEX_ARN, None)
    register(db, configured, "docs", INDEX_ARN, None)
    assert models(db) == {"docs": "titan-v2", "same": "titan-v2"}

    register(db, configured, "same", INDEX_ARN, "nova-2")
    assert models(db) == {"docs": "nova-2", "same": "nova-2"}
    register(db, configured, "docs", OTHER_ARN, None)
    assert models(db) == {"docs": None, "same": "nova-2"}
    register(db, configured, "same", INDEX_ARN, "")
    assert models(db) == {"docs": None, "same": None}


def test_create_index_remembers_the_model(db: Database, configured: StubLambda) -> None:
    """It is registered with the name; of an unknown name there is none."""
    configured.answers({"created": True, "index_arn": INDEX_ARN.replace("test-index-5d", "new")})
    configured.answers(FACTS)

    db.rows("select s3vl.create_index('new', 5, model => 'titan-v2')")

    assert db.value("select s3vl.index_model('new')") == "titan-v2"
    assert db.error("select s3vl.index_model('old')").sqlstate == "42704"


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_of_the_same_model_is_made(
    db: Database, configured: StubLambda, search: LiteralString
) -> None:
    """And so is one that does not say."""
    register(db, configured, "docs", INDEX_ARN, "titan-v2")
    for model in ("titan-v2", None):
        configured.answers({"distance_metric": "cosine", "vectors": []})

        assert db.rows("select * from " + search, model=model) == []


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(
    ("registered_model", "expected", "message", "hint"),
    [
        (
            "titan-v2",
            "Titan-v2",
            'expected_model is "Titan-v2", and the model of index "docs" is "titan-v2"',
            'Embed the query with "titan-v2", or search an index of the other model.',
        ),
        (
            None,
            "nova-2",
            'expected_model is "nova-2", and the model of index "docs" is not registered',
            (
                "If that is its model, register it, with admin access:"
                f" select s3vl.register_index('docs', '{INDEX_ARN}', model => 'nova-2');"
            ),
        ),
    ],
)
def test_a_vector_of_another_model_is_refused(
    db: Database,
    configured: StubLambda,
    search: LiteralString,
    registered_model: str | None,
    expected: str,
    message: str,
    hint: str,
) -> None:
    """Before a call is made; and so is any where nobody has said of which model the index is."""
    register(db, configured, "docs", INDEX_ARN, registered_model)

    error = db.error("select * from " + search, model=expected)

    assert (error.sqlstate, error.message_primary, error.message_hint) == ("22023", message, hint)
    assert len(configured.requests) == 1


@pytest.mark.parametrize("model", ["m" * 201, "a\u200bb", " a"])
def test_a_model_is_a_name_that_can_be_seen(db: Database, configured: StubLambda, model: str) -> None:
    """What nobody could type again is refused before anything is asked."""
    statement: LiteralString = "select s3vl.register_index('docs', %(arn)s, model => %(model)s)"

    error = db.error(statement, arn=INDEX_ARN, model=model)

    assert error.sqlstate == "22023"
    assert (error.message_primary or "").startswith("model must have at most 200 characters")
    assert configured.requests == []
