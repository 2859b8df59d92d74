"""Backfill and verify: what no trigger has seen is found and mended, and what is under way is no difference.

S3VL_VERIFY_VECTORS=200000 measures a verify of so many vectors, S3VL_VERIFY_DIMENSIONS says of how many numbers (3);
without it that test is skipped.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psutil
import psycopg
import pytest
from bindings import MAKE_DOCS, Bound
from indexes import registered_index

from s3vl_local.cloud import request
from s3vl_local.postgres import BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Held, Stack
    from s3vl_local.cloud import LocalCloud

BIND = """
    select s3vl.bind_table(
        'docs', %s, 'embedding', metadata_columns => '{body,price}', metadata_column => 'meta', hash_key => 'hash'
    )
"""
WITHOUT_HASH: LiteralString = """
    select id::text, embedding,
        jsonb_strip_nulls(coalesce(meta, '{}') || jsonb_build_object('body', body, 'price', price))
    from docs
"""

Differences = set[tuple[str, str]]


class Verified(Bound):
    """The table docs, bound with a hash_key."""

    dimensions = 3

    def stored(self) -> dict[str, tuple[list[float], Any]]:
        """Return what the index holds, without the hashes."""
        return {
            key: (embedding, {name: value for name, value in (metadata or {}).items() if name != "hash"})
            for key, (embedding, metadata) in super().stored().items()
        }

    def verify(self, *, repair: bool = False, max_deletes: int | None = None) -> Differences:
        """Do a verify job from first to last, and return what it has found."""
        [(job,)] = self.run("select s3vl.start_verify('docs', %s, %s)", repair, max_deletes)
        self.sync()
        assert self.job(job)["state"] == "done", str((self.job(job), self.status()))
        return self.differences(job)

    def differences(self, job: int) -> Differences:
        """Return what a job has found."""
        return set(self.run("select vector_id, problem from s3vl.verify_differences(%s)", job))  # type: ignore[arg-type]

    def job(self, job: int) -> dict[str, Any]:
        """Return the row of a job."""
        cursor = self.connection.execute("select * from s3vl.sync_jobs() where job_id = %s", [job])
        assert cursor.description
        [row] = cursor.fetchall()
        return dict(zip([column.name for column in cursor.description], row, strict=True))

    def put(self, service: Any, *keys: str, **metadata: Any) -> None:
        """Put vectors behind the back of s3vl."""
        service.put_vectors(
            indexArn=self.index_arn,
            vectors=[
                {"key": key, "data": {"float32": [9] * self.dimensions}, "metadata": metadata} for key in keys
            ],
        )


@pytest.fixture(scope="module")
def index_names() -> Iterator[str]:
    """Give names that no other index of these tests has."""
    return (f"jobs-{number}" for number in range(1, 1_000))


@pytest.fixture
def unbound(
    connection: psycopg.Connection,
    aws: Callable[..., Any],
    stack: Stack,
    index_names: Iterator[str],
    request: pytest.FixtureRequest,
) -> Verified:
    """Make the table, and its index, of three dimensions if nobody asks for more, with a key for hashes."""
    name = next(index_names)
    dimensions = getattr(request, "param", Verified.dimensions)
    arn = registered_index(connection, aws, stack, name, dimensions, nonFilterableMetadataKeys=["hash"])
    connection.execute(MAKE_DOCS)
    made = Verified(connection, name, arn)
    made.dimensions = dimensions
    return made


@pytest.fixture
def docs(unbound: Verified) -> Verified:
    """Bind the table, with 300 rows that the index has."""
    unbound.run(BIND, unbound.index_name)
    unbound.run("insert into docs (id, body, price) select n, 'a', n / 7.0 from generate_series(1, 300) as n")
    unbound.sync()
    return unbound


def named(problem: str, *keys: int) -> Differences:
    """Return differences of one kind."""
    return {(str(key), problem) for key in keys}


# What no trigger sees, and what it leaves behind.
UNSEEN: dict[str, tuple[LiteralString, Differences]] = {
    "DISABLE TRIGGER and a load": (
        """alter table docs disable trigger user;
        insert into docs (id, body) values (1001, 'new'), (1002, 'new');
        update docs set body = 'b' where id = 1;
        update docs set embedding = '{1,2,3}' where id = 2;
        update docs set embedding = null where id = 4;
        delete from docs where id = 3;
        alter table docs enable trigger user""",
        named("missing", 1001, 1002) | named("stale", 1, 2) | named("orphan", 3, 4),
    ),
    "session_replication_role": (
        """set session_replication_role = replica;
        insert into docs (id, body) values (1003, 'new');
        update docs set price = 35 where id = 5;
        delete from docs where id = 6;
        reset session_replication_role""",
        named("missing", 1003) | named("stale", 5) | named("orphan", 6),
    ),
    "ALTER TYPE USING": (
        "alter table docs alter price type bigint using case when id between 10 and 14 then -id else price end",
        named("stale", *range(10, 15)),
    ),
}


def test_what_no_trigger_sees_is_found_and_mended(
    docs: Verified, cloud: LocalCloud, aws: Callable[..., Any]
) -> None:
    """After each of them verify finds exactly the differences, and repair ends in equality."""
    assert docs.verify() == set()
    docs.run("update docs set price = id")
    docs.sync()
    database = docs.connection.info.dbname
    with cloud.postgres().connect("rdsadmin", database) as superuser:
        superuser.autocommit = True
        superuser.execute("select set_config('search_path', %s, false)", [docs.run("show search_path")[0][0]])
        for case, (statements, expected) in UNSEEN.items():
            superuser.execute(statements)
            assert docs.verify() == expected, case
            assert docs.verify(repair=True) == expected, case
            docs.assert_in_step(WITHOUT_HASH)
            assert docs.verify() == set(), case

    service = aws("s3vectors")
    docs.put(service, "20", "5000", "not-a-number", "007", body="by hand")
    service.delete_vectors(indexArn=docs.index_arn, keys=["30", "31"])
    expected = named("stale", 20) | named("orphan", 5000) | named("missing", 30, 31)
    assert docs.verify() == expected
    assert docs.verify(repair=True) == expected
    docs.assert_in_step(WITHOUT_HASH, but=("not-a-number", "007"))
    assert {"not-a-number", "007"} < set(docs.stored())


def test_an_older_backup_of_the_table_is_found_and_mended(
    docs: Verified, cloud: LocalCloud, tmp_path: Any
) -> None:
    """With pg_restore --data-only --disable-triggers: what was changed since is stale, missing or an orphan."""
    url = cloud.postgres().url("rdsadmin", docs.connection.info.dbname)
    backup = tmp_path / "docs.dump"
    subprocess.run([BIN / "pg_dump", "-Fc", "-t", "docs", "-f", backup, url], check=True)
    docs.run("update docs set body = 'later' where id <= 3")
    docs.run("delete from docs where id = 7")
    docs.run("insert into docs (id, body) values (301, 'later')")
    docs.sync()
    docs.run("alter table docs disable trigger user")
    docs.run("delete from docs")
    docs.run("alter table docs enable trigger user")
    restore = [BIN / "pg_restore", "--data-only", "--disable-triggers", "-d", url, backup]
    subprocess.run(restore, check=True)
    expected = named("stale", 1, 2, 3) | named("missing", 7) | named("orphan", 301)
    assert docs.verify() == expected
    assert docs.verify(repair=True) == expected
    docs.assert_in_step(WITHOUT_HASH)


def test_partitions_that_come_and_go_are_found(unbound: Verified) -> None:
    """ATTACH leaves rows that are missing, DETACH and TRUNCATE of one partition vectors that are orphans."""
    unbound.run(
        """drop table docs;
        create table docs (id integer primary key, body text, price numeric, meta jsonb, embedding real[])
            partition by range (id);
        create table docs_1 partition of docs for values from (1) to (101);
        create table docs_2 partition of docs for values from (101) to (201);
        create table docs_3 (like docs including all)"""
    )
    unbound.run(BIND, unbound.index_name)
    for source in ("docs", "docs_3"):
        unbound.run(
            f"insert into {source} select n, 'a', n, null, array[1, 2, n]"  # type: ignore[arg-type]
            f" from generate_series({1 if source == 'docs' else 201}, {200 if source == 'docs' else 210}) as n"
        )
    unbound.sync()
    unbound.run("alter table docs attach partition docs_3 for values from (201) to (301)")
    unbound.run("alter table docs detach partition docs_2")
    unbound.run("truncate docs_1")
    unbound.run("insert into docs_1 values (7, 'again', 7, null, '{1,2,7}')")
    expected = named("missing", *range(201, 211)) | named("orphan", *range(1, 7), *range(8, 201))
    assert unbound.verify() == expected
    assert unbound.verify(repair=True, max_deletes=199) == expected
    unbound.assert_in_step(WITHOUT_HASH)


def test_a_table_that_took_the_place_of_the_bound_one(docs: Verified) -> None:
    """After a swap by RENAME the new table is bound without a backfill, and only what differs is sent."""
    docs.run(
        """create table docs_new (like docs including all);
        insert into docs_new select * from docs where id > 5;
        update docs_new set body = 'rebuilt' where id <= 10;
        insert into docs_new (id) values (400);
        alter table docs rename to docs_old;
        alter table docs_new rename to docs"""
    )
    assert docs.verify() == set()
    docs.run("select s3vl.unbind_table('docs')")
    docs.run(BIND.replace("hash_key", "backfill => false, hash_key"), docs.index_name)  # type: ignore[arg-type]
    expected = named("orphan", *range(1, 6)) | named("stale", *range(6, 11)) | named("missing", 400)
    assert docs.verify() == expected
    assert docs.verify(repair=True) == expected
    docs.assert_in_step(WITHOUT_HASH)


def test_an_empty_table_does_not_empty_an_index(docs: Verified) -> None:
    """A repair that would delete more than a tenth fails with 55000, and its hint is the way on."""
    docs.run("alter table docs disable trigger user")
    docs.run("create table kept as select * from docs")
    docs.run("delete from docs where id > 10")
    docs.run("alter table docs enable trigger user")
    before = docs.stored()
    [(job,)] = docs.run("select s3vl.start_verify('docs', repair => true)")
    docs.sync()
    row = docs.job(job)
    assert (row["state"], row["sqlstate"]) == ("failed", "55000")
    assert row["error"] == (
        'repair of binding "docs" would delete 290 of 300 vectors, more than max_deletes, which is 30'
    )
    assert docs.stored() == before
    assert docs.run("select status, hint from s3vl.diagnose() where check_name = 'binding \"docs\"'") == [
        ("fail", row["hint"])
    ]
    confirm = row["hint"].split("type: ")[1]
    assert confirm == "select s3vl.start_verify('docs', repair => true, max_deletes => 290);"
    docs.run(confirm)
    docs.sync()
    docs.assert_in_step(WITHOUT_HASH)
    assert len(docs.stored()) == 10


def test_an_emptied_column_does_not_empty_an_index(docs: Verified) -> None:
    """A backfill deletes only vectors of rows that were changed; those of the others are for a repair and its guard."""
    docs.run("alter table docs drop column embedding")
    docs.run("alter table docs add column embedding real[]")
    docs.run("update docs set embedding = '{1,2,3}' where id = 1")
    docs.run("update docs set body = 'b' where id = 2")
    docs.run("delete from docs where id = 3")
    docs.run("select s3vl.start_backfill('docs')")
    docs.sync()
    assert set(docs.stored()) == {"1", *(str(key) for key in range(4, 301))}
    assert docs.status()["waiting"] == 298
    [(job,)] = docs.run("select s3vl.start_verify('docs', repair => true)")
    docs.sync()
    assert docs.job(job)["error"] == (
        'repair of binding "docs" would delete 297 of 298 vectors, more than max_deletes, which is 30'
    )
    assert docs.differences(job) == named("orphan", *range(4, 301))
    assert len(docs.stored()) == 298
    assert docs.verify(repair=True, max_deletes=297) == named("orphan", *range(4, 301))
    docs.assert_in_step(WITHOUT_HASH)


def unseen(docs: Verified, statement: LiteralString) -> None:
    """Change rows while the triggers of the table are disabled."""
    docs.run("alter table docs disable trigger user")
    docs.run(statement)
    docs.run("alter table docs enable trigger user")


def test_rows_that_waited_or_were_refused_are_compared_again(docs: Verified) -> None:
    """What no trigger has seen of them is found, too; a row that still waits, or is still refused, is none."""
    docs.run("update docs set embedding = null where id <= 3")
    docs.run("update docs set embedding = '{0,0,0}' where id between 4 and 6")
    docs.sync()
    assert docs.verify() == set()
    unseen(docs, "update docs set embedding = '{1,2,3}' where id in (1, 4)")
    unseen(docs, "update docs set embedding = '{0,0,0}' where id = 2")
    expected = named("missing", 1, 2) | named("stale", 4)
    assert docs.verify() == expected
    assert docs.verify(repair=True) == expected
    assert docs.verify() == set()
    docs.assert_in_step(WITHOUT_HASH, but=("2", "5", "6"))
    assert docs.run("select vector_id from s3vl.dead_letters() order by 1") == [("2",), ("5",), ("6",)]


def test_a_vector_that_is_kept_has_no_hash_to_compare(docs: Verified, aws: Callable[..., Any]) -> None:
    """After its column is dropped a verify finds other metadata, and vectors that are lost, and no more."""
    docs.run("alter table docs add column new_embedding real[]")
    docs.run(
        "select s3vl.alter_binding("
        "'docs', embedding_column => 'new_embedding', when_null => 'keep', backfill => false)"
    )
    docs.run("alter table docs drop column embedding")
    assert docs.verify() == set()
    docs.run("update docs set body = 'b' where id <= 2")
    docs.sync()
    assert docs.verify() == set()
    unseen(docs, "update docs set body = 'c' where id in (2, 3)")
    assert docs.verify(repair=True) == named("stale", 2, 3)
    assert docs.verify() == set()
    docs.run("update docs set new_embedding = '{1,2,3}' where id = 3")
    docs.sync()
    assert docs.verify() == set()
    aws("s3vectors").delete_vectors(indexArn=docs.index_arn, keys=["4", "5"])
    assert docs.verify(repair=True) == named("missing", 4, 5)
    assert docs.verify() == set()
    assert docs.status()["waiting"] == 2
    unseen(docs, "update docs set new_embedding = '{1,2,3}' where id = 4")
    assert docs.verify() == named("missing", 4)


def test_an_empty_key_is_a_key(docs: Verified, aws: Callable[..., Any]) -> None:
    """A repair sends the row whose key is an empty text, and deletes its vector when it is gone."""
    docs.run("create table texts (id text primary key, embedding real[])")
    docs.run("select s3vl.bind_table('texts', %s, 'embedding', id_prefix => 'text:')", docs.index_name)
    docs.sync()
    docs.put(aws("s3vectors"), "text:")
    [(job,)] = docs.run("select s3vl.start_verify('texts', repair => true)")
    docs.sync()
    assert docs.differences(job) == {("text:", "orphan")}
    assert "text:" not in docs.stored()


def test_a_late_change_is_no_difference(docs: Verified, database: Callable[[], psycopg.Connection]) -> None:
    """A transaction whose snapshot is older than the binding notes its change under no binding."""
    [(job,)] = docs.run("select s3vl.start_verify('docs')")
    other = database()
    other.autocommit = False
    other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    other.execute("select 1 from s3vl.list_bindings()")
    docs.run("select s3vl.alter_binding('docs', when_null => 'keep', backfill => false)")
    [(lease,)] = docs.run(
        "update s3vl.sync_state set lease = gen_random_uuid(), is_job_next = true,"
        " leased_until = clock_timestamp() + s3vl._lease_time(), last_turn_at = clock_timestamp()"
        " returning lease"
    )
    other.execute("insert into docs (id) values (301)")
    other.execute("delete from docs where id = 5")
    other.commit()
    docs.run("delete from s3vl.outbox where binding_id <> 0")
    docs.run("select s3vl._sync_step(binding_id, lease) from s3vl.sync_state where lease = %s", lease)
    assert docs.differences(job) == set()
    docs.run("update s3vl.sync_state set leased_until = '-infinity'")
    docs.sync()
    docs.assert_in_step(WITHOUT_HASH)


def late(database: Callable[[], psycopg.Connection]) -> psycopg.Connection:
    """Begin a transaction that goes on seeing the bindings as they are now."""
    connection = database()
    connection.autocommit = False
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.execute("select 1 from s3vl.list_bindings()")
    return connection


def test_a_late_change_does_not_empty_an_index(
    docs: Verified, database: Callable[[], psycopg.Connection]
) -> None:
    """The verify that is owed for it deletes what has no row, and leaves what waits for its embedding."""
    docs.run("alter table docs add column new_embedding real[]")
    older = late(database)
    docs.run("select s3vl.alter_binding('docs', embedding_column => 'new_embedding')")
    older.execute("delete from docs where id <= 5")
    older.commit()
    docs.sync()
    assert set(docs.stored()) == {str(key) for key in range(6, 301)}
    [(owed,)] = docs.run("select job_id from s3vl.sync_job where is_owed and kind = 'verify'")
    assert docs.job(owed)["state"] == "done"
    assert docs.differences(owed) == named("orphan", *range(6, 301))
    assert docs.verify(repair=True, max_deletes=295) == named("orphan", *range(6, 301))
    assert docs.stored() == {}


def test_truncate_in_a_late_transaction_empties_the_index(
    docs: Verified, database: Callable[[], psycopg.Connection]
) -> None:
    """One verify is owed for both."""
    older = late(database)
    docs.run("select s3vl.alter_binding('docs', metadata_columns => '{body}', backfill => false)")
    older.execute("truncate docs")
    older.commit()
    docs.sync()
    assert docs.stored() == {}
    jobs = "select state, count(*) from s3vl.sync_job where kind = 'verify' group by 1"
    assert docs.run(jobs) == [("done", 1)]


def test_truncate_explains_vectors_without_a_row_and_no_others(docs: Verified) -> None:
    """A vector whose row is there, without an embedding, stays until a repair with a guard deletes it."""
    docs.run("truncate docs")
    unseen(docs, "insert into docs (id, embedding) select n, null from generate_series(1, 200) as n")
    docs.sync()
    assert set(docs.stored()) == {str(key) for key in range(1, 201)}
    [(owed,)] = docs.run("select job_id from s3vl.sync_job where is_owed")
    assert docs.differences(owed) == named("orphan", *range(1, 301))
    assert docs.job(owed)["hint"] == (
        f"100 differences, which s3vl.sync() sends: select * from s3vl.verify_differences({owed});"
        " 200 vectors stay, whose rows have no embedding; to have them deleted:"
        " select s3vl.start_verify('docs', repair => true);"
    )
    assert docs.run("select array_to_string(s3vl._not_whole(b), ',') from s3vl.binding as b") == [
        (f"verify {owed} has found 200 differences",)
    ]
    [(guarded,)] = docs.run(docs.job(owed)["hint"].split("deleted: ")[1])
    docs.sync()
    assert (docs.job(guarded)["sqlstate"], len(docs.stored())) == ("55000", 200)
    assert docs.verify(repair=True, max_deletes=200) == named("orphan", *range(1, 201))
    assert docs.stored() == {}


def test_vectors_of_an_ending_binding_are_not_forgotten(
    docs: Verified, faults: Callable[..., None], cloud: LocalCloud
) -> None:
    """Without the right to list, its end waits, and says why; it goes on when the right is there."""
    docs.run("select s3vl.unbind_table('docs', delete_vectors => true)")
    faults(operation="ListVectors", status=403, code="AccessDeniedException")
    docs.sync()
    assert docs.run("select state, last_error ~ 'denied' from s3vl.sync_status()") == [("ending", True)]
    request(cloud.state(), "DELETE", "/_s3vl/faults")
    docs.run("select s3vl.resume_binding('docs')")
    docs.sync()
    assert docs.stored() == {}
    assert docs.run("select binding_name from s3vl.list_bindings()") == []


def test_ids_of_others_are_never_orphans(docs: Verified, aws: Callable[..., Any]) -> None:
    """Two bindings with prefixes share an index, and each finds only what is its own, whatever else is there."""
    docs.run("create table more (id bigint primary key, embedding real[])")
    docs.run("select s3vl.bind_table('more', %s, 'embedding', id_prefix => 'more:')", docs.index_name)
    docs.run("insert into more select n, array[1, 2, n] from generate_series(1, 20) as n")
    docs.sync()
    docs.put(aws("s3vectors"), "more:01", "more:x", "more:99999999999999999999", "-0", "2147483648", "x")
    [(job,)] = docs.run("select s3vl.start_verify('more')")
    assert docs.verify() == set()
    assert docs.differences(job) == set()
    docs.put(aws("s3vectors"), "more:21", "-5")
    [(job,)] = docs.run("select s3vl.start_verify('more')")
    assert docs.verify() == named("orphan", -5)
    assert docs.differences(job) == {("more:21", "orphan")}


def test_another_kind_of_hash_makes_rows_stale_once(docs: Verified) -> None:
    """The job says why, and a repair sends each row once; a hash that is the same is that of the same row."""
    kind = (
        "create or replace function s3vl._hash_name() returns text immutable language sql"
        " set search_path = pg_catalog, pg_temp as $$select '1.99'$$"
    )
    docs.run(kind)
    assert docs.verify() == set()
    source = docs.run("select pg_get_functiondef('s3vl._with_hash'::regproc)")[0][0]
    docs.run(source.replace("::record, 0)", "::record, 7)"))
    [(job,)] = docs.run("select s3vl.start_verify('docs', repair => true)")
    assert docs.sync() == 300
    assert docs.differences(job) == named("stale", *range(1, 301))
    assert "300 of the stale vectors have a hash of another kind than 1.99" in docs.job(job)["hint"]
    assert docs.verify() == set()


def end_somebody_at_work(docs: Verified) -> bool:
    """End a session that syncs, if there is one."""
    return bool(
        docs.run(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'drainer' and state = 'active' and datname = current_database()"
        )
    )


# What a killed session has sent may still arrive: the next waits for its lease, which is made short here.
SHORT_LEASES: LiteralString = """
    create or replace function s3vl._late() returns interval immutable language sql
        set search_path = pg_catalog, pg_temp as $$select interval '0.5 seconds'$$;
    create or replace function s3vl._lease_time() returns interval stable language sql
        set search_path = pg_catalog, pg_temp as $$select interval '2 seconds'$$;
"""


def sync_and_be_killed(
    docs: Verified, database: Callable[[], psycopg.Connection], kind: str, first: Held
) -> list[int]:
    """Sync until the job of a kind is done, killed in its first call and after each page, and return what was done."""
    killed_at: list[int] = []
    docs.run(SHORT_LEASES)
    limit = time.monotonic() + 180
    while time.monotonic() < limit:
        if docs.run(
            "select 1 from s3vl.sync_state where greatest(leased_until, not_before) > clock_timestamp()"
        ):
            time.sleep(0.05)
            continue
        if docs.run("select 1 from s3vl.sync_job where kind = %s and state <> 'done'", kind) == []:
            return killed_at
        other = database()
        other.execute("set application_name = 'drainer'")
        sync = threading.Thread(target=suppressed, args=(other, "call s3vl.sync(max_seconds => 10)"))
        sync.start()
        if not killed_at:
            first.wait_for()
        last = max(killed_at, default=-1)
        while sync.is_alive():
            [(now, leased)] = docs.run(
                "select max(j.done + j.stage), bool_or(s.leased_until > clock_timestamp())"
                " from s3vl.sync_job as j join s3vl.sync_state as s on s.binding_id = j.binding_id where j.kind = %s",
                kind,
            )
            if now > last and leased and end_somebody_at_work(docs):
                killed_at.append(now)
                break
            time.sleep(0.005)
        first.let_go()
        sync.join()
    pytest.fail("the job is never done")


def suppressed(connection: psycopg.Connection, statement: LiteralString) -> None:
    """Run a statement whose session may be ended."""
    with suppress(psycopg.OperationalError):
        connection.execute(statement)


def test_a_backfill_goes_on_where_it_was_killed(
    unbound: Verified, database: Callable[[], psycopg.Connection], hold: Callable[..., Held]
) -> None:
    """At every page, and what was changed meanwhile wins."""
    unbound.run("insert into docs (id) select n from generate_series(1, 5000) as n")
    unbound.run(BIND, unbound.index_name)
    stop = threading.Event()

    def write() -> None:
        connection = database()
        for number in range(100_000):
            if stop.is_set():
                return
            connection.execute(
                "update docs set body = %s where id in (%s, %s)",
                [f"live {number}", 1 + number * 7 % 5000, 5000 - number * 11 % 5000],
            )
            time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    killed_at = sync_and_be_killed(unbound, database, "backfill", hold("PutVectors"))
    stop.set()
    writer.join()
    unbound.sync()
    # Before the first of its pages of up to 2,000 rows, and after each.
    assert killed_at[0] == 0
    assert len(killed_at) > 5000 / 2000
    assert unbound.run("select done, restarts from s3vl.sync_job") == [(5000, 0)]
    unbound.assert_in_step(WITHOUT_HASH)


def test_a_verify_goes_on_at_the_segment_where_it_was_killed(
    docs: Verified,
    database: Callable[[], psycopg.Connection],
    aws: Callable[..., Any],
    hold: Callable[..., Held],
) -> None:
    """Nothing is forgotten, and nothing counted twice; a token that is too old begins its segment again."""
    aws("s3vectors").delete_vectors(indexArn=docs.index_arn, keys=["7"])
    docs.run("delete from s3vl.sync_job")
    [(job,)] = docs.run("select s3vl.start_verify('docs')")
    assert sync_and_be_killed(docs, database, "verify", hold("ListVectors"))[0] == 0
    assert docs.job(job)["done"] == 299
    assert docs.differences(job) == named("missing", 7)
    [(job,)] = docs.run("select s3vl.start_verify('docs')")
    docs.run("update s3vl.sync_job set next_token = 'old', stage_done = 0 where job_id = %s", job)
    docs.sync()
    assert docs.job(job)["done"] == 299
    assert docs.differences(job) == named("missing", 7)


def test_a_write_in_flight_is_never_a_difference(
    docs: Verified, database: Callable[[], psycopg.Connection]
) -> None:
    """With writers at work verify after verify finds what was done behind our back and no more, and repair mends it."""
    docs.run("insert into docs (id) values (1001), (1002)")
    docs.sync()
    unseen(
        docs,
        "insert into docs (id) values (1003); delete from docs where id = 1001;"
        " update docs set body = 'unseen' where id = 1002",
    )
    expected = named("orphan", 1001) | named("stale", 1002) | named("missing", 1003)
    stop = threading.Event()

    def write(first: int) -> None:
        connection = database()
        number = 0
        while not stop.is_set():
            number += 1
            key = first + number * 7 % 150
            with connection.transaction(force_rollback=number % 10 == 0):
                connection.execute("delete from docs where id = %s", [key])
                if number % 5:
                    connection.execute("insert into docs (id, body) values (%s, %s)", [key, f"live {number}"])
            connection.execute("update docs set price = %s where id = %s", [number, first + number % 150])

    writers = [threading.Thread(target=write, args=(first,)) for first in (1, 151)]
    for writer in writers:
        writer.start()
    jobs = []
    for repair in (False, False, True, False):
        jobs += [docs.run("select s3vl.start_verify('docs', %s)", repair)[0][0]]
        while docs.job(jobs[-1])["state"] != "done":
            docs.sync(1)
    stop.set()
    for writer in writers:
        writer.join()
    docs.sync()
    assert [docs.differences(job) for job in jobs] == [expected, expected, expected, set()]
    docs.assert_in_step(WITHOUT_HASH)


def test_truncate_during_a_backfill_and_a_verify(docs: Verified) -> None:
    """Both go on afterwards with what is there, and no vector without a row is left."""
    docs.run("select s3vl.start_backfill('docs')")
    [(job,)] = docs.run("select s3vl.start_verify('docs')")
    docs.run("truncate docs")
    docs.run("insert into docs (id, body) select n, 'after' from generate_series(290, 310) as n")
    docs.sync()
    docs.assert_in_step(WITHOUT_HASH)
    assert docs.differences(job) == set()
    [(owed, kind, state)] = docs.run("select job_id, kind, state from s3vl.sync_job where is_owed")
    assert (kind, state) == ("verify", "done")
    assert docs.differences(owed) == named("orphan", *range(1, 290))


def test_a_job_can_be_cancelled(docs: Verified) -> None:
    """It is over then, and what is queued twice is one job; an unknown job and one that is owed are refused."""
    [(job,)] = docs.run("select s3vl.start_backfill('docs')")
    assert docs.run("select s3vl.start_backfill('docs')") == [(job,)]
    assert docs.run("select s3vl.cancel_job(%s), s3vl.cancel_job(%s)", job, job) == [(True, False)]
    assert docs.sync() == 0
    assert docs.job(job)["state"] == "cancelled"
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no job 1000"):
        docs.run("select s3vl.cancel_job(1000)")
    docs.run("select s3vl.unbind_table('docs', delete_vectors => true)")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="cannot be cancelled"):
        docs.run("select s3vl.cancel_job(max(job_id)) from s3vl.sync_jobs()")
    for refused in (
        "start_verify('docs')",
        "start_backfill('docs')",
        "alter_binding('docs', when_null => 'keep')",
    ):
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match='binding "docs" is ending'):
            docs.run(f"select s3vl.{refused}")  # type: ignore[arg-type]
    docs.sync()
    assert docs.stored() == {}
    assert docs.run("select tgname from pg_trigger where tgrelid = 'docs'::regclass") == []


def test_the_pace_is_that_of_the_service(unbound: Verified) -> None:
    """2,500 vectors take a second, for changes and a job together, and a notice says how far they are."""
    unbound.run("insert into docs (id) select n from generate_series(1, 4000) as n")
    unbound.run(BIND, unbound.index_name)
    unbound.run("update docs set body = 'live' where id <= 3000")
    notices: list[str | None] = []
    unbound.connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    begun = time.monotonic()
    synced = unbound.sync(300)
    # What is changed and has its turn in the job in one call is sent once.
    assert 5000 < synced <= 7000
    # The last turn, of 2,000 vectors, is not waited for.
    assert time.monotonic() - begun > (synced - 2000) / 2500
    assert len(notices) <= (time.monotonic() - begun) / 5
    [(free,)] = unbound.run("select s3vl._turn_cost(2500, 10) + s3vl._turn_cost(0, 500)")
    assert free.total_seconds() == 1.5


VECTORS = int(os.environ.get("S3VL_VERIFY_VECTORS", "0"))
DIMENSIONS = int(os.environ.get("S3VL_VERIFY_DIMENSIONS", "3"))
LIMIT_MB = 150


def anonymous_mb(pid: int) -> float:
    """Read what a process has for itself; the pages that sessions share are none of it."""
    with suppress(FileNotFoundError, ProcessLookupError):
        found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0
    return 0


def function_pids(cloud: LocalCloud) -> list[int]:
    """Find the environments of functions."""
    with suppress(psutil.NoSuchProcess):
        return [
            process.pid
            for process in psutil.Process(cloud.state().pid).children()
            if "AWS_LAMBDA_FUNCTION_NAME" in process.environ()
        ]
    return []


@pytest.mark.skipif(not VECTORS, reason="S3VL_VERIFY_VECTORS says of how many vectors")
@pytest.mark.parametrize("unbound", [DIMENSIONS], indirect=True)
def test_a_large_verify_runs_in_bounded_memory(
    unbound: Verified, database: Callable[[], psycopg.Connection], cloud: LocalCloud, aws: Callable[..., Any]
) -> None:
    """Session and function stay below 150 MB each, and a verify that is killed goes on in the same segment."""
    unbound.run(
        """insert into docs (id, body, embedding)
        select n, repeat('text ', 40) || n, array[1, mod(n, 97)] || array_fill(mod(n, 89)::real, array[%s])
        from generate_series(1, %s) as n""",
        DIMENSIONS - 2,
        VECTORS,
    )
    unbound.run("analyze docs")
    unbound.run(BIND, unbound.index_name)
    begun = time.monotonic()
    while unbound.sync(50):
        pass
    sys.stdout.write(f"\nbackfill: {VECTORS / (time.monotonic() - begun):.0f} vectors/s\n")
    unbound.run("alter table docs disable trigger user")
    unbound.run("update docs set embedding[1] = 2 where id in (5, %s)", VECTORS // 2)
    unbound.run("alter table docs enable trigger user")
    aws("s3vectors").delete_vectors(indexArn=unbound.index_arn, keys=["7", "8", str(VECTORS // 3)])
    unbound.put(aws("s3vectors"), str(VECTORS + 1), str(VECTORS + 2))
    [(job,)] = unbound.run("select s3vl.start_verify('docs')")
    peaks = {"session": 0.0, "function": 0.0}
    begun = time.monotonic()
    killed_at = 0
    while unbound.job(job)["state"] != "done":
        unbound.run("update s3vl.sync_state set leased_until = '-infinity'")
        other = database()
        other.execute("set application_name = 'drainer'")
        sync = threading.Thread(target=suppressed, args=(other, "call s3vl.sync(max_seconds => 600)"))
        sync.start()
        while sync.is_alive():
            peaks["session"] = max(peaks["session"], anonymous_mb(other.info.backend_pid))
            peaks["function"] = max([peaks["function"], *map(anonymous_mb, function_pids(cloud))])
            [(stage, done)] = unbound.run("select stage, done from s3vl.sync_job where job_id = %s", job)
            if stage >= 8 and not killed_at and end_somebody_at_work(unbound):
                killed_at = done
            time.sleep(0.05)
        sync.join()
    seconds = time.monotonic() - begun
    sys.stdout.write(
        f"verify: {VECTORS / seconds:.0f} vectors/s, {peaks} MB, killed after {killed_at} vectors\n"
    )
    assert killed_at > VECTORS / 4
    expected = (
        named("stale", 5, VECTORS // 2)
        | named("missing", 7, 8, VECTORS // 3)
        | named("orphan", VECTORS + 1, VECTORS + 2)
    )
    assert unbound.differences(job) == expected
    assert unbound.job(job)["done"] == VECTORS - 3 + 2
    assert max(peaks.values()) < LIMIT_MB
