"""The form of a contract case: one request to S3 Vectors, and exactly what must come back.

Texts of a case hold placeholders, since every run has a bucket of its own: `<bucket>` its name, `<arn>` its ARN,
`<account>`, `<case>` a short text that no other case has, and `<token>` the `nextToken` of the call before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

Call = tuple[str, dict[str, Any]]


class Like(str):
    """A message of which a part is new every time, as a regular expression."""

    __slots__ = ()

    def __eq__(self, message: object) -> bool:
        """Compare with what was answered."""
        return isinstance(message, str) and re.fullmatch(str(self), message) is not None

    __hash__ = str.__hash__


@dataclass(frozen=True)
class Refusal:
    """An error: its message, code and HTTP status, and the (path, message) pairs of its fieldList."""

    message: str
    code: str = "ValidationException"
    status: int = 400
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Case:
    """A request and its result or refusal; the calls in `given` come before it and succeed."""

    name: str
    operation: str
    request: dict[str, Any]
    expected: dict[str, Any] | Refusal
    given: list[Call] = field(default_factory=list)


@dataclass(frozen=True)
class Behaviour:
    """A fact about the service, how it is known, and the cases that show it.

    Documented is what AWS writes or has in its model, measured is what others recorded on AWS, and the rest is
    assumed. That a request is refused is often known while nobody recorded the words: `wording_assumed`.
    `local_only` is what a run on AWS cannot show: it needs a bucket older than 2026-09-30.
    """

    fact: str
    evidence: Literal["documented", "measured", "assumed"]
    cases: list[Case]
    wording_assumed: bool = False
    local_only: bool = False


def refused(
    name: str, operation: str, request: dict[str, Any], message: str, *fields: tuple[str, str]
) -> Case:
    """Return a case of a ValidationException."""
    return Case(name, operation, request, Refusal(message, fields=fields))


def broken(name: str, operation: str, request: dict[str, Any], path: str, constraint: str) -> Case:
    """Return a case of a member that breaks a constraint of the service model; such messages are generated.

    `constraint` is what the member must be; before a `|` may stand what it has, such as "with length 64".
    """
    has, _, must = constraint.rpartition("|")
    message = f"Value{has and ' ' + has} at '{path}' failed to satisfy constraint: Member must {must}"
    return refused(name, operation, request, f"1 validation error detected. {message}", (path, message))


def length(found: int, low: int, high: int) -> str:
    """Return the constraint that a text or a list of `found` members breaks."""
    return f"with length {found}|have length between {low} and {high}, inclusive"


def between(low: int, high: int) -> str:
    """Return the constraint that a number breaks."""
    return f"be between {low} and {high}, inclusive"


def missing(operation: str, request: dict[str, Any], message: str) -> Case:
    """Return a case of something that does not exist."""
    names = " ".join(value for value in request.values() if isinstance(value, str))
    return Case(f"missing {names}", operation, request, Refusal(message, "NotFoundException", 404))


def conflict(name: str, operation: str, request: dict[str, Any], message: str) -> Case:
    """Return a case of something that is in the way."""
    return Case(name, operation, request, Refusal(message, "ConflictException", 409))


def keys(count: int) -> list[str]:
    """Return distinct keys."""
    return [f"key-{number}" for number in range(count)]
