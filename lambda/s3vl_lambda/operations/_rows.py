"""Vectors of the service as encoded rows of an answer; what PostgreSQL could not store is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.errors import MalformedDataError, shown
from s3vl_lambda.protocol.float32 import shortest
from s3vl_lambda.protocol.responses import document, encode
from s3vl_lambda.services.s3_vectors import required

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUND_A_KEY = (
    "; delete that vector or put it under another id; a query reads round it with a metadata_filter"
)
_ROUND_METADATA = "; read round it without metadata (return_metadata or include_metadata => false)"


def query_rows(vectors: Sequence[dict[str, Any]], *, with_metadata: bool) -> list[bytes]:
    """Encode the hits of a query."""
    distances = shortest(required(vector, "distance") for vector in vectors)
    return [
        document(
            _key(vector)
            | {"distance": _finite(distance, "the distance", vector)}
            | (_metadata(vector) if with_metadata else {})
        )
        for vector, distance in zip(vectors, distances, strict=True)
    ]


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
            | (_embedding(vector) if with_data else {})
            | (_metadata(vector) if with_metadata else {})
        )
        for vector in vectors
    ]


def _key(vector: dict[str, Any]) -> dict[str, bytes]:
    """Encode the id."""
    key = required(vector, "key")
    return {"vector_id": encode(key, f"the id of vector {shown(key)}", _ROUND_A_KEY)}


def _scores(vector: dict[str, Any]) -> dict[str, bytes]:
    """Encode what a hit of texts scored; a hit need not have matched everything that was sought."""
    scores = required(vector, "scores")
    what = f"a score of vector {shown(vector['key'])}"
    by_key = scores.get("bm25Scores", [])
    numbers = shortest(required(one, "score") for one in by_key)
    bm25_scores = {
        required(one, "metadataKey"): float(number) for one, number in zip(by_key, numbers, strict=True)
    }
    encoded = {"bm25_scores": encode(bm25_scores, what)}
    for name, score in (("fused_score", "fused"), ("distance", "vectorDistance")):
        if score in scores:
            encoded[name] = _finite(shortest([scores[score]])[0], "a score", vector)
    return encoded


def _embedding(vector: dict[str, Any]) -> dict[str, bytes]:
    """Encode the numbers."""
    numbers = ",".join(shortest(required(required(vector, "data"), "float32")))
    return {"embedding": b"[" + _finite(numbers, "the data", vector) + b"]"}


def _metadata(vector: dict[str, Any]) -> dict[str, bytes]:
    """Encode the metadata; the service may leave out what is empty."""
    what = f"the metadata of vector {shown(vector['key'])}"
    return {"metadata": encode(vector.get("metadata", {}), what, _ROUND_METADATA)}


def _finite(numbers: str, what: str, vector: dict[str, Any]) -> bytes:
    """Encode written numbers; of all that a float can be written as, only nan and inf have an n."""
    if "n" in numbers:
        raise MalformedDataError(
            f"{what} of vector {shown(vector['key'])} is not finite; put the vector anew"
        )
    return numbers.encode()
