"""The resources of one version of a stack: checked as a whole, then created, updated, replaced or kept one by one.

moto's map creates a resource when somebody looks at it, and updates by comparing templates. This one compares what
properties come to, so that a changed parameter, condition or replaced resource reaches all that depend on it.
Creating a stack is updating from nothing; deleting is updating to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import ResourceMap, clean_json
from moto.ec2.models import ec2_backends

from .conditions import evaluate_conditions
from .parameters import Parameters
from .resources import Place, Resource, changed
from .rules import check_rules
from .template import check_resources, check_template, converted, creation_order, wanted
from .types import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # Told of each step: logical id, physical id, type, status, reason.
    Report = Callable[[str, str, str, str, str | None], None]

# A resource that a plan would create, before anybody knows its name.
UNKNOWN = "{{unknown until created}}"


class ResourceError(Exception):
    """A resource could not be created, updated or deleted; the message names it, and the reason."""


@dataclass(frozen=True)
class Step:
    """What a plan would do with one resource, in the words of a change set."""

    action: str
    logical_id: str
    kind: str
    physical_id: str | None = None
    replacement: str | None = None
    policy_action: str | None = None


class StrictResourceMap(ResourceMap):
    """The resources that a template and its parameters want, and those of them that are made."""

    input_parameters: dict[str, str]
    _resource_json_map: dict[str, dict[str, Any]]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Start as moto does, but in the right partition; moto says aws in every region."""
        super().__init__(*arguments, **options)
        self._place = Place(self._account_id, self._region_name)
        self._parsed_resources["AWS::Partition"] = self._place.partition
        # What the version of the stack before this one made, and what this one has made of it so far.
        self.previous: dict[str, Resource] = {}
        self.made: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}
        self._order: list[str] = []
        self._done: list[tuple[Resource | None, Resource]] = []

    def load(self) -> None:
        """Check everything that can be checked before the first resource."""
        if not self._template:
            # A stack without resources yet, or any more.
            return
        check_template(self._template)
        super().load()
        self._resource_json_map = wanted(self._template["Resources"], self.lazy_condition_map)
        self.outputs = wanted(self._template.get("Outputs", {}), self.lazy_condition_map)
        check_resources(self._resource_json_map)
        self._order = creation_order(self._resource_json_map, self.outputs, self._parsed_resources.keys())

    def load_parameters(self) -> None:
        """Take the values that were given, and defaults; moto checks neither, and converts defaults not at all."""
        parameters = Parameters(
            self._template.get("Parameters", {}),
            self.input_parameters,
            ec2_backends[self._account_id][self._region_name],
        )
        check_rules(self._template.get("Rules", {}), parameters)
        self.input_parameters = parameters.texts
        self.resolved_parameters = {name: parameters.value(name) for name in parameters.declared}
        self._parsed_resources.update(self.resolved_parameters)

    def load_conditions(self) -> None:
        """Evaluate all conditions."""
        self.lazy_condition_map = evaluate_conditions(
            self._template.get("Conditions", {}), lambda expression: clean_json(expression, self)
        )

    def validate_outputs(self) -> None:
        """Leave it to the check of all references; moto's knows its own types only."""

    def __getitem__(self, key: str) -> Any:
        """Return a resource that is made, a parameter, a mapping or a pseudo parameter."""
        return self.made[key] if key in self.made else self._parsed_resources[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the resources that are made."""
        return iter(self.made)

    def __len__(self) -> int:
        """Count them."""
        return len(self.made)

    def make(self, report: Report) -> None:
        """Make the resources from those of `previous`; an error leaves what was done for `undo`."""
        for key in self._order:
            kind = self._resource_json_map[key]["Type"]
            before = self.previous.get(key)
            step = "CREATE" if before is None else "UPDATE"
            try:
                resource = self._settle(key, before, report)
            except Exception as error:
                reason = _reason(error)
                report(key, before.physical_resource_id if before else "", kind, f"{step}_FAILED", reason)
                raise ResourceError(f"Resource {key} of type {kind}: {reason}") from error
            self.made[key] = resource
            if before is None or before.properties != resource.properties:
                report(key, resource.physical_resource_id, kind, f"{step}_COMPLETE", None)

    def undo(self, report: Report) -> None:
        """Take back what `make` did: old properties for what was updated, and nothing new left."""
        for before, after in reversed(self._done):
            if before is not None and _same(before, after):
                TYPES[after.cf_resource_type].update(self._place, after, before.properties)
                _report(report, before, "UPDATE_COMPLETE")
            else:
                self._delete(after, report)

    def clean_up(self, report: Report) -> None:
        """Delete what `previous` has and this version does not; what cannot be deleted stays, as in AWS."""
        for before in reversed(self.previous.values()):
            now = self.made.get(before.logical_resource_id)
            if now is not None and _same(before, now):
                continue
            try:
                self._let_go(
                    before, before.deletion_policy if now is None else before.update_replace_policy, report
                )
            except ResourceError:
                # Its event says why.
                continue
        self.previous = {}

    def delete_all(self, report: Report) -> None:
        """Delete every resource, those first that others do not need; one that refuses stops it."""
        for resource in reversed(list(self.made.values())):
            self._let_go(resource, resource.deletion_policy, report)
            del self.made[resource.logical_resource_id]

    def plan(self) -> list[Step]:
        """Return what `make` and `clean_up` would do. This map is then used up."""
        steps = []
        for key in self._order:
            before, kind = self.previous.get(key), self._resource_json_map[key]["Type"]
            after = Resource(key, kind, UNKNOWN, dict.fromkeys(TYPES[kind].attributes, UNKNOWN), {})
            try:
                properties = self._properties(key)
            except IndexError:
                # It takes a part of what is not known yet.
                properties = {UNKNOWN: UNKNOWN}
            if before is None:
                steps.append(Step("Add", key, kind))
            elif before.properties != properties:
                step = self._modification(before, kind, properties)
                steps.append(step)
                after = before if step.replacement == "False" else after
            else:
                after = before
            self.made[key] = after
        gone = [before for key, before in self.previous.items() if key not in self.made]
        return [*steps, *(_removal(before) for before in gone)]

    def values_of_outputs(self) -> dict[str, Any]:
        """Return what the outputs come to."""
        return {name: clean_json(output["Value"], self) for name, output in self.outputs.items()}

    def _settle(self, key: str, before: Resource | None, report: Report) -> Resource:
        """Keep, update, replace or create one resource; those that it needs are made already."""
        definition = self._resource_json_map[key]
        kind = TYPES[definition["Type"]]
        deletion, replacement = (
            definition.get(policy, "Delete") for policy in ("DeletionPolicy", "UpdateReplacePolicy")
        )
        properties = self._properties(key)
        if before is not None and not self._must_replace(before, kind.name, properties):
            after = Resource(
                key,
                kind.name,
                before.physical_resource_id,
                before.attributes,
                properties,
                deletion,
                replacement,
            )
            if before.properties != properties:
                _report(report, before, "UPDATE_IN_PROGRESS")
                # Before it is done: half an update must be undone too.
                self._done.append((before, after))
                kind.update(self._place, before, properties)
            return after
        name = properties.get(kind.name_property or "")
        if before is not None and name and name == before.properties.get(kind.name_property or ""):
            raise ValidationError(
                message="CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again."
            )
        report(key, "", kind.name, "CREATE_IN_PROGRESS" if before is None else "UPDATE_IN_PROGRESS", None)
        stack = self._parsed_resources["AWS::StackName"]
        physical_id, attributes = kind.create(
            self._place, name or kind.generated_name(stack, key), properties
        )
        after = Resource(key, kind.name, physical_id, attributes, properties, deletion, replacement)
        self._done.append((before, after))
        return after

    def _properties(self, key: str) -> dict[str, Any]:
        definition = self._resource_json_map[key]
        properties = clean_json(definition.get("Properties", {}), self)
        converted_properties: dict[str, Any] = converted(properties, TYPES[definition["Type"]].properties)
        return converted_properties

    def _must_replace(self, before: Resource, kind: str, properties: dict[str, Any]) -> bool:
        return before.cf_resource_type != kind or bool(
            changed(before.properties, properties) & TYPES[kind].replacing
        )

    def _modification(self, before: Resource, kind: str, properties: dict[str, Any]) -> Step:
        """Plan a change: what only the making of another resource will tell is Conditional, as in AWS."""
        replacement, policy_action = "False", None
        if self._must_replace(before, kind, properties):
            decisive = changed(before.properties, properties) & TYPES[kind].replacing
            unknown = [UNKNOWN in str(properties.get(name, properties.get(UNKNOWN))) for name in decisive]
            replacement = "Conditional" if unknown and all(unknown) else "True"
            policy_action = f"ReplaceAnd{before.update_replace_policy}"
        key, physical_id = before.logical_resource_id, before.physical_resource_id
        return Step("Modify", key, kind, physical_id, replacement, policy_action)

    def _let_go(self, resource: Resource, policy: str, report: Report) -> None:
        if policy == "Delete":
            self._delete(resource, report)
        else:
            _report(report, resource, "DELETE_SKIPPED")

    def _delete(self, resource: Resource, report: Report) -> None:
        kind = TYPES[resource.cf_resource_type]
        _report(report, resource, "DELETE_IN_PROGRESS")
        try:
            kind.delete(self._place, resource)
        except kind.gone:
            # Somebody deleted it before, which is what was wanted.
            pass
        except Exception as error:
            reason = _reason(error)
            _report(report, resource, "DELETE_FAILED", reason)
            raise ResourceError(
                f"Resource {resource.logical_resource_id} of type {kind.name}: {reason}"
            ) from error
        _report(report, resource, "DELETE_COMPLETE")


def _removal(before: Resource) -> Step:
    return Step(
        "Remove",
        before.logical_resource_id,
        before.cf_resource_type,
        before.physical_resource_id,
        policy_action=before.deletion_policy,
    )


def _same(one: Resource, other: Resource) -> bool:
    return (one.cf_resource_type, one.physical_resource_id) == (
        other.cf_resource_type,
        other.physical_resource_id,
    )


def _report(report: Report, resource: Resource, status: str, reason: str | None = None) -> None:
    report(
        resource.logical_resource_id, resource.physical_resource_id, resource.cf_resource_type, status, reason
    )


def _reason(error: Exception) -> str:
    """Return the words of the service; a missing property of a template is a KeyError."""
    if isinstance(error, KeyError):
        return f"required key [{error.args[0]}] not found"
    return str(getattr(error, "message", error))
