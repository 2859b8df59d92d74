"""What becomes of an asynchronous invocation that fails: how often it is tried, and where it goes then.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import sqs_backends

from s3vl_local.iam.enforcement import AccessDeniedError
from s3vl_local.iam.service_roles import check_dead_letter
from s3vl_local.moto_state import CHANGES

from . import event_invoke
from .functions import LATEST

if TYPE_CHECKING:
    from .environment import Function, Outcome

RETRIES = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FailurePlan:
    """How often an event is tried, and the queues that get it afterwards."""

    attempts: int
    dead_letters: str | None
    destination: str | None


@dataclass(frozen=True)
class FailedEvent:
    """An event that was tried for the last time."""

    function: Function
    request_id: str
    payload: bytes
    outcome: Outcome
    attempts: int


def failure_plan(backend: Any, model: Any, qualifier: str | None) -> FailurePlan:
    """Return what is configured for a function, and for the qualifier that it is invoked by."""
    settings = event_invoke.settings(backend, model.function_name, qualifier)
    return FailurePlan(
        1 + settings.get("MaximumRetryAttempts", RETRIES),
        model.dead_letter_config.get("TargetArn"),
        settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
    )


def give_up(event: FailedEvent, plan: FailurePlan) -> None:
    """Send a failed event to the queues that are there for it."""
    if plan.dead_letters:
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": event.request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": _error_message(event.outcome)},
        }
        _send(event.function, plan.dead_letters, event.payload.decode(), attributes)
    if plan.destination:
        _send(event.function, plan.destination, json.dumps(_invocation_record(event)), {})
    if not (plan.dead_letters or plan.destination):
        _log.warning("%s: an event failed %s times and is dropped", event.function.arn, event.attempts)


def _send(function: Function, queue_arn: str, body: str, attributes: dict[str, Any]) -> None:
    _, _, _, region, account, queue = queue_arn.split(":")
    try:
        check_dead_letter(function.role, function.arn, queue_arn)
        with CHANGES:
            sqs_backends[account][region].send_message(queue, body, attributes)
    except (AccessDeniedError, SQSException) as error:
        # As in AWS nobody gets this answer; there it is the metric DeadLetterErrors.
        _log.warning("%s: an event is dropped: %s", function.arn, error)


def _error_message(outcome: Outcome) -> str:
    return str(json.loads(outcome.payload).get("errorMessage"))[:1024]


def _invocation_record(event: FailedEvent) -> dict[str, Any]:
    """Return what a destination gets: the event, and the answer of the last attempt."""
    function = event.function
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{function.arn}:{LATEST}" if function.version == LATEST else function.arn,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": function.version,
            "functionError": "Unhandled",
        },
        "responsePayload": json.loads(event.outcome.payload),
    }
