"""Ranges of positions on the wire: from 1, both ends included, as in [[1, 1500], [2001, 2500]]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3vl_lambda.protocol.members import Members

Ranges = list[list[int]]


def written_as(positions: Iterable[range]) -> Ranges:
    """Write Python's ranges, ascending, as few as they can be."""
    ranges: Ranges = []
    for some in positions:
        if ranges and ranges[-1][1] == some.start:
            ranges[-1][1] = some.stop
        else:
            ranges.append([some.start + 1, some.stop])
    return ranges


def read_ranges(members: Members, name: str, length: int) -> list[range]:
    """Take ascending ranges within 1 and `length`, as Python's."""
    ranges: list[range] = []
    for value in members.array(name):
        lowest = ranges[-1].stop if ranges else 0
        if not _is_range(value) or not lowest < value[0] <= value[1] <= length:
            wanted = f"must be ascending ranges of positions from 1 to {length}"
            raise members.refuse(name, f"{wanted}, got {shown(value)}")
        ranges.append(range(value[0] - 1, value[1]))
    return ranges


def count(ranges: Ranges) -> int:
    """Count the positions."""
    return sum(last - first + 1 for first, last in ranges)


def _is_range(value: Any) -> bool:
    """Tell whether a value is a pair of integers."""
    return isinstance(value, list) and [type(end) for end in value] == [int, int]
