"""The types of resources that the local CloudFormation creates, one file for each service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import cloudwatch, ec2, functions, iam, logs, s3vectors, sqs

if TYPE_CHECKING:
    from s3vl_local.cloudformation.resources import ResourceType

TYPES: dict[str, ResourceType] = {
    kind.name: kind
    for kind in (
        cloudwatch.Alarm(),
        cloudwatch.Dashboard(),
        ec2.SecurityGroup(),
        ec2.SecurityGroupIngress(),
        ec2.VpcEndpoint(),
        functions.Alias(),
        functions.EventInvokeConfig(),
        functions.Function(),
        functions.Version(),
        iam.Role(),
        logs.LogGroup(),
        s3vectors.Index(),
        s3vectors.VectorBucket(),
        s3vectors.VectorBucketPolicy(),
        sqs.Queue(),
    )
}
