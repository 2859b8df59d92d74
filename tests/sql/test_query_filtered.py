"""query_filtered: the nearest under any WHERE, and what last_search says about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from fixtures_filtered import Shop

FEW = "select id from products where category = 7"
MANY = "select id from products where in_stock"
# All are ranked, for the default threshold is 20,000 at two dimensions.
READ = {"filter_strategy": "postfilter"}


def test_few_candidates_are_ranked_exactly(shop: Shop) -> None:
    """One call, all of them, whatever an approximate index misses; those without a vector are counted."""
    shop.misses(2)

    assert shop.search(FEW) == shop.nearest(FEW)

    assert shop.operations == ["rank_vectors"]
    assert sorted(shop.requests[0]["vector_ids"]) == sorted(str(n) for n in range(7, 600, 10))
    assert shop.last | {"total_ms": None, "estimated_rows": None} == {
        "strategy": "prefilter", "is_exact": True, "is_truncated": False, "is_exhausted": True, "candidates": 60,
        "missing": 0, "scanned": 0, "passed": 0, "estimated_rows": None, "rounds": 0, "pages": 1, "lambda_calls": 1,
        "total_ms": None, "stopped_by": None,
    }  # fmt: skip


def test_of_many_candidates_neighbours_are_read(shop: Shop) -> None:
    """More than the threshold are not ranked: one page has ten of them."""
    assert shop.search(MANY, exact_search_threshold=20) == shop.nearest(MANY)

    assert shop.operations == ["query_vectors"]
    assert shop.requests[0]["top_k"] == 10_000
    last = shop.last
    assert (last["strategy"], last["is_exact"], last["is_truncated"], last["candidates"]) == (
        "postfilter", False, False, None,
    )  # fmt: skip
    assert last["scanned"] == 100
    assert 10 < last["passed"] < 100


def test_keys_that_are_not_the_ids_are_told(shop: Shop) -> None:
    """Of the wrong column no candidate has a vector: a notice says so, and none where some have one."""
    told = "the index has no vector for any of the 3 candidates"

    assert shop.search("select 'product/' || id from products where id <= 3") == []
    assert told in [notice.message for notice in shop.db.notices]
    shop.db.notices.clear()
    assert shop.search("select 'product/' || id from products where id <= 3 union all select '4'") == ["4"]
    assert [notice.message for notice in shop.db.notices] == ["aws_lambda.invoke"]


@pytest.mark.parametrize("strategy", ["auto", "prefilter", "postfilter"])
def test_no_candidates_need_no_call(shop: Shop, strategy: str) -> None:
    """Nothing matches: that is a whole answer, and it costs nothing."""
    assert shop.search("select id from products where false", filter_strategy=strategy) == []

    assert shop.requests == []
    last = shop.last
    assert (last["candidates"], last["is_exact"], last["is_truncated"], last["lambda_calls"]) == (
        0,
        True,
        False,
        0,
    )


@pytest.mark.parametrize(
    ("key", "nothing"),
    [("l.product_id", "null"), ("l.product_id::text", "unnest(array['', repeat('x', 1025), null])")],
)
def test_null_and_repeated_keys_are_no_more_candidates(shop: Shop, key: str, nothing: str) -> None:
    """A join gives a key as often as it likes; each counts once, also where rows are more than the threshold.

    What can be no id of a vector counts never.
    """
    joined = f"select {key} from lines as l where l.product_id <= 12 union all select {nothing}"
    expected = shop.nearest("select product_id from lines where product_id <= 12")

    assert shop.search(joined, exact_search_threshold=15) == expected
    assert (shop.last["candidates"], shop.last["is_exact"]) == (12, True)
    assert shop.search(joined, exact_search_threshold=12) == expected

    assert (shop.last["candidates"], shop.last["is_exact"]) == (12, True)
    assert [len(request["vector_ids"]) for request in shop.requests] == [12, 12]
    assert shop.refuses(joined, exact_search_threshold=11, filter_strategy="prefilter").sqlstate == "22023"


@pytest.mark.parametrize("key_type", ["smallint", "integer", "bigint", "text", "varchar", "varchar(9)"])
@pytest.mark.parametrize("arguments", [{}, READ], ids=["ranked", "read"])
def test_keys_of_each_type_find_their_vectors(shop: Shop, key_type: str, arguments: dict[str, Any]) -> None:
    """An id that does not read as the type is no key of it, and 007 is not the key 7."""
    candidates = f"select id::{key_type} from products where category = 7"

    assert shop.search(candidates, top_k=5, **arguments) == shop.nearest(candidates, 5)


@pytest.mark.parametrize("arguments", [{}, READ], ids=["ranked", "read"])
def test_uuids_are_keys(shop: Shop, arguments: dict[str, Any]) -> None:
    """They are compared as they write themselves."""
    shop.db.rows(
        "create table things as select md5(vector_id)::uuid as id from aws_lambda.vectors;"
        "update aws_lambda.vectors set vector_id = md5(vector_id)::uuid::text"
    )
    candidates = "select id from things where id::text like '%3%'"

    assert shop.search(candidates, top_k=5, **arguments) == shop.nearest(candidates, 5)


@pytest.mark.parametrize(
    "column",
    [
        "now()",
        "'{}'::jsonb",
        "1.5",
        "array[1]",
        "row(1, 2)",
        "'x'::bytea",
        "'a'::\"char\"",
        "'a'::char(3)",
        "null::oid",
    ],
)
def test_other_types_are_no_keys(shop: Shop, column: str) -> None:
    """Their text depends on settings, or is not the id: the caller has to say which text is."""
    error = shop.refuses(f"select {column} as id")

    assert error.sqlstate == "22023"
    assert (error.message_primary or "").startswith("the first column of candidates is of the type ")
    assert "id::text" in (error.message_hint or "")


def test_values_come_as_parameters(shop: Shop) -> None:
    """$1 is the argument `parameters`, in each query that is made of candidates."""
    candidates = (
        "select id from products where price < ($1 ->> 'price')::numeric"
        " and tenant = any (array(select jsonb_array_elements_text($1 -> 'tenants')))"
    )
    values = {"price": 200, "tenants": ["tenant 1", "o'neil"]}
    expected = shop.nearest("select id from products where price < 200 and tenant = 'tenant 1'")

    assert shop.search(candidates, parameters=Jsonb(values)) == expected
    assert shop.search(candidates, parameters=Jsonb(values), **READ) == expected
    assert shop.refuses(candidates.replace("$1", "$2"), parameters=Jsonb(values)).sqlstate == "42P02"


QUERIES = [
    "select id from products where category = 7;",
    "select id from products where category = 7 -- the end",
    "select id from products where category = 7 /* the ; end */ ; ;  ",
    "table products",
    "values (7), (17), (27)",
    "with c as (select id from products where category in (3, 7)) select id from c order by id desc",
    "select p.id, p.* from products as p where p.category = 7",
    'select id, price as id, tenant as "key" from products where category = 7',
    "select p.id from products as p where exists (select from lines as l where l.product_id = p.id and quantity = 2)",
    "select p.id from products as p join lines as l on l.product_id = p.id where l.quantity = 2 and p.category = 7",
    "select id from products where category = 7 union select product_id from lines where quantity = 3",
    "select id from products where category = 7 except select id from products where in_stock",
    "select id from products order by price, id limit 50",
    "select distinct on (category) id from products order by category, price, id",
    "select max(id) from products group by tenant, category",
    "select id from (select id, rank() over (partition by tenant order by price) as r from products) as p where r < 9",
    "select case when in_stock then id end from products",
    "(select id from products where category = 7)",
    "with recursive r as (select 1::bigint as id union all select id * 3 from r where id < 500) select id from r",
]  # fmt: skip


@pytest.mark.parametrize("candidates", QUERIES)
def test_any_query_chooses_candidates(shop: Shop, candidates: str) -> None:
    """The rows are the same by either strategy, and those of a look at every row."""
    expected = shop.nearest(candidates)

    assert shop.search(candidates, filter_strategy="prefilter") == expected
    assert shop.search(candidates, filter_strategy="postfilter") == expected
    assert shop.search(candidates, exact_search_threshold=3) == expected


HOSTILE = {
    "select 1; drop table products": "22023",
    "select 1; select 2": "22023",
    "select 1) as c (key), (select 2": "42601",
    "select 1) as c (key) --": "42601",
    "select 1\n) as c (key) --": "42601",
    "select 1) /*": "42601",
    "select 1 /*": "42601",
    "select 1 as id where 'x": "42601",
    "select 1 $$": "42601",
    'select 1 as "': "42601",
    "delete from products returning id": "22023",
    "insert into products (id) values (0) returning id": "22023",
    "update products set price = 0 returning id": "22023",
    "with d as (delete from products returning id) select id from d": "22023",
    "select id from products for update": "22023",
    "select id into copied from products": "22023",
    "create table copied as select id from products": "22023",
    "copy products to stdout": "22023",
    "explain select 1": "22023",
    "explain analyze delete from products": "22023",
    "show all": "22023",
    "truncate products": "22023",
    "drop table products": "22023",
    "do 'begin delete from products; end'": "22023",
    "call s3vl.sync()": "22023",
    "prepare p as select 1": "22023",
    'execute "s3vl.last_call"': "22023",
    "begin": "22023",
    "commit": "22023",
    "set role rdsadmin": "22023",
    "declare c cursor for select 1": "22023",
    "listen x": "22023",
    "lock table products": "22023",
    "select": "22023",
    "": "22023",
    " ; ; ": "22023",
    "--": "22023",
    "/* nothing */": "22023",
    "nonsense": "42601",
    "select id from nowhere": "42P01",
    "select nothing from products": "42703",
    "%s": "42601",
    "select %s": "42601",
    "select 1 as id where '%I' = $2": "42P02",
    "select :x": "42601",
}  # fmt: skip


@pytest.mark.parametrize("candidates", HOSTILE)
@pytest.mark.parametrize("strategy", ["auto", "postfilter"])
def test_what_is_not_one_query_is_refused(shop: Shop, candidates: str, strategy: str) -> None:
    """Nothing is changed, nothing is called, and what is wrong is said by s3vl or by PostgreSQL."""
    state: LiteralString = (
        "select count(*), sum(price), (select count(*) from pg_class) as relations from products"
    )
    before = shop.db.rows(state)

    error = shop.refuses(candidates, filter_strategy=strategy)

    assert error.sqlstate == HOSTILE[candidates], error.message_primary
    assert shop.db.rows(state) == before
    assert shop.requests == []


BAD: list[tuple[dict[str, Any], str]] = [
    ({"candidates": None}, "candidates is null"),
    ({"top_k": 0}, "top_k must be between 1 and 1000, got 0"),
    ({"top_k": 1001}, "top_k must be between 1 and 1000, got 1001"),
    ({"top_k": None}, "top_k must be between 1 and 1000, got null"),
    ({"num_candidates": 9}, "num_candidates must be between 10 and 10000, got 9"),
    ({"num_candidates": 10_001}, "num_candidates must be between 10 and 10000, got 10001"),
    ({"exact_search_threshold": 0}, "exact_search_threshold must be between 1 and 1000000, got 0"),
    ({"filter_strategy": "both"}, 'filter_strategy must be auto, prefilter or postfilter, got "both"'),
    ({"filter_strategy": None}, "filter_strategy must be auto, prefilter or postfilter, got null"),
    ({"return_metadata": None}, "return_metadata must be true or false, got null"),
    ({"metadata_filter": Jsonb([1])}, "metadata_filter must be a JSON object, got [1]"),
    (
        {"metadata_filter": Jsonb({"a": 1}), "filter_strategy": "prefilter"},
        "filter_strategy prefilter takes no metadata_filter",
    ),
    ({"query_vector": [1.0]}, 'query_vector has 1 numbers, index "docs" has 2 dimensions'),
    ({"index_name": "nowhere"}, 'index "nowhere" is not registered'),
    (
        {"filter_strategy": "prefilter", "exact_search_threshold": 59},
        "candidates has more than 59 keys, and filter_strategy is prefilter",
    ),
    ({"expected_model": "m"}, 'expected_model is "m", and the model of index "docs" is not registered'),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments_are_refused_before_a_call(shop: Shop, arguments: dict[str, Any], message: str) -> None:
    """Each says what it is, and which value."""
    error = shop.refuses(**{"candidates": FEW, **arguments})

    assert (error.sqlstate, error.message_primary) == ("42704" if "nowhere" in message else "22023", message)
    assert error.message_hint
    assert shop.requests == []


def test_an_unknown_setting_is_refused(shop: Shop) -> None:
    """A misspelled word must not be taken for the default."""
    shop.db.rows("set local s3vl.on_truncated = 'errors'")
    error = shop.refuses(FEW)

    assert (error.sqlstate, error.message_primary) == (
        "22023",
        's3vl.on_truncated must be warning or error, got "errors"',
    )


def test_a_filter_of_the_service_is_passed_on(shop: Shop) -> None:
    """Only the service knows what it means: rows meet both, and nothing is ranked beside it."""
    shop.search(FEW, metadata_filter=Jsonb({"kind": "tea"}))

    assert set(shop.operations) == {"query_vectors"}
    assert shop.requests[0]["metadata_filter"] == {"kind": "tea"}


def far_away(shop: Shop) -> str:
    """Put the vectors of one category where nobody looks, and the threshold out of reach; return the category."""
    shop.db.rows(
        "insert into products (id, category) select i, 99 from generate_series(1000, 1050) as i;"
        "insert into aws_lambda.vectors select i::text, array[5, i], 1 from generate_series(1000, 1050) as i"
    )
    return "select id from products where category = 99"


def test_a_short_answer_says_so_and_what_would_help(shop: Shop) -> None:
    """Fewer rows than asked for, though there may be more, come with a warning, and its hint is right."""
    far = far_away(shop)
    limited = {"num_candidates": 200, "filter_strategy": "postfilter"}

    assert shop.search(far, **limited) == []

    last = shop.last
    assert (last["is_truncated"], last["is_exhausted"], last["stopped_by"]) == (True, False, "num_candidates")
    [warning] = shop.db.warnings
    assert warning.message == "0 of 10 rows, although there may be more: read 200 neighbours, 0 passed"
    assert warning.hint == "Leave filter_strategy out: then all candidates can be ranked."
    assert shop.search(far) == shop.nearest(far)


def test_a_short_answer_can_be_an_error(shop: Shop) -> None:
    """An application that would rather have none sets it; how the search went is known all the same."""
    far = far_away(shop)
    shop.db.rows("set local s3vl.on_truncated = 'error'")

    error = shop.refuses(far, num_candidates=200, filter_strategy="postfilter")

    assert (error.sqlstate, error.message_primary) == (
        "55000",
        "0 of 10 rows, although there may be more: read 200 neighbours, 0 passed",
    )
    assert (shop.last["is_truncated"], shop.last["scanned"]) == (True, 200)


def test_fewer_matches_than_asked_for_are_no_short_answer(shop: Shop) -> None:
    """Those that were found are all there are: nothing to warn of."""
    three = "select id from products where id in (1, 2, 3)"

    assert sorted(shop.search(three, filter_strategy="postfilter")) == ["1", "2", "3"]

    assert (shop.last["is_truncated"], shop.last["is_exhausted"], shop.last["candidates"]) == (False, True, 3)
    assert shop.db.warnings == []


def test_what_an_index_misses_is_not_hidden(shop: Shop) -> None:
    """The index has ended, and a candidate was not among what it gave: then there may be more."""
    shop.misses(2)

    found = shop.search(FEW, top_k=60, filter_strategy="postfilter")

    assert 0 < len(found) < 60
    assert (shop.last["is_truncated"], shop.last["stopped_by"]) == (True, "index_end")
    assert len(shop.search(FEW, top_k=60, exact_search_threshold=5)) == 60
    assert shop.last["is_exact"]


def test_the_time_of_a_search_is_that_of_a_call(shop: Shop) -> None:
    """Where the next part would take too long, the rows so far are given, and it is said that time ended it."""
    far = far_away(shop)
    shop.db.rows("update s3vl.config set timeout_seconds = 1")
    shop.db.rows("select set_config('s3vl_test.seconds', '0.4', true)")

    shop.search(far, filter_strategy="postfilter")

    assert (shop.last["is_truncated"], shop.last["stopped_by"], shop.last["rounds"]) == (True, "timeout", 1)
    assert "timeout_seconds" in (shop.db.warnings[-1].hint or "")


def test_a_search_makes_eight_calls_at_most(shop: Shop) -> None:
    """Though the answers are small, as with large metadata."""
    far = far_away(shop)
    shop.db.rows("select set_config('s3vl_test.at_most', '50', true)")

    assert shop.search(far, exact_search_threshold=5) == shop.nearest(far)
    assert shop.last["lambda_calls"] <= 8
    assert shop.search(far, filter_strategy="postfilter") == []
    assert (shop.last["lambda_calls"], shop.last["stopped_by"]) == (7, "lambda_calls")
    assert "return_metadata => false" in (shop.db.warnings[-1].hint or "")
