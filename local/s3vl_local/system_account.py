"""The account that PostgreSQL runs as when we are root, because PostgreSQL refuses root, and what it can reach.

Folders of root's are often closed to others, and stay so: what the account needs is in a folder of its own.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3vl_local import private
from s3vl_local.turns import turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3vl_local.postgres_versions import Installation

NAME = "s3vl-postgres"
HOME = Path("/var/lib/s3vl-postgres")
# The databases' folder; the tests have theirs in memory.
DATA = Path(os.environ.get("S3VL_POSTGRES_DATA", HOME))
# In each folder of ours there: what it is for. When that is gone, the folder goes.
_ORIGIN = "origin"


def needed() -> bool:
    """Tell whether the server cannot run as who we are."""
    return os.geteuid() == 0


def run_as() -> dict[str, Any]:
    """Return what makes subprocess.run give up root, its group included."""
    if not needed():
        return {}
    return {"user": NAME, "group": pwd.getpwnam(NAME).pw_gid, "extra_groups": []}


def give(path: Path) -> None:
    """Let the account have a file or folder that only the server needs."""
    if needed():
        shutil.chown(path, NAME, NAME)


def place(folder: Path) -> Path:
    """Return the folder in which the server can work, for one that may be closed to it."""
    if not needed():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    own = find(folder)
    with _home():
        # Let through and not listed; what is in it has rights of its own.
        own.mkdir(mode=0o711, exist_ok=True)
        private.write(own / _ORIGIN, str(folder))
    return own


def find(folder: Path) -> Path:
    """Return what `place` returns, without making it."""
    return DATA / _own_name("data", folder) if needed() else folder


def within_reach(installation: Installation) -> Installation:
    """Return an installation that the account can run: a copy, when the folders above it are closed."""
    top = installation.parts[0].parent
    if not needed() or all(parent.stat().st_mode & stat.S_IXOTH for parent in (top, *top.parents)):
        return installation
    programs = installation.programs
    told = (programs / "postgres").stat()
    copy = HOME / _own_name(f"programs-{told.st_size}-{told.st_mtime_ns}", top)
    with _home():
        if not copy.exists():
            _copy(installation, copy)
    return replace(
        installation,
        programs=copy / programs.relative_to(top),
        parts=tuple(copy / part.name for part in installation.parts),
    )


def _copy(installation: Installation, copy: Path) -> None:
    """Copy an installation, so that others may do what the owner may, but for writing."""
    partial = copy.with_name(f"{copy.name}.{os.getpid()}")
    for part in installation.parts:
        shutil.copytree(part, partial / part.name, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (mode >> 3 & 0o050) | (mode >> 6 & 0o005))
    private.write(partial / _ORIGIN, str(installation.programs))
    partial.rename(copy)


def _own_name(kind: str, origin: Path) -> str:
    return f"{kind}-{hashlib.sha256(str(origin).encode()).hexdigest()[:16]}"


@contextmanager
def _home() -> Iterator[None]:
    """Have the account's folders alone: make all on first use, and clear what belonged to folders that are gone."""
    for folder in (HOME, DATA):
        folder.mkdir(mode=0o711, exist_ok=True)
    with turn(HOME):
        try:
            pwd.getpwnam(NAME)
        except KeyError:
            subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", NAME], check=True)  # noqa: S603, S607
        for origin in {*HOME.glob(f"*/{_ORIGIN}"), *DATA.glob(f"*/{_ORIGIN}")}:
            if not Path(origin.read_text(encoding="utf-8")).parent.exists():
                shutil.rmtree(origin.parent, ignore_errors=True)
        yield
