"""The moment until which an answer is of use to the caller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from s3vl_lambda.protocol.errors import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable

# A call that is given less time than this would most likely be cut off: it is not made.
SHORTEST_CALL_SECONDS = 0.1


class Deadline:
    """A moment of the monotonic clock; everything that waits asks it how long it may.

    `function_seconds` is given when it is the function's own timeout, and not the caller, that sets the moment;
    `is_absolute` when it is the deadline of a write, after which another writer may be at work.
    """

    def __init__(
        self,
        moment: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        function_seconds: int | None = None,
        is_absolute: bool = False,
    ) -> None:
        self._moment = moment
        self._clock = clock
        self._function_seconds = function_seconds
        self._is_absolute = is_absolute

    def remaining(self) -> float:
        """Give the seconds that are left; negative once the deadline has passed."""
        return self._moment - self._clock()

    def allows_a_call(self, after: float = 0.0) -> bool:
        """Tell whether a call, made so many seconds from now, would have the time to be answered."""
        return self.remaining() - after >= SHORTEST_CALL_SECONDS

    def passed(self, what: str, attempts: int | None = None) -> OutOfTimeError:
        """Say what could not be done in time, and which of the two limits is the one to raise."""
        seconds = self._function_seconds
        if self._is_absolute:
            limit, reason = "deadline", "the deadline of the write passed; the caller sends it again"
        elif seconds is None:
            limit, reason = "caller", "the caller's time ran out; raise timeout_seconds"
        else:
            limit, reason = (
                "function",
                f"the function's own limit of {seconds} s ran out; raise LambdaTimeout of the stack (now {seconds})",
            )
        return OutOfTimeError(f"{what} when {reason}", limit=limit, attempts=attempts)
