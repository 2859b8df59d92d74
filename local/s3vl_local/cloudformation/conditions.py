"""The Conditions section of a template. moto compares numbers with texts, which are then never equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable


def evaluate_conditions(declared: dict[str, Any], value_of: Callable[[Any], Any]) -> dict[str, bool]:
    """Return which conditions hold; `value_of` gives the value of an expression of parameters and mappings."""

    def holds(expression: Any) -> bool:
        match expression:
            case {"Condition": str(name)} if name in declared:
                return holds(declared[name])
            case {"Fn::And": [*parts]}:
                return all(holds(part) for part in parts)
            case {"Fn::Or": [*parts]}:
                return any(holds(part) for part in parts)
            case {"Fn::Not": [part]}:
                return not holds(part)
            case {"Fn::Equals": [one, other]}:
                return bool(as_text(value_of(one)) == as_text(value_of(other)))
            case _:
                raise ValidationError(message=f"Template error: {expression} is not a condition")

    return {name: holds(expression) for name, expression in declared.items()}


def as_text(value: Any) -> Any:
    """Return a value as CloudFormation compares it: YAML's true and 5 are the texts "true" and "5"."""
    if isinstance(value, list):
        return [as_text(member) for member in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
