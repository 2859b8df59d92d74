"""What only the owner of a local cloud has, in a file that nobody else can read: its credentials.

They are made at random for each cloud, so that no page in a browser and no other user of the machine can guess them.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from s3vl_local import private

if TYPE_CHECKING:
    from pathlib import Path

NAME = "owner.json"
# Of an access key's id: AWS has 16 characters of base 32 after the prefix.
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class Owner:
    """Credentials of AWS, the token of the control routes, and what PostgreSQL tells Lambda's port."""

    access_key: str
    secret_key: str
    token: str
    lambda_password: str

    @classmethod
    def of(cls, home: Path) -> Owner:
        """Return the owner of the cloud in this folder; UnreadableError when its file is not as it was made."""
        return cls(**private.read_json(home / NAME, {field.name: str for field in fields(cls)}))


def make_owner(home: Path) -> None:
    """Make up the owner of a new cloud."""
    path = home / NAME
    if not path.exists():
        private.write(path, json.dumps(asdict(_someone()), indent=2) + "\n")


def _someone() -> Owner:
    return Owner(
        access_key="AKIA" + "".join(secrets.choice(_LETTERS) for _ in range(16)),
        secret_key=secrets.token_urlsafe(30),
        token=secrets.token_urlsafe(),
        lambda_password=secrets.token_urlsafe(),
    )
