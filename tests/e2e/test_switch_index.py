"""An index is exchanged under sessions that search, while its tables change and are synced."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from indexes import registered_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from fixtures_cloud import Stack

SESSIONS = 16
SWITCHES = 20
MAKE = """
    create table t (
        id integer primary key, n integer default 0, blue text default 'blue', green text default 'green',
        v real[] default array[random() + 0.1, random(), random()]
    );
    insert into t (id) select g from generate_series(1, 300) as g;
    select s3vl.bind_table('t', 'docs', 'v', metadata_columns => '{n,blue}', binding_name => 'b');
    select s3vl.bind_table('t', 'next', 'v', metadata_columns => '{n,green}', binding_name => 'g');
"""
SEARCH = "select metadata from s3vl.query_vectors('{1,0,0}', 'docs', top_k => 20)"
# The last two make several calls, and a switch may come in between.
SEARCHES = (
    SEARCH,
    "select metadata from s3vl.query_vectors_batch(array[array[1,0,0]], 'docs', top_k => 20)",
    """
    select metadata from s3vl.query_filtered(
        '{1,0,0}', 'select id from t', 'docs', top_k => 20, return_metadata => true,
        filter_strategy => 'prefilter'
    )
    """,
    """
    select metadata from s3vl.query_filtered(
        '{1,0,0}', 'select id from t where id > 150', 'docs', top_k => 20, return_metadata => true,
        filter_strategy => 'postfilter'
    )
    """,
)


class Searches:
    """Sessions that search without a pause, and the colours of each of their answers."""

    def __init__(self) -> None:
        self.answers: list[set[str]] = []
        self._counted = threading.Condition()
        self._is_over = False

    def run(self, session: psycopg.Connection, search: LiteralString) -> None:
        """Search until it is over."""
        while not self._is_over:
            rows = session.execute(search).fetchall()
            assert len(rows) == 20
            with self._counted:
                self.answers.append({key for (metadata,) in rows for key in metadata if key != "n"})
                self._counted.notify_all()

    def wait_for(self, more: int) -> None:
        """Wait for so many answers more."""
        with self._counted:
            wanted = len(self.answers) + more
            assert self._counted.wait_for(lambda: len(self.answers) >= wanted, timeout=180)

    def end(self) -> None:
        """Let the sessions end."""
        self._is_over = True


@contextmanager
def changing(writer: psycopg.Connection, drainer: psycopg.Connection) -> Iterator[list[int]]:
    """Change rows, and sync them, all the while; what was synced with each call is in the list."""
    is_over = threading.Event()
    synced: list[int] = []

    def write() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            writer.execute("update t set n = n + 1 where id %% 10 = %s", [number % 10])

    def drain() -> None:
        while not is_over.is_set():
            [count] = drainer.execute("call s3vl.sync(max_seconds => 1)").fetchone() or [0]
            synced.append(count)

    with ThreadPoolExecutor() as pool:
        tasks = [pool.submit(write), pool.submit(drain)]
        try:
            yield synced
        finally:
            is_over.set()
        for task in tasks:
            task.result()


def stored(connection: psycopg.Connection, index_name: str) -> dict[str, Any]:
    """Return the metadata of an index."""
    rows = connection.execute(
        "select vector_id, metadata from s3vl.list_vectors(index_name => %s, max_results => 1000)",
        [index_name],
    )
    return dict(rows.fetchall())


def test_sessions_see_one_index_or_the_other(
    database: Callable[[], psycopg.Connection], aws: Callable[..., Any], stack: Stack
) -> None:
    """20 times there and back beside 16 sessions: no answer is of both, none fails, and both indexes end equal."""
    connection = database()
    for name in ("docs", "next"):
        registered_index(connection, aws, stack, name, 3)
    connection.execute(MAKE)
    connection.execute("call s3vl.sync()")
    connection.execute("select s3vl._queue_job(binding_id, 'verify') from s3vl.binding")
    connection.execute("call s3vl.sync()")
    searches = Searches()

    with ThreadPoolExecutor() as pool, ExitStack() as stack_of:
        tasks = [
            pool.submit(searches.run, database(), SEARCHES[number % len(SEARCHES)])
            for number in range(SESSIONS)
        ]
        stack_of.callback(searches.end)
        synced = stack_of.enter_context(changing(database(), database()))
        for number in range(SWITCHES):
            searches.wait_for(SESSIONS)
            connection.execute("select s3vl.switch_index('docs', 'next')")
            [first] = connection.execute(f"{SEARCH} limit 1").fetchone() or [{}]
            assert set(first) - {"n"} == {("green", "blue")[number % 2]}
        searches.wait_for(SESSIONS)
        searches.end()
        for task in tasks:
            task.result()

    assert sum(count > 0 for count in synced) > 1
    assert {frozenset(answer) for answer in searches.answers} == {frozenset({"blue"}), frozenset({"green"})}
    connection.execute("call s3vl.sync()")
    for name, colour in (("docs", "blue"), ("next", "green")):
        rows = connection.execute("select id::text, n from t").fetchall()
        assert stored(connection, name) == {key: {"n": n, colour: colour} for key, n in rows}
