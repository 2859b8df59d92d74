"""The credential of a signed request: whose key signed it, on which day, and for which Region and service."""

from __future__ import annotations

import re
from typing import NamedTuple

_CREDENTIAL = re.compile(r"([^/=\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")


class Credential(NamedTuple):
    """What a signature says of itself; signature.py tells whether it is true."""

    access_key: str
    date: str
    region: str
    service: str


def find(text: str) -> Credential | None:
    """Return the credential in an Authorization header, or in what else carries one; None when there is none."""
    match = _CREDENTIAL.search(text)
    return Credential(*match.groups()) if match else None
