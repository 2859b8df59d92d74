"""The body of a request and of an answer.

S3 Vectors speaks plain rest-json; moto's general parser and serializer visit every single float, which for 500
vectors is seconds.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson
from moto.core.utils import get_service_model

from s3vl_local.s3vectors.exceptions import SerializationError, ValidationError

MAX_BODY_BYTES = 20 * 1024 * 1024
MAX_INTEGER_CHARACTERS = len(str(2**64 - 1))
BAD_REQUEST = 400
_STATUS = {
    shape.name: int(shape.metadata.get("error", {}).get("httpStatusCode", BAD_REQUEST))
    for shape in get_service_model("s3vectors").error_shapes
}


def read(body: bytes) -> dict[str, Any]:
    """Return the members of a request; a null member is one that is not there."""
    if len(body) > MAX_BODY_BYTES:
        raise ValidationError("Request body exceeds max allowed size")
    members = _loads(body) if body else {}
    if not isinstance(members, dict):
        raise SerializationError
    return {name: value for name, value in members.items() if value is not None}


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return _loads_infinite(body)


def _loads_infinite(body: bytes) -> Any:
    """Read what orjson refuses though it is JSON: a number beyond a double is infinite, and refused by its member."""
    try:
        document = json.loads(body.decode(), parse_int=_whole_number, parse_constant=_refuse_constant)
        # JSON can spell half a surrogate pair, which is no Unicode text and could never be stored.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise SerializationError from error
    return document


def _whole_number(digits: str) -> int | float:
    """Read an integer as orjson does: what does not fit in 64 bits is a double."""
    # Python refuses to read very long ones as integers.
    if len(digits) <= MAX_INTEGER_CHARACTERS and -(2**63) <= int(digits) < 2**64:
        return int(digits)
    return float(digits)


def _refuse_constant(token: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads though JSON has neither."""
    raise ValueError(f"{token} is not JSON")


def write_result(result: dict[str, Any]) -> bytes:
    """Return the body of a successful answer."""
    return orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY)


def write_error(error: Any) -> tuple[int, bytes]:
    """Return the status and the body of an error; its code goes into a header."""
    body: dict[str, Any] = {"message": error.message}
    if fields := getattr(error, "fields", None):
        body["fieldList"] = [{"path": path, "message": message} for path, message in fields]
    return _status(error), orjson.dumps(body)


def _status(error: Any) -> int:
    """Return the status of a fault as its rule says, and of any other error as the service model says."""
    return int(error.status) if hasattr(error, "status") else _STATUS.get(error.code, BAD_REQUEST)
