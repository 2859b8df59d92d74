"""Tables in step with an index: what is committed arrives, what cannot be stored is named, and nothing waits."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest
from bindings import BIND, MAKE_DOCS, Bound
from indexes import registered_index

from fixtures_postgres import need_pgvector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Held, Stack
    from s3vl_local.cloud import LocalCloud


@pytest.fixture(scope="module")
def index_names() -> Iterator[str]:
    """Give names that no other index of these tests has."""
    return (f"sync-{number}" for number in range(1, 1_000))


@pytest.fixture
def docs(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack, index_names: Iterator[str]
) -> Bound:
    """Make the table, its index of three dimensions, and bind them."""
    name = next(index_names)
    arn = registered_index(connection, aws, stack, name, 3)
    connection.execute(MAKE_DOCS)
    connection.execute(BIND, [name])
    return Bound(connection, name, arn)


def test_every_committed_change_arrives(docs: Bound) -> None:
    """I1, I2: inserts, updates, deletes and changes of keys arrive, each once; what is rolled back never does."""
    docs.run(
        "insert into docs (id, body, price) select n, 'text ' || n, n / 7.0 from generate_series(1, 50) as n"
    )
    assert docs.sync() == 50
    docs.assert_in_step()
    docs.run("update docs set body = 'new' where id <= 10")
    docs.run("update docs set id = id + 100 where id between 11 and 15")
    docs.run("delete from docs where id between 16 and 20")
    docs.run("update docs set body = body")
    with docs.connection.transaction(force_rollback=True):
        docs.run("insert into docs (id) values (1000)")
    assert docs.status()["pending"] == 25
    assert docs.sync() == 25
    docs.assert_in_step()
    assert docs.sync() == 0
    status = docs.status()
    assert (status["state"], status["pending"], status["last_error"]) == ("in step", 0, None)


def test_rows_that_were_there_before_are_sent_in_pages(docs: Bound) -> None:
    """A backfill goes on where it was stopped, after live changes, and knows how far it is."""
    docs.run("select s3vl.unbind_table('docs')")
    docs.run("insert into docs (id) select n from generate_series(1, 4500) as n")
    docs.run("analyze docs")
    docs.run(BIND, docs.index_name)
    docs.run("update docs set body = 'x' where id = 4400")
    assert docs.status()["state"] == "backfilling"
    assert docs.sync() == 4501
    docs.assert_in_step()
    assert docs.status()["coverage"] == 1


def test_a_transaction_older_than_the_binding_is_not_lost(
    docs: Bound, database: Callable[[], psycopg.Connection]
) -> None:
    """I1: at REPEATABLE READ it does not see the binding, changes what a backfill has passed, and commits."""
    docs.run("select s3vl.unbind_table('docs')")
    docs.run("insert into docs (id, body) select n, 'before' from generate_series(1, 20) as n")
    other = database()
    with other.transaction():
        other.execute("set transaction isolation level repeatable read")
        other.execute("select from docs")
        docs.run(BIND, docs.index_name)
        assert docs.sync() == 20
        other.execute("update docs set body = 'late' where id <= 10")
        other.execute("delete from docs where id > 15")
    docs.sync()
    docs.assert_in_step()
    assert docs.status()["state"] == "in step"


POISON = {
    1: ("zero vector", "embedding = '{0,0,0}'", "embedding is zero in every dimension"),
    2: ("NaN", "embedding = '{1,NaN,0}'", "embedding holds NaN"),
    3: ("wrong dimension", "embedding = '{1,2}'", "embedding has 2 numbers, the index has 3 dimensions"),
    4: (
        "too much metadata",
        "meta = jsonb_build_object('text', repeat('x', 41000))",
        "metadata counts as .* bytes, S3 Vectors allows 40,960",
    ),
    5: ("too much that is filterable", "body = repeat('x', 2049)", "metadata counts as .* filterable bytes"),
    6: ("nested metadata", """meta = '{"a": {"b": 1}}'""", 'metadata has key "a", whose value is an object'),
}


def test_what_cannot_be_stored_is_a_dead_letter(docs: Bound) -> None:
    """I6: each bad row is named, with the reason; the rest arrives in the same turn, and a change clears the letter.

    A notice tells whoever called sync.
    """
    docs.run("insert into docs (id) select n from generate_series(1, 200) as n")
    for key, (_, change, _) in POISON.items():
        docs.run(f"update docs set {change} where id = {key}")  # type: ignore[arg-type]
    assert docs.sync() == 194
    assert docs.notices == ['binding "docs": 6 of the rows cannot be stored HINT: See s3vl.dead_letters().']
    letters = docs.run("select vector_id, sqlstate, error, attempts from s3vl.dead_letters() order by 1")
    assert [(row[0], row[1], row[3]) for row in letters] == [(str(key), "22023", 1) for key in POISON]
    for letter, (_, _, problem) in zip(letters, POISON.values(), strict=True):
        assert re.search(problem, letter[2])
    docs.assert_in_step(but=tuple(map(str, POISON)))
    assert docs.status()["dead"] == 6
    docs.run("update docs set embedding = '{1,2,3}', meta = null, body = null where id <= 3")
    docs.run("delete from docs where id = 4")
    assert docs.sync() == 4
    assert docs.run("select s3vl.retry_dead_letters('docs', array['5'])") == [(1,)]
    docs.sync()
    assert docs.run("select s3vl.discard_dead_letters('docs', array['6'])") == [(1,)]
    assert docs.run("select vector_id from s3vl.dead_letters('docs')") == [("5",)]


def test_all_of_a_turn_can_be_dead(docs: Bound) -> None:
    """As many rows that cannot be stored are as many letters, no call, and one notice, however many turns it takes."""
    docs.run("insert into docs (id, embedding) select n, '{0,0,0}' from generate_series(1, 2500) as n")
    assert docs.sync() == 0
    assert docs.status()["dead"] == 2500
    assert docs.stored() == {}
    assert docs.notices == [
        'binding "docs": 2,500 of the rows cannot be stored HINT: See s3vl.dead_letters().'
    ]
    docs.notices.clear()
    docs.run("insert into docs (id) values (3000)")
    assert docs.sync() == 1
    assert docs.notices == []


def test_what_only_the_service_refuses_is_found(docs: Bound) -> None:
    """I7: a record that is refused by name is tried alone, and dead after five attempts. Others do not wait for it."""
    docs.run("insert into docs (id) select n from generate_series(1, 300) as n")
    # The registry thinks that the key is not filterable, and so does the check here.
    docs.run("update docs set meta = jsonb_build_object('text', repeat('x', 3000)) where id = 77")
    docs.run(
        "create or replace function s3vl._row_problem(vector_id text, embedding real[], metadata jsonb,"
        " index s3vl.index_registry) returns text immutable language sql as 'select null::text'"
    )
    assert docs.sync() == 299
    docs.assert_in_step(but=("77",))
    backlog = docs.run("select vector_id, state, attempts from s3vl.sync_backlog('docs')")
    assert backlog == [("77", "retrying", 1)]
    for attempts in range(2, 6):
        docs.run("update s3vl.sync_failure set next_attempt_at = clock_timestamp()")
        assert docs.sync() == 0
        assert docs.run("select attempts from s3vl.sync_failure") == [(attempts,)]
    assert docs.status()["dead"] == 1


def test_a_row_without_embedding_waits(docs: Bound) -> None:
    """Its vector is deleted, and it counts as waiting until there is an embedding."""
    docs.run("insert into docs (id) values (1), (2)")
    docs.sync()
    docs.run("update docs set embedding = null where id = 1")
    docs.sync()
    assert set(docs.stored()) == {"2"}
    assert docs.status()["waiting"] == 1
    docs.run("update docs set embedding = '{1,2,3}' where id = 1")
    docs.sync()
    assert set(docs.stored()) == {"1", "2"}
    assert docs.status()["waiting"] == 0


def test_a_table_may_drop_its_embeddings_and_still_follow(docs: Bound) -> None:
    """With when_null => keep only the metadata follows, and the numbers stay as they were."""
    docs.run("insert into docs (id, body) select n, 'before' from generate_series(1, 250) as n")
    docs.sync()
    before = docs.stored()
    docs.run("select s3vl.alter_binding('docs', when_null => 'keep')")
    docs.run("update docs set embedding = null, body = 'after'")
    docs.run("insert into docs (id, embedding) values (999, null)")
    docs.run("delete from docs where id = 250")
    docs.sync()
    after = docs.stored()
    assert set(after) == set(before) - {"250"}
    for key, (embedding, metadata) in after.items():
        assert embedding == before[key][0]
        assert metadata == {"body": "after"}
    assert docs.run("select vector_id, state from s3vl.sync_backlog('docs')") == [("999", "waiting")]


def test_truncate_empties_the_index_of_what_is_gone(docs: Bound, aws: Callable[..., Any]) -> None:
    """Vectors without a row go, those of rows that came after stay, and so do ids that are none of the binding."""
    docs.run("insert into docs (id) select n from generate_series(1, 1500) as n")
    docs.sync()
    other = {"key": "not-a-number", "data": {"float32": [1, 2, 3]}}
    aws("s3vectors").put_vectors(indexArn=docs.index_arn, vectors=[other])
    docs.run("truncate docs")
    docs.run("insert into docs (id) select n from generate_series(1400, 1600) as n")
    docs.sync()
    docs.assert_in_step(but=("not-a-number",))
    assert "not-a-number" in docs.stored()
    assert docs.status()["state"] == "in step"


def test_the_end_of_a_binding_may_delete_its_vectors(docs: Bound) -> None:
    """The next calls of sync delete them, and then the binding is gone; the triggers are so at once."""
    docs.run("insert into docs (id) select n from generate_series(1, 1200) as n")
    docs.sync()
    docs.run("select s3vl.unbind_table('docs', delete_vectors => true)")
    assert docs.run("select tgname from pg_trigger where tgrelid = 'docs'::regclass") == []
    assert docs.status()["state"] == "ending"
    docs.sync()
    assert docs.stored() == {}
    assert docs.run("select * from s3vl.list_bindings()") == []


def test_pgvector_columns_can_be_bound(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack, index_names: Iterator[str]
) -> None:
    """Columns of vector and halfvec are sent as their numbers; a wrong dimension is refused by bind_table."""
    need_pgvector()
    name = next(index_names)
    arn = registered_index(connection, aws, stack, name, 3)
    connection.execute("create extension vector")
    connection.execute(
        "create table docs (id uuid primary key default gen_random_uuid(), v vector(3), h halfvec(3))"
    )
    bound = Bound(connection, name, arn)
    for column in ("v", "h"):
        bound.run(
            f"select s3vl.bind_table('docs', %s, '{column}', binding_name => '{column}',"  # type: ignore[arg-type]
            f" id_prefix => '{column}/')",
            name,
        )
    bound.run("insert into docs (v, h) select '[1,2,3]', '[0.5,2,3]' from generate_series(1, 20)")
    assert bound.sync() == 40
    bound.assert_in_step(
        "select 'v/' || id, v::real[], '{}'::jsonb from docs"
        " union all select 'h/' || id, h::real[], '{}' from docs"
    )
    bound.run("create table wide (id integer primary key, v vector(4))")
    with pytest.raises(psycopg.errors.DatatypeMismatch, match="embedding column v has 4 dimensions"):
        bound.run("select s3vl.bind_table('wide', %s, 'v', id_prefix => 'wide/')", name)


MENDED = {
    "row security": (
        """alter table docs enable row level security; alter table docs force row level security;
        create policy everything on docs using (true)""",
        "alter table docs disable row level security",
        "42501", "row security hides rows",
    ),
    "column renamed": (
        "alter table docs rename body to text", "alter table docs rename text to body",
        "42703", "column body does not exist",
    ),
    "key renamed": (
        "alter table docs rename id to ident", "alter table docs rename ident to id",
        "42703", "column id does not exist",
    ),
    "column of another type": (
        "alter table docs alter price type interval using null",
        "alter table docs alter price type numeric using null",
        "42804", "metadata column price has type interval",
    ),
    "column dropped": (
        "alter table docs drop column price",
        """select s3vl.alter_binding('docs', metadata_columns => '{body}');
        alter table docs add column price numeric""",
        "42703", "column price does not exist",
    ),
    "index deactivated": (
        "select s3vl.deactivate_index(index_name) from s3vl.list_bindings()",
        "select s3vl.activate_index(index_name) from s3vl.list_bindings()",
        "55000", "is inactive",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MENDED.values(), ids=MENDED)
def test_a_broken_configuration_loses_nothing(docs: Bound, case: tuple[LiteralString, ...]) -> None:
    """I3: no vector is deleted, changes are noted meanwhile, and the next sync goes on when it is mended.

    A notice tells whoever called sync.
    """
    breaks, mends, sqlstate, error = case
    docs.run("insert into docs (id, body) select n, 'a' from generate_series(1, 20) as n")
    docs.sync()
    before = docs.stored()
    docs.run(breaks)
    docs.run("insert into docs select 100")
    docs.run("update docs set meta = '{\"a\": 1}'")
    assert docs.sync() == 0
    status = docs.status()
    assert (status["state"], status["pending"]) == ("broken", 22)
    assert error in status["last_error"]
    assert status["hint"]
    [notice] = docs.notices
    assert re.match(r'binding "docs": .*' + error, notice)
    assert notice.endswith("HINT: " + status["hint"])
    assert docs.run("select sqlstate, failures from s3vl.sync_state") == [(sqlstate, 1)]
    if "inactive" not in error:
        assert docs.stored() == before
    docs.run(mends)
    assert docs.sync() >= 20
    docs.assert_in_step()
    assert docs.status()["state"] == "in step"


def test_an_index_of_another_dimension_breaks_the_binding(docs: Bound, aws: Callable[..., Any]) -> None:
    """Rows are not given up for it, be they of the old dimension or of the new one."""
    docs.run("insert into docs (id) select n from generate_series(1, 20) as n")
    docs.sync()
    _, bucket, _, index = docs.index_arn.split("/")
    service = aws("s3vectors")
    service.delete_index(indexArn=docs.index_arn)
    docs.run("update docs set body = 'b'")
    docs.sync()
    assert docs.run("select sqlstate from s3vl.sync_state") == [("S3V06",)]
    service.create_index(
        vectorBucketName=bucket, indexName=index, dataType="float32", dimension=2, distanceMetric="cosine"
    )
    for embedding in ("{1,2,3}", "{1,2}"):
        docs.run("update docs set embedding = %s", embedding)
        docs.sync()
        assert docs.status()["state"] == "broken"
        assert "is not as it was registered" in docs.status()["last_error"]
    docs.run("select s3vl.register_index(%s, %s)", docs.index_name, docs.index_arn)
    assert docs.sync() == 20
    docs.assert_in_step()
    assert docs.status()["dead"] == 0


def test_throttling_charges_nobody(docs: Bound, faults: Callable[..., None]) -> None:
    """I7: the binding waits, no attempt is counted, and the lease is not kept."""
    docs.run("insert into docs (id) select n from generate_series(1, 20) as n")
    faults(operation="PutVectors", status=429, code="TooManyRequestsException", times=8)
    assert docs.sync() == 0
    assert docs.status()["state"] == "backing off"
    assert docs.run("select count(*) from s3vl.sync_failure") == [(0,)]
    assert docs.run(
        "select sqlstate, not_before > last_turn_at + interval '0.5 seconds', leased_until > clock_timestamp()"
        " from s3vl.sync_state"
    ) == [("S3V01", True, False)]
    docs.run("select s3vl.resume_binding('docs')")
    assert docs.sync() == 20
    docs.assert_in_step()


def test_the_application_never_waits(
    docs: Bound, database: Callable[[], psycopg.Connection], hold: Callable[..., Held]
) -> None:
    """I5: with a drainer in a call, rows are changed, the table altered and truncated, at once, at any isolation."""
    docs.run("insert into docs (id) select n from generate_series(1, 20) as n")
    put = hold("PutVectors")
    drainer = threading.Thread(target=database().execute, args=("call s3vl.sync(max_seconds => 1)",))
    drainer.start()
    put.wait_for()
    with docs.connection.transaction():
        docs.run("set transaction isolation level serializable")
        docs.run("update docs set body = 'meanwhile'")
    docs.run("alter table docs add column more text")
    docs.run("truncate docs")
    docs.run("insert into docs (id, body) values (1, 'last')")
    # Another drainer returns at once too.
    assert docs.sync(1) == 0
    # Whoever had waited for it would have waited until the function was out of time.
    assert drainer.is_alive()
    put.let_go()
    drainer.join()
    docs.sync()
    docs.assert_in_step()
    assert list(docs.stored()) == ["1"]


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_call_that_is_cut_off_keeps_its_lease(
    docs: Bound, database: Callable[[], psycopg.Connection], hold: Callable[..., Held], how: LiteralString
) -> None:
    """I4: after statement_timeout, Ctrl-C or a lost session in mid-call nobody sends anything newer until it ends.

    What the call has sent arrives after that, and is written over by what is newer.
    """
    docs.run("insert into docs (id, body) select n, 'in the call' from generate_series(1, 20) as n")
    put = hold("PutVectors")
    session = database()
    problems: list[psycopg.Error] = []

    def drain() -> None:
        try:
            session.execute("call s3vl.sync()")
        except psycopg.Error as problem:
            problems.append(problem)

    drainer = threading.Thread(target=drain)
    drainer.start()
    put.wait_for()
    docs.run("select " + how + "(%s)", session.info.backend_pid)
    docs.run("update docs set body = 'newer' where id <= 10")

    assert docs.sync(1) == 0
    assert docs.status()["pending"] == 30
    put.let_go()
    drainer.join()
    assert [problem.sqlstate for problem in problems] == [{"c": "57014", "t": "57P01"}[how[3]]]
    limit = time.monotonic() + 60
    while len(docs.stored()) < 20:
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert docs.sync(1) == 0
    assert docs.run("select leased_until > clock_timestamp() from s3vl.sync_state") == [(True,)]
    docs.run("update s3vl.sync_state set leased_until = clock_timestamp()")
    assert docs.sync() == 20
    docs.assert_in_step()


def test_a_row_that_comes_back_while_it_is_deleted_stays(
    docs: Bound, database: Callable[[], psycopg.Connection], hold: Callable[..., Held]
) -> None:
    """I3, I4: the delete of the old row acts before the put of the new one; a thousand changes are one of it."""
    docs.run("insert into docs (id) values (1), (2)")
    docs.sync()
    docs.run("delete from docs where id = 1")
    delete = hold("DeleteVectors")
    drainer = threading.Thread(target=database().execute, args=("call s3vl.sync(max_seconds => 1)",))
    drainer.start()
    delete.wait_for()
    docs.run("insert into docs (id, body) values (1, '0')")
    for _ in range(1000):
        docs.run("update docs set body = (body::integer + 1)::text where id = 1")
    assert docs.sync(1) == 0
    delete.let_go()
    drainer.join()
    assert docs.sync() in {0, 1}
    docs.assert_in_step()
    assert docs.stored()["1"][1] == {"body": "1000"}
    assert docs.status()["pending"] == 0


def test_an_open_transaction_holds_up_nobody(docs: Bound, database: Callable[[], psycopg.Connection]) -> None:
    """I5: sync passes over one that is idle or prepared, others change the same rows' table, and it arrives later."""
    docs.run("insert into docs (id) select n from generate_series(1, 20) as n")
    docs.sync()
    prepared = database()
    prepared.execute("begin")
    prepared.execute("update docs set body = 'prepared' where id = 1")
    prepared.execute("prepare transaction 'of sync'")
    idle = database()
    with idle.transaction():
        idle.execute("update docs set body = 'idle' where id = 2")
        docs.run("set statement_timeout = '20s'")
        docs.run("update docs set body = 'meanwhile' where id > 2")
        assert docs.sync() == 18
        assert docs.status()["state"] == "in step"
    prepared.execute("commit prepared 'of sync'")
    assert docs.sync() == 2
    docs.assert_in_step()


def test_pg_cron_keeps_a_table_in_step(docs: Bound, cloud: LocalCloud) -> None:
    """With the job that the guide schedules, changes arrive and nobody calls sync."""
    with cloud.postgres().connect() as master:
        master.execute("create extension pg_cron")
        master.execute("grant execute on function cron.schedule_in_database to current_user")
        master.execute(
            "select cron.schedule_in_database('s3vl sync', '1 second', 'CALL s3vl.sync()', %s)",
            [docs.connection.info.dbname],
        )
        docs.run("insert into docs (id, body) select n, 'text' from generate_series(1, 20) as n")
        docs.run("delete from docs where id = 1")
        limit = time.monotonic() + 120
        while docs.status()["pending"]:
            assert time.monotonic() < limit, docs.status()
            time.sleep(0.05)
        docs.assert_in_step()
        ends = "select distinct status, return_message from cron.job_run_details where end_time is not null"
        while not (runs := master.execute(ends).fetchall()):
            assert time.monotonic() < limit
        assert runs == [("succeeded", "1 row")]
        master.execute("select cron.unschedule('s3vl sync')")
        master.execute("drop extension pg_cron")
