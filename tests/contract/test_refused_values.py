"""Values that moto cannot process are refused as AWS refuses values, in the protocol of each service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3vl_local.cloud import LocalCloud

HOUR = {"StartTime": "2026-11-28T00:00:00Z", "EndTime": "2026-11-28T01:00:00Z"}


@pytest.fixture(scope="module")
def unchecked(cloud: LocalCloud) -> Callable[[str], Any]:
    """Make clients that send whatever they are given, as programs of other languages do."""
    environment = cloud.environment()

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name="us-west-2",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

    return client


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code", "cause"),
    [
        (
            "ec2",
            "authorize_security_group_ingress",
            {"GroupId": "sg-1", "IpPermissions": [{"FromPort": "a"}]},
            "ValidationError",
            "invalid literal for int",
        ),
        (
            "sts",
            "assume_role",
            {"RoleArn": "x", "RoleSessionName": "y", "DurationSeconds": "<b>"},
            "ValidationError",
            "'<b>'",
        ),
        (
            "sqs",
            "create_queue",
            {"QueueName": "q", "Attributes": {"RedrivePolicy": "{"}},
            None,
            "JSONDecodeError",
        ),
        ("logs", "create_log_group", {"logGroupName": 5}, None, "TypeError"),
        ("lambda", "create_function", {"FunctionName": "x"}, None, "KeyError: 'Code'"),
        (
            "cloudwatch",
            "get_metric_statistics",
            {"Namespace": "a", "MetricName": "b", "Period": "c", "Statistics": ["Sum"], **HOUR},
            None,
            "invalid literal for int",
        ),
    ],
    ids=["query for EC2", "query", "JSON 1.0", "JSON 1.1", "REST and JSON", "JSON of CloudWatch"],
)
def test_what_moto_falls_over_is_refused(
    cloud: LocalCloud,
    unchecked: Callable[[str], Any],
    service: str,
    operation: str,
    request_: dict[str, Any],
    code: str | None,
    cause: str,
) -> None:
    """With 400, the service's kind of code, what went wrong, and the traceback in the cloud's own log."""
    with pytest.raises(ClientError) as refused:
        getattr(unchecked(service), operation)(**request_)

    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"]["Code"] == (code or "ValidationException")
    assert cause in answer["Error"]["Message"]
    assert "cloud.log" in answer["Error"]["Message"]
    assert cause.strip("'") in (cloud.home / "cloud.log").read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VisibilityTimeout", "soon"),
        ("VisibilityTimeout", "43201"),
        ("DelaySeconds", "-1"),
        ("MessageRetentionPeriod", ""),
    ],
)
def test_an_attribute_of_a_queue_is_a_number_in_its_range(
    clients: Callable[[str], Any], name: str, value: str
) -> None:
    """When it is created and later; the words are those of SQS, and the queue stays as it is."""
    sqs = clients("sqs")
    with pytest.raises(
        ClientError, match=rf"InvalidAttributeValue.*Invalid value for the parameter {name}\."
    ):
        sqs.create_queue(QueueName="of-numbers", Attributes={name: value})

    url = sqs.create_queue(QueueName="of-numbers")["QueueUrl"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    with pytest.raises(
        ClientError, match=rf"InvalidAttributeValue.*Invalid value for the parameter {name}\."
    ):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] == before
    sqs.delete_queue(QueueUrl=url)


def test_a_change_that_is_refused_loses_no_cluster(clients: Callable[[str], Any]) -> None:
    """An unknown cluster is DBClusterNotFoundFault, and one that is known is there after a refusal."""
    rds = clients("rds")
    with pytest.raises(rds.exceptions.DBClusterNotFoundFault, match="DBCluster absent not found"):
        rds.modify_db_cluster(DBClusterIdentifier="absent", DeletionProtection=True)

    rds.create_db_cluster(
        DBClusterIdentifier="refused",
        Engine="aurora-postgresql",
        MasterUsername="postgres",
        MasterUserPassword="not-a-secret",
    )
    with pytest.raises(ClientError, match="apply immediately"):
        rds.modify_db_cluster(DBClusterIdentifier="refused", RotateMasterUserPassword=True)
    rds.modify_db_cluster(DBClusterIdentifier="refused", BackupRetentionPeriod=7, ApplyImmediately=True)
    [cluster] = rds.describe_db_clusters(DBClusterIdentifier="refused")["DBClusters"]
    assert cluster["BackupRetentionPeriod"] == 7
    rds.delete_db_cluster(DBClusterIdentifier="refused", SkipFinalSnapshot=True)
