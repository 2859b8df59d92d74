"""The end of an index: DeleteIndex, after a look whether it holds vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3vl_lambda.operations._paging import Tokens
from s3vl_lambda.protocol.errors import NotEmptyError, NotFoundError
from s3vl_lambda.protocol.responses import Answer

if TYPE_CHECKING:
    from s3vl_lambda.protocol.requests import DeleteIndex
    from s3vl_lambda.services.s3_vectors import S3VectorsGateway

_MOST_COUNTED = 1_000


def run(request: DeleteIndex, gateway: S3VectorsGateway) -> Answer:
    """Delete an index; one that is gone already is no error, since an answer may have been lost."""
    try:
        if not request.force:
            _refuse_vectors(request.index_arn, gateway)
        gateway.delete_index(request.index_arn)
    except NotFoundError:
        return Answer({"existed": False})
    return Answer({"existed": True})


def _refuse_vectors(index_arn: str, gateway: S3VectorsGateway) -> None:
    """Refuse an index that holds vectors."""
    tokens, token = Tokens(None), None
    while True:
        page = gateway.list_vectors(
            index_arn,
            max_results=_MOST_COUNTED,
            next_token=token,
            return_data=False,
            return_metadata=False,
            segment_count=None,
            segment_index=None,
        )
        if page.vectors:
            least = "at least " if page.next_token else ""
            noun = "vector" if len(page.vectors) == 1 else "vectors"
            raise NotEmptyError(f"it holds {least}{len(page.vectors):,} {noun}")
        if page.next_token is None:
            return
        token = tokens.follow(page.next_token)
