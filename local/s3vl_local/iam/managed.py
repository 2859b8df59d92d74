"""Managed policies of roles: those of the account and of AWS, and none that does not exist.

moto takes any ARN for a permissions boundary, and knows no policy of AWS unless it loads all of them, which every
save of its state would write again.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

OF_AWS = ":iam::aws:policy/"

_attach_role_policy = IAMBackend.attach_role_policy
_create_role = IAMBackend.create_role
_put_boundary = IAMBackend.put_role_permissions_boundary


def install() -> None:
    """Put ours in place of moto's methods."""
    IAMBackend.attach_role_policy = attach_role_policy
    IAMBackend.create_role = create_role
    IAMBackend.put_role_permissions_boundary = put_role_permissions_boundary


def find_policy(backend: Any, arn: str) -> Any:
    """Return a managed policy, or None; one of AWS becomes moto's when it is first asked for."""
    if arn not in backend.managed_policies and OF_AWS in arn:
        name = arn.rpartition("/")[2]
        if name in _policies_of_aws():
            policy = AWSManagedPolicy.from_data(
                name, backend.account_id, backend.region_name, _policies_of_aws()[name]
            )
            # The path is a part of the ARN too.
            backend.managed_policies[policy.arn] = policy
    return backend.managed_policies.get(arn)


def attach_role_policy(self: Any, policy_arn: str, role_name: str) -> None:
    """Attach a policy, which may be one of AWS."""
    find_policy(self, policy_arn)
    _attach_role_policy(self, policy_arn, role_name)


def create_role(
    self: Any,
    role_name: str,
    assume_role_policy_document: str,
    path: str,
    permissions_boundary: str | None,
    *others: Any,
    **named: Any,
) -> Any:
    """Create a role whose trust policy is one, within a boundary that exists; moto checks neither."""
    IAMTrustPolicyDocumentValidator(assume_role_policy_document).validate()
    _check_boundary(self, permissions_boundary)
    return _create_role(
        self, role_name, assume_role_policy_document, path, permissions_boundary, *others, **named
    )


def put_role_permissions_boundary(self: Any, role_name: str, permissions_boundary: str | None) -> None:
    """Set a boundary that exists."""
    _check_boundary(self, permissions_boundary)
    _put_boundary(self, role_name, permissions_boundary)


def _check_boundary(backend: Any, arn: str | None) -> None:
    # What is no ARN of a policy, moto refuses.
    if arn and backend.policy_arn_regex.match(arn) and find_policy(backend, arn) is None:
        raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")


@functools.cache
def _policies_of_aws() -> dict[str, Any]:
    # A text of megabytes, which few need.
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415

    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
