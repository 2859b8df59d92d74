"""query_filtered runs as its caller: privileges and row security decide, and nothing in the way is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_filtered import POLICY, TRAPS

if TYPE_CHECKING:
    from fixtures_filtered import Shop

ALL = "select id from products"
STRATEGIES = pytest.mark.parametrize(
    "how",
    [{}, {"filter_strategy": "postfilter"}, {"exact_search_threshold": 2}],
    ids=["ranked", "read", "either"],
)


@pytest.fixture
def app(shop: Shop) -> Shop:
    """Make the reader `app`, which the session may become, and `keeper`, to whom the tables belong."""
    shop.db.rows("create role app; create role keeper; grant app, keeper to current_user")
    shop.db.rows("grant create on schema public to keeper")
    shop.db.rows("create table owners as select 'app'::name as role, 'tenant 1' as tenant")
    shop.db.rows("grant select on owners to app")
    for table in ("products", "lines", "owners"):
        shop.db.connection.execute(f"alter table {table} owner to keeper".encode())
    for role in ("app", "keeper"):
        shop.db.rows("select s3vl.grant_access(%(role)s, 'reader')", role=role)
    return shop


@STRATEGIES
def test_without_the_right_to_a_table_there_is_no_search(app: Shop, how: dict[str, Any]) -> None:
    """Candidates are read with the privileges of the caller, before anything is called."""
    app.db.rows("set local role app")

    error = app.refuses(ALL, **how)

    assert (error.sqlstate, error.message_primary) == ("42501", "permission denied for table products")
    assert app.requests == []


@STRATEGIES
def test_row_security_chooses_candidates(app: Shop, how: dict[str, Any]) -> None:
    """Of 600 rows a policy shows 200, and only these are found."""
    app.db.rows("set local role keeper")
    app.db.rows("grant select on products to app")
    app.db.rows(POLICY)
    app.db.rows("reset role; set local role app")

    found = app.search(ALL, top_k=30, **how)

    app.db.rows("reset role")
    assert found == app.nearest(f"{ALL} where tenant = 'tenant 1'", 30)


@STRATEGIES
def test_the_owner_under_forced_row_security_too(app: Shop, how: dict[str, Any]) -> None:
    """FORCE makes a policy hold for the owner of the table, who has no rows here."""
    app.db.rows("set local role keeper")
    app.db.rows(POLICY)
    assert len(app.search(ALL, **how)) == 10
    app.db.rows("alter table products force row level security")

    assert app.search(ALL, **how) == []


@STRATEGIES
def test_a_barrier_view_shows_what_it_shows(app: Shop, how: dict[str, Any]) -> None:
    """Who may read the view and not the table searches the rows of the view."""
    app.db.rows("set local role keeper")
    app.db.rows(
        "create view own with (security_barrier) as select id, price from products where tenant = 'tenant 2';"
        "grant select on own to app"
    )
    app.db.rows("reset role; set local role app")

    found = app.search("select id from own where price < 500", **how)

    app.db.rows("reset role")
    assert found == app.nearest(f"{ALL} where tenant = 'tenant 2' and price < 500")


DEFINER: LiteralString = """
    create function keeper_finds(tenant text, top integer) returns setof text
    language sql security definer set search_path = public, pg_temp as $$
        select f.vector_id
        from s3vl.query_filtered(
            array[0.5, 0.5], 'select id from products where tenant = $1 #>> ''{}''', 'docs', top_k => top,
            parameters => to_jsonb(tenant), filter_strategy => 'postfilter', num_candidates => 100
        ) as f
    $$;
    revoke all on function keeper_finds from public;
    grant execute on function keeper_finds to app;
"""


def test_a_definer_function_around_it_gives_its_rows_and_nothing_more(app: Shop) -> None:
    """Its caller sees the rows that it returns, but neither the table nor how many rows of it matched."""
    app.db.rows("set local role keeper")
    app.db.rows(DEFINER)
    app.db.rows("reset role; set local role app")

    rows = app.db.rows("select * from keeper_finds('tenant 1', 90)")

    assert 10 < len(rows) < 90
    [warning] = app.db.warnings
    assert warning.message == "fewer rows than top_k, although there may be more"
    last = app.last
    assert {last[name] for name in ("candidates", "missing", "scanned", "passed", "estimated_rows")} == {None}
    assert (last["strategy"], last["is_truncated"]) == ("postfilter", True)
    note = app.db.value(
        "select s3vl_note.statement from pg_prepared_statements as s3vl_note"
        " where s3vl_note.name = 's3vl.last_search'"
    )
    assert b"passed" not in bytes.fromhex(note.split("'")[1])
    assert app.refuses(ALL).sqlstate == "42501"


def test_what_the_caller_passes_stays_a_value_in_a_definer_function(app: Shop) -> None:
    """A value is never read as SQL."""
    app.db.rows("set local role keeper")
    app.db.rows(DEFINER)
    app.db.rows("reset role; set local role app")

    for text in (
        "' or true --",
        "tenant 1') or (true",
        "$1",
        "%s",
        "\\' or 1=1",
        "x'; drop table products; --",
    ):
        assert app.db.rows("select * from keeper_finds(%(text)s, 3)", text=text) == []


@pytest.mark.parametrize("key", ["id", "id::pg_catalog.text"])
@STRATEGIES
def test_nothing_in_the_search_path_gets_in_the_way(shop: Shop, how: dict[str, Any], key: str) -> None:
    """Only the query of the candidates looks there: all of s3vl's own names its schemas, operators too."""
    expected = shop.nearest(ALL)
    # The functions are compiled in this session for the first time below: that is when types are looked up.
    shop.db.rows(TRAPS)
    shop.db.rows("set local search_path = evil, pg_catalog, public")
    assert (shop.db.error("select 1 = 1").message_primary or "").startswith("trapped as")

    assert shop.search(f"select {key} from products", **how) == expected


def test_candidates_are_looked_up_where_the_caller_looks(shop: Shop) -> None:
    """Names without a schema are those of the session's search_path, as in its own statements."""
    shop.db.rows("create schema mine; create table mine.products as select 7::bigint as id")
    shop.db.rows("set local search_path = mine, public")

    assert shop.search(ALL) == ["7"]


def quoted(statement: LiteralString) -> LiteralString:
    """Return a statement as a literal of SQL."""
    return "'" + statement.replace("'", "''") + "'"


STEPS: list[LiteralString] = [
    'select s3vl._end_search(\'{"started": "-infinity", "is_ranked": true}\', false)',
    "select s3vl._next_move('{}')",
    'select s3vl._next_move(\'{"keys_in_time": 0, "is_ranked": false, "top_k": 1, "passed": 0}\')',
    'select s3vl._hits(\'{"hits": [{"vector_id": "made up"}], "top_k": 1}\')',
    "select s3vl._with_candidates('{}', 2000000000, 1)",
    "select s3vl._with_page('{}', now(), null, null, null, null, null, null)",
    "select s3vl._with_ranks('{}', '{a}', '{1}', '{1}', '{null}', 3)",
    "select s3vl._key_array('pg_authid'::regtype)",
    "select s3vl._keys_of_type('{a,1}', 'integer')",
    "select s3vl._passing('select rolname from pg_authid', null, 'pg_catalog.text[]', '{rdsadmin}')",
    "select s3vl._passing('select 1', null, 'pg_catalog.int8[]) or true --', '{2}')",
    "select s3vl._candidate_keys('select 1) as c(k)) as k; drop table public.products; --', null, '', 1)",
    "select s3vl._candidate_keys('delete from public.products returning id', null, 'pg_catalog.int8[]', 1)",
    "select s3vl._estimated_candidates('select 1) as c; delete from public.products; select (1', null)",
    "select s3vl._candidate_type('select pg_sleep(1000)', null)",
    (
        "select s3vl._begin_search(s3vl._sealed_caller(), '{1,2}', 'x', 'docs',"
        " null, 1, null, false, 'auto', 10, null, null, 'infinity')"
    ),
]


@pytest.mark.parametrize("call", STEPS)
def test_steps_called_by_hand_give_no_right(app: Shop, call: LiteralString) -> None:
    """Each runs as its caller, or does sums with what it was given: an error or a value, and nothing changed."""
    app.db.rows("set local role app; set local statement_timeout = '5s'")
    app.db.rows("do $$begin execute " + quoted(call) + "; exception when others then null; end$$")
    app.db.rows("reset role")

    assert app.db.value("select count(*) from products") == 600
    assert app.db.value("select count(*) from s3vl.index_registry") == 1
    assert app.requests == []
