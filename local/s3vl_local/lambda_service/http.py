"""Invoke as the AWS SDKs and the CLI speak it: POST /2015-03-31/functions/{name}/invocations."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from werkzeug import Request, Response

from s3vl_local import credential

from .invocation import FunctionName, Invocation, InvokeError, Result

if TYPE_CHECKING:
    from .service import LambdaService

PATH = re.compile(r"/2015-03-31/functions/(?P<name>.+)/invocations/?")


def invoke(service: LambdaService, name: str, request: Request) -> Response:
    """Answer one request; `name` is the path's part that names the function."""
    signed = credential.find(request.headers.get("Authorization", ""))
    try:
        result = service.invoke(
            Invocation(
                function=FunctionName.parse(
                    unquote(name), signed.region if signed else None, request.args.get("Qualifier")
                ),
                payload=request.get_data() or b"{}",
                invocation_type=request.headers.get("X-Amz-Invocation-Type", "RequestResponse"),
                log_type=request.headers.get("X-Amz-Log-Type", "None"),
                client_context=_client_context(request),
            )
        )
    except InvokeError as error:
        body = json.dumps({"Type": "User", "message": error.message, "Message": error.message})
        return Response(body, error.status, {"x-amzn-ErrorType": error.code}, content_type="application/json")
    return _response(result)


def _client_context(request: Request) -> str | None:
    """Return the JSON text: it travels as base64, and the runtime gets it decoded."""
    encoded = request.headers.get("X-Amz-Client-Context")
    if encoded is None:
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError as error:
        raise InvokeError(
            400, "InvalidRequestContentException", f"Client context is not base64: {error}"
        ) from error


def _response(result: Result) -> Response:
    response = Response(result.payload or b"", result.status_code, content_type="application/json")
    response.headers["X-Amz-Executed-Version"] = result.executed_version
    if result.function_error is not None:
        response.headers["X-Amz-Function-Error"] = result.function_error
    if result.log_tail is not None:
        response.headers["X-Amz-Log-Result"] = base64.b64encode(result.log_tail).decode()
    return response
