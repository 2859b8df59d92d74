"""An array of nothing costs no call where nothing is a natural thing to ask for; null is a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

# The call with a place for the array, and what an array of nothing gives.
CALLS: list[tuple[LiteralString, list[dict[str, Any]]]] = [
    ("select s3vl.put_vectors({}, 'docs') as count", [{"count": 0}]),
    ("select s3vl.delete_vectors({}, 'docs') as count", [{"count": 0}]),
    ("select * from s3vl.query_vectors_batch({}, 'docs')", []),
    ("select * from s3vl.get_vectors({}, 'docs')", []),
]
STATEMENTS = [call for call, _ in CALLS]


@pytest.mark.parametrize(("call", "rows"), CALLS, ids=STATEMENTS)
def test_nothing_is_no_call(
    db: Database, registered: StubLambda, call: LiteralString, rows: list[dict[str, Any]]
) -> None:
    """What a job gathered from no row is done at once."""
    assert db.rows(call.format("'{}'")) == rows
    assert registered.calls == []


@pytest.mark.parametrize("call", STATEMENTS)
def test_nothing_is_checked_like_something(db: Database, registered: StubLambda, call: LiteralString) -> None:
    """A closed index and an unknown one are refused whatever is written to them."""
    db.rows("select s3vl.deactivate_index('docs')")

    assert db.error(call.format("'{}'")).sqlstate == "55000"
    assert db.error(call.format("'{}'").replace("docs", "other")).sqlstate == "42704"
    assert registered.calls == []


@pytest.mark.parametrize("call", STATEMENTS)
def test_null_is_refused(db: Database, registered: StubLambda, call: LiteralString) -> None:
    """array_agg over no rows is null: the hint says how to make it nothing."""
    error = db.error(call.format("null"))

    assert (error.sqlstate, (error.message_primary or "").partition(" ")[2]) == ("22023", "is null")
    assert "coalesce(array_agg(" in (error.message_hint or "")
    assert registered.calls == []
