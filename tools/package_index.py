"""Says in plain words why nothing could be downloaded, where pip says it five times and then blames a version."""

from __future__ import annotations

import base64
import http.client
import os
import re
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request

DEFAULT = "https://pypi.org/simple/"
_SECONDS = 10
_LOGIN = re.compile(r"(?<=://)[^/]*@")
ADVICE = """\
Settings of pip count. Behind a proxy set HTTPS_PROXY; for a mirror, PIP_INDEX_URL;
where TLS connections are inspected, PIP_CERT to your organization's certificates."""


def why_not(said: str) -> str:
    """Return what to tell of a failed download: the index that cannot be reached, or else what pip said."""
    try:
        # pip's own setting, or what Python trusts by default.
        trusted = ssl.create_default_context(cafile=_configured("cert", "PIP_CERT", "REQUESTS_CA_BUNDLE"))
        with urllib.request.urlopen(_request(), timeout=_SECONDS, context=trusted):  # noqa: S310
            return said.strip()
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{address()} cannot be reached: {getattr(error, 'reason', error)}\n{ADVICE}"


def address() -> str:
    """Return where pip looks for packages, to be shown: without the login that may be in it."""
    return _LOGIN.sub("", _index())


def _index() -> str:
    return _configured("index-url", "PIP_INDEX_URL") or DEFAULT


def _request() -> urllib.request.Request:
    """Return what opens the index, which is what pip would open too, with the login in a header as pip has it."""
    request = urllib.request.Request(address())  # noqa: S310
    login = _LOGIN.search(_index())
    if login:
        user, _, password = login[0].removesuffix("@").partition(":")
        words = ":".join(map(urllib.parse.unquote, (user, password)))
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(words.encode()).decode()}")
    return request


def _configured(name: str, *variables: str) -> str | None:
    """Return a setting of pip from its variables or its files."""
    for variable in variables:
        if os.environ.get(variable):
            return os.environ[variable]
    # Not `config get`, which leaves out the file that PIP_CONFIG_FILE names.
    settings = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    found = re.search(rf"^\w+\.{name}='(.*)'$", settings.stdout, re.MULTILINE)
    return found[1] if found else None
