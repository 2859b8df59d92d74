"""QueryVectors: distances, order, filters before search, and pages."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3vl_local.s3vectors import paging
from s3vl_local.s3vectors.paging import Cursors

if TYPE_CHECKING:
    from collections.abc import Callable


def query(
    s3vectors: Any, index: str, vector: list[float], top_k: int, **options: Any
) -> list[dict[str, Any]]:
    """Return all results of a query, pages drained."""
    request = {"indexArn": index, "queryVector": {"float32": vector}, "topK": top_k, **options}
    return s3vectors.get_paginator("query_vectors").paginate(**request).build_full_result()["vectors"]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("dimension", [2, 64, 383])
def test_ties_are_in_the_order_of_keys(
    s3vectors: Any, new_index: Callable[..., str], metric: str, dimension: int
) -> None:
    """Equal vectors are equally far, and the page that cuts through them is always the same."""
    same = np.random.default_rng(dimension).normal(size=dimension).tolist()
    keys = [f"key-{number:03}" for number in range(303)]
    shuffled = np.random.default_rng(1).permutation(keys).tolist()
    index = new_index(dimension=dimension, metric=metric, vectors={key: (same, {}) for key in shuffled})

    for top_k in (1, 2, 3, 4, 150, 302):
        hits = query(s3vectors, index, [1.0] * dimension, top_k, returnDistance=True)
        assert [hit["key"] for hit in hits] == keys[:top_k]
        assert len({hit["distance"] for hit in hits}) == 1


def test_vectors_of_one_direction_are_equally_far(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Cosine does not see lengths, and rounding does not let them show."""
    vectors = {f"key-{length:02}": ([length, 2 * length, 3 * length], {}) for length in range(50, 0, -1)}
    index = new_index(dimension=3, vectors=vectors)

    hits = query(s3vectors, index, [7, 14, 21], 50, returnDistance=True)
    assert hits == [{"key": key, "distance": 0.0} for key in sorted(vectors)]


@pytest.mark.parametrize("query_length", [1e-20, 1.0, 1e20])
def test_lengths_do_not_disturb_the_order_of_directions(
    s3vectors: Any, new_index: Callable[..., str], query_length: float
) -> None:
    """Vectors whose float32 products overflow or vanish are ranked by their angle all the same."""
    lengths = [1e38, 1e-30, 1.0, 3e38, 1e-20, 1e30]
    vectors = {
        f"{degrees}°": (
            [length * math.cos(math.radians(degrees)), length * math.sin(math.radians(degrees))],
            {},
        )
        for degrees, length in zip(range(10, 70, 10), lengths, strict=True)
    }
    index = new_index(vectors=vectors)

    hits = query(s3vectors, index, [query_length, 0], 5, returnDistance=True)
    assert [hit["key"] for hit in hits] == ["10°", "20°", "30°", "40°", "50°"]
    expected = [1 - math.cos(math.radians(degrees)) for degrees in range(10, 60, 10)]
    assert [hit["distance"] for hit in hits] == pytest.approx(expected, rel=1e-5)


def test_a_distance_is_finite(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """A squared distance beyond float32 is the largest float32, since JSON has no infinity."""
    index = new_index(metric="euclidean", vectors={"far": ([-3e38, 0], {}), "near": ([0, 0], {})})

    assert query(s3vectors, index, [3, 0], 2, returnDistance=True) == [
        {"key": "near", "distance": 9.0},
        {"key": "far", "distance": float(np.finfo(np.float32).max)},
    ]


def test_a_query_sees_the_latest_write(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Puts and deletes count at once."""
    index = new_index(vectors={"a": ([1, 0], {}), "b": ([0, 1], {})})
    s3vectors.delete_vectors(indexArn=index, keys=["a"])
    s3vectors.put_vectors(indexArn=index, vectors=[{"key": "c", "data": {"float32": [2, 0]}}])

    assert query(s3vectors, index, [1, 0], 10) == [{"key": "c"}, {"key": "b"}]


def test_filters_come_before_the_search(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Matching vectors are found however many others are nearer."""
    vectors = {f"key-{number:03}": ([1, number], {"rare": number >= 498}) for number in range(500)}
    index = new_index(vectors=vectors)

    assert query(s3vectors, index, [1, 0], 10, filter={"rare": True}) == [
        {"key": "key-498"},
        {"key": "key-499"},
    ]


@pytest.fixture(scope="module")
def numbered(s3vectors: Any) -> str:
    """Create an index of 2,500 vectors whose keys are in the order of their distance to (1, 0)."""
    s3vectors.create_vector_bucket(vectorBucketName="numbered")
    index = s3vectors.create_index(
        vectorBucketName="numbered",
        indexName="numbered",
        dataType="float32",
        dimension=2,
        distanceMetric="cosine",
    )["indexArn"]
    records = [
        {
            "key": f"key-{number:04}",
            "data": {"float32": [1, number / 1000]},
            "metadata": {"even": number % 2 == 0},
        }
        for number in range(2500)
    ]
    for start in range(0, len(records), 500):
        s3vectors.put_vectors(indexArn=index, vectors=records[start : start + 500])
    return index


@pytest.mark.parametrize(
    ("top_k", "pages"), [(99, [99]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50]), (1000, [100] * 10)]
)
def test_results_come_in_pages_of_100(s3vectors: Any, numbered: str, top_k: int, pages: list[int]) -> None:
    """A paginator drains topK results, nearest first, and the last page has no token."""
    request = {"indexArn": numbered, "queryVector": {"float32": [1, 0]}, "topK": top_k}

    answers = list(s3vectors.get_paginator("query_vectors").paginate(**request))
    assert [len(answer["vectors"]) for answer in answers] == pages
    keys = [hit["key"] for answer in answers for hit in answer["vectors"]]
    assert keys == [f"key-{number:04}" for number in range(top_k)]


def test_top_k_beyond_the_index_returns_all(s3vectors: Any, numbered: str) -> None:
    """The largest topK drains the whole index."""
    assert len(query(s3vectors, numbered, [1, 0], 10_000)) == 2500


def first_page(s3vectors: Any, index: str, **options: Any) -> tuple[dict[str, Any], str]:
    """Return a request and the token of its first page."""
    request = {"indexArn": index, "queryVector": {"float32": [1, 0]}, "topK": 150, **options}
    return request, s3vectors.query_vectors(**request)["nextToken"]


def test_pages_are_of_one_moment(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Writes between pages neither hide nor repeat a result."""
    vectors = {f"key-{number:03}": ([1, number], {}) for number in range(150)}
    index = new_index(vectors=vectors)
    request, token = first_page(s3vectors, index)
    s3vectors.delete_vectors(indexArn=index, keys=[f"key-{number:03}" for number in range(120)])

    rest = s3vectors.query_vectors(**request, nextToken=token)["vectors"]
    assert rest == [{"key": f"key-{number:03}"} for number in range(100, 150)]


def test_an_index_that_is_made_again_answers_anew(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """The pages of a query end with the index that was asked, though another one has its name now."""
    vectors = {f"key-{number:03}": ([1, number], {}) for number in range(150)}
    index = new_index(vectors=vectors)
    request, token = first_page(s3vectors, index)
    settings = s3vectors.get_index(indexArn=index)["index"]
    s3vectors.delete_index(indexArn=index)
    s3vectors.create_index(
        **{
            name: settings[name]
            for name in ("vectorBucketName", "indexName", "dataType", "dimension", "distanceMetric")
        }
    )

    with pytest.raises(s3vectors.exceptions.ValidationException, match="Invalid page token"):
        s3vectors.query_vectors(**request, nextToken=token)


def test_what_pages_keep_is_bounded(
    s3vectors: Any, new_index: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest queries give way to newer ones, by the bytes of their results; the newest always has its pages."""
    metadata = {"text": "x" * 1000}
    index = new_index(vectors={f"key-{number:03}": ([1, number], metadata) for number in range(150)})
    # Room for one of them, which has 150 times some 1,000 bytes of metadata and 500 for each result.
    monkeypatch.setattr(paging, "MAX_KEPT_BYTES", 300_000)
    request, first = first_page(s3vectors, index)
    _, second = first_page(s3vectors, index)

    with pytest.raises(s3vectors.exceptions.ValidationException, match="Invalid page token"):
        s3vectors.query_vectors(**request, nextToken=first)
    assert len(s3vectors.query_vectors(**request, nextToken=second)["vectors"]) == 50
    monkeypatch.setattr(paging, "MAX_KEPT_BYTES", 1)
    _, third = first_page(s3vectors, index)
    assert len(s3vectors.query_vectors(**request, nextToken=third)["vectors"]) == 50


def test_a_token_expires(s3vectors: Any, numbered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its lifetime a token is refused in the words of the service."""
    monkeypatch.setattr(Cursors, "lifetime_seconds", 0.0)
    request, token = first_page(s3vectors, numbered)

    with pytest.raises(s3vectors.exceptions.ValidationException, match="Invalid page token"):
        s3vectors.query_vectors(**request, nextToken=token)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$lt": operator.lt,
    "$lte": operator.le,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$in": lambda value, operand: value in operand,
}


def filters(depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Draw filters: a comparison of n, or of m, which half of the vectors have, or combinations of filters."""
    name, number = st.sampled_from(["n", "m"]), st.integers(0, 3)
    operand = st.fixed_dictionaries({"$exists": st.booleans()}) | st.one_of(
        *(st.fixed_dictionaries({name: number}) for name in COMPARISONS if name != "$in"),
        st.fixed_dictionaries({"$in": st.lists(number, min_size=1, max_size=3)}),
    )
    leaf = st.builds(lambda key, compared: {key: compared}, name, operand)
    if depth == 1:
        return leaf
    branches = st.lists(filters(depth - 1), min_size=1, max_size=3)
    return leaf | st.builds(lambda how, parts: {how: parts}, st.sampled_from(["$and", "$or"]), branches)


def matches(condition: dict[str, Any], metadata: dict[str, int]) -> bool:
    """Evaluate a filter the plain way."""
    ((name, operand),) = condition.items()
    if name == "$and":
        return all(matches(part, metadata) for part in operand)
    if name == "$or":
        return any(matches(part, metadata) for part in operand)
    ((comparison, value),) = operand.items()
    if comparison == "$exists":
        return (name in metadata) is value
    return name in metadata and COMPARISONS[comparison](metadata[name], value)


@st.composite
def searches(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an index and a query; small whole numbers make ties and repeated directions likely."""
    dimension = draw(st.integers(1, 6))
    metric = draw(st.sampled_from(["cosine", "euclidean"]))
    numbers = st.one_of(st.integers(-2, 2).map(float), st.floats(-1e3, 1e3, width=32))
    vector = st.lists(numbers, min_size=dimension, max_size=dimension)
    if metric == "cosine":
        vector = vector.filter(any)
    metadata = st.fixed_dictionaries({"n": st.integers(0, 3)}, optional={"m": st.integers(0, 3)})
    records = draw(st.lists(st.tuples(vector, metadata), max_size=250))
    return {
        "dimension": dimension,
        "metric": metric,
        "vectors": {f"key-{number:03}": record for number, record in enumerate(records)},
        "query": draw(vector),
        "top_k": draw(st.sampled_from([1, 2, 10, 99, 100, 101, 200, 10_000])),
        "filter": draw(st.none() | filters()),
    }


def distance(metric: str, vector: list[float], other: list[float]) -> float:
    """Compute a distance the slow way, in float64, of the float32 values that are stored."""
    a, b = (np.array(values, dtype=np.float32).astype(float).tolist() for values in (vector, other))
    if metric == "euclidean":
        return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return 1 - product / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(search=searches())
def test_results_equal_those_of_brute_force(
    s3vectors: Any, new_index: Callable[..., str], search: dict[str, Any]
) -> None:
    """For any vectors, filter of three levels and topK, the pages together are what comparing one by one gives."""
    index = new_index(dimension=search["dimension"], metric=search["metric"], vectors=search["vectors"])
    condition = search["filter"]
    options = {} if condition is None else {"filter": condition}

    hits = query(s3vectors, index, search["query"], search["top_k"], returnDistance=True, **options)

    oracle = {
        key: distance(search["metric"], vector, search["query"])
        for key, (vector, metadata) in search["vectors"].items()
        if condition is None or matches(condition, metadata)
    }
    nearest = sorted(oracle.values())[: search["top_k"]]
    found = {hit["key"]: hit["distance"] for hit in hits}
    assert [hit["distance"] for hit in hits] == pytest.approx(nearest, rel=1e-6, abs=1e-7)
    assert found == pytest.approx({key: oracle[key] for key in found}, rel=1e-6, abs=1e-7)
    assert list(found) == sorted(found, key=lambda key: (found[key], key))
