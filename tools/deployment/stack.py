"""The CloudFormation stack: created, updated or deleted, with its events as they come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from . import parameters
from .waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
# CloudFormation has no code of its own for this; the AWS CLI knows it by these words too.
_NOTHING_TO_UPDATE = ("didn't contain changes", "No updates are to be performed")
# The one place that says what is typed to go on; {name} is the stack's.
_CANNOT_CHANGE = {
    "REVIEW_IN_PROGRESS": "execute its change set, or give it up: aws cloudformation delete-stack --stack-name {name}",
    "UPDATE_ROLLBACK_FAILED": "finish the rollback: aws cloudformation continue-update-rollback --stack-name {name}",
    "UPDATE_FAILED": "roll it back: aws cloudformation rollback-stack --stack-name {name}",
}


def way_out(name: str, status: str) -> str | None:
    """Say what to do before a stack of this status can be updated; None when it can be."""
    if status in _COMPLETE:
        return None
    other = (
        "wait until that is over: aws cloudformation describe-stacks --stack-name {name}"
        if status.endswith("_IN_PROGRESS")
        else "delete what is left of it: make destroy STACK={name}"
    )
    return _CANNOT_CHANGE.get(status, other).format(name=name)


class Stack:
    """A stack by its name."""

    def __init__(self, client: Any, name: str) -> None:
        if not re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,127}", name):
            raise SystemExit(
                f'nothing was done: STACK is "{name}"; a stack\'s name is up to 128 letters, digits and hyphens, '
                "and starts with a letter"
            )
        self.name = name
        self._client = client

    def describe(self) -> dict[str, Any] | None:
        """Return what CloudFormation knows, or None if there is no such stack."""
        try:
            [stack] = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            # CloudFormation has no code of its own for this.
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        found: dict[str, Any] = stack
        return found

    def outputs(self) -> dict[str, str]:
        """Return the outputs; a stack that does not exist, or was rolled back, has none."""
        stack = self.describe() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def check(self) -> None:
        """Stop on a status with which nothing can be done."""
        stack = self.describe()
        if stack is not None and (first := way_out(self.name, stack["StackStatus"])):
            raise SystemExit(f"nothing was done: stack {self.name} is {stack['StackStatus']}; {first}")

    def apply(self, template: str, values: dict[str, str], check: Callable[[list[Any]], None]) -> None:
        """Create the stack; or plan its update, let it be checked, and do it. Nothing to update is fine."""
        request = {
            "StackName": self.name,
            "TemplateBody": template,
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        before = self.describe()
        if before is not None:
            self._update(before, request, values, check)
            return
        print(f"create stack {self.name} ...", flush=True)
        try:
            stack_id = self._client.create_stack(**request, RetainExceptOnCreate=True)["StackId"]
        except ClientError as error:
            raise self._refused(error.response["Error"]["Message"], values) from None
        self._follow(stack_id, set(), "CREATE_COMPLETE")

    def _update(
        self,
        before: dict[str, Any],
        request: dict[str, Any],
        values: dict[str, str],
        check: Callable[[list[Any]], None],
    ) -> None:
        """Update the stack as a change set says, when nothing in it stops us."""
        print(f"update stack {self.name} ...", flush=True)
        try:
            change_set = self._client.create_change_set(
                **request,
                ChangeSetName=f"make-deploy-{uuid4()}",
                ChangeSetType="UPDATE",
                Tags=before.get("Tags", []),
            )["Id"]
        except ClientError as error:
            raise self._refused(error.response["Error"]["Message"], values) from None
        try:
            changes = self._changes(change_set, values)
            if changes is None:
                print("  nothing to update")
                return
            old = {given["ParameterKey"]: given["ParameterValue"] for given in before.get("Parameters", [])}
            for line in parameters.changes(old, values, parameters.declared(request["TemplateBody"])):
                print(f"  {line}", flush=True)
            check(changes)
            old_events = {event["EventId"] for event in self._events(before["StackId"])}
            self._client.execute_change_set(
                ChangeSetName=change_set, DisableRollback=False, RetainExceptOnCreate=True
            )
            change_set = None
        finally:
            # CloudFormation itself deletes one that is executed.
            if change_set is not None:
                self._client.delete_change_set(ChangeSetName=change_set)
        self._follow(before["StackId"], old_events, "UPDATE_COMPLETE")

    def _changes(self, change_set: str, values: dict[str, str]) -> list[dict[str, Any]] | None:
        """Return what the change set does to each resource, or None when there is nothing to update."""
        made = wait_until(
            f"the update of stack {self.name} is planned",
            lambda: self._client.describe_change_set(ChangeSetName=change_set),
            busy=lambda seen: seen["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"),
        )
        if made["Status"] == "FAILED":
            reason = made["StatusReason"]
            if any(words in reason for words in _NOTHING_TO_UPDATE):
                return None
            raise self._refused(reason, values)
        pages = self._client.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
        return [change["ResourceChange"] for page in pages for change in page["Changes"]]

    def resources(self, stack_id: str) -> dict[str, str]:
        """Return the physical ids of what the stack has, by logical id."""
        found = self._client.describe_stack_resources(StackName=stack_id)["StackResources"]
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in found
            if resource.get("PhysicalResourceId") and resource["ResourceStatus"] != "DELETE_COMPLETE"
        }

    def delete(self, stack_id: str) -> list[str]:
        """Delete the stack, and wait; return the resources that the template retains."""
        print(f"delete stack {self.name} ...", flush=True)
        old_events = {event["EventId"] for event in self._events(stack_id)}
        self._client.delete_stack(StackName=stack_id)
        events = self._follow(stack_id, old_events, "DELETE_COMPLETE")
        return [
            f"{event['ResourceType']} {event['PhysicalResourceId']}"
            for event in events
            if event["ResourceStatus"] == "DELETE_SKIPPED"
        ]

    def _follow(self, stack_id: str, seen: set[str], wanted: str) -> list[dict[str, Any]]:
        """Print events until the stack comes to rest, and return them; stop if it is not as wanted."""
        followed: list[dict[str, Any]] = []

        def look() -> str:
            # First the status: whatever led to it is among the events that are read after.
            [stack] = self._client.describe_stacks(StackName=stack_id)["Stacks"]
            new = [event for event in self._events(stack_id) if event["EventId"] not in seen]
            for event in new:
                reason = f": {event['ResourceStatusReason']}" if _failed(event) else ""
                print(f"  {event['LogicalResourceId']} {event['ResourceStatus']}{reason}", flush=True)
            seen.update(event["EventId"] for event in new)
            followed.extend(new)
            status: str = stack["StackStatus"]
            return status

        status = wait_until(
            f"stack {self.name} comes to rest", look, busy=lambda status: status.endswith("_IN_PROGRESS")
        )
        if status != wanted:
            causes = [event["ResourceStatusReason"] for event in followed if _failed(event)]
            first = way_out(self.name, status)
            raise SystemExit(
                f"stack {self.name} is {status}: {causes[0] if causes else 'see above'}; correct that, "
                f"{f'{first}, ' if first else ''}and type the same again"
            )
        return followed

    def _refused(self, message: str, values: dict[str, str]) -> SystemExit:
        """Say what CloudFormation refuses before it begins, with the values of the parameters that it names."""
        named = [f'{name} is "{value}"' for name, value in values.items() if name in message]
        region = self._client.meta.region_name
        first = f"CloudFormation in {region} refuses this, and stack {self.name} is as before: {message}"
        return SystemExit("\n".join([first, *named, "Correct that and type the same again."]))

    def _events(self, stack_id: str) -> list[dict[str, Any]]:
        """Return all events, oldest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        return [event for page in pages for event in page["StackEvents"]][::-1]


def _failed(event: dict[str, Any]) -> bool:
    """Tell whether an event says why something went wrong."""
    return event["ResourceStatus"].endswith("_FAILED") and "ResourceStatusReason" in event
