"""What must hold of query_filtered: the figures, what they may be, and where they were missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.filtered import predicates
from bench.filtered.documents import DIMENSION
from bench.filtered.measure import FIXED, OURS, TOP_K
from bench.filtered.planner import MANY
from bench.ratios import Bound

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where more rows pass than are ranked exactly, down to this share the neighbours have enough of them.
_ENOUGH = 0.01
# As docs/filtered-search.md says: so many rows are ranked exactly.
THRESHOLD = 2_000_000 // DIMENSION
# One right row in 100 may be missed; of fewer rows than these, chance decides.
_ROWS_THAT_TELL = 1000
_FIRST_IDEA, *_, ALL_NEIGHBOURS = FIXED

BOUNDS = {
    "precision": Bound("precision, the worst point", at_least=1),
    "short_untold": Bound("answers with rows missing that do not say so", at_most=0),
    "not_exact": Bound("answers that say they are exact, and miss a right row", at_most=0),
    "full": Bound("complete answers, where few pass, or 1 % and more", at_least=1),
    "recall_where_exact": Bound("recall where it is exact, the worst point", at_least=1),
    # What the index misses for everybody is no fault of a search in it.
    "recall_where_not_exact": Bound(
        "recall where it is not, at 1 % or more, over that without a predicate", at_least=0.99
    ),
    "recall_lost": Bound(
        "recall lost against all neighbours that S3 Vectors gives, the worst point", at_most=0
    ),
    "most_lambda_calls": Bound("Lambda calls, the most of any question", at_most=8),
    "most_lambda_calls_of_many": Bound(
        "Lambda calls for 10 rows where 10 % pass or more, the most", at_most=2
    ),
    "most_times_oracle": Bound("requests against who knows how many pass, the worst question", at_most=2.2),
    "bad_estimates": Bound("requests with bad estimates against good ones, the worst point", at_most=2),
    "planner_ms": Bound("gate, estimate, keys and probes where 10 % pass or more, ms", at_most=10),
    "rows_of_top_k": Bound("rows of top_k = k and a join, where 10 % pass", at_most=0.2),
}


def figures(
    points: list[dict[str, Any]], planner_ms: dict[str, float], recall_of_index: float
) -> dict[str, float | None]:
    """Return every figure of BOUNDS; None says that there was too little to tell."""
    ours = [point | point["contenders"][OURS] for point in points]
    near = [one for one in ours if one["kind"] != predicates.NEGATIVE.name]
    read = [one for one in near if one["top_k"] == TOP_K and one["share"] >= _ENOUGH and one["exact"] < 1]
    full = [one for one in ours if one["matches"] <= THRESHOLD or (one in near and one["share"] >= _ENOUGH)]
    many = [one for one in near if one["share"] >= MANY and one["top_k"] == TOP_K]
    first = [point for point in points if _is(point, predicates.INDEPENDENT.name, MANY)]
    return {
        "precision": min(one["precision"] for one in ours),
        "short_untold": sum(one["short_untold"] for one in ours),
        "not_exact": sum(one["not_exact"] for one in ours),
        "full": min(one["full"] for one in full),
        "recall_where_exact": min(one["recall_where_exact"] for one in ours if one["exact"]),
        "recall_where_not_exact": _recall(read, recall_of_index),
        "recall_lost": max(_lost(points), default=0.0),
        "most_lambda_calls": max(one["most_lambda_calls"] for one in ours),
        "most_lambda_calls_of_many": max(one["most_lambda_calls"] for one in many),
        "most_times_oracle": max(one["most_times_oracle"] for one in ours),
        "bad_estimates": max(_times_good_estimates(ours)),
        "planner_ms": max(planner_ms.values()),
        "rows_of_top_k": max(point["contenders"][_FIRST_IDEA]["rows"] for point in first),
    }


def lines(found: dict[str, float | None]) -> list[str]:
    """Return a line for each figure: what it is, the figure, its bound, and whether it holds."""
    return [
        f"{bound.what:<75} {found[name]!s:>8}  {bound!s:>7}  {verdict(bound, found[name])}"
        for name, bound in BOUNDS.items()
    ]


def verdict(bound: Bound, figure: float | None) -> str:
    """Say whether a figure is within its bound, if there is one."""
    return "too few to tell" if figure is None else bound.verdict(figure)


def missed(found: dict[str, float | None]) -> list[str]:
    """Return the names of the bounds that do not hold."""
    return [name for name, bound in BOUNDS.items() if verdict(bound, found[name]) == "MISSED"]


def _is(point: dict[str, Any], kind: str, share: float) -> bool:
    return (point["kind"], point["share"], point["top_k"]) == (kind, share, TOP_K)


def _recall(points: list[dict[str, Any]], recall_of_index: float) -> float | None:
    """Return the mean over all questions that were not answered exactly, as a share of what the index finds."""
    weights = [one["questions"] * (1 - one["exact"]) for one in points]
    if TOP_K * sum(weights) < _ROWS_THAT_TELL:
        return None
    found = [one["recall_where_not_exact"] for one in points]
    return round(float(np.average(found, weights=weights)) / recall_of_index, 4)


def _lost(points: list[dict[str, Any]]) -> Iterator[float]:
    """Give what query_filtered misses of the right rows that all neighbours have, where it reads neighbours."""
    for point in points:
        mine, all_neighbours = point["contenders"][OURS], point["contenders"][ALL_NEIGHBOURS]
        if not mine["exact"]:
            yield round(all_neighbours["recall"] - mine["recall"], 4)


def _times_good_estimates(ours: list[dict[str, Any]]) -> Iterator[float]:
    """Give what badly estimated predicates cost against one that passes the same rows, and is estimated well."""
    bad = {kind.name for kind in predicates.KINDS if kind.badly_estimated}
    for one in ours:
        if one["kind"] in bad:
            [good] = [other for other in ours if _is(other, predicates.INDEPENDENT.name, one["share"])]
            yield round(_requests(one) / _requests(good), 2)


def _requests(point: dict[str, Any]) -> float:
    return float(point["pages"] + point["gets"])
