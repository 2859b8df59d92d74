"""How much memory the function takes at its peak: the post gives it 128 MB."""

from __future__ import annotations

import json
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
LIMIT_KB = 110 * 1024
PREFIX = "memory"
FUNCTION = f"{PREFIX}-vector-query"


@pytest.fixture(scope="module")
def invoke(
    deploy: Callable[..., Stack], aws: Callable[..., Any], package: bytes
) -> Callable[[dict[str, Any]], Any]:
    """Deploy a function of 128 MB of its own, with 1,000 vectors that have nearly all the filterable metadata."""
    stack = deploy(PREFIX, LambdaTimeout="30", LambdaMemorySize="128", AllowWrites="true")
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
        payload = json.dumps(event | {"index_arn": stack.index_arn})
        answer = client.invoke(FunctionName=FUNCTION, Payload=payload)
        return json.loads(answer["Payload"].read())

    return call


def peak_kb(cloud: LocalCloud) -> int:
    """Read the highest resident size that the function's only environment has had."""
    [environment] = [
        process
        for process in psutil.Process(cloud.state().pid).children()
        if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == FUNCTION
    ]
    status = Path(f"/proc/{environment.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak, status
    return int(peak[1])


def test_a_thousand_hits_with_metadata_fit_in_the_memory_of_the_post(
    cloud: LocalCloud, invoke: Callable[[dict[str, Any]], Any]
) -> None:
    """Ten pages, 2 MB of metadata: 128 MB are enough, with room for the runtime."""
    event = json.loads((EVENTS / "query_vectors.json").read_text())
    del event["metadata_filter"]

    answer = invoke(event | {"top_k": 1_000})

    assert len(answer["result"]["vectors"]) == 1_000
    assert peak_kb(cloud) < LIMIT_KB
