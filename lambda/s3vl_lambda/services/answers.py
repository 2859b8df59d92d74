"""The answers of S3 Vectors, held to its contract: nothing is taken for one, for a write least of all, that is none.

botocore hands on whatever comes back, be it a login page. What breaks the contract is malformed_data here, and the
message says what it is.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.errors import (
    AccessDeniedError,
    BrokenContractError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    S3vlError,
    ServiceFailureError,
    ThrottledError,
    shown,
)
from s3vl_lambda.protocol.members import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3vl_lambda.services.connections import Reply

_OK = 200
_CLIENT_ERROR = 400
_REQUEST_TIMEOUT = 408
_SERVER_ERROR = 500
_BY_CODE: dict[str, type[S3vlError]] = {
    "ValidationException": InvalidRequestError,
    "NotFoundException": NotFoundError,
    "ThrottlingException": ThrottledError,
    "ConflictException": ConflictError,
}
# By status, because what stands in front of the service has codes of its own, like ExpiredTokenException.
_BY_STATUS: dict[int, type[S3vlError]] = {403: AccessDeniedError, 429: ThrottledError}
# An object with one of these tells of a failure, whatever its status.
_MEMBERS_OF_ERRORS = {"__type", "code", "error", "errors", "message"}

_KINDS: dict[type, str] = {
    dict: "an object",
    float: "a number",
    int: "an integer",
    list: "an array",
    str: "a text",
}
_POSITION = re.compile(r"(?<=^vectors\[)[0-9]{1,9}(?=\])")
# What stands in an answer of the service may be of any length; what is told of it may not.
_LONGEST_MESSAGE = 2_000
_LONGEST_CODE = 100
_MOST_FIELDS = 100


def read(reply: Reply) -> dict[str, Any]:
    """Give the JSON object of an answer that is no error."""
    if reply.status != _OK:
        raise _broken(f"HTTP {reply.status} and not {_OK}")
    problem, answer = _object_in(reply)
    if problem:
        raise _broken(problem)
    return answer


def read_acknowledgement(reply: Reply) -> dict[str, Any]:
    """Give the answer to a write, which is an object without anything to say, or nothing at all."""
    is_page = reply.headers.get("content-type", "").lower().startswith("text/")
    if reply.status == _OK and not reply.body and not is_page:
        return {}
    answer = read(reply)
    told = [name for name in answer if name.lower() in _MEMBERS_OF_ERRORS]
    if told:
        raise _broken(f"no acknowledgement of the write, but {shown(answer)}")
    return answer


def is_error(reply: Reply) -> bool:
    """Tell whether an answer is an error of the service, or of what stands in front of it."""
    return reply.status >= _CLIENT_ERROR


def refusal(reply: Reply, attempts: int, positions: Sequence[int]) -> S3vlError:
    """Say in our own terms which error was answered, by its code and status, keeping its words.

    A vector of a call is named by its position in the request, which `positions` tell in the order of the call.
    """
    status = reply.status
    problem, error = _object_in(reply)
    code = _code(reply, error)
    message = _member(error, "message", "Message")
    fields = _member(error, "fieldList")
    if not problem:
        problem = _what_is_wrong_with(message, fields)
    told = f"HTTP {status}"
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    retryable = status >= _SERVER_ERROR or status == _REQUEST_TIMEOUT
    if problem and not retryable and status not in _BY_STATUS:
        return BrokenContractError(
            f"S3 Vectors answered an error, {_with_code(told, code)}, that breaks its contract: it is {problem}; "
            "check AWS_ENDPOINT_URL",
            attempts=attempts,
        )
    words = message[:_LONGEST_MESSAGE] if isinstance(message, str) and message else _with_code(told, code)
    if problem:
        words, fields = f"{_with_code(told, code)}; the answer is {problem}", None
    origin = code or str(status)
    if kind is None:
        return ServiceFailureError(words, retryable=retryable, origin=origin, attempts=attempts)
    placed = [
        {
            "path": _placed(field["path"][:_LONGEST_MESSAGE], positions),
            "message": field["message"][:_LONGEST_MESSAGE],
        }
        for field in (fields or [])[:_MOST_FIELDS]
    ]
    return kind(words, origin=origin, attempts=attempts, fields=placed)


def required(answer: dict[str, Any], name: str, kind: type) -> Any:
    """Give a member that the service promises, of the kind that it promises; a float may be any number."""
    value = optional(answer, name, kind)
    if value is None:
        raise BrokenContractError(f"the answer of S3 Vectors has no {name!r}; check AWS_ENDPOINT_URL")
    return value


def optional(answer: dict[str, Any], name: str, kind: type) -> Any:
    """Give a member that the service may leave out, or write as null."""
    value = answer.get(name)
    if value is not None and type(value) is not kind and not (kind is float and is_number(value)):
        raise BrokenContractError(
            f"the answer of S3 Vectors has {shown(value)} for {name!r}, which must be {_KINDS[kind]}; "
            "check AWS_ENDPOINT_URL"
        )
    return value


def elements(answer: dict[str, Any], name: str, kind: type) -> list[Any]:
    """Give an array that has elements of one kind only; none is what the service leaves out when it is empty."""
    values: list[Any] = optional(answer, name, list) or []
    for value in values:
        if type(value) is not kind:
            raise BrokenContractError(
                f"the answer of S3 Vectors has {shown(value)} in {name!r}, where each must be {_KINDS[kind]}; "
                "check AWS_ENDPOINT_URL"
            )
    return values


def _object_in(reply: Reply) -> tuple[str, dict[str, Any]]:
    """Read the JSON object that a body has to be; say what is there if it is none."""
    if not reply.body:
        return "empty", {}
    encoding = reply.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        return f"encoded as {shown(encoding)}, which was not requested", {}
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        kind = reply.headers.get("content-type", "no content type")
        return f"no JSON ({shown(kind)}): {shown(reply.body[:200].decode(errors='replace'))}", {}
    return ("", value) if type(value) is dict else (f"no JSON object: {shown(value)}", {})


def _broken(what: str) -> BrokenContractError:
    """Make the error that says what came in the place of an answer."""
    return BrokenContractError(
        f"S3 Vectors returned an answer that breaks its contract: it is {what}; "
        "check AWS_ENDPOINT_URL, and proxies"
    )


def _code(reply: Reply, error: dict[str, Any]) -> str:
    """Give the code of an error, which may stand in several places, with a namespace before or a URL behind it."""
    code = reply.headers.get("x-amzn-errortype") or _member(error, "code", "Code", "__type")
    return code.split(":", 1)[0].rsplit("#", 1)[-1][:_LONGEST_CODE] if isinstance(code, str) else ""


def _member(error: dict[str, Any], *names: str) -> Any:
    """Give the first of the members that is there."""
    return next((error[name] for name in names if error.get(name) is not None), None)


def _with_code(told: str, code: str) -> str:
    """Write a status and a code, if there is one."""
    return f"{told} ({code})" if code else told


def _what_is_wrong_with(message: Any, fields: Any) -> str:
    """Say what of an error breaks the contract."""
    if message is not None and not isinstance(message, str):
        return f"an object whose message is no text: {shown(message)}"
    if fields is not None and not (isinstance(fields, list) and all(map(_is_field, fields))):
        return f"an object whose fieldList is no list of paths and messages: {shown(fields)}"
    return ""


def _is_field(value: Any) -> bool:
    """Tell whether a value says which part of a request is wrong, and why."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("path"), str)
        and isinstance(value.get("message"), str)
    )


def _placed(path: str, positions: Sequence[int]) -> str:
    """Name a vector of a call by its position in the request; the service counts from 0 in each call."""

    def position(found: re.Match[str]) -> str:
        number = int(found[0])
        return str(positions[number]) if number < len(positions) else found[0]

    return _POSITION.sub(position, path)
