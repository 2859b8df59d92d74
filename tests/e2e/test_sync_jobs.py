"""Backfill and verify: what no trigger has seen is found and mended, and what is under way is no difference.

S3VL_VERIFY_VECTORS=200000 measures a verify of so many vectors; without it that test is skipped.
"""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest
from bindings import MAKE_DOCS, Bound
from indexes import registered_index

from s3vl_local.postgres import BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Stack
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
            vectors=[{"key": key, "data": {"float32": [9, 9, 9]}, "metadata": metadata} for key in keys],
        )


@pytest.fixture(scope="module")
def index_names() -> Iterator[str]:
    """Give names that no other index of these tests has."""
    return (f"jobs-{number}" for number in range(1, 1_000))


@pytest.fixture
def unbound(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack, index_names: Iterator[str]
) -> Verified:
    """Make the table, and its index of three dimensions with a key for hashes."""
    name = next(index_names)
    arn = registered_index(connection, aws, stack, name, 3, nonFilterableMetadataKeys=["hash"])
    connection.execute(MAKE_DOCS)
    return Verified(connection, name, arn)


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


def test_what_no_trigger_sees_is_found_and_mended(docs: Verified, cloud: LocalCloud, aws: Callable[..., Any]) -> None:
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


def test_an_older_backup_of_the_table_is_found_and_mended(docs: Verified, cloud: LocalCloud, tmp_path: Any) -> None:
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
    """ATTACH leaves rows that are missing, DETACH vectors that are orphans."""
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
    expected = named("missing", *range(201, 211)) | named("orphan", *range(101, 201))
    assert unbound.verify() == expected
    assert unbound.verify(repair=True, max_deletes=100) == expected
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
