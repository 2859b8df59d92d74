"""The body of a request and of an answer.

S3 Vectors speaks plain rest-json, so the standard library reads and writes it; moto's general parser and
serializer visit every single float, which for 500 vectors is seconds.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from moto.core.utils import get_service_model

from s3vl_local.s3vectors.exceptions import SerializationError, ValidationError

MAX_BODY_BYTES = 20 * 1024 * 1024
BAD_REQUEST = 400


def read(body: bytes) -> dict[str, Any]:
    """Return the members of a request; a null member is one that is not there."""
    if len(body) > MAX_BODY_BYTES:
        raise ValidationError("Request body exceeds max allowed size")
    try:
        members = json.loads(body.decode(), parse_constant=_refuse_constant) if body else {}
        if b"\\ud" in body.lower():
            # JSON can spell half a surrogate pair, which is no Unicode text and could never be stored.
            json.dumps(members, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise SerializationError from error
    if not isinstance(members, dict):
        raise SerializationError
    return {name: value for name, value in members.items() if value is not None}


def _refuse_constant(token: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads though JSON has neither."""
    raise ValueError(f"{token} is not JSON")


def write_result(result: dict[str, Any] | None) -> str:
    """Return the body of a successful answer."""
    return json.dumps(result or {}, separators=(",", ":"))


def write_error(error: Any) -> tuple[int, str]:
    """Return the status and the body of an error; its code goes into a header."""
    body: dict[str, Any] = {"message": error.message}
    if fields := getattr(error, "fields", None):
        body["fieldList"] = [{"path": path, "message": message} for path, message in fields]
    return _status(error), json.dumps(body)


def _status(error: Any) -> int:
    """Return the status of a fault as its rule says, and of any other error as the service model says."""
    if hasattr(error, "status"):
        return int(error.status)
    for shape in get_service_model("s3vectors").error_shapes:
        if shape.name == error.code:
            return int(shape.metadata.get("error", {}).get("httpStatusCode", BAD_REQUEST))
    return BAD_REQUEST
