"""A session's policies, read from moto's IAM at the time of the call, and what AWS says when they do not allow it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from .patterns import UnknownPolicyElementError
from .policies import Request, decide, trusts

if TYPE_CHECKING:
    from .conditions import Context
    from .policies import Document
    from .sessions import Session


class AccessDeniedError(ServiceException):
    """The caller's policies do not allow the call."""

    code = "AccessDeniedException"


def check(session: Session, action: str, resource: str | None, context: Context) -> None:
    """Raise AccessDeniedError unless the session may perform an action on a resource."""
    request = Request(
        action,
        resource,
        {
            **context,
            **session.context,
            "aws:PrincipalArn": (session.role_arn,),
            "aws:PrincipalAccount": (session.account,),
        },
    )
    try:
        decision = decide(request, _policies(session))
    except UnknownPolicyElementError as error:
        reason = f"because the local cloud does not understand a policy: {error}"
    else:
        if decision.allowed:
            return
        reason = decision.reason
    raise AccessDeniedError(
        f"User: {session.arn} is not authorized to perform: {action} on resource: {resource or '*'} {reason}"
    )


def distrust(service: str, role_arn: str, source_arn: str) -> str | None:
    """Tell why a service may not assume a role on behalf of a function or a cluster; None when it may."""
    account = source_arn.split(":")[4]
    context = {"aws:SourceArn": (source_arn,), "aws:SourceAccount": (account,)}
    try:
        trust = _document(_role(role_arn).assume_role_policy_document)
        if trusts(trust, service, context):
            return None
    except (NotFoundException, ValueError):
        # What is no ARN is no role's.
        return f"role {role_arn} does not exist"
    except UnknownPolicyElementError as error:
        return f"the local cloud does not understand the trust policy of {role_arn}: {error}"
    return f"the trust policy of {role_arn} does not allow {service}"


def _policies(session: Session) -> dict[str, list[Document]]:
    """Return the documents of each kind that must allow a call."""
    try:
        role = _role(session.role_arn)
    except NotFoundException:
        # Its credentials outlive it and are good for nothing.
        return {"identity-based policy": []}
    managed = [_default_version(policy) for policy in role.managed_policies.values()]
    policies = {"identity-based policy": [*map(_document, role.policies.values()), *managed]}
    if role.permissions_boundary_arn:
        boundary = _iam(session.role_arn).managed_policies.get(role.permissions_boundary_arn)
        policies["permissions boundary"] = [_default_version(boundary)] if boundary else []
    if session.policy:
        policies["session policy"] = [_document(session.policy)]
    return policies


def _role(arn: str) -> Any:
    return _iam(arn).get_role_by_arn(arn)


def _iam(arn: str) -> Any:
    _, partition, _, _, account, _ = arn.split(":", 5)
    return iam_backends[account][partition]


def _default_version(policy: Any) -> Document:
    (document,) = [version.document for version in policy.versions if version.is_default]
    return _document(document)


def _document(document: Any) -> Document:
    """Read a document; CloudFormation leaves those of its roles as they stood in the template."""
    parsed: Document = json.loads(document) if isinstance(document, str) else document
    return parsed
