"""What the service model asks of a request: required members, lengths, ranges, enums and patterns.

The model is botocore's own, so a limit that AWS changes there changes here. Messages have the form that the
service's framework generates.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import regex
from moto.core.utils import get_service_model

from s3vl_local.s3vectors.exceptions import SerializationError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape

    Failure = tuple[str, str]

_JSON_TYPES = {"string": str, "integer": int, "boolean": bool, "list": list, "map": dict, "structure": dict}

# The service has this limit, its model does not.
_UNMODELLED_LIMITS = {"TopK": {"max": 10_000}}


def check_request(operation: str, request: dict[str, Any]) -> None:
    """Refuse a request that breaks constraints of its operation's input, naming each."""
    shape = get_service_model("s3vectors").operation_model(operation).input_shape
    failures = list(_failures(shape, request, ""))
    if failures:
        plural = "s" if len(failures) > 1 else ""
        summary = "; ".join(message for _, message in failures)
        raise ValidationError(f"{len(failures)} validation error{plural} detected. {summary}", failures)
    _check_address(shape, request)


def _check_address(shape: Shape, request: dict[str, Any]) -> None:
    """Refuse a request that names its bucket or index both ways, halfway, or not at all."""
    by_name = "vectorBucketName" in request
    if "indexArn" in shape.members:
        named = (by_name, "indexName" in request, "indexArn" in request)
        if named not in ((True, True, False), (False, False, True)):
            raise ValidationError("Must specify either indexArn or both vectorBucketName and indexName")
    elif "vectorBucketArn" in shape.members and by_name == ("vectorBucketArn" in request):
        raise ValidationError("Must specify either vectorBucketName or vectorBucketArn but not both")


def _failures(shape: Shape, value: Any, path: str) -> Iterator[Failure]:
    if getattr(shape, "is_document_type", False):
        return  # free JSON: metadata and filters have rules of their own
    if type(value) is not _JSON_TYPES[shape.type_name]:
        raise SerializationError
    yield from _broken_limits(_limits(shape), value, path)
    yield from _member_failures(shape, value, path)


def _member_failures(shape: Shape, value: Any, path: str) -> Iterator[Failure]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _failures(member, value[name], f"{path}/{name}")
            elif name in shape.required_members:
                yield f"{path}/{name}", _message(f"{path}/{name}", "Member must not be null")
    # Vectors are checked as arrays when they are read; a step per float would cost seconds.
    elif shape.type_name == "list" and shape.member.type_name != "float":
        for number, item in enumerate(value):
            yield from _failures(shape.member, item, f"{path}/{number}")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _failures(shape.key, key, f"{path}/{key}")
            yield from _failures(shape.value, item, f"{path}/{key}")


@functools.cache
def _limits(shape: Shape) -> dict[str, Any]:
    """Return what a value of this shape may be; botocore makes each shape once."""
    limits: dict[str, Any] = shape.metadata | _UNMODELLED_LIMITS.get(shape.name, {})
    return limits


@functools.cache
def _pattern(expression: str) -> Any:
    r"""Compile an expression; the tags' has \p{...}, which Python's own expressions lack."""
    return regex.compile(expression)


def _broken_limits(limits: dict[str, Any], value: Any, path: str) -> Iterator[Failure]:
    size = value if isinstance(value, int) else len(value)
    low, high = limits.get("min"), limits.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        if isinstance(value, int):
            yield path, _message(path, f"Member must be {_range(low, high)}")
        else:
            yield path, _message(path, f"Member must have length {_range(low, high)}", f" with length {size}")
    if "enum" in limits and value not in limits["enum"]:
        yield path, _message(path, f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]")
    pattern = limits.get("pattern")
    if pattern is not None and not _pattern(pattern).fullmatch(value):
        yield path, _message(path, f"Member must satisfy regular expression pattern: {pattern}")


def _range(low: int | None, high: int | None) -> str:
    if high is None:
        return f"greater than or equal to {low}"
    return f"between {low} and {high}, inclusive"


def _message(path: str, constraint: str, what: str = "") -> str:
    return f"Value{what} at '{path}' failed to satisfy constraint: {constraint}"
