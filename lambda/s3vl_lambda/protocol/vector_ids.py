"""The ids of vectors that a caller sends."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.errors import InvalidRequestError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3vl_lambda.protocol.members import Members

_MAX_BYTES = 1_024


def read_id(value: Any, path: str) -> str:
    """Give an id; 1,024 bytes are the tighter of the service's two limits, the other being characters."""
    # surrogatepass: the service refuses half a character, in its own words.
    if not isinstance(value, str) or not 1 <= len(value.encode(errors="surrogatepass")) <= _MAX_BYTES:
        raise InvalidRequestError.at(path, f"must be a text of 1 to {_MAX_BYTES} bytes, got {shown(value)}")
    return value


def read_ids(members: Members) -> list[str]:
    """Take distinct ids."""
    values = members.array("vector_ids")
    vector_ids = [read_id(value, f"vector_ids[{position}]") for position, value in enumerate(values, 1)]
    refuse_repeated(vector_ids, "vector_ids")
    return vector_ids


def refuse_repeated(vector_ids: Iterable[str], path: str) -> None:
    """Refuse ids of which one comes twice; the service does too, but sees no more than one call at a time."""
    vector_id, times = Counter(vector_ids).most_common(1)[0]
    if times > 1:
        raise InvalidRequestError.at(path, f"must have distinct ids, got {shown(vector_id)} {times} times")
