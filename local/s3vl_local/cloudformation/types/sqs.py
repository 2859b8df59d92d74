"""AWS::SQS: queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from moto.cloudformation.exceptions import ValidationError
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from s3vl_local.cloudformation.resources import Place, Resource, ResourceType, Shape, boolean

if TYPE_CHECKING:
    from moto.sqs.models import SQSBackend

# What SQS has when a template says nothing, for a property that an update takes away.
DEFAULTS = {
    "KmsDataKeyReusePeriodSeconds": 300,
    "KmsMasterKeyId": None,
    "MessageRetentionPeriod": 345_600,
    "SqsManagedSseEnabled": True,
    "VisibilityTimeout": 30,
}


class Queue(ResourceType):
    """A standard queue."""

    name = "AWS::SQS::Queue"
    properties: ClassVar[Shape] = {
        "KmsDataKeyReusePeriodSeconds": int,
        "KmsMasterKeyId": None,
        "MessageRetentionPeriod": int,
        "QueueName": None,
        "SqsManagedSseEnabled": boolean,
        "VisibilityTimeout": int,
    }
    attributes = frozenset({"Arn", "QueueName", "QueueUrl"})
    replacing = frozenset({"QueueName"})
    name_property = "QueueName"
    name_limit = 80
    gone = (QueueDoesNotExist,)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the queue."""
        backend = _backend(place)
        if name in backend.queues:
            raise ValidationError(message=f"{name} already exists")
        queue = backend.create_queue(name, **_settings(properties))
        url = queue.physical_resource_id
        return url, {"Arn": queue.queue_arn, "QueueName": name, "QueueUrl": url}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Set every attribute; messages stay."""
        _backend(place).set_queue_attributes(resource.attributes["QueueName"], _settings(properties))

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the queue and its messages."""
        _backend(place).delete_queue(resource.attributes["QueueName"])


def _settings(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the queue's attributes; a key of KMS turns SQS's own encryption off."""
    given = {name: value for name, value in properties.items() if name != "QueueName"}
    if "KmsMasterKeyId" in given:
        if given.get("SqsManagedSseEnabled"):
            raise ValidationError(message="You can use one type of server-side encryption (SSE) at one time.")
        given["SqsManagedSseEnabled"] = False
    return {**DEFAULTS, **given}


def _backend(place: Place) -> SQSBackend:
    return sqs_backends[place.account][place.region]
