"""Change sets, which `aws cloudformation deploy` works with: a plan first, then the same as create or update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation import models
from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError
from moto.cloudformation.models import Change, ChangeSet, Stack
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id, validate_create_change_set
from moto.core.responses import ActionResult, EmptyResult

from .stacks import check_updatable
from .template import read_template

if TYPE_CHECKING:
    from .stacks import StrictStack

# What can be executed no more, so that its name is free.
OVER = {"EXECUTE_COMPLETE", "OBSOLETE", "UNAVAILABLE"}
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


class InvalidChangeSetStatus(CloudFormationError):  # noqa: N818 - AWS names it
    """The change set cannot be executed, or was."""

    code = "InvalidChangeSetStatus"


class ChangeSetNotFound(CloudFormationError):  # noqa: N818 - AWS names it
    """The stack has no change set of that name."""

    code = "ChangeSetNotFound"

    def __init__(self, name: str) -> None:
        """Name it."""
        super().__init__(f"ChangeSet [{name}] does not exist")


class StrictChangeSet(ChangeSet):
    """A change set that says what would happen, and does it as create-stack and update-stack do."""

    stack: StrictStack

    def _parse_template(self) -> None:
        self.template_dict = read_template(self.template)

    def diff(self) -> list[Change]:
        """Return the planned steps; a bad parameter or template is refused here."""
        changes = []
        for step in self.stack.version(self.template_dict, self.parameters).plan():
            change = Change(step.action, step.logical_id, step.kind)
            change.physical_resource_id = step.physical_id
            change.replacement, change.policy_action = step.replacement, step.policy_action
            changes.append(change)
        return changes

    def apply(self) -> None:
        """Create or update the stack; its status and events say how that went."""
        stack = self.stack
        if self.change_set_type == "UPDATE":
            check_updatable(stack)
            stack.update(self.template, self.role_arn, self.parameters, self.tags)
            return
        stack.template, stack.template_dict = self.template, self.template_dict
        stack.parameters = self.parameters
        stack.resource_map = stack.version(self.template_dict, self.parameters)
        stack.description = self.template_dict.get("Description")
        stack._add_stack_event("CREATE_IN_PROGRESS", "User Initiated")  # noqa: SLF001 - as moto does
        stack.create_resources()


def create_change_set(
    self: Any,
    stack_name: str,
    change_set_name: str,
    template: str,
    parameters: dict[str, str],
    description: str,
    change_set_type: str,
    notification_arns: list[str] | None = None,
    tags: dict[str, str] | None = None,
    role_arn: str | None = None,
) -> tuple[str, str]:
    """Create a change set, in place of moto's method of its backend, which leaves a stack behind when it fails."""
    validate_create_change_set(change_set_name)
    stack = (
        _stack_to_update(self, stack_name)
        if change_set_type == "UPDATE"
        else _new_stack(self, stack_name, change_set_name)
    )
    if any(
        other.change_set_name == change_set_name and other.execution_status not in OVER
        for other in _of_stack(self, stack)
    ):
        raise AlreadyExistsException(f"ChangeSet {change_set_name} already exists")
    change_set = models.ChangeSet(
        change_set_type=change_set_type,
        change_set_id=generate_changeset_id(change_set_name, self.region_name, self.account_id),
        change_set_name=change_set_name,
        stack=stack,
        template=template,
        parameters=parameters,
        description=description,
        notification_arns=notification_arns,
        tags=tags,
        role_arn=role_arn,
    )
    nothing = (
        change_set_type == "UPDATE"
        and (tags or {}) == stack.tags
        and stack.changes_nothing(change_set.template_dict, parameters)
    )
    change_set.status = "FAILED" if nothing else "CREATE_COMPLETE"
    change_set.execution_status = "UNAVAILABLE" if nothing else "AVAILABLE"
    change_set.status_reason = NO_CHANGES if nothing else None
    self.stacks[stack.stack_id] = stack
    self.change_sets[change_set.change_set_id] = change_set
    return change_set.change_set_id, stack.stack_id


def execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
    """Execute a change set, in place of moto's method, which takes every stack for complete."""
    change_set = _find(self, change_set_name, stack_name)
    if change_set.execution_status != "AVAILABLE":
        raise InvalidChangeSetStatus(
            f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current execution status of "
            f"[{change_set.execution_status}]"
        )
    make_obsolete(self, change_set.stack)
    change_set.apply()
    change_set.execution_status = "EXECUTE_COMPLETE"


def make_obsolete(backend: Any, stack: Stack) -> None:
    """Let nobody execute what was planned for the stack as it was before."""
    for change_set in _of_stack(backend, stack):
        if change_set.execution_status == "AVAILABLE":
            change_set.execution_status = "OBSOLETE"


def answer_describe(self: Any) -> ActionResult:
    """Describe a change set; one of the same name, of another stack, is another one."""
    return ActionResult(
        _find(self.cloudformation_backend, self._get_param("ChangeSetName"), self._get_param("StackName"))
    )


def answer_delete(self: Any) -> ActionResult:
    """Forget a change set, if there is one."""
    backend = self.cloudformation_backend
    try:
        change_set = _find(backend, self._get_param("ChangeSetName"), self._get_param("StackName"))
    except ChangeSetNotFound:
        return EmptyResult()
    del backend.change_sets[change_set.change_set_id]
    return EmptyResult()


def answer_list(self: Any) -> ActionResult:
    """List the change sets of one stack."""
    backend = self.cloudformation_backend
    stack = existing_stack(backend, self._get_param("StackName"))
    return ActionResult({"Summaries": _of_stack(backend, stack)})


def existing_stack(backend: Any, name: str) -> Any:
    """Return a stack by name or id, for what works on one."""
    try:
        return backend.get_stack(name)
    except ValidationError as error:
        raise ValidationError(message=f"Stack [{name}] does not exist") from error


def _find(backend: Any, name: str, stack_name: str | None) -> Any:
    """Return the change set of an ARN, or that of a name among those of a stack, the newest first."""
    if name in backend.change_sets:
        return backend.change_sets[name]
    if name.startswith("arn:"):
        raise ChangeSetNotFound(name)
    if stack_name is None:
        raise ValidationError(
            message="StackName must be specified if ChangeSetName is not specified as an ARN."
        )
    for change_set in reversed(_of_stack(backend, existing_stack(backend, stack_name))):
        if change_set.change_set_name == name:
            return change_set
    raise ChangeSetNotFound(name)


def _of_stack(backend: Any, stack: Stack) -> list[Any]:
    return [one for one in backend.change_sets.values() if one.stack_id == stack.stack_id]


def _stack_to_update(backend: Any, name: str) -> Stack:
    stack = backend.get_stack(name)
    check_updatable(stack)
    return stack


def _new_stack(backend: Any, name: str, change_set: str) -> Stack:
    """Return a stack without resources; one that is reviewed already is the same."""
    for stack in backend.stacks.values():
        if stack.name == name and stack.status == "REVIEW_IN_PROGRESS":
            return stack
        if stack.name == name:
            raise ValidationError(
                message=f"Stack [{name}] already exists and cannot be created again with the changeSet "
                f"[{change_set}]."
            )
    stack = models.Stack(
        stack_id=generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        template={},
        parameters={},
        account_id=backend.account_id,
        region_name=backend.region_name,
        cross_stack_resources=backend.exports,
    )
    stack.status = "REVIEW_IN_PROGRESS"
    stack._add_stack_event("REVIEW_IN_PROGRESS", "User Initiated")  # noqa: SLF001 - as moto does
    return stack
