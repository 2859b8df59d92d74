"""Tags and bucket policies."""

from __future__ import annotations

import json

from contract.s3vectors.cases.buckets import NEW as NEW_BUCKET
from contract.s3vectors.cases.buckets import NEW_ARN as NEW_BUCKET_ARN
from contract.s3vectors.cases.buckets import NO_BUCKET
from contract.s3vectors.cases.case import Behaviour, Call, Case, keys, missing, refused
from contract.s3vectors.cases.stage import BUCKET, MAIN, NO_BUCKET_ARN, NONE

NO_POLICY = "The specified vector bucket policy could not be found"
NO_RESOURCE = "The specified resource could not be found"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::<account>:root"},
                "Action": "s3vectors:GetVectorBucket",
                "Resource": NEW_BUCKET_ARN,
            }
        ],
    }
)
CREATE = ("create_vector_bucket", {"vectorBucketName": NEW_BUCKET})
CREATE_TAGGED = (
    "create_vector_bucket",
    {"vectorBucketName": NEW_BUCKET, "tags": {"team": "search", "stage": "test"}},
)
PUT_POLICY = ("put_vector_bucket_policy", {"vectorBucketName": NEW_BUCKET, "policy": POLICY})


def tags_after(name: str, *calls: Call, tags: dict[str, str]) -> Case:
    """Return a case of the tags that a bucket has after some calls."""
    request = {"resourceArn": NEW_BUCKET_ARN}
    return Case(name, "list_tags_for_resource", request, {"tags": tags}, given=list(calls))


def tag(tags: dict[str, str]) -> Call:
    """Return a call that tags the bucket of the case."""
    return "tag_resource", {"resourceArn": NEW_BUCKET_ARN, "tags": tags}


def untag(*tag_keys: str) -> Call:
    """Return a call that takes tags from the bucket of the case."""
    return "untag_resource", {"resourceArn": NEW_BUCKET_ARN, "tagKeys": list(tag_keys)}


BEHAVIOURS = [
    Behaviour(
        "Tags given at creation and later are one set; a tag that is not there is no error to take away",
        "documented",
        [
            tags_after("no tags", CREATE, tags={}),
            tags_after("tags at creation", CREATE_TAGGED, tags={"team": "search", "stage": "test"}),
            tags_after(
                "tags later", CREATE, tag({"a": "1", "größe": "a b+c"}), tags={"a": "1", "größe": "a b+c"}
            ),
            tags_after(
                "changed tag", CREATE_TAGGED, tag({"stage": "live"}), tags={"team": "search", "stage": "live"}
            ),
            tags_after("empty value", CREATE, tag({"a": ""}), tags={"a": ""}),
            tags_after("tag taken away", CREATE_TAGGED, untag("team", "absent"), tags={"stage": "test"}),
            tags_after(
                "50 tags", CREATE, tag(dict.fromkeys(keys(50), "v")), tags=dict.fromkeys(keys(50), "v")
            ),
        ],
    ),
    Behaviour(
        "Tags of what does not exist are a NotFoundException",
        "documented",
        [
            missing(operation, {"resourceArn": arn, **rest}, NO_RESOURCE)
            for operation, rest in (
                ("list_tags_for_resource", {}),
                ("tag_resource", {"tags": {"a": "1"}}),
                ("untag_resource", {"tagKeys": ["a"]}),
            )
            for arn in (NO_BUCKET_ARN, NONE)
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A resource has up to 50 tags, none of which begins with aws:",
        "measured",
        [
            refused(
                "51 tags at creation",
                "create_vector_bucket",
                {"vectorBucketName": NEW_BUCKET, "tags": dict.fromkeys(keys(51), "v")},
                "Too many tags specified",
            ),
            refused(
                "51 tags later",
                "tag_resource",
                {"resourceArn": MAIN, "tags": dict.fromkeys(keys(51), "v")},
                "Too many tags specified",
            ),
            refused(
                "system tag",
                "tag_resource",
                {"resourceArn": MAIN, "tags": {"aws:mine": "v"}},
                "System tags cannot be added/updated by requester",
            ),
        ],
    ),
    Behaviour(
        "A bucket policy is read as it was put, and gone after it is deleted",
        "measured",
        [
            Case("policy put", *PUT_POLICY, {}, given=[CREATE]),
            Case(
                "policy read by name",
                "get_vector_bucket_policy",
                {"vectorBucketName": NEW_BUCKET},
                {"policy": POLICY},
                given=[CREATE, PUT_POLICY],
            ),
            Case(
                "policy read by ARN",
                "get_vector_bucket_policy",
                {"vectorBucketArn": NEW_BUCKET_ARN},
                {"policy": POLICY},
                given=[CREATE, PUT_POLICY],
            ),
            Case(
                "policy deleted",
                "get_vector_bucket_policy",
                {"vectorBucketName": NEW_BUCKET},
                missing("", {}, NO_POLICY).expected,
                given=[CREATE, PUT_POLICY, ("delete_vector_bucket_policy", {"vectorBucketName": NEW_BUCKET})],
            ),
        ],
    ),
    Behaviour(
        "A policy that does not exist, or of a bucket that does not, is a NotFoundException",
        "measured",
        [
            missing("get_vector_bucket_policy", {"vectorBucketName": BUCKET}, NO_POLICY),
            *(
                missing(operation, {"vectorBucketName": f"{BUCKET}-none", **rest}, NO_BUCKET)
                for operation, rest in (
                    ("get_vector_bucket_policy", {}),
                    ("put_vector_bucket_policy", {"policy": POLICY}),
                    ("delete_vector_bucket_policy", {}),
                )
            ),
        ],
    ),
]
