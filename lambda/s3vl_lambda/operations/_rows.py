"""Vectors of the service as encoded rows of an answer; what PostgreSQL could not store is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.errors import BrokenContractError, MalformedDataError, shown
from s3vl_lambda.protocol.float32 import shortest
from s3vl_lambda.protocol.responses import document, encode
from s3vl_lambda.services.answers import elements, optional, required

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS = {int, float}

_ROUND_A_KEY = "; delete that vector or put it under another id; a query avoids it with a metadata_filter"
_ROUND_METADATA = "; read without metadata (return_metadata or include_metadata => false)"


def query_rows(vectors: Sequence[dict[str, Any]], *, with_metadata: bool) -> list[bytes]:
    """Encode the hits of a query."""
    distances = shortest([required(vector, "distance", float) for vector in vectors])
    return [
        document(
            _key(vector)
            | {"distance": _finite(distance, "the distance", vector).encode()}
            | (_metadata(vector) if with_metadata else {})
        )
        for vector, distance in zip(vectors, distances, strict=True)
    ]


def ranked_row(vector: dict[str, Any], distance: float, *, with_metadata: bool) -> bytes:
    """Encode a vector with the distance that was computed for it."""
    return document(
        _key(vector) | {"distance": repr(distance).encode()} | (_metadata(vector) if with_metadata else {})
    )


def numbered_rows(
    vectors: Sequence[dict[str, Any]], query_number: int, *, with_metadata: bool
) -> list[bytes]:
    """Encode the hits of one query of several."""
    return [
        b'{"query_number":%d,' % query_number + row.removeprefix(b"{")
        for row in query_rows(vectors, with_metadata=with_metadata)
    ]


def hybrid_rows(vectors: Sequence[dict[str, Any]], *, with_metadata: bool) -> list[bytes]:
    """Encode the hits of a search by texts."""
    return [
        document(_key(vector) | _scores(vector) | (_metadata(vector) if with_metadata else {}))
        for vector in vectors
    ]


def stored_rows(vectors: Sequence[dict[str, Any]], *, with_data: bool, with_metadata: bool) -> list[bytes]:
    """Encode vectors as they are stored."""
    return [
        document(
            _key(vector)
            | ({"embedding": f"[{numbers_of(vector)}]".encode()} if with_data else {})
            | (_metadata(vector) if with_metadata else {})
        )
        for vector in vectors
    ]


def _key(vector: dict[str, Any]) -> dict[str, bytes]:
    """Encode the id."""
    key = vector["key"]
    return {"vector_id": encode(key, "the id", _ROUND_A_KEY, key)}


def _scores(vector: dict[str, Any]) -> dict[str, bytes]:
    """Encode what a hit of texts scored; a hit need not have matched everything that was sought."""
    scores = required(vector, "scores", dict)
    by_key = elements(scores, "bm25Scores", dict)
    numbers = shortest([required(one, "score", float) for one in by_key])
    bm25_scores = {
        required(one, "metadataKey", str): float(number) for one, number in zip(by_key, numbers, strict=True)
    }
    encoded = {"bm25_scores": encode(bm25_scores, "a score", of=vector["key"])}
    for name, member in (("fused_score", "fused"), ("distance", "vectorDistance")):
        score = optional(scores, member, float)
        if score is not None:
            encoded[name] = _finite(shortest([score])[0], "a score", vector).encode()
    return encoded


def numbers_in(vector: dict[str, Any]) -> list[float]:
    """Give the numbers of a stored vector."""
    numbers: list[float] = required(required(vector, "data", dict), "float32", list)
    # All at once: there are thousands.
    if not _NUMBERS.issuperset(map(type, numbers)):
        wrong = next(number for number in numbers if type(number) not in _NUMBERS)
        raise BrokenContractError(
            f"the answer of S3 Vectors has {shown(wrong)} in the data of vector {shown(vector['key'])}, "
            "where only numbers may be; check AWS_ENDPOINT_URL"
        )
    return numbers


def not_finite(what: str, vector: dict[str, Any]) -> MalformedDataError:
    """Make the error that says what of a vector is not finite."""
    return MalformedDataError(f"{what} of vector {shown(vector['key'])} is not finite; put the vector anew")


def numbers_of(vector: dict[str, Any]) -> str:
    """Write the numbers of a stored vector, with commas between them."""
    try:
        written = ",".join(shortest(numbers_in(vector)))
    except OverflowError:
        written = "inf"
    return _finite(written, "the data", vector)


def _metadata(vector: dict[str, Any]) -> dict[str, bytes]:
    """Encode the metadata; the service may leave out what is empty."""
    metadata = optional(vector, "metadata", dict) or {}
    return {"metadata": encode(metadata, "the metadata", _ROUND_METADATA, vector["key"])}


def _finite(numbers: str, what: str, vector: dict[str, Any]) -> str:
    """Take written numbers; of all that a float can be written as, only nan and inf have an n."""
    if "n" in numbers:
        raise not_finite(what, vector)
    return numbers
