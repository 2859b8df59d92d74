"""Files that only their owner can read, from the moment that they are made."""

from __future__ import annotations

import json
import os
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


class UnreadableError(Exception):
    """A file does not hold what the local cloud has written there; the message says what to do about it."""


def open_folder(path: Path) -> None:
    """Make a folder that is closed to others; one that earlier versions left open is closed."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(FOLDER_MODE)


def opened(path: Path, mode: str) -> IO[bytes]:
    """Open a file, which is closed to others when it is made now."""
    return cast("IO[bytes]", open(path, mode, opener=lambda name, flags: os.open(name, flags, FILE_MODE)))


def write(path: Path, text: str) -> None:
    """Write a file at once: whoever reads it finds the old text or the new."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    with opened(partial, "xb") as file:
        file.write(text.encode())
    partial.replace(path)


def read_json(path: Path, members: Mapping[str, type]) -> dict[str, Any]:
    """Return a JSON document of ours, which must have these members, of these types, and no others."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict) or {name: type(value) for name, value in document.items()} != members:
        wanted = ", ".join(f"{name} ({kind.__name__})" for name, kind in members.items())
        raise UnreadableError(f"{path} cannot be read: it must be a JSON object with {wanted}")
    return document
