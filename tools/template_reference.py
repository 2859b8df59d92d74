"""What docs/cloudformation.md lists of cloudformation/template.yaml, read from the template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.cloudformation.models import Stack

if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPLATE = Path(__file__).resolve().parent.parent / "cloudformation" / "template.yaml"
ALWAYS = "always"


def read() -> dict[str, Any]:
    """Return the template, with its functions in the long form."""
    template: dict[str, Any] = Stack.parse_template(TEMPLATE.read_text(encoding="utf-8"))
    return template


def parameters(template: dict[str, Any]) -> str:
    """Return the parameters under the headings that the console shows."""
    parts = []
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        slots = {name: template["Parameters"][name] for name in group["Parameters"]}
        rows = [
            (f"`{name}`", _default(slot), _allowed(slot), slot["Description"]) for name, slot in slots.items()
        ]
        table = _table(("parameter", "default", "allowed", "what it does"), rows)
        parts.append(f"### {group['Label']['default']}\n\n{table}")
    return "\n\n".join(parts)


def rules(template: dict[str, Any]) -> str:
    """Return what is refused before anything is created."""
    rows = [
        (f"`{name}`", _when_counted(rule), assertion["AssertDescription"])
        for name, rule in template["Rules"].items()
        for assertion in rule["Assertions"]
    ]
    return _table(("rule", "counts when", "says"), rows)


def resources(template: dict[str, Any]) -> str:
    """Return the resources, and when each is created."""
    rows = [
        (f"`{name}`", resource["Type"], _when(resource, template["Conditions"]))
        for name, resource in template["Resources"].items()
    ]
    return _table(("resource", "type", "created when"), rows)


def alarms(template: dict[str, Any]) -> str:
    """Return the alarms and what each means."""
    rows = [
        (f"`{name}`", resource["Properties"]["AlarmDescription"])
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    return _table(("alarm", "what happened"), rows)


def outputs(template: dict[str, Any]) -> str:
    """Return the outputs, and when each is there."""
    rows = [
        (f"`{name}`", output["Description"], _when(output, template["Conditions"]))
        for name, output in template["Outputs"].items()
    ]
    return _table(("output", "what it is", "there when"), rows)


def condition_in_words(expression: dict[str, Any], conditions: dict[str, Any], *, holds: bool = True) -> str:
    """Say in words when an expression holds, or when it does not."""
    match expression:
        case {"Condition": str(name)}:
            return condition_in_words(conditions[name], conditions, holds=holds)
        case {"Fn::Not": [other]}:
            return condition_in_words(other, conditions, holds=not holds)
        case {"Fn::And": [*parts]} if holds:
            return " and ".join(condition_in_words(part, conditions) for part in parts)
        case {"Fn::Equals": [{"Ref": str(parameter)}, ""]}:
            return f"`{parameter}` is {'empty' if holds else 'given'}"
        case {"Fn::Equals": [{"Ref": str(parameter)}, "true"]}:
            return f"`{parameter}` is {'true' if holds else 'false'}"
        case _:
            raise ValueError(
                f"there are no words for the condition {expression} (holds: {holds}); "
                "add them to condition_in_words() in tools/template_reference.py"
            )


def _when(part: dict[str, Any], conditions: dict[str, Any]) -> str:
    return condition_in_words(conditions[part["Condition"]], conditions) if "Condition" in part else ALWAYS


def _when_counted(rule: dict[str, Any]) -> str:
    return condition_in_words(rule["RuleCondition"], {}) if "RuleCondition" in rule else ALWAYS


def _default(slot: dict[str, Any]) -> str:
    if "Default" not in slot:
        return "required"
    return f"`{slot['Default']}`" if slot["Default"] != "" else "empty"


def _allowed(slot: dict[str, Any]) -> str:
    if "AllowedValues" in slot:
        return ", ".join(f"`{value}`" for value in slot["AllowedValues"])
    if "ConstraintDescription" in slot:
        return str(slot["ConstraintDescription"].removeprefix("must be "))
    # What is left are types that CloudFormation checks against the account.
    return f"`{slot['Type']}`"


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (heading, *rows)]
    lines.insert(1, "|---" * len(heading) + "|")
    return "\n".join(lines)
