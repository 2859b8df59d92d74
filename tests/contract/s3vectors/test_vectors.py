"""Vectors: put, get, list and delete."""

from __future__ import annotations

import string
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable


def listed_keys(s3vectors: Any, **request: Any) -> list[str]:
    """Return the keys of a whole listing."""
    result = s3vectors.get_paginator("list_vectors").paginate(**request).build_full_result()
    return [vector["key"] for vector in result["vectors"]]


def test_values_come_back_as_widened_float32(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """0.9 is stored as float32 and read back with the digits that it has there."""
    index = new_index(vectors={"a": ([0.9, -2], {"n": 1.5, "tags": ["x", "y"], "ok": True, "text": ""})})

    vectors = s3vectors.get_vectors(indexArn=index, keys=["a"], returnData=True, returnMetadata=True)[
        "vectors"
    ]
    assert vectors == [
        {
            "key": "a",
            "data": {"float32": [0.8999999761581421, -2.0]},
            "metadata": {"n": 1.5, "tags": ["x", "y"], "ok": True, "text": ""},
        }
    ]


def test_only_what_is_asked_for_is_returned(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Data and metadata are absent unless asked for; metadata that was never given is an empty object."""
    index = new_index()
    s3vectors.put_vectors(indexArn=index, vectors=[{"key": "a", "data": {"float32": [1, 2]}}])

    assert s3vectors.get_vectors(indexArn=index, keys=["a"])["vectors"] == [{"key": "a"}]
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == [{"key": "a"}]
    assert s3vectors.get_vectors(indexArn=index, keys=["a"], returnMetadata=True)["vectors"] == [
        {"key": "a", "metadata": {}}
    ]


@pytest.mark.parametrize(
    ("metric", "vector"),
    [
        ("cosine", [float(np.finfo(np.float32).max)] * 2),
        ("cosine", [float(np.finfo(np.float32).smallest_subnormal), 0]),
        ("euclidean", [0, 0]),
    ],
)
def test_extreme_vectors_are_accepted(
    s3vectors: Any, new_index: Callable[..., str], metric: str, vector: list[float]
) -> None:
    """The largest and the smallest float32 are stored, and zero where distance does not need a direction."""
    index = new_index(metric=metric, vectors={"extreme": (vector, {})})

    found = s3vectors.query_vectors(
        indexArn=index, queryVector={"float32": vector}, topK=1, returnDistance=True
    )["vectors"]
    assert found == [{"key": "extreme", "distance": 0.0}]


def test_keys_are_exact(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Keys differ by case, hold any Unicode, and may have 1,024 bytes."""
    keys = ["a", "A", "ä", "日本語", "😀", "a/b c", "k" * 1024, "é" * 512]
    index = new_index(vectors={key: ([1, 2], {}) for key in keys})

    found = s3vectors.get_vectors(indexArn=index, keys=keys)["vectors"]
    assert {vector["key"] for vector in found} == set(keys)


def test_metadata_up_to_the_limits_is_accepted(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """2,048 filterable bytes, 40,960 bytes, 50 keys, and key names that cannot be configured or filtered."""
    index = new_index(metadataConfiguration={"nonFilterableMetadataKeys": ["note"]})
    accepted: list[dict[str, Any]] = [
        {"a": "x" * 2035},
        {"note": "x" * 40_944},
        {f"k{number}": number for number in range(50)},
        {"": 1, "k" * 64: 1, "$eq": 1, "a.b": 1},
        {"numbers": [1, 2.5, 1], "negative": -1, "zero": 0},
    ]
    records = [
        {"key": str(number), "data": {"float32": [1, 2]}, "metadata": metadata}
        for number, metadata in enumerate(accepted)
    ]
    s3vectors.put_vectors(indexArn=index, vectors=records)

    keys = [record["key"] for record in records]
    found = s3vectors.get_vectors(indexArn=index, keys=keys, returnMetadata=True)["vectors"]
    assert {vector["key"]: vector["metadata"] for vector in found} == dict(zip(keys, accepted, strict=True))


def test_a_put_replaces_the_whole_record(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """The old vector and all of the old metadata are gone."""
    index = new_index(vectors={"a": ([1, 2], {"old": 1, "kept": 1})})
    s3vectors.put_vectors(
        indexArn=index, vectors=[{"key": "a", "data": {"float32": [3, 4]}, "metadata": {"kept": 2}}]
    )

    vectors = s3vectors.get_vectors(indexArn=index, keys=["a"], returnData=True, returnMetadata=True)[
        "vectors"
    ]
    assert vectors == [{"key": "a", "data": {"float32": [3.0, 4.0]}, "metadata": {"kept": 2}}]


def test_one_bad_record_refuses_the_whole_put(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Good records beside a bad one are not stored, and the error names the bad one."""
    index = new_index()
    records = [{"key": "good", "data": {"float32": [1, 2]}}, {"key": "bad", "data": {"float32": [1]}}]

    with pytest.raises(s3vectors.exceptions.ValidationException) as refused:
        s3vectors.put_vectors(indexArn=index, vectors=records)
    assert [item["path"] for item in refused.value.response["fieldList"]] == ["vectors[1]"]
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == []


def test_absent_keys_are_left_out_and_deleted_without_error(
    s3vectors: Any, new_index: Callable[..., str]
) -> None:
    """GetVectors omits what is not there; DeleteVectors does not mind."""
    index = new_index(vectors={"a": ([1, 2], {}), "b": ([1, 2], {})})
    s3vectors.delete_vectors(indexArn=index, keys=["a", "absent"])

    assert s3vectors.get_vectors(indexArn=index, keys=["a", "b", "absent"])["vectors"] == [{"key": "b"}]


def test_a_listing_reaches_2500_vectors(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """A paginator drains the index in pages of 500: each vector once, in an order of no meaning that stays."""
    keys = [f"key-{number:04}" for number in range(2500)]
    index = new_index(vectors={key: ([1, 2], {}) for key in keys})

    pages = list(s3vectors.get_paginator("list_vectors").paginate(indexArn=index))
    listed = [vector["key"] for page in pages for vector in page["vectors"]]
    assert [len(page["vectors"]) for page in pages] == [500] * 5
    assert sorted(listed) == keys
    assert listed != keys
    assert listed == listed_keys(s3vectors, indexArn=index, PaginationConfig={"PageSize": 999})


def test_segments_share_the_vectors(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """The segments of a parallel listing are disjoint, complete, and none is empty."""
    keys = [f"key-{number}" for number in range(300)]
    index = new_index(vectors={key: ([1, 2], {}) for key in keys})

    segments = [
        listed_keys(
            s3vectors,
            indexArn=index,
            segmentCount=16,
            segmentIndex=number,
            PaginationConfig={"PageSize": 7},
        )
        for number in range(16)
    ]
    assert all(segments)
    assert sorted(key for segment in segments for key in segment) == sorted(keys)


def test_a_page_ends_after_about_a_megabyte(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Large records make small pages, whether or not their data is returned."""
    size = 4 * 4096
    index = new_index(dimension=4096, vectors={f"key-{number}": ([1] * 4096, {}) for number in range(100)})

    pages = list(s3vectors.get_paginator("list_vectors").paginate(indexArn=index))
    assert len(pages[0]["vectors"]) == pytest.approx(1_000_000 / size, abs=2)
    assert sum(len(page["vectors"]) for page in pages) == 100


def test_a_listing_survives_writes_between_pages(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Vectors that are there all the time are listed once, whatever is deleted and added meanwhile."""
    index = new_index(vectors={f"key-{number}": ([1, 2], {}) for number in range(200)})
    stays = {f"key-{number}" for number in range(100)}

    first = s3vectors.list_vectors(indexArn=index, maxResults=50)
    s3vectors.delete_vectors(indexArn=index, keys=[f"key-{number}" for number in range(100, 200)])
    added = [{"key": f"new-{number}", "data": {"float32": [1, 2]}} for number in range(100)]
    s3vectors.put_vectors(indexArn=index, vectors=added)
    rest = listed_keys(s3vectors, indexArn=index, PaginationConfig={"StartingToken": first["nextToken"]})
    seen = [key for key in [vector["key"] for vector in first["vectors"]] + rest if key in stays]
    assert sorted(seen) == sorted(stays)


def test_a_list_token_is_good_for_its_listing_only(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """The token of one segment is refused for another, and that of one index for another."""
    vectors = {f"key-{number}": ([1, 2], {}) for number in range(50)}
    index, other = new_index(vectors=vectors), new_index(vectors=vectors)
    request = {"indexArn": index, "maxResults": 2, "segmentCount": 2, "segmentIndex": 0}
    token = s3vectors.list_vectors(**request)["nextToken"]

    for wrong in ({"segmentIndex": 1}, {"indexArn": other}):
        with pytest.raises(s3vectors.exceptions.ValidationException, match="Invalid page token"):
            s3vectors.list_vectors(**request | wrong, nextToken=token)


def test_writes_of_many_threads_are_all_kept(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Threads that put, delete and query one index at the same time do not disturb each other."""
    index = new_index()

    def work(thread: int) -> None:
        keys = [f"{thread}-{number}" for number in range(50)]
        for start in range(0, 50, 5):
            batch = [{"key": key, "data": {"float32": [1, thread]}} for key in keys[start : start + 5]]
            s3vectors.put_vectors(indexArn=index, vectors=batch)
            s3vectors.query_vectors(indexArn=index, queryVector={"float32": [1, thread]}, topK=10)
            s3vectors.delete_vectors(indexArn=index, keys=[keys[start]])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    expected = {f"{thread}-{number}" for thread in range(8) for number in range(50) if number % 5}
    assert set(listed_keys(s3vectors, indexArn=index)) == expected


KEYS = st.sets(st.sampled_from(string.ascii_lowercase), min_size=1, max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["put", "delete"]), KEYS), max_size=12))
def test_puts_and_deletes_behave_like_a_dictionary(
    s3vectors: Any, new_index: Callable[..., str], steps: list[tuple[str, set[str]]]
) -> None:
    """After any puts and deletes the index holds what a dict would."""
    index = new_index()
    expected: dict[str, list[float]] = {}
    for number, (step, keys) in enumerate(steps):
        if step == "put":
            written = {key: [float(number), float(ord(key))] for key in keys}
            records = [{"key": key, "data": {"float32": vector}} for key, vector in written.items()]
            s3vectors.put_vectors(indexArn=index, vectors=records)
            expected |= written
        else:
            s3vectors.delete_vectors(indexArn=index, keys=sorted(keys))
            expected = {key: vector for key, vector in expected.items() if key not in keys}

    listed = s3vectors.list_vectors(indexArn=index, returnData=True)["vectors"]
    assert {vector["key"]: vector["data"]["float32"] for vector in listed} == expected
    got = s3vectors.get_vectors(indexArn=index, keys=list(string.ascii_lowercase), returnData=True)["vectors"]
    assert {vector["key"]: vector["data"]["float32"] for vector in got} == expected
