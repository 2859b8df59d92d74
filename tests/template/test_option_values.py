"""Which values the optional parameters take, in every partition."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from conftest import Account

INDEX = "arn:aws:s3vectors:us-west-2:123456789012:bucket/mine/index/docs"


def takes(template: dict[str, Any], parameter: str, value: str) -> bool:
    """Tell whether a value satisfies a parameter's pattern."""
    return re.fullmatch(template["Parameters"][parameter]["AllowedPattern"], value) is not None


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("ReservedConcurrency", "-1"),
        ("ReservedConcurrency", "ten"),
        ("NonFilterableMetadataKeys", "a, b"),
        ("NonFilterableMetadataKeys", "a,,b"),
        ("NonFilterableMetadataKeys", ",".join("abcdefghijk")),
        ("NonFilterableMetadataKeys", "x" * 64),
        ("ExistingVectorBucketArn", "mine"),
        ("ExistingVectorBucketArn", INDEX),
        ("ExistingVectorIndexArns", INDEX.removesuffix("/index/docs")),
        ("ExistingVectorIndexArns", f"{INDEX}, {INDEX}"),
        ("ExistingVectorIndexArns", f"{INDEX},"),
        ("ExistingVectorIndexArns", f"{INDEX}{INDEX}"),
        ("KmsKeyArn", "arn:aws:kms:us-west-2:123456789012:alias/mine"),
        ("PermissionsBoundaryArn", "arn:aws:iam::123456789012:role/mine"),
        ("AlarmTopicArn", "on-call"),
    ],
)
def test_bad_values_are_refused(template: dict[str, Any], parameter: str, value: str) -> None:
    """The pattern does not let them through."""
    assert not takes(template, parameter, value)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("ReservedConcurrency", "0"),
        ("ReservedConcurrency", "10000"),
        ("NonFilterableMetadataKeys", "text"),
        ("NonFilterableMetadataKeys", ",".join("abcdefghij")),
        ("NonFilterableMetadataKeys", "x" * 63 + ",größe"),
        ("ExistingVectorBucketArn", "arn:PARTITION:s3vectors:us-west-2:123456789012:bucket/mine"),
        (
            "ExistingVectorIndexArns",
            "arn:PARTITION:s3vectors:us-west-2:123456789012:bucket/mine/index/web.pages",
        ),
        (
            "ExistingVectorIndexArns",
            ",".join(["arn:PARTITION:s3vectors:us-west-2:123456789012:bucket/mine/index/docs"] * 3),
        ),
        ("KmsKeyArn", "arn:PARTITION:kms:us-west-2:123456789012:key/mrk-0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
        ("PermissionsBoundaryArn", "arn:PARTITION:iam::aws:policy/PowerUserAccess"),
        ("PermissionsBoundaryArn", "arn:PARTITION:iam::123456789012:policy/teams/limits"),
        ("AlarmTopicArn", "arn:PARTITION:sns:us-west-2:123456789012:on-call"),
    ],
)
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_good_values_are_taken(template: dict[str, Any], partition: str, parameter: str, value: str) -> None:
    """The pattern lets them through, whatever the partition."""
    assert takes(template, parameter, value.replace("PARTITION", partition))


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("KmsKeyArn", "alias/mine", "must be the ARN of a KMS key (not of an alias), or empty"),
        ("VectorDimension", "4097", "must be a number from 1 to 4096"),
        ("VectorDimension", "0", "must be a number from 1 to 4096"),
    ],
)
def test_a_refused_value_is_explained(
    account: Account, template_text: str, parameter: str, value: str, message: str
) -> None:
    """CloudFormation says what the value must be, before it creates anything."""
    with pytest.raises(ClientError) as refused:
        account.create(template_text, **{parameter: value})

    assert refused.value.response["Error"]["Message"] == (
        f"Parameter {parameter} failed to satisfy constraint: {message}"
    )
    assert account.left_over() == []


def test_as_many_indexes_as_are_taken_fit_into_the_role(account: Account, template_text: str) -> None:
    """The policies of the function's role stay within IAM's 10,240 characters, with every option and a long name."""
    # The shortest ARNs are the worst: each brings its quotes into the policies.
    arn = "arn:aws:s3vectors:us-west-2:123456789012:bucket/abc/index/"
    *most, one_too_many = [f"{arn}{number:03}" for number in range(3801 // len(f"{arn}000,") + 1)]
    options = {"KmsKeyArn": account.key(), "AllowWrites": "true", "ResourcePrefix": "a" * 20}

    with pytest.raises(ClientError, match="3800 characters in all at most"):
        account.create(template_text, ExistingVectorIndexArns=",".join([*most, one_too_many]), **options)
    account.create(template_text, ExistingVectorIndexArns=",".join(most), **options)

    iam = account.client("iam")
    [role] = {role["RoleName"] for role in iam.list_roles()["Roles"]} - {f"{'a' * 20}-aurora-lambda-role"}
    policies = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    # IAM does not count white space.
    assert sum(len(json.dumps(policy, separators=(",", ":"))) for policy in policies) <= 10_240
