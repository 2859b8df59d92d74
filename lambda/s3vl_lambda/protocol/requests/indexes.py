"""Requests that make an index, or end one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from s3vl_lambda.protocol.errors import shown
from s3vl_lambda.protocol.requests.base import IndexRequest, Request

if TYPE_CHECKING:
    from s3vl_lambda.protocol.members import Members

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MAX_DIMENSION = 4_096
_DISTANCE_METRICS = ("cosine", "euclidean")
_MAX_KEYS = 10
_MAX_KEY_LENGTH = 63


@dataclass(frozen=True, kw_only=True)
class CreateIndex(Request):
    """Ask for a new index; without `vector_bucket` in the bucket that the function's environment names.

    `text_keys` has the language of each metadata key with text search, or None.
    """

    operation = "create_index"
    index_name: str
    dimension: int
    distance_metric: str
    non_filterable_keys: list[str]
    text_keys: dict[str, str | None]
    vector_bucket: str | None

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take what the index is to be."""
        return cls(
            budget_ms=budget_ms,
            index_name=_name(members, "index_name"),
            dimension=members.integer("dimension", 1, _MAX_DIMENSION),
            distance_metric=members.text("distance_metric", _DISTANCE_METRICS),
            non_filterable_keys=_non_filterable_keys(members),
            text_keys=_text_keys(members),
            vector_bucket=_name(members, "vector_bucket") if "vector_bucket" in members else None,
        )


@dataclass(frozen=True, kw_only=True)
class DeleteIndex(IndexRequest):
    """Ask for the end of an index; with `force` of its vectors too."""

    operation = "delete_index"
    force: bool

    @classmethod
    def read(cls, members: Members, budget_ms: int) -> Self:
        """Take the index."""
        return cls(budget_ms=budget_ms, index_arn=members.index_arn(), force=members.boolean("force"))


def _name(members: Members, member: str) -> str:
    """Take a name of S3 Vectors."""
    name = members.text(member)
    if not _NAME.fullmatch(name):
        raise members.refuse(
            member,
            "must have 3 to 63 lowercase letters, digits, dots and hyphens, with a letter or digit at both ends, "
            f"got {shown(name)}",
        )
    return name


def _non_filterable_keys(members: Members) -> list[str]:
    """Take the metadata keys that filters cannot use."""
    if "non_filterable_keys" not in members:
        return []
    keys = members.array("non_filterable_keys")
    _check_count(members, "non_filterable_keys", len(keys))
    for number, key in enumerate(keys, 1):
        if not _is_key(key):
            raise members.refuse(
                f"non_filterable_keys[{number}]",
                f"must be a text of 1 to {_MAX_KEY_LENGTH} characters, got {shown(key)}",
            )
        if key in keys[: number - 1]:
            raise members.refuse(f"non_filterable_keys[{number}]", f"is there before: {shown(key)}")
    return keys


def _text_keys(members: Members) -> dict[str, str | None]:
    """Take the metadata keys with text search; which languages there are is for the service to say."""
    if "text_keys" not in members:
        return {}
    keys: Any = members.take("text_keys")
    if not isinstance(keys, dict) or not keys:
        raise members.refuse(
            "text_keys", f"must be an object of metadata keys with their languages, got {shown(keys)}"
        )
    _check_count(members, "text_keys", len(keys))
    for key, language in keys.items():
        if not _is_key(key):
            raise members.refuse(
                "text_keys", f"must have keys of 1 to {_MAX_KEY_LENGTH} characters, got {shown(key)}"
            )
        if language is not None and (not isinstance(language, str) or not language):
            raise members.refuse(f"text_keys.{key}", f"must be a language or null, got {shown(language)}")
    return keys


def _check_count(members: Members, member: str, count: int) -> None:
    """Refuse more keys than an index can have."""
    if count > _MAX_KEYS:
        raise members.refuse(member, f"must have at most {_MAX_KEYS} keys, got {count}")


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= _MAX_KEY_LENGTH
