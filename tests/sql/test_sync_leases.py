"""The lease of a turn: it ends early only where no call can act any more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda


@pytest.mark.parametrize(("unanswered", "is_kept"), [(1, True), (0, False)])
def test_an_attempt_without_an_answer_is_not_forgotten_when_a_later_call_fails(
    db: Database, registered: StubLambda, unanswered: int, is_kept: bool
) -> None:
    """A put was refused after an attempt that may still act; the failure of the next call does not undo that."""
    db.rows("create table t (id integer primary key, v real[])")
    db.rows("select s3vl.bind_table('t', 'docs', 'v', backfill => false)")
    db.rows("insert into t values (1, '{1,2,3,4,5}'), (2, '{1,2,3,4,5}')")
    registered.answers_text(
        json.dumps(
            {
                "success": False,
                "error": {"code": "invalid_request", "message": "refused"},
                "request_id": "request-1",
                "stats": {"unanswered": unanswered},
            }
        )
    )
    registered.answers_failure("access_denied")

    db.rows(
        "update s3vl.sync_state set lease = gen_random_uuid(), last_turn_at = clock_timestamp(),"
        " leased_until = clock_timestamp() + s3vl._lease_time()"
    )
    db.rows("select s3vl._sync_step(binding_id, lease) from s3vl.sync_state")

    assert db.rows("select sqlstate, leased_until > clock_timestamp() as is_kept from s3vl.sync_state") == [
        {"sqlstate": "S3V02", "is_kept": is_kept}
    ]
