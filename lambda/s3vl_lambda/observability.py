"""What an invocation leaves behind for its operators: one line of log and one set of metrics.

Neither holds vectors, texts, ids or metadata, nor messages, which may quote them.
There is no Tracer: aws_xray_sdk costs 200 ms at every cold start.
"""

from __future__ import annotations

import functools
import itertools
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from s3vl_lambda.settings import settings

if TYPE_CHECKING:
    from s3vl_lambda.services.s3_vectors import CallStats

_SERVICE = "s3vl"
# What an answer with one of these codes counts as. The other codes are about what the caller sent.
_FAILURES = {
    "access_denied": "Denied",
    "service_failure": "Failed",
    "malformed_data": "Failed",
    "throttled": "Failed",
    "timeout": "Failed",
    "internal_error": "Failed",
}
_invocations = itertools.count()


def is_cold_start() -> bool:
    """Tell whether the caller waited for the environment to be initialised; ask once per invocation.

    With SnapStart and provisioned concurrency that was done before, even for the first invocation.
    """
    return next(_invocations) == 0 and settings().initialized_on_demand


@functools.cache
def logger() -> Logger:
    """Give the logger; its level is powertools' own setting, POWERTOOLS_LOG_LEVEL."""
    return Logger(service=_SERVICE)


@dataclass
class Record:
    """What one invocation is remembered by."""

    operation: str
    request_id: str
    cold_start: bool
    index_arn: str | None = None
    code: str = "success"
    results: int = 0
    written: int = 0
    milliseconds: int = 0


def log_defect(error: Exception, request_id: str) -> None:
    """Log an exception that nobody expected: its type and where it came from, not its message."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    logger().error(
        "defect", extra={"request_id": request_id, "exception_name": type(error).__name__, "traceback": stack}
    )


def publish(record: Record, calls: CallStats, answer_bytes: int) -> None:
    """Log one invocation and publish its metrics."""
    counts = {"api_calls": calls.api_calls, "attempts": calls.attempts, "throttles": calls.throttles}
    logger().info("answered", extra=vars(record) | counts | {"answer_bytes": answer_bytes})
    try:
        _publish_metrics(record, calls)
        _publish_failure(record)
    except Exception as error:  # noqa: BLE001 - an answer is worth more than its metrics
        logger().warning("metrics not published", extra={"exception_name": type(error).__name__})


def _publish_metrics(record: Record, calls: CallStats) -> None:
    """Write the metrics to the log, from where CloudWatch takes them (EMF): this costs no call."""
    metrics = EphemeralMetrics(namespace=_SERVICE)
    # Two stacks in one Region have a dashboard each.
    metrics.add_dimension("function_name", settings().function_name)
    metrics.add_dimension("operation", record.operation)
    metrics.add_metric("Latency", MetricUnit.Milliseconds, record.milliseconds)
    metrics.add_metric("Results", MetricUnit.Count, record.results)
    metrics.add_metric("Written", MetricUnit.Count, record.written)
    metrics.add_metric("Attempts", MetricUnit.Count, calls.attempts)
    metrics.add_metric("Throttles", MetricUnit.Count, calls.throttles)
    metrics.add_metric("ColdStart", MetricUnit.Count, record.cold_start)
    metrics.flush_metrics()


def _publish_failure(record: Record) -> None:
    """Count an answer that says that something is wrong; of the function as a whole, because alarms cannot search."""
    if record.code not in _FAILURES:
        return
    metrics = EphemeralMetrics(namespace=_SERVICE)
    metrics.add_dimension("function_name", settings().function_name)
    metrics.add_metric(_FAILURES[record.code], MetricUnit.Count, 1)
    metrics.flush_metrics()
