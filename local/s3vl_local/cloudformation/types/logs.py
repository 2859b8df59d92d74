"""AWS::Logs: log groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import logs_backends

from s3vl_local.cloudformation.resources import Place, Resource, ResourceType, Shape

if TYPE_CHECKING:
    from moto.logs.models import LogsBackend


class LogGroup(ResourceType):
    """A log group."""

    name = "AWS::Logs::LogGroup"
    properties: ClassVar[Shape] = {"KmsKeyId": None, "LogGroupName": None, "RetentionInDays": int}
    attributes = frozenset({"Arn"})
    replacing = frozenset({"LogGroupName"})
    name_property = "LogGroupName"
    name_limit = 512
    gone = (ResourceNotFoundException,)

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the log group."""
        group = _backend(place).create_log_group(name, {})
        self._set(group, properties)
        # As CloudFormation has it: with the streams of the group.
        return name, {"Arn": f"{group.arn}:*"}

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Change retention and key."""
        backend, name = _backend(place), resource.physical_resource_id
        if name not in backend.groups:
            raise ResourceNotFoundException
        self._set(backend.groups[name], properties)

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the log group and what is in it."""
        _backend(place).delete_log_group(resource.physical_resource_id)

    def _set(self, group: Any, properties: dict[str, Any]) -> None:
        group.retention_in_days = properties.get("RetentionInDays")
        group.kms_key_id = properties.get("KmsKeyId")


def _backend(place: Place) -> LogsBackend:
    return logs_backends[place.account][place.region]
