"""botocore's paginators drain every list and query, on the emulator and on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from contract.s3vectors.cases.stage import NUMBERED, NUMBERED_VECTORS

if TYPE_CHECKING:
    from fixtures_s3vectors import Contract

QUERY = {"indexArn": NUMBERED, "queryVector": {"float32": [1.0, 0.0]}}


def pages(contract: Contract, operation: str, **request: Any) -> list[dict[str, Any]]:
    """Return the pages of an answer."""
    return list(contract.client.get_paginator(operation).paginate(**contract.fill(request)))


def drained(answer: list[dict[str, Any]], member: str, key: str) -> list[str]:
    """Return the names of the items of all pages."""
    return [item[key] for page in answer for item in page[member]]


@pytest.mark.parametrize(("page_size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (500, [5])])
def test_buckets_are_drained(
    contract: Contract, more_buckets: list[str], page_size: int, sizes: list[int]
) -> None:
    """Every bucket of a prefix is listed once, in pages of the size asked for."""
    answer = pages(
        contract,
        "list_vector_buckets",
        prefix="<bucket>-paged",
        PaginationConfig={"PageSize": page_size},
    )

    assert [len(page["vectorBuckets"]) for page in answer] == sizes
    assert sorted(drained(answer, "vectorBuckets", "vectorBucketName")) == more_buckets


@pytest.fixture(scope="module")
def more_buckets(contract: Contract) -> list[str]:
    """Create five buckets of one prefix."""
    names = [contract.fill(f"<bucket>-paged-{number}") for number in range(5)]
    for name in names:
        contract.client.create_vector_bucket(vectorBucketName=name)
    return names


@pytest.mark.parametrize(("page_size", "sizes"), [(3, [3, 3, 1]), (7, [7]), (500, [7])])
def test_indexes_are_drained(
    contract: Contract, more_indexes: list[str], page_size: int, sizes: list[int]
) -> None:
    """Every index of a prefix is listed once, in pages of the size asked for."""
    answer = pages(
        contract,
        "list_indexes",
        vectorBucketName="<bucket>",
        prefix="paged-",
        PaginationConfig={"PageSize": page_size},
    )

    assert [len(page["indexes"]) for page in answer] == sizes
    assert sorted(drained(answer, "indexes", "indexName")) == more_indexes


@pytest.fixture(scope="module")
def more_indexes(contract: Contract) -> list[str]:
    """Create seven indexes of one prefix."""
    names = [f"paged-{number}" for number in range(7)]
    for name in names:
        contract.client.create_index(
            vectorBucketName=contract.bucket,
            indexName=name,
            dataType="float32",
            dimension=1,
            distanceMetric="cosine",
        )
    return names


@pytest.mark.parametrize(
    "request_", [{}, {"PaginationConfig": {"PageSize": 60}}, {"returnData": True}], ids=str
)
def test_vectors_are_drained(contract: Contract, request_: dict[str, Any]) -> None:
    """Every vector is listed once, whatever the page size and what is returned."""
    answer = pages(contract, "list_vectors", indexArn=NUMBERED, **request_)

    assert sorted(drained(answer, "vectors", "key")) == sorted(NUMBERED_VECTORS)


def test_segments_are_drained(contract: Contract) -> None:
    """The segments of a parallel listing have every vector once."""
    segments = [
        pages(contract, "list_vectors", indexArn=NUMBERED, segmentCount=4, segmentIndex=number)
        for number in range(4)
    ]

    keys = [key for segment in segments for key in drained(segment, "vectors", "key")]
    assert sorted(keys) == sorted(NUMBERED_VECTORS)


@pytest.mark.parametrize(
    ("top_k", "sizes"),
    [(99, [99]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50]), (10_000, [100, 100, 50])],
)
def test_queries_are_drained(contract: Contract, top_k: int, sizes: list[int]) -> None:
    """All topK results come, each once and nearest first, and every page names the metric."""
    answer = pages(contract, "query_vectors", **QUERY, topK=top_k, returnDistance=True)

    assert [len(page["vectors"]) for page in answer] == sizes
    assert {page["distanceMetric"] for page in answer} == {"cosine"}
    hits = drained(answer, "vectors", "key")
    assert len(set(hits)) == sum(sizes)
    distances = [hit["distance"] for page in answer for hit in page["vectors"]]
    assert distances == sorted(distances)


def test_filtered_queries_are_drained(contract: Contract) -> None:
    """The filter holds on every page."""
    answer = pages(contract, "query_vectors", **QUERY, topK=250, filter={"even": True}, returnMetadata=True)

    metadata = [hit["metadata"] for page in answer for hit in page["vectors"]]
    assert len(answer) == 2
    assert metadata == [{"even": True}] * 125
