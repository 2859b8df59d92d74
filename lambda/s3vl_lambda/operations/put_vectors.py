"""Vectors to store: PutVectors, in calls as large as the service takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3vl_lambda.operations._own import keys_of_others
from s3vl_lambda.operations._writing import write
from s3vl_lambda.protocol.errors import RestrictedError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3vl_lambda.protocol.requests import PutVectors
    from s3vl_lambda.protocol.responses import Answer
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway

_MAX_RECORDS = 500
# 20 MiB, less what stands around the vectors: an ARN and the names of two members.
_MAX_BYTES = 20_971_520 - 1_024


def run(request: PutVectors, gateway: S3VectorsGateway) -> Answer:
    """Store the vectors that remain."""

    def send(chunk: range) -> None:
        records = request.vectors[chunk.start : chunk.stop]
        _check_own(request, gateway, chunk)
        gateway.put_vectors(request.index_arn, records, range(chunk.start + 1, chunk.stop + 1))

    return write(list(_chunks(request)), send, "written")


def _check_own(request: PutVectors, gateway: S3VectorsGateway, chunk: range) -> None:
    """Refuse to replace a vector outside of the restriction; the metadata of the new ones SQL has checked."""
    if request.restriction is None:
        return
    ids = [record.vector_id for record in request.vectors[chunk.start : chunk.stop]]
    others = keys_of_others(gateway, request.index_arn, ids, request.restriction)
    for position, vector_id in enumerate(ids, chunk.start + 1):
        if vector_id in others:
            raise RestrictedError(f"vectors[{position}].vector_id: {shown(vector_id)} is taken")


def _chunks(request: PutVectors) -> Iterator[range]:
    """Divide what remains by number and by bytes."""
    for remaining in request.remaining:
        start, request_bytes = remaining.start, 0
        for position in remaining:
            record_bytes = request.vectors[position].request_bytes
            if position - start == _MAX_RECORDS or request_bytes + record_bytes > _MAX_BYTES:
                yield range(start, position)
                start, request_bytes = position, 0
            request_bytes += record_bytes
        yield range(start, remaining.stop)
