"""The metadata filter language: which vectors a filter finds, and which filters are refused."""

from __future__ import annotations

import math
from typing import Any

from contract.s3vectors.cases.case import Behaviour, Case, Refusal
from contract.s3vectors.cases.stage import FILTER_VECTORS, FILTERS, SCRATCH

EVERY = " ".join(FILTER_VECTORS)


def request(metadata_filter: Any, index: str = FILTERS) -> dict[str, Any]:
    """Return a query with a filter; its results come in the order of FILTER_VECTORS."""
    return {
        "indexArn": index,
        "queryVector": {"float32": [1.0, 0.0]},
        "topK": 10,
        "filter": metadata_filter,
    }


def finds(metadata_filter: Any, found: str) -> Case:
    """Return a case of a filter and the keys that it finds."""
    expected = {"vectors": [{"key": key} for key in found.split()], "distanceMetric": "cosine"}
    return Case(f"filter {metadata_filter}"[:150], "query_vectors", request(metadata_filter), expected)


def refuses(
    metadata_filter: Any, message: str = "Invalid filter", index: str = FILTERS, name: str = ""
) -> Case:
    """Return a case of a filter that is refused."""
    refusal = Refusal(message, fields=(("filter", message),))
    return Case(
        name or f"filter {metadata_filter}", "query_vectors", request(metadata_filter, index), refusal
    )


def too_many(name: str, metadata_filter: Any) -> Case:
    """Return a case of a filter of 101 constraints."""
    return refuses(metadata_filter, "Invalid filter: at most 100 constraints are allowed, got 101", name=name)


BEHAVIOURS = [
    Behaviour(
        "A plain value and `$eq` match the same value exactly; a field name is literal, dots included",
        "measured",
        [
            finds({"colour": "red"}, "red"),
            finds({"colour": "Red"}, ""),
            finds({"colour": {"$eq": "red"}}, "red"),
            finds({"größe": "é"}, "odd"),
            finds({"a.b": "dotted"}, "odd"),
            finds({"": "nameless"}, "odd"),
            finds({"absent": "x"}, ""),
        ],
    ),
    Behaviour(
        "Values of different types never match, without an error; 1 is 1.0",
        "measured",
        [
            finds({"n": 1}, "red"),
            finds({"n": 1.0}, "red"),
            finds({"n": "1"}, "odd"),
            finds({"n": True}, ""),
            finds({"ok": True}, "red"),
            finds({"ok": False}, "green"),
            finds({"ok": 1}, ""),
            finds({"ok": "true"}, "odd"),
        ],
    ),
    Behaviour(
        "An array matches `$eq` when any of its elements does",
        "documented",
        [
            finds({"tags": "sale"}, "red"),
            finds({"numbers": 5}, "blue"),
            finds({"tags": {"$eq": "old"}}, "green"),
        ],
    ),
    Behaviour(
        "`$gt`, `$gte`, `$lt` and `$lte` compare numbers; several operators of a field must all hold",
        "documented",
        [
            finds({"n": {"$gt": 1}}, "green"),
            finds({"n": {"$gte": 1}}, "red green"),
            finds({"n": {"$lt": 1}}, "blue"),
            finds({"n": {"$lte": 1}}, "red blue"),
            finds({"n": {"$gte": -5, "$lte": 1}}, "red blue"),
            finds({"ok": {"$gt": -1}}, ""),
        ],
    ),
    Behaviour(
        "`$in` matches any of its values, of any types",
        "documented",
        [
            finds({"n": {"$in": ["1", 1, False]}}, "red odd"),
            finds({"colour": {"$in": ["red", "blue"]}}, "red blue"),
        ],
    ),
    Behaviour(
        "`$exists` asks whether a vector has the field",
        "documented",
        [
            finds({"colour": {"$exists": True}}, "red green blue"),
            finds({"colour": {"$exists": False}}, "odd bare"),
            finds({"colour": {"$ne": "red", "$exists": True}}, "green blue"),
        ],
    ),
    Behaviour(
        "`$startsWith` matches the beginning of a text",
        "documented",
        [
            finds({"colour": {"$startsWith": "gre"}}, "green"),
            finds({"colour": {"$startsWith": "green"}}, "green"),
            finds({"colour": {"$startsWith": "x"}}, ""),
        ],
    ),
    Behaviour(
        "`$startsWith` is exact, holds for any text of an array and never for a number; '' begins every text",
        "assumed",
        [
            finds({"colour": {"$startsWith": "Gre"}}, ""),
            finds({"colour": {"$startsWith": ""}}, "red green blue"),
            finds({"tags": {"$startsWith": "sa"}}, "red"),
            finds({"n": {"$startsWith": "1"}}, "odd"),
        ],
    ),
    Behaviour(
        "`$and` and `$or` combine filters and nest",
        "documented",
        [
            finds({"$and": [{"colour": "red"}]}, "red"),
            finds({"$and": [{"colour": "red"}, {"n": 1}]}, "red"),
            finds({"$and": [{"colour": "red"}, {"n": 2}]}, ""),
            finds({"$or": [{"colour": "red"}, {"n": 2.5}]}, "red green"),
            finds(
                {"$or": [{"$and": [{"ok": True}, {"n": {"$lt": 2}}]}, {"a.b": {"$exists": True}}]}, "red odd"
            ),
        ],
    ),
    Behaviour(
        "`$ne` and `$nin` match a vector that lacks the field",
        "assumed",
        [
            finds({"colour": {"$ne": "red"}}, "green blue odd bare"),
            finds({"colour": {"$nin": ["red", "blue"]}}, "green odd bare"),
            finds({"absent": {"$ne": 1}}, EVERY),
        ],
    ),
    Behaviour(
        "`$in` matches an array that has any of its values, `$ne` and `$nin` one that has none, ranges any element",
        "assumed",
        [
            finds({"tags": {"$in": ["sale", "old"]}}, "red green"),
            finds({"tags": {"$ne": "sale"}}, "green blue odd bare"),
            finds({"tags": {"$nin": ["sale", "old"]}}, "blue odd bare"),
            finds({"numbers": {"$gt": 8}}, "blue"),
        ],
    ),
    Behaviour(
        "A filter object has one key: several fields need `$and`, and `{}` is no filter",
        "measured",
        [
            refuses({}),
            refuses({"a": 1, "b": 2}),
            refuses({"$and": [{"a": 1}], "b": 2}),
            refuses({"$and": [{"a": 1, "b": 2}]}),
        ],
    ),
    Behaviour(
        "`$and` and `$or` take an array of filters that is not empty; there is no other operator outside a field",
        "measured",
        [
            refuses({"$and": []}),
            refuses({"$or": []}),
            refuses({"$and": [{}]}),
            refuses({"$and": ["x"]}),
            refuses({"$or": {"a": 1}}),
            refuses({"$not": {"a": 1}}),
            refuses({"$eq": 1}),
        ],
    ),
    Behaviour(
        "A field is compared with text, number or boolean, or with an object of the documented operators",
        "measured",
        [
            refuses({"a": condition})
            for condition in (
                None,
                [1],
                {},
                {"b": 1},
                {"$unknown": 1},
                {"$gt": 1, "b": 2},
                {"$and": [{"a": 1}]},
            )
        ],
    ),
    Behaviour(
        "`$eq` and `$ne` take one value, ranges a number, `$in` and `$nin` an array that is not empty, "
        "`$exists` a boolean",
        "measured",
        [
            refuses({"a": {operator: operand}})
            for operator, operands in (
                ("$eq", (None, [1], {"b": 1})),
                ("$ne", (None, [1], {"b": 1})),
                ("$gt", ("1", True)),
                ("$gte", (True, None)),
                ("$lt", (None, [1])),
                ("$lte", ([1], "1")),
                ("$in", ([], 1, [None], [[1]])),
                ("$nin", ([], "x", [[1]], [{"b": 1}])),
                ("$exists", (1, "true")),
            )
            for operand in operands
        ],
    ),
    Behaviour(
        "`$startsWith` takes a text",
        "documented",
        [refuses({"a": {"$startsWith": operand}}) for operand in (1, ["x"])],
        wording_assumed=True,
    ),
    Behaviour(
        "A non-filterable key is no filter",
        "measured",
        [
            refuses(condition, "Invalid use of non-filterable metadata in filter", SCRATCH)
            for condition in ({"note": "x"}, {"note": {"$exists": True}}, {"$or": [{"a": 1}, {"note": "x"}]})
        ],
    ),
    Behaviour(
        "An ENHANCED index takes 100 constraints in a filter; each value compared with is one",
        "measured",
        [
            finds({"n": {"$in": [1, *range(100, 199)]}}, "red"),
            finds({"$and": [{"n": {"$in": [1, *range(100, 198)]}}, {"colour": "red"}]}, "red"),
            too_many("101 values", {"n": {"$in": list(range(101))}}),
            too_many("101 branches", {"$or": [{"n": number} for number in range(101)]}),
            too_many(
                "101 in all", {"$and": [{"n": {"$in": list(range(99))}}, {"n": {"$gte": 0, "$lte": 5}}]}
            ),
        ],
        wording_assumed=True,
    ),
    Behaviour(
        "NaN and infinity are no JSON",
        "measured",
        [
            Case(
                f"filter with {value}",
                "query_vectors",
                request({"n": {"$gt": value}}),
                Refusal("UnknownError", "SerializationException"),
            )
            for value in (math.nan, math.inf)
        ],
        wording_assumed=True,
    ),
]
