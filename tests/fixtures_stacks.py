"""Small stacks in the local cloud, for tests of its CloudFormation."""

from __future__ import annotations

import functools
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Stacks:
    """Creates and changes stacks by CloudFormation's API."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._numbers = itertools.count(1)
        self._created: list[str] = []

    def create(self, resources: dict[str, Any], values: dict[str, str] | None = None, **sections: Any) -> str:
        """Create a stack, whether that goes well or not, and return its name."""
        name = f"Small-{next(self._numbers)}"
        self.client.create_stack(StackName=name, **document(resources, values, **sections))
        self._created.append(name)
        return name

    def update(
        self, name: str, resources: dict[str, Any], values: dict[str, str] | None = None, **sections: Any
    ) -> None:
        """Update a stack."""
        self.client.update_stack(StackName=name, **document(resources, values, **sections))

    def delete(self, name: str) -> None:
        """Delete a stack."""
        self.client.delete_stack(StackName=name)
        self._created.remove(name)

    def status(self, name: str) -> str:
        """Return how the last operation ended."""
        status: str = self.client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return status

    def outputs(self, name: str) -> dict[str, str]:
        """Return the outputs."""
        stack = self.client.describe_stacks(StackName=name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def physical_id(self, name: str, logical_id: str) -> str:
        """Return what a resource is called by its service."""
        [resource] = self.client.describe_stack_resources(StackName=name, LogicalResourceId=logical_id)[
            "StackResources"
        ]
        physical_id: str = resource["PhysicalResourceId"]
        return physical_id

    def reasons(self, name: str, status: str) -> list[str]:
        """Return the reasons of all events of a status."""
        return [
            event["ResourceStatusReason"]
            for event in self.client.describe_stack_events(StackName=name)["StackEvents"]
            if event["ResourceStatus"] == status
        ]

    def delete_all(self) -> None:
        """Delete what is left."""
        for name in list(self._created):
            self.delete(name)


def document(
    resources: dict[str, Any], values: dict[str, str] | None = None, **sections: Any
) -> dict[str, Any]:
    """Return template and parameters as create-stack and update-stack take them."""
    return {
        "TemplateBody": json.dumps({"Resources": resources, **sections}),
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in (values or {}).items()
        ],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }


@pytest.fixture(scope="session")
def clients(aws: Callable[..., Any]) -> Callable[[str], Any]:
    """Make one client for each service; boto3 takes a tenth of a second for each."""
    return functools.cache(aws)


@pytest.fixture(scope="session")
def all_stacks(clients: Callable[[str], Any]) -> Stacks:
    """Give the one counter of names."""
    return Stacks(clients("cloudformation"))


@pytest.fixture
def stacks(all_stacks: Stacks) -> Iterator[Stacks]:
    """Create stacks that are gone after the test."""
    yield all_stacks
    all_stacks.delete_all()
