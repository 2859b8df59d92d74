"""Where the contenders meet: S3 Vectors over TLS, one Lambda service and one database, in a local cloud."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, LiteralString
from urllib.parse import urlsplit

import boto3
import psutil
import psycopg
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from bench import functions, tls
from bench.data import key, metadata, vectors
from bench.progress import say
from s3vl_local import postgres
from s3vl_local.cloud import ROOT, LocalCloud, request
from s3vl_local.strictness import Strictness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Of whatever there is one of: the bucket, the role, the database.
_NAME = "bench"
_BATCH = 500
# What is measured is s3vl and its alternatives: no policies are looked up, and no search is disturbed.
_MEASURED = Strictness(iam=False, indexes={})
_TRUST = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", \
"Principal": {"Service": "lambda.amazonaws.com"}}]}'
# What a benchmark waits for is never to end in a time-out of ours.
_PATIENCE_SECONDS = 60

_indexes = itertools.count(1)


@dataclass(frozen=True)
class Index:
    """An index of S3 Vectors, registered by its name, and how many vectors are in it."""

    name: str
    arn: str
    dimension: int
    size: int = 0


class Stage:
    """A local cloud with the functions deployed, s3vl and the naive bridge installed, and a way to the counters."""

    def __init__(self, cloud: LocalCloud, s3vl_zip: bytes, s3vectors: tls.Front) -> None:
        say("functions, and a database")
        self._cloud = cloud
        self._state = cloud.state()
        self.front = s3vectors
        self._control("PUT", "hosts", {"hosts": [urlsplit(s3vectors.url).netloc]})
        self.s3vl_zip = s3vl_zip
        self.naive_zip = functions.naive()
        self.s3vectors = self.aws("s3vectors", endpoint_url=s3vectors.url, verify=str(s3vectors.ca_bundle))
        self.s3vectors.create_vector_bucket(vectorBucketName=_NAME)
        self.s3vl_arn = self.create_function("s3vl", self.s3vl_zip)
        self.naive_arn = self.create_function("naive", self.naive_zip)
        self.create_function("s3vl-cold", self.s3vl_zip)
        self.create_function("naive-cold", self.naive_zip)
        self.empty_arn = self.create_function("empty", functions.empty())
        self._install()
        self.database = self.connect()

    def aws(self, service: str, **where: str) -> Any:
        """Make a client of one of the cloud's services."""
        environment = self._cloud.environment()
        return boto3.client(
            service,
            region_name=environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(read_timeout=_PATIENCE_SECONDS),
            **({"endpoint_url": environment["AWS_ENDPOINT_URL"]} | where),
        )

    def put(self, body: bytes) -> None:
        """Send a PutVectors request that is JSON already: boto3 takes many times as long to write it."""
        request = AWSRequest(
            "POST", f"{self.front.url}/PutVectors", {"Content-Type": "application/json"}, body
        )
        environment = self._cloud.environment()
        credentials = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        SigV4Auth(credentials, "s3vectors", environment["AWS_DEFAULT_REGION"]).add_auth(request)
        answer = self._http.send(request.prepare())
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"PutVectors answered {answer.status_code}: {answer.text}")

    @cached_property
    def _http(self) -> URLLib3Session:
        return URLLib3Session(verify=str(self.front.ca_bundle))

    def connect(self, **settings: str) -> psycopg.Connection[Any]:
        """Open an autocommit connection to the database, with settings for its session."""
        settings["aws_lambda.request_timeout_ms"] = str(_PATIENCE_SECONDS * 1000)
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        url = self._cloud.postgres().url(database=_NAME)
        return psycopg.connect(url, autocommit=True, options=options)

    @cached_property
    def lambda_client(self) -> Any:
        """The client that manages and invokes functions."""
        return self.aws("lambda")

    @cached_property
    def _role(self) -> str:
        role: str = self.aws("iam").create_role(RoleName=_NAME, AssumeRolePolicyDocument=_TRUST)["Role"][
            "Arn"
        ]
        return role

    def create_function(self, name: str, package: bytes, memory_mb: int = 256) -> str:
        """Create a function, and return its ARN."""
        arn: str = self.lambda_client.create_function(
            FunctionName=self.function_name(name),
            Runtime="python3.13",
            Handler="index.lambda_handler",
            Role=self._role,
            Code={"ZipFile": package},
            Timeout=_PATIENCE_SECONDS,
            MemorySize=memory_mb,
            Environment={
                "Variables": {
                    "AWS_ENDPOINT_URL_S3VECTORS": self.front.url,
                    "AWS_CA_BUNDLE": str(self.front.ca_bundle),
                    # Lambda's code cannot be written to either: every cold start compiles what the zip does not
                    # have compiled.
                    "PYTHONDONTWRITEBYTECODE": "1",
                }
            },
        )["FunctionArn"]
        return arn

    def function_name(self, name: str) -> str:
        """Return what a function of the benchmark is called in the cloud."""
        return f"{_NAME}-{name}"

    def publish_code(self, name: str, package: bytes) -> None:
        """Replace a function's code: the next environment begins with unpacking it."""
        self.lambda_client.update_function_code(FunctionName=self.function_name(name), ZipFile=package)

    def environments_of(self, name: str) -> list[psutil.Process]:
        """Return the processes that have run a function and wait for more."""
        wanted = self.function_name(name)
        return [
            process
            for process in psutil.Process(self._state.pid).children()
            if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == wanted
        ]

    def processes(self, function: str) -> dict[str, list[psutil.Process]]:
        """Return who works on a search: this process, the sessions of the database, the cloud, the function."""
        data = self._cloud.postgres().data
        postmaster = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        return {
            "client": [psutil.Process()],
            "database": psutil.Process(postmaster).children(),
            "cloud": [psutil.Process(self._state.pid), self.front.process],
            "handler": self.environments_of(function),
        }

    def invoke(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function as AWS's SDK does, without the database, and return its answer."""
        answer = self.lambda_client.invoke(
            FunctionName=self.function_name(name), Payload=json.dumps(event).encode()
        )
        document: dict[str, Any] = json.load(answer["Payload"])
        return document

    def create_index(self, dimension: int) -> Index:
        """Create an empty index, and register it."""
        name = f"index-{next(_indexes)}"
        self.s3vectors.create_index(
            vectorBucketName=_NAME,
            indexName=name,
            dataType="float32",
            dimension=dimension,
            distanceMetric="cosine",
        )
        described = self.s3vectors.get_index(vectorBucketName=_NAME, indexName=name)
        index = Index(name, described["index"]["indexArn"], dimension)
        self.database.execute("select s3vl.register_index(%s, %s)", [index.name, index.arn])
        return index

    def fill(self, index: Index, start: int, stop: int) -> None:
        """Put vectors of these numbers into an index, with metadata."""
        for first in range(start, stop, _BATCH):
            numbers = range(first, min(first + _BATCH, stop))
            floats = vectors(len(numbers), index.dimension, seed=first)
            self.s3vectors.put_vectors(
                indexArn=index.arn,
                vectors=[
                    {"key": key(number), "data": {"float32": vector}, "metadata": metadata(number)}
                    for number, vector in zip(numbers, floats, strict=True)
                ],
            )

    def filled_index(self, dimension: int, size: int) -> Index:
        """Create an index of so many vectors."""
        say(f"an index of {size:,} vectors, {dimension} dimensions")
        index = self.create_index(dimension)
        self.fill(index, 0, size)
        return replace(index, size=size)

    @contextmanager
    def latency(self, milliseconds: int) -> Iterator[None]:
        """Let S3 Vectors take so much longer to answer what the contenders ask for."""
        if milliseconds:
            for operation in ("QueryVectors", "GetVectors", "PutVectors"):
                self._control("PUT", "faults", {"operation": operation, "latency_ms": milliseconds})
        try:
            yield
        finally:
            self._control("DELETE", "faults")

    @contextmanager
    def durable(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Let commits wait for the disk, as they do everywhere but in a local cloud."""
        with self._cloud.postgres().connect(postgres.SUPERUSER, _NAME) as superuser:
            superuser.autocommit = True
            try:
                _set_fsync(superuser, "alter system set fsync = on", connection, "on")
                yield
            finally:
                _set_fsync(superuser, "alter system reset fsync", connection, "off")

    def let_track_functions(self) -> None:
        """Allow sessions to count the time in functions, which only a superuser may."""
        with self._cloud.postgres().connect(postgres.SUPERUSER, _NAME) as connection:
            connection.execute(f"grant set on parameter track_functions to {postgres.MASTER_USER}")

    def approximate(self, index: Index) -> None:
        """Let an index miss what it was measured to miss on AWS."""
        self._control("PUT", f"indexes/{_NAME}/{index.name}", {"approximation": {}})

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count, until the end of the block, calls by operation, connections, and bytes in and out."""
        before = self._counters()
        change: Counter[str] = Counter()
        yield change
        change.update(self._counters())
        change.subtract(before)

    def _counters(self) -> Counter[str]:
        counters = self._control("GET", "requests")
        return Counter({**counters.pop("calls"), **counters})

    def _control(self, method: str, route: str, document: dict[str, Any] | None = None) -> Any:
        return request(self._state, method, f"/_s3vl/{route}", document)

    def _install(self) -> None:
        """Install s3vl and the naive bridge into a database of their own."""
        server = self._cloud.postgres()
        server.create_database(_NAME)
        psql = [
            str(postgres.BIN / "psql"),
            "-Xq",
            "-v",
            "ON_ERROR_STOP=1",
            server.url(database=_NAME),
        ]
        for script in ("sql/install.sql", "bench/naive/bridge.sql", "bench/empty/invocation.sql"):
            subprocess.run([*psql, "-f", script], cwd=ROOT, check=True, capture_output=True)  # noqa: S603
        with self.connect() as connection:
            connection.execute("create extension vector")
            connection.execute("select s3vl.configure(%s)", [self.s3vl_arn])


def _set_fsync(
    superuser: psycopg.Connection[Any],
    change: LiteralString,
    connection: psycopg.Connection[Any],
    expected: str,
) -> None:
    """Change the setting, and wait until a session has read it."""
    superuser.execute(change)
    superuser.execute("select pg_reload_conf()")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while connection.execute("show fsync").fetchone() != (expected,):
        if time.monotonic() > deadline:
            raise RuntimeError(f"fsync is not {expected}")


@contextmanager
def own_stage(home: Path) -> Iterator[Stage]:
    """Start a local cloud in a folder for as long, so that nobody's running cloud is touched."""
    cloud = LocalCloud(home)
    try:
        # Whoever is interrupted in the middle of it has started something already.
        cloud.up(_MEASURED)
        with tls.front(cloud.state().http_port, home / "tls") as s3vectors:
            say("the package")
            yield Stage(cloud, functions.s3vl(), s3vectors)
    finally:
        cloud.reset()
