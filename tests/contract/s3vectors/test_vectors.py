"""Vectors: put, get, list and delete."""

from __future__ import annotations

import string
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable


def listed_keys(s3vectors: Any, **request: Any) -> list[str]:
    """Return the keys of a whole listing."""
    result = s3vectors.get_paginator("list_vectors").paginate(**request).build_full_result()
    return [vector["key"] for vector in result["vectors"]]


def test_one_bad_record_refuses_the_whole_put(s3vectors: Any, new_index: Callable[..., str]) -> None:
    """Good records beside a bad one are not stored, and the error names the bad one."""
    index = new_index()
    records = [{"key": "good", "data": {"float32": [1, 2]}}, {"key": "bad", "data": {"float32": [1]}}]

    with pytest.raises(s3vectors.exceptions.ValidationException) as refused:
        s3vectors.put_vectors(indexArn=index, vectors=records)
    assert [item["path"] for item in refused.value.response["fieldList"]] == ["vectors[1]"]
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == []


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


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
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
