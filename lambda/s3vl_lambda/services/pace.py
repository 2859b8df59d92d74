"""How many calls of one invocation run at a time: fewer when the service throttles, more again when it answers."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from s3vl_lambda.services.deadline import SHORTEST_CALL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3vl_lambda.protocol.errors import S3vlError
    from s3vl_lambda.services.deadline import Deadline


class Pace:
    """Turns for calls: half as many once the service throttles, one more with each answer.

    A call keeps its turn while it pauses before its next attempt, so that others wait with it. Under lasting
    throttling one call at a time is left, which is what finds out that the service takes more again.
    """

    def __init__(self, widest: int) -> None:
        self.width = widest
        self._widest = widest
        self._running = 0
        self._end: S3vlError | None = None
        self._changed = threading.Condition()

    @property
    def has_ended(self) -> bool:
        """Tell whether no more attempts are wanted."""
        return self._end is not None

    @contextmanager
    def turn(self, deadline: Deadline) -> Iterator[None]:
        """Wait for a turn, keep it for the block, and give it back."""
        with self._changed:
            self._changed.wait_for(self._is_free, max(0.0, deadline.remaining() - SHORTEST_CALL_SECONDS))
            if self._end is not None:
                raise self._end
            if not (self._is_free() and deadline.allows_a_call()):
                raise deadline.passed("S3 Vectors had not been asked")
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def throttled(self) -> None:
        """Let half as many calls run."""
        with self._changed:
            self.width = max(1, self.width // 2)

    def answered(self) -> None:
        """Let one more call run."""
        with self._changed:
            self.width = min(self._widest, self.width + 1)
            self._changed.notify_all()

    def end(self, reason: S3vlError) -> None:
        """Let no more calls begin: one that failed for good decides the answer, and the others only delay it."""
        with self._changed:
            self._end = self._end or reason
            self._changed.notify_all()

    def _is_free(self) -> bool:
        """Tell whether a call need not wait; once all is over, it learns so at once."""
        return self.has_ended or self._running < self.width
