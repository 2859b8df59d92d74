"""Signatures of AWS, as botocore makes them: each is verified, and none that anything was changed in."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from s3vl_local.credential import Credential
from s3vl_local.signature import Secret, SignatureError, verify

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "http://127.0.0.1:8000"
OWNER = Credentials("AKIAOWNER", "of the owner")
SESSION = Credentials("ASIASESSION", "of the session", "token")
SECRETS = {
    "AKIAOWNER": Secret("of the owner"),
    "ASIASESSION": Secret("of the session", "token"),
}


def signed(
    service: str = "s3vectors",
    method: str = "POST",
    path: str = "/QueryVectors",
    body: bytes = b'{"topK": 1}',
    credentials: Credentials = OWNER,
    signer: Callable[..., Any] = auth.SigV4Auth,
    **headers: str,
) -> dict[str, Any]:
    """Return the WSGI environment of a request that botocore has signed."""
    request = AWSRequest(method, HOST + path, {"Content-Type": "application/json", **headers}, body)
    signer(credentials, service, "us-west-2").add_auth(request)
    url = urlsplit(request.url)
    environ = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": f"{url.path}?{url.query}" if url.query else url.path,
        "QUERY_STRING": url.query,
        "HTTP_HOST": url.netloc,
        "wsgi.input": BytesIO(body),
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode() if isinstance(value, bytes) else value
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text.encode().decode("latin-1")
    return environ


def presigned(**options: Any) -> dict[str, Any]:
    """Return a request for a URL of S3 that was signed beforehand."""
    return signed("s3", "GET", "/bucket/key", b"", signer=auth.S3SigV4QueryAuth, **options)


@pytest.mark.parametrize(
    "environ",
    [
        signed(),
        signed(body=b""),
        signed(credentials=SESSION),
        signed("s3vectors", "GET", "/tags/arn%3Aaws%3Aa%2Fb%20c?tagKeys=b&tagKeys=a%20b"),
        signed(
            "iam", path="/", body=b"Action=ListRoles", **{"Content-Type": "application/x-www-form-urlencoded"}
        ),
        signed("lambda", path="/2015-03-31/functions/arn%3Aaws%3Alambda/invocations", body=b"\xff\x00"),
        signed("s3", "PUT", "/bucket/a%20b//%C3%BC", b"body", signer=auth.S3SigV4Auth),
        signed("s3", "PUT", "/bucket/key", b"", signer=auth.S3SigV4Auth, **{"x-amz-meta-name": "\u00fc"}),
        presigned(),
        presigned(credentials=SESSION),
    ],
    ids=lambda environ: environ["REQUEST_URI"][:40],
)
def test_what_botocore_signs_is_verified(environ: dict[str, Any]) -> None:
    """Services, paths, bodies and URLs; the body can be read afterwards."""
    body = environ["wsgi.input"].getvalue()

    credential = verify(environ, SECRETS.get)

    assert credential.access_key in SECRETS
    assert credential.region == "us-west-2"
    assert environ["wsgi.input"].read() == body


def test_the_credential_is_what_was_signed_for() -> None:
    """Key, day, Region and service."""
    today = dt.datetime.now(dt.UTC).strftime("%Y%m%d")

    assert verify(signed(), SECRETS.get) == Credential("AKIAOWNER", today, "us-west-2", "s3vectors")


def changed(environ: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a request with something else in it; None leaves a part out."""
    return {name: value for name, value in (environ | changes).items() if value is not None}


def replaced(environ: dict[str, Any], name: str, old: str, new: str) -> dict[str, Any]:
    """Return a request with another text within a part."""
    assert old in environ[name]
    return environ | {name: environ[name].replace(old, new)}


TODAY = signed()["HTTP_X_AMZ_DATE"][:8]


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        (changed(signed(), **{"wsgi.input": BytesIO(b'{"topK": 2}')}), "InvalidSignatureException"),
        (changed(signed(), REQUEST_METHOD="PUT"), "InvalidSignatureException"),
        (changed(signed(), REQUEST_URI="/DeleteVectors"), "InvalidSignatureException"),
        (changed(signed(), QUERY_STRING="a=b"), "InvalidSignatureException"),
        (changed(signed(), HTTP_HOST="127.0.0.1:8001"), "InvalidSignatureException"),
        (changed(signed(), CONTENT_TYPE="text/plain"), "InvalidSignatureException"),
        (replaced(signed(), "HTTP_AUTHORIZATION", "us-west-2", "us-east-1"), "InvalidSignatureException"),
        (replaced(signed(), "HTTP_AUTHORIZATION", TODAY, "20200101"), "InvalidSignatureException"),
        (changed(signed(), HTTP_X_AMZ_DATE="20200101T000000Z"), "InvalidSignatureException"),
        (changed(signed(), HTTP_X_AMZ_DATE="today"), "InvalidSignatureException"),
        (changed(signed(), HTTP_X_AMZ_DATE=None), "InvalidSignatureException"),
        (replaced(signed(), "HTTP_AUTHORIZATION", "AKIAOWNER", "test"), "UnrecognizedClientException"),
        (signed(credentials=Credentials("AKIAOWNER", "guessed")), "InvalidSignatureException"),
        (signed(credentials=Credentials("test", "test")), "UnrecognizedClientException"),
        (changed(signed(credentials=SESSION), HTTP_X_AMZ_SECURITY_TOKEN="x"), "UnrecognizedClientException"),
        (changed(signed(credentials=SESSION), HTTP_X_AMZ_SECURITY_TOKEN=None), "UnrecognizedClientException"),
        (changed(signed(), HTTP_AUTHORIZATION=None), "MissingAuthenticationTokenException"),
        (changed(signed(), HTTP_AUTHORIZATION="AWS AKIAOWNER:x"), "MissingAuthenticationTokenException"),
        (changed(signed(), HTTP_AUTHORIZATION="Bearer x"), "MissingAuthenticationTokenException"),
        (
            replaced(signed(), "HTTP_AUTHORIZATION", "host;", ""),
            "MissingAuthenticationTokenException",
        ),
        (
            changed(
                signed("s3", "PUT", "/bucket/key", b"body", signer=auth.S3SigV4Auth),
                **{"wsgi.input": BytesIO(b"else")},
            ),
            "InvalidSignatureException",
        ),
        (replaced(presigned(), "QUERY_STRING", "Expires=3600", "Expires=3601"), "InvalidSignatureException"),
        (replaced(presigned(), "QUERY_STRING", "Signature=", "Signature=0"), "InvalidSignatureException"),
        (changed(presigned(), REQUEST_URI="/bucket/else"), "InvalidSignatureException"),
    ],
)
def test_what_was_changed_is_refused(environ: dict[str, Any], code: str) -> None:
    """No part of a request can be another than what was signed."""
    with pytest.raises(SignatureError) as refused:
        verify(environ, SECRETS.get)

    assert refused.value.json_code == code


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_signature_is_good_for_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """Older ones and those of the future are refused, though they are right."""
    at = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    monkeypatch.setattr(auth, "get_current_datetime", lambda: at)

    with pytest.raises(SignatureError, match="Signature expired or not yet current"):
        verify(signed(), SECRETS.get)
