"""How much memory the function takes at its peak: the post gives it 128 MB."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_cloud import Stack
    from s3vl_local.cloud import LocalCloud

EVENTS = ROOT / "lambda" / "events"
MEMORY_MB = 128
# What one query leaves to the runtime, which the post's 128 MB are for too.
QUERY_LIMIT_MB = 110
LARGE_DIMENSION = 1_536
BATCH_DIMENSION = 384
PREFIX = "memory"
FUNCTION = f"{PREFIX}-vector-query"


@pytest.fixture(scope="module")
def invoke(
    deploy: Callable[..., Stack],
    aws: Callable[..., Any],
    package: bytes,
    without_approximation: Callable[[str], None],
) -> Callable[[dict[str, Any]], Any]:
    """Deploy a function of its own, with 1,000 vectors that have nearly all the filterable metadata."""
    stack = deploy(PREFIX, LambdaTimeout="30", LambdaMemorySize=str(MEMORY_MB), AllowWrites="true")
    # The measure is of a thousand hits, not of as many as are found.
    without_approximation(stack.index_arn)
    client = aws("lambda")
    client.update_function_code(FunctionName=FUNCTION, ZipFile=package)
    for start in (0, 500):
        vectors = [
            {
                "key": f"v{number}",
                "data": {"float32": [1, number, 0, 0, 1]},
                "metadata": {"number": number, "text": f"{number:04} is a number " * 110},
            }
            for number in range(start, start + 500)
        ]
        aws("s3vectors").put_vectors(indexArn=stack.index_arn, vectors=vectors)

    def call(event: dict[str, Any]) -> Any:
        payload = json.dumps({"index_arn": stack.index_arn, "protocol": 2, "budget_ms": 29_000} | event)
        answer = client.invoke(FunctionName=FUNCTION, Payload=payload)
        return json.loads(answer["Payload"].read())

    return call


@pytest.fixture(scope="module")
def bucket(aws: Callable[..., Any]) -> str:
    """Create a bucket for large indexes."""
    aws("s3vectors").create_vector_bucket(vectorBucketName=PREFIX)
    return PREFIX


@pytest.fixture(scope="module")
def large_indexes(aws: Callable[..., Any], bucket: str) -> tuple[str, str]:
    """Create an index whose vectors fill more than one answer, and one to search with many vectors."""
    client = aws("s3vectors")
    arns = []
    for dimension, count in ((LARGE_DIMENSION, 400), (BATCH_DIMENSION, 20)):
        made = client.create_index(
            vectorBucketName=bucket,
            indexName=f"of-{dimension}",
            dataType="float32",
            dimension=dimension,
            distanceMetric="cosine",
        )
        arns.append(made["indexArn"])
        for start in range(0, count, 100):
            vectors = [
                {
                    "key": f"v{n}",
                    "data": {"float32": embedding(n, dimension)},
                    "metadata": {"text": "x" * 50},
                }
                for n in range(start, min(start + 100, count))
            ]
            client.put_vectors(indexArn=arns[-1], vectors=vectors)
    large, small = arns
    return large, small


def embedding(number: int, dimension: int) -> list[float]:
    """Make a vector whose numbers have as many digits as a model's."""
    return [round(math.sin(number * dimension + position + 1), 7) for position in range(dimension)]


def peak_mb(cloud: LocalCloud) -> float:
    """Read the highest resident size that the function's only environment has had."""
    [environment] = [
        process
        for process in psutil.Process(cloud.state().pid).children()
        if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == FUNCTION
    ]
    status = Path(f"/proc/{environment.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak, status
    return int(peak[1]) / 1024


def test_a_thousand_hits_with_metadata_fit_in_the_memory_of_the_post(
    cloud: LocalCloud, invoke: Callable[[dict[str, Any]], Any]
) -> None:
    """Ten pages, 2 MB of metadata: 128 MB are enough, with room for the runtime."""
    event = json.loads((EVENTS / "query_vectors.json").read_text())
    del event["metadata_filter"], event["index_arn"]

    answer = invoke(event | {"top_k": 1_000})

    assert len(answer["result"]["vectors"]) == 1_000
    assert peak_mb(cloud) < QUERY_LIMIT_MB


def test_large_calls_of_every_kind_fit_too_one_after_another(
    cloud: LocalCloud, invoke: Callable[[dict[str, Any]], Any], large_indexes: tuple[str, str]
) -> None:
    """What one call needed is given back before the next: a warm environment does not grow with them."""
    large, small = large_indexes
    vector_ids = [f"v{number}" for number in range(5_000)]
    get = {
        "operation": "get_vectors",
        "index_arn": large,
        "vector_ids": vector_ids,
        "include_vector_data": True,
        "include_metadata": True,
    }
    put = {
        "operation": "put_vectors",
        "index_arn": large,
        "vectors": [
            {
                "vector_id": f"v{n}",
                "embedding": json.dumps(embedding(n, LARGE_DIMENSION), separators=(",", ":")),
                "metadata": {"text": "x" * 50},
            }
            for n in range(360)
        ],
    }
    batch = {
        "operation": "query_vectors_batch",
        "index_arn": small,
        "query_vectors": [embedding(n, BATCH_DIMENSION) for n in range(1_000)],
        "top_k": 10,
        "return_metadata": True,
    }
    listing = {
        "operation": "list_vectors",
        "index_arn": large,
        "max_results": 1_000,
        "return_data": True,
        "return_metadata": True,
    }

    for _ in range(2):
        part = invoke(get)
        assert part["continuation"] == {"position": len(part["result"]["vectors"])}
        assert invoke(put)["result"] == {"written": [[1, 360]]}
        assert len(invoke(listing)["result"]["vectors"]) > 100
    assert len(invoke(batch)["result"]["vectors"]) == 10_000
    assert invoke(get)["continuation"] == part["continuation"]

    assert peak_mb(cloud) < MEMORY_MB


def test_many_short_numbers_fit_too(
    cloud: LocalCloud, invoke: Callable[[dict[str, Any]], Any], aws: Callable[..., Any], bucket: str
) -> None:
    """A digit of the answer is a whole number in memory: of 4,096 dimensions fewer vectors are read at a time."""
    client = aws("s3vectors")
    index_arn = client.create_index(
        vectorBucketName=bucket,
        indexName="of-digits",
        dataType="float32",
        dimension=4_096,
        distanceMetric="cosine",
    )["indexArn"]
    vector_ids = [f"v{number}" for number in range(600)]
    for start in range(0, len(vector_ids), 200):
        vectors = [
            {"key": key, "data": {"float32": [(number + place) % 10 for place in range(4_096)]}}
            for number, key in enumerate(vector_ids[start : start + 200])
        ]
        client.put_vectors(indexArn=index_arn, vectors=vectors)

    answer = invoke(
        {
            "operation": "get_vectors",
            "index_arn": index_arn,
            "vector_ids": vector_ids,
            "include_vector_data": True,
            "include_metadata": True,
        }
    )

    assert len(answer["result"]["vectors"]) == len(vector_ids)
    assert peak_mb(cloud) < MEMORY_MB
