"""A stack with every option that goes together with a new index, as the services show it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Account

BOUNDARY = "arn:aws:iam::123456789012:policy/teams/limits-of-developers"
TOPIC = "arn:aws:sns:us-west-2:123456789012:on-call"
FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:s3vl-vector-query"
OPTIONS = {
    "AllowWrites": "true",
    "ManageIndexes": "true",
    "ReservedConcurrency": "20",
    "SnapStart": "true",
    "VectorDimension": "384",
    "DistanceMetric": "euclidean",
    "NonFilterableMetadataKeys": "text,page_title",
    "RetainVectors": "true",
    "PermissionsBoundaryArn": BOUNDARY,
    "CreateVpcEndpoint": "true",
    "AlarmTopicArn": TOPIC,
    "LogRetentionDays": "365",
    "LambdaTimeout": "45",
}


@pytest.fixture(scope="module")
def key(module_account: Account) -> str:
    """Create the key that encrypts."""
    return module_account.key()


@pytest.fixture(scope="module")
def outputs(module_account: Account, template_text: str, key: str) -> Iterator[dict[str, str]]:
    """Create the stack for the tests of this file, which only look at it; it can be deleted afterwards."""
    limits = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    module_account.client("iam").create_policy(
        PolicyName="limits-of-developers", Path="/teams/", PolicyDocument=json.dumps(limits)
    )
    yield module_account.create(template_text, **OPTIONS, KmsKeyArn=key)
    module_account.delete()
    [bucket] = module_account.client("s3vectors").list_vector_buckets()["vectorBuckets"]
    assert module_account.left_over() == [bucket["vectorBucketName"]]


@pytest.fixture(scope="module")
def function(module_account: Account, outputs: dict[str, str]) -> dict[str, Any]:
    """Return the function's configuration."""
    configuration: dict[str, Any] = module_account.client("lambda").get_function_configuration(
        FunctionName=outputs["LambdaFunctionName"]
    )
    return configuration


def test_every_option_is_tried(template: dict[str, Any]) -> None:
    """Only parameters without defaults, those of the post and those for existing vectors are left out."""
    others = {"AuroraClusterArn", "VpcId", "SubnetIds", "ResourcePrefix", "LambdaMemorySize"}
    existing = {name for name in template["Parameters"] if name.startswith("Existing")}

    assert OPTIONS.keys() | {"KmsKeyArn"} | others | existing == template["Parameters"].keys()
    assert all(OPTIONS[name] != str(template["Parameters"][name]["Default"]) for name in OPTIONS)


def test_the_index_is_as_asked_for(module_account: Account, outputs: dict[str, str], key: str) -> None:
    """Dimension, metric, non-filterable keys and encryption reach the index."""
    index = module_account.client("s3vectors").get_index(indexArn=outputs["S3VectorIndexArn"])["index"]

    assert (index["dimension"], index["distanceMetric"]) == (384, "euclidean")
    assert index["metadataConfiguration"] == {"nonFilterableMetadataKeys": ["text", "page_title"]}
    assert index["encryptionConfiguration"] == {"sseType": "aws:kms", "kmsKeyArn": key}


def test_everything_that_is_kept_is_encrypted_with_the_key(
    module_account: Account, outputs: dict[str, str], key: str
) -> None:
    """Bucket, log and dead letters have the key."""
    bucket = module_account.client("s3vectors").get_vector_bucket(vectorBucketArn=outputs["VectorBucketArn"])[
        "vectorBucket"
    ]
    [group] = module_account.client("logs").describe_log_groups()["logGroups"]
    queue = module_account.client("sqs").get_queue_attributes(
        QueueUrl=outputs["DeadLetterQueueUrl"], AttributeNames=["KmsMasterKeyId"]
    )

    assert bucket["encryptionConfiguration"] == {"sseType": "aws:kms", "kmsKeyArn": key}
    assert (group["kmsKeyId"], group["retentionInDays"]) == (key, 365)
    assert queue["Attributes"]["KmsMasterKeyId"] == key


def test_the_role_may_use_the_key_for_vectors_and_dead_letters(
    module_account: Account, function: dict[str, Any], key: str
) -> None:
    """The statements name the key, and the services of this Region."""
    policy = module_account.client("iam").get_role_policy(
        RoleName=function["Role"].rsplit("/", 1)[1], PolicyName="use-the-key"
    )
    statements = policy["PolicyDocument"]["Statement"]

    assert [statement["Resource"] for statement in statements] == [key, key]
    assert [statement["Condition"]["StringLike"]["kms:ViaService"] for statement in statements] == [
        "s3vectors.us-west-2.*",
        "sqs.us-west-2.*",
    ]


@pytest.mark.usefixtures("outputs")
def test_both_roles_have_the_boundary(module_account: Account) -> None:
    """The function's role and Aurora's are within it."""
    iam = module_account.client("iam")
    roles = [iam.get_role(RoleName=role["RoleName"])["Role"] for role in iam.list_roles()["Roles"]]

    assert [role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in roles] == [BOUNDARY, BOUNDARY]


def test_aurora_is_told_to_call_the_alias(module_account: Account, outputs: dict[str, str]) -> None:
    """With SnapStart the alias stands wherever the function would, and names a version with a snapshot."""
    alias = module_account.client("lambda").get_alias(FunctionName="s3vl-vector-query", Name="live")
    version = module_account.client("lambda").get_function_configuration(
        FunctionName="s3vl-vector-query", Qualifier=alias["FunctionVersion"]
    )

    assert outputs["LambdaFunctionArn"] == alias["AliasArn"] == f"{FUNCTION}:live"
    assert outputs["ConfigureCommand"] == (
        f"select s3vl.configure(lambda_arn => '{FUNCTION}:live', aws_region => 'us-west-2');"
    )
    assert version["SnapStart"]["ApplyOn"] == "PublishedVersions"
    assert outputs["PublishCommand"] == (
        "aws lambda update-alias --function-name s3vl-vector-query --name live --function-version $(aws lambda "
        "publish-version --function-name s3vl-vector-query --query Version --output text --region us-west-2) "
        "--region us-west-2"
    )


def test_the_test_index_is_named_by_its_dimension(outputs: dict[str, str]) -> None:
    """The command to register it does not speak of five dimensions."""
    assert outputs["RegisterIndexCommand"] == (
        "select s3vl.register_index(index_name => 'test-index-384d', "
        f"index_arn => '{outputs['S3VectorIndexArn']}', "
        "description => 'Test 384-dimensional vectors for demonstration');"
    )


def test_concurrency_is_reserved(module_account: Account, function: dict[str, Any]) -> None:
    """The function has its share of the account's concurrency."""
    reserved = module_account.client("lambda").get_function_concurrency(FunctionName=function["FunctionName"])

    assert reserved["ReservedConcurrentExecutions"] == 20


def test_the_endpoint_is_for_the_function_only(
    module_account: Account, outputs: dict[str, str], function: dict[str, Any]
) -> None:
    """It is in the function's subnets, takes the service's name, and lets in the function and its role."""
    ec2 = module_account.client("ec2")
    [endpoint] = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    [group] = ec2.describe_security_groups(GroupIds=[group["GroupId"] for group in endpoint["Groups"]])[
        "SecurityGroups"
    ]
    [ingress] = group["IpPermissions"]
    [statement] = json.loads(endpoint["PolicyDocument"])["Statement"]

    assert endpoint["ServiceName"] == "com.amazonaws.us-west-2.s3vectors"
    assert (endpoint["VpcEndpointType"], endpoint["PrivateDnsEnabled"]) == ("Interface", True)
    assert sorted(endpoint["SubnetIds"]) == sorted(function["VpcConfig"]["SubnetIds"])
    assert (ingress["FromPort"], ingress["ToPort"]) == (443, 443)
    assert [pair["GroupId"] for pair in ingress["UserIdGroupPairs"]] == function["VpcConfig"][
        "SecurityGroupIds"
    ]
    assert [entry["CidrIp"] for rule in group["IpPermissionsEgress"] for entry in rule["IpRanges"]] == [
        "127.0.0.1/32"
    ]
    assert statement["Principal"] == {"AWS": function["Role"]}
    assert statement["Resource"] == [outputs["VectorBucketArn"] + "/index/*"]


def test_the_function_knows_where_and_how_to_create_indexes(
    outputs: dict[str, str], function: dict[str, Any], key: str
) -> None:
    """Its environment names the stack's bucket and key, and nothing else."""
    assert function["Environment"]["Variables"] == {
        "VECTOR_BUCKET_NAME": outputs["VectorBucketName"],
        "KMS_KEY_ARN": key,
    }


@pytest.mark.usefixtures("outputs")
def test_the_role_is_for_all_indexes_of_the_bucket(
    module_account: Account, outputs: dict[str, str], function: dict[str, Any]
) -> None:
    """With ManageIndexes reading, writing and managing are allowed on what is in the bucket, present and to come."""
    policies = {
        name: module_account.client("iam").get_role_policy(
            RoleName=function["Role"].rsplit("/", 1)[1], PolicyName=name
        )["PolicyDocument"]["Statement"]
        for name in ("read-vectors", "write-vectors", "manage-indexes")
    }

    for [statement] in policies.values():
        resource = statement["Resource"]
        assert statement["Effect"] == "Allow"
        assert (resource if isinstance(resource, list) else [resource]) == [
            outputs["VectorBucketArn"] + "/index/*"
        ]


def test_alarms_tell_the_topic(module_account: Account, outputs: dict[str, str]) -> None:
    """Each of the six is about the stack's function or queue, and has the topic."""
    alarms = module_account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    queue = outputs["DeadLetterQueueUrl"].rsplit("/", 1)[1]
    subjects = {}
    for alarm in alarms:
        metric = alarm["Metrics"][1]["MetricStat"]["Metric"] if alarm.get("Metrics") else alarm
        subjects[metric["MetricName"]] = [pair["Value"] for pair in metric["Dimensions"]]

    assert [alarm["AlarmActions"] + alarm["OKActions"] for alarm in alarms] == [[TOPIC, TOPIC]] * 6
    assert subjects == {
        "Errors": ["s3vl-vector-query"],
        "Throttles": ["s3vl-vector-query"],
        "Duration": ["s3vl-vector-query"],
        "Denied": ["s3vl-vector-query"],
        "Failed": ["s3vl-vector-query"],
        "ApproximateNumberOfMessagesVisible": [queue],
    }


@pytest.mark.usefixtures("outputs")
def test_the_duration_alarm_knows_the_timeout(module_account: Account) -> None:
    """Its expression has the value of LambdaTimeout."""
    alarms = module_account.client("cloudwatch").describe_alarms()["MetricAlarms"]

    assert [alarm["Metrics"][0]["Expression"] for alarm in alarms if alarm.get("Metrics")] == [
        "longest / 45 / 10"
    ]


def test_the_dashboard_names_what_the_stack_has(module_account: Account, outputs: dict[str, str]) -> None:
    """It is JSON with no reference left open, and has this stack's alarms, function, queue and log."""
    body = module_account.client("cloudwatch").get_dashboard(DashboardName=outputs["DashboardName"])[
        "DashboardBody"
    ]
    alarms = module_account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    widgets = json.loads(body)["widgets"]

    assert "${" not in body
    assert sorted(widgets[0]["properties"]["alarms"]) == sorted(alarm["AlarmArn"] for alarm in alarms)
    for name in (
        "s3vl-vector-query",
        "/aws/lambda/s3vl-vector-query",
        outputs["DeadLetterQueueUrl"].rsplit("/", 1)[1],
    ):
        assert name in body
