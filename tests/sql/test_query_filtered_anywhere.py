"""query_filtered inside of whatever PostgreSQL has, and under any predicate."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predicates import Question, examples, judge, questions

if TYPE_CHECKING:
    from fixtures_filtered import Shop

FIVE: LiteralString = "select id from products where category = 5"
SEARCH: LiteralString = (
    "s3vl.query_filtered(array[0.5, 0.5], 'select id from products where category = 5', 'docs', top_k => 4,"
    " exact_search_threshold => %(threshold)s)"
)
IN_PLPGSQL: LiteralString = """
    create function found(category integer, threshold integer) returns text[] language plpgsql stable as $$
    declare
        _row record;
        _found text[];
    begin
        for _row in
            select p.price, v.vector_id
            from s3vl.query_filtered(
                array[0.5, 0.5], 'select id from products where category = $1::integer', 'docs',
                parameters => to_jsonb(found.category), top_k => 100, exact_search_threshold => found.threshold
            ) as v
            join products as p on p.id::text = v.vector_id
            order by v.distance
        loop
            _found := _found || _row.vector_id;
            exit when cardinality(_found) = 4;
        end loop;
        return _found;
    end;
    $$
"""


@pytest.fixture(params=[1000, 3], ids=["ranked", "read"])
def threshold(request: pytest.FixtureRequest) -> int:
    """Rank the sixty candidates, or read neighbours."""
    value: int = request.param
    return value


def test_in_a_view(shop: Shop, threshold: int) -> None:
    """A view runs the query with the rights of whoever the view lends them to: here all one."""
    shop.db.connection.execute(
        (f"create view nearest as select v.vector_id from {SEARCH} as v" % {"threshold": threshold}).encode()
    )

    rows = shop.db.rows("select * from nearest")

    assert [row["vector_id"] for row in rows] == shop.nearest(FIVE, 4)


def test_in_a_materialized_view(shop: Shop, threshold: int) -> None:
    """It is refreshed like any other; its query names schemas, as PostgreSQL asks for."""
    search = (SEARCH % {"threshold": threshold}).replace("from products", "from public.products")
    shop.db.connection.execute(
        f"create materialized view nearest as select v.vector_id from {search} as v with no data".encode()
    )
    shop.db.rows("refresh materialized view nearest")

    assert {row["vector_id"] for row in shop.db.rows("select * from nearest")} == set(shop.nearest(FIVE, 4))


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
def test_in_a_prepared_statement(shop: Shop, threshold: int, mode: str) -> None:
    """Each execution sees the rows of its time, whatever plan is kept."""
    shop.db.rows("select set_config('plan_cache_mode', %(mode)s, true)", mode=mode)
    shop.db.rows(
        "prepare p (float8[], jsonb, integer) as select vector_id from s3vl.query_filtered($1,"
        " 'select id from products where category = $1::integer', 'docs', top_k => 4, parameters => $2,"
        " exact_search_threshold => $3)"
    )
    for category in (5, 6, 5):
        rows = shop.db.connection.execute(
            f"execute p('{{0.5,0.5}}', '{category}', {threshold})".encode()
        ).fetchall()
        assert [row["vector_id"] for row in rows] == shop.nearest(
            f"select id from products where category = {category}", 4
        )
    shop.db.rows("deallocate p")


def test_in_plpgsql(shop: Shop, threshold: int) -> None:
    """In the query of a loop that is left early, joined with the table."""
    shop.db.rows(IN_PLPGSQL)

    found = shop.db.value("select found(5, %(threshold)s)", threshold=threshold)

    assert found == shop.nearest(FIVE, 4)


def test_in_a_cursor(shop: Shop, threshold: int) -> None:
    """Rows are fetched one by one, after others have been changed: those of the cursor's time."""
    expected = shop.nearest(FIVE, 4)
    shop.db.rows("declare c cursor for select vector_id from " + SEARCH, threshold=threshold)
    found = shop.db.rows("fetch 1 from c")
    shop.db.rows("delete from products where category = 5")

    found += shop.db.rows("fetch all from c")

    assert [row["vector_id"] for row in found] == expected


def test_a_cursor_that_is_opened_before_a_change_does_not_see_it(shop: Shop, threshold: int) -> None:
    """All that a search reads is of the snapshot of its statement, also what it reads last."""
    expected = shop.nearest(FIVE, 4)
    shop.db.rows("declare c cursor for select vector_id from " + SEARCH, threshold=threshold)
    shop.db.rows("delete from products where category = 5")

    assert [row["vector_id"] for row in shop.db.rows("fetch all from c")] == expected


def test_beside_parallel_workers(shop: Shop, threshold: int) -> None:
    """Candidates may be read by several processes, and the statement around it may be planned for them."""
    shop.db.rows(
        "set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0;"
        "set local min_parallel_table_scan_size = 0; alter table products set (parallel_workers = 2)"
    )
    plan = shop.db.rows("explain " + FIVE)
    assert "Gather" in next(iter(plan[0].values()))

    rows = shop.db.rows(
        "select v.vector_id from " + SEARCH + " as v"
        " where (select count(*) from products) > 0 order by v.distance",
        threshold=threshold,
    )

    assert [row["vector_id"] for row in rows] == shop.nearest(FIVE, 4)


@pytest.mark.parametrize(
    "mode",
    ["isolation level repeatable read, read only", "isolation level serializable, read only, deferrable"],
)
def test_in_transactions_that_only_read(shop: Shop, threshold: int, mode: LiteralString) -> None:
    """It writes nothing, and its notes are no writes."""
    expected = shop.nearest(FIVE, 4)
    shop.db.connection.rollback()
    shop.db.rows("set transaction " + mode)

    rows = shop.db.rows("select vector_id from " + SEARCH, threshold=threshold)

    assert [row["vector_id"] for row in rows] == expected
    assert shop.last["is_exact"] == (threshold == 1000)


def test_joined_laterally_with_many_vectors(shop: Shop, threshold: int) -> None:
    """One search for each row of another table."""
    rows = shop.db.rows(
        "select q.n, array_agg(v.vector_id order by v.distance, v.vector_id) as found"
        " from generate_series(1, 3) as q (n) cross join lateral s3vl.query_filtered(array[q.n / 4.0, 0.5],"
        " 'select id from products where category = $1::integer', 'docs', parameters => to_jsonb(q.n),"
        " top_k => 4, exact_search_threshold => %(threshold)s) as v group by q.n order by q.n",
        threshold=threshold,
    )

    assert [row["found"] for row in rows] == [
        shop.nearest(f"select id from products where category = {n}", 4, [n / 4, 0.5]) for n in (1, 2, 3)
    ]


READS: LiteralString = (
    "select coalesce(sum(seq_scan), 0) as scans, coalesce(sum(idx_scan), 0) as probes"
    " from pg_stat_xact_user_tables where relname = 'products'"
)


@pytest.mark.parametrize(
    "candidates",
    [
        "select id from products where in_stock",
        "select p.id from products as p where exists (select from lines as l where l.product_id = p.id)",
        "with c as (select id from products where in_stock) select id from c",
        "select id from products where in_stock union all select id from products where price < 10",
        "select distinct id from products where in_stock",
    ],
)
def test_neighbours_are_looked_up_by_the_index_of_the_key(shop: Shop, candidates: str) -> None:
    """The table is not scanned for a page of neighbours, in whatever query its key stands."""
    shop.db.rows(
        "insert into products (id, price, in_stock) select i, i, true from generate_series(1000, 60000) as i;"
        "analyze products"
    )
    shop.search(candidates, num_candidates=100, exact_search_threshold=1)
    before = shop.db.rows(READS)[0]

    shop.db.connection.execute(
        b"select s3vl._passing(%s, null, 'pg_catalog.int8[]', array(select i::text from generate_series(1, 100) as i))",
        [candidates],
    )

    after = shop.db.rows(READS)[0]
    assert after["scans"] == before["scans"]
    assert after["probes"] > before["probes"]


@examples(60)
@given(question=questions(), misses=st.sampled_from([0, 0, 2, 5]))
def test_no_answer_is_dishonest(shop: Shop, question: Question, misses: int) -> None:
    """Under any predicate: no row outside of it, none missing unsaid, none missing where it is called exact."""
    with shop.db.connection.transaction(force_rollback=True):
        shop.misses(misses)
        matches = shop.nearest(question.candidates, 1000, question.vector)
        shop.db.notices.clear()

        found = shop.search(question.candidates, query_vector=question.vector, **question.arguments)

        [(candidates,)] = [
            tuple(row.values())
            for row in shop.db.connection.execute(
                f"select count(distinct c.k) from ({question.candidates}) as c (k)".encode()
            )
        ]
        judge(
            question,
            found,
            shop.last,
            matches,
            candidates,
            warned=bool(shop.db.warnings),
            approximate=misses > 0,
        )
