"""What the local CloudFormation really creates; a template with anything else is refused.

The table was checked against the source of moto 5.2.5. A property belongs into it when the service shows the
value afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import resource_class_from_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# A property's own properties, or None when its value is taken as it is.
Shape = dict[str, Any]

PROPERTIES: dict[str, Shape | None] = {
    "AWS::EC2::SecurityGroup": {
        "GroupDescription": None,
        "GroupName": None,
        "SecurityGroupEgress": {
            "CidrIp": None,
            "Description": None,
            "FromPort": None,
            "IpProtocol": None,
            "ToPort": None,
        },
        "VpcId": None,
    },
    "AWS::IAM::Role": {
        "AssumeRolePolicyDocument": None,
        "Description": None,
        "MaxSessionDuration": None,
        "Path": None,
        "Policies": {"PolicyDocument": None, "PolicyName": None},
        "RoleName": None,
    },
    "AWS::Lambda::Function": {
        "Architectures": None,
        "Code": {"ZipFile": None},
        "DeadLetterConfig": {"TargetArn": None},
        "Description": None,
        "Environment": {"Variables": None},
        "FunctionName": None,
        "Handler": None,
        "MemorySize": None,
        "Role": None,
        "Runtime": None,
        "Timeout": None,
        "VpcConfig": {"SecurityGroupIds": None, "SubnetIds": None},
    },
    "AWS::Logs::LogGroup": {"LogGroupName": None, "RetentionInDays": None},
    # Ours: s3vectors/cloudformation.py refuses what it does not know by itself.
    "AWS::S3Vectors::Index": None,
    "AWS::S3Vectors::VectorBucket": None,
    "AWS::S3Vectors::VectorBucketPolicy": None,
    "AWS::SQS::Queue": {"MessageRetentionPeriod": None, "QueueName": None, "SqsManagedSseEnabled": None},
}

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
DELETION_POLICIES = {"Delete", "Retain"}
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


def check_template(template: dict[str, Any]) -> None:
    """Refuse sections and functions that moto would leave as they stand."""
    _refuse("Template", "section", template.keys() - SECTIONS)
    for section in ("Conditions", "Outputs", "Resources"):
        _refuse(section, "function", set(_functions(template.get(section, {}))) - FUNCTIONS)


def check_resources(resources: dict[str, dict[str, Any]], conditions: Mapping[str, bool]) -> None:
    """Refuse the first resource that is wanted and would not be created as it is written."""
    for name, resource in resources.items():
        if "Condition" in resource and not conditions[resource["Condition"]]:
            continue
        kind = resource["Type"]
        where = f"Resource {name} of type {kind}"
        if kind not in PROPERTIES or resource_class_from_type(kind) is None:
            _refuse(f"Resource {name}", "type", [kind])
        _refuse(where, "attribute", resource.keys() - RESOURCE_ATTRIBUTES)
        _refuse(where, "DeletionPolicy", {resource.get("DeletionPolicy", "Delete")} - DELETION_POLICIES)
        _refuse(where, "property", _unknown(resource.get("Properties", {}), PROPERTIES[kind], conditions))


def _unknown(
    value: Any, shape: Shape | None, conditions: Mapping[str, bool], path: str = ""
) -> Iterator[str]:
    """Give the path of each property that the shape does not have."""
    match value:
        case {"Fn::If": [condition, wanted, other]}:
            yield from _unknown(wanted if conditions[condition] else other, shape, conditions, path)
        case list():
            for member in value:
                yield from _unknown(member, shape, conditions, path)
        case dict() if shape is not None and not _is_function(value):
            for name, member in value.items():
                if name in shape:
                    yield from _unknown(member, shape[name], conditions, f"{path}{name}.")
                else:
                    yield f"{path}{name}"


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
