"""The write rate of an index: PutVectors and DeleteVectors together, counted as requests and as vectors."""

from __future__ import annotations

import time

from s3vl_local.s3vectors.exceptions import WriteRateExceededError

REQUESTS_PER_SECOND = 1000.0
VECTORS_PER_SECOND = 2500.0


class WriteRate:
    """What may still be written now: one second's worth at most, and it grows back as time passes."""

    def __init__(self) -> None:
        self._requests = REQUESTS_PER_SECOND
        self._vectors = VECTORS_PER_SECOND
        self._at = time.monotonic()

    def take(self, vectors: int) -> None:
        """Count one request, or refuse it and leave what is left to others."""
        now = time.monotonic()
        passed, self._at = now - self._at, now
        self._requests = min(REQUESTS_PER_SECOND, self._requests + passed * REQUESTS_PER_SECOND)
        self._vectors = min(VECTORS_PER_SECOND, self._vectors + passed * VECTORS_PER_SECOND)
        if self._requests < 1 or self._vectors < vectors:
            raise WriteRateExceededError
        self._requests -= 1
        self._vectors -= vectors
