"""PutVectors: what is stored, and the records that are refused."""

from __future__ import annotations

import math
from typing import Any

from contract.s3vectors.cases.case import Behaviour, Case, broken, keys, length, refused
from contract.s3vectors.cases.stage import MAIN, SCRATCH, SCRATCH_EUCLIDEAN, VECTOR

FLT_MAX = 3.4028234663852886e38
SMALLEST = 1.401298464324817e-45
ZERO_NORM = "cosine distance does not support vectors with zero norm"
NOT_FINITE = "vector contains NaNs or Infs"
VALUES = "Metadata values must be strings, numbers, booleans, or arrays"
ELEMENTS = "Metadata array values must be strings or numbers"


def stored(
    name: str,
    vector: list[float] | None = None,
    metadata: dict[str, Any] | None = None,
    *,
    key: str = "<case>",
    index: str = SCRATCH,
    back: list[float] | None = None,
) -> Case:
    """Return a case of a record that is put and read back, as it was put or as `back`."""
    vector = vector or [1.0, 2.0]
    record = {"key": key, "data": {"float32": vector}, "metadata": metadata or {}}
    read = {"indexArn": index, "keys": [key], "returnData": True, "returnMetadata": True}
    expected = {**record, "data": {"float32": back or vector}}
    given = [("put_vectors", {"indexArn": index, "vectors": [record]})]
    return Case(name, "get_vectors", read, {"vectors": [expected]}, given)


def refuse(name: str, record: dict[str, Any], reason: str, member: str = "") -> Case:
    """Return a case of one record that is refused."""
    record = {"key": "K", "data": VECTOR, **record}
    request = {"indexArn": MAIN, "vectors": [record]}
    message = f"Invalid record for key '{record['key']}': {reason}"
    return refused(name, "put_vectors", request, message, (f"vectors[0]{member}", reason))


def refuse_vector(name: str, vector: list[float], reason: str) -> Case:
    """Return a case of a vector that is refused."""
    return refuse(name, {"data": {"float32": vector}}, reason)


def refuse_metadata(name: str, metadata: Any, reason: str) -> Case:
    """Return a case of metadata that are refused."""
    return refuse(name, {"metadata": metadata}, reason, ".metadata")


def records(*record_keys: str) -> list[dict[str, Any]]:
    """Return records with these keys."""
    return [{"key": key, "data": VECTOR} for key in record_keys]


BEHAVIOURS = [
    Behaviour(
        "Components are rounded to float32 and read back as the wider number of the same value",
        "measured",
        [
            stored("0.9", [0.9, -2.0], back=[0.8999999761581421, -2.0]),
            stored("the largest float32", [FLT_MAX, FLT_MAX]),
            stored("the smallest float32", [SMALLEST, 0.0]),
            stored("zero vector on euclidean", [0.0, 0.0], index=SCRATCH_EUCLIDEAN),
        ],
    ),
    Behaviour(
        "Metadata values are texts, numbers, booleans, and arrays of texts or of numbers",
        "measured",
        [
            stored(f"metadata {name}", metadata={"value": value})
            for name, value in (
                ("text", "x"),
                ("empty text", ""),
                ("unicode", "日本語 😀 \"'\\"),
                ("integer", 1),
                ("zero", 0),
                ("negative", -3),
                ("fraction", 2.5),
                ("true", True),
                ("false", False),
                ("array of texts", ["x", "y"]),
                ("array of numbers", [1, 2.5, 1]),
                ("repeated texts", ["x", "x"]),
            )
        ]
        + [stored("no metadata")],
    ),
    Behaviour(
        "A metadata key that is not configured may be any text",
        "measured",
        [
            stored(f"metadata key {name}", metadata={key: 1})
            for name, key in (
                ("empty", ""),
                ("of 64", "k" * 64),
                ("of 1,024", "k" * 1024),
                ("$eq", "$eq"),
                ("a.b", "a.b"),
            )
        ],
    ),
    Behaviour(
        "A record may have 50 keys, 2,048 filterable bytes and 40,960 bytes: compact JSON in UTF-8, and 5 more",
        "measured",
        [
            stored("50 keys", metadata=dict.fromkeys(keys(50), 1)),
            stored("2,048 filterable bytes", metadata={"a": "x" * 2035}),
            stored("2,048 filterable bytes of two-byte characters", metadata={"a": "é" * 1017 + "x"}),
            stored("40,960 bytes", metadata={"note": "x" * 40_944}),
        ],
    ),
    Behaviour(
        "A vector key is any text of 1 to 1,024 characters and bytes; case matters",
        "measured",
        [
            stored(f"key {name}", key=key)
            for name, key in (
                ("upper-case", "<case>-A"),
                ("Japanese", "<case>-日本語"),
                ("emoji", "<case>-😀"),
                ("with a slash and a blank", "<case>/b c"),
                ("of 1,024", "k" * 1024),
                ("of 1,024 bytes", "é" * 512),
            )
        ],
    ),
    Behaviour(
        "A put replaces the whole record: vector and all metadata",
        "documented",
        [
            Case(
                "record put twice",
                "get_vectors",
                {"indexArn": SCRATCH, "keys": ["<case>"], "returnData": True, "returnMetadata": True},
                {"vectors": [{"key": "<case>", "data": {"float32": [3.0, 4.0]}, "metadata": {"kept": 2}}]},
                given=[
                    (
                        "put_vectors",
                        {
                            "indexArn": SCRATCH,
                            "vectors": [{"key": "<case>", "data": {"float32": vector}, "metadata": metadata}],
                        },
                    )
                    for vector, metadata in (([1, 2], {"old": 1, "kept": 1}), ([3, 4], {"kept": 2}))
                ],
            )
        ],
    ),
    Behaviour(
        "A put of 1 to 500 records answers an empty object",
        "documented",
        [
            Case(
                f"{count} records",
                "put_vectors",
                {"indexArn": MAIN, "vectors": records(*keys(count))},
                {},
            )
            for count in (1, 500)
        ],
    ),
    Behaviour(
        "One bad record refuses the whole request, and fieldList says which it is",
        "measured",
        [
            refused(
                "second record bad",
                "put_vectors",
                {"indexArn": MAIN, "vectors": [*records("good"), {"key": "bad", "data": {"float32": [1]}}]},
                "Invalid record for key 'bad': vector must have length 5, but has length 1",
                ("vectors[1]", "vector must have length 5, but has length 1"),
            ),
        ],
    ),
    Behaviour(
        "A vector has the dimension of its index",
        "measured",
        [
            refuse_vector("vector too short", [1.0], "vector must have length 5, but has length 1"),
            refuse_vector("vector too long", [1.0] * 6, "vector must have length 5, but has length 6"),
            refuse_vector("empty vector", [], "vector must have length 5, but has length 0"),
        ],
    ),
    Behaviour(
        "A vector is finite after rounding, and on cosine not zero",
        "measured",
        [
            refuse_vector("zero vector", [0.0] * 5, ZERO_NORM),
            refuse_vector("vector that rounds to zero", [1e-46] * 5, ZERO_NORM),
            refuse_vector("NaN", [math.nan, 2.0, 3.0, 4.0, 5.0], NOT_FINITE),
            refuse_vector("infinity", [1.0, 2.0, 3.0, 4.0, math.inf], NOT_FINITE),
            refuse_vector("minus infinity", [-math.inf, 2.0, 3.0, 4.0, 5.0], NOT_FINITE),
            refuse_vector("vector that rounds to infinity", [3.5e38] * 5, NOT_FINITE),
        ],
    ),
    Behaviour(
        "Nothing else is a metadata value, under a non-filterable key either",
        "measured",
        [
            refuse_metadata("null", {"a": None}, VALUES),
            refuse_metadata("object", {"a": {"b": 1}}, VALUES),
            refuse_metadata("object under a non-filterable key", {"note": {"b": 1}}, VALUES),
            refuse_metadata("empty array", {"a": []}, "Empty arrays are not allowed in metadata"),
            *(
                refuse_metadata(f"array {array}", {"a": array}, ELEMENTS)
                for array in ([True], ["x", 1], [1, "x"], [None], [[1]], [{"b": 1}])
            ),
        ],
    ),
    Behaviour(
        "Metadata are an object",
        "assumed",
        [
            refuse_metadata(f"metadata {value!r}", value, "Metadata must be an object")
            for value in ([1], "x", 5)
        ],
    ),
    Behaviour(
        "A key or a byte of metadata too many is refused",
        "measured",
        [
            refuse_metadata(
                "51 keys", dict.fromkeys(keys(51), 1), "Metadata object must have at most 50 keys"
            ),
            refuse_metadata(
                "2,049 filterable bytes",
                {"a": "x" * 2036},
                "Filterable metadata must have at most 2048 bytes",
            ),
            refuse_metadata(
                "2,049 bytes of two-byte characters",
                {"a": "é" * 1018},
                "Filterable metadata must have at most 2048 bytes",
            ),
            refuse_metadata(
                "40,961 bytes", {"note": "x" * 40_945}, "Metadata object must have at most 40960 bytes"
            ),
        ],
    ),
    Behaviour(
        "A key of more than 1,024 characters, or bytes, is refused",
        "measured",
        [
            broken(
                "key of 1,025",
                "put_vectors",
                {"indexArn": MAIN, "vectors": records("k" * 1025)},
                "/vectors/0/key",
                length(1025, 1, 1024),
            ),
            broken(
                "empty key",
                "put_vectors",
                {"indexArn": MAIN, "vectors": records("")},
                "/vectors/0/key",
                length(0, 1, 1024),
            ),
            refused(
                "key of 1,026 bytes",
                "put_vectors",
                {"indexArn": MAIN, "vectors": records("é" * 513)},
                "Record key length exceeds the maximum allowed",
            ),
        ],
    ),
    Behaviour(
        "A request has at most 500 records",
        "documented",
        [
            broken(
                f"{count} records",
                "put_vectors",
                {"indexArn": MAIN, "vectors": records(*keys(count))},
                "/vectors",
                length(count, 1, 500),
            )
            for count in (0, 501)
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "A key stands once in a PutVectors request",
        "measured",
        [
            refused(
                "key put twice at once",
                "put_vectors",
                {"indexArn": MAIN, "vectors": records("k", "k")},
                "Request must not contain duplicate keys",
            )
        ],
        wording_assumed=True,
    ),
]
