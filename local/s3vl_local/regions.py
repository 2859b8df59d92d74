"""Regions that AWS does not have: on AWS no name would lead anywhere, here every request finds the one server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core import DEFAULT_ACCOUNT_ID
from werkzeug import Request, Response

from s3vl_local.s3vectors.models import s3vectors_backends

if TYPE_CHECKING:
    from s3vl_local.credential import Credential

_CODE = "UnknownRegion"


def refusal(credential: Credential, environ: dict[str, Any]) -> Response | None:
    """Answer a request that is signed for a Region that does not exist; None for all others."""
    if credential.region in s3vectors_backends[DEFAULT_ACCOUNT_ID].regions:
        return None
    message = f"AWS has no Region {credential.region}; choose one that it has, such as us-west-2"
    if credential.service != "s3" and Request(environ).mimetype != "application/x-www-form-urlencoded":
        body = json.dumps({"__type": _CODE, "message": message})
        return Response(body, 400, {"x-amzn-errortype": _CODE}, content_type="application/json")
    error = f"<Error><Code>{_CODE}</Code><Message>{message}</Message></Error>"
    # EC2 has a list of errors.
    listed = f"<Errors>{error}</Errors>" if credential.service == "ec2" else error
    return Response(f"<ErrorResponse>{listed}</ErrorResponse>", 400, content_type="text/xml")
