"""Requests that change an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from s3vl_lambda.protocol.members import Members
from s3vl_lambda.protocol.ranges import read_ranges
from s3vl_lambda.protocol.records import read_metadata_records, read_records
from s3vl_lambda.protocol.requests.base import IndexRequest
from s3vl_lambda.protocol.restriction import Restriction, read_restriction
from s3vl_lambda.protocol.vector_ids import read_ids

if TYPE_CHECKING:
    from s3vl_lambda.protocol.records import MetadataRecord, Record


@dataclass(frozen=True, kw_only=True)
class Write(IndexRequest):
    """What all writes have; `remaining` are the positions that no earlier part has done.

    From `deadline` on, in milliseconds since the epoch, nothing may be written: another writer may be at work by then.
    """

    remaining: list[range]
    deadline: int | None = None


@dataclass(frozen=True, kw_only=True)
class PutVectors(Write):
    """Ask to store vectors."""

    operation = "put_vectors"
    vectors: list[Record]
    restriction: Restriction | None = None

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the vectors."""
        vectors = read_records(members)
        return cls(
            budget_ms=budget_ms,
            vectors=vectors,
            restriction=read_restriction(members),
            **_how_to_write(members, len(vectors)),
        )


@dataclass(frozen=True, kw_only=True)
class PutMetadata(Write):
    """Ask to store other metadata for vectors that the index has."""

    operation = "put_metadata"
    vectors: list[MetadataRecord]

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the ids and the metadata."""
        vectors = read_metadata_records(members)
        return cls(budget_ms=budget_ms, vectors=vectors, **_how_to_write(members, len(vectors)))


@dataclass(frozen=True, kw_only=True)
class DeleteVectors(Write):
    """Ask to delete vectors."""

    operation = "delete_vectors"
    vector_ids: list[str]
    restriction: Restriction | None = None

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the ids."""
        vector_ids = read_ids(members)
        return cls(
            budget_ms=budget_ms,
            vector_ids=vector_ids,
            restriction=read_restriction(members),
            **_how_to_write(members, len(vector_ids)),
        )


def _how_to_write(members: Members, length: int) -> dict[str, Any]:
    """Take what all writes have."""
    return {
        "index_arn": members.index_arn(),
        "remaining": _remaining(members, length),
        "deadline": members.integer("deadline", 1) if "deadline" in members else None,
    }


def _remaining(members: Members, length: int) -> list[range]:
    """Take what is left to do: everything, unless a continuation says less."""
    if "continuation" not in members:
        return [range(length)]
    continuation = Members(members.take("continuation"), "continuation")
    remaining = read_ranges(continuation, "remaining", length)
    continuation.refuse_the_rest()
    return remaining
