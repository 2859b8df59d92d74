"""Two tiers of one table: hot rows are found by pgvector, cold ones in the index, and none is lost between."""

from __future__ import annotations

import random
import re
import threading
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest
from indexes import registered_index

from fixtures_postgres import need_pgvector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Stack

DIMENSION = 4
MAKE_DOCS: LiteralString = """
    create table docs (
        id integer primary key, tenant text, created_at timestamptz default now(), embedding vector(4)
    );
    alter table docs add column truth real[];
"""
BIND = """
    select s3vl.bind_table(
        'docs', %s, 'embedding', metadata_columns => '{tenant}', when_null => %s, id_prefix => %s
    )
"""
SEARCH: LiteralString = """
    select vector_id, tier, distance, similarity_score
    from s3vl.query_tiered(%s::real[], 'docs', 'embedding', %s, top_k => %s, candidates => %s, parameters => %s)
"""
BRUTE_FORCE: LiteralString = """
    select id, truth::vector <=> %s::real[]::vector from docs where (%s or tenant = 'a') order by 2, 1 limit %s
"""


class Tiered:
    """The table docs, its embeddings kept a second time in truth, which is bound to nothing."""

    def __init__(self, connection: psycopg.Connection, index_name: str) -> None:
        self.connection = connection
        self.index_name = index_name

    def run(self, statement: LiteralString, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        cursor = self.connection.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def put(self, first: int, last: int) -> None:
        """Insert rows, or give rows that are there new embeddings."""
        self.run(
            "insert into docs (id, tenant, embedding, truth)"
            " select n, (array['a', 'b'])[1 + n %% 2], e.v::vector, e.v"
            " from generate_series(%s::integer, %s::integer) as n"
            " cross join lateral (select array[random() + n * 0, random(), random(), random()]::real[] as v) as e"
            " on conflict (id) do update set embedding = excluded.embedding, truth = excluded.truth",
            first,
            last,
        )

    def sync(self) -> None:
        """Bring the index up to date."""
        self.run("call s3vl.sync(max_seconds => 30)")

    def move(self, condition: str, batch: int = 1000) -> int:
        """Move rows to the cold tier, and return how many."""
        return self.run("call s3vl.move_to_cold('docs', %s, %s)", condition, batch)[0][0]

    def search(
        self,
        vector: list[float],
        top_k: int = 10,
        candidates: str | None = None,
        parameters: str | None = None,
    ) -> list[tuple[Any, ...]]:
        """Search both tiers."""
        return self.run(SEARCH, vector, self.index_name, top_k, candidates, parameters)

    def hot(self) -> int:
        """Count the rows that have their embedding."""
        return self.run("select count(embedding) from docs")[0][0]


@pytest.fixture(scope="module")
def index_names() -> Iterator[str]:
    """Give names that no other index of these tests has."""
    return (f"tiers-{number}" for number in range(1, 1_000))


@pytest.fixture
def make_tiered(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack, index_names: Iterator[str]
) -> Callable[..., Tiered]:
    """Make the table, its index, and bind them."""
    need_pgvector()
    connection.execute("create extension if not exists vector")

    def make(when_null: str = "keep", id_prefix: str = "") -> Tiered:
        name = next(index_names)
        registered_index(connection, aws, stack, name, DIMENSION)
        for statement in MAKE_DOCS.split(";"):
            connection.execute(statement)  # type: ignore[arg-type]
        connection.execute(BIND, [name, when_null, id_prefix])
        return Tiered(connection, name)

    return make


@pytest.fixture
def tiered(make_tiered: Callable[..., Tiered]) -> Tiered:
    """Give the table as most tests need it."""
    return make_tiered()


def vectors(seed: int) -> Iterator[list[float]]:
    """Give vectors to search with."""
    chance = random.Random(seed)  # noqa: S311
    while True:
        yield [chance.random() for _ in range(DIMENSION)]


def assert_as_brute_force(tiered: Tiered, vector: list[float], *, only_a: bool = False) -> None:
    """Compare a search with one that looks at every embedding there ever was."""
    expected = tiered.run(BRUTE_FORCE, vector, not only_a, 10)
    found = tiered.search(
        vector,
        10,
        "select id from docs where tenant = $1 ->> 'tenant'" if only_a else None,
        '{"tenant": "a"}' if only_a else None,
    )
    assert [float(row[2]) for row in found] == pytest.approx([row[1] for row in expected], abs=2e-5)
    assert [row[3] for row in found] == pytest.approx([1 - row[1] for row in expected], abs=2e-5)
    # Service and pgvector round differently: what is as near may stand in another order.
    assert len({row[0] for row in found}) == len(expected)


def test_search_equals_brute_force_while_rows_move_and_change(tiered: Tiered) -> None:
    """After every step of a random history of moves, changes and deletes, both tiers together give the nearest rows."""
    chance = random.Random(16)  # noqa: S311
    searched = vectors(17)
    tiered.put(1, 120)
    for _ in range(12):
        first = chance.randint(1, 120)
        match chance.randint(0, 4):
            case 0:
                tiered.put(first, first + 15)
            case 1:
                tiered.run("delete from docs where id between %s and %s", first, first + 3)
            case 2:
                tiered.run("update docs set tenant = 'c' where id = %s", first)
            case _:
                tiered.sync()
                tiered.move(f"id between {first} and {first + 40}", 15)
        assert_as_brute_force(tiered, next(searched))
        assert_as_brute_force(tiered, next(searched), only_a=True)
    tiered.sync()
    tiers = {row[1] for row in tiered.search(next(searched), 100)}
    assert tiers == {"hot", "cold"}


def test_a_row_is_found_at_every_moment_of_its_move(tiered: Tiered) -> None:
    """While rows move, a search in another session finds each of them once."""
    tiered.put(1, 300)
    tiered.sync()
    counts: list[tuple[int, int]] = []
    over = threading.Event()

    def look() -> None:
        with psycopg.connect(tiered.connection.info.dsn, password=tiered.connection.info.password) as other:
            other.autocommit = True
            while not over.is_set():
                found = other.execute(
                    SEARCH, [next(vectors(3)), tiered.index_name, 1000, None, None]
                ).fetchall()
                counts.append((len(found), len({row[0] for row in found})))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        assert tiered.move("true", 40) == 300
    finally:
        over.set()
        looking.join()
    assert counts
    assert set(counts) == {(300, 300)}
    assert tiered.hot() == 0


def test_only_what_the_index_has_is_moved(tiered: Tiered) -> None:
    """Rows that were never synced, have changed since, or whose vector somebody else has changed stay hot."""
    tiered.put(1, 20)
    tiered.sync()
    tiered.put(5, 8)
    tiered.put(21, 23)
    tiered.run(
        "select s3vl.put_vectors(array[row('1', '{1,2,3,4}', null)::s3vl.vector_record], index_name => %s)",
        tiered.index_name,
    )
    assert tiered.move("true") == 15
    assert [row[0] for row in tiered.run("select id from docs where embedding is not null order by id")] == [
        1,
        *range(5, 9),
        *range(21, 24),
    ]
    tiered.sync()
    assert tiered.move("id > 1") == 7
    assert_as_brute_force(tiered, next(vectors(5)))


def test_metadata_of_a_cold_row_follows(tiered: Tiered) -> None:
    """After its move a row keeps its vector in the index, and its metadata goes on to be brought up to date."""
    tiered.put(1, 10)
    tiered.sync()
    assert tiered.move("id <= 5") == 5
    tiered.run("update docs set tenant = 'moved' where id = 3")
    tiered.sync()
    [(embedding, metadata)] = tiered.run(
        "select embedding::real[], metadata from s3vl.get_vectors('{3}', index_name => %s)", tiered.index_name
    )
    assert embedding == tiered.run("select truth from docs where id = 3")[0][0]
    assert metadata == {"tenant": "moved"}
    assert tiered.run("select dead + waiting + retrying + pending from s3vl.sync_status()") == [(0,)]


def test_ids_may_have_a_prefix(make_tiered: Callable[..., Tiered]) -> None:
    """The ids of both tiers are those of the binding."""
    tiered = make_tiered(id_prefix="doc-")
    tiered.put(1, 10)
    tiered.sync()
    assert tiered.move("id <= 5") == 5
    found = tiered.search(next(vectors(1)), 20)
    assert {(row[0], row[1]) for row in found} == {
        (f"doc-{number}", "cold" if number <= 5 else "hot") for number in range(1, 11)
    }


def test_a_move_that_was_killed_goes_on(tiered: Tiered) -> None:
    """What was committed stays moved, the rest stays hot, and a second call moves it."""
    tiered.put(1, 30)
    tiered.sync()
    with pytest.raises(psycopg.errors.DivisionByZero):
        tiered.move("id <= 20 or 1 / (id - 25) > 2", 10)
    assert tiered.hot() in {10, 20, 30}
    before = tiered.hot()
    assert tiered.move("true") == before
    assert_as_brute_force(tiered, next(vectors(2)))


@pytest.mark.parametrize(
    ("statement", "sqlstate", "says"),
    [
        ("call s3vl.move_to_cold('docs', ' ')", "22023", "older_than is null or empty"),
        ("call s3vl.move_to_cold('docs', 'true', 0)", "22023", "batch must be between 1 and 10000, got 0"),
        ("call s3vl.move_to_cold('other', 'true')", "42704", 'there is no binding "other"'),
        ("call s3vl.move_to_cold('docs', 'created_at <')", "42601", "syntax error"),
        (
            "select * from s3vl.query_tiered('{1,2,3,4}', 'docs', 'truth', 'test-index-5d')",
            "42704",
            'column truth of table public.docs is not bound to index "test-index-5d"',
        ),
        (
            "select * from s3vl.query_tiered('{1,2,3,4}', null, 'embedding', 'test-index-5d')",
            "42704",
            "column embedding of table null is not bound",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    tiered: Tiered, statement: LiteralString, sqlstate: str, says: str
) -> None:
    """The error names the value."""
    with pytest.raises(psycopg.Error) as caught:
        tiered.run(statement)
    assert caught.value.sqlstate == sqlstate
    assert says in str(caught.value)


def test_a_binding_that_deletes_is_refused(make_tiered: Callable[..., Tiered]) -> None:
    """Where a null embedding deletes the vector, nothing is moved, and the hint says how to keep it."""
    tiered = make_tiered(when_null="delete")
    tiered.put(1, 3)
    with pytest.raises(psycopg.Error) as caught:
        tiered.move("true")
    assert caught.value.sqlstate == "55000"
    assert "when_null => 'keep'" in (caught.value.diag.message_hint or "")
    assert tiered.hot() == 3


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("select s3vl.unbind_table('docs', delete_vectors => true)", "its binding is ending"),
        ("update s3vl.sync_state set database_oid = 1", "this database is a copy"),
    ],
)
def test_where_the_vectors_may_go_nothing_is_moved(tiered: Tiered, before: LiteralString, says: str) -> None:
    """A binding that deletes its vectors, or whose index another database writes to, keeps no embedding safe."""
    tiered.put(1, 3)
    tiered.sync()
    tiered.run(before)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=says):
        tiered.move("true")
    assert tiered.hot() == 3


@pytest.mark.parametrize(
    ("condition", "sqlstate"),
    [
        ("true) or (true", "42601"),
        ("true then 1 end; delete from docs; select case when true", "42P11"),
    ],
)
def test_a_condition_stays_in_its_parentheses(tiered: Tiered, condition: str, sqlstate: str) -> None:
    """No text of older_than moves a row that the index does not have, or runs anything else."""
    tiered.put(1, 3)
    with pytest.raises(psycopg.Error) as caught:
        tiered.move(condition)
    assert caught.value.sqlstate == sqlstate
    assert tiered.hot() == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("select s3vl.alter_binding('docs', when_null => 'delete', backfill => false)", "'keep'|deletes the"),
        (
            "select s3vl.bind_table('docs', %s, 'embedding', binding_name => 'second', id_prefix => 'x')",
            'binding "second" sends it too',
        ),
    ],
)
def test_a_binding_that_changes_during_a_move_ends_it(
    tiered: Tiered, change: LiteralString, says: str
) -> None:
    """What was checked at the beginning is checked again with each page, which is else not moved."""
    tiered.put(1, 3)
    tiered.sync()
    info = tiered.connection.info
    caught: list[psycopg.Error] = []

    def move() -> None:
        with psycopg.connect(info.dsn, password=info.password, autocommit=True) as other:
            try:
                other.execute("call s3vl.move_to_cold('docs', 'pg_advisory_xact_lock_shared(7) is not null')")
            except psycopg.Error as error:
                caught.append(error)

    tiered.run("select pg_advisory_lock(7)")
    moving = threading.Thread(target=move)
    moving.start()
    while not tiered.run("select 1 from pg_locks where locktype = 'advisory' and not granted"):
        pass
    try:
        tiered.run(change, *([tiered.index_name] if "%s" in change else []))
    finally:
        tiered.run("select pg_advisory_unlock(7)")
        moving.join()
    assert [error.sqlstate for error in caught] == ["55000"]
    assert re.search(says, str(caught[0]))
    assert tiered.hot() == 3


def test_a_move_that_fails_holds_nothing_up(tiered: Tiered) -> None:
    """After an error of its statement the binding is free at once."""
    tiered.put(1, 3)
    tiered.sync()
    tiered.run("alter table docs alter column embedding set not null")
    with pytest.raises(psycopg.errors.NotNullViolation):
        tiered.move("true")
    assert tiered.run("select leased_until < clock_timestamp() from s3vl.sync_state") == [(True,)]


def test_inside_of_a_transaction_it_is_refused(tiered: Tiered) -> None:
    """It commits, and says so."""
    with pytest.raises(psycopg.errors.ActiveSqlTransaction), tiered.connection.transaction():
        tiered.move("true")
