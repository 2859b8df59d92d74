"""Requests that search: by one vector, by many, and by texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from s3vl_lambda.protocol import filters
from s3vl_lambda.protocol.errors import shown
from s3vl_lambda.protocol.members import Members
from s3vl_lambda.protocol.requests.base import IndexRequest
from s3vl_lambda.protocol.vectors import Vector, read_vector

MAX_TOP_K = 10_000

_MAX_BATCH = 1_000
_MAX_TEXTS = 10
_MAX_TEXT_LENGTH = 1_024
_MAX_TEXT_KEY_LENGTH = 63
_QUERY_MODES = ("CLASSIC", "ENHANCED")


class Place(NamedTuple):
    """Where an earlier part of an answer ended: the token of the next page, and how many vectors came before."""

    next_token: str | None = None
    returned: int = 0


BEGINNING = Place()


@dataclass(frozen=True, kw_only=True)
class Search(IndexRequest):
    """What all searches have; `place` is where to go on, and with `stop_after` so many vectors are a part."""

    top_k: int
    return_metadata: bool
    metadata_filter: dict[str, Any] | None = None
    place: Place = BEGINNING
    stop_after: int | None = None


@dataclass(frozen=True, kw_only=True)
class QueryVectors(Search):
    """Ask for the vectors nearest to one vector."""

    operation = "query_vectors"
    query_vector: Vector
    query_mode: str | None = None

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the vector and how to search."""
        how = _how_to_search(members)
        return cls(
            budget_ms=budget_ms,
            query_vector=read_vector(members.take("query_vector"), "query_vector"),
            query_mode=members.optional_text("query_mode", _QUERY_MODES),
            place=_place(members, how["top_k"]),
            stop_after=members.integer("stop_after", 1, MAX_TOP_K) if "stop_after" in members else None,
            **how,
        )


@dataclass(frozen=True, kw_only=True)
class QueryVectorsBatch(Search):
    """Ask for the vectors nearest to each of many, from number `query_number` on; `place` is in that one."""

    operation = "query_vectors_batch"
    query_vectors: list[Vector]
    query_mode: str | None = None
    query_number: int = 1

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the vectors and how to search."""
        values = members.array("query_vectors")
        if len(values) > _MAX_BATCH:
            raise members.refuse(
                "query_vectors", f"must have at most {_MAX_BATCH} vectors, got {len(values)}"
            )
        how = _how_to_search(members)
        query_number, place = 1, BEGINNING
        if "continuation" in members:
            continuation = Members(members.take("continuation"), "continuation")
            query_number = continuation.integer("query_number", 1, len(values))
            place = _place(continuation, how["top_k"])
            continuation.refuse_the_rest()
        return cls(
            budget_ms=budget_ms,
            query_vectors=[
                read_vector(value, f"query_vectors[{number}]") for number, value in enumerate(values, 1)
            ],
            query_mode=members.optional_text("query_mode", _QUERY_MODES),
            query_number=query_number,
            place=place,
            **how,
        )


@dataclass(frozen=True, kw_only=True)
class QueryHybrid(Search):
    """Ask for the vectors whose texts match best; with a vector, for the best of both searches."""

    operation = "query_hybrid"
    query_texts: dict[str, str]
    query_vector: Vector | None = None

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the texts, the vector and how to search."""
        how = _how_to_search(members)
        query_vector = None
        if "query_vector" in members:
            query_vector = read_vector(members.take("query_vector"), "query_vector")
        return cls(
            budget_ms=budget_ms,
            query_texts=_query_texts(members),
            query_vector=query_vector,
            place=_place(members, how["top_k"]),
            **how,
        )


def _how_to_search(members: Members) -> dict[str, Any]:
    """Take what all searches have."""
    metadata_filter = None
    if "metadata_filter" in members:
        metadata_filter = filters.normalise(members.take("metadata_filter"))
    return {
        "index_arn": members.index_arn(),
        "top_k": members.integer("top_k", 1, MAX_TOP_K),
        "return_metadata": members.boolean("return_metadata"),
        "metadata_filter": metadata_filter,
    }


def _place(members: Members, top_k: int) -> Place:
    """Take where to go on within the pages of a query, if anywhere but at their beginning."""
    if "continuation" not in members:
        return BEGINNING
    continuation = Members(members.take("continuation"), "continuation")
    place = Place(continuation.text("next_token"), continuation.integer("returned", 0, top_k - 1))
    continuation.refuse_the_rest()
    return place


def _query_texts(members: Members) -> dict[str, str]:
    """Take the texts to search for, by metadata key."""
    texts: Any = members.take("query_texts")
    if not isinstance(texts, dict) or not 1 <= len(texts) <= _MAX_TEXTS:
        raise members.refuse(
            "query_texts",
            f"must be an object of 1 to {_MAX_TEXTS} metadata keys with texts, got {shown(texts)}",
        )
    for key, text in texts.items():
        if not 1 <= len(key) <= _MAX_TEXT_KEY_LENGTH:
            raise members.refuse(
                "query_texts", f"must have keys of 1 to {_MAX_TEXT_KEY_LENGTH} characters, got {shown(key)}"
            )
        if not isinstance(text, str) or not 1 <= len(text) <= _MAX_TEXT_LENGTH:
            raise members.refuse(
                f"query_texts.{key}",
                f"must be a text of 1 to {_MAX_TEXT_LENGTH} characters, got {shown(text)}",
            )
    return texts
