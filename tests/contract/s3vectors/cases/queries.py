"""QueryVectors by vector: distances, what a hit has, pages, and what is refused."""

from __future__ import annotations

import math
from typing import Any
from unittest.mock import ANY

import pytest

from contract.s3vectors.cases.case import Behaviour, Call, Case, between, broken, length, refused
from contract.s3vectors.cases.stage import DIRECTIONS, MAIN, NUMBERED, PLACES, SCRATCH, VECTOR

INVALID = "Query vector contains invalid values or is invalid for this index"
TOKEN = "Invalid page token"
FIRST = {"indexArn": NUMBERED, "queryVector": {"float32": [1.0, 0.0]}, "topK": 150}


def distance(expected: float) -> Any:
    """Return a distance as near as the service computes it: 1e-5 off was measured on ENHANCED indexes."""
    return pytest.approx(expected, rel=1e-4, abs=1e-4)


def found(name: str, request: dict[str, Any], hits: list[dict[str, Any]], metric: str = "cosine") -> Case:
    """Return a case of a query and all of its hits."""
    request = {"indexArn": DIRECTIONS, "queryVector": {"float32": [2.0, 0.0]}, "topK": 10, **request}
    return Case(name, "query_vectors", request, {"vectors": hits, "distanceMetric": metric})


def refuse(name: str, change: dict[str, Any], message: str, *fields: tuple[str, str]) -> Case:
    """Return a case of a query that is refused for what the change adds."""
    request = {"indexArn": MAIN, "queryVector": VECTOR, "topK": 1, **change}
    return refused(name, "query_vectors", request, message, *fields)


def refuse_vector(name: str, vector: list[float], reason: str) -> Case:
    """Return a case of a query vector that is refused."""
    change = {"queryVector": {"float32": vector}}
    return refuse(name, change, INVALID, ("vector", f"Invalid input: {reason}"))


def written(key: str, vector: list[float], of: str = "<case>") -> list[dict[str, Any]]:
    """Return one vector of a case, as PutVectors takes it."""
    return [{"key": key, "data": {"float32": vector}, "metadata": {"of": of}}]


def second_page_after(name: str, write: Call, key: str, metadata: dict[str, Any]) -> Case:
    """Return a case of the last of 101 results, asked for after a write; it is what it was at the first page."""
    near = [vector for number in range(100) for vector in written(f"<case>-{number}", [1.0, number / 1000])]
    query = {
        "indexArn": SCRATCH,
        "queryVector": {"float32": [1.0, 0.0]},
        "topK": 101,
        "filter": {"of": "<case>"},
        "returnMetadata": True,
    }
    return Case(
        name,
        "query_vectors",
        {**query, "nextToken": "<token>"},
        {"vectors": [{"key": key, "metadata": metadata}], "distanceMetric": "cosine"},
        given=[
            (
                "put_vectors",
                {"indexArn": SCRATCH, "vectors": [*near, *written("<case>-last", [0.0, 1.0])]},
            ),
            ("query_vectors", query),
            write,
        ],
    )


def second_page(name: str, change: dict[str, Any], expected: Any) -> Case:
    """Return a case of a second page of 150 results, asked for with a change."""
    request = {**FIRST, "nextToken": "<token>", **change}
    return Case(name, "query_vectors", request, expected, given=[("query_vectors", FIRST)])


BEHAVIOURS = [
    Behaviour(
        "Cosine distance is 1 - cos, from 0 to 2; results are nearest first",
        "measured",
        [
            found(
                f"cosine from ({vector[0]}, 0)",
                {"returnDistance": True, "queryVector": {"float32": vector}},
                [
                    {"key": "same", "distance": distance(0)},
                    {"key": "diagonal", "distance": distance(1 - math.sqrt(0.5))},
                    {"key": "orthogonal", "distance": distance(1)},
                    {"key": "opposite", "distance": distance(2)},
                ],
            )
            for vector in ([0.001, 0.0], [3.0, 0.0], [1000.0, 0.0])
        ],
    ),
    Behaviour(
        "Euclidean distance is the square of the distance",
        "measured",
        [
            found(
                "euclidean",
                {"indexArn": PLACES, "queryVector": {"float32": [0.0, 0.0]}, "returnDistance": True},
                [{"key": "near", "distance": distance(25)}, {"key": "far", "distance": distance(289)}],
                "euclidean",
            )
        ],
    ),
    Behaviour(
        "A hit has its key, and distance and metadata when asked; an answer always says the metric",
        "documented",
        [
            found("keys", {"topK": 2}, [{"key": "same"}, {"key": "diagonal"}]),
            found(
                "metadata",
                {"topK": 2, "returnMetadata": True},
                [{"key": "same", "metadata": {"n": 1}}, {"key": "diagonal", "metadata": {}}],
            ),
            found(
                "both",
                {"topK": 1, "returnMetadata": True, "returnDistance": True},
                [{"key": "same", "metadata": {"n": 1}, "distance": distance(0)}],
            ),
            found(
                "neither", {"topK": 1, "returnMetadata": False, "returnDistance": False}, [{"key": "same"}]
            ),
            found(
                "by names",
                {"indexArn": None, "vectorBucketName": "<bucket>", "indexName": "directions", "topK": 1},
                [{"key": "same"}],
            ),
        ],
    ),
    Behaviour(
        "queryMode ENHANCED changes nothing on an ENHANCED index, and CLASSIC is refused there",
        "measured",
        [
            found("ENHANCED", {"topK": 1, "queryMode": "ENHANCED"}, [{"key": "same"}]),
            refuse(
                "CLASSIC",
                {"queryMode": "CLASSIC"},
                "queryMode cannot be CLASSIC when indexMode is ENHANCED",
            ),
        ],
    ),
    Behaviour(
        "A page has up to 100 results and a token while there are more, until topK",
        "measured",
        [
            Case(
                f"first page of topK {top_k}",
                "query_vectors",
                {**FIRST, "topK": top_k},
                {"vectors": [ANY] * 100, "distanceMetric": "cosine", **token},
            )
            for top_k, token in ((100, {}), (101, {"nextToken": ANY}), (10_000, {"nextToken": ANY}))
        ]
        + [second_page("second page", {}, {"vectors": [ANY] * 50, "distanceMetric": "cosine"})],
    ),
    Behaviour(
        "An index without vectors has no neighbours",
        "assumed",
        [
            Case(
                "query of an empty index",
                "query_vectors",
                {"indexArn": "<arn>/index/<case>", "queryVector": {"float32": [1.0]}, "topK": 10},
                {"vectors": [], "distanceMetric": "cosine"},
                given=[
                    (
                        "create_index",
                        {
                            "vectorBucketName": "<bucket>",
                            "indexName": "<case>",
                            "dataType": "float32",
                            "dimension": 1,
                            "distanceMetric": "cosine",
                        },
                    )
                ],
            )
        ],
    ),
    Behaviour(
        "A query sees the writes before it",
        "documented",
        [
            Case(
                "query after a put",
                "query_vectors",
                {
                    "indexArn": SCRATCH,
                    "queryVector": {"float32": [1.0, 2.0]},
                    "topK": 1,
                    "filter": {"written": "<case>"},
                },
                {"vectors": [{"key": "<case>"}], "distanceMetric": "cosine"},
                given=[
                    (
                        "put_vectors",
                        {
                            "indexArn": SCRATCH,
                            "vectors": [
                                {
                                    "key": "<case>",
                                    "data": {"float32": [1, 2]},
                                    "metadata": {"written": "<case>"},
                                }
                            ],
                        },
                    )
                ],
            )
        ],
    ),
    Behaviour(
        "The pages of one query are of one moment: writes between them are not seen",
        "documented",
        [
            second_page_after(
                "a page after a put",
                ("put_vectors", {"indexArn": SCRATCH, "vectors": written("<case>-new", [1.0, 0.0])}),
                "<case>-last",
                {"of": "<case>"},
            ),
            second_page_after(
                "a page after a delete",
                ("delete_vectors", {"indexArn": SCRATCH, "keys": ["<case>-last"]}),
                "<case>-last",
                {"of": "<case>"},
            ),
            second_page_after(
                "a page after a replacement",
                (
                    "put_vectors",
                    {"indexArn": SCRATCH, "vectors": written("<case>-last", [1.0, 0.0], of="another")},
                ),
                "<case>-last",
                {"of": "<case>"},
            ),
        ],
    ),
    Behaviour(
        "A query vector has the dimension of the index, is finite, and on cosine not zero",
        "measured",
        [
            refuse_vector("query too short", [1.0, 2.0], "vector must have length 5, but has length 2"),
            refuse_vector("query too long", [1.0] * 6, "vector must have length 5, but has length 6"),
            refuse_vector("query empty", [], "vector must have length 5, but has length 0"),
            refuse_vector("query zero", [0.0] * 5, "cosine distance does not support vectors with zero norm"),
        ],
    ),
    Behaviour(
        "A query vector that is not finite is refused like one that is put",
        "assumed",
        [
            refuse_vector(f"query {value}", [value, 2.0, 3.0, 4.0, 5.0], "vector contains NaNs or Infs")
            for value in (math.nan, math.inf, 3.5e38)
        ],
    ),
    Behaviour(
        "topK is from 1 to 10,000",
        "documented",
        [
            broken(
                f"topK {top_k}",
                "query_vectors",
                {"indexArn": MAIN, "queryVector": VECTOR, "topK": top_k},
                "/topK",
                between(1, 10_000),
            )
            for top_k in (-1, 0, 10_001)
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A query asks for a vector or for texts; its mode is CLASSIC or ENHANCED; tokens have up to 4,096 characters",
        "documented",
        [
            refused(
                "query for nothing",
                "query_vectors",
                {"indexArn": MAIN, "topK": 1},
                "Must specify at least one of queryVector and queryTexts",
            ),
            broken(
                "query mode",
                "query_vectors",
                {"indexArn": MAIN, "queryVector": VECTOR, "topK": 1, "queryMode": "FAST"},
                "/queryMode",
                "satisfy enum value set: [CLASSIC, ENHANCED]",
            ),
            broken(
                "query token of 4,097",
                "query_vectors",
                {"indexArn": MAIN, "queryVector": VECTOR, "topK": 1, "nextToken": "t" * 4097},
                "/nextToken",
                length(4097, 1, 4096),
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A token that is expired or made up is refused",
        "measured",
        [refuse("made-up query token", {"nextToken": "bm90aGluZw=="}, TOKEN)],
    ),
    Behaviour(
        "A query token is good for the query that gave it; a page may be asked for again, by names too",
        "assumed",
        [
            second_page(f"token with another {next(iter(change))}", change, refuse("", {}, TOKEN).expected)
            for change in (
                {"topK": 151},
                {"queryVector": {"float32": [1.0, 0.5]}},
                {"filter": {"even": False}},
                {"returnDistance": True},
                {"returnMetadata": True},
                {"queryMode": "ENHANCED"},
                {"indexArn": DIRECTIONS},
            )
        ]
        + [
            Case(
                "page again",
                "query_vectors",
                {
                    **FIRST,
                    "indexArn": None,
                    "vectorBucketName": "<bucket>",
                    "indexName": "numbered",
                    "nextToken": "<token>",
                },
                {"vectors": [ANY] * 50, "distanceMetric": "cosine"},
                given=[
                    ("query_vectors", FIRST),
                    ("query_vectors", {**FIRST, "nextToken": "<token>"}),
                ],
            )
        ],
    ),
]
