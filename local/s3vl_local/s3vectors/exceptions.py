"""What S3 Vectors answers when it refuses, in its own words where they are known (facts, section 7).

moto has the right words for buckets and policies already; those come from there.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from moto.core.exceptions import ServiceException

if TYPE_CHECKING:
    from s3vl_local.faults import Fault


class ValidationError(ServiceException):
    """A request that the service refuses; `fields` are pairs of the path of a member and its own message."""

    code = "ValidationException"

    def __init__(self, message: str, fields: list[tuple[str, str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or []


class SerializationError(ServiceException):
    """A body that is no JSON, or JSON of the wrong types. The service says no more than this."""

    code = "SerializationException"
    message = "UnknownError"


class IndexAlreadyExistsError(ServiceException):
    """A second index of the same name in one bucket."""

    code = "ConflictException"
    message = "An index with the specified name already exists"


class KmsKeyNotFoundError(ServiceException):
    """An index is to be encrypted with a key that KMS does not have; the service passes on what KMS says."""

    code = "AccessDeniedException"

    def __init__(self, key_arn: str) -> None:
        super().__init__(f"Key '{key_arn}' does not exist (kms_request_id={uuid.uuid4()})")


class InvalidRecordError(ValidationError):
    """One bad record, which fails the whole PutVectors request."""

    def __init__(self, number: int, key: str, reason: str, member: str = "") -> None:
        super().__init__(
            f"Invalid record for key '{key}': {reason}", [(f"vectors[{number}]{member}", reason)]
        )


class InvalidQueryVectorError(ValidationError):
    """A query vector that cannot be compared with the vectors of the index."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Query vector contains invalid values or is invalid for this index",
            [("vector", f"Invalid input: {reason}")],
        )


class InvalidFilterError(ValidationError):
    """A filter that is not in the filter language, or asks for what this index cannot do."""

    def __init__(self, message: str = "Invalid filter") -> None:
        super().__init__(message, [("filter", message)])


class InvalidPageTokenError(ValidationError):
    """A token that is expired, made up, or of another request."""

    def __init__(self) -> None:
        super().__init__("Invalid page token")


class KeyTooLongError(ValidationError):
    """A key that is short enough in characters but not in bytes."""

    def __init__(self) -> None:
        super().__init__("Record key length exceeds the maximum allowed")


class DuplicateKeysError(ValidationError):
    """The same key twice in one request."""

    def __init__(self) -> None:
        super().__init__("Request must not contain duplicate keys")


class UnknownOperationError(ServiceException):
    """A request that is no operation of the service model."""

    code = "UnknownOperationException"
    status = 404

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"S3 Vectors has no operation {method} {path}")


class TextSearchExistsError(ServiceException):
    """A second configuration for one metadata key."""

    code = "ConflictException"

    def __init__(self, metadata_key: str) -> None:
        super().__init__(f"A text search configuration for the metadata key '{metadata_key}' already exists")


class WriteRateExceededError(ServiceException):
    """More writes to one index than the service takes."""

    code = "TooManyRequestsException"
    message = "The write rate of the index is exceeded. Please reduce your request rate."


class InjectedFaultError(ServiceException):
    """An error that a fault rule asked for."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code, fault.message)
        self.status = fault.status
