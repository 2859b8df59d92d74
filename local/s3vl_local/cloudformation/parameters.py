"""The parameters of a stack: checked as CloudFormation does, with its messages where they are known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.ec2.exceptions import EC2ClientError

from .conditions import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VPC = "AWS::EC2::VPC::Id"
SUBNET = "AWS::EC2::Subnet::Id"
SECURITY_GROUP = "AWS::EC2::SecurityGroup::Id"
TYPES = {
    "String",
    "Number",
    "CommaDelimitedList",
    SECURITY_GROUP,
    f"List<{SECURITY_GROUP}>",
    SUBNET,
    f"List<{SUBNET}>",
    VPC,
}
PROPERTIES = {
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "Type",
}


class Parameters:
    """The values that a stack gets: those given, and defaults for the others."""

    def __init__(self, declared: dict[str, dict[str, Any]], given: Mapping[str, str], ec2: Any) -> None:
        """Check them all, or raise ValidationError."""
        self.declared = declared
        self._ec2 = ec2
        defaults = {name: as_text(slot["Default"]) for name, slot in declared.items() if "Default" in slot}
        self.texts: dict[str, str] = {**defaults, **given}
        _refuse_names(given.keys() - declared.keys(), "do not exist in the template")
        _refuse_names(declared.keys() - self.texts.keys(), "must have values")
        for name, slot in declared.items():
            self._check(name, slot)

    def values_of_type(self, wanted: str) -> Iterator[str]:
        """Give every value of the parameters of one type, and of lists of it."""
        for name, slot in self.declared.items():
            if slot["Type"] in (wanted, f"List<{wanted}>"):
                yield from self._members(name)

    def attribute(self, kind: str, value: str, attribute: str) -> str | None:
        """Return what Fn::ValueOf gives of one value, or None for what is not known here."""
        match kind, attribute:
            case ("AWS::EC2::VPC::Id", "VpcId"):
                return value
            case ("AWS::EC2::Subnet::Id" | "List<AWS::EC2::Subnet::Id>", "VpcId"):
                vpc: str = self._ec2.get_subnet(value).vpc_id
                return vpc
        return None

    def value(self, name: str) -> str | list[str]:
        """Return what Ref gives: a text, or a list of texts."""
        kind = self.declared[name]["Type"]
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [member.strip() for member in self.texts[name].split(",")]
        return self.texts[name]

    def _members(self, name: str) -> list[str]:
        value = self.value(name)
        return value if isinstance(value, list) else [value]

    def _check(self, name: str, slot: dict[str, Any]) -> None:
        if slot["Type"] not in TYPES or not slot.keys() <= PROPERTIES:
            raise ValidationError(
                message=f"Parameter {name}: the local CloudFormation does not check all of {slot}. "
                f"It knows the types {sorted(TYPES)} and the properties {sorted(PROPERTIES)}."
            )
        for value in self._members(name):
            problem = _problem(value, slot)
            if problem is not None:
                description = slot.get("ConstraintDescription")
                raise ValidationError(
                    message=f"Parameter {name} failed to satisfy constraint: {description}"
                    if description
                    else f"Parameter '{name}' {problem}"
                )
            if not self._exists(value, slot["Type"]):
                raise ValidationError(
                    message=f"Parameter validation failed: parameter value {value} for parameter name {name} "
                    "does not exist"
                )

    def _exists(self, value: str, kind: str) -> bool:
        try:
            if kind == VPC:
                self._ec2.get_vpc(value)
            elif SUBNET in kind:
                self._ec2.get_subnet(value)
            elif SECURITY_GROUP in kind:
                return self._ec2.get_security_group_from_id(value) is not None
        except EC2ClientError:
            return False
        return True


def _refuse_names(names: set[str], complaint: str) -> None:
    if names:
        raise ValidationError(message=f"Parameters: [{', '.join(sorted(names))}] {complaint}")


def _problem(value: str, slot: dict[str, Any]) -> str | None:
    """Say which constraint a value breaks."""
    if "AllowedValues" in slot and value not in as_text(slot["AllowedValues"]):
        return "must be one of AllowedValues"
    if "AllowedPattern" in slot and not re.fullmatch(slot["AllowedPattern"], value):
        return f"must match pattern {slot['AllowedPattern']}"
    if slot["Type"] == "Number":
        return _number_problem(value, slot)
    if len(value) < int(slot.get("MinLength", 0)):
        return f"must contain at least {slot['MinLength']} characters"
    if len(value) > int(slot.get("MaxLength", len(value))):
        return f"must contain at most {slot['MaxLength']} characters"
    return None


def _number_problem(value: str, slot: dict[str, Any]) -> str | None:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return "must be a number"
    if float(value) < float(slot.get("MinValue", value)):
        return f"must be a number not less than {slot['MinValue']}"
    if float(value) > float(slot.get("MaxValue", value)):
        return f"must be a number not greater than {slot['MaxValue']}"
    return None
