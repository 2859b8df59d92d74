"""The credential of a signed request: whose key signed it, and for which Region and service."""

from __future__ import annotations

import re
from typing import NamedTuple

_CREDENTIAL = re.compile(r"([^/=\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")


class Credential(NamedTuple):
    """What a signature says of itself; signatures are not verified here."""

    access_key: str
    region: str
    service: str


def find(text: str) -> Credential | None:
    """Return the credential in an Authorization header, or in what else carries one; None when there is none."""
    match = _CREDENTIAL.search(text)
    return Credential(*match.groups()) if match else None
