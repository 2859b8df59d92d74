"""Requests that read what is stored: by id, ranked or as it is, and page by page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from s3vl_lambda.protocol.errors import shown
from s3vl_lambda.protocol.members import Members, is_number
from s3vl_lambda.protocol.requests.base import IndexRequest
from s3vl_lambda.protocol.requests.queries import MAX_TOP_K
from s3vl_lambda.protocol.restriction import Restriction, read_restriction
from s3vl_lambda.protocol.vector_ids import read_ids
from s3vl_lambda.protocol.vectors import read_numbers

_MAX_LIST_RESULTS = 1_000
_MAX_SEGMENTS = 16


@dataclass(frozen=True, kw_only=True)
class GetVectors(IndexRequest):
    """Ask for vectors by id, from `position` on; earlier parts of the answer had those before it."""

    operation = "get_vectors"
    vector_ids: list[str]
    include_vector_data: bool
    include_metadata: bool
    restriction: Restriction | None = None
    position: int = 0

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the ids and what to bring."""
        vector_ids = read_ids(members)
        position = 0
        if "continuation" in members:
            continuation = Members(members.take("continuation"), "continuation")
            position = continuation.integer("position", 0, len(vector_ids) - 1)
            continuation.refuse_the_rest()
        return cls(
            budget_ms=budget_ms,
            index_arn=members.index_arn(),
            vector_ids=vector_ids,
            include_vector_data=members.boolean("include_vector_data"),
            include_metadata=members.boolean("include_metadata"),
            restriction=read_restriction(members),
            position=position,
        )


@dataclass(frozen=True, kw_only=True)
class RankVectors(IndexRequest):
    """Ask which of some vectors are nearest to another.

    Earlier parts of the answer have looked at the ids before `position`, of which those `ranked`, by position and
    with their distances, are still to be given or to be beaten; so many were `returned`.
    """

    operation = "rank_vectors"
    query_vector: list[float]
    vector_ids: list[str]
    top_k: int
    return_metadata: bool
    restriction: Restriction | None = None
    position: int = 0
    ranked: dict[int, float] = field(default_factory=dict)
    returned: int = 0

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the vector, the ids and what to bring."""
        vector_ids = read_ids(members)
        top_k = members.integer("top_k", 1, MAX_TOP_K)
        place: dict[str, Any] = {}
        if "continuation" in members:
            continuation = Members(members.take("continuation"), "continuation")
            place = {
                "position": continuation.integer("position", 0, len(vector_ids)),
                "ranked": _ranked(continuation, len(vector_ids)),
                "returned": continuation.integer("returned", 0, top_k - 1),
            }
            continuation.refuse_the_rest()
        return cls(
            budget_ms=budget_ms,
            index_arn=members.index_arn(),
            query_vector=read_numbers(members.take("query_vector"), "query_vector"),
            vector_ids=vector_ids,
            top_k=top_k,
            return_metadata=members.boolean("return_metadata"),
            restriction=read_restriction(members),
            **place,
        )


def _ranked(continuation: Members, length: int) -> dict[int, float]:
    """Take distances by position."""
    ranked: dict[int, float] = {}
    pairs: Any = continuation.take("ranked")
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        is_pair = isinstance(pair, list) and len(pair) == len(("position", "distance"))
        if not is_pair or type(pair[0]) is not int or not 0 <= pair[0] < length or not is_number(pair[1]):
            raise continuation.refuse("ranked", f"must be positions with distances, got {shown(pair)}")
        ranked[pair[0]] = pair[1]
    return ranked


@dataclass(frozen=True, kw_only=True)
class ListVectors(IndexRequest):
    """Ask for one page of the index, in the order of the service."""

    operation = "list_vectors"
    max_results: int
    return_data: bool
    return_metadata: bool
    restriction: Restriction | None = None
    next_token: str | None = None
    segment_count: int | None = None
    segment_index: int | None = None

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the page and what to bring."""
        next_token = members.optional_text("next_token")
        if "continuation" in members:
            # Further on through the same empty pages, so it stands in for the caller's token.
            continuation = Members(members.take("continuation"), "continuation")
            next_token = continuation.text("next_token")
            continuation.refuse_the_rest()
        segment_count = segment_index = None
        if "segment_count" in members or "segment_index" in members:
            segment_count = members.integer("segment_count", 1, _MAX_SEGMENTS)
            segment_index = members.integer("segment_index", 0, segment_count - 1)
        return cls(
            budget_ms=budget_ms,
            index_arn=members.index_arn(),
            max_results=members.integer("max_results", 1, _MAX_LIST_RESULTS),
            return_data=members.boolean("return_data"),
            return_metadata=members.boolean("return_metadata"),
            restriction=read_restriction(members),
            next_token=next_token,
            segment_count=segment_count,
            segment_index=segment_index,
        )
