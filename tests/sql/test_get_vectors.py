"""get_vectors: one row for each distinct id, in the order asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

EVENT = json.loads((ROOT / "lambda/events/get_vectors.json").read_text())


def test_sends_the_event_of_the_protocol(db: Database, registered: StubLambda) -> None:
    """The request is the one in lambda/events/."""
    registered.answers({"vectors": []})

    db.rows("select * from s3vl.get_vectors(array['vec_001', 'vec_002', 'vec_048'], 'docs')")

    [request] = registered.requests
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT


def test_sends_what_is_to_be_included(db: Database, registered: StubLambda) -> None:
    """Vector data and metadata can be left out."""
    registered.answers({"vectors": [{"vector_id": "a"}]})

    rows = db.rows(
        "select * from s3vl.get_vectors(array['a'], 'docs', include_vector_data => false,"
        " include_metadata => false)"
    )

    [request] = registered.requests
    assert (request["include_vector_data"], request["include_metadata"]) == (False, False)
    assert rows == [{"vector_id": "a", "embedding": None, "metadata": None, "found": True}]


def test_missing_ids_are_rows_with_found_false(db: Database, registered: StubLambda) -> None:
    """Every id asked for has its row; found tells those that exist."""
    registered.answers(
        {"vectors": [{"vector_id": "b", "embedding": [0.5, 1e-45, -3], "metadata": {"k": "v"}}]}
    )

    assert db.rows("select * from s3vl.get_vectors(array['a', 'b'], 'docs')") == [
        {"vector_id": "a", "embedding": None, "metadata": None, "found": False},
        {"vector_id": "b", "embedding": [0.5, 1e-45, -3.0], "metadata": {"k": "v"}, "found": True},
    ]


def test_ids_are_sent_once_and_returned_in_the_order_first_asked(
    db: Database, registered: StubLambda
) -> None:
    """Repeated ids make one request and one row each, whatever order the answer has."""
    registered.answers({"vectors": [{"vector_id": name} for name in ("a", "b", "c")]})

    rows = db.rows(
        "select * from s3vl.get_vectors(array['c', 'a', 'c', 'b', 'a'], 'docs', include_vector_data => false)"
    )

    assert [row["vector_id"] for row in rows] == ["c", "a", "b"]
    assert registered.requests[0]["vector_ids"] == ["c", "a", "b"]


def test_thirty_thousand_ids_come_back_in_parts(db: Database, registered: StubLambda) -> None:
    """Any number of ids works: parts are joined with the ids by hash, not by comparing all with all."""
    ids = [f"vec_{number}" for number in range(30_000)]
    registered.answers(
        {"vectors": [{"vector_id": name} for name in ids[:15_000]]}, continuation={"from": 15_000}
    )
    registered.answers({"vectors": [{"vector_id": name} for name in ids[15_000:20_000]]})
    registered.answers({"vectors": [{"vector_id": name} for name in ids[20_000:]]})

    db.rows("set local statement_timeout = '10s'")
    rows = db.rows(
        "select * from s3vl.get_vectors(%(ids)s::text[], 'docs', include_vector_data => false)", ids=ids
    )

    assert [row["vector_id"] for row in rows] == ids
    assert all(row["found"] for row in rows)
    assert [len(request["vector_ids"]) for request in registered.requests] == [20_000, 20_000, 10_000]


def test_ids_of_exactly_1024_bytes_are_sent(db: Database, registered: StubLambda) -> None:
    """The limit is inclusive, and counted in bytes."""
    ids = ["x" * 1024, "ü" * 512]
    registered.answers({"vectors": []})

    db.rows("select * from s3vl.get_vectors(%(ids)s::text[], 'docs')", ids=ids)

    assert registered.requests[0]["vector_ids"] == ids
