"""Who calls: sessions of roles, behind temporary credentials or taken up by a service. moto's STS keeps the former."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.sts.models import sts_backends

from s3vl_local.moto_state import CHANGES
from s3vl_local.signature import Secret

if TYPE_CHECKING:
    from .conditions import Context

LIFETIME_SECONDS = 12 * 60 * 60

# Credentials of a function by its role and ARN, and its ARN by their access key.
_credentials: dict[tuple[str, str], Any] = {}
_functions: dict[str, str] = {}


@dataclass(frozen=True)
class Session:
    """Somebody who has assumed a role; the context is what is known of the caller beyond the role."""

    role_arn: str
    name: str
    context: Context = field(default_factory=dict)
    policy: str | None = None

    @property
    def account(self) -> str:
        """Return the account of the role."""
        return self.role_arn.split(":")[4]

    @property
    def arn(self) -> str:
        """Return the ARN by which AWS names the caller in errors."""
        _, partition, _, _, account, role = self.role_arn.split(":", 5)
        return f"arn:{partition}:sts::{account}:assumed-role/{role.rsplit('/', 1)[-1]}/{self.name}"


def of_access_key(access_key: str) -> Session | None:
    """Return whose credentials these are; None when nobody was given them."""
    assumed = _assumed(access_key)
    if assumed is None:
        return None
    function = _functions.get(access_key)
    context = {"lambda:SourceFunctionArn": (function,)} if function else {}
    return Session(assumed.role_arn, assumed.session_name, context, assumed.policy)


def secret_of(access_key: str) -> Secret | None:
    """Return what else belongs to temporary credentials; None when nobody was given them."""
    assumed = _assumed(access_key)
    return None if assumed is None else Secret(assumed.secret_access_key, assumed.session_token)


def _assumed(access_key: str) -> Any:
    """Return the role that was assumed with this result, as moto's STS keeps it."""
    for partitions in list(sts_backends.values()):
        for backend in list(partitions.values()):
            assumed = backend.get_assumed_role_from_access_key(access_key)
            if assumed is not None:
                return assumed
    return None


def credentials_of_function(role_arn: str, function_arn: str) -> Any:
    """Return the credentials that every environment of a function gets: one session, named like the function."""
    # Versions have ARNs of their own; the condition key has that of the function.
    *_, name = parts = function_arn.split(":")[:7]
    unqualified = ":".join(parts)
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    with CHANGES:
        if (role_arn, unqualified) not in _credentials:
            session = sts_backends[account][partition].assume_role(
                region_name=parts[3],
                role_session_name=name,
                role_arn=role_arn,
                policy=None,
                duration=LIFETIME_SECONDS,
                external_id=None,
            )
            _credentials[role_arn, unqualified] = session
            _functions[session.access_key_id] = unqualified
        return _credentials[role_arn, unqualified]
