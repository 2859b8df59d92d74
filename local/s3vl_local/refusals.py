"""An error in the words of the service that a request is for, when it does not come as far as to the service."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from werkzeug import Request, Response


def error(
    service: str | None, environ: dict[str, Any], status: int, message: str, xml_code: str, json_code: str
) -> Response:
    """Return what the parser of that service understands: XML for S3 and for forms, otherwise JSON."""
    if service != "s3" and Request(environ).mimetype != "application/x-www-form-urlencoded":
        body = json.dumps({"__type": json_code, "message": message})
        return Response(body, status, {"x-amzn-errortype": json_code}, content_type="application/json")
    text = f"<Error><Code>{xml_code}</Code><Message>{escape(message)}</Message></Error>"
    # EC2 has a list of errors.
    listed = f"<Errors>{text}</Errors>" if service == "ec2" else text
    return Response(f"<ErrorResponse>{listed}</ErrorResponse>", status, content_type="text/xml")


def misunderstood(service: str, environ: dict[str, Any], cause: Exception) -> Response:
    """Return the refusal of a request that ends in an exception here; most have a value that AWS would refuse."""
    what = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    if isinstance(cause, NotImplementedError):
        message = f"The local cloud does not have this operation of {service} ({what})"
        return error(service, environ, 501, message, "NotImplemented", "NotImplementedException")
    message = (
        f"The local cloud's {service} cannot process the request ({what}). Check its values; if AWS takes them, "
        "this is a fault of the local cloud, and .local/cloud.log has more of it"
    )
    return error(service, environ, 400, message, "ValidationError", "ValidationException")
