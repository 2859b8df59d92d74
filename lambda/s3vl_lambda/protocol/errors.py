"""Every failure that is expected, with the wire code that SQL maps to a SQLSTATE (docs/lambda-protocol.md).

S3vlError
├── InvalidRequestError         invalid_request
├── UnsupportedOperationError   unsupported_operation
├── UnsupportedProtocolError    unsupported_protocol
├── ThrottledError              throttled              retryable
├── AccessDeniedError           access_denied
├── NotFoundError               not_found
├── NoVectorBucketError         no_vector_bucket
├── NotEmptyError               not_empty
├── RestrictedError             restricted
├── ServiceFailureError         service_failure        retryable by status
├── ConflictError               service_failure        which the type tells
├── ResponseTooLargeError       response_too_large
├── MalformedDataError          malformed_data
│   └── BrokenContractError     malformed_data         which the type tells
├── OutOfTimeError              timeout                retryable
└── InternalError               internal_error

`placeholder_code` is answered by the code inside the CloudFormation template, never by this package.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_VALUE = 100
_LONGEST_PATH = 200

# Piece by piece: an operand may be a megabyte, or nested more deeply than Python can follow.
_pieces = json.JSONEncoder(ensure_ascii=False).iterencode


class S3vlError(Exception):
    """A failure to answer with.

    `origin` names the exception behind it, `attempts` counts the calls made, `done` holds what was written before,
    and `limit` says whose time it was that ran out.
    """

    code: ClassVar[str]
    retryable = False
    limit: str | None = None

    def __init__(
        self,
        message: str,
        *,
        origin: str | None = None,
        attempts: int | None = None,
        fields: Sequence[dict[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.origin = origin or type(self).__name__
        self.attempts = attempts
        self.fields = list(fields)
        self.done: dict[str, list[list[int]]] = {}


class InvalidRequestError(S3vlError):
    """A member of the request is missing or wrong, or the service answered ValidationException."""

    code = "invalid_request"

    @classmethod
    def at(cls, path: str, problem: str) -> InvalidRequestError:
        """Say what is wrong with the member at `path`, in which names are of any length."""
        if len(path) > _LONGEST_PATH:
            path = path[: _LONGEST_PATH - 1] + "…"
        return cls(f"{path} {problem}", fields=[{"path": path, "message": problem}])


class UnsupportedOperationError(S3vlError):
    """The operation is not known to this version of the function."""

    code = "unsupported_operation"


class UnsupportedProtocolError(S3vlError):
    """The SQL functions speak another version of the protocol."""

    code = "unsupported_protocol"


class ThrottledError(S3vlError):
    """Throttling outlasted the retries."""

    code = "throttled"
    retryable = True


class AccessDeniedError(S3vlError):
    """The function's role may not do this, or it has no credentials."""

    code = "access_denied"


class NotFoundError(S3vlError):
    """No such index or vector bucket."""

    code = "not_found"


class NoVectorBucketError(S3vlError):
    """Nobody says in which vector bucket a new index shall be."""

    code = "no_vector_bucket"


class NotEmptyError(S3vlError):
    """The index holds vectors, which would be deleted with it."""

    code = "not_empty"


class RestrictedError(S3vlError):
    """A vector is outside of the part of the index that the request is restricted to."""

    code = "restricted"


class ServiceFailureError(S3vlError):
    """The service failed, could not be reached, or answered an error without a class of its own."""

    code = "service_failure"

    def __init__(self, message: str, *, retryable: bool, origin: str, attempts: int) -> None:
        super().__init__(message, origin=origin, attempts=attempts)
        self.retryable = retryable


class ConflictError(S3vlError):
    """The name is taken, or something else is being done with the index."""

    code = "service_failure"


class ResponseTooLargeError(S3vlError):
    """One single part does not fit in an answer of Lambda."""

    code = "response_too_large"


class MalformedDataError(S3vlError):
    """A stored text or number cannot go to PostgreSQL."""

    code = "malformed_data"


class BrokenContractError(MalformedDataError):
    """The service's answer is not what it promises, or is none of the service's."""


class OutOfTimeError(S3vlError):
    """The time ran out before the first part was complete: that of the caller, or that of the function."""

    code = "timeout"
    retryable = True

    def __init__(self, message: str, *, limit: str | None = None, attempts: int | None = None) -> None:
        super().__init__(message, attempts=attempts)
        self.limit = limit


class InternalError(S3vlError):
    """A defect in the function."""

    code = "internal_error"


def shown(value: Any) -> str:
    """Write a value for a message: as JSON, and no more of it than is shown, however large or deep it is."""
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > _LONGEST_VALUE:
            return text[: _LONGEST_VALUE - 1] + "…"
    return text
