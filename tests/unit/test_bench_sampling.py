"""The arithmetic of the benchmark, on numbers made up."""

from __future__ import annotations

import pytest

from bench import ratios, sampling
from bench.sampling import Timings


def test_calls_take_turns() -> None:
    """Each round has every call once, every second goes backwards, and the first is not counted."""
    order: list[str] = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}

    timings = sampling.alternate(calls, rounds=3, seconds=60)

    assert "".join(order) == "abc" + "cba" + "abc" + "cba"
    assert {name: len(taken.milliseconds) for name, taken in timings.items()} == {"a": 3, "b": 3, "c": 3}


@pytest.mark.parametrize(("at_least", "calls", "counted"), [(3, 3, 2), (2, 2, 1), (1, 1, 1)])
def test_some_rounds_are_run_however_long_they_take(at_least: int, calls: int, counted: int) -> None:
    """The first one counts only when it is alone."""
    made: list[str] = []

    timings = sampling.alternate({"a": lambda: made.append("a")}, rounds=10, seconds=0, at_least=at_least)

    assert len(made) == calls
    assert len(timings["a"].milliseconds) == counted


def test_what_prepares_a_call_is_not_timed() -> None:
    """Preparation runs before each call, by name."""
    prepared: list[str] = []

    sampling.alternate({"a": lambda: None, "b": lambda: None}, rounds=1, seconds=60, before=prepared.append)

    assert prepared == ["a", "b", "b", "a"]


def test_a_ratio_is_of_the_medians_and_its_spread_of_the_rounds() -> None:
    """One slow run moves the spread, not the ratio."""
    ratio = sampling.ratio(Timings([20, 40, 600]), Timings([10, 10, 10]))

    assert ratio.value == 4
    assert (ratio.low, ratio.high) == (3, 32)
    assert str(ratio) == "4.00 (3.00-32.00; 3 rounds)"
    assert ratio.document() == {"value": 4, "quartiles": [3, 32], "rounds": 3}


def test_a_rate_is_of_the_median_and_its_spread_of_the_rounds() -> None:
    """Half a millisecond for each is 2,000 a second."""
    assert str(sampling.rate(Timings([0.25, 0.5, 1]))) == "2,000.00 (1,500.00-3,000.00; 3 rounds)"


def test_timings_are_summed_up_by_percentiles() -> None:
    """The results hold median, quartiles and p95, not every run."""
    assert Timings([float(n) for n in range(101)]).document() == {
        "p50_ms": 50,
        "quartiles_ms": [25, 75],
        "p95_ms": 95,
        "runs": 101,
    }


def test_a_run_that_does_many_things_is_told_for_one() -> None:
    """Writes are compared by the vector."""
    assert Timings([100, 200]).each(10).milliseconds == [10, 20]


@pytest.mark.parametrize(("power", "slope"), [(0, 0), (1, 1), (2, 2)])
def test_the_slope_is_the_power_with_which_time_grows(power: int, slope: int) -> None:
    """Only the upper half of the sizes counts, where what does not grow is small."""
    sizes = [1, 10, 100, 1000]

    medians = [7.0, 7.0, *(3.0 * size**power for size in sizes[2:])]

    assert sampling.slope(sizes, medians) == pytest.approx(slope)


@pytest.mark.parametrize(
    ("bound", "value", "holds"),
    [
        (ratios.Bound("b", at_most=2), 2, True),
        (ratios.Bound("b", at_most=2), 2.01, False),
        (ratios.Bound("b", at_least=15), 15, True),
        (ratios.Bound("b", at_least=15), 14.9, False),
    ],
)
def test_a_bound_holds_up_to_its_number(bound: ratios.Bound, value: float, holds: bool) -> None:
    """The number itself is within the bound."""
    assert bound.holds(value) is holds
