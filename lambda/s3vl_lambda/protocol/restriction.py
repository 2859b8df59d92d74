"""The part of an index that a request is restricted to: keys of metadata, each with $eq or $in.

It means what the filter of the same form means to S3 Vectors, for operations that take no filter there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.filters import is_scalar
from s3vl_lambda.protocol.members import Members

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "restriction"

Scalar = str | int | float | bool


class Restriction:
    """Which values each key must have."""

    def __init__(self, values: Mapping[str, list[Scalar]]) -> None:
        self._values = values

    def admits(self, metadata: Mapping[str, Any]) -> bool:
        """Tell whether a vector with this metadata is in the part."""
        return all(
            any(_same(element, one) for element in _elements(metadata.get(key)) for one in wanted)
            for key, wanted in self._values.items()
        )


def read_restriction(members: Members) -> Restriction | None:
    """Take the restriction, if the request has one."""
    if _NAME not in members:
        return None
    conditions = Members(members.take(_NAME), _NAME)
    values = {key: _wanted(conditions, key) for key in conditions.names()}
    if not values:
        raise members.refuse(_NAME, "must have a key")
    return Restriction(values)


def _wanted(conditions: Members, key: str) -> list[Scalar]:
    """Take the values that are asked of a key."""
    condition = conditions.take(key)
    if isinstance(condition, dict) and len(condition) == 1:
        ((operator, operand),) = condition.items()
        wanted = [operand] if operator == "$eq" else operand if operator == "$in" else None
        if isinstance(wanted, list) and wanted and all(map(is_scalar, wanted)):
            return wanted
    raise conditions.refuse(
        key, "must have $eq with a text, a number or a boolean, or $in with an array of them"
    )


def _elements(value: Any) -> list[Any]:
    """Give what may match: an array matches by any of its elements."""
    return value if isinstance(value, list) else [value]


def _same(value: Any, other: Scalar) -> bool:
    """Compare by type and value: true is not 1, though it is in Python, and 1 is 1.0."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    return bool(value == other)
