"""Sync and verify over an index that is a table, on every server: with writers at work, and two sessions that sync."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest

from fixtures_sql import INDEX_ARN, ROOT, Database, configure, psql
from s3vl_local import postgres as local_postgres
from s3vl_local import postgres_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 2
LEVELS: tuple[LiteralString, ...] = ("read committed", "repeatable read", "serializable")
# What the table itself gives, to writers that meet.
OF_THE_TABLE = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
)
DIFFERENCES: LiteralString = """
    select coalesce(d.id::text, s.vector_id) as id
    from docs as d full join aws_lambda.stored as s on s.vector_id = d.id::text
    where (d.body, d.embedding::text) is distinct from
        (s.metadata ->> 'body', translate(s.embedding, '[]', '{}')::real[]::text)
"""


INDEX = ("aws_lambda_index.sql", "aws_lambda_stored.sql")
START = "server = postgres.start(folder); print(server.folder, server.port, postgres.BIN)"
STOP = "postgres.find(folder).stop()"


@pytest.fixture
def docs(committing: Callable[..., Database]) -> Database:
    """Bind a table."""
    db = committing()
    for script in INDEX:
        db.connection.execute((ROOT / "tests" / "sql" / script).read_bytes())
    configure(db)
    db.rows(
        "insert into s3vl.index_registry"
        " (index_name, index_arn, dimension, distance_metric, non_filterable_keys, described_at)"
        " values ('docs', %(arn)s, 3, 'cosine', '{hash}', now())",
        arn=INDEX_ARN,
    )
    db.rows("create table docs (id integer primary key, body text, embedding real[])")
    db.rows(
        "select s3vl.bind_table('docs', 'docs', 'embedding', metadata_columns => '{body}', hash_key => 'hash')"
    )
    db.rows("insert into docs select n, 'first', array[1, 2, n] from generate_series(1, 200) as n")
    return db


def write(db: Database, level: LiteralString, first: int, stop: threading.Event) -> None:
    """Replace rows, and roll a part of it back."""
    for turn in range(100_000):
        if stop.is_set():
            return
        with suppress(*OF_THE_TABLE), db.connection.transaction(force_rollback=turn % 5 == 0):
            db.connection.execute(f"set transaction isolation level {level}")
            key = 1 + (turn * 7 + first) % 250
            db.rows("delete from docs where id = %(key)s", key=key)
            if turn % 3:
                db.rows(
                    "insert into docs values (%(key)s, %(body)s, array[1, 2, %(turn)s])",
                    key=key,
                    body=f"{level} {turn}",
                    turn=turn,
                )
            db.rows("update docs set body = 'moved' where id = %(key)s", key=key + 1)


def sync(db: Database, stop: threading.Event) -> None:
    """Call sync again and again."""
    while not stop.is_set():
        db.rows("call s3vl.sync(max_seconds => 1)")


def test_what_sync_promises_it_keeps_on_every_server(
    docs: Database, committing: Callable[..., Database]
) -> None:
    """I1, I2: after writers at each isolation level the index is equal, and a repair mends what no trigger saw."""
    stop = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        work = [pool.submit(sync, committing(), stop) for _ in range(2)]
        work += [
            pool.submit(write, committing(), level, 50 * number, stop) for number, level in enumerate(LEVELS)
        ]
        time.sleep(SECONDS)
        stop.set()
    for one in work:
        one.result()
    docs.rows("call s3vl.sync()")
    assert docs.value("select state from s3vl.sync_status()") == "in step"
    assert docs.rows(DIFFERENCES) == []

    docs.rows("alter table docs disable trigger user")
    docs.rows("update docs set embedding = '{3,2,1}' where id in (select min(id) from docs)")
    docs.rows("delete from docs where id in (select max(id) from docs)")
    docs.rows("insert into docs values (1000, 'new', '{1,2,3}')")
    docs.rows("alter table docs enable trigger user")
    job = docs.value("select s3vl.start_verify('docs', repair => true)")
    docs.rows("call s3vl.sync()")
    found = docs.rows("select problem from s3vl.verify_differences(%(job)s) order by 1", job=job)
    assert [row["problem"] for row in found] == ["missing", "orphan", "stale"]
    assert docs.rows(DIFFERENCES) == []


@pytest.fixture
def newest(server_folder: Path) -> Iterator[tuple[local_postgres.PostgresServer, Path]]:
    """Start a server of the newest version, and give it with the folder of its programs."""
    folder = server_folder / "newest"

    def do(what: str) -> str:
        # What it is run from is chosen once in a process.
        return subprocess.run(
            [
                sys.executable,
                "-c",
                f"import pathlib; from s3vl_local import postgres; folder = pathlib.Path({str(folder)!r}); {what}",
            ],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "local"),
                "S3VL_POSTGRES": postgres_versions.DEFAULT,
            },
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout

    place, port, programs = do(START).split()
    yield local_postgres.PostgresServer(Path(place), int(port)), Path(programs)
    do(STOP)


def test_a_binding_moves_to_the_newest_version(
    docs: Database,
    postgres: local_postgres.PostgresServer,
    newest: tuple[local_postgres.PostgresServer, Path],
    tmp_path: Path,
) -> None:
    """After pg_dump and pg_restore its backlog is sent, changes are noted, and a verify finds no difference."""
    docs.rows("call s3vl.sync()")
    docs.rows("update docs set body = 'in the backlog' where id <= 3")
    (server, programs), dump = newest, tmp_path / "dump"
    source = postgres.url(database=docs.connection.info.dbname)
    target = server.url(database="moved")
    server.create_database("moved")
    with server.connect(database="moved") as connection:
        connection.execute("create extension aws_lambda cascade")
    stub = str(ROOT / "tests" / "sql" / "aws_lambda_stub.sql")
    done = psql(server.url("rdsadmin", "moved"), "-v", "ON_ERROR_STOP=1", "-f", stub)
    assert done.returncode == 0, done.stderr
    # The stub and its index are AWS, and no part of the database.
    for program, *arguments in (
        ("pg_dump", "-Fc", "-N", "aws_lambda", "-f", dump, source),
        ("pg_restore", "--exit-on-error", "-d", target, dump),
    ):
        subprocess.run([programs / program, *arguments], check=True)
    moved = Database(target, autocommit=True)
    for script in INDEX:
        moved.connection.execute((ROOT / "tests" / "sql" / script).read_bytes())
    moved.rows(
        "insert into aws_lambda.stored"
        " select * from jsonb_populate_recordset(null::aws_lambda.stored, %(stored)s::jsonb)",
        stored=json.dumps(docs.value("select jsonb_agg(s) from aws_lambda.stored as s")),
    )

    assert moved.value("call s3vl.sync()") == 0
    moved.rows("select s3vl.resume_binding('docs')")
    moved.rows("update docs set body = 'after' where id = 4")
    assert moved.value("call s3vl.sync()") == 4
    assert moved.rows(DIFFERENCES) == []
    moved.rows("select s3vl.start_verify('docs')")
    moved.rows("call s3vl.sync()")
    assert moved.rows("select state, done, hint from s3vl.sync_jobs() where kind = 'verify'") == [
        {"state": "done", "done": 200, "hint": "No difference."}
    ]
    moved.connection.close()
