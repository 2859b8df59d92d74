"""switch_index: what moves with a name, what stays, and what has to be in order before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

GREEN_ARN = INDEX_ARN.replace("test-index-5d", "green-3d")
REGISTER: LiteralString = """
    insert into s3vl.index_registry (index_name, index_arn, description, dimension, distance_metric, model)
    values ('blue', %(blue)s, 'in use', 5, 'cosine', 'old'), ('green', %(green)s, 'next', 3, 'euclidean', 'new')
"""
VERIFIED: LiteralString = """
    insert into s3vl.sync_job (binding_id, kind, state, started_at, finished_at)
    select binding_id, 'verify', 'done', clock_timestamp(), clock_timestamp() from s3vl.binding
"""
SWITCH: LiteralString = "select s3vl.switch_index('blue', 'green')"


@pytest.fixture
def two(db: Database, configured: StubLambda) -> StubLambda:
    """Register two indexes of different dimension and model, and bind one table to both."""
    db.rows(REGISTER, blue=INDEX_ARN, green=GREEN_ARN)
    db.rows("create table t (id integer primary key, v5 real[], v3 real[])")
    db.rows("select s3vl.bind_table('t', 'blue', 'v5', binding_name => 'b', backfill => false)")
    db.rows("select s3vl.bind_table('t', 'green', 'v3', binding_name => 'g', backfill => false)")
    db.rows(VERIFIED)
    return configured


def registry(db: Database) -> dict[str, tuple[Any, ...]]:
    """Return what each name stands for."""
    rows = db.rows(
        "select index_name, description, split_part(index_arn, '/', 4) as index, dimension, distance_metric, model"
        " from s3vl.index_registry"
    )
    return {row.pop("index_name"): tuple(row.values()) for row in rows}


def bindings(db: Database) -> dict[str, str]:
    """Return the index of each binding."""
    return {
        row["binding_name"]: row["index"]
        for row in db.rows(
            "select b.binding_name, i.index_name || '=' || split_part(i.index_arn, '/', 4) as index"
            " from s3vl.list_bindings() as b join s3vl.list_indexes() as i on i.index_name = b.index_name"
        )
    }


@pytest.mark.usefixtures("two")
def test_two_names_swap_their_indexes(db: Database) -> None:
    """ARN, facts and model move, descriptions stay; bindings keep their indexes; the same call goes back."""
    before = registry(db), bindings(db)

    assert db.value(SWITCH) is True

    assert registry(db) == {
        "blue": ("in use", "green-3d", 3, "euclidean", "new"),
        "green": ("next", "test-index-5d", 5, "cosine", "old"),
    }
    assert bindings(db) == {"b": "green=test-index-5d", "g": "blue=green-3d"}
    db.rows("select s3vl.alter_binding('b', when_null => 'keep', backfill => false)")
    assert db.value("select s3vl.switch_index('green', 'blue')") is True
    assert (registry(db), bindings(db)) == before


def test_a_vector_of_the_other_index_is_refused_after_it(db: Database, two: StubLambda) -> None:
    """Dimension and model have moved with the name, so that what was embedded for the old index is no noise."""
    db.rows(SWITCH)

    for query in ("'{1,2,3,4,5}', 'blue'", "'{1,2,3}', 'blue', expected_model => 'old'"):
        assert db.error("select * from s3vl.query_vectors(" + query + ")").sqlstate == "22023"
    assert two.requests == []
    two.answers({"distance_metric": "euclidean", "vectors": []})
    assert db.rows("select * from s3vl.query_vectors('{1,2,3}', 'blue', expected_model => 'new')") == []
    assert two.requests[0]["index_arn"] == GREEN_ARN


@pytest.mark.usefixtures("two")
def test_a_rollback_takes_it_back(db: Database) -> None:
    """As any change of the registry."""
    before = registry(db), bindings(db)
    with db.connection.transaction(force_rollback=True):
        db.rows(SWITCH)

    assert (registry(db), bindings(db)) == before


def test_other_names_of_an_index_stay_with_it(db: Database, two: StubLambda) -> None:
    """A third name is not moved, and bindings of an index with two names are listed by the first of them."""
    two.answers({"index": {"dimension": 5, "distance_metric": "cosine"}})
    db.rows("select s3vl.register_index('always blue', %(arn)s)", arn=INDEX_ARN)

    db.rows(SWITCH)

    assert registry(db)["always blue"] == (None, "test-index-5d", 5, "cosine", "old")
    assert bindings(db) == {"b": "always blue=test-index-5d", "g": "blue=green-3d"}
    db.rows("select s3vl.switch_index('blue', 'always blue')")
    assert registry(db)["blue"][1:3] == ("test-index-5d", 5)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("arguments", "sqlstate"),
    [
        ("'blue', 'blue'", "22023"),
        ("'blue', 'nowhere'", "42704"),
        ("null, 'green'", "42704"),
        ("'blue', 'green', null", "22023"),
    ],
)
def test_what_are_not_two_indexes_is_refused(db: Database, arguments: LiteralString, sqlstate: str) -> None:
    """An unknown name, the same name, and nothing at all."""
    assert db.error("select s3vl.switch_index(" + arguments + ")").sqlstate == sqlstate


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("name", ["blue", "green"])
def test_an_inactive_index_is_not_switched(db: Database, name: str) -> None:
    """Neither from it nor to it, by force neither."""
    db.rows("select s3vl.deactivate_index(%(name)s)", name=name)

    assert db.error("select s3vl.switch_index('blue', 'green', true)").sqlstate == "55000"


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("before", "problem"),
    [
        (
            "select s3vl._queue_job(binding_id, 'backfill') from s3vl.binding where binding_name = 'g'",
            "is queued; it was not",
        ),
        ("delete from s3vl.sync_job", 'Binding "g": it was not verified since all rows were sent.'),
        (
            "select s3vl._owe_verify(binding_id) from s3vl.binding where binding_name = 'g'",
            "is queued.",
        ),
        (
            (
                "insert into s3vl.sync_job (binding_id, kind, state, started_at, finished_at, sqlstate)"
                " select binding_id, 'verify', 'failed', clock_timestamp(), clock_timestamp(), '55000'"
                " from s3vl.binding"
            ),
            "has failed.",
        ),
        (
            "insert into s3vl.sync_difference (job_id, key, problem) select job_id, '1', 'stale' from s3vl.sync_job",
            "has found 1 differences.",
        ),
        (
            # In a transaction that began before the verify did.
            "select s3vl.alter_binding('g', when_null => 'keep', backfill => false)",
            'Binding "g": it was not verified since all rows were sent.',
        ),
        ("update s3vl.binding set is_ending = true", 'Binding "g": it is ending.'),
        ("select s3vl.pause_binding('g')", 'Binding "g": it is paused.'),
        ("update s3vl.sync_state set is_broken = true, error = 'x'", 'Binding "g": it is broken: x.'),
        (
            (
                "insert into s3vl.sync_failure (binding_id, key, state, attempts, error)"
                " select binding_id, '1', 'dead', 1, 'x' from s3vl.binding"
            ),
            'Binding "g": it has 1 dead letters.',
        ),
        (
            (
                "insert into s3vl.sync_failure (binding_id, key, state, attempts, error)"
                " select binding_id, '1', 'retrying', 1, 'x' from s3vl.binding"
            ),
            'Binding "g": 1 of its rows were refused, and are tried again.',
        ),
        (
            (
                "insert into s3vl.sync_failure (binding_id, key, state, attempts, error)"
                " select binding_id, n::text, 'waiting', 1, 'x' from s3vl.binding, generate_series(1, 3) as n"
                " where n = 1 or binding_name = 'g'"
            ),
            'Binding "g": 3 of its rows have no embedding.',
        ),
        ("select s3vl.unbind_table('g')", "Table public.t is not bound to it."),
    ],
    ids=str.split(
        "backfill verify owed failed differences changed ending paused broken dead retrying waiting unbound"
    ),
)
def test_an_index_that_is_not_whole_is_refused(db: Database, before: LiteralString, problem: str) -> None:
    """The error says which binding lacks what; by force it is switched all the same."""
    db.rows(before)

    error = db.error(SWITCH)

    assert (error.sqlstate, error.message_primary) == (
        "55000",
        'index "green" cannot take the place of "blue" yet',
    )
    assert problem in (error.message_detail or "")
    assert (error.message_hint or "").endswith("select s3vl.switch_index('blue', 'green', force => true);")
    db.rows((error.message_hint or "").partition("all the same: ")[2])  # type: ignore[arg-type]
    assert registry(db)["blue"][1] == "green-3d"


@pytest.mark.usefixtures("two")
def test_an_old_change_that_waits_is_in_the_way(db: Database) -> None:
    """One of this minute is not: changes never stop."""
    db.rows("insert into t (id) values (1)")
    with db.connection.transaction(force_rollback=True):
        assert db.value(SWITCH) is True

    db.rows("update s3vl.outbox set noted_at = noted_at - interval '61 seconds'")

    assert "its oldest change waits since" in (db.error(SWITCH).message_detail or "")


@pytest.mark.usefixtures("two")
def test_a_switch_opens_nothing_to_anybody(db: Database) -> None:
    """Restrictions are of an index, and a name is not moved to one that is restricted otherwise, by force neither."""
    db.rows("create role tenant")
    restrict: LiteralString = "select s3vl.restrict_index(%(name)s, 'tenant', '{\"tenant\": \"a\"}')"
    for name in ("blue", "green"):
        with db.connection.transaction(force_rollback=True):
            db.rows(restrict, name=name)
            for force in (True, False):
                error = db.error("select s3vl.switch_index('blue', 'green', %(force)s)", force=force)
                assert (error.sqlstate, error.message_primary) == (
                    "55000",
                    'indexes "blue" and "green" are not restricted alike',
                )
    db.rows(restrict, name="blue")
    db.rows("select s3vl.restrict_index('green', 'tenant', '{\"tenant\": \"b\"}')")
    assert db.error(SWITCH).sqlstate == "55000"

    db.rows(restrict, name="green")

    assert db.value(SWITCH) is True


def test_indexes_without_tables_are_switched(db: Database, configured: StubLambda) -> None:
    """Who writes them otherwise knows by themselves what is in them."""
    db.rows(REGISTER, blue=INDEX_ARN, green=GREEN_ARN)

    assert db.value(SWITCH) is True
    assert configured.requests == []


@pytest.mark.usefixtures("two")
def test_what_a_repair_has_marked_has_to_be_sent_before(db: Database) -> None:
    """An index is not whole because a verify has found out what it lacks."""
    [job] = db.rows(
        "update s3vl.sync_job as j set repair = true from s3vl.binding as b"
        " where b.binding_id = j.binding_id and b.binding_name = 'g' returning j.job_id, j.binding_id"
    )
    db.rows(
        "insert into s3vl.sync_difference (job_id, key, problem) values (%(job_id)s, '1', 'missing')", **job
    )
    db.rows("insert into s3vl.outbox (binding_id, key) values (%(binding_id)s, '1')", **job)
    db.rows("update s3vl.sync_job set finished_at = clock_timestamp()")

    error = db.error(SWITCH)

    assert error.sqlstate == "55000"
    assert error.message_detail == f'Binding "g": what verify {job["job_id"]} has found is still to be sent.'
    db.rows("delete from s3vl.outbox")
    db.rows("insert into s3vl.outbox (binding_id, key) values (%(binding_id)s, '2')", **job)
    assert db.value(SWITCH) is True
