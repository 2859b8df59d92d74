"""An error in the words of the service that a request is for, when it does not come as far as to the service."""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request, Response


def error(
    service: str | None, environ: dict[str, Any], status: int, message: str, xml_code: str, json_code: str
) -> Response:
    """Return what the parser of that service understands: XML for S3 and for forms, otherwise JSON."""
    if service != "s3" and Request(environ).mimetype != "application/x-www-form-urlencoded":
        body = json.dumps({"__type": json_code, "message": message})
        return Response(body, status, {"x-amzn-errortype": json_code}, content_type="application/json")
    text = f"<Error><Code>{xml_code}</Code><Message>{message}</Message></Error>"
    # EC2 has a list of errors.
    listed = f"<Errors>{text}</Errors>" if service == "ec2" else text
    return Response(f"<ErrorResponse>{listed}</ErrorResponse>", status, content_type="text/xml")
