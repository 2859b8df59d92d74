"""What is said of jobs while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest

if TYPE_CHECKING:
    from fixtures_sql import Database


@pytest.mark.usefixtures("registered")
def test_a_total_that_nobody_knows_is_not_made_up(db: Database) -> None:
    """Of a table that was never analyzed only what is done is told, every five seconds; an estimate grows with it."""
    db.rows("create table t (id integer primary key, v real[])")
    db.rows("select s3vl.bind_table('t', 'docs', 'v')")
    progress: LiteralString = (
        "select s3vl._tell_progress(b.binding_id, 1000, clock_timestamp() - make_interval(secs => %(ago)s))"
        " from s3vl.binding as b"
    )
    run: LiteralString = (
        "select s3vl._save_job(jsonb_populate_record(j, %(now)s::jsonb)) from s3vl.sync_job as j"
    )
    db.rows(run, now='{"state": "running", "done": 1000}')

    db.rows(progress, ago=4)
    db.rows(progress, ago=5)
    db.rows(run, now='{"total": 900, "done": 1000}')
    db.rows(progress, ago=6)

    assert [notice.message for notice in db.notices] == [
        '1,000 vectors synced; backfill of binding "t": 1,000',
        '1,000 vectors synced; backfill of binding "t": 1,000 of about 1,000, 99.0 %',
    ]


@pytest.mark.parametrize(
    ("restarts", "is_owed", "state"), [(8, False, "running"), (9, False, "failed"), (9, True, "running")]
)
def test_a_segment_is_begun_ten_times(db: Database, restarts: int, is_owed: bool, state: str) -> None:
    """A verify whose token is too old each time fails then, as its error says; one that s3vl owes never does."""
    job = db.rows(
        "select (s3vl._begin_segment_again(jsonb_populate_record(null::s3vl.sync_job, jsonb_build_object("
        "'state', 'running', 'stage', 3, 'stage_done', 5, 'done', 12,"
        " 'restarts', %(restarts)s::integer, 'is_owed', %(is_owed)s::boolean)))).*",
        restarts=restarts,
        is_owed=is_owed,
    )[0]

    assert (job["state"], job["restarts"], job["done"], job["stage"]) == (state, restarts + 1, 7, 3)
    expected = "segment 4 of 16 was begun 10 times, and its token was too old each time"
    assert job["error"] == (expected if state == "failed" else None)
