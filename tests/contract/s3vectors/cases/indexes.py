"""Indexes: names, settings, finding and deleting them."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

from contract.s3vectors.cases.buckets import BOTH_OR_NEITHER, KMS_KEY, NO_BUCKET
from contract.s3vectors.cases.case import (
    Behaviour,
    Case,
    Like,
    Refusal,
    between,
    broken,
    conflict,
    keys,
    length,
    missing,
    refused,
)
from contract.s3vectors.cases.stage import BUCKET, BUCKET_ARN, MAIN, NONE, SCRATCH, TEXTS, VECTOR

NO_INDEX = "The specified index could not be found"
NAMES_OR_ARN = "Must specify either indexArn or both vectorBucketName and indexName"
NEW = "<arn>/index/<case>"
ARN_PATTERN = (
    "arn:aws[-a-z0-9]*:s3vectors:[a-z0-9-]+:[0-9]{12}:bucket/[a-z0-9][a-z0-9-.]{1,61}[a-z0-9]"
    "/index/[a-z0-9][a-z0-9-.]{1,61}[a-z0-9]"
)
BAD_DIMENSION = (
    "Value at '/dimension' failed to satisfy constraint: Member must be between 1 and 4096, inclusive"
)
BAD_METRIC = (
    "Value at '/distanceMetric' failed to satisfy constraint: "
    "Member must satisfy enum value set: [euclidean, cosine]"
)
DESCRIBED = {
    "vectorBucketName": BUCKET,
    "creationTime": ANY,
    "dataType": "float32",
    "distanceMetric": "cosine",
    "encryptionConfiguration": {"sseType": "AES256"},
    "indexMode": "ENHANCED",
}
# Operations on an index, and what each needs besides its name.
OF_AN_INDEX: list[tuple[str, dict[str, Any]]] = [
    ("get_index", {}),
    ("delete_index", {}),
    ("list_vectors", {}),
    ("get_vectors", {"keys": ["a"]}),
    ("delete_vectors", {"keys": ["a"]}),
    ("put_vectors", {"vectors": [{"key": "a", "data": VECTOR}]}),
    ("query_vectors", {"topK": 1, "queryVector": VECTOR}),
]


def request(**changes: Any) -> dict[str, Any]:
    """Return a CreateIndex request that is right but for the changes."""
    right = {
        "vectorBucketName": BUCKET,
        "indexName": "<case>",
        "dataType": "float32",
        "dimension": 2,
        "distanceMetric": "cosine",
    }
    return right | changes


def create(name: str, index: str = "<case>", **changes: Any) -> Case:
    """Return a case of an index that is created."""
    expected = {"indexArn": f"<arn>/index/{index}"}
    return Case(name, "create_index", request(indexName=index, **changes), expected)


def described(name: str, *, changes: dict[str, Any], **expected: Any) -> Case:
    """Return a case of an index that is created and then described."""
    expected = {**DESCRIBED, "indexName": "<case>", "indexArn": NEW, "dimension": 2, **expected}
    given = [("create_index", request(**changes))]
    return Case(name, "get_index", {"indexArn": NEW}, {"index": expected}, given)


def misconfigured(name: str, path: str, constraint: str, **configuration: Any) -> Case:
    """Return a case of a metadata configuration that breaks the service model."""
    wrong = request(metadataConfiguration=configuration)
    return broken(name, "create_index", wrong, f"/metadataConfiguration/{path}", constraint)


BEHAVIOURS = [
    Behaviour(
        "An index cannot be made with a KMS key that does not exist; KMS's own words come back",
        "measured",
        [
            Case(
                "missing KMS key",
                "create_index",
                request(encryptionConfiguration={"sseType": "aws:kms", "kmsKeyArn": KMS_KEY}),
                Refusal(
                    Like(r"Key 'arn:aws:kms:[^']+' does not exist \(kms_request_id=[0-9a-f-]+\)"),
                    "AccessDeniedException",
                    403,
                ),
            ),
        ],
    ),
    Behaviour(
        "CreateIndex returns the ARN only; dimension goes to 4096, names may hold dots",
        "documented",
        [
            create("plain index"),
            create("index by bucket ARN", vectorBucketName=None, vectorBucketArn=BUCKET_ARN),
            create("dimension 1", dimension=1),
            create("dimension 4096", dimension=4096),
            create("euclidean index", distanceMetric="euclidean"),
            create("index name with dots", "<case>.v1.2"),
            create("index name of 3 characters", "i-1"),
            create("10 non-filterable keys", metadataConfiguration={"nonFilterableMetadataKeys": keys(10)}),
            create(
                "non-filterable key of 63", metadataConfiguration={"nonFilterableMetadataKeys": ["k" * 63]}
            ),
            create("index with tags", tags={"team": "search"}),
        ],
    ),
    Behaviour(
        "GetIndex describes every setting; metadataConfiguration is absent when none was given",
        "measured",
        [
            described("plain index", changes={}),
            described(
                "euclidean index of 4096",
                changes={"dimension": 4096, "distanceMetric": "euclidean"},
                dimension=4096,
                distanceMetric="euclidean",
            ),
            described(
                "index with a non-filterable key",
                changes={"metadataConfiguration": {"nonFilterableMetadataKeys": ["note"]}},
                metadataConfiguration={"nonFilterableMetadataKeys": ["note"]},
            ),
            Case(
                "index by names",
                "get_index",
                {"vectorBucketName": BUCKET, "indexName": "scratch"},
                {
                    "index": {
                        **DESCRIBED,
                        "indexName": "scratch",
                        "indexArn": SCRATCH,
                        "dimension": 2,
                        "metadataConfiguration": {"nonFilterableMetadataKeys": ["note"]},
                    }
                },
            ),
        ],
    ),
    Behaviour(
        "Text search configurations of a new index have a status, and no language unless one was given",
        "documented",
        [
            Case(
                "index with text search",
                "get_index",
                {"indexArn": TEXTS},
                {
                    "index": {
                        **DESCRIBED,
                        "indexName": "texts",
                        "indexArn": TEXTS,
                        "dimension": 2,
                        "metadataConfiguration": {
                            "nonFilterableMetadataKeys": ["body"],
                            "textSearchConfigurations": [
                                {"metadataKey": "title", "language": "en", "status": "ACTIVE"},
                                {"metadataKey": "body", "status": "ACTIVE"},
                            ],
                        },
                    }
                },
            ),
        ],
    ),
    Behaviour(
        "ListIndexes selects by prefix and returns names, ARN and creation time, nothing else",
        "documented",
        [
            Case(
                f"indexes by {name}",
                "list_indexes",
                {member: value, "prefix": "filt"},
                {
                    "indexes": [
                        {
                            "vectorBucketName": BUCKET,
                            "indexName": "filters",
                            "indexArn": "<arn>/index/filters",
                            "creationTime": ANY,
                        }
                    ]
                },
            )
            for name, member, value in (
                ("bucket name", "vectorBucketName", BUCKET),
                ("bucket ARN", "vectorBucketArn", BUCKET_ARN),
            )
        ]
        + [
            Case(
                "no index of the prefix",
                "list_indexes",
                {"vectorBucketName": BUCKET, "prefix": "none"},
                {"indexes": []},
            ),
            Case(
                "a page of one index",
                "list_indexes",
                {"vectorBucketName": BUCKET, "maxResults": 1},
                {"indexes": [ANY], "nextToken": ANY},
            ),
        ],
    ),
    Behaviour(
        "A deleted index is gone, with its vectors, and its name is free",
        "measured",
        [
            Case("index deleted", "delete_index", {"indexArn": NEW}, {}, [("create_index", request())]),
            Case(
                "index deleted by names",
                "delete_index",
                {"vectorBucketName": BUCKET, "indexName": "<case>"},
                {},
                [("create_index", request())],
            ),
            Case(
                "deleted index",
                "get_index",
                {"indexArn": NEW},
                missing("", {}, NO_INDEX).expected,
                [("create_index", request()), ("delete_index", {"indexArn": NEW})],
            ),
            Case(
                "index created again has no vectors",
                "list_vectors",
                {"indexArn": NEW},
                {"vectors": []},
                [
                    ("create_index", request()),
                    (
                        "put_vectors",
                        {"indexArn": NEW, "vectors": [{"key": "a", "data": {"float32": [1, 2]}}]},
                    ),
                    ("delete_index", {"indexArn": NEW}),
                    ("create_index", request()),
                ],
            ),
        ],
    ),
    Behaviour(
        "An index that does not exist is a NotFoundException; so is one of an unknown bucket",
        "measured",
        [
            missing(operation, {**address, **rest}, NO_INDEX)
            for operation, rest in OF_AN_INDEX
            for address in ({"indexArn": NONE}, {"vectorBucketName": f"{BUCKET}-none", "indexName": "main"})
        ],
    ),
    Behaviour(
        "An index of another region does not exist here",
        "assumed",
        [
            missing(
                "get_index",
                {"indexArn": "arn:aws:s3vectors:eu-west-1:<account>:bucket/<bucket>/index/main"},
                NO_INDEX,
            )
        ],
    ),
    Behaviour(
        "An index cannot be made in a bucket that does not exist",
        "measured",
        [missing("create_index", request(vectorBucketName=f"{BUCKET}-none"), NO_BUCKET)],
    ),
    Behaviour(
        "An index name is taken once in a bucket",
        "measured",
        [
            conflict(
                "index twice",
                "create_index",
                request(indexName="main"),
                "An index with the specified name already exists",
            )
        ],
    ),
    Behaviour(
        "An index is named by ARN or by both names, not both ways, not halfway",
        "measured",
        [
            refused(
                "index by ARN and names",
                "get_index",
                {"indexArn": MAIN, "vectorBucketName": BUCKET, "indexName": "main"},
                NAMES_OR_ARN,
            ),
            refused("index by half its names", "get_index", {"vectorBucketName": BUCKET}, NAMES_OR_ARN),
            refused("index by its other half", "get_index", {"indexName": "main"}, NAMES_OR_ARN),
            refused(
                "index by ARN and bucket",
                "list_vectors",
                {"indexArn": MAIN, "vectorBucketName": BUCKET},
                NAMES_OR_ARN,
            ),
            *(
                refused(f"{operation} of no index", operation, rest, NAMES_OR_ARN)
                for operation, rest in OF_AN_INDEX
            ),
            refused(
                "index in a bucket named twice",
                "create_index",
                request(vectorBucketArn=BUCKET_ARN),
                BOTH_OR_NEITHER,
            ),
        ],
    ),
    Behaviour(
        "An ARN has the form of an ARN",
        "documented",
        [
            broken(
                "index ARN",
                "get_index",
                {"indexArn": "main"},
                "/indexArn",
                f"satisfy regular expression pattern: {ARN_PATTERN}",
            )
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A dimension is from 1 to 4096",
        "measured",
        [
            broken(
                f"dimension {dimension}",
                "create_index",
                request(dimension=dimension),
                "/dimension",
                between(1, 4096),
            )
            for dimension in (-1, 0, 4097, 9999)
        ],
    ),
    Behaviour(
        "The data type is float32, the metric euclidean or cosine",
        "measured",
        [
            broken(
                "data type",
                "create_index",
                request(dataType="float64"),
                "/dataType",
                "satisfy enum value set: [float32]",
            ),
            broken(
                "metric",
                "create_index",
                request(distanceMetric="dot"),
                "/distanceMetric",
                "satisfy enum value set: [euclidean, cosine]",
            ),
        ],
    ),
    Behaviour(
        "Several broken constraints are counted and all named",
        "assumed",
        [
            refused(
                "dimension and metric",
                "create_index",
                request(dimension=5000, distanceMetric="dot"),
                f"2 validation errors detected. {BAD_DIMENSION}; {BAD_METRIC}",
                ("/dimension", BAD_DIMENSION),
                ("/distanceMetric", BAD_METRIC),
            )
        ],
    ),
    Behaviour(
        "An index name has 3 to 63 characters",
        "documented",
        [
            broken(
                f"index name of {size}",
                "create_index",
                request(indexName="i" * size),
                "/indexName",
                length(size, 3, 63),
            )
            for size in (2, 64)
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "An index name holds a-z, 0-9, - and ., and begins and ends with a letter or a digit",
        "documented",
        [
            refused(f"index {name}", "create_index", request(indexName=name), "Invalid index name")
            for name in ("a_b", "Abc", "-abc", "abc.")
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "An index has up to 10 non-filterable keys of 1 to 63 characters, and 10 text search keys",
        "documented",
        [
            misconfigured(
                "11 non-filterable keys",
                "nonFilterableMetadataKeys",
                length(11, 0, 10),
                nonFilterableMetadataKeys=keys(11),
            ),
            misconfigured(
                "non-filterable key of 64",
                "nonFilterableMetadataKeys/0",
                length(64, 1, 63),
                nonFilterableMetadataKeys=["k" * 64],
            ),
            misconfigured(
                "non-filterable key of 0",
                "nonFilterableMetadataKeys/0",
                length(0, 1, 63),
                nonFilterableMetadataKeys=[""],
            ),
            misconfigured(
                "11 text search keys",
                "textSearchConfigurations",
                length(11, 0, 10),
                textSearchConfigurations=[{"metadataKey": key} for key in keys(11)],
            ),
            misconfigured(
                "text search key of 64",
                "textSearchConfigurations/0/metadataKey",
                length(64, 1, 63),
                textSearchConfigurations=[{"metadataKey": "k" * 64}],
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A key has one text search configuration",
        "documented",
        [
            refused(
                "text search on a key twice",
                "create_index",
                request(
                    metadataConfiguration={
                        "textSearchConfigurations": [{"metadataKey": "t"}, {"metadataKey": "t"}]
                    }
                ),
                "textSearchConfigurations must have at most one configuration per metadataKey",
            )
        ],
        wording_assumed=True,
    ),
]
