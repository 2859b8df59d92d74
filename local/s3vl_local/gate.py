"""Whose requests come in: those of the owner and of roles. All others are refused before anything is done.

Any page in the owner's browser and any other user of the machine can send requests to a port of 127.0.0.1. A page
is known by what browsers add to its requests, or by the name that it took for this address; everybody else has no
credentials. No answer allows a page to read it: there are no CORS headers.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from werkzeug import Response

from s3vl_local import refusals, signature
from s3vl_local.signature import Secret, SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3vl_local.credential import Credential
    from s3vl_local.owner import Owner

UNAUTHORIZED, FORBIDDEN = 401, 403
# Browsers add the one to what a page sends with a method other than GET, and to what it may read, the other to all.
OF_BROWSERS = ("Origin", "Sec-Fetch-Site")
HINT = 'take this cloud\'s credentials: eval "$(make -s env)"'


class RefusedError(Exception):
    """The request is not let in."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.get_data(as_text=True))
        self.response = response


class Gate:
    """Stands before everything that a server answers."""

    def __init__(self, owner: Owner, port: int, token_of: Callable[[str], Secret | None]) -> None:
        """Let in the owner, and those whose temporary access keys `token_of` knows."""
        self._owner = owner
        self._token_of = token_of
        self._own_hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))
        self._other_hosts: frozenset[str] = frozenset()

    def change_hosts(self, document: Any) -> None:
        """Answer to other addresses too, from which a tunnel leads here: what PUT /_s3vl/hosts says."""
        hosts = document.get("hosts") if isinstance(document, dict) and len(document) == 1 else None
        if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
            raise ValueError(f'hosts are changed with {{"hosts": ["localhost:8000"]}}, got {document!r}')
        self._other_hosts = frozenset(host.lower() for host in hosts)

    def check_origin(self, environ: dict[str, Any]) -> None:
        """Refuse what a page in a browser sends, to whatever route."""
        host = environ.get("HTTP_HOST", "")
        if host.lower() not in self._own_hosts | self._other_hosts:
            raise RefusedError(
                _json(
                    FORBIDDEN,
                    f"this local cloud does not answer to the host {host[:200]!r}, only to "
                    f"{' and '.join(sorted(self._own_hosts))}; for a tunnel, see /_s3vl/hosts in docs/local-stack.md",
                )
            )
        for name in OF_BROWSERS:
            if f"HTTP_{name.upper().replace('-', '_')}" in environ:
                raise RefusedError(
                    _json(
                        FORBIDDEN,
                        f"requests of pages in a browser are refused; this one has the header {name}",
                    )
                )

    def check_token(self, environ: dict[str, Any]) -> None:
        """Refuse a control request without the owner's token."""
        given = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1")
        if not hmac.compare_digest(given, f"Bearer {self._owner.token}".encode()):
            response = _json(
                UNAUTHORIZED, f'control routes take -H "Authorization: Bearer $S3VL_TOKEN"; {HINT}'
            )
            response.headers["WWW-Authenticate"] = "Bearer"
            raise RefusedError(response)

    def check_signature(self, environ: dict[str, Any]) -> Credential:
        """Return who signed a request to AWS; nobody else is let in."""
        try:
            return signature.verify(environ, self._secret_of)
        except SignatureError as error:
            service = error.credential.service if error.credential else None
            message = f"{error.message} To {HINT}"
            raise RefusedError(
                refusals.error(service, environ, FORBIDDEN, message, error.xml_code, error.json_code)
            ) from error

    def _secret_of(self, access_key: str) -> Secret | None:
        if access_key == self._owner.access_key:
            return Secret(self._owner.secret_key)
        return self._token_of(access_key)


def _json(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, content_type="application/json")
