"""The function's own concurrency, in the local runtime: calls side by side, and throttling survived."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from s3vl_lambda.services.parallel import CONCURRENT_CALLS
from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_cloud import Held, Stack

EVENTS = ROOT / "lambda" / "events"


@pytest.fixture
def invoke(aws: Callable[..., Any], stack: Stack) -> Callable[..., Any]:
    """Invoke the deployed function with the real event of an operation, changed, against the sample index."""
    client = aws("lambda")

    def call(operation: str, **changes: Any) -> Any:
        event = json.loads((EVENTS / f"{operation}.json").read_text())
        payload = json.dumps(event | {"index_arn": stack.index_arn} | changes)
        return json.loads(client.invoke(FunctionName=stack.lambda_arn, Payload=payload)["Payload"].read())

    return call


def test_a_batch_runs_its_queries_side_by_side(invoke: Callable[..., Any], hold: Callable[..., Held]) -> None:
    """Of a hundred queries 32 are asked before the first is answered."""
    queries = hold("QueryVectors", times=100)
    with ThreadPoolExecutor() as pool:
        batch = pool.submit(
            invoke, "query_vectors_batch", query_vectors=[[1, n, 0, 1, 1] for n in range(100)], top_k=5
        )
        try:
            queries.wait_for(CONCURRENT_CALLS)
            at_once = queries.count()
        finally:
            queries.let_go()
        answer = batch.result()

    assert at_once == CONCURRENT_CALLS == 32
    assert answer["stats"]["api_calls"] == 100
    numbers = [row["query_number"] for row in answer["result"]["vectors"]]
    assert list(dict.fromkeys(numbers)) == list(range(1, 101))


def test_writes_outlast_throttling_and_lose_nothing(
    invoke: Callable[..., Any], faults: Callable[..., None]
) -> None:
    """With every third call throttled and every fifth out of service, all is written, found, and deleted."""
    ids = [f"throttled-{number}" for number in range(3_000)]
    vectors = [{"vector_id": one, "embedding": [1, n, 0, 0, 1]} for n, one in enumerate(ids)]
    for operation in ("PutVectors", "DeleteVectors"):
        faults(operation=operation, status=429, code="TooManyRequestsException", every=3)
        faults(operation=operation, status=503, code="ServiceUnavailableException", every=5)

    put = invoke("put_vectors", vectors=vectors)
    found = invoke("get_vectors", vector_ids=ids, include_vector_data=False, include_metadata=False)
    deleted = invoke("delete_vectors", vector_ids=ids)
    left = invoke("get_vectors", vector_ids=ids, include_vector_data=False, include_metadata=False)

    assert put["result"] == {"written": [[1, 3_000]]}
    assert put["stats"]["attempts"] > put["stats"]["api_calls"] == 6
    assert [row["vector_id"] for row in found["result"]["vectors"]] == ids
    assert (deleted["result"], left["result"]) == ({"deleted": [[1, 3_000]]}, {"vectors": []})


def test_lasting_throttling_is_an_error_within_the_budget(
    invoke: Callable[..., Any], faults: Callable[..., None]
) -> None:
    """Nothing is written, and the answer says so before the caller's time is up."""
    faults(operation="PutVectors", status=429, code="TooManyRequestsException")
    vectors = [{"vector_id": f"never-{number}", "embedding": [1, 1, 0, 0, 1]} for number in range(2_000)]

    answer = invoke("put_vectors", vectors=vectors, budget_ms=3_000)

    assert answer["error"].items() >= {"code": "throttled", "retryable": True, "written": []}.items()
    assert answer["execution_time_ms"] <= 3_000
