"""Logs and metrics of functions, read with the commands that the docs name."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from fixtures_cloud import Stack
    from s3vl_local.cloud import LocalCloud

GROUP = "/aws/lambda/told"
CODE = """
import json

def lambda_handler(event, context):
    print("the first line\\n\\nthe last line", event.get("word"))
    for line in event.get("lines", []):
        print(line)
    if "raise" in event:
        raise ValueError(event["raise"])
"""
METRICS = {
    "_aws": {
        "Timestamp": 0,
        "CloudWatchMetrics": [
            {
                "Namespace": "told",
                "Dimensions": [["shop"], ["shop", "till"]],
                "Metrics": [{"Name": "Sold", "Unit": "Count"}, {"Name": "Price"}],
            }
        ],
    },
    "shop": "a",
    "till": "1",
    "Sold": 3,
    "Price": [1, 2.5],
}


@pytest.fixture(scope="module")
def call(clients: Callable[[str], Any], create_function: Callable[..., str]) -> Callable[..., str]:
    """Invoke a function that writes what it is told; give the id of the request."""
    create_function("told", CODE)

    def invoke(name: str = "told", **event: Any) -> str:
        answer = clients("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        request_id: str = re.findall("RequestId: ([-0-9a-f]+)", messages(clients)[-1])[0]
        assert ("FunctionError" in answer) == ("raise" in event)
        return request_id

    return invoke


def messages(clients: Callable[[str], Any], **options: Any) -> list[str]:
    """Return the lines of the log, in their order."""
    events = clients("logs").filter_log_events(logGroupName=GROUP, **options)["events"]
    return [event["message"] for event in events]


def total(clients: Callable[[str], Any], namespace: str, name: str, **dimensions: str) -> float | None:
    """Return the sum of a metric over the last hour; None where it has no data."""
    now = datetime.now(UTC)
    points = clients("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points) if points else None


def test_what_a_function_prints_is_in_its_log_group(
    clients: Callable[[str], Any], call: Callable[..., str]
) -> None:
    """Line by line, between START, END and REPORT, in a stream that is named as Lambda names it."""
    request_id = call(word="apple")

    lines = messages(clients)[-5:]
    assert lines[:4] == [
        f"START RequestId: {request_id} Version: $LATEST\n",
        "the first line\n",
        "the last line apple\n",
        f"END RequestId: {request_id}\n",
    ]
    assert re.fullmatch(rf"REPORT RequestId: {request_id}\tDuration: [0-9.]+ ms\n", lines[4])
    [stream] = clients("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream["logStreamName"])


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("pear", True),
        ('"last line pear"', True),
        ('"last pear"', False),
        ("last pear", True),
        ("pear -last", False),
        ("?pear ?plum", True),
        ("?plum ?cherry", False),
    ],
)
def test_a_pattern_selects_by_terms(
    clients: Callable[[str], Any], call: Callable[..., str], pattern: str, found: bool
) -> None:
    """All terms, none with a minus, one of those with a question mark; quoted, a term may have spaces."""
    if not messages(clients, filterPattern="pear"):
        call(word="pear")

    selected = messages(clients, filterPattern=pattern)
    assert ("the last line pear\n" in selected) == found
    assert not [message for message in selected if "pear" not in message]


@pytest.mark.parametrize("pattern", ['{ $.level = "ERROR" }', "[a, b]", "%E.*%"])
@pytest.mark.usefixtures("call")
def test_a_pattern_that_is_not_known_here_is_refused(clients: Callable[[str], Any], pattern: str) -> None:
    """It does not select everything, as moto has it."""
    clients("lambda").invoke(FunctionName="told")
    with pytest.raises(ClientError, match="knows filter patterns of terms"):
        messages(clients, filterPattern=pattern)


def test_lambda_counts_what_it_runs(
    clients: Callable[[str], Any], call: Callable[..., str], faults: Callable[..., None]
) -> None:
    """Invocations, errors, throttled calls and milliseconds: of a function, and of all."""

    def counted(**dimensions: str) -> dict[str, float]:
        names = ("Invocations", "Errors", "Throttles", "Duration")
        return {name: total(clients, "AWS/Lambda", name, **dimensions) or 0 for name in names}

    ways: list[dict[str, str]] = [{}, {"FunctionName": "told"}, {"FunctionName": "told", "Resource": "told"}]
    before = [counted(**way) for way in ways]
    call()
    call(**{"raise": "boom"})
    faults(operation="Invoke", status=429, code="TooManyRequestsException", times=1)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        clients("lambda").invoke(FunctionName="told")

    for old, way in zip(before, ways, strict=True):
        new = counted(**way)
        assert {name: new[name] - old[name] for name in ("Invocations", "Errors", "Throttles")} == {
            "Invocations": 2,
            "Errors": 1,
            "Throttles": 1,
        }
        assert 0 < new["Duration"] - old["Duration"] < 10_000
    assert total(clients, "AWS/Lambda", "Invocations", FunctionName="else") is None


def test_metrics_in_the_log_are_metrics(clients: Callable[[str], Any], call: Callable[..., str]) -> None:
    """What is in the Embedded Metric Format has its namespace, dimensions and values; the rest is text."""
    now = datetime.now(UTC).timestamp()
    document = METRICS | {"_aws": {**METRICS["_aws"], "Timestamp": int(now * 1000)}}  # type: ignore[dict-item]
    broken = {"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [{"Namespace": "told"}]}}
    timeless = [
        METRICS | {"_aws": {**METRICS["_aws"], "Timestamp": when}}  # type: ignore[dict-item]
        for when in (1e300, float("nan"), 10**18)
    ]
    # Deeper than Python reads.
    deep = '{"_aws":' + "[" * 100_000
    call(lines=['{"_aws": half', deep, *map(json.dumps, [*timeless, broken, document])])

    listed = clients("cloudwatch").list_metrics(Namespace="told")["Metrics"]
    ways = [{"shop": "a"}, {"shop": "a", "till": "1"}]
    assert [
        (metric["MetricName"], {pair["Name"]: pair["Value"] for pair in metric["Dimensions"]})
        for metric in listed
    ] == [(name, way) for way in ways for name in ("Sold", "Price")]
    for way in ways:
        assert total(clients, "told", "Sold", **way) == 3
        assert total(clients, "told", "Price", **way) == 3.5
    # Of these dimensions, not of more or fewer.
    assert total(clients, "told", "Sold", till="1") is None
    assert total(clients, "told", "Sold") is None
    assert json.dumps(document) + "\n" in messages(clients)


def test_series_of_several_metrics_come_in_one_answer(
    clients: Callable[[str], Any], call: Callable[..., str]
) -> None:
    """GetMetricData answers by query, at multiples of the period, and refuses what it would get wrong."""
    call()
    now = datetime.now(UTC)

    def answered(*queries: dict[str, Any]) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = clients("cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1)
        )["MetricDataResults"]
        return results

    def query(name: str, metric: str, statistic: str) -> dict[str, Any]:
        dimensions = [{"Name": "FunctionName", "Value": "told"}]
        metric_stat = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
        return {"Id": name, "MetricStat": {"Metric": metric_stat, "Period": 60, "Stat": statistic}}

    calls, errors = answered(query("a", "Invocations", "Sum"), query("b", "Errors", "Average"))
    assert (calls["Id"], calls["Label"], errors["Id"]) == ("a", "Invocations", "b")
    assert all(when.second == 0 for when in calls["Timestamps"])
    assert sum(calls["Values"]) == total(clients, "AWS/Lambda", "Invocations", FunctionName="told")
    assert 0 <= max(errors["Values"]) <= 1
    with pytest.raises(
        ClientError, match="computes SampleCount, Average, Sum, Minimum, Maximum, and no other"
    ):
        answered(query("a", "Duration", "p95"))
    with pytest.raises(ClientError, match="does no metric math"):
        answered(query("a", "Errors", "Sum"), {"Id": "b", "Expression": "a * 2"})


@pytest.mark.usefixtures("enforced")
def test_a_role_that_may_not_write_logs_has_none(
    clients: Callable[[str], Any], create_function: Callable[..., str]
) -> None:
    """As on AWS its function runs all the same, and nothing in its log becomes a metric; Lambda counts it."""
    create_function("silent", CODE)

    clients("lambda").invoke(FunctionName="silent")

    assert clients("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/silent")["logGroups"] == []
    assert total(clients, "AWS/Lambda", "Invocations", FunctionName="silent") == 1


def test_a_group_keeps_its_newest_lines(clients: Callable[[str], Any], call: Callable[..., str]) -> None:
    """It does not grow for ever."""
    call(lines=["x"] * 6_000)

    streams = clients("logs").get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    kept = [event["message"] for page in streams for event in page["events"]]
    assert len(kept) == 5_000
    assert kept[-1].startswith("REPORT")


def commands_of_the_docs() -> list[str]:
    """Return every command on the pages that reads logs or metrics."""
    pages = "\n".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
    found = re.findall(r"aws (?:logs|cloudwatch) [a-z]+-[^`\n]*", pages.replace("\\\n", " "))
    return list(dict.fromkeys(found))


def test_the_commands_of_the_docs_read_them(
    cloud: LocalCloud, stack: Stack, connection: psycopg.Connection
) -> None:
    """Each of them runs as it stands there, and its answer is about a search that was made."""
    connection.execute("select * from s3vl.query_vectors('{0.1,0.2,0.3,0.4,0.5}', 'test-index-5d')")
    row = connection.execute("select request_id from s3vl.last_call()").fetchone()
    assert row is not None
    names = {"s3vl-vector-query": f"{stack.name}-vector-query", "<function>": f"{stack.name}-vector-query"}
    commands = commands_of_the_docs()

    assert len(commands) == 7
    for command in commands:
        typed = command.replace("<request id>", str(row[0]))
        for name, here in names.items():
            typed = typed.replace(name, here)
        done = subprocess.run(
            ["bash", "-c", typed], env=cloud.environment(), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), typed
        answer = json.loads(done.stdout)
        if "logGroups" in answer:
            assert f"/aws/lambda/{stack.name}-vector-query" in [
                group["logGroupName"] for group in answer["logGroups"]
            ]
        elif "events" in answer:
            assert any(str(row[0]) in event["message"] for event in answer["events"]), typed
        elif "Metrics" in answer:
            assert {"Latency", "Results", "ColdStart"} <= {
                metric["MetricName"] for metric in answer["Metrics"]
            }
        else:
            assert sum(point["SampleCount"] for point in answer["Datapoints"]) >= 1, typed
