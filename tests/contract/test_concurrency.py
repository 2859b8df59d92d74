"""Many writers and readers of one index at once, with faults on.

`make test` runs it for five seconds. For longer:
S3VL_STRESS_SECONDS=30 .venv/bin/pytest tests/contract/test_concurrency.py
"""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 32
KEYS = 40
SECONDS = float(os.environ.get("S3VL_STRESS_SECONDS", "5"))
FAULTS = [
    {"operation": "PutVectors", "status": 503, "code": "ServiceUnavailableException", "probability": 0.05},
    {"operation": "DeleteVectors", "reset": True, "probability": 0.05},
    {"operation": "QueryVectors", "status": 429, "code": "TooManyRequestsException", "probability": 0.05},
    {"operation": "QueryVectors", "latency_ms": 20, "probability": 0.05},
    {"operation": "GetVectors", "reset": True, "probability": 0.05},
]


def insist(call: Callable[..., Any], **request: Any) -> tuple[Any, int]:
    """Repeat a call until it is acknowledged; return the answer and how often it failed."""
    for failures in range(100):
        try:
            return call(**request), failures
        except (ClientError, ConnectionClosedError) as error:
            last = error
    raise last


class Worker:
    """One client, the only one to write the vectors of its number; what it was told is what must be there."""

    def __init__(self, number: int, s3vectors: Any, index: str) -> None:
        self.number = number
        self.failures = 0
        self.rounds = 0
        self.expected: dict[str, list[float]] = {}
        self._s3vectors = s3vectors
        self._index = index
        self._random = random.Random(number)  # noqa: S311 - no secret

    def run(self, until: float) -> Worker:
        """Write and read by turns."""
        while time.monotonic() < until:
            self._put() if self._random.random() < 0.6 else self._delete()
            self._check_query()
            self._check_get()
            self.rounds += 1
        return self

    def _call(self, operation: str, **request: Any) -> Any:
        answer, failures = insist(getattr(self._s3vectors, operation), indexArn=self._index, **request)
        self.failures += failures
        return answer

    def _some_keys(self) -> list[str]:
        numbers = self._random.sample(range(KEYS), self._random.randint(1, 10))
        return [f"{self.number}/{number}" for number in numbers]

    def _put(self) -> None:
        changes = {key: [float(self._random.randint(-9, 9)) for _ in range(4)] for key in self._some_keys()}
        records = [
            {"key": key, "data": {"float32": vector}, "metadata": {"worker": self.number}}
            for key, vector in changes.items()
        ]
        self._call("put_vectors", vectors=records)
        self.expected |= changes

    def _delete(self) -> None:
        keys = self._some_keys()
        self._call("delete_vectors", keys=keys)
        for key in keys:
            self.expected.pop(key, None)

    def _check_query(self) -> None:
        answer = self._call(
            "query_vectors",
            queryVector={"float32": [0, 0, 0, 0]},
            topK=KEYS,
            filter={"worker": self.number},
            returnDistance=True,
        )
        found = [(vector["distance"], vector["key"]) for vector in answer["vectors"]]
        lengths = [(sum(x * x for x in vector), key) for key, vector in self.expected.items()]
        assert found == sorted(lengths)

    def _check_get(self) -> None:
        keys = self._some_keys()
        answer = self._call("get_vectors", keys=keys, returnData=True)
        found = {vector["key"]: vector["data"]["float32"] for vector in answer["vectors"]}
        assert found == {key: self.expected[key] for key in keys if key in self.expected}


@pytest.mark.timeout(SECONDS + 300)
def test_32_clients_see_what_was_acknowledged(
    aws: Callable[..., Any], faults: Callable[..., None], without_approximation: Callable[[str], None]
) -> None:
    """No acknowledged write is lost, no result is wrong, and nobody waits for ever."""
    s3vectors = aws("s3vectors")
    s3vectors.create_vector_bucket(vectorBucketName="concurrency")
    index = s3vectors.create_index(
        vectorBucketName="concurrency",
        indexName="shared",
        dataType="float32",
        dimension=4,
        distanceMetric="euclidean",
    )["indexArn"]
    without_approximation(index)
    for seed, rule in enumerate(FAULTS):
        faults(**rule, seed=seed)

    clients = [aws("s3vectors") for _ in range(THREADS)]
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(THREADS) as pool:
        running = [
            pool.submit(Worker(number, client, index).run, until) for number, client in enumerate(clients)
        ]
        workers = [worker.result() for worker in running]

    pages = s3vectors.get_paginator("list_vectors").paginate(indexArn=index, returnData=True)
    listed = {vector["key"]: vector["data"]["float32"] for page in pages for vector in page["vectors"]}
    assert listed == {key: vector for worker in workers for key, vector in worker.expected.items()}
    assert all(worker.rounds for worker in workers)
    assert sum(worker.failures for worker in workers) > 0
    s3vectors.delete_index(indexArn=index)
    s3vectors.delete_vector_bucket(vectorBucketName="concurrency")
