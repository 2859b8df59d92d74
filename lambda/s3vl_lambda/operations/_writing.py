"""Writing in chunks: several at the same time, and which of them are done whatever happens."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from s3vl_lambda.protocol import ranges
from s3vl_lambda.protocol.errors import S3vlError
from s3vl_lambda.protocol.responses import Answer
from s3vl_lambda.services.parallel import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# An index takes 2,500 vectors a second, which are five full calls: more at a time would only be throttled.
CONCURRENT_WRITES = 8


def write(chunks: Sequence[range], send: Callable[[range], None], done_as: str) -> Answer:
    """Send the chunks; the answer, or the error, tells under `done_as` the positions of those that are done.

    What may pass when tried again, like the end of the time, is no error once there is something done: the rest
    is left to a continuation. That way every part gets on, and the last cannot hide how far it all came.
    """
    failures: list[S3vlError] = []

    def attempt(chunk: range) -> S3vlError | None:
        try:
            send(chunk)
        except S3vlError as failure:
            return failure
        return None

    # One failure decides the answer: nothing more is begun, and what runs is waited for.
    with closing(in_order(attempt, chunks, lambda: 0 if failures else CONCURRENT_WRITES)) as outcomes:
        done = []
        for chunk, failure in zip(chunks, outcomes, strict=False):
            if failure is None:
                done.append(chunk)
            else:
                failures.append(failure)
    written = ranges.written_as(done)
    lasting = [failure for failure in failures if not failure.retryable]
    if lasting or (failures and not done):
        failure = (lasting or failures)[0]
        failure.done = {done_as: written}
        raise failure
    left = [chunk for chunk in chunks if chunk not in done]
    continuation = {"remaining": ranges.written_as(left)} if left else None
    return Answer({done_as: written}, continuation=continuation, written=ranges.count(written))
