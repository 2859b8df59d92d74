"""Where the strictness is hooked into moto: stacks, their maps of resources, and change sets."""

from __future__ import annotations

import logging
from typing import Any

from moto.awslambda import models as lambda_models
from moto.cloudformation import models
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, Stack
from moto.cloudformation.parsing import ResourceMap, clean_json
from moto.ec2.models import ec2_backends
from moto.utilities.utils import get_partition

from .additions import ADDITIONS, Function
from .honoured import check_resources, check_template
from .parameters import Parameters
from .rules import check_rules

# moto would change some properties, and drop the change of others in silence.
NO_UPDATES = "The local CloudFormation does not update stacks. Delete the stack and create it again."

_log = logging.getLogger(__name__)


# Where moto looks the classes up that are replaced.
REPLACED = [
    (models, "ResourceMap"),
    (models, "Stack"),
    (models, "ChangeSet"),
    (lambda_models, "LambdaFunction"),
]


def install() -> None:
    """Put the strict classes there."""
    for (module, name), strict in zip(
        REPLACED, (StrictResourceMap, StrictStack, CreatingChangeSet, Function), strict=True
    ):
        setattr(module, name, strict)


class ResourceError(Exception):
    """A resource could not be created; the message names it, and the reason."""


class StrictResourceMap(ResourceMap):
    """Refuses what it cannot create before it creates anything, and completes what moto creates in part."""

    input_parameters: dict[str, str]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Start as moto does, but in the right partition; moto says aws in every region."""
        super().__init__(*arguments, **options)
        self._parsed_resources["AWS::Partition"] = get_partition(self._region_name)

    def load(self) -> None:
        """Check everything that can be checked before the first resource."""
        # A stack without resources yet, or any more, has no template.
        if self._template:
            check_template(self._template)
            parameters = Parameters(
                self._template.get("Parameters", {}),
                self.input_parameters,
                ec2_backends[self._account_id][self._region_name],
            )
            check_rules(self._template.get("Rules", {}), parameters)
            # moto converts what it is given, but not defaults.
            self.input_parameters = parameters.texts
        super().load()
        check_resources(self._resource_json_map, self.lazy_condition_map)

    def update(self, *_: Any, **__: Any) -> None:
        """Refuse; this is where update-stack ends up."""
        raise ValidationError(message=NO_UPDATES)

    def __getitem__(self, key: str) -> Any:
        """Return a resource, which creates it when it is asked for the first time."""
        if key in self._parsed_resources or key not in self._resource_json_map:
            return super().__getitem__(key)
        definition = self._resource_json_map[key]
        try:
            resource = super().__getitem__(key)
            if resource is not None and definition["Type"] in ADDITIONS:
                ADDITIONS[definition["Type"]](resource, clean_json(definition["Properties"], self))
        except ResourceError:
            raise
        except Exception as error:
            reason = getattr(error, "message", error)
            raise ResourceError(f"Resource {key} of type {definition['Type']}: {reason}") from error
        return resource


class StrictStack(Stack):
    """Leaves nothing behind when it fails, and says so in its status and events."""

    template_dict: dict[str, Any]

    def create_resources(self) -> None:
        """Create them all, or none."""
        try:
            super().create_resources()
        except Exception as error:  # noqa: BLE001 - whatever it was, the stack failed and says why
            _log.warning("stack %s is rolled back", self.name, exc_info=error)
            self._add_stack_event("ROLLBACK_IN_PROGRESS", str(error))
            self.resource_map.delete()
            self._forget_resources()
            self._end("ROLLBACK_COMPLETE")

    def delete(self) -> None:
        """Delete the resources; when one refuses, stay, so that the stack can be deleted again."""
        try:
            super().delete()
        except Exception as error:
            self._end("DELETE_FAILED", str(error))
            # moto took it off the list before.
            models.cloudformation_backends[self.account_id][self.region_name].stacks[self.stack_id] = self
            raise ValidationError(message=f"Stack {self.name} was not deleted: {error}") from error
        self._forget_resources()

    @property
    def parameter_list(self) -> list[dict[str, str]]:
        """Return the parameters as they were given; moto prints lists in Python's notation."""
        return [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in self.resource_map.input_parameters.items()
        ]

    def _forget_resources(self) -> None:
        """Empty the maps: moto's create a resource, again, whenever somebody looks at it."""
        self.template_dict = {}
        self.resource_map = self._create_resource_map()
        self.output_map = self._create_output_map()

    def _end(self, status: str, reason: str | None = None) -> None:
        self._add_stack_event(status, reason)
        self.status = status


class CreatingChangeSet(ChangeSet):
    """A change set of `aws cloudformation deploy`; moto forgets the outputs of the stack that it creates."""

    def apply(self) -> None:
        """Create the stack as create-stack does."""
        if self.change_set_type != "CREATE":
            raise ValidationError(message=NO_UPDATES)
        stack = self.stack
        stack.template = self.template
        stack.template_dict = self.template_dict
        stack.parameters = self.parameters
        stack.resource_map = stack._create_resource_map()  # noqa: SLF001 - as moto's constructor does
        stack.output_map = stack._create_output_map()  # noqa: SLF001
        stack.create_resources()
        if stack.status != "CREATE_COMPLETE":
            raise ValidationError(message=f"Stack {stack.name} is {stack.status}; its events say why.")
