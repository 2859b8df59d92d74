"""query_hybrid_local: who sees which rows, which arguments it refuses, and what stands in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest

from fixtures_filtered import POLICY, TRAPS
from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

    from fixtures_filtered import Shop

ADD_TEXTS: LiteralString = """
    alter table products add column words tsvector;
    update products set words = to_tsvector('simple', 'word' || id % 4 || repeat(' tea', 1 + id::integer % 3));
    create index on products using gin (words);
"""
QUERY: LiteralString = "'tea'"
ALL: LiteralString = "select id from products"
POSTED: LiteralString = "values (1), (2), (3), (4), (5), (6), (7), (8), (9)"


def search(shop: Shop, **arguments: Any) -> list[dict[str, Any]]:
    """Return the rows that are found."""
    given = {
        "query_vector": [0.5, 0.5],
        "query": QUERY,
        "source": "public.products",
        "text_column": "words",
        "index_name": "docs",
        **arguments,
    }
    types = {
        "query_vector": "float8[]",
        "query": "tsquery",
        "source": "regclass",
        "text_column": "name",
        "key_column": "name",
        "top_k": "int4",
        "vector_weight": "float8",
        "parameters": "jsonb",
    }
    names = ", ".join(f"{name} => %({name})s::pg_catalog.{types.get(name, 'text')}" for name in given)
    return list(shop.db.connection.execute(f"select * from s3vl.query_hybrid_local({names})".encode(), given))


def ids(rows: list[dict[str, Any]]) -> set[str]:
    """Return the ids of rows."""
    return {row["vector_id"] for row in rows}


@pytest.fixture
def texts(shop: Shop) -> Shop:
    """Give the products words."""
    shop.db.connection.execute(ADD_TEXTS)
    return shop


@pytest.fixture
def app(texts: Shop) -> Shop:
    """Become the reader `app`, to whom a policy shows the products of tenant 1."""
    texts.db.connection.execute(
        "create role app; grant app to current_user;"
        "create table owners as select 'app'::name as role, 'tenant 1' as tenant;"
        "grant select on owners, products to app"
    )
    texts.db.connection.execute(POLICY)
    texts.db.rows("select s3vl.grant_access('app', 'reader')")
    texts.db.rows("set local role app")
    return texts


@pytest.mark.parametrize("fusion", ["rrf", "weighted"])
@pytest.mark.parametrize(
    "candidates",
    [None, ALL, POSTED, "select id from products where in_stock"],
    ids=["no candidates", "all rows", "keys from elsewhere", "a condition"],
)
def test_what_a_policy_hides_never_comes(app: Shop, candidates: str | None, fusion: str) -> None:
    """By neither list: not even a key that the query of the candidates names without reading the table."""
    found = search(app, candidates=candidates, fusion=fusion, top_k=200)

    own = {str(row["id"]) for row in app.db.rows(ALL)}
    among = {
        str(key) for row in app.db.connection.execute((candidates or ALL).encode()) for key in row.values()
    }
    app.db.rows("reset role")
    assert len(own) == 200
    assert ids(found) == own & among
    assert {row["text_rank"] is None for row in found} == {False}
    assert {row["distance"] is None for row in found if int(row["vector_id"]) % 50} == {False}


def test_without_the_right_to_the_table_there_is_no_search(texts: Shop) -> None:
    """Its rows are read with the privileges of the caller, before anything is called."""
    texts.db.connection.execute("create role app; grant app to current_user")
    texts.db.rows("select s3vl.grant_access('app', 'reader')")
    texts.db.rows("set local role app")

    error = refused(texts)

    assert (error.sqlstate, error.message_primary) == ("42501", "permission denied for table products")
    assert texts.requests == []


def test_a_predicate_has_its_parameters(texts: Shop) -> None:
    """They are $1 in the query of the candidates, and hold for both lists."""
    found = search(
        texts,
        candidates="select id from products where category = ($1 ->> 'category')::integer;",
        parameters='{"category": 7}',
        top_k=100,
    )

    assert ids(found) == {str(n) for n in range(7, 601, 10)}
    assert texts.operations == ["rank_vectors"]


def test_a_row_is_found_by_either_list(texts: Shop) -> None:
    """One without a vector by its text, and one whose text does not match by its vector."""
    texts.db.rows("update products set words = null where id % 50 <> 0")

    found = search(texts, top_k=30)

    by_text = [row for row in found if row["text_rank"] is not None]
    assert ids(by_text) == {str(n) for n in range(50, 601, 50)}
    assert {row["distance"] for row in by_text} == {None}
    assert [row["rank"] for row in found] == list(range(1, 31))


@pytest.mark.parametrize("query", ["", "absent"])
def test_a_text_that_matches_nothing_leaves_the_vectors(texts: Shop, query: str) -> None:
    """As stop words do, of which no query is left."""
    found = search(texts, query=query, index_name=None, index_arn=INDEX_ARN)

    assert [row["vector_id"] for row in found] == texts.nearest(ALL)


def test_a_view_may_have_a_key_twice(texts: Shop) -> None:
    """Its column is named, and the best of its rows counts."""
    texts.db.rows(
        "create view lines_of as select p.* from products as p join lines as l on l.product_id = p.id"
    )

    found = search(texts, source="lines_of", key_column="id", vector_weight=0, top_k=10)

    table = search(
        texts,
        key_column="id",
        vector_weight=0,
        candidates="select product_id from lines",
    )
    assert found == table
    assert len(ids(found)) == 10


def test_ids_have_the_prefix_of_the_binding(texts: Shop) -> None:
    """Whose table it is; the candidates are keys of the table all the same."""
    texts.db.rows("alter table products add column v real[]")
    texts.db.rows("select s3vl.bind_table('products', 'docs', 'v', id_prefix => 'p/', backfill => false)")
    texts.db.rows(
        "insert into aws_lambda.vectors select 'p/' || id, array[0, 0], 1 from products where id < 4"
    )

    found = search(texts, candidates="values (2::bigint), (3), (4)")

    assert {row["vector_id"]: row["distance"] is None for row in found} == {
        "p/2": False,
        "p/3": False,
        "p/4": True,
    }


def test_a_temporary_table_is_searched_where_the_path_finds_another(texts: Shop) -> None:
    """The table is the one that was passed, whatever the search_path of the caller makes of its name."""
    texts.db.rows("create temporary table products as select * from public.products where id = 7")
    texts.db.rows("set local search_path = public, pg_temp")

    found = search(texts, source="pg_temp.products", key_column="id")

    assert ids(found) == {"7"}


def test_keys_of_candidates_may_have_another_collation(texts: Shop) -> None:
    """The key of the table is compared with its own; PostgreSQL would not know which of the two to take."""
    texts.db.rows('create table items (id text collate "C" primary key, words tsvector)')
    texts.db.rows("insert into items select id::text, words from products")
    texts.db.rows(
        'create table chosen as select n::text collate "POSIX" as id from generate_series(1, 9) as n'
    )

    found = search(texts, source="items", candidates="select id from chosen")

    assert ids(found) == {str(n) for n in range(1, 10)}


@pytest.mark.parametrize("fusion", ["rrf", "weighted"])
def test_nothing_in_the_search_path_gets_in_the_way(texts: Shop, fusion: str) -> None:
    """All of its own names its schemas, operators too."""
    expected = search(texts, fusion=fusion)
    texts.db.rows(TRAPS)
    texts.db.rows("discard plans")
    texts.db.rows("set local search_path = evil, pg_catalog, public")

    assert search(texts, fusion=fusion) == expected
    assert search(texts, fusion=fusion, candidates="select id from public.products") == expected


def refused(shop: Shop, **arguments: Any) -> Diagnostic:
    """Search for what has to fail, and return the error."""
    with pytest.raises(psycopg.Error) as caught, shop.db.connection.transaction():
        search(shop, **arguments)
    return caught.value.diag


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"fusion": "sum"}, "22023", 'fusion must be rrf or weighted, got "sum"'),
    ({"fusion": None}, "22023", "fusion must be rrf or weighted, got null"),
    ({"vector_weight": 1.5}, "22023", "vector_weight must be between 0 and 1, got 1.5"),
    ({"vector_weight": float("nan")}, "22023", "vector_weight must be between 0 and 1, got NaN"),
    ({"vector_weight": None}, "22023", "vector_weight must be between 0 and 1, got null"),
    ({"top_k": 201}, "22023", "top_k must be between 1 and 200, got 201"),
    ({"query": None}, "22023", "query is null"),
    ({"text_column": "wrds"}, "42703", "table public.products has no column wrds"),
    ({"text_column": None}, "42703", "table public.products has no column null"),
    ({"text_column": "tags"}, "42804", (
        "text column tags of table public.products has the type text[] and not tsvector"
    )),
    ({"key_column": "key"}, "42703", "table public.products has no column key"),
    ({"key_column": "price"}, "42804", "key column price of table public.products has the type numeric"),
    ({"source": "lines"}, "42804", "table public.lines has no primary key of one column"),
    ({"source": None}, "42804", "table null has no primary key of one column"),
    ({"candidates": "select 1) as x; drop table products"}, "42601", 'syntax error at or near ")"'),
    ({"candidates": "delete from products returning id"}, "22023", (
        "candidates must be one query that only reads, and returns a key"
    )),
    ({"index_name": "absent"}, "42704", 'index "absent" is not registered'),
    ({"query_vector": [1]}, "22023", None),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "sqlstate", "message"), REFUSED)
def test_it_refuses_before_anything_is_called(
    texts: Shop, arguments: dict[str, Any], sqlstate: str, message: str | None
) -> None:
    """Each with the value, and what to type instead."""
    error = refused(texts, **arguments)

    assert error.sqlstate == sqlstate
    assert message in {error.message_primary, None}
    assert sqlstate == "42601" or error.message_hint
    assert texts.requests == []
