"""The moment until which an answer is of use to the caller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A call that is given less time than this would most likely be cut off: it is not made.
SHORTEST_CALL_SECONDS = 0.1


class Deadline:
    """A moment of the monotonic clock; everything that waits asks it how long it may."""

    def __init__(self, moment: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._moment = moment
        self._clock = clock

    def remaining(self) -> float:
        """Give the seconds that are left; negative once the deadline has passed."""
        return self._moment - self._clock()

    def allows_a_call(self, after: float = 0.0) -> bool:
        """Tell whether a call, made so many seconds from now, would have the time to be answered."""
        return self.remaining() - after >= SHORTEST_CALL_SECONDS
