"""Stacks: created, updated and deleted as a whole, or put back as they were."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from moto.cloudformation import models
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Event, Stack

from .resource_map import ResourceError, StrictResourceMap
from .template import read_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.cloudformation.parsing import OutputMap

UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}

_log = logging.getLogger(__name__)


class StrictStack(Stack):
    """Leaves nothing behind when it fails, and says so in its status and events."""

    resource_map: StrictResourceMap
    template_dict: dict[str, Any]
    parameters: dict[str, str]
    tags: dict[str, str]

    def version(self, template: dict[str, Any], parameters: dict[str, str]) -> StrictResourceMap:
        """Return the resources that another template, or other parameters, want of this stack."""
        resource_map = self._map(template, parameters)
        resource_map.previous = dict(self.resource_map.made)
        return resource_map

    def changes_nothing(self, template: dict[str, Any], parameters: dict[str, str]) -> bool:
        """Tell whether an update would leave every resource and output as it is."""
        planned = self.version(template, parameters)
        return not planned.plan() and planned.values_of_outputs() == self.resource_map.values_of_outputs()

    def create_resources(self) -> None:
        """Create them all, or none."""
        self.status = "CREATE_IN_PROGRESS"
        try:
            self.resource_map.make(self._add_resource_event)
        except ResourceError as error:
            _log.warning("stack %s is rolled back", self.name, exc_info=error)
            self._roll_back(self.resource_map, "ROLLBACK", error)
            self._forget_resources()
        else:
            self.output_map = self._create_output_map()
            self._end("CREATE_COMPLETE")

    def update(
        self,
        template: str,
        role_arn: str | None = None,
        parameters: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        """Update everything that changed, or nothing."""
        template_dict, parameters = self.parse_template(template), parameters or {}
        resource_map = self.version(template_dict, parameters)
        self._add_stack_event("UPDATE_IN_PROGRESS", "User Initiated")
        try:
            resource_map.make(self._add_resource_event)
        except ResourceError as error:
            _log.warning("the update of stack %s is rolled back", self.name, exc_info=error)
            self._roll_back(resource_map, "UPDATE_ROLLBACK", error)
            return
        self.template, self.template_dict, self.parameters = template, template_dict, parameters
        self.description = template_dict.get("Description")
        self.role_arn = role_arn
        self.tags = self.tags if tags is None else tags
        self.resource_map = resource_map
        self.output_map = self._create_output_map()
        self._add_stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        resource_map.clean_up(self._add_resource_event)
        self._end("UPDATE_COMPLETE")

    def delete(self) -> None:
        """Delete the resources; when one refuses, stay, so that the stack can be deleted again."""
        self._add_stack_event("DELETE_IN_PROGRESS", "User Initiated")
        try:
            self.resource_map.delete_all(self._add_resource_event)
        except ResourceError as error:
            self._end("DELETE_FAILED", str(error))
            # moto took it off the list before.
            models.cloudformation_backends[self.account_id][self.region_name].stacks[self.stack_id] = self
            raise ValidationError(message=f"Stack {self.name} was not deleted: {error}") from error
        self._forget_resources()
        self._end("DELETE_COMPLETE")

    @staticmethod
    def parse_template(template: str) -> dict[str, Any]:
        """Read a template; moto's reader would run what YAML can say in Python."""
        return read_template(template)

    @property
    def parameter_list(self) -> list[dict[str, str]]:
        """Return the parameters as they were given; moto prints lists in Python's notation."""
        return [
            {"ParameterKey": name, "ParameterValue": value} for name, value in self.stack_parameters.items()
        ]

    @property
    def stack_parameters(self) -> dict[str, str]:
        """Return the parameters as texts, which is what UsePreviousValue means."""
        return self.resource_map.input_parameters

    def _create_resource_map(self) -> StrictResourceMap:
        return self._map(self.template_dict, self.parameters)

    def _map(self, template: dict[str, Any], parameters: dict[str, str]) -> StrictResourceMap:
        resource_map = StrictResourceMap(
            self.stack_id,
            self.name,
            parameters,
            self.tags,
            account_id=self.account_id,
            region_name=self.region_name,
            template=template,
            cross_stack_resources=self.cross_stack_resources,
        )
        resource_map.load()
        return resource_map

    def _create_output_map(self) -> OutputMap:
        """Return the outputs that are wanted; before the resources are made there are none."""
        made = self.resource_map.made
        template = {**self.template_dict, "Outputs": self.resource_map.outputs if made else {}}
        return models.OutputMap(self.resource_map, template, self.stack_id)

    def _roll_back(self, resource_map: StrictResourceMap, what: str, error: ResourceError) -> None:
        self._add_stack_event(f"{what}_IN_PROGRESS", str(error))
        try:
            resource_map.undo(self._add_resource_event)
        except Exception as trouble:  # noqa: BLE001 - whatever it was, the stack is stuck and says why
            _log.warning("stack %s cannot be rolled back", self.name, exc_info=trouble)
            self._end(f"{what}_FAILED", str(trouble))
        else:
            self._end(f"{what}_COMPLETE")

    def _forget_resources(self) -> None:
        """Empty the maps; the parameters stay to be looked at."""
        self.template_dict = {}
        self.resource_map = self._create_resource_map()
        self.output_map = self._create_output_map()

    def _add_resource_event(
        self, logical_id: str, physical_id: str, kind: str, status: str, reason: str | None
    ) -> None:
        self.events.append(
            Event(self.stack_id, self.name, logical_id, physical_id, kind, status, reason, None)
        )

    def _end(self, status: str, reason: str | None = None) -> None:
        self._add_stack_event(status, reason)
        self.status = status


def update_stack(
    self: Any,
    name: str,
    template: str | None,
    role_arn: str | None,
    parameters: list[dict[str, Any]],
    tags: dict[str, str] | None,
) -> Stack:
    """Update a stack, if there is anything to update; in place of moto's method of its backend."""
    stack = self.get_stack(name)
    if template is None:
        raise ValidationError(message="Either Template URL or Template Body must be specified.")
    check_updatable(stack)
    given = given_parameters(stack.stack_parameters, parameters)
    if tags in (None, stack.tags) and stack.changes_nothing(stack.parse_template(template), given):
        raise ValidationError(message="No updates are to be performed.")
    stack.update(template, role_arn, given, tags)
    return stack


def check_updatable(stack: Stack) -> None:
    """Refuse a stack that is not complete, such as one that was rolled back."""
    if stack.status not in UPDATABLE:
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


def given_parameters(previous: Mapping[str, str], parameters: list[dict[str, Any]]) -> dict[str, str]:
    """Return the values of a request; what is not named gets its default again, as in AWS."""
    given = {}
    for parameter in parameters:
        key, value = parameter.get("ParameterKey"), parameter.get("ParameterValue")
        if key is None:
            raise ValidationError(message=f"Parameter {parameter} has no ParameterKey.")
        if not parameter.get("UsePreviousValue"):
            if value is None:
                raise ValidationError(message=f"Parameters: [{key}] must have values")
            given[key] = value
        elif value:
            raise ValidationError(
                message=f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non "
                "empty value for a parameter"
            )
        elif key not in previous:
            raise ValidationError(
                message=f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a "
                "parameter key not in the previous template"
            )
        else:
            given[key] = previous[key]
    return given
