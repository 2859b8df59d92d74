"""What docs/performance.md shows of the searches under a predicate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.filtered import predicates
from bench.filtered.bounds import BOUNDS, verdict
from bench.filtered.measure import LATENCY_MS, OURS, TOP_K
from bench.tables import RUNS_FOR_P95, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.filtered.predicates import Kind


_DRAWN: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "rows": lambda one: one["rows"],
    "recall": lambda one: one["recall"],
    "p50_ms": lambda one: one.get("p50_ms"),
    # On a logarithmic axis, where what asks nothing has no place.
    "requests": lambda one: one["pages"] + one["gets"] if one.get("lambda_calls") else None,
}


def compared(found: dict[str, Any]) -> str:
    """Return rows and recall of all contenders, where the predicate has nothing to do with the question."""
    points = points_of(found, predicates.INDEPENDENT)
    names = list(points[0]["contenders"])
    return table(
        ("rows that pass", *names),
        (
            [_percent(point["share"]), *(_rows_and_recall(point["contenders"][name]) for name in names)]
            for point in points
        ),
    )


def ours(found: dict[str, Any]) -> str:
    """Return what query_filtered gives and costs, under every predicate."""
    headings = (
        "predicate, rows that pass, top_k",
        "rows",
        "recall",
        "exact",
        "p50 / p95, ms",
        "Lambda calls (most)",
        "pages",
        "GetVectors",
        "USD for 1,000",
    )
    return table(headings, (_row(point, point["contenders"][OURS]) for point in found["points"]))


def bounds(found: dict[str, Any]) -> str:
    """Return what must hold, and whether it does."""
    rows = (
        [bound.what, found["figures"][name], bound, verdict(bound, found["figures"][name])]
        for name, bound in BOUNDS.items()
    )
    machine, fewest = found["machine"], min(_questions(point) for point in found["points"])
    return (
        f"Commit {found['commit']}; {machine['processor']}, {machine['cpus']} CPUs; "
        f"load when it was done: {', '.join(map(str, machine['load']))}. {found['vectors']:,} vectors; "
        f"{_questions(found['points'][0])} questions for each independent predicate, "
        f"{fewest} for each of the others, with {LATENCY_MS} ms of latency for each request to S3 Vectors.\n\n"
        + table(("what", "figure", "must be", ""), rows)
    )


def points_of(found: dict[str, Any], kind: Kind) -> list[dict[str, Any]]:
    """Return the points of a kind of predicate."""
    return [point for point in found["points"] if point["kind"] == kind.name and point["top_k"] == TOP_K]


def drawn(found: dict[str, Any]) -> dict[str, dict[str, dict[str, list[Any]]]]:
    """Return what the pictures show: for two kinds of predicate the values of each contender.

    They are from many rows that pass to few. Where none pass, there is no place on the axis.
    """
    return {kind.name: _drawn_of(found, kind) for kind in (predicates.INDEPENDENT, predicates.NEGATIVE)}


def _drawn_of(found: dict[str, Any], kind: Kind) -> dict[str, dict[str, list[Any]]]:
    points = [point for point in points_of(found, kind) if point["share"]]
    return {
        name: {
            "percent": [100 * point["share"] for point in points],
            **{
                what: [value(point["contenders"][name]) for point in points] for what, value in _DRAWN.items()
            },
        }
        for name in points[0]["contenders"]
    }


def _questions(point: dict[str, Any]) -> int:
    asked: int = point["contenders"][OURS]["questions"]
    return asked


def _row(point: dict[str, Any], one: dict[str, Any]) -> list[object]:
    return [
        f"{point['kind']}, {_percent(point['share'])}, {point['top_k']}",
        _share(one["rows"]),
        _share(one["recall"]),
        _share(one["exact"]),
        _times(one),
        f"{one['lambda_calls']:.1f} ({one['most_lambda_calls']})",
        f"{one['pages']:.1f}",
        f"{one['gets']:.1f}",
        f"{1000 * one['dollars']:.4f}",
    ]


def _times(one: dict[str, Any]) -> str:
    """Return p50, and p95 where it is more than the slowest run."""
    p95 = f" / {one['p95_ms']:,.0f}" if one["runs"] >= RUNS_FOR_P95 else ""
    return f"{one['p50_ms']:,.0f}{p95}"


def _rows_and_recall(one: dict[str, Any]) -> str:
    return f"{_share(one['rows'])}, {_share(one['recall'])}"


def _share(value: float) -> str:
    """Write a share so that only a whole one is 1."""
    return "1" if value == 1 else f"{min(value, 0.999):.3f}"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
