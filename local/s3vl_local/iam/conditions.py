"""The Condition of a policy statement.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .patterns import UnknownPolicyElementError, arn_like, like

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # The values of a request's condition keys; most have one.
    Context = Mapping[str, tuple[str, ...]]

# What the local cloud can tell of a request. One that is known and absent is decided by the operator; one that is
# not known could be anything.
KEYS = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:RequestedRegion",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:TagKeys",
    "lambda:SourceFunctionArn",
)
_BY_LOWER_CASE = {key.lower(): key for key in KEYS}


def _equals(wanted: str, given: str) -> bool:
    return wanted == given


def _equals_boolean(wanted: str, given: str) -> bool:
    return wanted.lower() == given.lower()


# Whether the operator is a negation, and what it compares with.
_OPERATORS: dict[str, tuple[bool, Callable[[str, str], bool]]] = {
    "StringEquals": (False, _equals),
    "StringNotEquals": (True, _equals),
    "StringLike": (False, like),
    "StringNotLike": (True, like),
    "ArnEquals": (False, arn_like),
    "ArnNotEquals": (True, arn_like),
    "ArnLike": (False, arn_like),
    "ArnNotLike": (True, arn_like),
    "Bool": (False, _equals_boolean),
}
_QUANTIFIERS = ("", "ForAllValues", "ForAnyValue")


def hold(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Tell whether every line of a Condition holds."""
    return all(
        _holds(operator, key, as_texts(values), context)
        for operator, lines in condition.items()
        for key, values in lines.items()
    )


def as_texts(values: Any) -> list[str]:
    """Return the values of an element, which may be one or a list; JSON's booleans and numbers are texts."""
    several = values if isinstance(values, list) else [values]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in several]


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    if key.lower() not in _BY_LOWER_CASE:
        raise UnknownPolicyElementError(
            f"the condition key {key!r} is not known here; there are {', '.join(KEYS)}"
        )
    given = context.get(_BY_LOWER_CASE[key.lower()], ())
    if operator == "Null":
        return as_texts(not given) == wanted
    quantifier, _, name = operator.rpartition(":")
    base = name.removesuffix("IfExists")
    if base not in _OPERATORS or quantifier not in _QUANTIFIERS:
        raise UnknownPolicyElementError(
            f"the condition operator {operator!r} is not known here; there are {', '.join(_OPERATORS)} and Null, "
            "with ForAllValues:, ForAnyValue: and IfExists"
        )
    negated, equal = _OPERATORS[base]
    if not given:
        if quantifier == "ForAnyValue":
            return False
        return negated or name != base or quantifier == "ForAllValues"
    found = [any(equal(value, one) for value in wanted) != negated for one in given]
    return any(found) if quantifier == "ForAnyValue" else all(found)
