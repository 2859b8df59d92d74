"""What a caller must acknowledge before a template is taken: that it makes IAM resources, or runs macros.

Looked at as the template is written: CloudFormation asks before it evaluates conditions (assumed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import CloudFormationError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Collection

IAM, NAMED_IAM, AUTO_EXPAND = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"
# The resources that can give permissions, each with the property that names it; None where it has no such name.
GIVING_PERMISSIONS = {
    "AWS::IAM::AccessKey": None,
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": None,
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": None,
}


class InsufficientCapabilitiesException(CloudFormationError):  # noqa: N818 - AWS names it
    """The template does what the caller has not acknowledged."""

    code = "InsufficientCapabilitiesException"


def check_capabilities(template: dict[str, Any], given: Collection[str], *, macros: bool = True) -> None:
    """Refuse a template that needs more than is given; a change set shows what macros do, and needs no word for it."""
    unknown = set(given) - {IAM, NAMED_IAM, AUTO_EXPAND}
    if unknown:
        raise ValidationError(
            message=f"1 validation error detected: Value '[{', '.join(given)}]' at 'capabilities' failed to satisfy "
            "constraint: Member must satisfy constraint: [Member must satisfy enum value set: "
            f"[{IAM}, {NAMED_IAM}, {AUTO_EXPAND}]]"
        )
    needed = [*_for_iam(template, given), *_for_macros(template, given if macros else {AUTO_EXPAND})]
    if needed:
        raise InsufficientCapabilitiesException(f"Requires capabilities : [{', '.join(needed)}]")


def _for_iam(template: dict[str, Any], given: Collection[str]) -> list[str]:
    made = [resource for resource in template["Resources"].values() if resource["Type"] in GIVING_PERMISSIONS]
    named = [
        resource
        for resource in made
        if GIVING_PERMISSIONS[resource["Type"]] in resource.get("Properties", {})
    ]
    if named:
        return [] if NAMED_IAM in given else [NAMED_IAM]
    return [] if not made or {IAM, NAMED_IAM} & set(given) else [IAM]


def _for_macros(template: dict[str, Any], given: Collection[str]) -> list[str]:
    return [AUTO_EXPAND] if AUTO_EXPAND not in given and _has_transform(template) else []


def _has_transform(value: Any) -> bool:
    match value:
        case dict():
            return (
                "Transform" in value or "Fn::Transform" in value or any(map(_has_transform, value.values()))
            )
        case list():
            return any(map(_has_transform, value))
        case _:
            return False
