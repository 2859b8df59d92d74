"""Whose requests the local cloud lets in."""

from __future__ import annotations

from typing import Any

import pytest

from s3vl_local.gate import Gate, RefusedError
from s3vl_local.owner import Owner

OWNER = Owner("AKIAOWNER", "secret", "the token", "password")


def gate() -> Gate:
    """Return the gate of a cloud at port 8000."""
    return Gate(OWNER, 8000, {}.get)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000"])
def test_its_own_address_is_let_in(host: str) -> None:
    """By number and by name, in whatever case."""
    gate().check_origin({"HTTP_HOST": host})


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "127.0.0.1"},
        {"HTTP_HOST": "127.0.0.1:8001"},
        {"HTTP_HOST": "evil.example:8000"},
        {"HTTP_HOST": "127.0.0.1:8000.evil.example"},
        {"HTTP_HOST": "127.0.0.1:8000, evil.example"},
        {"HTTP_HOST": "127.0.0.1:8000", "HTTP_ORIGIN": "null"},
        {"HTTP_HOST": "127.0.0.1:8000", "HTTP_ORIGIN": ""},
        {"HTTP_HOST": "127.0.0.1:8000", "HTTP_ORIGIN": "http://127.0.0.1:8000"},
        {"HTTP_HOST": "127.0.0.1:8000", "HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_HOST": "127.0.0.1:8000", "HTTP_SEC_FETCH_SITE": "none"},
    ],
    ids=str,
)
def test_a_page_is_refused(environ: dict[str, Any]) -> None:
    """By the name it took for the address, or by what browsers add; there is no page that may."""
    with pytest.raises(RefusedError) as refused:
        gate().check_origin(environ)

    assert refused.value.response.status_code == 403


def test_a_tunnel_can_be_named() -> None:
    """Another address leads here, until the list is replaced."""
    one = gate()
    one.change_hosts({"hosts": ["dev.example:9000"]})
    one.check_origin({"HTTP_HOST": "dev.example:9000"})
    one.change_hosts({"hosts": []})

    with pytest.raises(RefusedError):
        one.check_origin({"HTTP_HOST": "dev.example:9000"})


@pytest.mark.parametrize(
    "document", [None, [], {}, {"hosts": "a"}, {"hosts": [1]}, {"hosts": [], "x": 1}], ids=str
)
def test_hosts_are_a_list_of_names(document: Any) -> None:
    """Anything else is an error that shows the form."""
    with pytest.raises(ValueError, match=r'with \{"hosts": \["localhost:8000"\]\}'):
        gate().change_hosts(document)


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer the", "the token", "Basic the token", "Bearer \xff"]
)
def test_control_routes_need_the_token(given: str | None) -> None:
    """Whatever else is given is 401, and says how to give it."""
    with pytest.raises(RefusedError, match=r"Bearer \$S3VL_TOKEN") as refused:
        gate().check_token({} if given is None else {"HTTP_AUTHORIZATION": given})

    assert refused.value.response.status_code == 401
    gate().check_token({"HTTP_AUTHORIZATION": "Bearer the token"})
