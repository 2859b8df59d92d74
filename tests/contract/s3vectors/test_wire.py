"""The bytes of requests and answers, as a client that is not botocore sends and sees them."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=test/20261121/us-west-2/s3vectors/aws4_request, "
    "SignedHeaders=host, Signature=unchecked"
)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@pytest.fixture
def send(s3vectors_url: str) -> Callable[..., Answer]:
    """Send a request with a body as it is."""

    def run(operation: str, body: bytes | dict[str, Any]) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(s3vectors_url).netloc, timeout=30)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": SIGNED, "Content-Type": "application/json"}
        connection.request("POST", f"/{operation}", data, headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, names, response.read())
        connection.close()
        return answer

    return run


def test_an_error_has_its_code_in_a_header(
    send: Callable[..., Answer], new_index: Callable[..., str]
) -> None:
    """The body has message and fieldList and nothing else; the code is in x-amzn-errortype."""
    record = {"key": "K", "data": {"float32": [1]}}
    answer = send("PutVectors", {"indexArn": new_index(), "vectors": [record]})

    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert answer.headers["content-type"] == "application/json"
    assert answer.document == {
        "message": "Invalid record for key 'K': vector must have length 2, but has length 1",
        "fieldList": [{"path": "vectors[0]", "message": "vector must have length 2, but has length 1"}],
    }


def test_an_error_without_fields_has_no_field_list(send: Callable[..., Answer]) -> None:
    """Members without a value are absent, also from errors."""
    answer = send("GetVectorBucket", {"vectorBucketName": "none"})

    assert answer.status == 404
    assert answer.headers["x-amzn-errortype"] == "NotFoundException"
    assert answer.document == {"message": "The specified vector bucket could not be found"}


def test_a_description_has_numbers_for_times_and_no_nulls(
    send: Callable[..., Answer], new_index: Callable[..., str]
) -> None:
    """Times are seconds since 1970 as a number; what an index does not have is absent."""
    index = new_index()

    described = send("GetIndex", {"indexArn": index}).document["index"]
    assert isinstance(described["creationTime"], float | int)
    assert set(described) == {
        "vectorBucketName",
        "indexName",
        "indexArn",
        "creationTime",
        "dataType",
        "dimension",
        "distanceMetric",
        "encryptionConfiguration",
        "indexMode",
    }


def test_every_answer_has_a_request_id(send: Callable[..., Answer], new_index: Callable[..., str]) -> None:
    """Success and failure have ids of their own."""
    answers = [
        send("ListVectors", {"indexArn": new_index()}),
        send("ListVectors", {}),
        send("GetIndex", b"no JSON"),
    ]

    assert [answer.status for answer in answers] == [200, 400, 400]
    assert len({answer.headers["x-amz-request-id"] for answer in answers}) == 3


def test_an_empty_answer_is_an_empty_object(
    send: Callable[..., Answer], new_index: Callable[..., str]
) -> None:
    """Operations that return nothing say so in JSON."""
    answer = send("DeleteVectors", {"indexArn": new_index(), "keys": ["a"]})

    assert (answer.status, answer.document) == (200, {})


def test_null_members_are_absent_members(send: Callable[..., Answer], new_index: Callable[..., str]) -> None:
    """A null token and a null address are as good as none."""
    answer = send("ListVectors", {"indexArn": new_index(), "vectorBucketName": None, "nextToken": None})

    assert (answer.status, answer.document) == (200, {"vectors": []})


def test_a_missing_required_member_is_named(send: Callable[..., Answer]) -> None:
    """What botocore would not send is refused by the service too."""
    answer = send("QueryVectors", {})

    message = "Value at '/topK' failed to satisfy constraint: Member must not be null"
    assert answer.status == 400
    assert answer.document == {
        "message": f"1 validation error detected. {message}",
        "fieldList": [{"path": "/topK", "message": message}],
    }


@pytest.mark.parametrize("top_k", [0, -1])
def test_a_number_below_its_minimum_is_refused(send: Callable[..., Answer], top_k: int) -> None:
    """TopK has a minimum on the server too."""
    answer = send("QueryVectors", {"topK": top_k})

    assert answer.status == 400
    assert answer.document["fieldList"][0]["message"] == (
        "Value at '/topK' failed to satisfy constraint: Member must be between 1 and 10000, inclusive"
    )


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetIndex", b"{"),
        ("GetIndex", b"[]"),
        ("GetIndex", b'{"indexArn": "\xff"}'),
        ("GetIndex", b'{"indexArn": 1}'),
        ("GetVectors", rb'{"indexArn": "a", "keys": ["\ud800"]}'),
        ("GetVectors", b'{"indexArn": "a", "keys": "a"}'),
        ("GetVectors", b'{"indexArn": "a", "keys": [1]}'),
        ("QueryVectors", b'{"topK": 1.5}'),
        ("QueryVectors", b'{"topK": true}'),
        ("QueryVectors", b'{"topK": 1, "filter": {"a": NaN}}'),
        ("ListVectors", b'{"returnData": "true"}'),
        ("PutVectors", b"[" * 100_000),
    ],
)
def test_what_cannot_be_read_is_a_serialization_error(
    send: Callable[..., Answer], operation: str, body: bytes
) -> None:
    """Broken JSON, half characters and wrong types are refused without a reason."""
    answer = send(operation, body)

    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "SerializationException"
    assert answer.document == {"message": "UnknownError"}


@pytest.mark.parametrize("operand", [b"1e999", b"-1e999"])
def test_a_range_ends_at_a_finite_number(
    send: Callable[..., Answer], new_index: Callable[..., str], operand: bytes
) -> None:
    """A number too large for a double is infinite, and no operand."""
    body = json.dumps({"indexArn": new_index(), "topK": 1, "queryVector": {"float32": [1, 2]}, "filter": "F"})
    answer = send("QueryVectors", body.encode().replace(b'"F"', b'{"a": {"$gt": %s}}' % operand))

    assert answer.document["message"] == "Invalid filter"


@pytest.mark.parametrize("component", ["1", None, True, [1]])
def test_components_of_a_vector_are_numbers(
    send: Callable[..., Answer], new_index: Callable[..., str], component: Any
) -> None:
    """A text is no number, unless it is one of the three that JSON cannot spell."""
    record = {"key": "K", "data": {"float32": [1, component]}}
    answer = send("PutVectors", {"indexArn": new_index(), "vectors": [record]})

    assert answer.headers["x-amzn-errortype"] == "SerializationException"


@pytest.mark.parametrize("metadata", [[1], "x", 5])
def test_metadata_is_an_object(
    send: Callable[..., Answer], new_index: Callable[..., str], metadata: Any
) -> None:
    """Metadata of any other type is refused for its record (assumed text)."""
    record = {"key": "K", "data": {"float32": [1, 2]}, "metadata": metadata}
    answer = send("PutVectors", {"indexArn": new_index(), "vectors": [record]})

    assert answer.document["fieldList"] == [
        {"path": "vectors[0].metadata", "message": "Metadata must be an object"}
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"1e999", "Metadata values must be strings, numbers, booleans, or arrays"),
        (b"[1, -1e999]", "Metadata array values must be strings or numbers"),
    ],
)
def test_metadata_numbers_are_finite(
    send: Callable[..., Answer], new_index: Callable[..., str], value: bytes, message: str
) -> None:
    """A number too large for a double is refused, since it could not be returned (assumed)."""
    record = {"key": "K", "data": {"float32": [1, 2]}, "metadata": {"n": "N"}}
    body = json.dumps({"indexArn": new_index(), "vectors": [record]}).encode()
    answer = send("PutVectors", body.replace(b'"N"', value))

    assert answer.document["fieldList"] == [{"path": "vectors[0].metadata", "message": message}]


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 400)])
def test_a_body_may_have_20_mebibytes(
    send: Callable[..., Answer], new_index: Callable[..., str], excess: int, status: int
) -> None:
    """20,971,520 bytes are accepted, one more is not."""
    body = json.dumps({"indexArn": new_index(), "padding": ""}).encode()
    padded = body.replace(b'"padding": "', b'"padding": "' + b"x" * (20_971_520 - len(body) + excess))

    answer = send("ListVectors", padded)
    assert len(padded) == 20_971_520 + excess
    assert answer.status == status
    if status == 400:
        assert answer.document == {"message": "Request body exceeds max allowed size"}


def test_an_unknown_path_is_not_found(send: Callable[..., Answer]) -> None:
    """There is no operation of that name."""
    assert send("MakeCoffee", {}).status == 404
