"""Metadata filters: what is accepted, what it becomes, and where a mistake is said to be."""

from __future__ import annotations

import math
from typing import Any

import pytest

from s3vl_lambda.protocol.errors import InvalidRequestError
from s3vl_lambda.protocol.filters import normalise


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, None),
        ({"category": "test"}, {"category": "test"}),
        ({"": 1}, {"": 1}),
        ({"a.b-c": True}, {"a.b-c": True}),
        ({"price": {"$gte": 1, "$lt": 2.5}}, {"price": {"$gte": 1, "$lt": 2.5}}),
        ({"a": {"$eq": "x"}}, {"a": {"$eq": "x"}}),
        ({"a": {"$ne": False}}, {"a": {"$ne": False}}),
        ({"a": {"$gt": 0, "$lte": 10**30}}, {"a": {"$gt": 0, "$lte": 10**30}}),
        ({"a": {"$in": ["x", 1, True]}}, {"a": {"$in": ["x", 1, True]}}),
        ({"a": {"$nin": [0]}}, {"a": {"$nin": [0]}}),
        ({"a": {"$exists": False}}, {"a": {"$exists": False}}),
        ({"a": {"$startsWith": ""}}, {"a": {"$startsWith": ""}}),
        ({"a": 1, "b": 2}, {"$and": [{"a": 1}, {"b": 2}]}),
        ({"$or": [{"a": 1}, {"b": 2}]}, {"$or": [{"a": 1}, {"b": 2}]}),
        (
            {"$and": [{"a": 1, "b": 2}, {"c": 3}]},
            {"$and": [{"$and": [{"a": 1}, {"b": 2}]}, {"c": 3}]},
        ),
        (
            {"$or": [{"a": 1}, {"b": 2, "c": 3}], "d": 4},
            {"$and": [{"$or": [{"a": 1}, {"$and": [{"b": 2}, {"c": 3}]}]}, {"d": 4}]},
        ),
        ({"a": {"$in": list(range(100))}}, {"a": {"$in": list(range(100))}}),
    ],
)
def test_a_filter_gets_one_key_per_object_and_keeps_its_meaning(given: Any, sent: Any) -> None:
    """What S3 Vectors takes goes through as it is, and several keys become `$and`."""
    assert normalise(given) == sent


@pytest.mark.parametrize(
    ("given", "path", "problem"),
    [
        ([], "metadata_filter", "must be an object, got []"),
        ("a", "metadata_filter", 'must be an object, got "a"'),
        ({"$and": []}, "metadata_filter.$and", "must be a non-empty array of filters, got []"),
        ({"$or": {"a": 1}}, "metadata_filter.$or", 'must be a non-empty array of filters, got {"a": 1}'),
        ({"$or": [{"a": 1}, {}]}, "metadata_filter.$or[1]", "must not be an empty object"),
        ({"$and": ["x"]}, "metadata_filter.$and[0]", 'must be an object, got "x"'),
        ({"$not": {"a": 1}}, "metadata_filter.$not", "is not an operator here"),
        ({"a": None}, "metadata_filter.a", "got null"),
        ({"a": [1]}, "metadata_filter.a", "got [1]"),
        ({"a": {}}, "metadata_filter.a", "has no operator"),
        ({"a": {"b": 1}}, "metadata_filter.a.b", "is not an operator"),
        ({"a": {"$and": [{"b": 1}]}}, "metadata_filter.a.$and", "is not an operator"),
        (
            {"$and": [{"a": 1}, {"price": {"$gtt": 3}}]},
            "metadata_filter.$and[1].price.$gtt",
            "is not an operator; use one of $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $startsWith",
        ),
        ({"a": {"$eq": None}}, "metadata_filter.a.$eq", "takes text, a number or a boolean, got null"),
        ({"a": {"$ne": [1]}}, "metadata_filter.a.$ne", "takes text, a number or a boolean, got [1]"),
        ({"a": {"$gt": "3"}}, "metadata_filter.a.$gt", 'takes a number, got "3"'),
        ({"a": {"$lte": True}}, "metadata_filter.a.$lte", "takes a number, got true"),
        ({"a": {"$lt": math.nan}}, "metadata_filter.a.$lt", "takes a number, got NaN"),
        ({"a": {"$gte": 10**400}}, "metadata_filter.a.$gte", "takes a number, got 1000"),
        ({"a": {"$in": []}}, "metadata_filter.a.$in", "takes a non-empty array"),
        ({"a": {"$in": 1}}, "metadata_filter.a.$in", "takes a non-empty array"),
        ({"a": {"$nin": [None]}}, "metadata_filter.a.$nin", "takes a non-empty array"),
        ({"a": {"$exists": 1}}, "metadata_filter.a.$exists", "takes true or false, got 1"),
        ({"a": {"$startsWith": 1}}, "metadata_filter.a.$startsWith", "takes text, got 1"),
        ({"a": {"$in": list(range(101))}}, "metadata_filter", "has 101 constraints"),
        (
            {"a": {"$in": list(range(98)), "$ne": 1}, "$or": [{"b": 1}, {"c": {"$exists": True}}]},
            "metadata_filter",
            "has 101 constraints; S3 Vectors allows at most 100 per query",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place(given: Any, path: str, problem: str) -> None:
    """The error names the path of the mistake and what would be right there."""
    with pytest.raises(InvalidRequestError) as refused:
        normalise(given)

    assert refused.value.fields[0]["path"] == path
    assert problem in refused.value.fields[0]["message"]
    assert refused.value.message == f"{path} {refused.value.fields[0]['message']}"


def test_a_filter_too_deep_to_read_is_refused() -> None:
    """Nesting beyond what 100 constraints can need is an error of the caller, not of Python's stack."""
    nested: Any = {"a": 1}
    for _ in range(5_000):
        nested = {"$and": [nested]}

    with pytest.raises(InvalidRequestError, match="nested more than 100 levels deep"):
        normalise(nested)
