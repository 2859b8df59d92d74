"""What requests have in common, and those that need no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from s3vl_lambda.protocol.members import Members


@dataclass(frozen=True, kw_only=True)
class Request:
    """What every request has; `operation` is its name on the wire."""

    operation: ClassVar[str]
    budget_ms: int

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the operation's own members, checked: none, unless a class says otherwise."""
        del members
        return cls(budget_ms=budget_ms)


@dataclass(frozen=True, kw_only=True)
class AvailabilityCheck(Request):
    """Ask whether the function is there and what it can do."""

    operation = "availability_check"


@dataclass(frozen=True, kw_only=True)
class IndexRequest(Request):
    """A request about one vector index."""

    index_arn: str

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the ARN."""
        return cls(budget_ms=budget_ms, index_arn=members.index_arn())


@dataclass(frozen=True, kw_only=True)
class DescribeIndex(IndexRequest):
    """Ask what the service knows about the index."""

    operation = "describe_index"
