"""A template, before anything is created: what its conditions leave of it, and what in it is refused."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.utils import yaml_tag_constructor

from .types import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .resources import Shape

SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
}
RESOURCE_ATTRIBUTES = {
    "Condition",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdateReplacePolicy",
}
POLICIES = {"Delete", "Retain"}
FUNCTIONS = {
    "Fn::And",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
}
NOTHING = {"Ref": "AWS::NoValue"}


class _Loader(yaml.SafeLoader):
    """Reads YAML and, with it, JSON, with the short forms of CloudFormation's functions."""


_Loader.add_multi_constructor("!", lambda loader, name, node: yaml_tag_constructor(loader, f"!{name}", node))


def read_template(text: str) -> dict[str, Any]:
    """Return the template that a text is, with resources of some type in it."""
    try:
        template = yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else f" ({error})"
        raise ValidationError(message=f"Template format error: YAML not well-formed.{where}") from error
    if not isinstance(template, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    for section in SECTIONS & template.keys() - {"AWSTemplateFormatVersion", "Description"}:
        if not isinstance(template[section], dict):
            raise ValidationError(message=f"Template format error: [/{section}] is no object.")
    if not template.get("Resources"):
        raise ValidationError(message="Template format error: At least one Resources member must be defined.")
    for name, resource in template["Resources"].items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise ValidationError(
                message=f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
            )
        if not isinstance(resource.get("Properties", {}), dict):
            raise ValidationError(
                message=f"Template format error: [/Resources/{name}/Properties] is no object."
            )
    return template


def check_template(template: dict[str, Any]) -> None:
    """Refuse sections and functions that moto would leave as they stand."""
    _refuse("Template", "section", template.keys() - SECTIONS)
    for section in ("Conditions", "Outputs", "Resources"):
        _refuse(section, "function", set(_functions(template.get(section, {}))) - FUNCTIONS)


def wanted(section: dict[str, dict[str, Any]], conditions: Mapping[str, bool]) -> dict[str, dict[str, Any]]:
    """Return the resources or outputs whose conditions hold, without Fn::If and AWS::NoValue."""
    return {
        name: _chosen(definition, conditions)
        for name, definition in section.items()
        if "Condition" not in definition or conditions[definition["Condition"]]
    }


def check_resources(resources: dict[str, dict[str, Any]]) -> None:
    """Refuse the first resource that would not be created as it is written."""
    for name, resource in resources.items():
        kind = resource["Type"]
        where = f"Resource {name} of type {kind}"
        if kind not in TYPES:
            _refuse(f"Resource {name}", "type", [kind])
        _refuse(where, "attribute", resource.keys() - RESOURCE_ATTRIBUTES)
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            _refuse(where, policy, {resource.get(policy, "Delete")} - POLICIES)
        _refuse(where, "property", _unknown(resource.get("Properties", {}), TYPES[kind].properties))


def creation_order(
    resources: dict[str, dict[str, Any]], outputs: dict[str, dict[str, Any]], others: Iterable[str]
) -> list[str]:
    """Return the resources, each after those that it needs; every reference must lead somewhere."""
    needs: dict[str, list[str]] = {}
    for name, resource in resources.items():
        depends_on = resource.get("DependsOn", [])
        # What a condition leaves out need not be waited for.
        waits = [depends_on] if isinstance(depends_on, str) else depends_on
        references = _references(resource.get("Properties", {}), resources, others, "Resources")
        needs[name] = sorted({*references, *(resources.keys() & set(waits))})
    _references(outputs, resources, others, "Outputs")
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        cycle = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(message=f"Circular dependency between resources: [{cycle}]") from error


def _chosen(value: Any, conditions: Mapping[str, bool]) -> Any:
    match value:
        case {"Fn::If": [condition, then, otherwise]}:
            return _chosen(then if conditions[condition] else otherwise, conditions)
        case dict():
            chosen = {name: _chosen(member, conditions) for name, member in value.items()}
            return {name: member for name, member in chosen.items() if member != NOTHING}
        case list():
            return [member for member in (_chosen(part, conditions) for part in value) if member != NOTHING]
        case _:
            return value


def _references(
    value: Any, resources: dict[str, dict[str, Any]], others: Iterable[str], section: str
) -> Iterator[str]:
    """Give the resources that a part of the template refers to."""
    for name, attribute in _targets(value):
        if name in resources:
            kind = resources[name]["Type"]
            if attribute is not None and attribute not in TYPES[kind].attributes:
                raise ValidationError(
                    message=f"Template error: resource {name} does not support attribute type {attribute} "
                    "in Fn::GetAtt"
                )
            yield name
        elif attribute is not None or name not in others:
            raise ValidationError(
                message=f"Template format error: Unresolved resource dependencies [{name}] in the "
                f"{section} block of the template"
            )


def _targets(value: Any) -> Iterator[tuple[str, str | None]]:
    """Give every name that is referred to, and the attribute if one is asked for."""
    match value:
        case {"Ref": str(name)}:
            yield name, None
        case {"Fn::GetAtt": [name, attribute]}:
            yield name, attribute
        case {"Fn::Sub": [str(text), dict(local)]}:
            yield from ((name, rest) for name, rest in _in_text(text) if name not in local)
            yield from _targets(local)
        case {"Fn::Sub": str(text)}:
            yield from _in_text(text)
        case dict():
            for member in value.values():
                yield from _targets(member)
        case list():
            for member in value:
                yield from _targets(member)


def _in_text(text: str) -> Iterator[tuple[str, str | None]]:
    for inside in re.findall(r"\$\{([^!][^}]*)\}", text):
        name, _, attribute = inside.strip().partition(".")
        yield name, attribute or None


def _unknown(value: Any, shape: Any, path: str = "") -> Iterator[str]:
    """Give the path of each property that the shape does not have."""
    match value:
        case list():
            for member in value:
                yield from _unknown(member, shape, path)
        case dict() if isinstance(shape, dict) and not _is_function(value):
            for name, member in value.items():
                if name in shape:
                    yield from _unknown(member, shape[name], f"{path}{name}.")
                else:
                    yield f"{path}{name}"


def converted(value: Any, shape: Shape | Any) -> Any:
    """Return a value with the types that its shape has, as CloudFormation converts texts."""
    match value:
        case list():
            return [converted(member, shape) for member in value]
        case dict() if isinstance(shape, dict):
            return {name: converted(member, shape[name]) for name, member in value.items()}
        case _ if callable(shape):
            return shape(value)
        case _:
            return value


def _functions(value: Any) -> Iterator[str]:
    """Give the name of each function in a part of the template."""
    match value:
        case dict():
            for name, member in value.items():
                if name.startswith("Fn::"):
                    yield name
                yield from _functions(member)
        case list():
            for member in value:
                yield from _functions(member)


def _is_function(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def _refuse(where: str, what: str, names: Iterable[str]) -> None:
    listed = ", ".join(sorted(names))
    if listed:
        raise ValidationError(
            message=f"{where}: the local CloudFormation does not create {what} {listed}. "
            "Leave it out, or add it to local/s3vl_local/cloudformation."
        )
