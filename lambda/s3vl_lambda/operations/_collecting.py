"""Rows by position, collected in order: many at the same time, and until the end of the room or the time."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from s3vl_lambda.protocol.errors import OutOfTimeError
from s3vl_lambda.services.parallel import CONCURRENT_CALLS, in_order
from s3vl_lambda.services.s3_vectors import KEYS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from s3vl_lambda.protocol.responses import Rows

# So many numbers may be on their way at a time: parsed, even those of one digit take 32 bytes.
NUMBERS_AT_A_TIME = 1_000_000

# The encoded rows of those that exist, by position.
Found = dict[int, bytes]


def collect(rows: Rows, positions: range, get: Callable[[range], Found]) -> int:
    """Add the rows of these positions, got by chunks; give the position before which all are done.

    It is the first when not even one row fits. When the time runs out before any are done, that is raised.
    """
    position = positions.start
    try:
        with closing(_chunks(rows, positions, get)) as chunks:
            for chunk, found in chunks:
                encoded = list(found.values())
                fitting = rows.fitting(encoded)
                rows.extend(encoded[:fitting])
                if fitting < len(encoded):
                    return list(found)[fitting]
                position = chunk.stop
    except OutOfTimeError:
        if position == positions.start:
            raise
    return position


def _chunks(rows: Rows, positions: range, get: Callable[[range], Found]) -> Generator[tuple[range, Found]]:
    """Get one chunk of positions after another, several at the same time, while there is room in the rows.

    The first chunk shows how large the rows are; after it, as many are got as are likely to fit.
    """
    position, end = positions.start, positions.stop
    wave = KEYS_PER_CALL
    while position < end and not rows.is_nearly_full:
        some = range(position, min(position + wave, end))
        chunks = [some[start : start + KEYS_PER_CALL] for start in range(0, len(some), KEYS_PER_CALL)]
        with closing(in_order(get, chunks)) as results:
            yield from zip(chunks, results, strict=True)
        position = some.stop
        likely_to_fit = rows.likely_to_fit(done=position - positions.start)
        # All vectors of an index have as many numbers; a few commas are of the metadata.
        numbers = rows.encoded[-1].count(b",") + 1 if rows else 1
        likely_to_fit = min(likely_to_fit, NUMBERS_AT_A_TIME // numbers)
        wave = min(max(likely_to_fit, 1), KEYS_PER_CALL * CONCURRENT_CALLS)
