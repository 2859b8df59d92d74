"""What the service knows about an index: GetIndex, in the names of the SQL functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3vl_lambda.operations._description import described
from s3vl_lambda.protocol.responses import Answer

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import DescribeIndex
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway


def run(request: DescribeIndex, gateway: S3VectorsGateway) -> Answer:
    """Describe one index."""
    return Answer({"index": described(gateway.get_index(request.index_arn))})
