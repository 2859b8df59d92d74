"""The Rules section of a template: assertions about its parameters. moto ignores it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

from .conditions import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from .parameters import Parameters

OPERATORS: dict[str, Callable[..., bool]] = {
    "Fn::And": lambda *conditions: all(conditions),
    "Fn::Contains": lambda texts, text: text in texts,
    "Fn::EachMemberIn": lambda texts, allowed: set(texts) <= set(allowed),
    "Fn::Equals": lambda one, other: one == other,
    "Fn::Not": lambda condition: not condition,
    "Fn::Or": lambda *conditions: any(conditions),
}


def check_rules(rules: dict[str, dict[str, Any]], parameters: Parameters) -> None:
    """Raise ValidationError for the first assertion that does not hold."""
    for name, rule in rules.items():
        if "RuleCondition" in rule and not _evaluate(rule["RuleCondition"], parameters):
            continue
        for assertion in rule["Assertions"]:
            if not _evaluate(assertion["Assert"], parameters):
                raise ValidationError(
                    message=f"Rule {name} failed: {assertion.get('AssertDescription', assertion)}"
                )


def _evaluate(expression: Any, parameters: Parameters) -> Any:
    """Return the value of a rule's expression: true or false, a text, or a list of texts."""
    match expression:
        case dict():
            return _call(expression, parameters)
        case list():
            return [_evaluate(part, parameters) for part in expression]
        case _:
            return as_text(expression)


def _call(expression: dict[str, Any], parameters: Parameters) -> Any:
    [(function, argument)] = expression.items()
    match function, argument:
        case "Ref", name if name in parameters.declared:
            return parameters.value(name)
        case "Fn::RefAll", kind:
            return list(parameters.values_of_type(kind))
        case "Fn::ValueOf", [name, attribute] if name in parameters.declared:
            kind, value = parameters.declared[name]["Type"], parameters.value(name)
            if isinstance(value, list):
                return [_attribute(expression, parameters, kind, member, attribute) for member in value]
            return _attribute(expression, parameters, kind, value, attribute)
        case "Fn::ValueOfAll", [kind, attribute]:
            return [
                _attribute(expression, parameters, kind, member, attribute)
                for member in parameters.values_of_type(kind)
            ]
        case _ if function in OPERATORS:
            return OPERATORS[function](*_evaluate(argument, parameters))
        case _:
            raise _unknown(expression)


def _attribute(
    expression: dict[str, Any], parameters: Parameters, kind: str, value: str, attribute: str
) -> str:
    found = parameters.attribute(kind, value, attribute)
    if found is None:
        raise _unknown(expression)
    return found


def _unknown(expression: dict[str, Any]) -> ValidationError:
    return ValidationError(
        message=f"Template error: the local CloudFormation cannot evaluate {expression} in a rule. "
        "Write it differently, or add it to local/s3vl_local/cloudformation/rules.py."
    )
