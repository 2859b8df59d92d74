"""Policies that are enforced while a test runs, clients of whoever has credentials, and roles that change."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from s3vl_local.cloud import request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.cloud import LocalCloud

# What a function answers that gives its own credentials away, in the words of boto3.
GIVE_CREDENTIALS = """
import os

def lambda_handler(event, context):
    return {
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": os.environ["AWS_SESSION_TOKEN"],
    }
"""


@pytest.fixture
def enforced(cloud: LocalCloud) -> Iterator[None]:
    """Enforce policies until the test ends."""
    request(cloud.state(), "PUT", "/_s3vl/iam", {"enforce": True})
    yield
    request(cloud.state(), "PUT", "/_s3vl/iam", {"enforce": False})


@pytest.fixture(scope="session")
def client_of(cloud: LocalCloud) -> Callable[..., Any]:
    """Make boto3 clients that have the given credentials."""
    environment = cloud.environment()

    def client(credentials: dict[str, str], service: str) -> Any:
        return boto3.client(
            service,
            region_name=environment["AWS_DEFAULT_REGION"],
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
            **credentials,
        )

    return client


@contextmanager
def without_action(iam: Any, role: str, action: str) -> Iterator[None]:
    """Leave one action out of what a role's own policies allow, for a while."""
    before = {
        name: document["Statement"]
        for name, document in policies_of(iam, role).items()
        if any(action in listed(statement["Action"]) for statement in document["Statement"])
    }
    assert before
    for name, statements in before.items():
        less = [
            statement | {"Action": [one for one in listed(statement["Action"]) if one != action]}
            for statement in statements
        ]
        put_policy(iam, role, name, [statement for statement in less if statement["Action"]])
    yield
    for name, statements in before.items():
        put_policy(iam, role, name, statements)


def policies_of(iam: Any, role: str) -> dict[str, dict[str, Any]]:
    """Return a role's own policies by name."""
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in sorted(names)
    }


def allowed_actions(iam: Any, role: str) -> set[str]:
    """Return what a role's own policies allow, on whatever resource."""
    return {
        action
        for document in policies_of(iam, role).values()
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    }


def put_policy(iam: Any, role: str, name: str, statements: list[dict[str, Any]]) -> None:
    """Give a role a policy of these statements, or none when there are none."""
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    else:
        iam.delete_role_policy(RoleName=role, PolicyName=name)


def listed(value: str | list[str]) -> list[str]:
    """Return an element of a policy as a list."""
    return value if isinstance(value, list) else [value]
