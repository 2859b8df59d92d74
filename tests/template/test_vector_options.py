"""Vectors that outlive a stack: kept ones, and those that were there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from typing import LiteralString

    from conftest import Account
    from fixtures_sql import Database, StubLambda

BUCKET = "arn:aws:s3vectors:us-west-2:123456789012:bucket/mine"
INDEX = f"{BUCKET}/index/docs"
OTHER_INDEX = "arn:aws:s3vectors:us-west-2:123456789012:bucket/others/index/web.pages"


def make_bucket(account: Account) -> None:
    """Create a vector bucket of the user's own."""
    account.client("s3vectors").create_vector_bucket(vectorBucketName="mine")


def test_retained_vectors_survive_the_stack(account: Account, template_text: str) -> None:
    """With RetainVectors=true bucket, index and vectors are all that is there after the deletion."""
    outputs = account.create(template_text, RetainVectors="true")
    vectors = account.client("s3vectors")
    vectors.put_vectors(
        indexArn=outputs["S3VectorIndexArn"], vectors=[{"key": "a", "data": {"float32": [1, 0, 0, 0, 0]}}]
    )
    account.delete()
    kept = vectors.list_vectors(indexArn=outputs["S3VectorIndexArn"])["vectors"]

    assert account.left_over() == [outputs["VectorBucketName"]]
    assert [vector["key"] for vector in kept] == ["a"]


@pytest.mark.parametrize("retain", ["false", "true"])
def test_the_index_is_created_in_an_existing_bucket(
    account: Account, template_text: str, retain: str
) -> None:
    """The stack makes no bucket, and leaves the one it was given; the index goes or stays as asked for."""
    make_bucket(account)
    outputs = account.create(template_text, ExistingVectorBucketArn=BUCKET, RetainVectors=retain)
    created = account.client("s3vectors").list_indexes(vectorBucketName="mine")["indexes"]
    account.delete()
    kept = account.client("s3vectors").list_indexes(vectorBucketName="mine")["indexes"]

    assert [index["indexArn"] for index in created] == [outputs["S3VectorIndexArn"]]
    assert (outputs["VectorBucketArn"], outputs["VectorBucketName"]) == (BUCKET, "mine")
    assert account.left_over() == ["mine"]
    assert kept == (created if retain == "true" else [])


def test_indexes_are_managed_in_an_existing_bucket(account: Account, template_text: str) -> None:
    """The bucket that the stack was given is where new indexes go, and the role is for its indexes only."""
    make_bucket(account)
    account.create(template_text, ExistingVectorBucketArn=BUCKET, ManageIndexes="true")
    function = account.client("lambda").get_function_configuration(FunctionName="s3vl-vector-query")
    [statement] = account.client("iam").get_role_policy(
        RoleName=function["Role"].rsplit("/", 1)[1], PolicyName="manage-indexes"
    )["PolicyDocument"]["Statement"]

    assert function["Environment"]["Variables"] == {"VECTOR_BUCKET_NAME": "mine"}
    assert statement["Resource"] == f"{BUCKET}/index/*"
    account.delete()
    assert account.left_over() == ["mine"]


def test_existing_indexes_are_all_that_the_function_may_use(account: Account, template_text: str) -> None:
    """The stack creates no vectors, and its policies name the indexes it was given."""
    outputs = account.create(template_text, ExistingVectorIndexArns=f"{INDEX},{OTHER_INDEX}")
    role = account.client("lambda").get_function_configuration(FunctionName="s3vl-vector-query")["Role"]
    policies = [
        account.client("iam").get_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyName=name)[
            "PolicyDocument"
        ]
        for name in ("read-vectors", "write-vectors")
    ]

    assert account.client("s3vectors").list_vector_buckets()["vectorBuckets"] == []
    assert [policy["Statement"][0]["Resource"] for policy in policies] == [[INDEX, OTHER_INDEX]] * 2
    assert outputs["S3VectorIndexArn"] == INDEX
    assert (outputs["VectorBucketArn"], outputs["VectorBucketName"]) == (BUCKET, "mine")


def test_the_commands_for_the_database_run(
    account: Account, template_text: str, db: Database, stub: StubLambda
) -> None:
    """What the outputs say is SQL that configures s3vl, and registers each existing index by its own name."""
    outputs = account.create(template_text, ExistingVectorIndexArns=f"{INDEX},{OTHER_INDEX}")
    for _ in range(3):
        stub.answers_failure("service_failure")
    commands: list[Any] = [outputs["ConfigureCommand"], outputs["RegisterIndexCommand"]]
    done = [list(row.values()) for command in commands for row in db.rows(command)]
    registered: LiteralString = "select index_name, index_arn from s3vl.list_indexes() order by index_name"

    assert done == [[True], [True], [True]]
    assert [tuple(row.values()) for row in db.rows(registered)] == [
        ("docs", INDEX),
        ("web.pages", OTHER_INDEX),
    ]


IMPOSSIBLE = "Rule ExistingIndexesStayAsTheyAre failed: {}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"ExistingVectorBucketArn": BUCKET},
            IMPOSSIBLE.format(
                "ExistingVectorBucketArn is for a new index; leave it or ExistingVectorIndexArns empty"
            ),
        ),
        (
            {"VectorDimension": "384"},
            IMPOSSIBLE.format(
                "VectorDimension is for a new index; leave it out, or leave ExistingVectorIndexArns empty"
            ),
        ),
        (
            {"DistanceMetric": "euclidean"},
            IMPOSSIBLE.format(
                "DistanceMetric is for a new index; leave it out, or leave ExistingVectorIndexArns empty"
            ),
        ),
        (
            {"NonFilterableMetadataKeys": "text"},
            IMPOSSIBLE.format(
                "NonFilterableMetadataKeys is for a new index; leave it or ExistingVectorIndexArns empty"
            ),
        ),
        (
            {"ManageIndexes": "true"},
            IMPOSSIBLE.format(
                "ManageIndexes is for the bucket of a new index; leave it out, or ExistingVectorIndexArns empty"
            ),
        ),
        (
            {"RetainVectors": "true"},
            IMPOSSIBLE.format(
                "RetainVectors is for a new index, since existing ones are always kept; leave it out"
            ),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_impossible_combinations_are_refused(
    account: Account, template_text: str, changes: dict[str, str], message: str
) -> None:
    """What would have no effect on existing indexes is refused before anything is created."""
    with pytest.raises(ClientError) as refused:
        account.create(template_text, ExistingVectorIndexArns=INDEX, **changes)

    assert refused.value.response["Error"]["Message"] == message
    assert account.left_over() == []
