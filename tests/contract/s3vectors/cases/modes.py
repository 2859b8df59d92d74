"""Index modes: ENHANCED for buckets made since 2026-09-30, and CLASSIC for older ones."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

from contract.s3vectors.cases.buckets import NEW as NEW_BUCKET
from contract.s3vectors.cases.buckets import NO_BUCKET
from contract.s3vectors.cases.case import Behaviour, Case, broken, missing, refused
from contract.s3vectors.cases.indexes import NO_INDEX
from contract.s3vectors.cases.stage import CLASSIC, MAIN, NO_BUCKET_ARN, NONE

STARTS_WITH = "Invalid filter: $startsWith needs an index or a query in ENHANCED mode"
MODES = "satisfy enum value set: [CLASSIC, ENHANCED]"
OLD_BUCKET = {"vectorBucketName": "<bucket>-classic"}
NEW_INDEX = {
    **OLD_BUCKET,
    "indexName": "<case>",
    "dataType": "float32",
    "dimension": 1,
    "distanceMetric": "cosine",
}


def default(name: str, bucket: dict[str, str], mode: str, **rest: Any) -> Case:
    """Return a case of a bucket whose default index mode is set."""
    request = {**bucket, "defaultIndexMode": mode}
    return Case(name, "put_vector_bucket_default_index_mode", request, {}, **rest)


def classic(name: str, expected: str | None, **query: Any) -> Case:
    """Return a case of a query of the CLASSIC index: ten numbers on a line, asked from 0 with topK 1."""
    request = {"indexArn": CLASSIC, "queryVector": {"float32": [0.0, 1.0]}, "topK": 1, **query}
    vectors = [] if expected is None else [{"key": expected}]
    return Case(name, "query_vectors", request, {"vectors": vectors, "distanceMetric": "euclidean"})


BEHAVIOURS = [
    Behaviour(
        "ENHANCED may be set where it is in force already",
        "documented",
        [
            default(
                "ENHANCED bucket made ENHANCED",
                {"vectorBucketName": NEW_BUCKET},
                "ENHANCED",
                given=[("create_vector_bucket", {"vectorBucketName": NEW_BUCKET})],
            ),
            Case(
                "ENHANCED index made ENHANCED",
                "update_index_mode",
                {"indexArn": MAIN, "indexMode": "ENHANCED"},
                {},
            ),
        ],
    ),
    Behaviour(
        "A bucket made since 2026-09-30 and its indexes cannot be CLASSIC",
        "measured",
        [
            refused(
                "new index made CLASSIC",
                "update_index_mode",
                {"indexArn": MAIN, "indexMode": "CLASSIC"},
                "indexMode cannot be set to CLASSIC because the vector bucket does not support CLASSIC mode",
            ),
            refused(
                "new bucket made CLASSIC",
                "put_vector_bucket_default_index_mode",
                {"vectorBucketName": "<bucket>", "defaultIndexMode": "CLASSIC"},
                "defaultIndexMode cannot be set to CLASSIC because this vector bucket does not support CLASSIC mode",
            ),
        ],
    ),
    Behaviour(
        "The mode is CLASSIC or ENHANCED",
        "documented",
        [
            broken(
                "mode of an index",
                "update_index_mode",
                {"indexArn": MAIN, "indexMode": "FAST"},
                "/indexMode",
                MODES,
            ),
            broken(
                "mode of a bucket",
                "put_vector_bucket_default_index_mode",
                {"vectorBucketName": "<bucket>", "defaultIndexMode": "FAST"},
                "/defaultIndexMode",
                MODES,
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "The mode of what does not exist is a NotFoundException",
        "documented",
        [
            missing("update_index_mode", {"indexArn": NONE, "indexMode": "ENHANCED"}, NO_INDEX),
            missing(
                "put_vector_bucket_default_index_mode",
                {"vectorBucketArn": NO_BUCKET_ARN, "defaultIndexMode": "ENHANCED"},
                NO_BUCKET,
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "An older bucket makes CLASSIC indexes until its default is changed; an index changes both ways",
        "documented",
        [
            Case(
                f"index of an older bucket{name}",
                "get_index",
                {**OLD_BUCKET, "indexName": "<case>"},
                {
                    "index": {
                        **NEW_INDEX,
                        "indexArn": "<arn>-classic/index/<case>",
                        "creationTime": ANY,
                        "encryptionConfiguration": {"sseType": "AES256"},
                        "indexMode": mode,
                    }
                },
                given=[("create_index", NEW_INDEX), *changes],
            )
            for name, mode, changes in (
                ("", "CLASSIC", []),
                (
                    " made ENHANCED",
                    "ENHANCED",
                    [("update_index_mode", {**OLD_BUCKET, "indexName": "<case>", "indexMode": "ENHANCED"})],
                ),
                (
                    " made ENHANCED and CLASSIC",
                    "CLASSIC",
                    [
                        ("update_index_mode", {**OLD_BUCKET, "indexName": "<case>", "indexMode": mode})
                        for mode in ("ENHANCED", "CLASSIC")
                    ],
                ),
            )
        ],
        local_only=True,
    ),
    Behaviour(
        "CLASSIC filters while it searches and may miss matches; queryMode ENHANCED filters first, for one query",
        "documented",
        [
            classic("CLASSIC without a filter", "0"),
            classic("CLASSIC with a filter of near ones", "2", filter={"n": {"$gte": 2}}),
            classic("CLASSIC with a filter of far ones", None, filter={"n": {"$gte": 8}}),
            classic("queryMode CLASSIC", None, filter={"n": {"$gte": 8}}, queryMode="CLASSIC"),
            classic("queryMode ENHANCED", "8", filter={"n": {"$gte": 8}}, queryMode="ENHANCED"),
        ],
        local_only=True,
    ),
    Behaviour(
        "CLASSIC has no `$startsWith` and no limit of constraints",
        "documented",
        [
            refused(
                "$startsWith on CLASSIC",
                "query_vectors",
                {
                    "indexArn": CLASSIC,
                    "queryVector": {"float32": [0.0, 1.0]},
                    "topK": 1,
                    "filter": {"name": {"$startsWith": "number"}},
                },
                STARTS_WITH,
                ("filter", STARTS_WITH),
            ),
            classic("101 constraints on CLASSIC", "0", filter={"n": {"$in": list(range(101))}}),
            classic(
                "$startsWith by queryMode",
                "0",
                filter={"name": {"$startsWith": "number"}},
                queryMode="ENHANCED",
            ),
        ],
        wording_assumed=True,
        local_only=True,
    ),
    Behaviour(
        "Text search needs an ENHANCED index",
        "documented",
        [
            refused(
                "new CLASSIC index with text search",
                "create_index",
                {
                    **NEW_INDEX,
                    "metadataConfiguration": {"textSearchConfigurations": [{"metadataKey": "t"}]},
                },
                "textSearchConfigurations cannot be used when indexMode is CLASSIC",
            ),
            refused(
                "text search added to a CLASSIC index",
                "update_metadata_configuration",
                {"indexArn": CLASSIC, "add": {"textSearchConfigurations": [{"metadataKey": "name"}]}},
                "The metadata configuration can be updated only when indexMode is ENHANCED",
            ),
            refused(
                "text query on CLASSIC",
                "query_vectors",
                {"indexArn": CLASSIC, "topK": 1, "queryTexts": [{"metadataKey": "name", "text": "x"}]},
                "queryTexts cannot be used when indexMode is CLASSIC",
            ),
        ],
        wording_assumed=True,
        local_only=True,
    ),
]
