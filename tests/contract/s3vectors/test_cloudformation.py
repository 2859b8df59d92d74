"""AWS::S3Vectors::VectorBucket, VectorBucketPolicy and Index in stacks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_stacks import Stacks

INDEX_PROPERTIES = {
    "VectorBucketName": {
        "Fn::Select": [1, {"Fn::Split": ["/", {"Fn::GetAtt": ["Bucket", "VectorBucketArn"]}]}]
    },
    "DataType": "float32",
    "Dimension": 5,
    "DistanceMetric": "cosine",
}


OUTPUTS = {
    "BucketRef": {"Value": {"Ref": "Bucket"}},
    "IndexRef": {"Value": {"Ref": "Index"}},
    "BucketArn": {"Value": {"Fn::GetAtt": ["Bucket", "VectorBucketArn"]}},
    "IndexArn": {"Value": {"Fn::GetAtt": ["Index", "IndexArn"]}},
    "BucketTime": {"Value": {"Fn::GetAtt": ["Bucket", "CreationTime"]}},
    "IndexTime": {"Value": {"Fn::GetAtt": ["Index", "CreationTime"]}},
}


def resources(bucket: dict[str, Any] | None = None, index: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a bucket and an index in it."""
    return {
        "Bucket": {"Type": "AWS::S3Vectors::VectorBucket", "Properties": bucket or {}},
        "Index": {"Type": "AWS::S3Vectors::Index", "Properties": INDEX_PROPERTIES | (index or {})},
    }


def create(
    stacks: Stacks, bucket: dict[str, Any] | None = None, index: dict[str, Any] | None = None
) -> tuple[str, dict[str, str]]:
    """Create a stack of both, and return its name and outputs."""
    stack = stacks.create(resources(bucket, index), Outputs=OUTPUTS)
    return stack, stacks.outputs(stack)


@pytest.fixture
def s3vectors(clients: Callable[[str], Any]) -> Any:
    """Give a client of the local cloud's S3 Vectors, which its stacks are made in."""
    return clients("s3vectors")


def test_a_stack_makes_a_bucket_and_an_index(s3vectors: Any, stacks: Stacks) -> None:
    """All properties arrive, names are as given, Ref is the ARN."""
    _, outputs = create(
        stacks,
        {"VectorBucketName": "from-stack", "Tags": [{"Key": "team", "Value": "search"}]},
        {
            "IndexName": "my-index",
            "Dimension": "7",
            "MetadataConfiguration": {"NonFilterableMetadataKeys": ["note"]},
            "EncryptionConfiguration": {"SseType": "AES256"},
        },
    )

    bucket_arn = "arn:aws:s3vectors:us-west-2:123456789012:bucket/from-stack"
    assert outputs["BucketRef"] == outputs["BucketArn"] == bucket_arn
    assert outputs["IndexRef"] == outputs["IndexArn"] == f"{bucket_arn}/index/my-index"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", outputs["BucketTime"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", outputs["IndexTime"])
    index = s3vectors.get_index(indexArn=outputs["IndexArn"])["index"]
    assert index["dimension"] == 7
    assert index["metadataConfiguration"] == {"nonFilterableMetadataKeys": ["note"]}
    tags = s3vectors.list_tags_for_resource(resourceArn=bucket_arn)["tags"]
    assert tags == {"team": "search"}


def test_a_key_of_kms_encrypts_a_bucket(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """EncryptionConfiguration arrives as it is written."""
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"SseType": "aws:kms", "KmsKeyArn": key}
    _, outputs = create(stacks, {"EncryptionConfiguration": encryption})

    bucket = clients("s3vectors").get_vector_bucket(vectorBucketArn=outputs["BucketArn"])["vectorBucket"]
    assert bucket["encryptionConfiguration"] == {"sseType": "aws:kms", "kmsKeyArn": key}


def test_names_are_made_up_when_none_are_given(stacks: Stacks) -> None:
    """Made-up names are valid, tell where they come from, and differ from stack to stack."""
    names = [create(stacks)[1]["IndexArn"].split(":bucket/")[1].split("/index/") for _ in range(2)]

    assert len({name for pair in names for name in pair}) == 4
    for bucket, index in names:
        assert re.fullmatch(r"small-\d+-bucket-[a-z0-9]+", bucket)
        assert re.fullmatch(r"small-\d+-index-[a-z0-9]+", index)


def test_a_long_name_still_makes_valid_names(s3vectors: Any, stacks: Stacks) -> None:
    """Names are cut to 63 characters, their random end kept."""
    name = "Long" * 20
    stack = stacks.create({name: {"Type": "AWS::S3Vectors::VectorBucket"}})

    bucket = stacks.physical_id(stack, name).rsplit("/", 1)[1]
    assert len(bucket) == 63
    assert s3vectors.get_vector_bucket(vectorBucketName=bucket)


def test_deleting_a_stack_removes_all_of_it(s3vectors: Any, stacks: Stacks) -> None:
    """The index goes before its bucket, whatever their order in the template, and vectors do not hold it up."""
    stack, outputs = create(stacks)
    record = {"key": "a", "data": {"float32": [1, 2, 3, 4, 5]}}
    s3vectors.put_vectors(indexArn=outputs["IndexArn"], vectors=[record])

    stacks.delete(stack)
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket(vectorBucketArn=outputs["BucketArn"])


def test_deleting_a_stack_accepts_that_its_index_is_gone(s3vectors: Any, stacks: Stacks) -> None:
    """What somebody deleted by hand is deleted."""
    stack, outputs = create(stacks)
    s3vectors.delete_index(indexArn=outputs["IndexArn"])

    stacks.delete(stack)
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket(vectorBucketArn=outputs["BucketArn"])


def test_a_bucket_with_a_foreign_index_stays(s3vectors: Any, stacks: Stacks) -> None:
    """As in AWS, a bucket is deleted only when empty, and the stack says what is in it; then it can be deleted."""
    stack, outputs = create(stacks)
    bucket = outputs["BucketArn"].rsplit("/", 1)[1]
    for number in range(7):
        s3vectors.create_index(
            vectorBucketName=bucket,
            indexName=f"foreign-{number}",
            dataType="float32",
            dimension=1,
            distanceMetric="cosine",
        )

    with pytest.raises(ClientError, match="The specified vector bucket is not empty"):
        stacks.delete(stack)
    assert stacks.status(stack) == "DELETE_FAILED"
    [reason] = [one for one in stacks.reasons(stack, "DELETE_FAILED") if "Resource" not in one]
    assert (
        "The specified vector bucket is not empty: "
        "it holds foreign-0, foreign-1, foreign-2, foreign-3, foreign-4 and 2 more." in reason
    )
    assert f"aws s3vectors delete-index --vector-bucket-name {bucket} --index-name" in reason
    for number in range(7):
        s3vectors.delete_index(vectorBucketName=bucket, indexName=f"foreign-{number}")
    stacks.delete(stack)


@pytest.mark.parametrize(
    ("bucket", "index", "message"),
    [
        ({"Colour": "red"}, {}, "does not create property Colour"),
        ({"EncryptionConfiguration": {"Key": "k"}}, {}, r"property EncryptionConfiguration\.Key"),
        ({}, {"IndexMode": "ENHANCED"}, "does not create property IndexMode"),
        (
            {},
            {"MetadataConfiguration": {"TextSearchConfigurations": []}},
            r"does not create property MetadataConfiguration\.TextSearchConfigurations",
        ),
    ],
    ids=str,
)
def test_a_property_outside_the_schema_is_refused(
    stacks: Stacks, bucket: dict[str, Any], index: dict[str, Any], message: str
) -> None:
    """What CloudFormation does not know is never passed over."""
    with pytest.raises(ClientError, match=message):
        create(stacks, bucket, index)


@pytest.mark.parametrize(
    ("bucket", "index", "message"),
    [
        ({}, {"Dimension": 5000}, "Value at '/dimension' failed to satisfy constraint"),
        (
            {},
            {"DistanceMetric": {"Ref": "AWS::NoValue"}},
            "Value at '/distanceMetric' .* Member must not be null",
        ),
        (
            {},
            {"VectorBucketArn": {"Ref": "Bucket"}},
            "Must specify either vectorBucketName or vectorBucketArn but not both",
        ),
        ({"VectorBucketName": "Not_Valid"}, {}, "Invalid vector bucket name"),
    ],
    ids=str,
)
def test_a_resource_that_s3_vectors_refuses_fails_the_stack(
    stacks: Stacks, bucket: dict[str, Any], index: dict[str, Any], message: str
) -> None:
    """The stack is rolled back, and an event has the service's reason."""
    stack, _ = create(stacks, bucket, index)

    [reason] = stacks.reasons(stack, "CREATE_FAILED")
    assert re.search(message, reason)
    assert stacks.status(stack) == "ROLLBACK_COMPLETE"


def test_changed_tags_are_changed_in_place(s3vectors: Any, stacks: Stacks) -> None:
    """An update of tags keeps the index and its vectors."""
    stack, outputs = create(stacks, index={"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]})
    record = {"key": "a", "data": {"float32": [1, 2, 3, 4, 5]}}
    s3vectors.put_vectors(indexArn=outputs["IndexArn"], vectors=[record])

    stacks.update(stack, resources(index={"Tags": [{"Key": "b", "Value": "2"}]}), Outputs=OUTPUTS)
    assert outputs == stacks.outputs(stack)
    assert s3vectors.list_tags_for_resource(resourceArn=outputs["IndexArn"])["tags"] == {"b": "2"}
    assert s3vectors.list_vectors(indexArn=outputs["IndexArn"])["vectors"] == [{"key": "a"}]


def test_any_other_change_replaces_the_index(s3vectors: Any, stacks: Stacks) -> None:
    """An update of an immutable property makes a new index, and the old one is gone."""
    stack, outputs = create(stacks)
    stacks.update(stack, resources(index={"Dimension": 6}), Outputs=OUTPUTS)

    replaced = stacks.outputs(stack)
    assert replaced["IndexArn"] != outputs["IndexArn"]
    indexes = s3vectors.list_indexes(vectorBucketArn=outputs["BucketArn"])["indexes"]
    assert [item["indexArn"] for item in indexes] == [replaced["IndexArn"]]
    assert s3vectors.get_index(indexArn=replaced["IndexArn"])["index"]["dimension"] == 6


def test_a_replaced_bucket_takes_its_index_along(s3vectors: Any, stacks: Stacks) -> None:
    """Another name is another bucket, with an index of its own, before the old ones are deleted."""
    stack, outputs = create(stacks, {"VectorBucketName": "first-bucket"})
    stacks.update(stack, resources({"VectorBucketName": "second-bucket"}), Outputs=OUTPUTS)

    assert stacks.outputs(stack)["IndexArn"].split("/")[1] == "second-bucket"
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket(vectorBucketArn=outputs["BucketArn"])


POLICY = {"Version": "2012-10-17", "Statement": []}


def policy(document: Any, **properties: Any) -> dict[str, Any]:
    """Return the resource of a bucket policy."""
    return {"Type": "AWS::S3Vectors::VectorBucketPolicy", "Properties": {"Policy": document, **properties}}


@pytest.mark.parametrize("document", [POLICY, json.dumps(POLICY)], ids=["object", "text"])
def test_a_policy_belongs_to_its_bucket(s3vectors: Any, stacks: Stacks, document: Any) -> None:
    """The policy may be an object or JSON, Ref is the bucket's ARN; it is changed, and deleted without the bucket."""
    outputs = {"Bucket": {"Value": {"Ref": "Bucket"}}, "Policy": {"Value": {"Ref": "Policy"}}}
    alone, bucket = {"Bucket": resources()["Bucket"]}, {"VectorBucketArn": {"Ref": "Bucket"}}
    stack = stacks.create({**alone, "Policy": policy(document, **bucket)}, Outputs=outputs)
    arn = stacks.outputs(stack)["Bucket"]
    assert stacks.outputs(stack)["Policy"] == arn
    assert json.loads(s3vectors.get_vector_bucket_policy(vectorBucketArn=arn)["policy"]) == POLICY

    changed = POLICY | {"Id": "changed"}
    stacks.update(stack, {**alone, "Policy": policy(changed, **bucket)}, Outputs=outputs)
    assert json.loads(s3vectors.get_vector_bucket_policy(vectorBucketArn=arn)["policy"]) == changed

    stacks.update(stack, alone)
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket_policy(vectorBucketArn=arn)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({}, "Must specify either vectorBucketName or vectorBucketArn but not both"),
        ({"VectorBucketName": "absent"}, "The specified vector bucket could not be found"),
    ],
    ids=str,
)
def test_a_policy_of_no_bucket_fails_the_stack(
    stacks: Stacks, properties: dict[str, Any], message: str
) -> None:
    """The reason is that of S3 Vectors."""
    stack = stacks.create({"Policy": policy(POLICY, **properties)})

    assert message in stacks.reasons(stack, "CREATE_FAILED")[0]
