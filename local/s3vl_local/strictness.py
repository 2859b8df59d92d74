"""How strict a local cloud is: like AWS, unless `make up` is told otherwise."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# The settings of indexes, as PUT /_s3vl/indexes takes them; it replaces what SEARCH says.
VARIABLE = "S3VL_NEW_INDEXES"
APPROXIMATE: dict[str, Any] = {"approximation": {}}
_SEARCH: dict[str, dict[str, Any]] = {"approximate": APPROXIMATE, "exact": {}}
_IAM = {"on": True, "off": False}


class StrictnessError(Exception):
    """`make up` was told what it does not understand; the message says what it may be told."""


@dataclass(frozen=True)
class Strictness:
    """What the local cloud refuses and misses as AWS does."""

    iam: bool = True
    # Of all indexes that have no settings of their own.
    indexes: dict[str, Any] = field(default_factory=lambda: APPROXIMATE)

    @classmethod
    def read(cls, iam: str | None, search: str | None, environment: Mapping[str, str]) -> Strictness:
        """Return what IAM=, SEARCH= and the environment ask for."""
        if iam is not None and iam not in _IAM:
            raise StrictnessError(f"IAM is {iam!r}; it may be on or off: make up IAM=off")
        if search is not None and search not in _SEARCH:
            raise StrictnessError(
                f"SEARCH is {search!r}; it may be approximate or exact: make up SEARCH=exact"
            )
        document = environment.get(VARIABLE)
        if document is not None and search is not None:
            raise StrictnessError(f"both SEARCH and {VARIABLE} say how indexes search; leave one of them out")
        indexes = _SEARCH[search or "approximate"] if document is None else _read_document(document)
        return cls(_IAM[iam or "on"], indexes)

    def __str__(self) -> str:
        """Say it in a sentence."""
        iam = "IAM policies are enforced" if self.iam else "IAM policies are not enforced"
        if self.indexes == {}:
            search = "indexes are exact"
        elif self.indexes == APPROXIMATE:
            search = "indexes are approximate"
        else:
            search = f"indexes behave as {VARIABLE} says"
        return f"{iam}, {search}"

    @property
    def is_as_aws(self) -> bool:
        """Tell whether nothing is turned off."""
        return self == Strictness()


def _read_document(text: str) -> dict[str, Any]:
    # It loads S3 Vectors, which nobody waits for who does not set the variable.
    from s3vl_local.s3vectors.settings import read_settings  # noqa: PLC0415

    try:
        document: dict[str, Any] = json.loads(text)
        read_settings(document)
    except ValueError as error:
        raise StrictnessError(
            f"{VARIABLE} is {text!r}: {error}; unset it, or see docs/local-stack.md"
        ) from error
    return document
