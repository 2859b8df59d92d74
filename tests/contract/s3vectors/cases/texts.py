"""Full-text and hybrid search: its configuration, what is found, and with which scores."""

from __future__ import annotations

import math
from typing import Any
from unittest.mock import ANY

from contract.s3vectors.cases.case import (
    Behaviour,
    Case,
    broken,
    conflict,
    keys,
    length,
    missing,
    refused,
)
from contract.s3vectors.cases.indexes import NO_INDEX
from contract.s3vectors.cases.indexes import request as index_request
from contract.s3vectors.cases.queries import distance
from contract.s3vectors.cases.stage import MAIN, NONE, TEXTS

NEW = "<arn>/index/<case>"
CREATE = ("create_index", index_request(dimension=1))
CREATE_WITH_TITLE = (
    "create_index",
    index_request(
        dimension=1, metadataConfiguration={"textSearchConfigurations": [{"metadataKey": "title"}]}
    ),
)
PUT = (
    "put_vectors",
    {
        "indexArn": NEW,
        "vectors": [
            {"key": "a", "data": {"float32": [1]}, "metadata": {"title": "red shoes"}},
            {"key": "b", "data": {"float32": [1]}, "metadata": {"title": "blue hat"}},
        ],
    },
)


def asked(*texts: tuple[str, str], index: str = TEXTS, **rest: Any) -> dict[str, Any]:
    """Return a query for texts, as pairs of a metadata key and what to find in it."""
    query_texts = [{"metadataKey": key, "text": text} for key, text in texts]
    return {"indexArn": index, "topK": 10, "queryTexts": query_texts, **rest}


def finds(name: str, request: dict[str, Any], *hits: Any, given: list[Any] | None = None) -> Case:
    """Return a case of a query and its hits: plain keys, or hits with what else was asked for."""
    vectors = [{"key": hit} if isinstance(hit, str) else hit for hit in hits]
    expected = {"vectors": vectors, "distanceMetric": "cosine"}
    return Case(name, "query_vectors", request, expected, given or [])


def update(name: str, expected: Any, *, given: list[Any], **change: Any) -> Case:
    """Return a case of UpdateMetadataConfiguration on an index of its own."""
    request = {"indexArn": NEW, **configurations(**change)}
    return Case(name, "update_metadata_configuration", request, expected, given)


def configurations(**change: list[dict[str, str]]) -> dict[str, Any]:
    """Return the members `add` and `delete` of a request."""
    return {member: {"textSearchConfigurations": value} for member, value in change.items()}


BEHAVIOURS = [
    Behaviour(
        "UpdateMetadataConfiguration adds or deletes text search on a key and returns the ARN",
        "documented",
        [
            update("text search added", {"indexArn": NEW}, given=[CREATE], add=[{"metadataKey": "title"}]),
            update(
                "text search in French",
                {"indexArn": NEW},
                given=[CREATE],
                add=[{"metadataKey": "title", "language": "fr"}],
            ),
            update(
                "text search deleted",
                {"indexArn": NEW},
                given=[CREATE_WITH_TITLE],
                delete=[{"metadataKey": "title"}],
            ),
            Case(
                "added configuration",
                "get_index",
                {"indexArn": NEW},
                {
                    "index": {
                        "vectorBucketName": "<bucket>",
                        "indexName": "<case>",
                        "indexArn": NEW,
                        "creationTime": ANY,
                        "dataType": "float32",
                        "dimension": 1,
                        "distanceMetric": "cosine",
                        "encryptionConfiguration": {"sseType": "AES256"},
                        "indexMode": "ENHANCED",
                        "metadataConfiguration": {
                            "textSearchConfigurations": [
                                {"metadataKey": "title", "status": ANY},
                                {"metadataKey": "body", "language": "ja", "status": ANY},
                            ]
                        },
                    }
                },
                given=[
                    CREATE_WITH_TITLE,
                    (
                        "update_metadata_configuration",
                        {
                            "indexArn": NEW,
                            **configurations(add=[{"metadataKey": "body", "language": "ja"}]),
                        },
                    ),
                ],
            ),
        ],
    ),
    Behaviour(
        "A new text search is ACTIVE at once, and finds what was there before",
        "assumed",
        [
            finds(
                "text search added later",
                asked(("title", "red"), index=NEW),
                "a",
                given=[
                    CREATE,
                    PUT,
                    (
                        "update_metadata_configuration",
                        {"indexArn": NEW, **configurations(add=[{"metadataKey": "title"}])},
                    ),
                ],
            )
        ],
    ),
    Behaviour(
        "A change either adds or deletes, keeps to 10 keys, and names keys and languages that there are",
        "documented",
        [
            refused(
                name,
                "update_metadata_configuration",
                {"indexArn": MAIN, **change},
                "Must specify either add or delete but not both",
            )
            for name, change in (
                ("no change", {}),
                (
                    "add and delete",
                    configurations(add=[{"metadataKey": "x"}], delete=[{"metadataKey": "y"}]),
                ),
            )
        ]
        + [
            broken(
                "11 keys at once",
                "update_metadata_configuration",
                {"indexArn": MAIN, **configurations(add=[{"metadataKey": key} for key in keys(11)])},
                "/add/textSearchConfigurations",
                length(11, 0, 10),
            ),
            broken(
                "language",
                "update_metadata_configuration",
                {"indexArn": MAIN, **configurations(add=[{"metadataKey": "x", "language": "xx"}])},
                "/add/textSearchConfigurations/0/language",
                "satisfy enum value set: [en, fr, es, pt, it, de, nl, zh, ja, ko]",
            ),
            missing(
                "update_metadata_configuration",
                {"indexArn": NONE, **configurations(add=[{"metadataKey": "x"}])},
                NO_INDEX,
            ),
            refused(
                "deleted key that is not configured",
                "update_metadata_configuration",
                {"indexArn": MAIN, **configurations(delete=[{"metadataKey": "absent"}])},
                "Metadata key 'absent' is not configured for text search",
            ),
            conflict(
                "key added twice",
                "update_metadata_configuration",
                {"indexArn": TEXTS, **configurations(add=[{"metadataKey": "title"}])},
                "A text search configuration for the metadata key 'title' already exists",
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A full-text query finds the records whose text has a word of it, and only among those of the filter",
        "documented",
        [
            finds("one word", asked(("title", "boots")), "boots"),
            finds("filter", asked(("title", "red"), filter={"n": {"$gt": 1}}), "hat"),
            finds("non-filterable key", asked(("body", "heavy")), "boots"),
            finds("no match", asked(("title", "sandals"))),
            finds(
                "with metadata",
                asked(("title", "boots"), returnMetadata=True),
                {"key": "boots", "metadata": {"title": "Brown walking boots", "body": "Heavy", "n": 2}},
            ),
        ],
    ),
    Behaviour(
        "Writes are found, or not found any more, at once",
        "documented",
        [
            finds("after a put", asked(("title", "red"), index=NEW), "a", given=[CREATE_WITH_TITLE, PUT]),
            finds(
                "after a delete",
                asked(("title", "red"), index=NEW),
                given=[CREATE_WITH_TITLE, PUT, ("delete_vectors", {"indexArn": NEW, "keys": ["a"]})],
            ),
        ],
    ),
    Behaviour(
        "Shorter texts rank higher (BM25); any word may match; case does not matter; languages stem, "
        "the standard analyzer does not; a text query has no distance",
        "assumed",
        [
            finds("shorter first", asked(("title", "red")), "hat", "shoes"),
            finds("any word", asked(("title", "boots hat")), "hat", "boots"),
            finds("upper case", asked(("title", "BOOTS")), "boots"),
            finds("English stems", asked(("title", "run")), "shoes"),
            finds("standard does not stem", asked(("body", "run"))),
            finds("no distance", asked(("title", "boots"), returnDistance=True), "boots"),
        ],
    ),
    Behaviour(
        "A hybrid query fuses the ranks of the vector and of each text",
        "documented",
        [
            finds(
                "vector and text",
                asked(("title", "hat"), queryVector={"float32": [1.0, 0.0]}),
                "hat",
                "shoes",
                "boots",
            ),
            finds(
                "vector and two texts",
                asked(("title", "boots"), ("body", "heavy"), queryVector={"float32": [1.0, 0.0]}),
                "boots",
                "shoes",
                "hat",
            ),
        ],
    ),
    Behaviour(
        "`scores` has `fused` for hybrid queries, BM25 by key that matched, and the distance when the vector matched",
        "documented",
        [
            finds(
                "scores of a text",
                asked(("title", "boots"), returnScores=True),
                {"key": "boots", "scores": {"bm25Scores": [{"metadataKey": "title", "score": ANY}]}},
            ),
            finds(
                "scores of a hybrid query",
                asked(("title", "hat"), queryVector={"float32": [1.0, 0.0]}, returnScores=True),
                {
                    "key": "hat",
                    "scores": {
                        "fused": ANY,
                        "bm25Scores": [{"metadataKey": "title", "score": ANY}],
                        "vectorDistance": distance(1 - math.sqrt(0.5)),
                    },
                },
                {"key": "shoes", "scores": {"fused": ANY, "vectorDistance": distance(0)}},
                {"key": "boots", "scores": {"fused": ANY, "vectorDistance": ANY}},
            ),
            finds(
                "no scores of a vector",
                {
                    "indexArn": TEXTS,
                    "queryVector": {"float32": [1.0, 0.0]},
                    "topK": 1,
                    "returnScores": True,
                },
                "shoes",
            ),
        ],
    ),
    Behaviour(
        "A query has 1 to 10 texts of 1 to 1,024 characters, each for another key",
        "documented",
        [
            broken(
                f"{count} texts",
                "query_vectors",
                asked(*((key, "x") for key in keys(count))),
                "/queryTexts",
                length(count, 1, 10),
            )
            for count in (0, 11)
        ]
        + [
            broken(
                f"text of {size}",
                "query_vectors",
                asked(("title", "x" * size)),
                "/queryTexts/0/text",
                length(size, 1, 1024),
            )
            for size in (0, 1025)
        ]
        + [
            refused(
                "key asked twice",
                "query_vectors",
                asked(("title", "red"), ("title", "hat")),
                "queryTexts must have at most one entry per metadataKey",
            )
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A key that is not configured cannot be asked",
        "assumed",
        [
            refused(
                "unconfigured key",
                "query_vectors",
                asked(("other", "red")),
                "Metadata key 'other' is not configured for text search",
            )
        ],
    ),
]
