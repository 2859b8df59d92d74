"""What is known about an index: asked, remembered, and used to refuse early."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

TEXT_KEYS = [{"metadata_key": "title", "language": "en", "status": "ACTIVE"}]
FACTS: dict[str, Any] = {
    "dimension": 7,
    "distance_metric": "euclidean",
    "index_mode": "ENHANCED",
    "non_filterable_keys": ["text"],
    "text_keys": TEXT_KEYS,
}
NONE: dict[str, Any] = {"distance_metric": "cosine", "vectors": []}
DESCRIBE: LiteralString = "select * from s3vl.describe_index('docs')"
REMEMBERED: LiteralString = "select dimension from s3vl.index_registry"
QUERY: LiteralString = "select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'docs'"
UNDATED = 'The facts about index "docs" are from GetIndex, at an unknown time.'
REFRESH = (
    "If the index is another one now, register it again, with admin access: "
    f"select s3vl.register_index('docs', '{INDEX_ARN}');"
)


def test_describe_index_shows_the_facts_and_remembers_none(db: Database, registered: StubLambda) -> None:
    """What GetIndex says stands beside what is registered, and the row of the registry stays as it is."""
    registered.answers({"index": FACTS})
    before = db.rows("select r.*, r.xmin::text, r.ctid::text from s3vl.index_registry as r")

    [row] = db.rows(DESCRIBE)

    assert registered.requests[0]["operation"] == "describe_index"
    assert registered.requests[0]["index_arn"] == row["index_arn"] == INDEX_ARN
    assert {name: row[name] for name in FACTS} == FACTS
    assert (row["index_name"], row["bucket_name"], row["is_active"]) == ("docs", "s3vl-vectors", True)
    assert db.rows("select r.*, r.xmin::text, r.ctid::text from s3vl.index_registry as r") == before


def test_registering_again_remembers_the_facts_under_every_name(db: Database, registered: StubLambda) -> None:
    """The facts are those of the index, so each of its names is refused by them from then on."""
    db.rows("insert into s3vl.index_registry (index_name, index_arn) values ('zoo', %(arn)s)", arn=INDEX_ARN)
    registered.answers({"index": FACTS})

    db.rows("select s3vl.register_index('docs', %(arn)s)", arn=INDEX_ARN)

    for name in ("docs", "zoo"):
        error = db.error("select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], %(name)s)", name=name)
        assert error.message_primary == f'query_vector has 5 numbers, index "{name}" has 7 dimensions'
    assert db.value("select bool_and(clock_timestamp() - described_at < '1 minute') from s3vl.index_registry")


def test_describe_index_works_in_a_read_only_transaction(db: Database, registered: StubLambda) -> None:
    """A reader instance shows the facts as they are now."""
    registered.answers({"index": FACTS})
    db.rows("set transaction read only")

    [row] = db.rows(DESCRIBE)

    assert row["dimension"] == 7


@pytest.mark.parametrize(("name", "sqlstate"), [("nodocs", "42704"), ("docs", "55000"), (None, "42704")])
def test_describe_index_needs_an_active_index(
    db: Database, registered: StubLambda, name: str | None, sqlstate: str
) -> None:
    """An unknown and an inactive index are refused without a call."""
    db.rows("select s3vl.deactivate_index('docs')")

    error = db.error("select * from s3vl.describe_index(%(name)s)", name=name)

    assert error.sqlstate == sqlstate
    assert registered.calls == []


@pytest.mark.parametrize(
    "index",
    [{"dimension": "many"}, {"dimension": 1e12}, {"dimension": [1]}, {"non_filterable_keys": 1}, 5, None],
)
def test_facts_that_cannot_be_read_are_an_error(db: Database, registered: StubLambda, index: Any) -> None:
    """An answer that breaks the protocol is S3V04, and is not remembered."""
    registered.answers({"index": index})

    assert db.error(DESCRIBE).sqlstate == "S3V04"
    assert db.value(REMEMBERED) == 5


NON_FILTERABLE = [
    '{"text": "x"}',
    '{"text": {"$exists": true}}',
    '{"$and": [{"n": 1}, {"text": {"$eq": "x"}}]}',
    '{"$or": [{"$and": [{"n": {"$gt": 1}}, {"n": 2}]}, {"$and": [{"text": "x"}]}]}',
]


@pytest.mark.parametrize("metadata_filter", NON_FILTERABLE)
@pytest.mark.parametrize(
    "call",
    [
        "query_vectors(array[1, 2, 3, 4, 5], 'docs', metadata_filter => %(filter)s)",
        "query_vectors_batch(array[array[1, 2, 3, 4, 5]], 'docs', metadata_filter => %(filter)s)",
        """query_hybrid('{"title": "x"}', index_name => 'docs', metadata_filter => %(filter)s)""",
    ],
    ids=["query_vectors", "query_vectors_batch", "query_hybrid"],
)
def test_filter_on_a_non_filterable_key_is_refused(
    db: Database, registered: StubLambda, call: LiteralString, metadata_filter: str
) -> None:
    """The key is found at any depth, and costs no call."""
    db.rows("update s3vl.index_registry set non_filterable_keys = '{text}'")

    error = db.error("select * from s3vl." + call, filter=metadata_filter)

    assert error.sqlstate == "22023"
    assert error.message_primary == 'metadata_filter uses "text", which is not filterable in index "docs"'
    assert "where metadata ->> 'text' = " in (error.message_hint or "")
    assert error.message_detail == UNDATED
    assert REFRESH in (error.message_hint or "")
    assert registered.calls == []


@pytest.mark.parametrize(
    "call",
    [
        "query_vectors(array[1, 2], 'docs')",
        "query_vectors_batch(array[array[1, 2]], 'docs')",
        "put_vectors(array[('a', '{1,2}', null)::s3vl.vector_record], 'docs')",
        (
            "put_vectors(array[('a', '{1,2,3,4,5}', jsonb_build_object('t', repeat('x', 2048)))"
            "::s3vl.vector_record], 'docs')"
        ),
    ],
)
@pytest.mark.parametrize("described", [True, False])
def test_refusal_by_a_remembered_fact_says_since_when_and_how_to_refresh_it(
    db: Database, registered: StubLambda, call: LiteralString, described: bool
) -> None:
    """An index that was deleted and made anew is not the one that the registry knows."""
    db.rows("set local timezone = 'UTC'")
    db.rows("update s3vl.index_registry set non_filterable_keys = '{}'")
    if described:
        db.rows("update s3vl.index_registry set described_at = '2026-11-01 12:00:00.5+00'")

    error = db.error("select * from s3vl." + call)

    origin = UNDATED.replace("at an unknown time", "2026-11-01 12:00:00+00") if described else UNDATED
    assert (error.message_detail or "").endswith(origin)
    assert (error.message_hint or "").endswith(REFRESH)
    assert registered.calls == []


def test_refusal_by_what_holds_for_every_index_says_nothing_of_facts(
    db: Database, registered: StubLambda
) -> None:
    """An id is too long for any index, and an index without facts has none to refresh."""
    no_id: LiteralString = "select s3vl.put_vectors(array[(null, '{1}', null)::s3vl.vector_record], 'docs')"
    no_vector: LiteralString = "select s3vl.put_vectors(array[('a', null, null)::s3vl.vector_record], 'docs')"
    about_the_id = db.error(no_id)
    db.rows("update s3vl.index_registry set dimension = null")
    about_the_vector = db.error(no_vector)

    for error in (about_the_id, about_the_vector):
        assert error.message_detail == "Nothing was written."
        assert REFRESH not in (error.message_hint or "")
    assert registered.calls == []


def test_fresh_facts_are_asked_for_within_the_time_of_the_search(
    db: Database, registered: StubLambda
) -> None:
    """A search that has to ask what the index is has less time for the rest."""
    db.rows("update s3vl.index_registry set index_mode = 'CLASSIC'")
    registered.answers({"index": FACTS}, seconds=0.3)
    registered.answers(NONE)

    db.rows(QUERY + STARTS_WITH + ")")

    asked, searched = registered.requests
    assert asked["budget_ms"] - searched["budget_ms"] >= 300


@pytest.mark.parametrize(
    "metadata_filter",
    ['{"n": "text"}', '{"n": {"$in": ["text"]}}', '{"texts": 1}', '{"$and": [{"n": "text"}]}'],
)
def test_value_that_is_the_name_of_a_key_is_no_key(
    db: Database, registered: StubLambda, metadata_filter: str
) -> None:
    """Only keys count."""
    db.rows("update s3vl.index_registry set non_filterable_keys = '{text}'")
    registered.answers(NONE)

    assert db.rows(QUERY + ", metadata_filter => %(filter)s)", filter=metadata_filter) == []


STARTS_WITH: LiteralString = """, metadata_filter => '{"$or": [{"n": {"$startsWith": "a"}}]}'"""
MODES = [
    ("ENHANCED", ", query_mode => 'CLASSIC'", 'query_mode CLASSIC is not possible: index "docs" is ENHANCED'),
    ("CLASSIC", STARTS_WITH, 'metadata_filter uses $startsWith, and index "docs" is CLASSIC'),
]


@pytest.mark.parametrize(("mode", "arguments", "message"), MODES)
def test_what_the_mode_does_not_have_is_refused_when_the_mode_is_still_so(
    db: Database, registered: StubLambda, mode: str, arguments: LiteralString, message: str
) -> None:
    """As an index can change its mode, it is asked once more before a search is refused."""
    db.rows("update s3vl.index_registry set index_mode = %(mode)s", mode=mode)
    registered.answers({"index": FACTS | {"index_mode": mode}})

    error = db.error(QUERY + arguments + ")")

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert [request["operation"] for request in registered.requests] == ["describe_index"]


@pytest.mark.parametrize(("mode", "arguments"), [case[:2] for case in MODES])
def test_index_that_has_changed_its_mode_is_searched(
    db: Database, registered: StubLambda, mode: str, arguments: LiteralString
) -> None:
    """A mode that the registry remembers wrongly stops nobody, and searching changes no row."""
    db.rows("update s3vl.index_registry set index_mode = %(mode)s", mode=mode)
    registered.answers(
        {"index": FACTS | {"index_mode": {"CLASSIC": "ENHANCED", "ENHANCED": "CLASSIC"}[mode]}}
    )
    registered.answers(NONE)

    assert db.rows(QUERY + arguments + ")") == []
    assert db.value("select index_mode from s3vl.index_registry") == mode


@pytest.mark.parametrize(
    ("mode", "arguments"),
    [
        ("CLASSIC", ", query_mode => 'CLASSIC'"),
        ("CLASSIC", ", query_mode => 'ENHANCED'" + STARTS_WITH),
        ("ENHANCED", ", query_mode => 'ENHANCED'" + STARTS_WITH),
        (None, ", query_mode => 'CLASSIC'" + STARTS_WITH),
    ],
)
def test_what_the_mode_has_or_may_have_is_sent(
    db: Database, registered: StubLambda, mode: str | None, arguments: LiteralString
) -> None:
    """No fact, no refusal; and a filter of ENHANCED works for one search of a CLASSIC index."""
    db.rows("update s3vl.index_registry set index_mode = %(mode)s", mode=mode)
    registered.answers(NONE)

    assert db.rows(QUERY + arguments + ")") == []
    assert len(registered.calls) == 1
