"""A small function in the local Lambda service that does what a test tells it to."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

PROBE = """
import importlib, os, time

def lambda_handler(event, context):
    time.sleep(event.get("sleep", 0))
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "import" in event:
        importlib.import_module(event["import"])
    if "raw" in event:
        return event["raw"].encode()
    print("probe was here")
    return {
        "event": event,
        "pid": os.getpid(),
        "padding": "x" * event.get("padding", 0),
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "variable": os.environ.get("PROBE_VARIABLE"),
        "custom": context.client_context and context.client_context.custom,
        "remaining_ms": context.get_remaining_time_in_millis(),
    }
"""


def zip_of(code: str) -> bytes:
    """Return a zip with the code as index.py, the same for the same code: the moment is not in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py"), code)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def create_function(aws: Callable[..., Any]) -> Callable[..., str]:
    """Create functions whose code is index.lambda_handler; give their ARN."""
    role = aws("iam").create_role(RoleName="probe", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]

    def create(name: str, code: str = PROBE, **configuration: Any) -> str:
        function = aws("lambda").create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="index.lambda_handler",
            Code={"ZipFile": zip_of(code)},
            **{"Timeout": 2, **configuration},
        )
        arn: str = function["FunctionArn"]
        return arn

    return create


@pytest.fixture(scope="session")
def probe(create_function: Callable[..., str]) -> str:
    """Create the probe once: 192 MB, two seconds, one environment variable."""
    return create_function("probe", MemorySize=192, Environment={"Variables": {"PROBE_VARIABLE": "set"}})
