"""Requests that bring a template: read and checked as a whole before anything becomes of them.

In place of moto's, which know no capabilities, take a change set for a CREATE, and answer 500 to what is not right.
"""

from __future__ import annotations

import re
from typing import Any

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.core.responses import ActionResult
from moto.s3.exceptions import S3ClientError

from .capabilities import check_capabilities
from .change_sets import existing_stack, make_obsolete
from .stacks import given_parameters
from .template import read_template

NAME = "[a-zA-Z][-a-zA-Z0-9]*"
MAX_NAME = 128
TYPES_OF_CHANGE_SETS = ("CREATE", "UPDATE")


def create_stack(self: Any) -> ActionResult:
    """Create a stack, whose name must be free."""
    backend, name = self.cloudformation_backend, self._get_param("StackName")
    _check_name("stackName", name)
    template = _template(self)
    parameters = given_parameters({}, self._get_param("Parameters", []))
    if any(stack.name == name for stack in backend.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack = backend.create_stack(
        name=name,
        template=template,
        parameters=parameters,
        notification_arns=self._get_param("NotificationARNs", []),
        tags=_tags(self),
        role_arn=self._get_param("RoleARN"),
        enable_termination_protection=self._get_param("EnableTerminationProtection"),
        timeout_in_mins=self._get_param("TimeoutInMinutes"),
        stack_policy_body=self._get_param("StackPolicyBody"),
    )
    return ActionResult({"StackId": stack.stack_id})


def update_stack(self: Any) -> ActionResult:
    """Update a stack that exists."""
    backend = self.cloudformation_backend
    stack = existing_stack(backend, self._get_param("StackName"))
    updated = backend.update_stack(
        name=stack.stack_id,
        template=_template(self, stack),
        role_arn=self._get_param("RoleARN"),
        parameters=self._get_param("Parameters", []),
        # The CLI cannot say that all tags are to go; without a word about them they stay.
        tags=_tags(self) or None,
    )
    make_obsolete(backend, updated)
    return ActionResult({"StackId": updated.stack_id})


def create_change_set(self: Any) -> ActionResult:
    """Plan what creating a stack would do, or, which is the default, updating one that exists."""
    kind = self._get_param("ChangeSetType") or "UPDATE"
    if kind not in TYPES_OF_CHANGE_SETS:
        raise ValidationError(
            message=f"ChangeSetType {kind}: the local CloudFormation makes change sets of the types "
            f"{' and '.join(TYPES_OF_CHANGE_SETS)}."
        )
    name = self._get_param("StackName")
    if kind == "CREATE":
        _check_name("stackName", name)
    backend = self.cloudformation_backend
    stack = existing_stack(backend, name) if kind == "UPDATE" else None
    _check_name("changeSetName", self._get_param("ChangeSetName"))
    change_set_id, stack_id = backend.create_change_set(
        stack_name=stack.stack_id if stack else name,
        change_set_name=self._get_param("ChangeSetName"),
        template=_template(self, stack, macros=False),
        parameters=given_parameters(
            stack.stack_parameters if stack else {}, self._get_param("Parameters", [])
        ),
        description=self._get_param("Description"),
        notification_arns=self._get_param("NotificationARNs", []),
        tags=_tags(self),
        role_arn=self._get_param("RoleARN"),
        change_set_type=kind,
    )
    return ActionResult({"Id": change_set_id, "StackId": stack_id})


def _template(self: Any, stack: Any = None, *, macros: bool = True) -> str:
    """Return the text of the template, which is one, and does nothing that the caller has not acknowledged."""
    body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
    previous = stack is not None and self._get_bool_param("UsePreviousTemplate", False)
    if previous and (body or url):
        raise ValidationError(
            message="You cannot specify both usePreviousTemplate and Template Body/Template URL."
        )
    if body and url:
        raise ValidationError(message="You cannot specify both Template URL and Template Body.")
    if previous:
        body = stack.template
    elif url:
        body = _from_s3(self, url)
    if not body:
        raise ValidationError(message="Either Template URL or Template Body must be specified.")
    check_capabilities(read_template(body), self._get_param("Capabilities", []), macros=macros)
    text: str = body
    return text


def _from_s3(self: Any, url: str) -> Any:
    try:
        return self._get_stack_from_s3_url(url)
    except (S3ClientError, ValueError, AttributeError) as error:
        # moto splits what it takes for a URL, and reads what it takes for an object.
        raise ValidationError(
            message=f"TemplateURL must reference a valid S3 object to which you have access: {url}"
        ) from error


def _tags(self: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])}


def _check_name(member: str, name: str) -> None:
    problem = None
    if not re.fullmatch(NAME, name):
        problem = f"Member must satisfy regular expression pattern: {NAME}"
    elif len(name) > MAX_NAME:
        problem = f"Member must have length less than or equal to {MAX_NAME}"
    if problem:
        raise ValidationError(
            message=f"1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: {problem}"
        )
