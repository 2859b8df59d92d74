"""The control routes of a running local cloud, and how fast and where it listens."""

from __future__ import annotations

import contextlib
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

from fixtures_cloud import LENIENT
from s3vl_local import __main__, postgres
from s3vl_local.cloud import ROOT, SERVER, State, request
from s3vl_local.owner import Owner, make_owner
from s3vl_local.ports import listening, port_of
from s3vl_local.strictness import APPROXIMATE, Strictness

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
    with listening() as http, listening() as wire:
        state = State(0, port_of(http), port_of(wire), 0, Owner.of(home).token)
        descriptors = (http.fileno(), wire.fileno())
        numbers = map(str, (*descriptors, state.http_port, state.wire_port))
        process = subprocess.Popen(
            [sys.executable, "-m", SERVER, str(home), *numbers],
            env={"PYTHONPATH": str(ROOT / "local")},
            pass_fds=descriptors,
        )
    try:
        # It waits at the port for whoever comes to listen.
        seen = [request(state, "GET", "/_s3vl/health")["services"]]
        while seen[-1] != "ready":
            assert process.poll() is None
            seen.append(request(state, "GET", "/_s3vl/health")["services"])
            time.sleep(0.02)
        assert seen[0] == "loading"
        addresses = [
            connection.laddr
            for connection in psutil.Process(process.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert {address.ip for address in addresses} == {"127.0.0.1"}
        assert {address.port for address in addresses} >= {state.http_port, state.wire_port}
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def make(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Any]]:
    """Run the commands behind the Makefile on the cloud that runs; give what each wrote."""
    monkeypatch.setattr(__main__, "LocalCloud", lambda: cloud)

    def run(*words: str, status: int = 0) -> Any:
        monkeypatch.setattr(sys, "argv", ["s3vl_local", *words])
        assert __main__.main() == status
        return capsys.readouterr()

    yield run
    cloud.up(LENIENT)


@pytest.mark.parametrize(
    ("words", "said", "enforced", "indexes"),
    [
        (["--iam", "off"], ". AWS is stricter", False, APPROXIMATE),
        (["--search", "exact"], ". AWS is stricter", True, {}),
        ([], ", as on AWS", True, APPROXIMATE),
    ],
    ids=str,
)
def test_make_up_is_as_strict_as_aws_unless_told_otherwise(
    make: Callable[..., Any],
    cloud: LocalCloud,
    words: list[str],
    said: str,
    enforced: bool,
    indexes: dict[str, Any],
) -> None:
    """It changes a cloud that runs, says what holds now, and the cloud says so too, as does `make env`."""
    holds = str(Strictness(enforced, indexes))
    assert f"{holds}{said}" in make("up", *words).out

    health = request(cloud.state(), "GET", "/_s3vl/health")
    assert (health["iam"], health["indexes"]) == (enforced, indexes)
    assert f"the local cloud.\n{holds}.\nTo go back: " in make("env").err


def test_make_up_says_what_it_may_be_told(make: Callable[..., Any]) -> None:
    """A value that it does not know changes nothing."""
    assert "IAM is 'no'; it may be on or off: make up IAM=off" in make("up", "--iam", "no", status=1).err


def test_make_up_says_when_shells_know_another_cloud(
    make: Callable[..., Any], cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has the credentials of a cloud that was reset is told to evaluate `make env` again."""
    assert 'talk to it: eval "$(make -s env)"' in make("up").out
    monkeypatch.setenv("S3VL_TOKEN", "before the reset")
    assert 'one that was reset. To change that: eval "$(make -s env)"' in make("up").out

    state = cloud.home / "state.json"
    document = json.loads(state.read_text())
    # As if the port had been taken while the cloud was stopped.
    state.write_text(json.dumps(document | {"http_port": 1}))
    assert "The ports changed, as something else has taken the old ones. In shells" in make("up").out


def test_no_pager_takes_the_terminal_of_psql(cloud: LocalCloud, tmp_path: Path) -> None:
    """A table that is longer than the screen is printed, with `make env` or `make psql`, whatever PAGER says."""
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    pager.chmod(0o700)
    query = "select n, repeat('x', 100) from generate_series(1, 200) n"

    def seen(environment: dict[str, str]) -> str:
        reader, terminal = os.openpty()
        with subprocess.Popen(
            [postgres.BIN / "psql", "-X", "-c", query], env=environment, stdin=terminal, stdout=terminal
        ) as psql:
            os.close(terminal)
            shown = b""
            # A terminal whose last program has ended cannot be read.
            with contextlib.suppress(OSError):
                while part := os.read(reader, 4096):
                    shown += part
            os.close(reader)
            assert psql.wait() == 0
        return shown.decode()

    paged = {"PAGER": str(pager)} | cloud.environment()
    assert "(200 rows)" in seen(paged)
    assert not (tmp_path / "ran").exists()
    del paged["PSQL_PAGER"]
    assert "(200 rows)" in seen(paged)
    assert (tmp_path / "ran").exists()
