"""AWS::S3Vectors::VectorBucket and AWS::S3Vectors::Index in stacks."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INDEX_PROPERTIES = {
    "VectorBucketName": {
        "Fn::Select": [1, {"Fn::Split": ["/", {"Fn::GetAtt": ["Bucket", "VectorBucketArn"]}]}]
    },
    "DataType": "float32",
    "Dimension": 5,
    "DistanceMetric": "cosine",
}


def template(
    bucket: dict[str, Any] | None = None, index: dict[str, Any] | None = None, **parameters: Any
) -> dict[str, Any]:
    """Return a template of a bucket, an index in it, and outputs of all that can be asked of them."""
    resources = {
        "Bucket": {"Type": "AWS::S3Vectors::VectorBucket", "Properties": bucket or {}},
        "Index": {"Type": "AWS::S3Vectors::Index", "Properties": INDEX_PROPERTIES | (index or {})},
    }
    outputs = {
        "BucketRef": {"Value": {"Ref": "Bucket"}},
        "IndexRef": {"Value": {"Ref": "Index"}},
        "BucketArn": {"Value": {"Fn::GetAtt": ["Bucket", "VectorBucketArn"]}},
        "IndexArn": {"Value": {"Fn::GetAtt": ["Index", "IndexArn"]}},
        "BucketTime": {"Value": {"Fn::GetAtt": ["Bucket", "CreationTime"]}},
        "IndexTime": {"Value": {"Fn::GetAtt": ["Index", "CreationTime"]}},
    }
    return {"Resources": resources, "Outputs": outputs, **parameters}


@pytest.fixture(scope="session")
def stack_names() -> Iterator[str]:
    """Give names that no other stack of this run has."""
    return (f"Stack-{number}" for number in itertools.count(1))


@pytest.fixture
def cloudformation(aws_client: Callable[..., Any]) -> Any:
    """Give a client of CloudFormation."""
    return aws_client("cloudformation")


@pytest.fixture
def create(cloudformation: Any, stack_names: Iterator[str]) -> Callable[..., tuple[str, dict[str, str]]]:
    """Create a stack, and return its name and outputs."""

    def run(document: dict[str, Any]) -> tuple[str, dict[str, str]]:
        name = next(stack_names)
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(document))
        return name, outputs_of(cloudformation, name)

    return run


def outputs_of(cloudformation: Any, name: str) -> dict[str, str]:
    """Return the outputs of a stack that is complete."""
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_a_stack_makes_a_bucket_and_an_index(s3vectors: Any, create: Callable[..., Any]) -> None:
    """All properties arrive, names are as given, Ref is the ARN."""
    _, outputs = create(
        template(
            {"VectorBucketName": "from-stack", "Tags": [{"Key": "team", "Value": "search"}]},
            {
                "IndexName": "my-index",
                "Dimension": "7",
                "MetadataConfiguration": {"NonFilterableMetadataKeys": ["note"]},
                "EncryptionConfiguration": {"SseType": "AES256"},
            },
        )
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


def test_names_are_made_up_when_none_are_given(create: Callable[..., Any]) -> None:
    """Made-up names are valid, tell where they come from, and differ from stack to stack."""
    names = [create(template())[1]["IndexArn"].split(":bucket/")[1].split("/index/") for _ in range(2)]

    assert len({name for pair in names for name in pair}) == 4
    for bucket, index in names:
        assert re.fullmatch(r"stack-\d+-bucket-[a-z0-9]+", bucket)
        assert re.fullmatch(r"stack-\d+-index-[a-z0-9]+", index)


def test_a_long_stack_name_still_makes_valid_names(cloudformation: Any) -> None:
    """Names are cut to 63 characters, their random end kept."""
    name = "Stack" + "-long" * 20
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template()))

    bucket, _, index = outputs_of(cloudformation, name)["IndexArn"].split(":bucket/")[1].split("/")
    assert len(bucket) == len(index) == 63
    assert bucket != index


def test_deleting_a_stack_removes_all_of_it(
    s3vectors: Any, cloudformation: Any, create: Callable[..., Any]
) -> None:
    """The index goes before its bucket, whatever their order in the template, and vectors do not hold it up."""
    name, outputs = create(template())
    record = {"key": "a", "data": {"float32": [1, 2, 3, 4, 5]}}
    s3vectors.put_vectors(indexArn=outputs["IndexArn"], vectors=[record])

    cloudformation.delete_stack(StackName=name)
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket(vectorBucketArn=outputs["BucketArn"])


def test_deleting_a_stack_accepts_that_its_index_is_gone(
    s3vectors: Any, cloudformation: Any, create: Callable[..., Any]
) -> None:
    """What somebody deleted by hand is deleted."""
    name, outputs = create(template())
    s3vectors.delete_index(indexArn=outputs["IndexArn"])

    cloudformation.delete_stack(StackName=name)
    with pytest.raises(s3vectors.exceptions.NotFoundException):
        s3vectors.get_vector_bucket(vectorBucketArn=outputs["BucketArn"])


def test_a_bucket_with_a_foreign_index_stays(
    s3vectors: Any, cloudformation: Any, create: Callable[..., Any]
) -> None:
    """As in AWS, a bucket is deleted only when empty, and the stack says why it is not."""
    name, outputs = create(template())
    s3vectors.create_index(
        vectorBucketArn=outputs["BucketArn"],
        indexName="foreign",
        dataType="float32",
        dimension=1,
        distanceMetric="cosine",
    )

    with pytest.raises(ClientError, match="The specified vector bucket is not empty"):
        cloudformation.delete_stack(StackName=name)
    assert s3vectors.list_indexes(vectorBucketArn=outputs["BucketArn"])["indexes"]


@pytest.mark.parametrize(
    ("bucket", "index", "message"),
    [
        ({"Colour": "red"}, {}, r"extraneous key \[Colour\] is not permitted"),
        ({"EncryptionConfiguration": {"Key": "k"}}, {}, r"extraneous key \[Key\] is not permitted"),
        ({}, {"IndexMode": "ENHANCED"}, r"extraneous key \[IndexMode\] is not permitted"),
        (
            {},
            {"MetadataConfiguration": {"TextSearchConfigurations": []}},
            r"extraneous key \[TextSearchConfigurations\] is not permitted",
        ),
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
    create: Callable[..., Any], bucket: dict[str, Any], index: dict[str, Any], message: str
) -> None:
    """A wrong or unknown property is an error with its reason, and is never passed over."""
    with pytest.raises(ClientError, match=message):
        create(template(bucket, index))


def test_changed_tags_are_changed_in_place(
    s3vectors: Any, cloudformation: Any, create: Callable[..., Any]
) -> None:
    """An update of tags keeps the index and its vectors."""
    name, outputs = create(template(index={"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}))
    record = {"key": "a", "data": {"float32": [1, 2, 3, 4, 5]}}
    s3vectors.put_vectors(indexArn=outputs["IndexArn"], vectors=[record])

    changed = template(index={"Tags": [{"Key": "b", "Value": "2"}]})
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(changed))
    assert outputs == outputs_of(cloudformation, name)
    assert s3vectors.list_tags_for_resource(resourceArn=outputs["IndexArn"])["tags"] == {"b": "2"}
    assert s3vectors.list_vectors(indexArn=outputs["IndexArn"])["vectors"] == [{"key": "a"}]


def test_any_other_change_replaces_the_index(
    s3vectors: Any, cloudformation: Any, create: Callable[..., Any]
) -> None:
    """An update of an immutable property makes a new index, and the old one is gone."""
    name, outputs = create(template())
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template(index={"Dimension": 6})))

    replaced = outputs_of(cloudformation, name)
    assert replaced["IndexArn"] != outputs["IndexArn"]
    indexes = s3vectors.list_indexes(vectorBucketArn=outputs["BucketArn"])["indexes"]
    assert [item["indexArn"] for item in indexes] == [replaced["IndexArn"]]
    assert s3vectors.get_index(indexArn=replaced["IndexArn"])["index"]["dimension"] == 6


def test_a_custom_named_index_is_not_replaced(cloudformation: Any, create: Callable[..., Any]) -> None:
    """As in AWS, a replacement under the same name is refused."""
    name, _ = create(template(index={"IndexName": "mine"}))

    changed = template(index={"IndexName": "mine", "Dimension": 6})
    with pytest.raises(ClientError, match=r"custom-named resource requires replacing\. Rename mine"):
        cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(changed))
