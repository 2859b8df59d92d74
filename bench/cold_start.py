"""From no environment to the first answer: s3vl's zip, against the naive handler with an unpruned boto3.

The functions are invoked as AWS's SDK does, so that both answer the same caller. A start of new code unpacks the
zip, starts the process, imports, makes the client, and searches; Lambda also has to fetch the zip.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import contenders, functions
from bench.contenders import Search
from bench.progress import say
from bench.sampling import Timings, alternate, ratio

if TYPE_CHECKING:
    from bench.stage import Index, Stage


def measure(stage: Stage, index: Index, rounds: int, seconds: float) -> dict[str, Any]:
    """Compare times, with and without unpacking the code, and the size and peak memory of each."""
    say("cold starts, of new code")
    of_new_code = compare(stage, index, rounds, seconds)
    say("cold starts, of code that is unpacked")
    of_unpacked = compare(stage, index, rounds, seconds, new_code=False)
    sizes = {"s3vl": len(stage.s3vl_zip), "naive": len(stage.naive_zip)}
    return {
        "contenders": {
            name: {
                "new_code": of_new_code[name].document(),
                "unpacked": of_unpacked[name].document(),
                "zip_mb": round(size / 1e6, 2),
                "peak_memory_mb": round(_peak_memory(stage, _function(name)) / 1e6, 1),
            }
            for name, size in sizes.items()
        },
        "s3vl_against_naive": {
            "new_code": ratio(of_new_code["s3vl"], of_new_code["naive"]).document(),
            "unpacked": ratio(of_unpacked["s3vl"], of_unpacked["naive"]).document(),
        },
    }


def compare(
    stage: Stage, index: Index, rounds: int, seconds: float, *, new_code: bool = True
) -> dict[str, Timings]:
    """Time first answers of environments that did not exist before, and on request had the code unpacked."""
    search = Search(index)
    event = {
        "index_arn": index.arn,
        "query_vector": next(search.queries()),
        "top_k": search.top_k,
        "return_metadata": search.with_metadata,
    }
    packages = {"s3vl": stage.s3vl_zip, "naive": stage.naive_zip}
    events = {
        "s3vl": {"operation": "query_vectors", "protocol": 2, "budget_ms": 60_000, **event},
        "naive": event,
    }

    def prepare(name: str) -> None:
        _end_environment(stage, _function(name))
        if new_code:
            stage.publish_code(_function(name), functions.renewed(packages[name]))

    return alternate(
        {
            name: contenders.checked(
                f"the cold start of {name}",
                partial(_first_answer, stage, _function(name), events[name]),
                search.hits,
            )
            for name in packages
        },
        rounds,
        seconds,
        before=prepare,
    )


def _function(name: str) -> str:
    """Name the function of ours that is stopped and started; those of the other measures stay warm."""
    return f"{name}-cold"


def _first_answer(stage: Stage, function: str, event: dict[str, Any]) -> list[Any]:
    answer = stage.invoke(function, event)
    result = answer.get("result", answer)
    if "vectors" not in result:
        raise RuntimeError(f"{function} answered {answer}; its log is in the local cloud's lambda/logs")
    vectors: list[Any] = result["vectors"]
    return vectors


def _end_environment(stage: Stage, function: str) -> None:
    """End the environment, and let the service notice."""
    for process in stage.environments_of(function):
        process.kill()
        stage.invoke(function, {})


def _peak_memory(stage: Stage, function: str) -> int:
    """Return the most bytes that the environment has had in memory; without /proc, those that it has now."""
    [process] = stage.environments_of(function)
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return int(process.memory_info().rss)
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024
