"""What every operation asks of a request: its size, its JSON, and the members that are required."""

from __future__ import annotations

from contract.s3vectors.cases.case import Behaviour, Case, Refusal, broken, refused
from contract.s3vectors.cases.stage import BUCKET, MAIN, VECTOR

UNREADABLE = Refusal("UnknownError", "SerializationException")

BEHAVIOURS = [
    Behaviour(
        "A required member that is missing is named",
        "documented",
        [
            broken(f"{operation} without {path}", operation, request, f"/{path}", "not be null")
            for operation, request, path in (
                ("create_vector_bucket", {}, "vectorBucketName"),
                ("put_vector_bucket_policy", {"vectorBucketName": BUCKET}, "policy"),
                ("put_vectors", {"indexArn": MAIN}, "vectors"),
                ("put_vectors", {"indexArn": MAIN, "vectors": [{"data": VECTOR}]}, "vectors/0/key"),
                ("put_vectors", {"indexArn": MAIN, "vectors": [{"key": "a"}]}, "vectors/0/data"),
                ("get_vectors", {"indexArn": MAIN}, "keys"),
                ("delete_vectors", {"indexArn": MAIN}, "keys"),
                ("query_vectors", {"indexArn": MAIN, "queryVector": VECTOR}, "topK"),
                (
                    "create_index",
                    {
                        "vectorBucketName": BUCKET,
                        "indexName": "<case>",
                        "dataType": "float32",
                        "distanceMetric": "cosine",
                    },
                    "dimension",
                ),
            )
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "Half a surrogate pair is no text",
        "measured",
        [
            Case("surrogate in a key", "get_vectors", {"indexArn": MAIN, "keys": ["\ud800"]}, UNREADABLE),
            Case(
                "surrogate in metadata",
                "put_vectors",
                {"indexArn": MAIN, "vectors": [{"key": "K", "data": VECTOR, "metadata": {"a": "\udfff"}}]},
                UNREADABLE,
            ),
            Case(
                "surrogate in a filter",
                "query_vectors",
                {"indexArn": MAIN, "queryVector": VECTOR, "topK": 1, "filter": {"a": "\ud800"}},
                UNREADABLE,
            ),
        ],
    ),
    Behaviour(
        "NaN in metadata is no JSON",
        "assumed",
        [
            Case(
                "NaN in metadata",
                "put_vectors",
                {
                    "indexArn": MAIN,
                    "vectors": [{"key": "K", "data": VECTOR, "metadata": {"a": float("nan")}}],
                },
                UNREADABLE,
            )
        ],
    ),
    Behaviour(
        "A body has up to 20,971,520 bytes",
        "measured",
        [
            refused(
                "body of 21 MB",
                "put_vectors",
                {
                    "indexArn": MAIN,
                    "vectors": [{"key": "K", "data": VECTOR, "metadata": {"note": "x" * 21_000_000}}],
                },
                "Request body exceeds max allowed size",
            )
        ],
    ),
]
