"""last_call: what a call has cost, kept in the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database, StubLambda

LAST: LiteralString = "select * from s3vl.last_call()"
SEARCH: LiteralString = (
    "select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'docs', metadata_filter => '{\"k\": \"secret\"}')"
)
NOTE_CALL: LiteralString = "select s3vl._note_call(%(operation)s"
NONE: dict[str, Any] = {"distance_metric": "cosine", "vectors": []}


def measured(number: int, *, cold_start: bool = False) -> dict[str, Any]:
    """Return what an answer says about its own cost."""
    return {
        "execution_time_ms": 10 * number,
        "request_id": f"request-{number}",
        "stats": {"api_calls": number, "attempts": number, "cold_start": cold_start},
    }


@pytest.mark.usefixtures("registered")
def test_there_is_no_row_before_the_first_call(db: Database) -> None:
    """A session that has not called has no last call."""
    assert db.rows(LAST) == []


def test_parts_are_one_call(db: Database, registered: StubLambda) -> None:
    """Times, calls and bytes are summed up over the parts of an answer."""
    registered.answers(NONE, continuation={"page": 2}, **measured(1, cold_start=True))
    registered.answers(NONE, **measured(2))
    db.rows(SEARCH)

    [row] = db.rows(LAST)

    total_ms, bytes_out, bytes_in = row.pop("total_ms"), row.pop("bytes_out"), row.pop("bytes_in")
    assert row == {
        "operation": "query_vectors",
        "request_id": "request-2",
        "lambda_ms": 30.0,
        "api_calls": 3,
        "pages": 2,
        "cold_start": True,
    }
    assert 0 < total_ms < 5000
    assert 400 < bytes_out < 1000
    assert bytes_in == db.value("select sum(octet_length(payload))::integer from aws_lambda.played")


def test_the_next_call_begins_anew(db: Database, registered: StubLambda) -> None:
    """Nothing of the call before is left."""
    registered.answers(NONE, **measured(1, cold_start=True))
    registered.answers({"vectors": []}, **measured(2))
    db.rows(SEARCH)
    db.rows("select * from s3vl.list_vectors(index_name => 'docs')")

    [row] = db.rows(LAST)

    assert (row["operation"], row["api_calls"], row["pages"], row["cold_start"]) == (
        "list_vectors",
        2,
        1,
        False,
    )


def test_bytes_beyond_an_integer_are_the_largest_integer(db: Database, registered: StubLambda) -> None:
    """A call of more than 2 GiB is told as far as the column can, and stops nothing."""
    registered.answers(NONE, **measured(1))
    db.rows(SEARCH)
    db.rows(
        "select s3vl._note('last_call', jsonb_set(jsonb_set(s3vl._noted('last_call'),"
        " '{bytes_in}', '2147483647'), '{bytes_out}', '5000000000')::json)"
    )
    started = db.value("select s3vl._noted('last_call') ->> 'started'")
    db.rows(
        f"{NOTE_CALL}, %(started)s::timestamptz, now(), 2, '{{}}', '{{\"success\": true}}')",
        operation="x",
        started=started,
    )

    [row] = db.rows(LAST)

    assert (row["bytes_in"], row["bytes_out"], row["pages"]) == (2_147_483_647, 2_147_483_647, 2)


@pytest.mark.parametrize("started", ["30 seconds", "-30 seconds"])
def test_the_time_is_that_of_the_call(db: Database, registered: StubLambda, started: str) -> None:
    """A call that is said to have started at another time, as sync() does to have it end, tells its own time."""
    registered.answers({"written": [[1, 1]]}, **measured(1))
    db.rows("update s3vl.config set timeout_seconds = 600")
    db.rows(
        "select s3vl._put_records(array[row('a', '{1,2}', null)::s3vl.vector_record], r.index_arn,"
        " clock_timestamp() + %(started)s::interval, null, null)"
        " from s3vl.index_registry as r limit 1",
        started=started,
    )

    assert 0 < db.value("select total_ms from s3vl.last_call()") < 5000


def test_requests_of_one_call_are_summed_up(db: Database, registered: StubLambda) -> None:
    """What was sent in several requests is one call too."""
    registered.answers({"deleted": [[1, 4085]]}, **measured(1))
    registered.answers({"deleted": [[1, 1915]]}, **measured(2))
    db.rows(
        "select s3vl.delete_vectors(array_agg(lpad(i::text, 1022, 'x')), 'docs')"
        " from generate_series(1, 6000) as i"
    )

    [row] = db.rows(LAST)

    assert (row["operation"], row["api_calls"], row["pages"]) == ("delete_vectors", 3, 2)
    assert row["bytes_out"] > 6_000_000


def test_failed_call_leaves_the_last_one_that_worked(db: Database, registered: StubLambda) -> None:
    """What failed has its request id in the error."""
    registered.answers(NONE, **measured(1))
    registered.answers_failure("throttled")
    db.rows(SEARCH)
    db.error(SEARCH)

    assert db.value("select request_id from s3vl.last_call()") == "request-1"


def test_it_holds_no_data_of_the_user(db: Database, registered: StubLambda) -> None:
    """Names, vectors, filters and hits are not in the note, which anybody in the session can read."""
    registered.answers(
        {
            "distance_metric": "cosine",
            "vectors": [{"vector_id": "secret", "distance": 0, "metadata": {"secret": 1}}],
        },
        **measured(1),
    )
    db.rows(SEARCH)

    note = db.value("select s3vl._noted('last_call')::text")

    assert "request-1" in note
    for text in ("secret", "docs", "test-index-5d"):
        assert text not in note


def test_it_works_in_a_read_only_transaction(db: Database, registered: StubLambda) -> None:
    """Noting is no write."""
    registered.answers(NONE, **measured(1))
    db.rows("set transaction read only")
    db.rows(SEARCH)

    assert db.value("select api_calls from s3vl.last_call()") == 1


GARBAGE = [
    "",
    "x",
    "[]",
    "{}",
    '{"started": 1}',
    '{"operation": "query_vectors", "total_ms": "long"}',
    '{"operation": "query_vectors", "pages": 1e12}',
    r'{"operation": "\u0000"}',
    '{"operation": 1e999999}',
    '{"operation": ' + "[" * 100_000 + "]" * 100_000 + "}",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=[garbage[:50] for garbage in GARBAGE])
def test_garbage_in_the_note_stops_no_call(db: Database, registered: StubLambda, garbage: str) -> None:
    """Whatever somebody prepares under the name of the note, it is no call, and the next call is noted."""
    registered.answers(NONE, **measured(1))
    db.rows("select s3vl._forget_note('last_call')")
    db.connection.execute(
        psycopg.sql.SQL("prepare {} as select {}").format(
            psycopg.sql.Identifier("s3vl.last_call"), garbage.encode().hex() or "not hexadecimal"
        )
    )

    assert db.rows(LAST) == []
    db.rows(SEARCH)
    assert db.value("select pages from s3vl.last_call()") == 1


@pytest.mark.parametrize("discarding", ["discard all", "deallocate all"])
def test_pooler_that_discards_all_discards_it(
    committing: Callable[..., Database], discarding: LiteralString
) -> None:
    """The next user of a pooled session does not find it."""
    session = committing()
    session.rows(f"{NOTE_CALL}, now(), now(), 1, '{{}}', '{{\"success\": true}}')", operation="query_vectors")
    assert session.value("select operation from s3vl.last_call()") == "query_vectors"

    session.rows(discarding)

    assert session.rows(LAST) == []


def test_the_note_outlives_a_rollback(committing: Callable[..., Database]) -> None:
    """Drivers end with ROLLBACK what only reads, and the call has been paid for."""
    session = committing()
    for operation, end in [("list_vectors", "rollback"), ("put_vectors", "rollback to savepoint before")]:
        session.rows("begin; savepoint before")
        session.rows(f"{NOTE_CALL}, now(), now(), 1, '{{}}', '{{\"success\": true}}')", operation=operation)
        session.rows(end)
        session.rows("commit")

        assert session.value("select operation from s3vl.last_call()") == operation


def test_a_materialized_view_is_refreshed_without_a_note(db: Database, registered: StubLambda) -> None:
    """PostgreSQL lets nothing be prepared there; the search works, and leaves the note before it."""
    registered.answers(NONE, **measured(1))
    registered.answers(NONE, **measured(2))
    db.rows("create materialized view found as " + SEARCH + " with no data")
    db.rows(SEARCH)

    db.rows("refresh materialized view found")

    assert len(registered.requests) == 2
    assert db.value("select request_id from s3vl.last_call()") == "request-1"
