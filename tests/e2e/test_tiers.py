"""Two tiers of one table: hot rows are found by pgvector, cold ones in the index, and none is lost between."""

from __future__ import annotations

import random
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString, cast

import psycopg
import pytest
from indexes import registered_index

from fixtures_postgres import need_pgvector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

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
        'docs', %s, 'embedding', metadata_columns => '{tenant}', when_null => 'keep', id_prefix => %s
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

    def other_session(self) -> psycopg.Connection:
        """Open another session with the same database."""
        info = self.connection.info
        return psycopg.connect(info.dsn, password=info.password, autocommit=True)

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

    def make(id_prefix: str = "") -> Tiered:
        name = next(index_names)
        registered_index(connection, aws, stack, name, DIMENSION)
        for statement in MAKE_DOCS.split(";"):
            connection.execute(statement)  # type: ignore[arg-type]
        connection.execute(BIND, [name, id_prefix])
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
    begun, over = threading.Event(), threading.Event()

    def look() -> None:
        with tiered.other_session() as other:
            while not over.is_set():
                found = other.execute(
                    SEARCH, [next(vectors(3)), tiered.index_name, 1000, None, None]
                ).fetchall()
                counts.append((len(found), len({row[0] for row in found})))
                begun.set()

    looking = threading.Thread(target=look)
    looking.start()
    try:
        assert begun.wait(180)
        assert tiered.move("true", 40) == 300
    finally:
        over.set()
        looking.join()
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


def test_candidates_may_have_another_collation(tiered: Tiered) -> None:
    """Both tiers compare the key with its own: PostgreSQL would not know which of the two to take."""
    tiered.run("select s3vl.unbind_table('docs')")
    tiered.run('alter table docs alter id type text collate "C"')
    tiered.run(BIND, tiered.index_name, "")
    tiered.put(1, 4)
    tiered.sync()
    assert tiered.move("id = '1'") == 1
    tiered.run('create table chosen as select n::text collate "POSIX" as id from generate_series(1, 2) as n')
    found = tiered.search(next(vectors(7)), candidates="select id from chosen")
    assert {(row[0], row[1]) for row in found} == {("1", "cold"), ("2", "hot")}


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


REFUSED: list[tuple[LiteralString, str, str]] = [
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
]


def test_what_cannot_be_is_refused(tiered: Tiered) -> None:
    """The error names the value."""
    for statement, sqlstate, says in REFUSED:
        with pytest.raises(psycopg.Error) as caught:
            tiered.run(statement)
        assert caught.value.sqlstate == sqlstate, statement
        assert says in str(caught.value)


def test_a_binding_that_deletes_is_refused(tiered: Tiered) -> None:
    """Where a null embedding deletes the vector, nothing is moved, and the hint says how to keep it."""
    tiered.put(1, 3)
    tiered.run("select s3vl.alter_binding('docs', backfill => false, when_null => 'delete')")
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


def test_a_condition_stays_in_its_parentheses(tiered: Tiered) -> None:
    """No text of older_than moves a row that the index does not have, or runs anything else."""
    tiered.put(1, 3)
    for condition, sqlstate in (
        ("true) or (true", "42601"),
        ("true then 1 end; delete from docs; select case when true", "42P11"),
    ):
        with pytest.raises(psycopg.Error) as caught:
            tiered.move(condition)
        assert caught.value.sqlstate == sqlstate
        assert tiered.hot() == 3


@contextmanager
def held_move(tiered: Tiered) -> Iterator[Future[int]]:
    """Begin to move all rows in another session, and let it go on at the end."""

    def move() -> int:
        with tiered.other_session() as other:
            cursor = other.execute(
                "call s3vl.move_to_cold('docs', 'pg_advisory_xact_lock_shared(7) is not null')"
            )
            [(moved,)] = cursor.fetchall()
            return cast("int", moved)

    tiered.run("select pg_advisory_lock(7)")
    with ThreadPoolExecutor() as pool:
        moving = pool.submit(move)
        try:
            while not tiered.run("select 1 from pg_locks where locktype = 'advisory' and not granted"):
                assert not moving.done(), moving.exception()
            yield moving
        finally:
            tiered.run("select pg_advisory_unlock(7)")


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
    with held_move(tiered) as moving:
        tiered.run(change, *([tiered.index_name] if "%s" in change else []))
    caught = moving.exception()
    assert isinstance(caught, psycopg.errors.ObjectNotInPrerequisiteState)
    assert re.search(says, str(caught))
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


def test_a_name_that_moves_during_a_move_changes_nothing(
    tiered: Tiered, aws: Callable[..., Any], stack: Stack, index_names: Iterator[str]
) -> None:
    """The binding stays with its index: all rows move, and are found by the name that it has now."""
    tiered.put(1, 20)
    tiered.sync()
    other = next(index_names)
    registered_index(tiered.connection, aws, stack, other, DIMENSION)

    with held_move(tiered) as moving:
        tiered.run("select s3vl.switch_index(%s, %s, force => true)", tiered.index_name, other)

    assert moving.result() == 20
    with pytest.raises(psycopg.errors.UndefinedObject, match="is not bound to index"):
        tiered.search(next(vectors(1)))
    tiered.index_name = other
    assert_as_brute_force(tiered, next(vectors(1)))


def test_a_move_whose_session_is_killed_goes_on(tiered: Tiered) -> None:
    """What it has committed stays moved, the binding is free at once, and a second call moves the rest."""
    tiered.put(1, 200)
    tiered.sync()
    with tiered.other_session() as other, ThreadPoolExecutor() as pool:
        moving = pool.submit(other.execute, "call s3vl.move_to_cold('docs', 'true', 1)")
        while tiered.hot() > 195:
            assert not moving.done(), moving.exception()
        tiered.run("select pg_terminate_backend(%s)", other.info.backend_pid)
        assert isinstance(moving.exception(), psycopg.OperationalError)
    left = tiered.hot()
    assert 0 < left < 200
    assert_as_brute_force(tiered, next(vectors(4)))

    assert tiered.move("true") == left

    assert tiered.hot() == 0
    assert_as_brute_force(tiered, next(vectors(4)))


def test_nothing_is_lost_while_others_change_the_same_rows(tiered: Tiered) -> None:
    """Every search finds every row once, and each row ends with its last vector, in the table or in the index."""
    tiered.put(1, 60)
    tiered.sync()
    is_over = threading.Event()

    def change() -> None:
        chance = random.Random(5)  # noqa: S311
        with tiered.other_session() as other:
            mine = Tiered(other, tiered.index_name)
            while not is_over.is_set():
                row = chance.randint(1, 60)
                mine.put(row, row)
                mine.run("update docs set tenant = 'c' || %s::integer where id = %s", row, 61 - row)

    def look() -> set[tuple[int, int]]:
        counts = set()
        with tiered.other_session() as other:
            while not is_over.is_set():
                found = Tiered(other, tiered.index_name).search(next(vectors(3)), 1000)
                counts.add((len(found), len({row[0] for row in found})))
        return counts

    with ThreadPoolExecutor() as pool:
        tasks = [pool.submit(change), pool.submit(look)]
        try:
            moved = 0
            while moved < 30:
                moved += tiered.move("id % 2 = 0", 7)
                tiered.run("call s3vl.sync(max_seconds => 1)")
        finally:
            is_over.set()
    tasks[0].result()
    assert tasks[1].result() == {(60, 60)}
    tiered.sync()
    left = tiered.hot()
    assert tiered.move("true") == left
    assert_as_brute_force(tiered, next(vectors(6)))


def test_a_move_never_waits_for_the_application(tiered: Tiered) -> None:
    """It leaves rows that another session has locked, and says so; a lock of foreign keys is none."""
    tiered.put(1, 20)
    tiered.sync()
    tiered.run("set lock_timeout = '2s'")
    notices: list[str | None] = []
    tiered.connection.add_notice_handler(lambda said: notices.append(said.message_primary))
    with tiered.other_session() as app, app.transaction():
        app.execute("update docs set tenant = 'c' where id in (4, 9)")
        app.execute("select from docs where id = 11 for share")
        app.execute("select from docs where id = 12 for key share")

        assert tiered.move("true", 6) == 17

        app.execute("update docs set tenant = 'c' where id <= 11")
    assert notices == ["moved 17 of 20 rows"]
    assert tiered.run("select id from docs where embedding is not null order by id") == [(4,), (9,), (11,)]
    assert tiered.move("true") == 3
    assert_as_brute_force(tiered, next(vectors(7)))


@pytest.fixture
def app(tiered: Tiered) -> Iterator[Tiered]:
    """Make the role tier_app, a writer that is not the owner of the table, and put 40 rows."""
    tiered.put(1, 40)
    tiered.sync()
    tiered.run("create role tier_app")
    tiered.run("grant tier_app to current_user")
    tiered.run("grant select, update (embedding) on docs to tier_app")
    tiered.run("select s3vl.grant_access('tier_app', 'writer')")
    yield tiered
    tiered.run("reset role")
    tiered.run("drop owned by tier_app")
    tiered.run("drop role tier_app")


def test_no_tier_shows_a_row_that_a_policy_hides(app: Tiered) -> None:
    """Not even one that the query of the candidates names without reading the table."""
    assert app.move("id <= 20") == 20
    nearest = app.run(BRUTE_FORCE, [1, 2, 3, 4], False, 40)
    app.run("alter table docs enable row level security")
    app.run("create policy own on docs using (tenant = 'a')")
    app.run("set role tier_app")

    for candidates in (None, "select id from docs", "select n from generate_series(1, 40) as n"):
        found = app.search([1, 2, 3, 4], 100, candidates)

        assert len(nearest) == 20
        assert [int(row[0]) for row in found] == [row[0] for row in nearest], candidates
        assert {(row[1], int(row[0]) <= 20) for row in found} == {("cold", True), ("hot", False)}


def test_the_cold_tier_keeps_to_a_restriction(app: Tiered) -> None:
    """A role finds the part of the index that it may use, and without one nothing, be all rows hot."""
    assert app.move("id <= 20") == 20
    app.run("""select s3vl.restrict_index(%s, 'tier_app', '{"tenant": "a"}')""", app.index_name)
    app.run("set role tier_app")

    found = {int(row[0]) for row in app.search([1, 2, 3, 4], 100)}

    app.run("reset role")
    assert found == {row[0] for row in app.run("select id from docs where id > 20 or tenant = 'a'")}
    app.run("select s3vl.unrestrict_index(%s, 'tier_app')", app.index_name)
    app.run("update docs set embedding = truth::vector")
    app.run("set role tier_app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not use index"):
        app.search([1, 2, 3, 4])


def test_a_move_keeps_to_row_security(app: Tiered) -> None:
    """Of the rows that its caller sees, those move that he may update; the others stay, and are counted."""
    app.run("alter table docs enable row level security")
    app.run("create policy seen on docs for select using (id > 4)")
    app.run("create policy own on docs for update using (tenant = 'a')")
    notices: list[str | None] = []
    app.connection.add_notice_handler(lambda said: notices.append(said.message_primary))
    app.run("set role tier_app")

    moved = app.move("true", 7)

    app.run("reset role")
    assert moved == 18
    assert notices == ["moved 18 of 36 rows"]
    assert app.run("select count(*) from docs where embedding is null and (tenant <> 'a' or id <= 4)") == [
        (0,)
    ]


def test_a_move_needs_the_rights_to_table_and_index(app: Tiered) -> None:
    """Without one of them nothing is moved; each is asked for before what was taken before it."""
    taken: dict[LiteralString, str] = {
        "select s3vl.restrict_index('tiers', current_user)": "may not use index",
        "revoke update (embedding) on docs from tier_app": "permission denied for table docs",
        "select s3vl.grant_access('tier_app', 'reader')": "permission denied for procedure move_to_cold",
    }
    arn = app.run("select s3vl.resolve_index_arn(%s)", app.index_name)[0][0]
    app.run("select s3vl.register_index('tiers', %s)", arn)
    for statement, says in taken.items():
        app.run(statement)
        app.run("set role tier_app")

        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=says):
            app.move("true")

        app.run("reset role")
    assert app.hot() == 40


TRIGGER: LiteralString = """
    create or replace function before_update() returns trigger language plpgsql as $$ begin {body} return new; end $$;
    create or replace trigger before_update before update on docs for each row execute function before_update()
"""
# What a trigger does, and how many of 20 rows move beside it.
TRIGGERS: dict[LiteralString, int] = {
    "new.tenant := 'touched'; new.created_at := clock_timestamp();": 20,
    "if old.id % 2 = 0 then return null; end if;": 10,
    "if old.id % 2 = 0 then new.embedding := old.embedding; end if;": 10,
    "update docs set tenant = 'other' where id = 21 - old.id and old.id < 5;": 20,
}
REFUSING: dict[LiteralString, str] = {
    "if old.id = 9 then raise 'not now'; end if;": "not now",
    "if old.id = 9 then new.id := 1000; end if;": "changes the key of a row when it is updated",
}


def with_trigger(tiered: Tiered, body: LiteralString) -> None:
    """Give the table 20 hot rows and a trigger of the application."""
    tiered.run("drop trigger if exists before_update on docs")
    tiered.put(1, 20)
    tiered.sync()
    tiered.connection.execute(TRIGGER.format(body=body).encode())


def test_a_trigger_of_the_table_has_its_way(tiered: Tiered) -> None:
    """What it leaves hot stays hot and is not counted, and what it changes follows."""
    for body, moved in TRIGGERS.items():
        with_trigger(tiered, body)

        assert tiered.move("true", 6) == moved, body

        assert tiered.hot() == 20 - moved
        tiered.sync()
        [(equal,)] = tiered.run(
            "select count(*) from s3vl.get_vectors(array(select id::text from docs), index_name => %s) as v"
            " inner join docs as d on v.vector_id = d.id::text"
            " where v.embedding::real[] = d.truth and v.metadata ->> 'tenant' = d.tenant",
            tiered.index_name,
        )
        assert equal == 20
        assert_as_brute_force(tiered, next(vectors(8)))


def test_a_trigger_that_does_not_fit_ends_the_move(tiered: Tiered) -> None:
    """The pages before stay moved, its own stays hot, and without the trigger the rest moves."""
    for body, says in REFUSING.items():
        with_trigger(tiered, body)

        with pytest.raises(psycopg.Error, match=says):
            tiered.move("true", 6)

        assert tiered.hot() == 14
        tiered.run("drop trigger before_update on docs")
        assert tiered.move("true") == 14
        assert_as_brute_force(tiered, next(vectors(9)))


def test_the_model_of_the_vector_is_checked(tiered: Tiered) -> None:
    """That of the index is taken, and another refused, as is what pgvector would refuse in other words."""
    tiered.put(1, 3)
    arn = tiered.run("select s3vl.resolve_index_arn(%s)", tiered.index_name)[0][0]
    tiered.run("select s3vl.register_index(%s, %s, model => 'mini')", tiered.index_name, arn)
    search: LiteralString = (
        "select count(*) from s3vl.query_tiered(%s::real[], 'docs', 'embedding', %s, expected_model => %s)"
    )

    assert tiered.run(search, [1, 2, 3, 4], tiered.index_name, "mini") == [(3,)]
    for vector, model, says in (
        (
            [1, 2, 3, 4],
            "maxi",
            f'expected_model is "maxi", and the model of index "{tiered.index_name}" is "mini"',
        ),
        ([1, 2, 3], "mini", "query_vector has 3 numbers"),
        (None, "mini", "query_vector is null"),
    ):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=says):
            tiered.run(search, vector, tiered.index_name, model)
