"""The local Lambda service answers Invoke as AWS documents it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fixtures_probe import zip_of
from s3vl_local.cloud import request
from s3vl_local.lambda_service import environment
from s3vl_local.lambda_service.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from s3vl_local.cloud import LocalCloud


@pytest.fixture
def invoke(aws: Callable[..., Any], probe: str) -> Callable[..., dict[str, Any]]:
    """Invoke the probe (or another function), and read the payload."""
    client = aws("lambda")

    def call(event: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        arguments = {"FunctionName": probe, "Payload": json.dumps(event or {}), **arguments}
        response: dict[str, Any] = client.invoke(**arguments)
        body = response["Payload"].read()
        return {**response, "Payload": json.loads(body) if body else None}

    return call


def test_the_context_is_the_functions_own(invoke: Callable[..., dict[str, Any]], probe: str) -> None:
    """Memory, ARN, environment variables, client context and the time left reach the handler."""
    context = base64.b64encode(json.dumps({"custom": {"tenant": "a"}}).encode()).decode()

    response = invoke({"a": 1}, ClientContext=context)

    payload = response["Payload"]
    assert (response["StatusCode"], response["ExecutedVersion"]) == (200, "$LATEST")
    assert (payload["event"], payload["memory"], payload["arn"]) == ({"a": 1}, "192", probe)
    assert (payload["variable"], payload["custom"]) == ("set", {"tenant": "a"})
    assert 0 < payload["remaining_ms"] <= 2000


def test_a_warm_environment_is_used_again(invoke: Callable[..., dict[str, Any]]) -> None:
    """The second invocation runs in the process of the first."""
    assert invoke()["Payload"]["pid"] == invoke()["Payload"]["pid"]


@pytest.mark.parametrize(
    ("event", "error_type", "message"),
    [
        ({"raise": "boom"}, "ValueError", "boom"),
        ({"exit": 3}, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ({"sleep": 60}, "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
        ({"padding": 6_300_000}, "Function.ResponseSizeTooLarge", "(6291556 bytes)"),
    ],
)
def test_a_failing_function_is_an_unhandled_error(
    invoke: Callable[..., dict[str, Any]], event: dict[str, Any], error_type: str, message: str
) -> None:
    """Whatever goes wrong inside is status 200 with X-Amz-Function-Error, and the next call works."""
    response = invoke(event)

    assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
    assert response["Payload"]["errorType"] == error_type
    assert message in response["Payload"]["errorMessage"]
    assert "FunctionError" not in invoke()


@pytest.mark.parametrize("module", ["boto3", "psycopg", "numpy", "s3vl_lambda"])
def test_only_the_zip_can_be_imported(invoke: Callable[..., dict[str, Any]], module: str) -> None:
    """What this machine has installed is not there for a function that forgot to package it."""
    payload = invoke({"import": module})["Payload"]

    assert payload["errorType"] == "ModuleNotFoundError"


def test_broken_code_is_an_error_of_initialisation(
    invoke: Callable[..., dict[str, Any]], create_function: Callable[..., str]
) -> None:
    """A module that cannot be imported answers the runtime's own error."""
    arn = create_function("broken", "import nowhere")

    payload = invoke(FunctionName=arn)["Payload"]

    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert "nowhere" in payload["errorMessage"]


def test_a_long_initialization_goes_on_in_the_time_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As documented, what is not ready after ten seconds is no error: the function's timeout begins then."""
    # Sooner than any Python starts.
    monkeypatch.setattr(environment, "INIT_LIMIT_SECONDS", 0.001)
    (tmp_path / "index.py").write_text("def lambda_handler(event, context): return event")
    environment.link_runtime(tmp_path / "runtime")
    arn = "arn:aws:lambda:us-west-2:123456789012:function:slow"
    function = environment.Function(
        arn=arn,
        role="arn:aws:iam::123456789012:role/slow",
        name="slow",
        version="$LATEST",
        runtime="python3.13",
        handler="index.lambda_handler",
        timeout_seconds=60,
        memory_mb=128,
        code=tmp_path,
        variables={},
        log_group="/aws/lambda/slow",
    )
    slow = environment.Environment(
        function, "us-west-2", "http://127.0.0.1:9", tmp_path / "runtime", tmp_path / "log", Telemetry()
    )

    outcome = slow.invoke("request-1", b'{"a": 1}', arn, None)

    slow.close()
    assert (json.loads(outcome.payload), outcome.is_error) == ({"a": 1}, False)


def test_updated_code_serves_the_next_call(
    invoke: Callable[..., dict[str, Any]], create_function: Callable[..., str], aws: Callable[..., Any]
) -> None:
    """update-function-code replaces warm environments."""
    arn = create_function("updated", "def lambda_handler(event, context): return {'version': 1}")
    assert invoke(FunctionName=arn)["Payload"] == {"version": 1}

    code = zip_of("def lambda_handler(event, context): return {'version': 2}")
    aws("lambda").update_function_code(FunctionName="updated", ZipFile=code)

    assert invoke(FunctionName=arn)["Payload"] == {"version": 2}


def test_log_tail_is_the_end_of_this_invocations_log(invoke: Callable[..., dict[str, Any]]) -> None:
    """LogType Tail answers at most 4 KB, base64, with what the function printed."""
    log = base64.b64decode(invoke(LogType="Tail")["LogResult"]).decode()

    assert log.startswith("START RequestId: ")
    assert "probe was here" in log
    assert "LogResult" not in invoke()


def test_dry_run_and_event_answer_without_a_payload(invoke: Callable[..., dict[str, Any]]) -> None:
    """DryRun is 204 and Event 202; neither has the function's answer."""
    statuses = [invoke(InvocationType=kind)["StatusCode"] for kind in ("DryRun", "Event")]

    assert statuses == [204, 202]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"FunctionName": "nowhere"}, "ResourceNotFoundException"),
        ({"FunctionName": "probe", "Qualifier": "7"}, "ResourceNotFoundException"),
        ({"FunctionName": "probe", "InvocationType": "Later"}, "ValidationException"),
        ({"FunctionName": "probe", "Payload": b'"' + b"x" * 6_291_456 + b'"'}, "RequestTooLargeException"),
        (
            {"FunctionName": "arn:aws:lambda:us-west-2:123456789012:function:probe:1", "Qualifier": "2"},
            "InvalidParameterValueException",
        ),
    ],
)
def test_a_wrong_call_is_refused(
    aws: Callable[..., Any], probe: str, arguments: dict[str, Any], code: str
) -> None:
    """Unknown functions and versions, unknown types, and payloads over 6 MB do not run."""
    with pytest.raises(ClientError) as refusal:
        aws("lambda").invoke(**arguments)

    assert refusal.value.response["Error"]["Code"] == code
    assert probe.endswith(":probe")


def test_connections_are_kept(cloud: LocalCloud, invoke: Callable[..., dict[str, Any]]) -> None:
    """Ten calls of one client share one TCP connection, as on AWS."""
    invoke()
    before = request(cloud.state(), "GET", "/_s3vl/requests")
    for _ in range(10):
        invoke()
    after = request(cloud.state(), "GET", "/_s3vl/requests")

    assert after["calls"]["Invoke"] - before["calls"]["Invoke"] == 10
    assert after["connections"] == before["connections"]
