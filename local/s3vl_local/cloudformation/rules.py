"""The Rules section of a template: assertions about its parameters. moto ignores it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

from .parameters import SUBNET

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
        if not _evaluate(rule.get("RuleCondition", True), parameters):
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
            return expression


def _call(expression: dict[str, Any], parameters: Parameters) -> Any:
    [(function, argument)] = expression.items()
    match function, argument:
        case "Ref", name if name in parameters.declared:
            return parameters.value(name)
        case "Fn::RefAll", kind:
            return list(parameters.values_of_type(kind))
        case "Fn::ValueOfAll", [kind, "VpcId"] if kind == SUBNET:
            return [parameters.vpc_of_subnet(subnet) for subnet in parameters.values_of_type(SUBNET)]
        case _ if function in OPERATORS:
            return OPERATORS[function](*_evaluate(argument, parameters))
        case _:
            raise ValidationError(
                message=f"Template error: the local CloudFormation cannot evaluate {expression} in a rule. "
                "Write it differently, or add it to local/s3vl_local/cloudformation/rules.py."
            )
