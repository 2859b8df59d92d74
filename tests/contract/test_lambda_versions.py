"""Versions and aliases of functions: what is published never changes, and a name can be moved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fixtures_probe import zip_of

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER = """
import os

def lambda_handler(event, context):
    return {{"code": {code}, "level": os.environ.get("LEVEL"), "arn": context.invoked_function_arn}}
"""


def code(number: int) -> bytes:
    """Return a zip whose function answers with a number."""
    return zip_of(ANSWER.format(code=number))


@pytest.fixture(scope="module")
def name(create_function: Callable[..., str], clients: Callable[[str], Any]) -> str:
    """Create a function with two versions and an alias of the first, and other code since."""
    client, function = clients("lambda"), "versioned"
    create_function(function, ANSWER.format(code=1), Environment={"Variables": {"LEVEL": "one"}})
    client.publish_version(FunctionName=function)
    client.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    client.update_function_configuration(
        FunctionName=function,
        Environment={"Variables": {"LEVEL": "two"}},
        SnapStart={"ApplyOn": "PublishedVersions"},
    )
    client.update_function_code(FunctionName=function, ZipFile=code(2), Publish=True)
    client.update_function_code(FunctionName=function, ZipFile=code(3))
    return function


@pytest.fixture
def invoke(clients: Callable[[str], Any]) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Invoke, and give the executed version and the answer."""

    def call(function: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
        response = clients("lambda").invoke(FunctionName=function, **arguments)
        return response["ExecutedVersion"], json.loads(response["Payload"].read())

    return call


@pytest.mark.parametrize(
    ("suffix", "arguments", "version", "answer"),
    [
        ("", {}, "$LATEST", {"code": 3, "level": "two"}),
        ("", {"Qualifier": "$LATEST"}, "$LATEST", {"code": 3, "level": "two"}),
        ("", {"Qualifier": "1"}, "1", {"code": 1, "level": "one"}),
        (":2", {}, "2", {"code": 2, "level": "two"}),
        (":live", {}, "1", {"code": 1, "level": "one"}),
        ("", {"Qualifier": "live"}, "1", {"code": 1, "level": "one"}),
    ],
)
def test_a_qualifier_chooses_code_and_configuration(
    name: str,
    invoke: Callable[..., Any],
    suffix: str,
    arguments: dict[str, str],
    version: str,
    answer: dict[str, Any],
) -> None:
    """Versions answer as they were published, aliases as what they name; the handler sees how it was called."""
    executed, payload = invoke(f"{name}{suffix}", **arguments)

    qualifier = arguments.get("Qualifier", suffix.removeprefix(":"))
    arn = payload.pop("arn")
    assert (executed, payload) == (version, answer)
    assert arn == f"arn:aws:lambda:us-west-2:123456789012:function:{name}{qualifier and f':{qualifier}'}"


def test_an_alias_can_be_moved(name: str, invoke: Callable[..., Any], clients: Callable[[str], Any]) -> None:
    """The next call by the alias runs the other version; an alias of nothing is refused."""
    client = clients("lambda")
    client.create_alias(FunctionName=name, Name="moved", FunctionVersion="1")
    client.update_alias(FunctionName=name, Name="moved", FunctionVersion="2")

    assert client.get_alias(FunctionName=name, Name="moved")["FunctionVersion"] == "2"
    assert invoke(f"{name}:moved")[0] == "2"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.update_alias(FunctionName=name, Name="moved", FunctionVersion="99")


def test_snap_start_is_on_for_published_versions_only(name: str, clients: Callable[[str], Any]) -> None:
    """The version published with it says On, and the waiters find everything ready."""
    client = clients("lambda")
    client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="2")
    client.get_waiter("function_updated_v2").wait(FunctionName=name)

    statuses = {
        version["Version"]: version["SnapStart"]["OptimizationStatus"]
        for version in client.list_versions_by_function(FunctionName=name)["Versions"]
    }
    assert statuses == {"$LATEST": "Off", "1": "Off", "2": "On"}


def test_the_same_code_is_not_published_twice(
    create_function: Callable[..., str], clients: Callable[[str], Any]
) -> None:
    """Publishing what is published returns that version; the number of a deleted one is not given again."""
    client = clients("lambda")
    create_function("published", ANSWER.format(code=1))
    first = client.update_function_code(FunctionName="published", ZipFile=code(1), Publish=True)
    again = client.update_function_code(FunctionName="published", ZipFile=code(1), Publish=True)
    assert (first["Version"], again["Version"]) == ("1", "1")
    assert first["CodeSha256"] == again["CodeSha256"]

    client.update_function_code(FunctionName="published", ZipFile=code(2))
    assert client.publish_version(FunctionName="published")["Version"] == "2"
    client.delete_function(FunctionName="published", Qualifier="2")
    assert client.publish_version(FunctionName="published", Description="again")["Version"] == "3"


def test_a_version_that_an_alias_names_stays(name: str, clients: Callable[[str], Any]) -> None:
    """As in AWS it cannot be deleted while it is in use."""
    with pytest.raises(ClientError, match="named by the aliases live"):
        clients("lambda").delete_function(FunctionName=name, Qualifier="1")


def test_a_revision_protects_from_overwriting(
    create_function: Callable[..., str], clients: Callable[[str], Any]
) -> None:
    """An update with the revision before last is refused, and changes nothing."""
    client = clients("lambda")
    create_function("revised")
    stale = client.get_function_configuration(FunctionName="revised")["RevisionId"]
    current = client.update_function_configuration(FunctionName="revised", Timeout=5)

    with pytest.raises(ClientError, match="PreconditionFailedException"):
        client.update_function_code(FunctionName="revised", ZipFile=code(9), RevisionId=stale)
    after = client.get_function_configuration(FunctionName="revised")
    assert after["RevisionId"] == current["RevisionId"] != stale
    assert after["CodeSha256"] == current["CodeSha256"]
