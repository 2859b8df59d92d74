"""The refusal of an HTTP request, in the words of its service. What is not refused goes on as it came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnknownServiceError
from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.serialize import get_serializer_class
from werkzeug import Response
from werkzeug.exceptions import NotFound

from s3vl_local.lambda_service.invocation import InvokeError
from s3vl_local.s3vectors import wire

from . import calls, sessions
from .enforcement import AccessDeniedError, check

if TYPE_CHECKING:
    from s3vl_local.credential import Credential

# JSON services say AccessDeniedException.
_CODES = {"ec2": "UnauthorizedOperation", "query": "AccessDenied", "rest-xml": "AccessDenied"}
FORBIDDEN = 403


def refusal(signed: Credential, environ: dict[str, Any]) -> Response | None:
    """Answer a request that a role has signed and may not make; None for all others."""
    session = sessions.of_access_key(signed.access_key)
    if session is None:
        return None
    request = Request(environ)
    request.get_data()
    try:
        call = calls.read(request, signed.service, signed.region, session.account)
    except (NotFound, UnknownServiceError):
        return _forbidden(
            "AccessDeniedException",
            f"the local cloud cannot tell what {request.method} {request.path} asks of {signed.service}, so that "
            f"{session.arn} may not do it while policies are enforced",
        )
    except (ServiceException, InvokeError) as error:
        # It is malformed; what is not understood here must not go on to be understood otherwise there.
        status, body = wire.write_error(error)
        return _rest_json(status, error.code, body)
    finally:
        environ["wsgi.input"].seek(0)
    try:
        for action in call.actions:
            check(session, action, call.resource, call.context)
    except AccessDeniedError as error:
        return _in_words_of_the_service(error, call)
    return None


def _in_words_of_the_service(error: AccessDeniedError, call: calls.Call) -> Response:
    error.code = _CODES.get(call.protocol, error.code)
    serializer = get_serializer_class(call.operation.service_model.service_name, call.protocol)(
        call.operation
    )
    serialized = serializer.serialize(error)
    return Response(serialized["body"], FORBIDDEN, serialized["headers"])


def _forbidden(code: str, message: str) -> Response:
    return _rest_json(FORBIDDEN, code, json.dumps({"__type": code, "message": message}))


def _rest_json(status: int, code: str, body: str | bytes) -> Response:
    return Response(body, status, {"x-amzn-errortype": code}, content_type="application/json")
