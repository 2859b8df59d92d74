"""What an HTTP request asks for: the actions that it needs, and on which resource.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3vectors.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.utilities.utils import get_partition

from s3vl_local.lambda_service.invocation import FunctionName
from s3vl_local.s3vectors import http
from s3vl_local.s3vectors.constraints import check_request

if TYPE_CHECKING:
    from moto.core.request import Request

    from .conditions import Context

# Most actions are called like the operation; these are those of the local cloud's services that are not.
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
}
# What anybody may ask, whatever policies say.
_FREE = "sts:GetCallerIdentity"


@dataclass(frozen=True)
class Call:
    """A request, as IAM sees it. A resource of None is one that is not told here."""

    operation: Any
    protocol: str
    actions: tuple[str, ...]
    resource: str | None
    context: Context


def read(request: Request, service: str, region: str, account: str) -> Call:
    """Find out what a request asks for; NotFound when its service has no such operation."""
    operation, path = get_service_router(service).match(request)
    action = f"{service}:{operation.name}"
    actions: tuple[str, ...] = () if action == _FREE else (_ACTIONS.get(action, action),)
    resource = None
    context = {"aws:RequestedRegion": (region,)}
    if service == "s3vectors":
        sent = http.members(request.environ, request.data)
        check_request(operation.name, sent)
        # The service reads no others, so they must not decide which resource is meant.
        members = {name: sent[name] for name in operation.input_shape.members if name in sent}
        actions += _further_actions(operation.name, members)
        resource = _s3vectors_resource(members, region, account)
        context |= {"aws:TagKeys": tuple(members.get("tagKeys", members.get("tags", ())))}
    elif action == "lambda:Invoke":
        name = FunctionName.parse(path["FunctionName"], region, request.args.get("Qualifier"))
        resource = function_resource(name, region, account)
    protocol = determine_request_protocol(get_service_model(service), request.content_type)
    return Call(operation, protocol, actions, resource, context)


def function_resource(function: FunctionName, region: str, account: str) -> str:
    """Return the ARN that a policy must allow: with the alias or version, when the caller names one."""
    region = function.region or region
    arn = (
        f"arn:{get_partition(region)}:lambda:{region}:{function.account or account}:function:{function.name}"
    )
    return f"{arn}:{function.qualifier}" if function.qualifier else arn


def _s3vectors_resource(members: dict[str, Any], region: str, account: str) -> Any:
    """Return the ARN of the index, or else of the bucket, that a request names; `*` when it names none."""
    for member in ("indexArn", "resourceArn"):
        if member in members:
            return members[member]
    if "vectorBucketName" in members:
        name = members["vectorBucketName"]
        bucket = f"arn:{get_partition(region)}:s3vectors:{region}:{account}:bucket/{name}"
    else:
        bucket = members.get("vectorBucketArn", "*")
    return f"{bucket}/index/{members['indexName']}" if "indexName" in members else bucket


def _further_actions(operation: str, members: dict[str, Any]) -> tuple[str, ...]:
    """Return what a request needs beside its own action, as the service model says: reading needs GetVectors."""
    reads = {
        "QueryVectors": ("filter", "queryTexts", "returnMetadata"),
        "ListVectors": ("returnData", "returnMetadata"),
    }
    if any(members.get(member) for member in reads.get(operation, ())):
        return ("s3vectors:GetVectors",)
    if operation.startswith("Create") and members.get("tags"):
        return ("s3vectors:TagResource",)
    return ()
