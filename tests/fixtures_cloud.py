"""A whole local cloud for the run: AWS APIs, Lambda and PostgreSQL, and the stack of the post deployed in it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

import package_lambda
from fixtures_postgres import record_version
from s3vl_local import postgres
from s3vl_local.cloud import ROOT, LocalCloud, request
from s3vl_local.strictness import Strictness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

INDEX_NAME = "test-index-5d"
LENIENT = Strictness(iam=False)


@pytest.fixture(scope="session")
def cloud(
    server_folder: Path, record_testsuite_property: Callable[[str, object], None]
) -> Iterator[LocalCloud]:
    """Start a local cloud of its own, approximate as AWS is, and stop it at the end.

    Whoever tests policies takes the fixture `enforced`.
    """
    local_cloud = LocalCloud(server_folder / "cloud")
    local_cloud.up(LENIENT)
    record_version(local_cloud.postgres(), record_testsuite_property)
    yield local_cloud
    local_cloud.down()


@pytest.fixture(scope="session")
def without_approximation(cloud: LocalCloud) -> Callable[[str], None]:
    """Make an index exact, by its ARN, for tests of completeness.

    Only what S3 Vectors itself does not miss can show that nothing is lost on the way from there.
    """

    def change(index_arn: str) -> None:
        _, bucket, _, index = index_arn.split("/")
        request(cloud.state(), "PUT", f"/_s3vl/indexes/{bucket}/{index}", {})

    return change


@pytest.fixture(scope="session")
def aws(cloud: LocalCloud) -> Callable[..., Any]:
    """Make boto3 clients of the local cloud; errors surface at once."""
    environment = cloud.environment()

    def client(service: str, region: str = environment["AWS_DEFAULT_REGION"]) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            # Longer than the functions of the tests may run.
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=60),
        )

    return client


@pytest.fixture
def faults(cloud: LocalCloud) -> Iterator[Callable[..., None]]:
    """Add fault rules to the local cloud; the test's end clears them."""

    def add(**rule: Any) -> None:
        request(cloud.state(), "PUT", "/_s3vl/faults", rule)

    yield add
    request(cloud.state(), "DELETE", "/_s3vl/faults")


@dataclass(frozen=True)
class Held:
    """Calls of one operation that the local cloud keeps until the test lets them go on."""

    cloud: LocalCloud
    operation: str

    def count(self) -> int:
        """Return how many have come."""
        rules = request(self.cloud.state(), "GET", "/_s3vl/faults")["rules"]
        return sum(rule["applied"] for rule in rules if rule["hold"] and rule["operation"] == self.operation)

    def wait_for(self, count: int = 1) -> None:
        """Wait until so many have come."""
        limit = time.monotonic() + 120
        while self.count() < count:
            assert time.monotonic() < limit, f"no {self.operation} came"
            time.sleep(0.005)

    def let_go(self) -> None:
        """Let them go on."""
        request(self.cloud.state(), "DELETE", "/_s3vl/faults")


@pytest.fixture
def hold(cloud: LocalCloud, faults: Callable[..., None]) -> Callable[..., Held]:
    """Hold the next call of an operation, or those that a rule says, until the test lets it go on, or ends."""

    def begin(operation: str, times: int = 1, **rule: Any) -> Held:
        faults(operation=operation, hold=True, times=times, **rule)
        return Held(cloud, operation)

    return begin


@dataclass(frozen=True)
class Stack:
    """The deployed stack's outputs."""

    name: str
    outputs: dict[str, str]

    @property
    def lambda_arn(self) -> str:
        """ARN of the function, unqualified."""
        return self.outputs["LambdaFunctionArn"]

    @property
    def index_arn(self) -> str:
        """ARN of the 5-dimensional index."""
        return self.outputs["S3VectorIndexArn"]


@pytest.fixture(scope="session")
def package_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the Lambda's zip once, in a folder of its own: other runs may build in the tree at the same time."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # of the whole run
    target = folder / "package" / "build" / "s3vl-lambda.zip"
    with (folder / "package.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not target.exists():
            package_lambda.build(target)
    return target


@pytest.fixture(scope="session")
def package(package_file: Path) -> bytes:
    """Give the Lambda's zip."""
    return package_file.read_bytes()


@pytest.fixture(scope="session")
def deploy(aws: Callable[..., Any]) -> Callable[..., Stack]:
    """Create stacks from the template; the function in them is still the placeholder."""

    def create(name: str, **parameters: str) -> Stack:
        subnets = aws("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])[
            "Subnets"
        ]
        values = {
            "AuroraClusterArn": "arn:aws:rds:us-west-2:123456789012:cluster:your-cluster-name",
            "VpcId": subnets[0]["VpcId"],
            "SubnetIds": subnets[0]["SubnetId"],
            "ResourcePrefix": name,
            **parameters,
        }
        cloudformation = aws("cloudformation")
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=(ROOT / "cloudformation" / "template.yaml").read_text(),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        return Stack(name, {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]})

    return create


@pytest.fixture(scope="session")
def stack(deploy: Callable[..., Stack], aws: Callable[..., Any], package: bytes) -> Stack:
    """Deploy the stack with the real code and the sample vectors in its index."""
    deployed = deploy("e2e", LambdaTimeout="10", LambdaMemorySize="128")
    aws("lambda").update_function_code(FunctionName="e2e-vector-query", ZipFile=package)
    aws("s3vectors").put_vectors(indexArn=deployed.index_arn, vectors=sample_vectors())
    return deployed


def sample_vectors() -> list[dict[str, Any]]:
    """Return the sample data in the form of PutVectors."""
    vectors: list[dict[str, Any]] = json.loads((ROOT / "sample-data" / "sample-vectors.json").read_text())
    return vectors


@pytest.fixture(scope="session")
def install(cloud: LocalCloud) -> Callable[[str], None]:
    """Install s3vl into a database of the local cloud with psql, as the walkthrough does."""

    def run(database: str) -> None:
        url = cloud.postgres().url(database=database)
        psql = [
            str(postgres.BIN / "psql"),
            "-X",
            "-q",
            "--set",
            "ON_ERROR_STOP=1",
            "-f",
            "sql/install.sql",
            url,
        ]
        subprocess.run(psql, cwd=ROOT, check=True, capture_output=True)

    return run


@pytest.fixture(scope="session")
def configured_template(cloud: LocalCloud, stack: Stack, install: Callable[[str], None]) -> str:
    """Prepare a database with s3vl installed, configured and the sample index registered."""
    server, name = cloud.postgres(), "configured_template"
    server.create_database(name)
    install(name)
    with server.connect(database=name) as connection:
        connection.execute("select s3vl.configure(%s)", [stack.lambda_arn])
        connection.execute("select s3vl.register_index(%s, %s)", [INDEX_NAME, stack.index_arn])
    return name


@pytest.fixture
def database(
    cloud: LocalCloud, configured_template: str, database_names: Iterator[str]
) -> Iterator[Callable[[], psycopg.Connection]]:
    """Open connections, as Aurora's master user, to a configured database that only this test has."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name, configured_template)
    connections: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        connections.append(server.connect(database=name))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()
    server.drop_database(name)


@pytest.fixture
def connection(database: Callable[[], psycopg.Connection]) -> psycopg.Connection:
    """Open one connection to the test's configured database."""
    return database()


def run_cli(cloud: LocalCloud, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real AWS CLI against the local cloud."""
    return subprocess.run(
        [sys.executable, "-m", "awscli", *arguments],
        env=cloud.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
