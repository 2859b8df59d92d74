"""rrf_score: one formula, which the planner sees through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import LiteralString

    from fixtures_sql import Database


@pytest.mark.parametrize(
    ("call", "score"),
    [
        ("rrf_score(1)", 1 / 61),
        ("rrf_score(4, 0.5)", 0.5 / 64),
        ("rrf_score(rank => 1, k => 1)", 0.5),
        ("rrf_score(null)", 0),
        ("rrf_score(1, null)", 0),
        ("rrf_score(9223372036854775807, k => 0)", 1 / 2**63),
    ],
)
def test_a_rank_has_its_score(db: Database, call: LiteralString, score: float) -> None:
    """Weight over k plus rank, and 0 for a list that does not have the row."""
    assert db.value("select s3vl." + call) == pytest.approx(score)


def test_a_full_join_fuses_what_a_union_does(db: Database) -> None:
    """Both spellings give the same scores, for rows of one list only too."""
    lists = "with a (id, rank) as (values (1, 1), (2, 2)), b (id, rank) as (values (2, 1), (3, 2)) "
    joined = db.rows(
        lists + "select id, s3vl.rrf_score(a.rank) + s3vl.rrf_score(b.rank, 0.5) as score"
        " from a full join b using (id) order by id"
    )
    united = db.rows(
        lists + "select id, sum(score) as score from (select id, s3vl.rrf_score(rank) as score from a"
        " union all select id, s3vl.rrf_score(rank, 0.5) from b) as u group by id order by id"
    )

    assert joined == united


def test_it_is_inlined_and_means_the_same_in_any_search_path(db: Database) -> None:
    """The plan has the formula and no call; operators that somebody planted are not found."""
    db.rows("create schema planted")
    db.rows("create function planted.wrong(float8, float8) returns float8 immutable language sql return -1")
    db.rows("create operator planted./ (leftarg = float8, rightarg = float8, function = planted.wrong)")
    db.rows("set local search_path = planted, pg_catalog")

    plan = db.rows("explain (verbose) select s3vl.rrf_score(n) from pg_catalog.generate_series(1, 3) as n")

    assert "rrf_score" not in str(plan)
    assert db.value("select s3vl.rrf_score(1)") == pytest.approx(1 / 61)
