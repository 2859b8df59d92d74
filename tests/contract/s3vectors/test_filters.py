"""The metadata filter language: which vectors each filter finds, and which filters are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKET = "filters"

VECTORS: dict[str, dict[str, Any]] = {
    "red": {"colour": "red", "n": 1, "ok": True, "tags": ["new", "sale"]},
    "green": {"colour": "green", "n": 2.5, "ok": False, "tags": ["old"]},
    "blue": {"colour": "blue", "n": -3, "numbers": [1, 5, 9]},
    "odd": {"a.b": "dotted", "": "nameless", "n": "1", "ok": "true", "größe": "é"},
    "bare": {},
}
EVERY = set(VECTORS)


@pytest.fixture(scope="module")
def find(s3vectors: Any) -> Callable[[Any], set[str]]:
    """Return the keys that a filter finds."""
    s3vectors.create_vector_bucket(vectorBucketName=BUCKET)
    index = s3vectors.create_index(
        vectorBucketName=BUCKET, indexName="filters", dataType="float32", dimension=1, distanceMetric="cosine"
    )["indexArn"]
    records = [{"key": key, "data": {"float32": [1]}, "metadata": VECTORS[key]} for key in VECTORS]
    s3vectors.put_vectors(indexArn=index, vectors=records)

    def run(metadata_filter: Any) -> set[str]:
        result = s3vectors.query_vectors(
            indexArn=index, queryVector={"float32": [1]}, topK=10, filter=metadata_filter
        )
        return {vector["key"] for vector in result["vectors"]}

    return run


@pytest.mark.parametrize(
    ("metadata_filter", "expected"),
    [
        ({"colour": "red"}, {"red"}),
        ({"colour": "Red"}, set()),
        ({"colour": {"$eq": "red"}}, {"red"}),
        ({"größe": "é"}, {"odd"}),
        ({"a.b": "dotted"}, {"odd"}),
        ({"": "nameless"}, {"odd"}),
        ({"absent": "x"}, set()),
        # Type and value: 1 is 1.0 and neither "1" nor true.
        ({"n": 1}, {"red"}),
        ({"n": 1.0}, {"red"}),
        ({"n": "1"}, {"odd"}),
        ({"n": True}, set()),
        ({"ok": True}, {"red"}),
        ({"ok": 1}, set()),
        ({"ok": "true"}, {"odd"}),
        # An array matches when any element does.
        ({"tags": "sale"}, {"red"}),
        ({"numbers": 5}, {"blue"}),
        ({"tags": {"$in": ["sale", "old"]}}, {"red", "green"}),
        ({"tags": {"$ne": "sale"}}, EVERY - {"red"}),
        ({"tags": {"$nin": ["sale", "old"]}}, EVERY - {"red", "green"}),
        ({"numbers": {"$gt": 8}}, {"blue"}),
        # Ranges compare numbers with numbers.
        ({"n": {"$gt": 1}}, {"green"}),
        ({"n": {"$gte": 1}}, {"red", "green"}),
        ({"n": {"$lt": 1}}, {"blue"}),
        ({"n": {"$lte": 1}}, {"red", "blue"}),
        ({"n": {"$gte": -5, "$lte": 1}}, {"red", "blue"}),
        ({"ok": {"$gt": -1}}, set()),
        ({"n": {"$in": ["1", 1, False]}}, {"red", "odd"}),
        # Assumed: a vector without the field differs from every value.
        ({"colour": {"$ne": "red"}}, EVERY - {"red"}),
        ({"colour": {"$nin": ["red", "blue"]}}, EVERY - {"red", "blue"}),
        ({"colour": {"$ne": "red", "$exists": True}}, {"green", "blue"}),
        ({"colour": {"$exists": True}}, {"red", "green", "blue"}),
        ({"colour": {"$exists": False}}, {"odd", "bare"}),
        ({"colour": {"$startsWith": "gre"}}, {"green"}),
        ({"colour": {"$startsWith": ""}}, {"red", "green", "blue"}),
        ({"tags": {"$startsWith": "sa"}}, {"red"}),
        ({"n": {"$startsWith": "1"}}, {"odd"}),
        ({"$and": [{"colour": "red"}, {"n": 1}]}, {"red"}),
        ({"$and": [{"colour": "red"}, {"n": 2}]}, set()),
        ({"$or": [{"colour": "red"}, {"n": 2.5}]}, {"red", "green"}),
        ({"$or": [{"$and": [{"ok": True}, {"n": {"$lt": 2}}]}, {"a.b": {"$exists": True}}]}, {"red", "odd"}),
        ({"$and": [{"colour": {"$in": [str(number) for number in range(99)]}}, {"n": 1}]}, set()),
    ],
    ids=str,
)
def test_a_filter_finds_its_vectors(
    find: Callable[[Any], set[str]], metadata_filter: Any, expected: set[str]
) -> None:
    """Exactly the vectors whose metadata match are found."""
    assert expected == find(metadata_filter)


@pytest.mark.parametrize(
    "metadata_filter",
    [
        {},
        {"a": 1, "b": 2},
        {"$and": [{"a": 1}], "b": 2},
        {"$and": [{"a": 1, "b": 2}]},
        {"$and": []},
        {"$and": [{}]},
        {"$and": ["x"]},
        {"$or": {"a": 1}},
        {"$not": {"a": 1}},
        {"$eq": 1},
        {"a": None},
        {"a": [1]},
        {"a": {}},
        {"a": {"b": 1}},
        {"a": {"$unknown": 1}},
        {"a": {"$gt": 1, "b": 2}},
        {"a": {"$and": [{"a": 1}]}},
        {"a": {"$eq": None}},
        {"a": {"$eq": [1]}},
        {"a": {"$ne": {"b": 1}}},
        {"a": {"$gt": "1"}},
        {"a": {"$gte": True}},
        {"a": {"$lt": None}},
        {"a": {"$lte": [1]}},
        {"a": {"$in": []}},
        {"a": {"$in": 1}},
        {"a": {"$in": [None]}},
        {"a": {"$nin": [[1]]}},
        {"a": {"$nin": [{"b": 1}]}},
        {"a": {"$exists": 1}},
        {"a": {"$exists": "true"}},
        {"a": {"$startsWith": 1}},
        {"a": {"$startsWith": ["x"]}},
    ],
    ids=str,
)
def test_what_is_no_filter_is_refused(
    s3vectors: Any, find: Callable[[Any], set[str]], metadata_filter: Any
) -> None:
    """The service says "Invalid filter" and where, whatever is wrong."""
    with pytest.raises(s3vectors.exceptions.ValidationException) as refused:
        find(metadata_filter)

    assert refused.value.response["Error"]["Message"] == "Invalid filter"
    assert refused.value.response["fieldList"] == [{"path": "filter", "message": "Invalid filter"}]


@pytest.mark.parametrize(
    "metadata_filter",
    [
        {"colour": {"$in": [str(number) for number in range(101)]}},
        {"$or": [{"n": number} for number in range(101)]},
        {"$and": [{"n": {"$in": list(range(99))}}, {"n": {"$gte": 0, "$lte": 5}}]},
    ],
    ids=["one $in", "101 branches", "spread"],
)
def test_an_enhanced_index_takes_100_constraints(
    s3vectors: Any, find: Callable[[Any], set[str]], metadata_filter: Any
) -> None:
    """Each value compared with counts; 101 are refused (the service's text is not known)."""
    with pytest.raises(
        s3vectors.exceptions.ValidationException, match="at most 100 constraints are allowed, got 101"
    ):
        find(metadata_filter)
