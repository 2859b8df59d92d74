"""What a shell has set for other clouds, databases and networks, and must not reach the local cloud."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

# Profiles, endpoints and certificates of AWS; services, options and certificates of PostgreSQL's clients.
PREFIXES = ("AWS_", "PG")
HERE = "127.0.0.1"
# What `make env` keeps of them, with the credentials that may be in it; a program needs it no more than those.
BEFORE = "S3VL_BEFORE"


def foreign(names: Iterable[str]) -> list[str]:
    """Return those of the variables that would send commands somewhere else."""
    return sorted(name for name in names if name.startswith(PREFIXES))


def leave(environment: MutableMapping[str, str]) -> None:
    """Take them out, and keep a proxy from what runs here."""
    for name in [*foreign(environment), BEFORE]:
        environment.pop(name, None)
    environment.update(no_proxy(environment))


def no_proxy(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Return the variables that let this machine be reached directly, beside what they say already."""
    said = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    hosts = ",".join(dict.fromkeys([*filter(None, said.split(",")), HERE]))
    # Some programs read the one, some the other.
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def left() -> dict[str, str]:
    """Return a copy of this process's environment without them."""
    environment = dict(os.environ)
    leave(environment)
    return environment
