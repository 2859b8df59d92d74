"""The moment until which an answer is of use to the caller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadline:
    """A moment of the monotonic clock; everything that waits asks it how long it may."""

    def __init__(self, moment: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._moment = moment
        self._clock = clock

    def remaining(self) -> float:
        """Give the seconds that are left; negative once the deadline has passed."""
        return self._moment - self._clock()
