"""list_vectors: a page, the token of the next, and what stands on every row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fixtures_sql import INDEX_ARN, ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

EVENT = json.loads((ROOT / "lambda/events/list_vectors.json").read_text())


def test_sends_the_event_of_the_protocol(db: Database, registered: StubLambda) -> None:
    """The request is the one in lambda/events/, with index_arn as the first argument."""
    registered.answers({"vectors": []})

    db.rows("select * from s3vl.list_vectors(%(arn)s)", arn=INDEX_ARN)

    [request] = registered.requests
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT


def test_sends_every_argument(db: Database, registered: StubLambda) -> None:
    """Token, segment and the choice of data arrive."""
    registered.answers({"vectors": []})

    db.rows(
        "select * from s3vl.list_vectors(index_name => 'docs', max_results => 1000, next_token => 'token',"
        " return_data => true, return_metadata => false, segment_count => 16, segment_index => 15)"
    )

    [request] = registered.requests
    del request["operation"], request["protocol"], request["budget_ms"]
    assert request == {
        "index_arn": INDEX_ARN,
        "max_results": 1000,
        "next_token": "token",
        "return_data": True,
        "return_metadata": False,
        "segment_count": 16,
        "segment_index": 15,
    }


def test_token_and_count_stand_on_every_row(db: Database, registered: StubLambda) -> None:
    """Each row of a page says how many rows the page has and where the next begins."""
    registered.answers(
        {
            "vectors": [
                {"vector_id": "a", "embedding": [1, 0.5], "metadata": {"n": 1}},
                {"vector_id": "b"},
            ],
            "next_token": "page 2",
        }
    )

    page = {"response_next_token": "page 2", "total_count": 2}
    assert db.rows("select * from s3vl.list_vectors(index_name => 'docs')") == [
        {"vector_id": "a", "vector_data": [1.0, 0.5], "metadata": {"n": 1}, **page},
        {"vector_id": "b", "vector_data": None, "metadata": None, **page},
    ]


def test_last_page_has_no_token(db: Database, registered: StubLambda) -> None:
    """Without next_token in the answer, the column is null: there is no further page."""
    registered.answers({"vectors": [{"vector_id": "a"}]})

    [row] = db.rows("select * from s3vl.list_vectors(index_name => 'docs')")

    assert row["response_next_token"] is None


def test_parts_of_a_page_are_one_page(db: Database, registered: StubLambda) -> None:
    """The count is that of all parts, and the token is that of the last."""
    registered.answers({"vectors": [{"vector_id": "a"}]}, continuation={"after": "a"})
    registered.answers({"vectors": [{"vector_id": "b"}], "next_token": "page 2"})

    rows = db.rows("select * from s3vl.list_vectors(index_name => 'docs')")

    assert [(row["vector_id"], row["response_next_token"], row["total_count"]) for row in rows] == [
        ("a", "page 2", 2),
        ("b", "page 2", 2),
    ]


def test_empty_index_is_no_row(db: Database, registered: StubLambda) -> None:
    """An index without vectors gives no row and no error."""
    registered.answers({"vectors": []})

    assert db.rows("select * from s3vl.list_vectors(index_name => 'docs')") == []


def test_token_without_a_row_to_stand_on_is_an_error(db: Database, registered: StubLambda) -> None:
    """An empty page that claims to have a successor is never shown as the end of the index."""
    registered.answers({"vectors": [], "next_token": "page 2"})

    error = db.error("select * from s3vl.list_vectors(index_name => 'docs')")

    assert error.sqlstate == "S3V04"
    assert error.message_primary == "the Lambda function answered an empty page that is not the last"
