"""Signatures of AWS, version 4: verified by making them once more, with botocore's own code.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from botocore.auth import UNSIGNED_PAYLOAD, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from s3vl_local import credential

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3vl_local.credential import Credential

ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(
    rf"{ALGORITHM} +Credential=(?P<credential>[^ ,]+)[ ,]+SignedHeaders=(?P<headers>[^ ,]+)[ ,]+"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_HASH = re.compile(r"[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z")
# How old a signature may be, and how far ahead of this clock.
LIFETIME = dt.timedelta(minutes=15)


class Secret(NamedTuple):
    """What belongs to an access key; temporary ones have a token."""

    secret_key: str
    token: str | None = None


class SignatureError(Exception):
    """A request is not signed as it must be; the codes are those of XML and of JSON services."""

    def __init__(self, xml_code: str, json_code: str, message: str, signed: Credential | None) -> None:
        super().__init__(message)
        self.xml_code = xml_code
        self.json_code = json_code
        self.message = message
        self.credential = signed


@dataclass(frozen=True)
class _Signed:
    """What a request says of its signature, wherever it says so."""

    credential: Credential
    headers: tuple[str, ...]
    signature: str
    timestamp: str
    lifetime: dt.timedelta
    token: str | None
    query: str
    # Of a URL that is signed beforehand: S3 does not know the body then.
    in_url: bool = False


def verify(environ: dict[str, Any], secret_of: Callable[[str], Secret | None]) -> Credential:
    """Return who signed a request; SignatureError says why nobody has."""
    signed = _in_header(environ) or _in_url(environ)
    if signed is None or "host" not in signed.headers:
        raise SignatureError(
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            f"Request is missing Authentication Token: the local cloud takes signatures {ALGORITHM} only.",
            credential.find(environ.get("HTTP_AUTHORIZATION", "")),
        )
    secret = secret_of(signed.credential.access_key)
    if secret is None or not hmac.compare_digest(secret.token or "", signed.token or ""):
        raise SignatureError(
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            signed.credential,
        )
    _check_time(signed)
    if not hmac.compare_digest(_signature(signed, environ, secret), signed.signature):
        raise _mismatch(
            signed,
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )
    return signed.credential


def _in_header(environ: dict[str, Any]) -> _Signed | None:
    match = _HEADER.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    found = match and credential.find(match["credential"])
    if not match or not found:
        return None
    return _Signed(
        found,
        tuple(match["headers"].split(";")),
        match["signature"],
        environ.get("HTTP_X_AMZ_DATE", ""),
        LIFETIME,
        environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
        environ["QUERY_STRING"],
    )


def _in_url(environ: dict[str, Any]) -> _Signed | None:
    """Read a signature of a URL that was made beforehand, to be called by somebody without credentials."""
    query = environ["QUERY_STRING"]
    names = ("Algorithm", "Credential", "SignedHeaders", "Signature", "Date", "Expires")
    values = {name: values[0] for name, values in parse_qs(query).items()}
    given = {name: values.get(f"X-Amz-{name}", "") for name in names}
    found = credential.find(given["Credential"])
    if given["Algorithm"] != ALGORITHM or not found or not re.fullmatch(r"\d{1,6}", given["Expires"]):
        return None
    return _Signed(
        found,
        tuple(given["SignedHeaders"].split(";")),
        given["Signature"],
        given["Date"],
        dt.timedelta(seconds=int(given["Expires"])),
        values.get("X-Amz-Security-Token"),
        "&".join(pair for pair in query.split("&") if not pair.startswith("X-Amz-Signature=")),
        in_url=True,
    )


def _check_time(signed: _Signed) -> None:
    """Refuse what was signed too long ago, or on another day than the key that signed it is for."""
    if not _TIMESTAMP.fullmatch(signed.timestamp):
        raise _mismatch(signed, f"Date must be in ISO-8601 'basic format'. Got '{signed.timestamp[:200]}'.")
    at = dt.datetime.fromisoformat(signed.timestamp)
    now = dt.datetime.now(dt.UTC)
    if not at - LIFETIME <= now <= at + signed.lifetime:
        raise _mismatch(
            signed,
            f"Signature expired or not yet current: {signed.timestamp}, it is {now:%Y%m%dT%H%M%SZ} here.",
        )

    if not signed.timestamp.startswith(signed.credential.date):
        raise _mismatch(
            signed, f"Date in Credential scope, {signed.credential.date}, does not match {signed.timestamp}."
        )


def _mismatch(signed: _Signed, message: str) -> SignatureError:
    return SignatureError("SignatureDoesNotMatch", "InvalidSignatureException", message, signed.credential)


def _signature(signed: _Signed, environ: dict[str, Any], secret: Secret) -> str:
    """Return the signature that the request must have."""
    path = environ["REQUEST_URI"].partition("?")[0]
    request = AWSRequest(environ["REQUEST_METHOD"], f"http://here{path}?{signed.query}")
    for name in signed.headers:
        # WSGI has the bytes of a header as if they were Latin-1.
        request.headers[name] = _header(environ, name).encode("latin-1").decode(errors="replace")
    request.context["timestamp"] = signed.timestamp
    request.context["payload"] = _payload(signed, environ)
    kind = _S3Again if signed.credential.service == "s3" else _Again
    auth = kind(Credentials("", secret.secret_key), signed.credential.service, signed.credential.region)
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def _payload(signed: _Signed, environ: dict[str, Any]) -> str:
    """Return what stands for the body: its hash, or the word of an upload to S3 that does not tell it."""
    told: str = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
    if signed.credential.service == "s3":
        if signed.in_url:
            return str(UNSIGNED_PAYLOAD)
        if told and not _HASH.fullmatch(told):
            return told
    body = environ["wsgi.input"]
    calculated = hashlib.file_digest(body, "sha256").hexdigest()
    body.seek(0)
    if told not in ("", calculated):
        raise _mismatch(
            signed, "The provided 'x-amz-content-sha256' header does not match what was computed."
        )
    return calculated


def _header(environ: dict[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    value: str = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    return value


@functools.lru_cache(maxsize=64)
def _signing_key(secret_key: str, *scope: str) -> bytes:
    """Derive the key of a date, a Region and a service, as the page above says."""
    key = f"AWS4{secret_key}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class _Again(SigV4Auth):
    """botocore's signer, which chooses headers and hashes the body; here the request has chosen."""

    def headers_to_sign(self, request: AWSRequest) -> Any:
        return request.headers

    def payload(self, request: AWSRequest) -> Any:
        return request.context["payload"]

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        """Sign with a key that is derived once: most requests of a day are signed with the same."""
        date = request.context["timestamp"][:8]
        key = _signing_key(self.credentials.secret_key, date, self._region_name, self._service_name)
        return hmac.new(key, string_to_sign.encode(), hashlib.sha256).hexdigest()


class _S3Again(_Again, S3SigV4Auth):
    """S3 does not normalize paths."""
