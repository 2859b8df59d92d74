"""Calls that take turns, so that whatever else the machine does slows all of them, and what they say together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Timings:
    """Milliseconds of each run, in the order of the runs."""

    milliseconds: list[float]

    def each(self, count: float) -> Timings:
        """Return what one of so many things took that a run did together."""
        return Timings([taken / count for taken in self.milliseconds])

    @property
    def median(self) -> float:
        """Half of the runs were faster."""
        return float(np.median(self.milliseconds))

    def document(self) -> dict[str, Any]:
        """Return what the results hold."""
        low, median, high, p95 = (
            float(round(value, 3)) for value in np.percentile(self.milliseconds, [25, 50, 75, 95])
        )
        return {
            "p50_ms": median,
            "quartiles_ms": [low, high],
            "p95_ms": p95,
            "runs": len(self.milliseconds),
        }


@dataclass(frozen=True)
class Figure:
    """What rounds of calls come to, a ratio or a rate: of the medians, and the quartiles over the rounds."""

    value: float
    low: float
    high: float
    rounds: int

    def __str__(self) -> str:
        return f"{self.value:,.2f} ({self.low:,.2f}-{self.high:,.2f}; {self.rounds} rounds)"

    def document(self) -> dict[str, Any]:
        """Return what the results hold."""
        return {
            "value": round(self.value, 3),
            "quartiles": [round(self.low, 3), round(self.high, 3)],
            "rounds": self.rounds,
        }


def milliseconds(call: Callable[[], object]) -> float:
    """Run a call, and return how long it took."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def alternate(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    seconds: float,
    *,
    at_least: int = 3,
    before: Callable[[str], object] = lambda _: None,
) -> dict[str, Timings]:
    """Run all calls in turns, for so many rounds or until the seconds are over.

    Every second round goes backwards, so that none always comes after the same other. The first round warms up
    and is not counted, unless it is the only one. `before` prepares the call of a name, outside of its time.
    """
    runs: dict[str, list[float]] = {name: [] for name in calls}
    started = time.monotonic()
    for number in range(rounds + 1):
        if number >= at_least and time.monotonic() - started > seconds:
            break
        for name in list(calls)[:: -1 if number % 2 else 1]:
            before(name)
            runs[name].append(milliseconds(calls[name]))
    return {name: Timings(taken[1:] or taken) for name, taken in runs.items()}


def ratio(slow: Timings, fast: Timings) -> Figure:
    """Say how many times as long as another a call took; they took turns."""
    return _figure(slow.median / fast.median, np.divide(slow.milliseconds, fast.milliseconds))


def rate(of_one: Timings) -> Figure:
    """Return how many things were done in a second, from what one of them took."""
    return _figure(round(1000 / of_one.median, 1), np.divide(1000, of_one.milliseconds))


def _figure(value: float, by_round: np.ndarray[Any, np.dtype[np.float64]]) -> Figure:
    low, high = np.percentile(by_round, [25, 75])
    return Figure(value, float(low), float(high), len(by_round))


def slope(sizes: Sequence[float], medians: Sequence[float]) -> float:
    """Return how time grows over the upper half of the sizes: 1 is in proportion, 0 not at all."""
    half = len(sizes) // 2
    steepness, _ = np.polyfit(np.log(sizes[half:]), np.log(medians[half:]), 1)
    return float(steepness)
