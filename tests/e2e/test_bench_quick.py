"""What `make bench-quick` and `make bench PART=filtered` measure, at a size that takes seconds; not how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bench import ratios, sync, tls
from bench.filtered import bounds, measure, predicates
from bench.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3vl_local.cloud import LocalCloud

TINY = ratios.Effort(rounds=2, seconds=0, vectors=20, batch=3, ranked=20, rows=5, single_rows=2)
FEW_DOCUMENTS = measure.Effort(
    vectors=400,
    questions=2,
    questions_of_others=1,
    questions_of_index=2,
    shares={kind.name: (0.1,) for kind in predicates.KINDS} | {predicates.INDEPENDENT.name: (0.5, 0.1, 0)},
    shares_of_100=(),
)


@pytest.fixture(scope="module")
def stage(cloud: LocalCloud, package: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Set the stage once."""
    folder = tmp_path_factory.mktemp("bench") / "tls"
    with tls.front(cloud.state().http_port, folder) as s3vectors:
        yield Stage(cloud, package, s3vectors)


@pytest.fixture(scope="module")
def figures(stage: Stage) -> dict[str, Any]:
    """Measure every figure once."""
    return ratios.measure(stage, TINY)


@pytest.fixture(scope="module")
def points(stage: Stage, figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Measure searches under a predicate, after the others, which have another function."""
    assert figures
    measurement = measure.Measurement(stage, FEW_DOCUMENTS)
    alone = {"planner_ms": measurement.planner_ms(), "recall_of_index": measurement.recall_of_index()}
    return [*measurement.points(), alone]


def test_every_figure_that_must_hold_is_measured(figures: dict[str, Any]) -> None:
    """The numbers of quick.json are those that the benchmark has bounds for."""
    values = ratios.values(figures)

    assert list(values) == [
        "query_vs_direct",
        "naive_vs_query",
        "query_vs_direct_50ms",
        "connections_per_100_queries",
        "batch_speedup_50ms",
        "ranking_vs_direct",
        "batch_invocations",
        "cold_start_vs_naive",
        "zip_mb",
        "writes_vs_bare_loop",
        "writes_vs_single_row",
    ]
    assert list(values) == list(ratios.BOUNDS)
    assert all(isinstance(value, int | float) and value >= 0 for value in values.values())


def test_what_sync_costs_is_measured(stage: Stage) -> None:
    """All that there are bounds for, and what the picture shows."""
    found = sync.measure(stage, rows=200, singles=2, rounds=2, seconds=0, lasting=0.5)

    assert set(found["figures"]) == set(sync.BOUNDS)
    assert all(value >= 0 for value in found["figures"].values())
    assert set(found["vectors_per_second"]) == {"sync", "put_vectors", "bare loop"}
    assert len(found["history"]["oldest_seconds"]) > 1


def test_every_figure_is_shown_with_its_bound(figures: dict[str, Any]) -> None:
    """A line says what was measured, what it must be, and whether that is so."""
    lines = ratios.lines(figures)

    assert len(lines) == len(ratios.BOUNDS)
    for line, bound in zip(lines, ratios.BOUNDS.values(), strict=True):
        assert line.startswith(bound.what)
        assert line.endswith((f"{bound}  holds", f"{bound}  MISSED"))


def test_every_search_under_a_predicate_is_precise_and_honest(points: list[dict[str, Any]]) -> None:
    """Among few documents every answer is exact, and so are all its figures but the times."""
    *measured, alone = points
    found = bounds.figures(measured, **alone)

    assert len(measured) == 10
    assert list(found) == list(bounds.BOUNDS)
    assert set(bounds.missed(found)) <= {"planner_ms"}


def test_a_fixed_top_k_gives_less_the_fewer_rows_pass(points: list[dict[str, Any]]) -> None:
    """It is what query_filtered is compared with."""
    independent = [point["contenders"]["top_k = k, join"]["rows"] for point in points[:2]]

    assert 1 > independent[0] > independent[1]
