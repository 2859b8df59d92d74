"""use_pgvector: searches take the types of pgvector without a cast, and nothing that was clear becomes ambiguous."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, LiteralString, cast

import numpy as np
import pytest
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from fixtures_postgres import need_pgvector
from fixtures_sql import ROOT, Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures_sql import StubLambda
    from s3vl_local.postgres import PostgresServer

AVAILABLE = {"version": "1.1.0", "protocol": 2, "operations": [], "region": "us-west-2"}
ONE_ROW = {
    "distance_metric": "cosine",
    "missing": 0,
    "vectors": [{"vector_id": "a", "distance": 0, "metadata": {}}],
}
SENT = "[1,2,3,4,5]"
# Functions that search with a vector, and a call of each with a vector of five numbers for the %s.
CALLS: dict[str, LiteralString] = {
    "query_vectors": "select * from s3vl.query_vectors(%s, 'docs')",
    "query_vectors, by name": "select * from s3vl.query_vectors(index_name => 'docs', query_vector => %s, top_k => 3)",
    "query_vectors_batch": "select * from s3vl.query_vectors_batch(array[%s], 'docs')",
    "rank_vectors": "select * from s3vl.rank_vectors(%s, '{a}', 'docs')",
    "query_hybrid": """select * from s3vl.query_hybrid('{"title": "tea"}', %s, 'docs')""",
}
# What stands in the statement, what is the parameter.
WAYS: dict[str, tuple[LiteralString, Any]] = {
    "vector": ("'[1,2,3,4,5]'::vector", None),
    "halfvec": ("'[1,2,3,4,5]'::halfvec", None),
    "array": ("array[1,2,3,4,5.0]", None),
    "array of integers": ("array[1,2,3,4,5]", None),
    "array of reals": ("'{1,2,3,4,5}'::real[]", None),
    "list": ("%s", [1.0, 2.0, 3.0, 4.0, 5.0]),
    "numpy": ("%s", np.array([1, 2, 3, 4, 5], np.float32)),
    "half numbers": ("%s", HalfVector([1, 2, 3, 4, 5])),
}
# Without a type, which only a function for one vector can take.
UNTYPED: dict[str, tuple[LiteralString, Any]] = {
    "text of pgvector": ("%s", "[1, 2, 3, 4, 5]"),
    "text of an array": ("%s", "{1,2,3,4,5}"),
    "literal": ("'{1,2,3,4,5}'", None),
}


@pytest.fixture
def db(postgres: PostgresServer, shared_database: str) -> Iterator[Database]:
    """Open a session of the test's own: psycopg keeps the numbers of types, which each test creates anew."""
    database = Database(postgres.url(database=shared_database), autocommit=False)
    yield database
    database.connection.close()


@pytest.fixture
def beside_pgvector(db: Database, registered: StubLambda) -> StubLambda:
    """Create pgvector beside an index "docs", and let searches take its types."""
    need_pgvector()
    db.rows("create extension vector")
    db.rows("select s3vl.use_pgvector()")
    register_vector(db.connection)
    return registered


def searched(db: Database, stub: StubLambda, call: LiteralString, way: tuple[LiteralString, Any]) -> Any:
    """Search once, and return the vector that was sent."""
    written, parameter = way
    stub.answers(ONE_ROW | {"vectors": [ONE_ROW["vectors"][0] | {"query_number": 1, "fused_score": 1}]})
    statement = cast("LiteralString", call.replace("%s", written))
    assert (
        len(db.connection.execute(statement, [parameter] if parameter is not None else None).fetchall()) == 1
    )
    request = stub.requests[-1]
    return request["query_vectors"][0] if "query_vectors" in request else request["query_vector"]


@pytest.mark.parametrize("call", CALLS)
def test_each_search_takes_each_type(db: Database, beside_pgvector: StubLambda, call: str) -> None:
    """Types of pgvector, numpy and arrays go in as they are, and the same numbers are sent."""
    sent = {name: searched(db, beside_pgvector, CALLS[call], way) for name, way in WAYS.items()}

    assert sent == dict.fromkeys(WAYS, SENT)


@pytest.mark.parametrize("call", [name for name in CALLS if "batch" not in name])
def test_what_has_no_type_stays_clear(db: Database, beside_pgvector: StubLambda, call: str) -> None:
    """A literal and a parameter without a type are taken, written as pgvector or as PostgreSQL writes them."""
    sent = {name: searched(db, beside_pgvector, CALLS[call], way) for name, way in UNTYPED.items()}

    assert sent == dict.fromkeys(UNTYPED, SENT)


def test_batches_stay_clear_without_a_type(db: Database, beside_pgvector: StubLambda) -> None:
    """A literal of an array of arrays goes in, and no vectors are no call."""
    call: LiteralString = "select * from s3vl.query_vectors_batch(%s, 'docs')"

    assert searched(db, beside_pgvector, call, ("'{{1,2,3,4,5}}'", None)) == SENT
    calls = len(beside_pgvector.calls)
    assert db.rows("select * from s3vl.query_vectors_batch('{}'::vector[], 'docs')") == []
    assert len(beside_pgvector.calls) == calls


def test_a_text_search_needs_no_vector(db: Database, beside_pgvector: StubLambda) -> None:
    """query_hybrid without query_vector is one function, whatever has overloads."""
    beside_pgvector.answers({"distance_metric": "cosine", "vectors": []})

    assert db.rows("""select * from s3vl.query_hybrid('{"title": "tea"}', index_name => 'docs')""") == []


@pytest.mark.usefixtures("beside_pgvector")
def test_null_is_refused_as_before(db: Database) -> None:
    """A null of any type, or of none, reaches the check of the function for arrays."""
    for null in ("null", "null::vector", "null::double precision[]"):
        statement = cast("LiteralString", f"select s3vl.query_vectors({null}, 'docs')")
        assert db.error(statement).message_primary == "query_vector is null"
    assert db.error("select s3vl.query_vectors_batch(null::vector[], 'docs')").message_primary == (
        "query_vectors is null"
    )


def statements() -> list[str]:
    """Return what the pages of the post and README tell to type, searches only."""
    pages = [ROOT / "README.md", ROOT / "docs/walkthrough.md", *(ROOT / "sample-data").glob("*.sql")]
    found = [
        statement.strip()
        for page in pages
        for block in (
            re.findall(r"^```sql\n(.+?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
            if page.suffix == ".md"
            else [page.read_text()]
        )
        for statement in re.sub(r"(?m)^\\.*$|--.*$", "", block).split(";")
        if "s3vl.query_" in statement
    ]
    assert len(found) >= 5
    return found


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("used", [False, True], ids=["without overloads", "with overloads"])
def test_every_statement_of_the_pages_stays_clear(db: Database, *, used: bool) -> None:
    """PostgreSQL finds one function for each search of the post and of README, with overloads and without."""
    if used:
        need_pgvector()
        db.rows("create extension vector")
        db.rows("select s3vl.use_pgvector()")
    db.rows(cast("LiteralString", (ROOT / "sample-data/products.sql").read_text()))

    for statement in statements():
        db.rows(cast("LiteralString", f"explain {statement.replace('%', '%%')}"))


def test_without_pgvector_it_says_what_to_type(db: Database) -> None:
    """Where the extension is not installed nothing is made."""
    error = db.error("select s3vl.use_pgvector()")

    assert (error.sqlstate, error.message_hint) == ("55000", "Type: create extension vector;")
    assert db.value("select s3vl.use_pgvector(drop => true)") is False


def test_another_extension_of_that_type_name_is_not_taken(db: Database) -> None:
    """A type of the name vector that somebody made is no type of pgvector."""
    db.rows("create type vector as (a integer)")

    assert db.error("select s3vl.use_pgvector()").sqlstate == "55000"


@pytest.mark.usefixtures("beside_pgvector")
@pytest.mark.parametrize("undo", ["select s3vl.use_pgvector(drop => true)", "drop extension vector"])
def test_it_is_undone(db: Database, undo: LiteralString) -> None:
    """Dropped by the function or with the extension, nothing of it stays."""
    before = overloads(db)

    db.rows(undo)

    assert len(before) >= 9
    assert overloads(db) == []
    assert db.rows("select from pg_depend where deptype = 'x' and classid = 'pg_proc'::regclass") == []


@pytest.mark.usefixtures("beside_pgvector")
def test_every_search_has_its_overloads(db: Database) -> None:
    """No public function that takes a vector as an array is left out, and all arguments are the same."""
    rows = db.rows(
        """
        select p.proname as name, count(*) filter (where u.oid is not null) as overloads,
            count(distinct regexp_replace(
                pg_get_function_arguments(p.oid), '(query_vectors?) [a-z ]+(\\[\\])?( DEFAULT [^,]+)?', '\\1'
            )) as kinds
        from pg_proc as p
        left join unnest(s3vl._overloads()) as u (oid) on u.oid = p.oid
        where p.pronamespace = 's3vl'::regnamespace and p.proargnames && '{query_vector,query_vectors}'
            and not starts_with(p.proname, '_')
        group by p.proname
        """
    )

    assert {row["name"] for row in rows} >= {"query_vectors", "query_vectors_batch", "query_hybrid"}
    assert {(row["overloads"], row["kinds"]) for row in rows} == {(3, 1)}


@pytest.mark.usefixtures("beside_pgvector")
def test_they_run_as_their_caller_who_may_call_the_function_for_arrays(db: Database) -> None:
    """Roles with access before and after may call them, others not, and no other right is in force there."""
    db.rows("create role before")
    db.rows("create role after")
    db.rows("create role stranger")
    db.rows("select s3vl.use_pgvector(drop => true)")
    db.rows("select s3vl.grant_access('before', 'reader')")
    db.rows("select s3vl.use_pgvector()")
    db.rows("select s3vl.grant_access('after', 'reader')")

    may = {
        role: db.value(
            "select array_agg(distinct has_function_privilege(%(role)s, u.oid, 'execute'))"
            " from unnest(s3vl._overloads()) as u (oid)",
            role=role,
        )
        for role in ("before", "after", "stranger", "public")
    }

    assert may == {"before": [True], "after": [True], "stranger": [False], "public": [False]}
    assert db.rows("select from pg_proc where prosecdef and oid = any(s3vl._overloads())") == []
    db.rows("select s3vl.revoke_access('before')")
    assert not db.value("select has_function_privilege('before', (s3vl._overloads())[1], 'execute')")


@pytest.mark.usefixtures("beside_pgvector")
def test_a_second_time_changes_nothing(db: Database) -> None:
    """What is as it should be stays, with the view that somebody has built on it."""
    db.rows("create view hits as select * from s3vl.query_vectors('[1,2,3,4,5]'::vector, 'docs')")
    before = overloads(db)

    assert db.value("select s3vl.use_pgvector()") is True
    assert overloads(db) == before


def test_what_is_older_than_s3vl_is_told(db: Database, beside_pgvector: StubLambda) -> None:
    """Where one is not as the function for arrays, diagnose names it, and a second call makes it anew."""
    assert db.rows("select * from s3vl._check_overloads()") == []
    db.connection.execute(
        "do $$ declare _overload text; begin"
        " select u.oid::regprocedure into _overload from unnest(s3vl._overloads()) as u (oid)"
        " where u.oid::regprocedure::text like 's3vl.query_vectors(vector,%';"
        " execute 'drop function ' || _overload; end; $$"
    )
    db.rows(
        "create function s3vl.query_vectors(query_vector vector, index_name text) returns text language sql"
        " as 'select 1::text'"
    )
    db.rows("alter function s3vl.query_vectors(vector, text) depends on extension vector")

    beside_pgvector.answers(AVAILABLE)
    beside_pgvector.answers_failure("throttled")
    [row] = db.rows("select * from s3vl.diagnose() where check_name = 'types of pgvector'")

    assert row["status"] == "warn"
    assert "query_vectors(public.vector, text, text," in row["detail"]
    db.rows("select s3vl.use_pgvector()")
    assert db.rows("select * from s3vl._check_overloads()") == []


@pytest.mark.usefixtures("beside_pgvector")
def test_help_lists_each_function_once(db: Database) -> None:
    """Overloads are no functions of their own there."""
    assert len(db.rows("select * from s3vl.help('search')")) == db.value(
        "select cardinality(function_names) from s3vl._topics() where topic = 'search'"
    )
    assert db.value("select count(*) from s3vl.help('query_vectors') where function = 'query_vectors'") == 1


def test_strings_that_are_no_standard_are_no_matter(db: Database, beside_pgvector: StubLambda) -> None:
    """The functions do the same where standard_conforming_strings is off."""
    db.rows("set local standard_conforming_strings = off")
    db.rows("select s3vl.use_pgvector(drop => true)")
    db.rows("select s3vl.use_pgvector()")

    assert searched(db, beside_pgvector, CALLS["query_vectors"], UNTYPED["text of pgvector"]) == SENT


def overloads(db: Database) -> list[dict[str, Any]]:
    """Return the overloads that there are, each with its definition and rights."""
    return db.rows(
        "select p.oid::regprocedure::text as name, pg_get_functiondef(p.oid) as definition, p.proacl::text"
        " from pg_proc as p where p.oid = any(s3vl._overloads()) order by 1"
    )
