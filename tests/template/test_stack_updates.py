"""The stack, updated: options are switched on and off, and what must not change does not."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from conftest import Account

TOPIC = "arn:aws:sns:us-west-2:123456789012:on-call"
SWITCHED = {
    "AllowWrites": "true",
    "ReservedConcurrency": "20",
    "SnapStart": "true",
    "CreateVpcEndpoint": "true",
    "AlarmTopicArn": TOPIC,
    "LogRetentionDays": "365",
    "LambdaMemorySize": "512",
    "LambdaTimeout": "20",
}


def upload(account: Account) -> str:
    """Upload code that is not the placeholder, and return its hash."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", "def lambda_handler(event, context): return 'real'")
    answer = account.client("lambda").update_function_code(
        FunctionName="s3vl-vector-query", ZipFile=archive.getvalue()
    )
    digest: str = answer["CodeSha256"]
    return digest


def test_options_are_switched_on_and_off(account: Account, template_text: str) -> None:
    """An update makes what an option adds, the next takes it away, and vectors and code stay all the time."""
    created = account.create(template_text)
    before = account.left_over()
    code = upload(account)
    account.client("s3vectors").put_vectors(
        indexArn=created["S3VectorIndexArn"], vectors=[{"key": "a", "data": {"float32": [1, 0, 0, 0, 0]}}]
    )
    on = account.update(template_text, **SWITCHED)
    function = account.client("lambda").get_function_configuration(FunctionName="s3vl-vector-query")
    alarms = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    added = len(account.left_over()) - len(before)
    off = account.update(template_text)
    vectors = account.client("s3vectors").list_vectors(indexArn=off["S3VectorIndexArn"])["vectors"]

    assert on["LambdaFunctionArn"] == f"{created['LambdaFunctionArn']}:live"
    assert (function["Timeout"], function["MemorySize"], function["CodeSha256"]) == (20, 512, code)
    assert [alarm["AlarmActions"] for alarm in alarms] == [[TOPIC]] * 6
    assert "longest / 20 / 10" in [
        alarm["Metrics"][0]["Expression"] for alarm in alarms if alarm.get("Metrics")
    ]
    assert added == 2  # the endpoint and its security group
    assert off == created
    assert account.left_over() == before
    assert [vector["key"] for vector in vectors] == ["a"]
    account.delete()
    assert account.left_over() == []


def test_an_update_keeps_the_version_that_is_live(account: Account, template_text: str) -> None:
    """With SnapStart, the alias stays where the last upload moved it."""
    account.create(template_text, SnapStart="true")
    upload(account)
    functions = account.client("lambda")
    published = functions.publish_version(FunctionName="s3vl-vector-query")["Version"]
    functions.update_alias(FunctionName="s3vl-vector-query", Name="live", FunctionVersion=published)
    account.update(template_text, SnapStart="true", LambdaMemorySize="512")

    assert functions.get_alias(FunctionName="s3vl-vector-query", Name="live")["FunctionVersion"] == published


def test_a_retained_index_that_is_replaced_is_kept(account: Account, template_text: str) -> None:
    """With RetainVectors=true another key makes a new bucket and index, and the old ones stay with their vectors."""
    created = account.create(template_text, RetainVectors="true")
    updated = account.update(template_text, RetainVectors="true", KmsKeyArn=account.key())
    buckets = account.client("s3vectors").list_vector_buckets()["vectorBuckets"]
    index = account.client("s3vectors").get_index(indexArn=created["S3VectorIndexArn"])["index"]

    assert {bucket["vectorBucketName"] for bucket in buckets} == {
        created["VectorBucketName"],
        updated["VectorBucketName"],
    }
    assert index["encryptionConfiguration"]["sseType"] == "AES256"


def test_an_index_that_update_stack_replaces_keeps_its_vectors(account: Account, template_text: str) -> None:
    """Without make deploy nobody asks, so the template keeps it; until it is deleted, its bucket stays too."""
    created = account.create(template_text)
    vectors, old = account.client("s3vectors"), created["S3VectorIndexArn"]
    vectors.put_vectors(indexArn=old, vectors=[{"key": "a", "data": {"float32": [1, 0, 0, 0, 0]}}])
    updated = account.update(template_text, VectorDimension="6")

    assert updated["VectorBucketName"] == created["VectorBucketName"]
    assert [vector["key"] for vector in vectors.list_vectors(indexArn=old)["vectors"]] == ["a"]
    with pytest.raises(ClientError, match="not empty"):
        account.delete()
    vectors.delete_index(indexArn=old)
    account.delete()
    assert account.left_over() == []


@pytest.mark.parametrize("retain", ["true", "false"])
def test_vectors_of_the_stack_go_when_others_take_their_place(
    account: Account, template_text: str, retain: str
) -> None:
    """Existing indexes, named later, end what the stack has created, which stays only with RetainVectors."""
    created = account.create(template_text, RetainVectors=retain)
    vectors = account.client("s3vectors")
    vectors.create_vector_bucket(vectorBucketName="mine")
    index = vectors.create_index(
        vectorBucketName="mine", indexName="docs", dataType="float32", dimension=5, distanceMetric="cosine"
    )["indexArn"]
    account.update(template_text, ExistingVectorIndexArns=index)
    buckets = {bucket["vectorBucketName"] for bucket in vectors.list_vector_buckets()["vectorBuckets"]}

    assert buckets == {"mine"} | ({created["VectorBucketName"]} if retain == "true" else set())
