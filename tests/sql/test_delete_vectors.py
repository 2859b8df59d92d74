"""delete_vectors: what is sent, what is refused, and the account of what was deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

pytestmark = pytest.mark.one_server
EVENT = json.loads((ROOT / "lambda/events/delete_vectors.json").read_text())


def test_sends_the_event_of_the_protocol(db: Database, registered: StubLambda) -> None:
    """Each id is sent once, and the distinct ids are counted."""
    registered.answers({"deleted": [[1, 2]]})

    count = db.value("select s3vl.delete_vectors(array['vec_051', 'vec_052', 'vec_051'], 'docs')")

    [request] = registered.requests
    assert count == 2
    assert {**request, "budget_ms": EVENT["budget_ms"]} == EVENT


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("null", "vector_ids is null"),
        ("array['a', null]", "vector_ids[2] is null"),
        ("array['']", "vector_ids[1] is empty"),
        ("array[repeat('x', 1025)]", "vector_ids[1] is 1025 characters and 1025 bytes long"),
    ],
)
def test_bad_ids_are_refused(db: Database, registered: StubLambda, ids: LiteralString, message: str) -> None:
    """Ids that cannot exist are refused before anything is deleted."""
    error = db.error("select s3vl.delete_vectors(" + ids + ", 'docs')")

    assert (error.sqlstate, error.message_primary) == ("22023", message)
    assert registered.calls == []


def test_failure_half_way_says_what_was_deleted(db: Database, registered: StubLambda) -> None:
    """12 MB of ids are sent in three requests, and DETAIL says how far it came."""
    registered.answers({"deleted": [[1, 4085]]})
    registered.answers_failure("service_failure", deleted=[[1, 500]])

    error = db.error(
        "select s3vl.delete_vectors(array_agg(lpad(i::text, 1022, 'x')), 'docs')"
        " from generate_series(1, 12000) as i"
    )

    first = len(registered.requests[0]["vector_ids"])
    assert error.sqlstate == "S3V03"
    assert first == 4085
    assert (error.message_detail or "").endswith(
        f"; the request began at position {first + 1}; deleted: 1-{first + 500}"
    )
    assert f"The first {first + 500} are deleted: go on with position {first + 501}" in (
        error.message_hint or ""
    )
