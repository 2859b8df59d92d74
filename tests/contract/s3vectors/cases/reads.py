"""GetVectors, ListVectors and DeleteVectors."""

from __future__ import annotations

from unittest.mock import ANY

from contract.s3vectors.cases.case import Behaviour, Case, between, broken, keys, length, refused
from contract.s3vectors.cases.stage import DIRECTIONS, MAIN, NUMBERED, SCRATCH

SAME = {"key": "same"}
TOKEN = "Invalid page token"

BEHAVIOURS = [
    Behaviour(
        "GetVectors and ListVectors return keys, and data and metadata when asked; no metadata are `{}`",
        "measured",
        [
            Case("get keys", "get_vectors", {"indexArn": DIRECTIONS, "keys": ["same"]}, {"vectors": [SAME]}),
            Case(
                "get data",
                "get_vectors",
                {"indexArn": DIRECTIONS, "keys": ["same"], "returnData": True},
                {"vectors": [{**SAME, "data": {"float32": [3.0, 0.0]}}]},
            ),
            Case(
                "get metadata",
                "get_vectors",
                {"indexArn": DIRECTIONS, "keys": ["same", "diagonal"], "returnMetadata": True},
                {"vectors": [{"key": "diagonal", "metadata": {}}, {**SAME, "metadata": {"n": 1}}]},
            ),
            Case(
                "get by names",
                "get_vectors",
                {"vectorBucketName": "<bucket>", "indexName": "directions", "keys": ["same"]},
                {"vectors": [SAME]},
            ),
            Case(
                "list keys",
                "list_vectors",
                {"indexArn": DIRECTIONS},
                {"vectors": [{"key": key} for key in ("diagonal", "opposite", "orthogonal", "same")]},
            ),
            Case(
                "list everything",
                "list_vectors",
                {"indexArn": "<arn>/index/places", "returnData": True, "returnMetadata": True},
                {
                    "vectors": [
                        {"key": "far", "data": {"float32": [8.0, 15.0]}, "metadata": {}},
                        {"key": "near", "data": {"float32": [3.0, 4.0]}, "metadata": {}},
                    ]
                },
            ),
        ],
    ),
    Behaviour(
        "A key that is not there is left out of an answer, and no error to delete",
        "measured",
        [
            Case(
                "get an absent key",
                "get_vectors",
                {"indexArn": DIRECTIONS, "keys": ["same", "absent"]},
                {"vectors": [SAME]},
            ),
            Case(
                "get only absent keys",
                "get_vectors",
                {"indexArn": DIRECTIONS, "keys": ["no"]},
                {"vectors": []},
            ),
            Case(
                "get a key of another case",
                "get_vectors",
                {"indexArn": DIRECTIONS, "keys": ["Same"]},
                {"vectors": []},
            ),
            Case("delete an absent key", "delete_vectors", {"indexArn": SCRATCH, "keys": ["<case>"]}, {}),
        ],
    ),
    Behaviour(
        "A deleted vector is gone at once",
        "documented",
        [
            Case(
                "get a deleted key",
                "get_vectors",
                {"indexArn": SCRATCH, "keys": ["<case>", "<case>-stays"]},
                {"vectors": [{"key": "<case>-stays"}]},
                given=[
                    (
                        "put_vectors",
                        {
                            "indexArn": SCRATCH,
                            "vectors": [
                                {"key": key, "data": {"float32": [1, 2]}}
                                for key in ("<case>", "<case>-stays")
                            ],
                        },
                    ),
                    ("delete_vectors", {"indexArn": SCRATCH, "keys": ["<case>"]}),
                ],
            ),
        ],
    ),
    Behaviour(
        "A list has maxResults vectors a page, and a token while there are more",
        "documented",
        [
            Case(
                "first page",
                "list_vectors",
                {"indexArn": NUMBERED, "maxResults": 3},
                {"vectors": [ANY] * 3, "nextToken": ANY},
            ),
            Case(
                "second page",
                "list_vectors",
                {"indexArn": NUMBERED, "maxResults": 3, "nextToken": "<token>"},
                {"vectors": [ANY] * 3, "nextToken": ANY},
                given=[("list_vectors", {"indexArn": NUMBERED, "maxResults": 3})],
            ),
            Case("default page", "list_vectors", {"indexArn": NUMBERED}, {"vectors": [ANY] * 250}),
        ],
    ),
    Behaviour(
        "1 to 100 keys are read, 1 to 500 deleted in a request, each of 1 to 1,024 characters",
        "documented",
        [
            Case("delete 500 keys", "delete_vectors", {"indexArn": SCRATCH, "keys": keys(500)}, {}),
            Case("get 100 keys", "get_vectors", {"indexArn": SCRATCH, "keys": keys(100)}, {"vectors": []}),
            *(
                broken(
                    f"get {count} keys",
                    "get_vectors",
                    {"indexArn": MAIN, "keys": keys(count)},
                    "/keys",
                    length(count, 1, 100),
                )
                for count in (0, 101)
            ),
            *(
                broken(
                    f"delete {count} keys",
                    "delete_vectors",
                    {"indexArn": MAIN, "keys": keys(count)},
                    "/keys",
                    length(count, 1, 500),
                )
                for count in (0, 501)
            ),
            *(
                broken(
                    f"{operation} with a key of {size}",
                    operation,
                    {"indexArn": MAIN, "keys": ["k" * size]},
                    "/keys/0",
                    length(size, 1, 1024),
                )
                for operation in ("get_vectors", "delete_vectors")
                for size in (0, 1025)
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A key stands once in a DeleteVectors request",
        "measured",
        [
            refused(
                "key deleted twice at once",
                "delete_vectors",
                {"indexArn": MAIN, "keys": ["k", "k"]},
                "Request must not contain duplicate keys",
            )
        ],
    ),
    Behaviour(
        "A page of ListVectors has 1 to 1,000 vectors, of 1 to 16 segments, a token up to 2,048 characters",
        "documented",
        [
            *(
                broken(
                    f"list {size}",
                    "list_vectors",
                    {"indexArn": MAIN, "maxResults": size},
                    "/maxResults",
                    between(1, 1000),
                )
                for size in (0, 1001)
            ),
            *(
                broken(
                    f"{count} segments",
                    "list_vectors",
                    {"indexArn": MAIN, "segmentCount": count, "segmentIndex": 0},
                    "/segmentCount",
                    between(1, 16),
                )
                for count in (0, 17)
            ),
            *(
                broken(
                    f"segment {number}",
                    "list_vectors",
                    {"indexArn": MAIN, "segmentCount": 16, "segmentIndex": number},
                    "/segmentIndex",
                    between(0, 15),
                )
                for number in (-1, 16)
            ),
            broken(
                "list token of 2,049",
                "list_vectors",
                {"indexArn": MAIN, "nextToken": "t" * 2049},
                "/nextToken",
                length(2049, 1, 2048),
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A segment is one of a number of segments, and less than that number",
        "documented",
        [
            refused(
                f"only {member}",
                "list_vectors",
                {"indexArn": MAIN, member: 1},
                "Must specify both segmentCount and segmentIndex or neither",
            )
            for member in ("segmentIndex", "segmentCount")
        ]
        + [
            refused(
                "segment 2 of 2",
                "list_vectors",
                {"indexArn": MAIN, "segmentCount": 2, "segmentIndex": 2},
                "segmentIndex must be less than segmentCount",
            )
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A list token is good for the list that gave it",
        "assumed",
        [
            refused("made-up list token", "list_vectors", {"indexArn": MAIN, "nextToken": "made-up"}, TOKEN),
            *(
                Case(
                    f"list token for another {what}",
                    "list_vectors",
                    {"indexArn": NUMBERED, "maxResults": 3, "nextToken": "<token>", **change},
                    refused("", "", {}, TOKEN).expected,
                    given=[("list_vectors", {"indexArn": NUMBERED, "maxResults": 3})],
                )
                for what, change in (
                    ("index", {"indexArn": MAIN}),
                    ("segment", {"segmentCount": 2, "segmentIndex": 0}),
                )
            ),
        ],
    ),
]
