"""The metadata filter, checked and brought into the form that S3 Vectors takes.

The service takes one key per object, so `{"a": 1, "b": 2}` has to become `{"$and": [{"a": 1}, {"b": 2}]}`,
and it answers every mistake with "Invalid filter". Here a mistake is answered with the place where it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.errors import InvalidRequestError, shown
from s3vl_lambda.protocol.members import is_number

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = "metadata_filter"
_MAX_CONSTRAINTS = 100
# As many levels as constraints: more of them could only wrap, and would exhaust Python's stack.
_MAX_DEPTH = 100
_GROUPS = ("$and", "$or")


def normalise(metadata_filter: Any) -> dict[str, Any] | None:
    """Give the filter that S3 Vectors takes and that means the same; none when the filter is empty."""
    if metadata_filter == {}:
        return None
    normalised, constraints = _filter(metadata_filter, _ROOT, depth=1)
    if constraints > _MAX_CONSTRAINTS:
        raise InvalidRequestError.at(
            _ROOT, f"has {constraints} constraints; S3 Vectors allows at most {_MAX_CONSTRAINTS} per query"
        )
    return normalised


def _filter(value: Any, path: str, depth: int) -> tuple[dict[str, Any], int]:
    """Check one filter object; give it with one key per object, and how many constraints it has."""
    if not isinstance(value, dict):
        raise InvalidRequestError.at(path, f"must be an object, got {shown(value)}")
    if not value:
        raise InvalidRequestError.at(path, "must not be an empty object; leave it out")
    if depth > _MAX_DEPTH:
        raise InvalidRequestError.at(path, f"is nested more than {_MAX_DEPTH} levels deep")
    members, counts = zip(
        *(_member(key, operand, path, depth) for key, operand in value.items()), strict=True
    )
    return (members[0] if len(members) == 1 else {"$and": list(members)}), sum(counts)


def _member(key: str, operand: Any, path: str, depth: int) -> tuple[dict[str, Any], int]:
    """Check one key of a filter object and what stands under it."""
    path = f"{path}.{key}"
    if key in _GROUPS:
        if not isinstance(operand, list) or not operand:
            raise InvalidRequestError.at(path, f"must be a non-empty array of filters, got {shown(operand)}")
        branches = [_filter(branch, f"{path}[{i}]", depth + 1) for i, branch in enumerate(operand)]
        return {key: [branch for branch, _ in branches]}, sum(count for _, count in branches)
    if key.startswith("$"):
        raise InvalidRequestError.at(
            path, f"is not an operator here; use {' or '.join(_GROUPS)}, or a metadata key"
        )
    if isinstance(operand, dict):
        return {key: operand}, _comparisons(operand, path)
    if not is_scalar(operand):
        raise InvalidRequestError.at(
            path, f"must be text, a number, a boolean or an object of operators, got {shown(operand)}"
        )
    return {key: operand}, 1


def _comparisons(operators: dict[str, Any], path: str) -> int:
    """Check the operators under a metadata key; give how many constraints they are."""
    if not operators:
        raise InvalidRequestError.at(path, f"has no operator; use one of {', '.join(_OPERANDS)}")
    for operator, operand in operators.items():
        if operator not in _OPERANDS:
            raise InvalidRequestError.at(
                f"{path}.{operator}", f"is not an operator; use one of {', '.join(_OPERANDS)}"
            )
        is_right, wanted = _OPERANDS[operator]
        if not is_right(operand):
            raise InvalidRequestError.at(f"{path}.{operator}", f"takes {wanted}, got {shown(operand)}")
    # Each value that is compared counts: {"$in": [1, 2, 3]} is three constraints.
    return sum(len(operand) if isinstance(operand, list) else 1 for operand in operators.values())


def _is_text(value: Any) -> bool:
    """Tell whether a value is text."""
    return isinstance(value, str)


def _is_boolean(value: Any) -> bool:
    """Tell whether a value is true or false."""
    return isinstance(value, bool)


def is_scalar(value: Any) -> bool:
    """Tell whether a metadata value can be equal to this one."""
    return _is_text(value) or _is_boolean(value) or is_number(value)


def _is_scalar_list(value: Any) -> bool:
    """Tell whether a metadata value can be one of these."""
    return isinstance(value, list) and bool(value) and all(map(is_scalar, value))


_Operand = tuple["Callable[[Any], bool]", str]
_SCALAR: _Operand = (is_scalar, "text, a number or a boolean")
_NUMBER: _Operand = (is_number, "a number")
_SCALAR_LIST: _Operand = (_is_scalar_list, "a non-empty array of texts, numbers or booleans")
_OPERANDS: dict[str, _Operand] = {
    "$eq": _SCALAR,
    "$ne": _SCALAR,
    "$gt": _NUMBER,
    "$gte": _NUMBER,
    "$lt": _NUMBER,
    "$lte": _NUMBER,
    "$in": _SCALAR_LIST,
    "$nin": _SCALAR_LIST,
    "$exists": (_is_boolean, "true or false"),
    "$startsWith": (_is_text, "text"),
}
