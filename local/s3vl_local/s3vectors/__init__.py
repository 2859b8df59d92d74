"""Amazon S3 Vectors as of November 2026, on moto's backends.

The service as its model and its users describe it: limits, error texts, paging and filters included.
A request goes through `http` → `operations` → `models` (state), with one file per subject below them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.utilities.arns import parse_arn

from s3vl_local.private import UnreadableError
from s3vl_local.s3vectors.index import Index
from s3vl_local.s3vectors.models import s3vectors_backends
from s3vl_local.s3vectors.storage import STORAGE

if TYPE_CHECKING:
    from pathlib import Path


def open_storage(path: Path) -> None:
    """Bring back what a server before this one kept in the file, and keep everything there from now on."""
    try:
        STORAGE.open(path)
        _restore()
    except Exception as error:
        # The file may be anything: SQLite, pickle and JSON each complain in their own way of bytes that are not theirs.
        raise UnreadableError(
            f"{path} is damaged, or was written by another version of the local cloud "
            f"({type(error).__name__}: {error}). Forget what is in it with: make reset"
        ) from error


def _restore() -> None:
    for resource, tags in STORAGE.resources():
        arn = parse_arn(resource.arn)
        backend = s3vectors_backends[arn.account][arn.region]
        if isinstance(resource, Index):
            resource.remember(STORAGE.records(resource.id))
            backend.restore_index(resource, tags)
        else:
            backend.restore_bucket(resource, tags)
