"""The template as a stack in the local cloud: created as the post does it, looked at, and deleted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

import package_lambda

if TYPE_CHECKING:
    from conftest import Account

FOLDER = Path(__file__).resolve().parents[2] / "cloudformation"
NAME = "sample-rds-lambda-s3vector-integration"


def aws(account: Account, *arguments: str) -> str:
    """Run the AWS CLI in the template's folder and return what it prints."""
    cli = Path(sys.executable).with_name("aws")
    run = subprocess.run(
        [cli, *arguments],
        cwd=FOLDER,
        env={**os.environ, **account.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_commands_of_the_post_create_and_delete_the_stack(account: Account, tmp_path: Path) -> None:
    """create-stack, both waits, an output by its key, and delete-stack work as the post has them."""
    (tmp_path / "parameters.json").write_text(json.dumps(account.parameters()))
    aws(
        account,
        *("cloudformation", "create-stack", "--stack-name", NAME, "--template-body", "file://template.yaml"),
        *("--parameters", f"file://{tmp_path}/parameters.json", "--capabilities", "CAPABILITY_NAMED_IAM"),
    )
    aws(account, "cloudformation", "wait", "stack-create-complete", "--stack-name", NAME)
    query = "Stacks[].Outputs[?OutputKey==`AuroraRoleAttachmentCommand`].OutputValue"
    command = aws(
        account,
        "cloudformation",
        "describe-stacks",
        "--stack-name",
        NAME,
        "--query",
        query,
        "--output",
        "text",
    )
    aws(account, "cloudformation", "delete-stack", "--stack-name", NAME)
    aws(account, "cloudformation", "wait", "stack-delete-complete", "--stack-name", NAME)

    assert command == (
        "aws rds add-role-to-db-cluster --db-cluster-identifier your-cluster-name "
        "--role-arn arn:aws:iam::123456789012:role/s3vl-aurora-lambda-role --feature-name Lambda "
        "--region us-west-2"
    )
    assert account.left_over() == []


def test_the_outputs_name_what_was_created(account: Account, template_text: str) -> None:
    """Each output has the value that the next step needs, and the resources behind them exist."""
    outputs = account.create(template_text)
    index = account.client("s3vectors").get_index(indexArn=outputs["S3VectorIndexArn"])["index"]
    queues = account.client("sqs").list_queues()["QueueUrls"]

    function = "arn:aws:lambda:us-west-2:123456789012:function:s3vl-vector-query"
    assert outputs["LambdaFunctionArn"] == function
    assert outputs["LambdaFunctionName"] == "s3vl-vector-query"
    assert outputs["AuroraLambdaRoleArn"] == "arn:aws:iam::123456789012:role/s3vl-aurora-lambda-role"
    assert outputs["AuroraClusterIdentifier"] == "your-cluster-name"
    assert outputs["VectorBucketArn"].endswith(f":bucket/{outputs['VectorBucketName']}")
    assert outputs["VectorBucketName"] == index["vectorBucketName"]
    assert (index["dimension"], index["distanceMetric"], index["dataType"]) == (5, "cosine", "float32")
    assert [url.rsplit("/", 1)[1] for url in queues] == [outputs["DeadLetterQueueUrl"].rsplit("/", 1)[1]]
    assert outputs["ConfigureCommand"] == (
        f"select s3vl.configure(lambda_arn => '{function}', aws_region => 'us-west-2');"
    )
    assert outputs["RegisterIndexCommand"] == (
        "select s3vl.register_index(index_name => 'test-index-5d', "
        f"index_arn => '{outputs['S3VectorIndexArn']}', "
        "description => 'Test 5-dimensional vectors for demonstration');"
    )


@pytest.mark.parametrize(
    ("changes", "effect"),
    [({}, "Deny"), ({"AllowWrites": "false"}, "Deny"), ({"AllowWrites": "true"}, "Allow")],
)
def test_the_function_may_write_only_when_asked(
    account: Account, template_text: str, changes: dict[str, str], effect: str
) -> None:
    """Without AllowWrites=true the function is denied to put and delete; with it, it may in the stack's index."""
    outputs = account.create(template_text, **changes)
    function = account.client("lambda").get_function_configuration(FunctionName="s3vl-vector-query")
    policy = account.client("iam").get_role_policy(
        RoleName=function["Role"].rsplit("/", 1)[1], PolicyName="write-vectors"
    )

    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": effect,
            "Action": ["s3vectors:DeleteVectors", "s3vectors:PutVectors"],
            "Resource": [outputs["S3VectorIndexArn"]],
        }
    ]


def test_the_function_is_configured_as_the_template_says(account: Account, template_text: str) -> None:
    """Memory, timeout, VPC and dead-letter queue are those asked for, and visible."""
    account.create(template_text, LambdaTimeout="10", LambdaMemorySize="128")
    given = {entry["ParameterKey"]: entry["ParameterValue"] for entry in account.parameters()}
    function = account.client("lambda").get_function_configuration(FunctionName="s3vl-vector-query")
    [queue] = account.client("sqs").list_queues()["QueueUrls"]

    assert (function["Timeout"], function["MemorySize"]) == (10, 128)
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert package_lambda.LAMBDA_PYTHON == (3, 13)
    assert function["VpcConfig"]["VpcId"] == given["VpcId"]
    assert ",".join(function["VpcConfig"]["SubnetIds"]) == given["SubnetIds"]
    assert function["DeadLetterConfig"]["TargetArn"].split(":")[-1] == queue.rsplit("/", 1)[1]


def test_the_function_is_in_a_security_group_of_its_own(account: Account, template_text: str) -> None:
    """The group is the function's, and port 443 is all that it lets through."""
    account.create(template_text)
    function = account.client("lambda").get_function_configuration(FunctionName="s3vl-vector-query")
    groups = account.client("ec2").describe_security_groups(
        GroupIds=function["VpcConfig"]["SecurityGroupIds"]
    )
    [group] = groups["SecurityGroups"]
    [egress] = group["IpPermissionsEgress"]

    assert group["IpPermissions"] == []
    assert (egress["IpProtocol"], egress["FromPort"], egress["ToPort"]) == ("tcp", 443, 443)


def test_logs_and_dead_letters_are_kept_for_a_while(account: Account, template_text: str) -> None:
    """The log group and the queue have the retention that the template gives them; the queue is encrypted."""
    account.create(template_text)
    [group] = account.client("logs").describe_log_groups()["logGroups"]
    sqs = account.client("sqs")
    [url] = sqs.list_queues()["QueueUrls"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    assert (group["logGroupName"], group["retentionInDays"]) == ("/aws/lambda/s3vl-vector-query", 30)
    assert (queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"]) == ("1209600", "true")


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_other_partitions_get_their_own_arns(
    account: Account, template_text: str, region: str, partition: str
) -> None:
    """In China and GovCloud the stack is created with their ARNs, and for a cluster there."""
    cluster = f"arn:{partition}:rds:{region}:123456789012:cluster:mine"
    outputs = account.create(template_text, region, AuroraClusterArn=cluster, CreateVpcEndpoint="true")
    iam = account.client("iam", region)
    policies = {
        name: iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
        for role in iam.list_roles()["Roles"]
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    }
    [endpoint] = account.client("ec2", region).describe_vpc_endpoints()["VpcEndpoints"]
    arns = re.findall(r"arn:([a-z-]+):", json.dumps(policies) + endpoint["PolicyDocument"])

    function = f"arn:{partition}:lambda:{region}:123456789012:function:s3vl-vector-query"
    assert outputs["LambdaFunctionArn"] == function
    assert policies["invoke-the-function"]["Statement"][0]["Resource"] == [function, f"{function}:*"]
    assert outputs["AuroraRoleAttachmentCommand"].endswith(f"--region {region}")
    assert endpoint["ServiceName"] == f"com.amazonaws.{region}.s3vectors"
    assert set(arns) == {partition}


def test_deleting_the_stack_removes_everything(account: Account, template_text: str) -> None:
    """Nothing stays behind, not even vectors."""
    outputs = account.create(template_text)
    account.client("s3vectors").put_vectors(
        indexArn=outputs["S3VectorIndexArn"], vectors=[{"key": "a", "data": {"float32": [1, 0, 0, 0, 0]}}]
    )
    account.client("cloudformation").delete_stack(StackName=NAME)

    assert account.left_over() == []


def test_a_stack_that_fails_leaves_nothing_behind(account: Account, template_text: str) -> None:
    """A second stack with the same prefix is rolled back, says why, and the first is untouched."""
    account.create(template_text)
    before = account.left_over()
    stacks = account.client("cloudformation")
    stacks.create_stack(
        StackName="second",
        TemplateBody=template_text,
        Parameters=account.parameters(ResourcePrefix="s3vl"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    [stack] = stacks.describe_stacks(StackName="second")["Stacks"]
    reasons = [
        event["ResourceStatusReason"]
        for event in stacks.describe_stack_events(StackName="second")["StackEvents"]
        if event["ResourceStatus"] == "ROLLBACK_IN_PROGRESS"
    ]

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reasons == [
        "Resource LogGroup of type AWS::Logs::LogGroup: The specified log group already exists"
    ]
    assert account.left_over() == before


def test_two_stacks_with_different_prefixes_live_side_by_side(account: Account, template_text: str) -> None:
    """The prefix is all that has to differ."""
    account.create(template_text)
    stacks = account.client("cloudformation")
    stacks.create_stack(
        StackName="second",
        TemplateBody=template_text,
        Parameters=account.parameters(ResourcePrefix="other"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )

    functions = account.client("lambda").list_functions()["Functions"]
    assert sorted(part["FunctionName"] for part in functions) == ["other-vector-query", "s3vl-vector-query"]


def test_a_bucket_that_is_not_empty_stops_the_deletion(account: Account, template_text: str) -> None:
    """An index that somebody else made in the bucket survives; without it the stack can be deleted."""
    outputs = account.create(template_text)
    vectors = account.client("s3vectors")
    bucket = outputs["VectorBucketName"]
    vectors.create_index(
        vectorBucketName=bucket, indexName="mine", dataType="float32", dimension=2, distanceMetric="cosine"
    )
    stacks = account.client("cloudformation")
    with pytest.raises(ClientError, match=f"Stack {NAME} was not deleted"):
        stacks.delete_stack(StackName=NAME)
    [stack] = stacks.describe_stacks(StackName=NAME)["Stacks"]
    vectors.delete_index(vectorBucketName=bucket, indexName="mine")
    stacks.delete_stack(StackName=NAME)

    assert stack["StackStatus"] == "DELETE_FAILED"
    assert account.left_over() == []


def test_deploy_creates_the_stack_with_its_outputs(account: Account) -> None:
    """`aws cloudformation deploy`, which goes through a change set, gives the same stack as create-stack."""
    overrides = [f"{entry['ParameterKey']}={entry['ParameterValue']}" for entry in account.parameters()]
    aws(
        account,
        *("cloudformation", "deploy", "--stack-name", NAME, "--template-file", "template.yaml"),
        *("--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides", *overrides),
    )
    [stack] = account.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert "LambdaFunctionArn" in [output["OutputKey"] for output in stack["Outputs"]]
