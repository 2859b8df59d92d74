"""Random predicates over the tables of fixtures_filtered.py, and what every answer under one has to hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# S3VL_EXAMPLES=2000 tries more, and others at each run.
_LONG = os.environ.get("S3VL_EXAMPLES")


def examples(count: int) -> settings:
    """Return how many examples to try: the same ones each time, unless the environment asks for more."""
    return settings(
        max_examples=int(_LONG or count),
        derandomize=_LONG is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


_ATOMS = st.one_of(
    st.builds("category = {}".format, st.integers(0, 10)),
    st.builds("category in ({}, {})".format, st.integers(0, 9), st.integers(0, 9)),
    st.builds("price < {}".format, st.integers(0, 1000)),
    st.builds("id % {} = 0".format, st.integers(1, 40)),
    st.builds("id between {0} and {0} + {1}".format, st.integers(-5, 600), st.integers(0, 300)),
    st.builds("tenant = 'tenant {}'".format, st.integers(0, 3)),
    st.builds("'a{}' = any (tags)".format, st.integers(0, 5)),
    st.sampled_from(["in_stock", "true", "false", "null", "is_odd(id)", "price::text like '%7%'"]),
    st.builds(
        "exists (select from lines as l where l.product_id = p.id and l.quantity = {})".format,
        st.integers(0, 4),
    ),
    st.builds("id in (select l.product_id from lines as l where l.quantity > {})".format, st.integers(0, 4)),
    st.builds("(select count(*) from lines as l where l.product_id = p.id) > {}".format, st.integers(0, 4)),
)
_CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not {}".format, inner),
    ),
    max_leaves=4,
)
_SHAPES = [
    "select id from products as p where {}",
    "select p.id::text from products as p where {}",
    "select p.id from products as p join lines as j on j.product_id = p.id where {} and j.quantity < 3",
    "select p.id from products as p left join lines as j on j.product_id = p.id and j.quantity = 9 where {}",
    "with c as (select * from products as p where {}) select c.id from c where c.category < 8",
    "with c as materialized (select id from products as p where {}) select id from c union all select 3",
    "select id from products as p where {} union select 1 union select 99999",
    "select id from products as p where {} except select product_id from lines where quantity = 1",
    "select id from products as p where {} order by price desc, id limit 40",
    "select id from products as p where {} order by id offset 10",
    "select max(id) from products as p where {} group by category, tenant",
    (
        "select id from (select id, row_number() over (partition by category order by price, id) as n"
        " from products as p where {}) as w where n < 12"
    ),
    "select case when {} then p.id end from products as p",
]


@dataclass(frozen=True)
class Question:
    """A search: of which candidates, and how."""

    candidates: str
    vector: list[float]
    arguments: dict[str, Any]

    @property
    def top_k(self) -> int:
        """How many rows are wanted."""
        wanted: int = self.arguments["top_k"]
        return wanted


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Make any search."""
    top_k = draw(st.sampled_from([1, 3, 10, 60, 200]))
    arguments = {"top_k": top_k, "filter_strategy": draw(st.sampled_from(["auto", "auto", "postfilter"]))}
    threshold = draw(st.sampled_from([None, 1, 4, 20, 100]))
    if threshold:
        arguments["exact_search_threshold"] = threshold
    budget = draw(st.sampled_from([None, None, 100, 250]))
    if budget:
        arguments["num_candidates"] = max(budget, top_k)
    coordinate = st.floats(0, 1, width=16)
    return Question(
        draw(st.sampled_from(_SHAPES)).format(draw(_CONDITIONS)),
        [draw(coordinate), draw(coordinate)],
        arguments,
    )


def judge(
    question: Question,
    found: list[str],
    last: dict[str, Any],
    matches: list[str],
    candidates: int,
    *,
    warned: bool,
    approximate: bool,
) -> None:
    """Hold an answer to the contract; `matches` are all vectors of candidates, nearest first."""
    whole = matches[: question.top_k]
    # Every row meets the predicate, and none comes twice.
    assert set(found) <= set(matches)
    assert len(set(found)) == len(found) <= question.top_k
    # What may lack rows says so, and nothing else does.
    assert len(found) == len(whole) or last["is_truncated"]
    assert not (last["is_truncated"] and len(found) == question.top_k)
    assert not (last["is_truncated"] and last["is_exhausted"])
    assert warned == last["is_truncated"]
    # What says that it is exact is.
    assert found == whole or not last["is_exact"]
    if not approximate:
        assert found == whole[: len(found)]
    # Few candidates are ranked.
    threshold = question.arguments.get("exact_search_threshold", 1_000_000)
    if question.arguments["filter_strategy"] == "auto" and candidates <= threshold:
        assert len(found) == len(whole)
        assert last["is_exact"] or last["estimated_rows"] > 20 * threshold
    assert last["lambda_calls"] <= 8
