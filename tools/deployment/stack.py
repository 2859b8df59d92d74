"""The CloudFormation stack: created, updated or deleted, with its events as they come."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

_POLL_SECONDS = 3
_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def check_ready(name: str, status: str | None) -> None:
    """Stop unless a stack of this status can be created or updated; None is one that does not exist."""
    if status is None or status in _COMPLETE:
        return
    if status == "REVIEW_IN_PROGRESS":
        what_next = (
            f"execute its change set, or give it up: aws cloudformation delete-stack --stack-name {name}"
        )
    elif status.endswith("_IN_PROGRESS"):
        what_next = f"wait until that is over: aws cloudformation describe-stacks --stack-name {name}"
    elif status == "UPDATE_ROLLBACK_FAILED":
        what_next = (
            f"finish the rollback first: aws cloudformation continue-update-rollback --stack-name {name}"
        )
    elif status == "UPDATE_FAILED":
        what_next = f"roll it back first: aws cloudformation rollback-stack --stack-name {name}"
    else:
        what_next = f"delete what is left of it first: make destroy STACK={name}"
    raise SystemExit(f"stack {name} is {status}; {what_next}")


class Stack:
    """A stack by its name."""

    def __init__(self, client: Any, name: str) -> None:
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

    def check(self, template: str) -> None:
        """Stop on a status, or a template, with which nothing can be done."""
        stack = self.describe()
        check_ready(self.name, stack["StackStatus"] if stack else None)
        self._client.validate_template(TemplateBody=template)

    def apply(self, template: str, values: dict[str, str]) -> None:
        """Create or update the stack, and wait; nothing to update is fine."""
        request = {
            "StackName": self.name,
            "TemplateBody": template,
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        before = self.describe()
        if before is None:
            print(f"create stack {self.name} …", flush=True)
            self._follow(self._client.create_stack(**request)["StackId"], set(), "CREATE_COMPLETE")
            return
        print(f"update stack {self.name} …", flush=True)
        old_events = {event["EventId"] for event in self._events(before["StackId"])}
        try:
            self._client.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" not in error.response["Error"]["Message"]:
                raise
            print("  nothing to update")
            return
        self._follow(before["StackId"], old_events, "UPDATE_COMPLETE")

    def delete(self, stack_id: str) -> list[str]:
        """Delete the stack, and wait; return the resources that the template retains."""
        print(f"delete stack {self.name} …", flush=True)
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
        followed = []
        while True:
            # First the status: whatever led to it is among the events that are read after.
            [stack] = self._client.describe_stacks(StackName=stack_id)["Stacks"]
            for event in self._events(stack_id):
                if event["EventId"] not in seen:
                    seen.add(event["EventId"])
                    followed.append(event)
                    reason = f": {event['ResourceStatusReason']}" if _failed(event) else ""
                    print(f"  {event['LogicalResourceId']} {event['ResourceStatus']}{reason}", flush=True)
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            time.sleep(_POLL_SECONDS)
        if stack["StackStatus"] != wanted:
            causes = [event["ResourceStatusReason"] for event in followed if _failed(event)]
            raise SystemExit(
                f"stack {self.name} is {stack['StackStatus']}: {causes[0] if causes else 'see above'}; "
                "correct that and type the same again"
            )
        return followed

    def _events(self, stack_id: str) -> list[dict[str, Any]]:
        """Return all events, oldest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        return [event for page in pages for event in page["StackEvents"]][::-1]


def _failed(event: dict[str, Any]) -> bool:
    """Tell whether an event says why something went wrong."""
    return event["ResourceStatus"].endswith("_FAILED") and "ResourceStatusReason" in event
