"""Bucket policies, through the API and as AWS::S3Vectors::VectorBucketPolicy in stacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = {"Version": "2012-10-17", "Statement": []}


@pytest.fixture
def cloudformation(aws_client: Callable[..., Any]) -> Any:
    """Give a client of CloudFormation."""
    return aws_client("cloudformation")


def template(policy: Any, **properties: Any) -> str:
    """Return a template of a policy of an existing bucket."""
    resource = {"Type": "AWS::S3Vectors::VectorBucketPolicy", "Properties": {"Policy": policy, **properties}}
    return json.dumps({"Resources": {"Policy": resource}, "Outputs": {"Ref": {"Value": {"Ref": "Policy"}}}})


@pytest.mark.parametrize("policy", ["", "no JSON", "[]"])
def test_what_is_no_policy_is_refused(s3vectors: Any, bucket: str, policy: str) -> None:
    """A policy is a JSON object; the one before stays."""
    s3vectors.put_vector_bucket_policy(vectorBucketName=bucket, policy=json.dumps(POLICY))

    with pytest.raises(s3vectors.exceptions.ValidationException, match="must be a JSON object"):
        s3vectors.put_vector_bucket_policy(vectorBucketName=bucket, policy=policy)
    assert json.loads(s3vectors.get_vector_bucket_policy(vectorBucketName=bucket)["policy"]) == POLICY


@pytest.mark.parametrize("policy", [POLICY, json.dumps(POLICY)], ids=["object", "text"])
def test_a_stack_puts_changes_and_deletes_a_policy(
    s3vectors: Any, cloudformation: Any, bucket: str, policy: Any
) -> None:
    """The policy may be an object or JSON, Ref is the bucket's ARN, and the bucket outlives the stack."""
    name = f"policy-of-{bucket}"
    cloudformation.create_stack(StackName=name, TemplateBody=template(policy, VectorBucketName=bucket))

    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    arn = s3vectors.get_vector_bucket(vectorBucketName=bucket)["vectorBucket"]["vectorBucketArn"]
    assert stack["Outputs"][0]["OutputValue"] == arn
    assert json.loads(s3vectors.get_vector_bucket_policy(vectorBucketName=bucket)["policy"]) == POLICY
    changed = POLICY | {"Id": "changed"}
    cloudformation.update_stack(StackName=name, TemplateBody=template(changed, VectorBucketName=bucket))
    assert json.loads(s3vectors.get_vector_bucket_policy(vectorBucketName=bucket)["policy"]) == changed
    cloudformation.delete_stack(StackName=name)
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket_policy(vectorBucketName=bucket)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            {"VectorBucketArn": {"Ref": "AWS::NoValue"}},
            "Must specify either vectorBucketName or vectorBucketArn but not both",
        ),
        ({"VectorBucketName": "absent"}, "The specified vector bucket could not be found"),
        ({"VectorBucketName": "absent", "Colour": "red"}, "extraneous key \\[Colour\\]"),
    ],
    ids=str,
)
def test_a_policy_of_no_bucket_fails_the_stack(
    cloudformation: Any, bucket: str, properties: dict[str, Any], message: str
) -> None:
    """The reason is that of S3 Vectors."""
    with pytest.raises(ClientError, match=message):
        cloudformation.create_stack(StackName=f"no-{bucket}", TemplateBody=template(POLICY, **properties))
