"""The bytes of requests and answers, as a client that is not botocore sends and sees them; on AWS too."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from contract.s3vectors.cases.stage import PLACES, SCRATCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_s3vectors import Contract

    Send = Callable[..., "Answer"]

assumed = pytest.mark.xfail(
    os.environ.get("S3VL_TEST_AWS") == "1", reason="assumed: nobody recorded what AWS answers", strict=False
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
def send(contract: Contract) -> Send:
    """Sign and send a body as it is, but for the placeholder of the bucket's ARN."""
    meta, credentials = contract.client.meta, contract.client._get_credentials()

    def run(operation: str, body: bytes | dict[str, Any], method: str = "POST") -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        data = data.replace(b"<arn>", contract.bucket_arn.encode())
        headers = {"Content-Type": "application/json"}
        request = AWSRequest(method, f"{contract.url}/{operation}", headers, data)
        SigV4Auth(credentials, meta.service_model.signing_name, meta.region_name).add_auth(request)
        response = URLLib3Session().send(request.prepare())
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, names, response.content)

    return run


def test_an_error_has_its_code_in_a_header(send: Send) -> None:
    """The body has message and fieldList and nothing else; the code is in x-amzn-errortype."""
    record = {"key": "K", "data": {"float32": [1]}}
    answer = send("PutVectors", {"indexArn": SCRATCH, "vectors": [record]})

    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert answer.headers["content-type"] == "application/json"
    assert answer.document == {
        "message": "Invalid record for key 'K': vector must have length 2, but has length 1",
        "fieldList": [{"path": "vectors[0]", "message": "vector must have length 2, but has length 1"}],
    }


def test_an_error_without_fields_has_no_field_list(send: Send) -> None:
    """Members without a value are absent, also from errors."""
    answer = send("GetVectorBucket", {"vectorBucketName": "none"})

    assert answer.status == 404
    assert answer.headers["x-amzn-errortype"] == "NotFoundException"
    assert answer.document == {"message": "The specified vector bucket could not be found"}


def test_a_description_has_numbers_for_times_and_no_nulls(send: Send) -> None:
    """Times are seconds since 1970 as a number; what an index does not have is absent."""
    described = send("GetIndex", {"indexArn": PLACES}).document["index"]
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


def test_every_answer_has_a_request_id(send: Send) -> None:
    """Success and failure have ids of their own."""
    answers = [
        send("ListVectors", {"indexArn": SCRATCH}),
        send("ListVectors", {}),
        send("GetIndex", b"no JSON"),
    ]

    assert [answer.status for answer in answers] == [200, 400, 400]
    assert len({answer.headers["x-amz-request-id"] for answer in answers}) == 3


def test_an_empty_answer_is_an_empty_object(send: Send) -> None:
    """Operations that return nothing say so in JSON."""
    answer = send("DeleteVectors", {"indexArn": SCRATCH, "keys": ["a"]})

    assert (answer.status, answer.document) == (200, {})


def test_null_members_are_absent_members(send: Send) -> None:
    """A null name is as good as none."""
    answer = send("GetVectors", {"indexArn": PLACES, "vectorBucketName": None, "keys": ["near"]})

    assert (answer.status, answer.document) == (200, {"vectors": [{"key": "near"}]})


@assumed
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
def test_what_cannot_be_read_is_a_serialization_error(send: Send, operation: str, body: bytes) -> None:
    """Broken JSON, half characters and wrong types are refused without a reason."""
    answer = send(operation, body)

    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "SerializationException"
    assert answer.document == {"message": "UnknownError"}


@assumed
@pytest.mark.parametrize("operand", [b"1e999", b"-1e999"])
def test_a_range_ends_at_a_finite_number(send: Send, operand: bytes) -> None:
    """A number too large for a double is infinite, and no operand."""
    body = json.dumps({"indexArn": SCRATCH, "topK": 1, "queryVector": {"float32": [1, 2]}, "filter": "F"})
    answer = send("QueryVectors", body.encode().replace(b'"F"', b'{"a": {"$gt": %s}}' % operand))

    assert answer.document["message"] == "Invalid filter"


@assumed
@pytest.mark.parametrize("component", ["1", None, True, [1]])
def test_components_of_a_vector_are_numbers(send: Send, component: Any) -> None:
    """A text is no number, unless it is one of the three that JSON cannot spell."""
    record = {"key": "K", "data": {"float32": [1, component]}}
    answer = send("PutVectors", {"indexArn": SCRATCH, "vectors": [record]})

    assert answer.headers["x-amzn-errortype"] == "SerializationException"


@assumed
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"1e999", "Metadata values must be strings, numbers, booleans, or arrays"),
        (b"[1, -1e999]", "Metadata array values must be strings or numbers"),
        (b"1" + b"0" * 309, "Metadata values must be strings, numbers, booleans, or arrays"),
    ],
)
def test_metadata_numbers_are_finite(send: Send, value: bytes, message: str) -> None:
    """A number too large for a double is refused, since it could not be returned."""
    record = {"key": "K", "data": {"float32": [1, 2]}, "metadata": {"n": "N"}}
    body = json.dumps({"indexArn": SCRATCH, "vectors": [record]}).encode()
    answer = send("PutVectors", body.replace(b'"N"', value))

    assert answer.document["fieldList"] == [{"path": "vectors[0].metadata", "message": message}]


@assumed
@pytest.mark.parametrize("ignored", [b"0", b"1e999"], ids=["as usual", "beside a number beyond a double"])
def test_an_integer_of_more_than_64_bits_is_a_double(send: Send, ignored: bytes) -> None:
    """The largest integers that fit are kept, and every float reads back the same, whatever else is in the body."""
    numbers = b"[18446744073709551615, 18446744073709551617, -9223372036854775808, -9223372036854775809, 0.1, 5e-324]"
    body = json.dumps({"indexArn": SCRATCH, "vectors": [{"key": "K", "data": {"float32": [1, 2]}}]}).encode()
    metadata = b'"metadata": {"n": %s}, "key"' % numbers
    put = send("PutVectors", body.replace(b'"key"', metadata).replace(b"{", b'{"ignored": %s, ' % ignored, 1))
    got = send("GetVectors", {"indexArn": SCRATCH, "keys": ["K"], "returnMetadata": True})

    assert put.status == 200
    found = got.document["vectors"][0]["metadata"]["n"]
    assert found == [2**64 - 1, 2.0**64, -(2**63), -(2.0**63), 0.1, 5e-324]
    assert [type(number) for number in found] == [int, float, int, float, float, float]


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 400)])
def test_a_body_may_have_20_mebibytes(contract: Contract, send: Send, excess: int, status: int) -> None:
    """20,971,520 bytes are accepted, one more is not."""
    body = json.dumps(contract.fill({"indexArn": SCRATCH, "padding": ""})).encode()
    padded = body.replace(b'"padding": "', b'"padding": "' + b"x" * (20_971_520 - len(body) + excess))

    answer = send("ListVectors", padded)
    assert len(padded) == 20_971_520 + excess
    assert answer.status == status
    if status == 400:
        assert answer.document == {"message": "Request body exceeds max allowed size"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "MakeCoffee"), ("POST", "getIndex"), ("POST", "GetIndex/"), ("POST", ""), ("PUT", "tags/arn")],
)
def test_an_unknown_operation_is_not_found(send: Send, method: str, path: str) -> None:
    """There is no operation of that name, or none that is asked in this way."""
    assert send(path, {}, method).status == 404


@assumed
def test_an_unknown_operation_is_named(send: Send) -> None:
    """A request of another method is another operation; the answer says that there is none."""
    answer = send("GetIndex", {}, "GET")

    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert answer.document == {"message": "S3 Vectors has no operation GET /GetIndex"}
