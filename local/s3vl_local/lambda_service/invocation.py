"""What a caller of Invoke asks for, what it gets, and every way it can be refused.

Mirrors https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REQUEST_LIMIT_BYTES = 6 * 1024 * 1024
EVENT_LIMIT_BYTES = 1024 * 1024
INVOCATION_TYPES = ("RequestResponse", "Event", "DryRun")
LOG_TYPES = ("None", "Tail")

# Name, partial ARN or full ARN, each with an optional version or alias.
_FUNCTION_NAME = re.compile(
    r"(?:arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_-]{1,64})(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]{1,128}))?"
)


class InvokeError(Exception):
    """The Invoke API refused: an HTTP status, an error code and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class FunctionName:
    """A function, as the caller named it."""

    name: str
    region: str | None
    account: str | None
    qualifier: str | None

    @classmethod
    def parse(cls, text: str, region: str | None = None, qualifier: str | None = None) -> FunctionName:
        """Take a name apart; a region or qualifier that contradicts the ARN's is refused."""
        match = _FUNCTION_NAME.fullmatch(text)
        if match is None:
            raise InvokeError(400, "ValidationException", f"'{text}' is not a function name, version or ARN")
        for what, given, own in (
            ("region", region, match["region"]),
            ("qualifier", qualifier, match["qualifier"]),
        ):
            if given and own and given != own:
                raise InvokeError(
                    400,
                    "InvalidParameterValueException",
                    f"The {what} '{given}' contradicts the function ARN '{text}'",
                )
        return cls(
            match["name"], match["region"] or region, match["account"], match["qualifier"] or qualifier
        )


@dataclass(frozen=True)
class Invocation:
    """One checked request."""

    function: FunctionName
    payload: bytes
    invocation_type: str = "RequestResponse"
    log_type: str = "None"
    client_context: str | None = None

    def __post_init__(self) -> None:
        if self.invocation_type not in INVOCATION_TYPES:
            raise _not_in("invocationType", self.invocation_type, INVOCATION_TYPES)
        if self.log_type not in LOG_TYPES:
            raise _not_in("logType", self.log_type, LOG_TYPES)
        limit = EVENT_LIMIT_BYTES if self.invocation_type == "Event" else REQUEST_LIMIT_BYTES
        if len(self.payload) > limit:
            raise InvokeError(
                413,
                "RequestTooLargeException",
                f"{len(self.payload)} byte payload is too large for the {self.invocation_type} invocation type "
                f"(limit {limit} bytes)",
            )


@dataclass(frozen=True)
class Result:
    """What Invoke answers. `function_error` is None or "Unhandled"; `payload` is None without one."""

    status_code: int
    executed_version: str
    function_arn: str
    payload: bytes | None = None
    function_error: str | None = None
    log_tail: bytes | None = None


def _not_in(member: str, value: str, allowed: tuple[str, ...]) -> InvokeError:
    return InvokeError(
        400,
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(allowed)}]",
    )
