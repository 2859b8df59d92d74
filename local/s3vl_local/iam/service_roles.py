"""What Lambda and Aurora do with the roles that they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core import DEFAULT_ACCOUNT_ID

from s3vl_local import rds
from s3vl_local.cloud import REGION
from s3vl_local.lambda_service.invocation import InvokeError

from . import sessions
from .calls import function_resource
from .enforcement import AccessDeniedError, check, distrust
from .switch import IAM

if TYPE_CHECKING:
    from s3vl_local.lambda_service.invocation import FunctionName

INVOKE = "lambda:InvokeFunction"


def credentials_of_function(role_arn: str, function_arn: str) -> Any:
    """Return the credentials for a new environment of a function; the function's role must trust Lambda."""
    if IAM.enforced and (reason := distrust("lambda.amazonaws.com", role_arn, function_arn)):
        raise _denied(f"The role defined for the function cannot be assumed by Lambda: {reason}.")
    return sessions.credentials_of_function(role_arn, function_arn)


def check_dead_letter(role_arn: str, function_arn: str, queue_arn: str) -> None:
    """Refuse a message that Lambda sends for a function whose role may not; AccessDeniedError says why."""
    if IAM.enforced:
        session = sessions.Session(role_arn, function_arn.split(":")[6])
        check(session, "sqs:SendMessage", queue_arn, {"aws:RequestedRegion": (queue_arn.split(":")[3],)})


def check_log(role_arn: str, function_arn: str, action: str, group: str, stream: str) -> None:
    """Refuse what a function's role does not allow Lambda to do with its log; AccessDeniedError says why."""
    if IAM.enforced:
        _, partition, _, region, account, _, name = function_arn.split(":")[:7]
        resource = f"arn:{partition}:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"
        check(sessions.Session(role_arn, name), action, resource, {"aws:RequestedRegion": (region,)})


def check_aurora_may_invoke(function: FunctionName) -> None:
    """Refuse what the cluster's role does not allow. The local database is that of the one cluster that has a role."""
    if not IAM.enforced:
        return
    resource = function_resource(function, REGION, DEFAULT_ACCOUNT_ID)
    roles = rds.lambda_roles(DEFAULT_ACCOUNT_ID, REGION)
    # The words of a cluster without a role are not documented.
    refused = f"The database is not authorized to perform: {INVOKE} on resource: {resource} because"
    if not roles:
        raise _denied(f"{refused} no cluster has a role for the feature Lambda")
    if len(roles) > 1:
        raise _denied(f"{refused} {' and '.join(roles)} have roles, and there is one database: remove one")
    ((cluster_arn, role_arn),) = roles.items()
    if reason := distrust(rds.SERVICE, role_arn, cluster_arn):
        raise _denied(f"{refused} {reason}")
    session = sessions.Session(role_arn, cluster_arn.rsplit(":", 1)[-1])
    try:
        check(session, INVOKE, resource, {"aws:RequestedRegion": (function.region or REGION,)})
    except AccessDeniedError as error:
        raise _denied(error.message) from error


def _denied(message: str) -> InvokeError:
    return InvokeError(403, "AccessDeniedException", message)
