"""The members of a JSON object of a request: taken by name, checked, and none left over."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.errors import InvalidRequestError, shown

if TYPE_CHECKING:
    from collections.abc import Collection

# Any partition: aws, aws-cn, aws-us-gov and those to come.
_INDEX_ARN = re.compile(
    r"arn:aws[-a-z0-9]*:s3vectors:[a-z0-9-]+:[0-9]{12}:"
    r"bucket/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/index/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)
_LARGEST = sys.float_info.max


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number of JSON; to Python, booleans are integers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


class Members:
    """What is left of one JSON object; `path` stands before its members' names in messages."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise InvalidRequestError.at(path or "the request", f"must be a JSON object, got {shown(value)}")
        self._left = dict(value)
        self._prefix = f"{path}." if path else ""

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def names(self) -> list[str]:
        """Name what is left."""
        return list(self._left)

    def refuse(self, name: str, problem: str) -> InvalidRequestError:
        """Make the error that says what is wrong with a member."""
        return InvalidRequestError.at(self._prefix + name, problem)

    def take(self, name: str) -> Any:
        """Give a member that has to be there, whatever it is."""
        if name not in self._left:
            raise self.refuse(name, "is missing")
        return self._left.pop(name)

    def text(self, name: str, allowed: Collection[str] = ()) -> str:
        """Give a text, one of `allowed` when they are listed."""
        value = self.take(name)
        if not isinstance(value, str) or not value:
            raise self.refuse(name, f"must be a non-empty text, got {shown(value)}")
        if allowed and value not in allowed:
            raise self.refuse(name, f"must be {' or '.join(allowed)}, got {shown(value)}")
        return value

    def optional_text(self, name: str, allowed: Collection[str] = ()) -> str | None:
        """Give a text that may be left out."""
        return self.text(name, allowed) if name in self else None

    def boolean(self, name: str) -> bool:
        """Give a boolean."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise self.refuse(name, f"must be true or false, got {shown(value)}")
        return value

    def integer(self, name: str, lowest: int, highest: int | None = None) -> int:
        """Give an integer within its range."""
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refuse(name, f"must be an integer, got {shown(value)}")
        if value < lowest or (highest is not None and value > highest):
            wanted = f"at least {lowest}" if highest is None else f"between {lowest} and {highest}"
            raise self.refuse(name, f"must be {wanted}, got {shown(value)}")
        return value

    def array(self, name: str) -> list[Any]:
        """Give an array that has elements."""
        value = self.take(name)
        if not isinstance(value, list) or not value:
            raise self.refuse(name, f"must be a non-empty array, got {shown(value)}")
        return value

    def index_arn(self) -> str:
        """Give the ARN of a vector index."""
        value = self.text("index_arn")
        if not _INDEX_ARN.fullmatch(value):
            wanted = "arn:aws:s3vectors:<region>:<account>:bucket/<bucket>/index/<index>"
            raise self.refuse("index_arn", f"must be like {wanted}, got {shown(value)}")
        return value

    def refuse_the_rest(self) -> None:
        """Refuse members that nobody took: a misspelt one would otherwise do nothing, silently."""
        for name in self._left:
            raise self.refuse(
                name, "is not a member of this request; check its spelling, or upgrade the function"
            )
