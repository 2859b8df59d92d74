"""HTTP for S3 Vectors: a request is read, checked against the service model, and answered by its operation.

moto's dispatch, which the other services have, takes several times as long as a small query.
"""

from __future__ import annotations

import uuid
from http.client import responses as reasons
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from botocore import xform_name
from moto.core.exceptions import ServiceException
from moto.core.utils import get_service_model

from s3vl_local.faults import FAULTS
from s3vl_local.s3vectors import wire
from s3vl_local.s3vectors.constraints import check_request
from s3vl_local.s3vectors.exceptions import InjectedFaultError, UnknownOperationError
from s3vl_local.s3vectors.models import s3vectors_backends
from s3vl_local.s3vectors.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from s3vl_local.credential import Credential
    from s3vl_local.s3vectors.models import S3VectorsBackend

# Every operation is a POST to its own name, except those on tags, whose path has the ARN at its end.
TAGS = "/tags/"
_MODEL = get_service_model("s3vectors")
_OPERATIONS = {
    (http["method"], http["requestUri"].replace("{resourceArn}", "")): name
    for name in _MODEL.operation_names
    for http in [_MODEL.operation_model(name).http]
}


def answer(
    credential: Credential, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Answer one WSGI request."""
    headers = [("Content-Type", "application/json"), ("x-amz-request-id", str(uuid.uuid4()))]
    try:
        status, body = 200, wire.write_result(_result(credential, environ))
    except ServiceException as error:
        status, body = wire.write_error(error)
        headers.append(("x-amzn-errortype", error.code))
    headers.append(("Content-Length", str(len(body))))
    start_response(f"{status} {reasons.get(status, 'Unknown')}", headers)
    return [body]


def _result(credential: Credential, environ: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks for, unless a fault is due, and return its result."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    operation = _OPERATIONS.get((method, TAGS if path.startswith(TAGS) else path))
    if operation is None:
        raise UnknownOperationError(method, path)
    # As the service's own latency does, that of a rule includes the time for reading.
    with FAULTS.during(operation) as fault:
        if fault:
            raise InjectedFaultError(fault)
        request = members(environ, environ["wsgi.input"].read())
    check_request(operation, request)
    result: dict[str, Any] = getattr(Operations(_backend(credential), request), xform_name(operation))()
    return result


def members(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Return the members of a request; those of an operation on tags are in its URL, too."""
    request, path = wire.read(body), environ["PATH_INFO"]
    if path.startswith(TAGS):
        # WSGI has the bytes of a path as if they were Latin-1.
        request["resourceArn"] = path.removeprefix(TAGS).encode("latin-1").decode(errors="replace")
        if tag_keys := parse_qs(environ["QUERY_STRING"], keep_blank_values=True).get("tagKeys"):
            request["tagKeys"] = tag_keys
    return request


def _backend(credential: Credential) -> S3VectorsBackend:
    """Return the backend of the Region, in the account of the access key."""
    # Not before the first request: S3 Vectors is to listen before moto's IAM is loaded.
    from moto.iam.models import get_account_id_from  # noqa: PLC0415

    account = get_account_id_from(credential.access_key)
    backend: S3VectorsBackend = s3vectors_backends[account][credential.region]
    return backend
