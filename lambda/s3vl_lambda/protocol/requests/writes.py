"""Requests that change an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from s3vl_lambda.protocol.members import Members
from s3vl_lambda.protocol.ranges import read_ranges
from s3vl_lambda.protocol.records import read_records
from s3vl_lambda.protocol.requests.base import IndexRequest
from s3vl_lambda.protocol.vector_ids import read_ids

if TYPE_CHECKING:
    from s3vl_lambda.protocol.records import Record


@dataclass(frozen=True, kw_only=True)
class PutVectors(IndexRequest):
    """Ask to store vectors; `remaining` are the positions that no earlier part has done."""

    operation = "put_vectors"
    vectors: list[Record]
    remaining: list[range]

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the vectors."""
        vectors = read_records(members)
        return cls(
            budget_ms=budget_ms,
            index_arn=members.index_arn(),
            vectors=vectors,
            remaining=_remaining(members, len(vectors)),
        )


@dataclass(frozen=True, kw_only=True)
class DeleteVectors(IndexRequest):
    """Ask to delete vectors; `remaining` are the positions that no earlier part has done."""

    operation = "delete_vectors"
    vector_ids: list[str]
    remaining: list[range]

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the ids."""
        vector_ids = read_ids(members)
        return cls(
            budget_ms=budget_ms,
            index_arn=members.index_arn(),
            vector_ids=vector_ids,
            remaining=_remaining(members, len(vector_ids)),
        )


def _remaining(members: Members, length: int) -> list[range]:
    """Take what is left to do: everything, unless a continuation says less."""
    if "continuation" not in members:
        return [range(length)]
    continuation = Members(members.take("continuation"), "continuation")
    remaining = read_ranges(continuation, "remaining", length)
    continuation.refuse_the_rest()
    return remaining
