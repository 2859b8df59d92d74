"""Vectors by id: GetVectors, any number of ids."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from s3vl_lambda.operations._rows import stored_rows
from s3vl_lambda.protocol.errors import OutOfTimeError, ResponseTooLargeError, shown
from s3vl_lambda.protocol.responses import Answer, Rows
from s3vl_lambda.services.parallel import CONCURRENT_CALLS, in_order
from s3vl_lambda.services.s3_vectors import KEYS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Generator

    from s3vl_lambda.protocol.requests import GetVectors
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway

# So many numbers may be on their way at a time: parsed, even those of one digit take 32 bytes.
_NUMBERS_AT_A_TIME = 1_000_000

# The encoded vectors that exist, by their position among the ids.
Found = dict[int, bytes]


def run(request: GetVectors, gateway: S3VectorsGateway) -> Answer:
    """Give the vectors that exist, in the order asked, until the end of the ids, the room or the time."""
    rows = Rows()
    position = request.position
    try:
        with closing(_chunks(request, gateway, rows)) as chunks:
            for chunk, found in chunks:
                encoded = list(found.values())
                fitting = rows.fitting(encoded)
                rows.extend(encoded[:fitting])
                if fitting < len(encoded):
                    position = list(found)[fitting]
                    break
                position = chunk.stop
    except OutOfTimeError:
        if position == request.position:
            raise
    if position == len(request.vector_ids):
        return Answer({}, rows)
    if not rows and position == request.position:
        raise ResponseTooLargeError(
            f"vector {shown(request.vector_ids[position])} does not fit into a response of Lambda (6 MB); "
            "get it with include_metadata => false"
        )
    return Answer({}, rows, {"position": position})


def _chunks(request: GetVectors, gateway: S3VectorsGateway, rows: Rows) -> Generator[tuple[range, Found]]:
    """Get one chunk of positions after another, several at the same time, while there is room in the rows.

    The first chunk shows how large the vectors are; after it, as many are got as are likely to fit.
    """
    position, end = request.position, len(request.vector_ids)
    wave = KEYS_PER_CALL
    while position < end and not rows.is_nearly_full:
        positions = range(position, min(position + wave, end))
        chunks = [
            positions[start : start + KEYS_PER_CALL] for start in range(0, len(positions), KEYS_PER_CALL)
        ]
        with closing(in_order(partial(_get, request, gateway), chunks)) as results:
            yield from zip(chunks, results, strict=True)
        position = positions.stop
        likely_to_fit = rows.likely_to_fit(done=position - request.position)
        # All vectors of an index have as many numbers; a few commas are of the metadata.
        numbers = rows.encoded[-1].count(b",") + 1 if rows else 1
        likely_to_fit = min(likely_to_fit, _NUMBERS_AT_A_TIME // numbers)
        wave = min(max(likely_to_fit, 1), KEYS_PER_CALL * CONCURRENT_CALLS)


def _get(request: GetVectors, gateway: S3VectorsGateway, chunk: range) -> Found:
    """Get and encode what exists of one chunk, in the order asked; of what the service said nothing is kept."""
    found = gateway.get_vectors(
        request.index_arn,
        request.vector_ids[chunk.start : chunk.stop],
        return_data=request.include_vector_data,
        return_metadata=request.include_metadata,
    )
    existing = [position for position in chunk if request.vector_ids[position] in found]
    encoded = stored_rows(
        [found[request.vector_ids[position]] for position in existing],
        with_data=request.include_vector_data,
        with_metadata=request.include_metadata,
    )
    return dict(zip(existing, encoded, strict=True))
