"""Vector buckets: names, settings, finding and deleting them."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

from contract.s3vectors.cases.case import Behaviour, Case, between, broken, conflict, length, missing, refused
from contract.s3vectors.cases.stage import BUCKET, BUCKET_ARN, NO_BUCKET_ARN

NO_BUCKET = "The specified vector bucket could not be found"
NEW = "<bucket>-<case>"
NEW_ARN = "<arn>-<case>"
BOTH_OR_NEITHER = "Must specify either vectorBucketName or vectorBucketArn but not both"
KMS_KEY = "arn:aws:kms:us-west-2:<account>:key/00000000-0000-0000-0000-000000000000"
DESCRIBED = {
    "vectorBucketName": BUCKET,
    "vectorBucketArn": BUCKET_ARN,
    "creationTime": ANY,
    "encryptionConfiguration": {"sseType": "AES256"},
    "defaultIndexMode": "ENHANCED",
}


def create(name: str, bucket: str = NEW, **options: Any) -> Case:
    """Return a case of a bucket that is created."""
    request = {"vectorBucketName": bucket, **options}
    return Case(name, "create_vector_bucket", request, {"vectorBucketArn": f"<arn>{bucket[len(BUCKET) :]}"})


def misnamed(bucket: str) -> Case:
    """Return a case of a bucket name of wrong characters."""
    request = {"vectorBucketName": bucket}
    return refused(f"bucket {bucket}", "create_vector_bucket", request, "Invalid vector bucket name")


def encrypted(name: str, message: str, **configuration: str) -> Case:
    """Return a case of an encryption that contradicts itself."""
    request = {"vectorBucketName": NEW, "encryptionConfiguration": configuration}
    return refused(name, "create_vector_bucket", request, message)


BEHAVIOURS = [
    Behaviour(
        "CreateVectorBucket returns the ARN, and takes tags and encryption",
        "documented",
        [
            create("plain bucket"),
            create("bucket with tags", tags={"team": "search"}),
            create("encrypted bucket", encryptionConfiguration={"sseType": "AES256"}),
            create("bucket name with digits", f"{NEW}-0-1"),
        ],
    ),
    Behaviour(
        "GetVectorBucket finds by name or ARN; a new bucket is ENHANCED and encrypted with AES256",
        "measured",
        [
            Case(f"bucket by {member}", "get_vector_bucket", {member: value}, {"vectorBucket": DESCRIBED})
            for member, value in (("vectorBucketName", BUCKET), ("vectorBucketArn", BUCKET_ARN))
        ],
    ),
    Behaviour(
        "ListVectorBuckets selects by prefix and returns name, ARN and creation time",
        "documented",
        [
            Case(
                "buckets by prefix",
                "list_vector_buckets",
                {"prefix": NEW},
                {
                    "vectorBuckets": [
                        {"vectorBucketName": NEW, "vectorBucketArn": NEW_ARN, "creationTime": ANY},
                    ]
                },
                given=[("create_vector_bucket", {"vectorBucketName": NEW})],
            ),
            Case(
                "a page of one bucket",
                "list_vector_buckets",
                {"prefix": NEW, "maxResults": 1},
                {"vectorBuckets": [ANY], "nextToken": ANY},
                given=[
                    ("create_vector_bucket", {"vectorBucketName": f"{NEW}-a"}),
                    ("create_vector_bucket", {"vectorBucketName": f"{NEW}-b"}),
                ],
            ),
            Case("no bucket of the prefix", "list_vector_buckets", {"prefix": NEW}, {"vectorBuckets": []}),
        ],
    ),
    Behaviour(
        "An empty bucket is deleted, after which its name is free",
        "documented",
        [
            Case(
                "bucket deleted by name",
                "delete_vector_bucket",
                {"vectorBucketName": NEW},
                {},
                given=[("create_vector_bucket", {"vectorBucketName": NEW})],
            ),
            Case(
                "bucket deleted by ARN",
                "delete_vector_bucket",
                {"vectorBucketArn": NEW_ARN},
                {},
                given=[("create_vector_bucket", {"vectorBucketName": NEW})],
            ),
            Case(
                "bucket created again",
                "create_vector_bucket",
                {"vectorBucketName": NEW},
                {"vectorBucketArn": NEW_ARN},
                given=[
                    ("create_vector_bucket", {"vectorBucketName": NEW}),
                    ("delete_vector_bucket", {"vectorBucketName": NEW}),
                ],
            ),
            Case(
                "deleted bucket",
                "get_vector_bucket",
                {"vectorBucketName": NEW},
                missing("", {}, NO_BUCKET).expected,
                given=[
                    ("create_vector_bucket", {"vectorBucketName": NEW}),
                    ("delete_vector_bucket", {"vectorBucketName": NEW}),
                ],
            ),
        ],
    ),
    Behaviour(
        "A bucket that does not exist is a NotFoundException",
        "measured",
        [
            missing("get_vector_bucket", {"vectorBucketName": f"{BUCKET}-none"}, NO_BUCKET),
            missing("get_vector_bucket", {"vectorBucketArn": NO_BUCKET_ARN}, NO_BUCKET),
            missing("delete_vector_bucket", {"vectorBucketName": f"{BUCKET}-none"}, NO_BUCKET),
            missing("delete_vector_bucket", {"vectorBucketArn": NO_BUCKET_ARN}, NO_BUCKET),
            missing("list_indexes", {"vectorBucketName": f"{BUCKET}-none"}, NO_BUCKET),
            missing("list_indexes", {"vectorBucketArn": NO_BUCKET_ARN}, NO_BUCKET),
        ],
    ),
    Behaviour(
        "A bucket name is taken once in an account and region, and a bucket with indexes stays",
        "measured",
        [
            conflict(
                "bucket twice",
                "create_vector_bucket",
                {"vectorBucketName": BUCKET},
                "A vector bucket with the specified name already exists",
            ),
            conflict(
                "bucket with indexes",
                "delete_vector_bucket",
                {"vectorBucketName": BUCKET},
                "The specified vector bucket is not empty",
            ),
        ],
    ),
    Behaviour(
        "A bucket name holds a-z, 0-9 and -, and neither begins nor ends with -",
        "measured",
        [misnamed(name) for name in ("a_b", "a&b", "a.b", "Abc", "-abc", "abc-", "a b", "äbc")],
    ),
    Behaviour(
        "A bucket name has 3 to 63 characters",
        "measured",
        [
            broken(
                f"bucket name of {size}",
                "create_vector_bucket",
                {"vectorBucketName": "b" * size},
                "/vectorBucketName",
                length(size, 3, 63),
            )
            for size in (2, 64)
        ],
    ),
    Behaviour(
        "A bucket is named by name or by ARN, not both, not neither",
        "measured",
        [
            refused(
                "bucket by name and ARN",
                "get_vector_bucket",
                {"vectorBucketName": BUCKET, "vectorBucketArn": BUCKET_ARN},
                BOTH_OR_NEITHER,
            ),
            *(
                refused(f"{operation} of no bucket", operation, request, BOTH_OR_NEITHER)
                for operation, request in (
                    ("get_vector_bucket", {}),
                    ("delete_vector_bucket", {}),
                    ("list_indexes", {}),
                    ("get_vector_bucket_policy", {}),
                    ("put_vector_bucket_policy", {"policy": "{}"}),
                    ("delete_vector_bucket_policy", {}),
                )
            ),
        ],
    ),
    Behaviour(
        "A KMS key goes with aws:kms, and only with it",
        "measured",
        [
            encrypted(
                "KMS key with AES256",
                "kmsKeyArn must not be specified when sseType is AES256.",
                sseType="AES256",
                kmsKeyArn=KMS_KEY,
            ),
            encrypted(
                "aws:kms without a key",
                "kmsKeyArn must be specified when sseType is set to aws:kms",
                sseType="aws:kms",
            ),
        ],
    ),
    Behaviour(
        "A page has 1 to 500 buckets or indexes, a prefix 1 to 63 characters, a token up to 512",
        "documented",
        [
            *(
                broken(
                    f"{operation} of {size}",
                    operation,
                    {"maxResults": size, **address},
                    "/maxResults",
                    between(1, 500),
                )
                for operation, address in (
                    ("list_vector_buckets", {}),
                    ("list_indexes", {"vectorBucketName": BUCKET}),
                )
                for size in (0, 501)
            ),
            broken(
                "prefix of 64",
                "list_vector_buckets",
                {"prefix": "p" * 64},
                "/prefix",
                length(64, 1, 63),
            ),
            broken(
                "token of 513",
                "list_vector_buckets",
                {"nextToken": "t" * 513},
                "/nextToken",
                length(513, 1, 512),
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A token that no list has given is refused",
        "assumed",
        [
            refused(
                "made-up bucket token", "list_vector_buckets", {"nextToken": "made-up"}, "Invalid page token"
            ),
            refused(
                "made-up index token",
                "list_indexes",
                {"vectorBucketName": BUCKET, "nextToken": "made-up"},
                "Invalid page token",
            ),
        ],
    ),
]
