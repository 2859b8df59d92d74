"""The way of one invocation: read the request, carry it out, answer, leave a trace for the operators."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from s3vl_lambda import observability, operations
from s3vl_lambda.protocol import ranges, requests, responses
from s3vl_lambda.protocol.errors import InternalError, S3vlError
from s3vl_lambda.services.deadline import Deadline
from s3vl_lambda.services.s3_vectors import CallStats, S3VectorsGateway

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# What it takes to write the answer and send it before Lambda stops the function.
_RESERVE_MS = 500


def lambda_handler(event: Any, context: LambdaContext) -> bytes:
    """Answer one request of the SQL functions, in JSON as bytes: those the runtime passes on as they are."""
    entered = time.monotonic()
    timeout_ms = context.get_remaining_time_in_millis()
    timeout_seconds = math.ceil(timeout_ms / 1000)
    calls = CallStats()
    record = observability.Record(
        requests.operation_of(event), context.aws_request_id, observability.is_cold_start()
    )

    def envelope() -> responses.Envelope:
        record.milliseconds = round((time.monotonic() - entered) * 1000)
        stats = {
            "api_calls": calls.api_calls,
            "attempts": calls.attempts,
            "unanswered": calls.unanswered,
            "cold_start": record.cold_start,
        }
        return responses.Envelope(record.milliseconds, record.request_id, stats)

    def fail(error: S3vlError) -> bytes:
        record.code = error.code
        record.written = sum(map(ranges.count, error.done.values()))
        return responses.failure(error, envelope())

    try:
        try:
            request = requests.parse(event)
            if isinstance(request, requests.IndexRequest):
                record.index_arn = request.index_arn
            deadline = _deadline(entered, request, timeout_ms - _RESERVE_MS, timeout_seconds)
            answer = operations.run(request, S3VectorsGateway(deadline, calls), timeout_seconds)
            record.results, record.written = len(answer.rows or ()), answer.written
            body = responses.success(answer, envelope())
        except S3vlError as error:
            body = fail(error)
    except Exception as defect:  # noqa: BLE001 - a raised exception reaches SQL as unstructured text
        observability.log_defect(defect, record.request_id)
        name = type(defect).__name__
        body = fail(
            InternalError(f"{name} in the function; its log has request {record.request_id}", origin=name)
        )
    observability.publish(record, calls, len(body))
    return body


def _deadline(entered: float, request: requests.Request, time_left_ms: int, timeout_seconds: int) -> Deadline:
    """Set the deadline where the shortest of the limits has it: the caller's time, the function's, a write's own."""
    budget_ms = request.budget_ms
    if isinstance(request, requests.Write) and request.deadline is not None:
        # The one limit that also holds for a request that was long on its way, or was sent twice.
        deadline_ms = request.deadline - round(time.time() * 1000)
        if deadline_ms <= min(budget_ms, time_left_ms):
            deadline = Deadline(entered + deadline_ms / 1000, is_absolute=True)
            if not deadline.allows_a_call():
                raise deadline.passed("nothing had been written")
            return deadline
    if budget_ms <= time_left_ms:
        return Deadline(entered + budget_ms / 1000)
    return Deadline(entered + time_left_ms / 1000, function_seconds=timeout_seconds)
