"""A page in the owner's browser: whatever it sends to whatever route of a running cloud, nothing comes of it."""

from __future__ import annotations

import http.client
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moto
import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from s3vl_local.cloud import request
from s3vl_local.control import PREFIX, Control
from s3vl_local.s3vectors import http as s3vectors_http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.cloud import LocalCloud

EVIL = "http://evil.example"
FORGED = (
    "AWS4-HMAC-SHA256 Credential=test/20261128/us-west-2/cloudformation/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)
FORM = "Action=CreateStack&StackName=evil&TemplateBody={}"
# A moto service's paths begin with this, where the host goes.
MOTO_PATH = re.compile(r'"\{0\}(/[^"]*)"')


def routes() -> list[str]:
    """Return a path of each route: ours, and those of every service that moto could load."""
    control = Control(dict, dict, lambda _: None)
    ours = [PREFIX + pattern for _, pattern in control.routes]
    vectors = [path for _, path in s3vectors_http._OPERATIONS]
    invoke = ["/2015-03-31/functions/name/invocations"]
    # The text, and not the modules: to import them all takes a minute.
    texts = [path.read_text() for path in Path(moto.__file__).parent.glob("*/**/urls.py")]
    of_moto = [path for text in texts for path in MOTO_PATH.findall(text)]
    assert len(of_moto) > 500
    assert "/moto-api/reset" in of_moto
    return sorted({plain(path) for path in ("/", *ours, *vectors, *invoke, *of_moto)})


def plain(pattern: str) -> str:
    """Return a path that a pattern stands for, near enough: nothing is to look at it."""
    named = re.sub(r"\((?:[^()]|\([^()]*\))*\)[?*+]?", "x", pattern)
    return re.sub(r"[^A-Za-z0-9/_.-]", "", named)


ROUTES = routes()

# What a browser sends for each thing that a page can do; {port} is the cloud's.
ATTACKS: dict[str, tuple[str, dict[str, str], str]] = {
    "preflight": (
        "OPTIONS",
        {
            "Origin": EVIL,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
        "",
    ),
    "preflight of a private network": (
        "OPTIONS",
        {
            "Origin": EVIL,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Private-Network": "true",
        },
        "",
    ),
    "text": ("POST", {"Origin": EVIL, "Content-Type": "text/plain"}, '{"operation": "*", "status": 500}'),
    "form": ("POST", {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}, FORM),
    "another local page": (
        "POST",
        {
            "Origin": "http://localhost:3000",
            "Content-Type": "multipart/form-data; boundary=b",
            "Sec-Fetch-Site": "same-site",
        },
        "--b--",
    ),
    "after a preflight": (
        "PUT",
        {"Origin": EVIL, "Authorization": FORGED, "Content-Type": "application/json"},
        "{}",
    ),
    "image": (
        "GET",
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        "",
    ),
    "navigation": ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, ""),
    "typed address": ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, ""),
    "web socket": (
        "GET",
        {
            "Origin": EVIL,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
        },
        "",
    ),
    "old browser": ("GET", {"Referer": EVIL}, ""),
    "old browser's form": (
        "POST",
        {"Referer": EVIL, "Content-Type": "application/x-www-form-urlencoded"},
        FORM,
    ),
    "rebinding": ("GET", {"Host": "evil.example:{port}", "Sec-Fetch-Site": "same-origin"}, ""),
    "rebinding, old browser": ("GET", {"Host": "evil.example:{port}"}, ""),
    "rebinding, any method and header": (
        "PUT",
        {
            "Host": "evil.example:{port}",
            "Origin": "http://evil.example:{port}",
            "Authorization": FORGED,
            "Content-Type": "application/json",
        },
        '{"enforce": false}',
    ),
    "rebinding, delete": ("DELETE", {"Host": "evil.example", "Authorization": "Bearer x"}, ""),
}


@pytest.fixture
def connection(cloud: LocalCloud) -> Iterator[http.client.HTTPConnection]:
    """Connect to the cloud as a browser does."""
    opened = http.client.HTTPConnection("127.0.0.1", cloud.state().http_port, timeout=60)
    yield opened
    opened.close()


def held(cloud: LocalCloud) -> Any:
    """Return what a cloud holds and has counted."""
    files = [cloud.home / "moto.pickle"]
    counters = request(cloud.state(), "GET", f"{PREFIX}requests")
    faults = request(cloud.state(), "GET", f"{PREFIX}faults")
    return [file.read_bytes() for file in files if file.exists()], counters, faults


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_route_does_what_a_page_asks(
    cloud: LocalCloud, connection: http.client.HTTPConnection, attack: str
) -> None:
    """Every route refuses, none lets the page read its answer, and what the cloud holds and counts stays."""
    method, headers, body = ATTACKS[attack]
    port = str(cloud.state().http_port)
    sent = {name: value.replace("{port}", port) for name, value in headers.items()}
    before = held(cloud)

    for path in ROUTES:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (401, 403), path
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")], path
    assert held(cloud) == before


@pytest.mark.parametrize(
    "header", [("Origin", EVIL), ("Sec-Fetch-Site", "cross-site"), ("Host", "evil.example")]
)
def test_credentials_do_not_help_a_page(aws: Callable[..., Any], header: tuple[str, str]) -> None:
    """Who has them and is a page is refused all the same."""
    client = aws("s3vectors")
    client.meta.events.register(
        "before-sign.s3vectors", lambda request, **_: request.headers.__setitem__(*header)
    )

    with pytest.raises(client.exceptions.ClientError, match="403"):
        client.list_vector_buckets()


def test_the_owners_answers_are_for_no_page(aws: Callable[..., Any]) -> None:
    """What moto sends by itself would allow every page to read them."""
    for service, operation in (
        ("iam", "list_roles"),
        ("sqs", "list_queues"),
        ("s3vectors", "list_vector_buckets"),
    ):
        answer = getattr(aws(service), operation)()["ResponseMetadata"]["HTTPHeaders"]
        assert not [name for name in answer if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/reset", "/moto-api/data.json", "/favicon.ico"])
def test_motos_own_routes_are_gone(aws: Callable[..., Any], path: str) -> None:
    """Nobody can read or reset what moto holds through them, not even the owner."""
    client = aws("iam")
    sent = AWSRequest("POST", client.meta.endpoint_url + path)
    SigV4Auth(client._get_credentials(), "iam", "us-east-1").add_auth(sent)

    assert URLLib3Session().send(sent.prepare()).status_code == 404


def test_the_other_ports_understand_no_browser(
    cloud: LocalCloud, probe: str, aws: Callable[..., Any]
) -> None:
    """PostgreSQL, the port at which it invokes functions, and a function's runtime API answer no HTTP request."""
    aws("lambda").invoke(FunctionName=probe)
    state = cloud.state()
    listening = {
        connection.laddr.port
        for connection in psutil.Process(state.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    others = listening - {state.http_port} | {state.postgres_port}
    assert len(others) > 2

    for port in others:
        for path in ("/", "/2018-06-01/runtime/invocation/next", "/2018-06-01/runtime/init/error"):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as caller:
                try:
                    caller.sendall(
                        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n".encode()
                    )
                    answered = caller.recv(100)
                except ConnectionError:
                    # Closed before, or after, all of it was sent.
                    answered = b""
            assert not answered.startswith(b"HTTP"), (port, path)
    # The function still works: nobody took its next event.
    assert aws("lambda").invoke(FunctionName=probe)["StatusCode"] == 200
