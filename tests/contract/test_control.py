"""The control routes of a running local cloud, and how fast and where it listens."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.error
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from botocore.exceptions import ConnectionClosedError

from s3vl_local import __main__
from s3vl_local.cloud import ROOT, SERVER, State, request
from s3vl_local.owner import Owner, make_owner
from s3vl_local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3vl_local.cloud import LocalCloud

BUCKET = "control"


@pytest.fixture
def s3vectors(aws: Callable[..., Any]) -> Iterator[Any]:
    """Give a client, and a bucket for the test."""
    client = aws("s3vectors")
    client.create_vector_bucket(vectorBucketName=BUCKET)
    yield client
    for index in client.list_indexes(vectorBucketName=BUCKET)["indexes"]:
        client.delete_index(indexArn=index["indexArn"])
    client.delete_vector_bucket(vectorBucketName=BUCKET)


def create_index(s3vectors: Any) -> str:
    """Create an index with a searchable key in the bucket."""
    index: str = s3vectors.create_index(
        vectorBucketName=BUCKET,
        indexName="index",
        dataType="float32",
        dimension=2,
        distanceMetric="cosine",
        metadataConfiguration={"textSearchConfigurations": [{"metadataKey": "title"}]},
    )["indexArn"]
    return index


def test_a_bucket_can_be_made_an_old_one(cloud: LocalCloud, s3vectors: Any) -> None:
    """Its default becomes CLASSIC, as of a bucket made before 2026-09-30."""
    request(cloud.state(), "PUT", f"/_s3vl/buckets/{BUCKET}", {"classic": True})

    described = s3vectors.get_vector_bucket(vectorBucketName=BUCKET)["vectorBucket"]
    assert described["defaultIndexMode"] == "CLASSIC"


def test_an_index_can_be_given_settings(cloud: LocalCloud, s3vectors: Any) -> None:
    """They hold until the next request replaces them."""
    index = create_index(s3vectors)

    def status() -> str:
        described = s3vectors.get_index(indexArn=index)["index"]["metadataConfiguration"]
        return str(described["textSearchConfigurations"][0]["status"])

    request(cloud.state(), "PUT", f"/_s3vl/indexes/{BUCKET}/index", {"building_seconds": 60})
    assert status() == "BUILDING"
    request(cloud.state(), "PUT", f"/_s3vl/indexes/{BUCKET}/index", {})
    assert status() == "ACTIVE"


@pytest.mark.parametrize(
    ("path", "document", "status", "message"),
    [
        ("buckets/absent", {"classic": True}, 404, "vector bucket could not be found"),
        (f"buckets/{BUCKET}", {"classic": False}, 400, 'with {"classic": true}, got'),
        (f"indexes/{BUCKET}/absent", {}, 404, "index could not be found"),
        (f"indexes/{BUCKET}/absent", {"delay": 1}, 400, "there is no 'delay'"),
        ("faults", {"operation": "*"}, 400, "a fault rule needs"),
        ("else", {}, 404, "no PUT /_s3vl/else here"),
    ],
)
@pytest.mark.usefixtures("s3vectors")
def test_a_wrong_request_gets_a_reason(
    cloud: LocalCloud, path: str, document: dict[str, Any], status: int, message: str
) -> None:
    """What is not there is 404, what is not possible 400, and the message says more."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        request(cloud.state(), "PUT", f"/_s3vl/{path}", document)
    assert refused.value.code == status
    assert message in json.load(refused.value)["message"]


def test_a_reset_ends_the_connection(s3vectors: Any, faults: Callable[..., None]) -> None:
    """The caller gets no answer, the call does nothing, and the next one works."""
    index = create_index(s3vectors)
    faults(operation="PutVectors", reset=True, times=1)
    put = {"indexArn": index, "vectors": [{"key": "a", "data": {"float32": [1, 2]}}]}

    with pytest.raises(ConnectionClosedError):
        s3vectors.put_vectors(**put)
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == []
    s3vectors.put_vectors(**put)
    assert s3vectors.list_vectors(indexArn=index)["vectors"] == [{"key": "a"}]


def test_calls_connections_and_bytes_are_counted(cloud: LocalCloud, s3vectors: Any, aws: Any) -> None:
    """One client keeps its connection, another opens its own; bytes are those of bodies."""

    def counters() -> dict[str, Any]:
        counted: dict[str, Any] = request(cloud.state(), "GET", "/_s3vl/requests")
        return counted

    before = counters()
    answers = [s3vectors.list_vector_buckets() for _ in range(3)]
    after = counters()
    assert after["calls"]["ListVectorBuckets"] - before["calls"].get("ListVectorBuckets", 0) == len(answers)
    assert after["connections"] == before["connections"]
    assert after["bytes_in"] - before["bytes_in"] == 3 * len("{}")
    sent = sum(int(answer["ResponseMetadata"]["HTTPHeaders"]["content-length"]) for answer in answers)
    assert after["bytes_out"] - before["bytes_out"] == sent
    aws("s3vectors").list_vector_buckets()
    assert counters()["connections"] == before["connections"] + 1


@pytest.mark.skipif(sys.platform != "linux", reason="counts segments as Linux does")
def test_an_answer_is_sent_in_one_piece(cloud: LocalCloud) -> None:
    """Its body comes with its headers: whoever waits for it is woken once."""
    state = cloud.state()
    calls = 5
    with socket.create_connection(("127.0.0.1", state.http_port), timeout=10) as caller:
        for _ in range(calls):
            caller.sendall(
                f"GET /_s3vl/health HTTP/1.1\r\nHost: 127.0.0.1:{state.http_port}\r\n"
                f"Authorization: Bearer {state.token}\r\n\r\n".encode()
            )
            answer = b""
            while not answer.endswith(b"}"):
                answer += caller.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 ")
        # tcpi_data_segs_in of struct tcp_info
        (segments,) = struct.unpack_from(
            "I", caller.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192), 152
        )
    assert segments == calls


def test_s3_vectors_serves_while_the_rest_loads_and_only_here(server_folder: Path) -> None:
    """The server answers before its other services are there, and listens on 127.0.0.1 only."""
    home = server_folder / "start"
    home.mkdir()
    make_owner(home)
    state = State(0, free_port(), free_port(), 0, Owner.of(home).token)
    command = [sys.executable, "-m", SERVER, str(home), str(state.http_port), str(state.wire_port)]
    process = subprocess.Popen(command, env={"PYTHONPATH": str(ROOT / "local")})
    try:
        seen = []
        while not seen or seen[-1] != "ready":
            assert process.poll() is None
            try:
                seen.append(request(state, "GET", "/_s3vl/health")["services"])
            except OSError:
                time.sleep(0.02)
        assert seen[0] == "loading"
        listening = [
            connection.laddr
            for connection in psutil.Process(process.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert {address.ip for address in listening} == {"127.0.0.1"}
        assert {address.port for address in listening} >= {state.http_port, state.wire_port}
    finally:
        process.terminate()
        process.wait(10)


def test_make_up_says_how_to_have_policies_enforced(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command that it prints is one that the cloud understands."""
    __main__._run("up", cloud)

    [line] = [line for line in capsys.readouterr().out.splitlines() if "to enforce: " in line]
    command = f"{line.partition('to enforce: ')[2]} --noproxy '*' -s"
    environment = {"PATH": os.environ["PATH"], "S3VL_TOKEN": cloud.environment()["S3VL_TOKEN"]}
    try:
        answer = subprocess.run(
            ["bash", "-c", command], env=environment, capture_output=True, check=True
        ).stdout
    finally:
        request(cloud.state(), "PUT", "/_s3vl/iam", {"enforce": False})
    assert json.loads(answer) == {}
