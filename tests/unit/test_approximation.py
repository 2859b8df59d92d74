"""The approximation of an index: what it misses, and how far its distances are off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3vl_local.s3vectors.approximation import Approximation

LARGEST = float(np.finfo(np.float32).max)

COSINE = st.floats(0, 2, width=32)
EUCLIDEAN = st.floats(0, LARGEST, width=32)


def results(distances: list[float]) -> tuple[list[str], list[float]]:
    """Name results of these distances, nearest first."""
    return [f"key-{number:03}" for number in range(len(distances))], sorted(distances)


def query(number: int, count: int) -> tuple[list[str], list[float]]:
    """Return the exact results of one of many queries."""
    rng = np.random.default_rng(number)
    return results(rng.uniform(0, 2, count).astype(np.float32).tolist())


def recall_at(rank: int, matching_count: int, approximation: Approximation) -> float:
    """Measure which share of the nearest results is found, over 400 queries."""
    shares = []
    for number in range(400):
        keys, distances = query(number, 50)
        found, _ = approximation.apply(keys, distances, matching_count)
        shares.append(len(set(found) & set(keys[:rank])) / rank)
    return float(np.mean(shares))


@pytest.mark.parametrize(
    ("matching_count", "rank", "recall"),
    [
        (50_000, 5, 0.984),
        (50_000, 10, 0.994),
        (50_000, 50, 0.992),
        (5_000, 10, 0.98),
        (500, 5, 0.992),
        (500, 10, 0.974),
        (500, 50, 0.911),
        (135, 20, 0.883),
        (135, 50, 0.724),
        (50, 5, 0.948),
        (50, 10, 0.898),
        (50, 20, 0.811),
        (50, 50, 0.610),
    ],
)
def test_recall_is_what_was_measured_on_aws(matching_count: int, rank: int, recall: float) -> None:
    """By default the share that is found is that of the measurements, for each number of matches and results."""
    assert recall_at(rank, matching_count, Approximation()) == pytest.approx(recall, abs=0.015)


@pytest.mark.parametrize("recall", [0.0, 0.5, 0.9, 1.0])
def test_recall_can_be_chosen(recall: float) -> None:
    """A given recall holds for all results alike, however many match."""
    approximation = Approximation(recall=recall)

    assert recall_at(5, 50, approximation) == pytest.approx(recall, abs=0.04)
    assert recall_at(50, 50_000, approximation) == pytest.approx(recall, abs=0.02)


@pytest.mark.parametrize("approximation", [Approximation(), Approximation(recall=0.0)])
def test_five_matches_are_always_complete(approximation: Approximation) -> None:
    """Nothing is missed when five or fewer vectors match."""
    keys, distances = results([0.1, 0.5, 0.9, 1.1, 1.9])

    assert approximation.apply(keys, distances, 5)[0] == keys


@given(distances=st.lists(st.one_of(COSINE, EUCLIDEAN), max_size=60), count=st.integers(60, 1000))
def test_what_is_found_is_among_the_exact_results(distances: list[float], count: int) -> None:
    """No result is new, none comes twice, and inexact distances ascend."""
    keys, distances = results(distances)

    found, shifted = Approximation().apply(keys, distances, count)
    assert len(set(found)) == len(found)
    assert set(found) <= set(keys)
    assert shifted == sorted(shifted)


@pytest.mark.parametrize(
    ("metric", "largest"), [(COSINE, 2.0), (EUCLIDEAN, LARGEST)], ids=["cosine", "euclidean"]
)
def test_distances_are_a_little_off(metric: st.SearchStrategy[float], largest: float) -> None:
    """A distance is off by at most 1e-5, in proportion when it is above 1, and stays in the metric's range."""

    @given(distance=metric, seed=st.integers(0, 1000))
    def check(distance: float, seed: int) -> None:
        _, [shifted] = Approximation(seed=seed).apply(["key"], [distance], 1)
        assert 0 <= shifted <= largest
        assert shifted == pytest.approx(distance, abs=1.01e-5, rel=1.01e-5)

    check()


def test_the_same_vector_is_not_at_distance_zero() -> None:
    """A vector that equals the query comes at a small distance, as on AWS, so that `= 0` is no test."""
    _, [distance] = Approximation().apply(["key"], [0.0], 1)

    assert 0 < distance < 1e-5


def test_noise_can_be_off() -> None:
    """Without noise distances are exact, and ties are in the order of their keys."""
    exact = Approximation(recall=1.0, distance_noise=0.0)

    assert exact.apply(["c", "b", "a"], [0.25, 0.5, 0.5], 3) == (["c", "a", "b"], [0.25, 0.5, 0.5])


def test_a_repeated_query_misses_the_same() -> None:
    """The same results come out the same, from an approximation made anew."""
    assert Approximation().apply(*query(1, 50), 50) == Approximation().apply(*query(1, 50), 50)


def test_another_query_misses_something_else() -> None:
    """A key that one query misses is found by others."""
    found = [frozenset(Approximation().apply(*query(number, 50), 50)[0]) for number in range(20)]

    assert len(set(found)) == 20
    assert frozenset.union(*found) == set(query(1, 50)[0])


def test_another_seed_misses_something_else() -> None:
    """The seed decides what is missed."""
    found = {tuple(Approximation(seed=seed).apply(*query(1, 50), 50)[0]) for seed in range(20)}

    assert len(found) == 20


@given(number=st.integers(0, 1000), top_k=st.integers(1, 49))
def test_asking_for_more_takes_nothing_away(number: int, top_k: int) -> None:
    """What fewer results hold, more results hold."""
    keys, distances = query(number, 50)

    fewer, _ = Approximation().apply(keys[:top_k], distances[:top_k], 50)
    more, _ = Approximation().apply(keys, distances, 50)
    assert set(fewer) == set(more) & set(keys[:top_k])
