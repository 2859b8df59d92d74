"""Answers as the JSON that the SQL functions read, and how much of it fits into one.

Values are encoded one by one, so that a vector which cannot go to PostgreSQL is found by name, and an answer
is measured while it grows; whole answers are put together from encoded parts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from s3vl_lambda.protocol.errors import MalformedDataError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3vl_lambda.protocol.errors import S3vlError

# Lambda's limit of 6 MB, less what stands around the rows: two page tokens of at most 4 kB and the envelope.
MAX_ROW_BYTES = 6_291_456 - 32_768
# Rows of so many bytes may be on their way at a time. What the service sends for one of them, and what is parsed
# from that, take several times as much memory.
MAX_BYTES_AT_A_TIME = 4_000_000

# One encoder for all values; json.dumps makes one for each.
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

# U+0000 as JSON writes it: after an even number of backslashes, or else it is text that looks like it.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Rows:
    """The encoded rows of one answer; `bytes_left` is the room for more, beside what is reserved."""

    def __init__(self, reserved: int = 0) -> None:
        self.encoded: list[bytes] = []
        self.bytes_left = MAX_ROW_BYTES - reserved

    def __len__(self) -> int:
        return len(self.encoded)

    def fitting(self, rows: Sequence[bytes]) -> int:
        """Count how many of the next rows there is room for."""
        bytes_left = self.bytes_left
        for count, row in enumerate(rows):
            bytes_left -= len(row) + 1  # and a comma
            if bytes_left < 0:
                return count
        return len(rows)

    @property
    def is_nearly_full(self) -> bool:
        """Tell whether so little room is left that asking for more is not worth a call."""
        return self.bytes_left * 20 < MAX_ROW_BYTES

    def likely_to_fit(self, done: int) -> int:
        """Estimate how many more items to ask for, of the size of those that are done and have their rows here."""
        bytes_taken = MAX_ROW_BYTES - self.bytes_left
        return min(self.bytes_left, MAX_BYTES_AT_A_TIME) * done // max(bytes_taken, 1)

    def extend(self, rows: Sequence[bytes]) -> None:
        """Add rows that fit."""
        self.encoded.extend(rows)
        self.bytes_left -= sum(map(len, rows)) + len(rows)


@dataclass(frozen=True)
class Answer:
    """What an operation found or wrote; a `continuation` says how to ask for the rest."""

    members: dict[str, Any]
    rows: Rows | None = None
    continuation: dict[str, Any] | None = None
    written: int = 0


@dataclass(frozen=True)
class Envelope:
    """What stands around every answer."""

    execution_time_ms: int
    request_id: str
    stats: dict[str, Any]

    def parts(self) -> dict[str, bytes]:
        """Give the encoded members."""
        return {name: encode(value, name) for name, value in vars(self).items()}


def success(answer: Answer, envelope: Envelope) -> bytes:
    """Write the answer to a request that was carried out."""
    parts = {"success": b"true"}
    if answer.continuation is not None:
        parts["continuation"] = encode(answer.continuation, "continuation")
    parts |= envelope.parts()
    result = {name: encode(value, name) for name, value in answer.members.items()}
    if answer.rows is None:
        return document(parts | {"result": document(result)})
    # The rows come last, because that way 6 MB of them are copied no more often than they have to be.
    around = document(parts | {"result": document(result | {"vectors": b"[]"})})
    end = b"]}}"
    return b"".join((around.removesuffix(end), b",".join(answer.rows.encoded), end))


def failure(error: S3vlError, envelope: Envelope) -> bytes:
    """Write the answer to a request that was not carried out."""
    described: dict[str, Any] = {
        "code": error.code,
        "type": error.origin,
        "message": _storable(error.message),
        "retryable": error.retryable,
    }
    if error.attempts is not None:
        described["attempts"] = error.attempts
    if error.limit is not None:
        described["limit"] = error.limit
    if error.fields:
        described["fields"] = [
            {name: _storable(text) for name, text in error_field.items()} for error_field in error.fields
        ]
    described |= error.done
    return document({"success": b"false", "error": encode(described, "error")} | envelope.parts())


def encode(value: Any, what: str, advice: str = "", of: str | None = None) -> bytes:
    """Write a value as JSON that PostgreSQL can store; for the error if it cannot: what it is, of which vector."""
    try:
        encoded = _json(value).encode()
    except UnicodeEncodeError:
        problem = "holds half of a UTF-16 surrogate pair"
    except ValueError:
        problem = "holds a number that is not finite"
    except RecursionError:
        problem = "is nested too deeply"
    else:
        if rb"\u0000" not in encoded or not _NUL.search(encoded):
            return encoded
        problem = "holds U+0000, which PostgreSQL cannot store"
    whose = "" if of is None else f" of vector {shown(of)}"
    raise MalformedDataError(f"{what}{whose} {problem}{advice}")


def document(parts: dict[str, bytes]) -> bytes:
    """Put encoded members together to an object."""
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), part) for name, part in parts.items()) + b"}"


def _storable(text: str) -> str:
    """Write a message so that PostgreSQL can store it, whatever was wrong in the value that it quotes."""
    return text.encode(errors="backslashreplace").decode().replace("\0", r"\u0000")
