"""query_hybrid: texts, alone or with a vector."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN, ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

EVENT = json.loads((ROOT / "lambda/events/query_hybrid.json").read_text())
NONE: dict[str, Any] = {"distance_metric": "cosine", "vectors": []}
SEARCH: LiteralString = """select * from s3vl.query_hybrid('{"title": "red shoes"}', index_name => 'docs')"""


def test_sends_the_event_of_the_protocol(db: Database, registered: StubLambda) -> None:
    """The request is the one in lambda/events/."""
    registered.answers(NONE)

    db.rows(
        """select * from s3vl.query_hybrid('{"title": "red shoes"}', array[0.1, 0.2, 0.3, 0.4, 0.5], 'docs',
        top_k => 5)"""
    )

    [request] = registered.requests
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT


def test_texts_alone_are_sent_without_a_vector(db: Database, registered: StubLambda) -> None:
    """Without a vector the request has none, and the filter goes along."""
    registered.answers(NONE)

    db.rows(
        """select * from s3vl.query_hybrid('{"title": "it''s \\"x\\""}', index_name => 'docs',
        return_metadata => false, metadata_filter => '{"n": 1}')"""
    )

    [request] = registered.requests
    assert "query_vector" not in request
    assert request["query_texts"] == {"title": 'it\'s "x"'}
    assert (request["return_metadata"], request["metadata_filter"]) == (False, {"n": 1})


def test_rank_goes_on_over_all_parts(db: Database, registered: StubLambda) -> None:
    """Rows are ranked in the order of the answer; scores that are not there are null."""
    both = {"vector_id": "a", "fused_score": 0.03, "bm25_scores": {"title": 1.5}, "distance": 0.25}
    registered.answers({"distance_metric": "cosine", "vectors": [both]}, continuation={"page": 2})
    registered.answers({"distance_metric": "cosine", "vectors": [{"vector_id": "b", "metadata": {"k": 1}}]})

    assert [tuple(row.values()) for row in db.rows(SEARCH)] == [
        ("a", 1, 0.03, {"title": 1.5}, 0.25, None),
        ("b", 2, None, None, None, {"k": 1}),
    ]


BAD = [
    ("null", "query_texts must be a JSON object, got null"),
    ("""'["red"]'""", 'query_texts must be a JSON object, got ["red"]'),
    ("'{}'", "query_texts must have 1 to 10 keys, got 0"),
    ("(select jsonb_object_agg(i::text, 'x') from generate_series(1, 11) i)",
        "query_texts must have 1 to 10 keys, got 11"),
    ("""'{"title": ""}'""", 'query_texts."title" must be a text of 1 to 1,024 characters, got 0 characters'),
    ("jsonb_build_object('title', repeat('ü', 1025))",
        'query_texts."title" must be a text of 1 to 1,024 characters, got 1025 characters'),
    ("""'{"title": 1}'""", 'query_texts."title" must be a text of 1 to 1,024 characters, got 1'),
    ("""'{"title": null}'""", 'query_texts."title" must be a text of 1 to 1,024 characters, got JSON null'),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "message"), BAD, ids=[case[1] for case in BAD])
def test_bad_texts_are_refused_with_their_key(
    db: Database, registered: StubLambda, texts: LiteralString, message: str
) -> None:
    """Every text is checked, and its key named."""
    error = db.error("select * from s3vl.query_hybrid(" + texts + ", index_name => 'docs')")

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert registered.calls == []


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("query_vector => '{}'", "query_vector is empty"),
        ("query_vector => '{1}'", 'query_vector has 1 numbers, index "docs" has 5 dimensions'),
        ("top_k => 10001", "top_k must be between 1 and 10000, got 10001"),
        ("return_metadata => null", "return_metadata must be true or false, got null"),
        ("metadata_filter => '1'", "metadata_filter must be a JSON object, got 1"),
    ],
)
def test_other_arguments_are_checked(
    db: Database, registered: StubLambda, argument: LiteralString, message: str
) -> None:
    """The checks are those of query_vectors."""
    error = db.error(
        """select * from s3vl.query_hybrid('{"title": "x"}', index_name => 'docs', """ + argument + ")"
    )

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert registered.calls == []


def facts(mode: str, keys: dict[str, str]) -> dict[str, Any]:
    """Return what the Lambda function answers about an index with these text keys, each with its status."""
    return {
        "index": {
            "dimension": 5,
            "distance_metric": "cosine",
            "index_mode": mode,
            "non_filterable_keys": [],
            "text_keys": [{"metadata_key": key, "status": status} for key, status in keys.items()],
        }
    }


REFUSED = [
    ("CLASSIC", {}, "55000", 'index "docs" is CLASSIC, which has no text search',
        "Change its mode first: make deploy STACK=<stack> INDEX_MODE=ENHANCED, or as docs/guide.md#text-and-hyb"),
    ("ENHANCED", {"body": "ACTIVE"}, "22023",
        'query_texts has key "title", which has no text search in index "docs"',
        'Keys with text search: "body". To add one: make deploy STACK=<stack> TEXT_KEYS=title, or as docs/guide'),
    ("ENHANCED", {}, "22023",
        'query_texts has key "title", which has no text search in index "docs"', "Keys with text search: none. To"),
    ("ENHANCED", {"title": "BUILDING"}, "55000",
        'text search for key "title" of index "docs" is still being built', "Try again later"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "keys", "sqlstate", "message", "hint"), REFUSED)
def test_index_that_cannot_search_texts_is_named_when_that_is_still_so(
    db: Database,
    registered: StubLambda,
    mode: str,
    keys: dict[str, str],
    sqlstate: str,
    message: str,
    hint: str,
) -> None:
    """The registry's facts refuse early, after asking once whether they have changed."""
    for _ in range(2):
        registered.answers(facts(mode, keys))
    db.rows("select s3vl.register_index('docs', %(arn)s)", arn=INDEX_ARN)

    error = db.error(SEARCH)

    assert (error.sqlstate, error.message_primary) == (sqlstate, message)
    assert (error.message_hint or "").startswith(hint)
    assert [request["operation"] for request in registered.requests] == ["describe_index"] * 2


@pytest.mark.parametrize(("mode", "keys"), [case[:2] for case in REFUSED])
def test_index_that_has_learned_to_search_texts_is_searched(
    db: Database, registered: StubLambda, mode: str, keys: dict[str, str]
) -> None:
    """What the registry remembers wrongly stops nobody."""
    registered.answers(facts(mode, keys))
    registered.answers(facts("ENHANCED", {"title": "ACTIVE"}))
    registered.answers(NONE)
    db.rows("select s3vl.register_index('docs', %(arn)s)", arn=INDEX_ARN)

    assert db.rows(SEARCH) == []
    assert registered.requests[-1]["operation"] == "query_hybrid"
