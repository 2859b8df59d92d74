"""The benchmark of searches under a predicate: its documents, its right answers, and its arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.filtered import bounds, predicates, scores, truth
from bench.filtered.contenders import Answer
from bench.filtered.documents import TENANTS, Documents, Questions
from bench.filtered.measure import FIXED, OURS
from bench.filtered.scores import Score

DOCUMENTS, QUESTIONS = Documents(2000), Questions(20, 2000)


def test_vectors_lie_as_those_of_sentences() -> None:
    """Most have little in common, and the nearest are of the subject of the question."""
    similarities = 1 - truth.distances(DOCUMENTS, QUESTIONS)
    nearest = np.argmax(similarities, axis=1)

    assert 0.03 < similarities.mean() < 0.12
    assert 0.55 < similarities.max(axis=1).mean() < 0.85
    # Two documents of each of the smallest subjects, ten subjects of each of the next larger.
    assert np.mean(DOCUMENTS.place[nearest] // 200 == QUESTIONS.place // 200) == 1


@pytest.mark.parametrize("kind", predicates.KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.001, 0])
def test_a_predicate_passes_its_share(kind: predicates.Kind, share: float) -> None:
    """Of whatever kind, for whatever question."""
    for place in QUESTIONS.place:
        passes = predicates.predicate(kind, share, int(place), DOCUMENTS.count).mask(DOCUMENTS)

        assert passes.sum() == share * DOCUMENTS.count


def test_tenants_have_shares_that_differ() -> None:
    """So that row security leaves as many rows as any other predicate."""
    assert [np.sum(DOCUMENTS.tenant == number) for number in range(len(TENANTS))] == [
        round(share * DOCUMENTS.count) for share in TENANTS
    ]


@pytest.mark.parametrize(("kind", "sign"), [(predicates.POSITIVE, 1), (predicates.NEGATIVE, -1)])
def test_a_correlated_predicate_passes_what_is_near_or_what_is_far(kind: predicates.Kind, sign: int) -> None:
    """A tenth of the documents that the question is among has nearer ones than the farthest tenth, or than all."""
    distances = truth.distances(DOCUMENTS, QUESTIONS)
    for row, place in zip(distances, QUESTIONS.place, strict=True):
        passes = predicates.predicate(kind, 0.1, int(place), DOCUMENTS.count).mask(DOCUMENTS)

        assert sign * (row[~passes].min() - row[passes].min()) > 0


def test_the_right_answer_is_the_nearest_of_those_that_pass() -> None:
    """Of equal distances any is right, but no more than are wanted count."""
    right = truth.truth(
        np.array([0.1, 0.2, 0.3, 0.3, 0.4]), np.array([True, False, True, True, True]), top_k=2
    )

    assert (right.nearest, right.wanted, right.matches, right.last_rank) == ({0, 2, 3}, 2, 4, 4)
    assert [right.recall(ids) for ids in ([], [0], [0, 3], [2, 3], [0, 4])] == [0, 0.5, 1, 1, 0.5]
    assert [right.rows(ids) for ids in ([], [4], [0, 4])] == [0, 0.5, 1]


def test_nothing_is_the_right_answer_where_nothing_passes() -> None:
    """And any row is a wrong one."""
    right = truth.truth(np.array([0.1, 0.2]), np.array([False, False]), top_k=2)

    assert (right.recall([]), right.rows([]), right.rows([1])) == (1, 1, 0)


def test_a_row_that_does_not_pass_and_a_row_twice_are_not_precise() -> None:
    """Each costs its place in the answer."""
    precise = [_score([0, 2]), _score([0, 1]), _score([0, 0]), _score([])]

    assert [score.precision for score in precise] == [1, 0.5, 0.5, 1]


@pytest.mark.parametrize(
    ("ids", "said", "short_untold", "not_exact"),
    [
        ([0, 2], {"is_truncated": False, "is_exact": True}, False, False),
        ([0], {"is_truncated": True, "is_exact": False}, False, False),
        ([0], {"is_truncated": False, "is_exact": False}, True, False),
        ([0, 3], {"is_truncated": False, "is_exact": False}, False, False),
        ([0, 3], {"is_truncated": False, "is_exact": True}, False, True),
    ],
)
def test_an_answer_may_be_wrong_but_not_without_saying_so(
    ids: list[int], said: dict[str, Any], short_untold: bool, not_exact: bool
) -> None:
    """Rows are missing without a word, or an exact answer misses a right one: that is dishonest."""
    score = _score(ids, said=said)

    assert (score.short_untold, score.not_exact) == (short_untold, not_exact)


@pytest.mark.parametrize(
    ("share", "top_k", "last_rank", "pages"),
    [
        (0.5, 10, 20, 1),
        (0.1, 10, 90, 2),
        (0.05, 10, 200, 4),
        (0.01, 10, 1000, 21),
        (0.1, 10, 900, 9),
        (0.01, 10, 9**9, 100),
    ],
)
def test_an_oracle_reads_as_much_as_the_share_or_the_last_row_takes(
    share: float, top_k: int, last_rank: int, pages: int
) -> None:
    """The pages are those of facts about the negative binomial, and those that the last right row is on."""
    assert scores.oracle_pages(share, top_k, last_rank) == pages


def test_requests_are_compared_with_an_oracle_of_the_same_way() -> None:
    """Keys with the keys of all that pass, pages with pages."""
    assert _score([0, 2], pages=1).times_oracle == 1
    assert _score([0, 2], pages=1, gets=2).times_oracle == 3
    assert _score([0, 2]).times_oracle == 0


def test_dollars_are_those_of_pages_and_of_keys() -> None:
    """100 keys cost some twenty times as much as a page of an index of 100,000 vectors."""
    page = scores.dollars(100_000, 1, 1, 0)

    assert scores.dollars(100_000, 0, 10, 0) == pytest.approx(10 * (page - scores.dollars(100_000, 1, 0, 0)))
    assert 10 < scores.dollars(100_000, 1, 0, 1) / page < 20


def test_scores_are_summed_up_by_means_and_by_the_worst() -> None:
    """Recall where exact is told apart; without any exact answer there is none."""
    exact = _score([0, 2], said={"is_truncated": False, "is_exact": True}, gets=1, lambda_calls=1)
    short = _score([0], said={"is_truncated": True, "is_exact": False}, pages=3, lambda_calls=2)

    both = scores.summed_up([exact, short], 100_000)

    assert (both["rows"], both["full"], both["recall"], both["exact"]) == (0.75, 0.5, 0.75, 0.5)
    assert (both["recall_where_exact"], both["recall_where_not_exact"]) == (1, 0.5)
    assert (both["lambda_calls"], both["most_lambda_calls"], both["most_times_oracle"]) == (1.5, 2, 3)
    assert scores.summed_up([short], 100_000)["recall_where_exact"] is None


def test_what_was_worked_out_has_no_cost() -> None:
    """Nobody was asked for it."""
    assert "pages" not in scores.summed_up([Score(Answer([0, 2]), *_TO_ANSWER)], 100_000)


def test_figures_that_are_as_they_must_be_miss_nothing() -> None:
    """A point for each bound."""
    assert bounds.missed(bounds.figures(_points(), {"0.1": 3}, 1)) == []


@pytest.mark.parametrize(
    ("kind", "share", "change", "missed"),
    [
        ("independent", 0.1, {"precision": 0.9}, ["precision"]),
        ("far from it", 0.1, {"short_untold": 1}, ["short_untold"]),
        ("joined", 0.001, {"not_exact": 1}, ["not_exact"]),
        ("joined", 0.001, {"full": 0.9}, ["full"]),
        ("independent", 0.1, {"full": 0.9}, ["full"]),
        ("far from it", 0.1, {"full": 0.9}, []),
        ("far from it", 0.001, {"full": 0.9}, ["full"]),
        ("joined", 0.001, {"recall_where_exact": 0.99}, ["recall_where_exact"]),
        ("independent", 0.1, {"recall_where_not_exact": 0.9}, ["recall_where_not_exact"]),
        ("far from it", 0.1, {"recall": 0.98}, ["recall_lost"]),
        ("far from it", 0.1, {"most_lambda_calls": 8}, []),
        ("far from it", 0.1, {"most_lambda_calls": 9}, ["most_lambda_calls"]),
        ("independent", 0.1, {"most_lambda_calls": 3}, ["most_lambda_calls_of_many"]),
        ("far from it", 0.1, {"most_times_oracle": 2.3}, ["most_times_oracle"]),
        ("estimated badly: function", 0.1, {"pages": 4.1}, ["bad_estimates"]),
    ],
)
def test_each_bound_is_missed_by_what_it_is_about(
    kind: str, share: float, change: dict[str, Any], missed: list[str]
) -> None:
    """One point out of bounds is enough."""
    points = _points()
    [point] = [one for one in points if (one["kind"], one["share"]) == (kind, share)]
    point["contenders"][OURS] |= change

    assert bounds.missed(bounds.figures(points, {"0.1": 3}, 1)) == missed


def test_what_the_index_misses_for_everybody_is_no_fault_of_a_search_in_it() -> None:
    """Recall is compared with what the index finds without a predicate."""
    points = _points()
    for point in points:
        point["contenders"][OURS] |= {"recall_where_not_exact": 0.985}

    assert bounds.missed(bounds.figures(points, {"0.1": 3}, 1)) == ["recall_where_not_exact"]
    assert bounds.missed(bounds.figures(points, {"0.1": 3}, 0.991)) == []


def test_a_few_rows_do_not_tell_a_recall() -> None:
    """One missed of fifty may be chance."""
    points = _points()
    for point in points:
        point["contenders"][OURS] |= {"questions": 5, "recall_where_not_exact": 0.98}
    figures = bounds.figures(points, {"0.1": 3}, 1)

    assert figures["recall_where_not_exact"] is None
    assert bounds.missed(figures) == []
    assert [line for line in bounds.lines(figures) if line.endswith("None  >= 0.99  too few to tell")]


def test_a_slow_planner_is_missed_and_so_is_a_first_idea_that_is_good_enough() -> None:
    """If a plain join gave the rows, nobody would need more."""
    points = _points()
    points[0]["contenders"][next(iter(FIXED))]["rows"] = 0.5

    assert bounds.missed(bounds.figures(points, {"0.5": 1, "0.1": 11}, 1)) == ["planner_ms", "rows_of_top_k"]


def _score(ids: list[int], **answer: Any) -> Score:
    return Score(Answer(ids, 1.0, **answer), *_TO_ANSWER)


# Of four documents the first and the last two pass; two are wanted.
_PASSES = np.array([True, False, True, True])
_TO_ANSWER = (truth.truth(np.array([0.1, 0.2, 0.3, 0.4]), _PASSES, top_k=2), _PASSES, 0.75, 2)


def _points() -> list[dict[str, Any]]:
    """Make points that are as they must be: of many rows that pass, read from neighbours, and of few, exact."""
    many = {
        "exact": 0.0,
        "recall_where_exact": None,
        "recall_where_not_exact": 0.992,
        "pages": 2.0,
        "gets": 0.0,
    }
    few = {"exact": 1.0, "recall_where_exact": 1.0, "recall_where_not_exact": None, "pages": 0.0, "gets": 1.0}
    common = {
        "questions": 30,
        "recall": 0.992,
        "precision": 1.0,
        "short_untold": 0,
        "not_exact": 0,
        "full": 1.0,
        "most_lambda_calls": 2,
        "most_times_oracle": 1.0,
    }
    return [
        {
            "kind": kind.name,
            "share": share,
            "top_k": 10,
            "matches": round(100_000 * share),
            "contenders": {
                OURS: common | measured,
                next(iter(FIXED)): {"rows": share},
                bounds.ALL_NEIGHBOURS: {"recall": 0.992},
            },
        }
        for kind in predicates.KINDS
        for share, measured in ((0.1, many), (0.001, few))
    ]
