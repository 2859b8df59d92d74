"""Numbers in the attributes of queues: moto takes any, and breaks on what is none."""

from __future__ import annotations

from typing import Any

from moto.sqs.exceptions import InvalidAttributeValue
from moto.sqs.models import Queue

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
LIMITS = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}

_set_attributes = Queue._set_attributes  # noqa: SLF001 - create and set both end there


def install() -> None:
    """Check them before moto does."""
    Queue._set_attributes = set_attributes  # noqa: SLF001


def set_attributes(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
    """Set attributes that SQS would take."""
    for name in attributes.keys() & LIMITS.keys():
        lowest, highest = LIMITS[name]
        text = str(attributes[name])
        if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
            raise InvalidAttributeValue(name)
    _set_attributes(self, attributes, now)
