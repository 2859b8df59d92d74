"""The metadata filter language: a filter is checked and compiled once, then asked about each vector.

Rules and messages are from facts, section 5. Every object has one key: a field, or $and/$or.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from s3vl_local.s3vectors.exceptions import InvalidFilterError

Metadata = dict[str, Any]
Predicate = Callable[[Metadata], bool]
Scalar = str | int | float | bool

MAX_CONSTRAINTS = 100
# The service's own limit is not known; this one keeps a filter clear of Python's recursion limit.
MAX_DEPTH = 100

_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


@dataclass(frozen=True)
class _Filter:
    """A compiled filter: what it asks, how many values it compares with, which fields and operators it has."""

    matches: Predicate
    constraints: int
    fields: frozenset[str]
    operators: frozenset[str]


def compile_filter(document: Any, non_filterable: set[str], *, enhanced: bool = True) -> Predicate:
    """Compile a filter for an index with these non-filterable keys, or refuse it as the service would.

    `enhanced` tells how the query is to be answered: CLASSIC has no $startsWith, and no limit of constraints.
    """
    compiled = _compile(document, depth=1)
    if compiled.fields & non_filterable:
        raise InvalidFilterError("Invalid use of non-filterable metadata in filter")
    if not enhanced and "$startsWith" in compiled.operators:
        raise InvalidFilterError("Invalid filter: $startsWith needs an index or a query in ENHANCED mode")
    if enhanced and compiled.constraints > MAX_CONSTRAINTS:
        raise InvalidFilterError(
            f"Invalid filter: at most {MAX_CONSTRAINTS} constraints are allowed, got {compiled.constraints}"
        )
    return compiled.matches


def _compile(document: Any, depth: int) -> _Filter:
    if not isinstance(document, dict) or len(document) != 1 or depth > MAX_DEPTH:
        raise InvalidFilterError
    ((name, condition),) = document.items()
    if name in ("$and", "$or"):
        return _combine(all if name == "$and" else any, condition, depth)
    if name.startswith("$"):
        raise InvalidFilterError
    return _compile_field(name, condition)


def _combine(quantifier: Callable[..., bool], branches: Any, depth: int) -> _Filter:
    if not isinstance(branches, list) or not branches:
        raise InvalidFilterError
    filters = [_compile(branch, depth + 1) for branch in branches]
    predicates = [branch.matches for branch in filters]
    return _Filter(
        matches=lambda metadata: quantifier(matches(metadata) for matches in predicates),
        constraints=sum(branch.constraints for branch in filters),
        fields=frozenset().union(*(branch.fields for branch in filters)),
        operators=frozenset().union(*(branch.operators for branch in filters)),
    )


def _compile_field(field: str, condition: Any) -> _Filter:
    """Compile what is asked of one field: a plain value, or an object of operators that must all hold."""
    if not isinstance(condition, dict):
        condition = {"$eq": condition}
    if not condition:
        raise InvalidFilterError
    predicates = [_compile_operator(field, name, operand) for name, operand in condition.items()]
    return _Filter(
        # Most have one operator, and a query asks it of every vector.
        matches=predicates[0]
        if len(predicates) == 1
        else lambda metadata: all(matches(metadata) for matches in predicates),
        constraints=sum(len(operand) if isinstance(operand, list) else 1 for operand in condition.values()),
        fields=frozenset({field}),
        operators=frozenset(condition),
    )


def _compile_operator(field: str, name: str, operand: Any) -> Predicate:
    if name in ("$eq", "$ne", "$in", "$nin"):
        wanted = _operands(operand, many=name in ("$in", "$nin"))
        if name in ("$eq", "$in"):
            return _any_value(field, lambda value: any(_same(value, w) for w in wanted))
        return lambda metadata: _differs(metadata, field, wanted)
    if name in _ORDERINGS and _is_number(operand) and -math.inf < operand < math.inf:
        holds = _ORDERINGS[name]
        return _any_value(field, lambda value: _is_number(value) and holds(value, operand))
    if name == "$exists" and isinstance(operand, bool):
        return lambda metadata: (field in metadata) == operand
    if name == "$startsWith" and isinstance(operand, str):
        return _any_value(field, lambda value: isinstance(value, str) and value.startswith(operand))
    raise InvalidFilterError


def _operands(operand: Any, *, many: bool) -> list[Scalar]:
    """Return the values that an operator compares with, if they are of the kind and number it takes."""
    operands = operand if many else [operand]
    if not isinstance(operands, list) or not operands:
        raise InvalidFilterError
    if not all(isinstance(value, str | int | float) for value in operands):  # a bool is an int
        raise InvalidFilterError
    return operands


def _any_value(field: str, holds: Callable[[Scalar], bool]) -> Predicate:
    """Return what tells whether something holds for a field's value, or for any element of its array."""

    def matches(metadata: Metadata) -> bool:
        value = metadata.get(field)
        if isinstance(value, list):
            return any(map(holds, value))
        return value is not None and holds(value)

    return matches


def _values(metadata: Metadata, field: str) -> list[Scalar]:
    """Return the values to compare: the elements of an array, any of which may match, or the one value."""
    if field not in metadata:
        return []
    value = metadata[field]
    return value if isinstance(value, list) else [value]


def _differs(metadata: Metadata, field: str, unwanted: list[Scalar]) -> bool:
    """Tell whether $ne or $nin holds: no element equals any of the values.

    An assumption: a vector without the field matches. AWS does not say; it is so in MongoDB, whose operators
    these are. Whoever needs to be sure adds {"$exists": true}.
    """
    return not any(_same(value, other) for value in _values(metadata, field) for other in unwanted)


def _same(value: Scalar, other: Scalar) -> bool:
    """Compare by type and value: true is not 1 (though it is in Python), and 1 is 1.0."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    return value == other


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
