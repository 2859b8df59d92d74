"""A local cloud that is stopped or killed, and started again: all that was acknowledged is there."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fixtures_cloud import sample_vectors
from s3vl_local.cloud import ROOT, LocalCloud, LocalCloudError, request
from s3vl_local.postgres import BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "kept"
CLUSTER = "your-cluster-name"
QUERY = "select vector_id, distance from s3vl.query_vectors('{0.1,0.2,0.3,0.4,0.5}', index_name => 'kept', top_k => 50)"

# Each asks the cloud for something that must survive, in an order that does not depend on chance.
OBSERVATIONS: dict[str, Callable[[Callable[[str], Any]], Any]] = {
    "stack": lambda aws: aws("cloudformation").describe_stacks(StackName=NAME)["Stacks"],
    "resources": lambda aws: aws("cloudformation").describe_stack_resources(StackName=NAME)["StackResources"],
    "roles": lambda aws: aws("iam").list_roles()["Roles"],
    "function": lambda aws: aws("lambda").get_function(FunctionName=f"{NAME}-vector-query")["Configuration"],
    "clusters": lambda aws: [
        (cluster["DBClusterArn"], cluster["DbClusterResourceId"], cluster["AssociatedRoles"])
        for cluster in aws("rds").describe_db_clusters()["DBClusters"]
    ],
    "networks": lambda aws: aws("ec2").describe_vpcs()["Vpcs"] + aws("ec2").describe_subnets()["Subnets"],
    "queues": lambda aws: aws("sqs").list_queues()["QueueUrls"],
    "log groups": lambda aws: aws("logs").describe_log_groups()["logGroups"],
    "log lines": lambda aws: aws("logs").filter_log_events(logGroupName=f"/aws/lambda/{NAME}-vector-query")[
        "events"
    ],
    "metrics": lambda aws: aws("cloudwatch").list_metrics(Namespace="s3vl")["Metrics"],
    "buckets": lambda aws: aws("s3vectors").list_vector_buckets()["vectorBuckets"],
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """Start a local cloud that only these tests stop and kill."""
    with tempfile.TemporaryDirectory(prefix="s3vl-persistence-") as folder:
        local_cloud = LocalCloud(Path(folder) / "cloud")
        local_cloud.up()
        yield local_cloud
        local_cloud.reset()


@pytest.fixture(scope="module")
def aws(cloud: LocalCloud) -> Callable[[str], Any]:
    """Make clients of wherever the cloud listens now."""

    def client(service: str) -> Any:
        environment = cloud.environment()
        return boto3.client(
            service,
            region_name="us-west-2",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


@pytest.fixture(scope="module")
def index(cloud: LocalCloud, aws: Callable[[str], Any], package: bytes) -> str:
    """Deploy everything once: cluster, stack, code, vectors, and s3vl in the database; give the index's ARN."""
    aws("rds").create_db_cluster(
        DBClusterIdentifier=CLUSTER,
        Engine="aurora-postgresql",
        MasterUsername="postgres",
        MasterUserPassword="not-a-secret",
    )
    outputs = deploy(aws)
    aws("rds").add_role_to_db_cluster(
        DBClusterIdentifier=CLUSTER, RoleArn=outputs["AuroraLambdaRoleArn"], FeatureName="Lambda"
    )
    aws("lambda").update_function_code(FunctionName=f"{NAME}-vector-query", ZipFile=package)
    s3vectors, index_arn = aws("s3vectors"), outputs["S3VectorIndexArn"]
    s3vectors.put_vectors(indexArn=index_arn, vectors=sample_vectors())
    s3vectors.delete_vectors(indexArn=index_arn, keys=["vec_001"])
    s3vectors.tag_resource(resourceArn=index_arn, tags={"kept": "yes"})
    install(cloud, outputs["LambdaFunctionArn"], index_arn)
    return index_arn


def deploy(aws: Callable[[str], Any]) -> dict[str, str]:
    """Create the stack, as fixtures_cloud does in the cloud that other tests share; return its outputs."""
    subnet = aws("ec2").describe_subnets()["Subnets"][0]
    parameters = {
        "AuroraClusterArn": f"arn:aws:rds:us-west-2:123456789012:cluster:{CLUSTER}",
        "VpcId": subnet["VpcId"],
        "SubnetIds": subnet["SubnetId"],
        "ResourcePrefix": NAME,
    }
    aws("cloudformation").create_stack(
        StackName=NAME,
        TemplateBody=(ROOT / "cloudformation" / "template.yaml").read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    stack = aws("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def install(cloud: LocalCloud, lambda_arn: str, index_arn: str) -> None:
    """Install and configure s3vl in the database postgres."""
    server = cloud.postgres()
    with server.connect() as connection:
        connection.execute("create extension aws_lambda cascade")
    psql = [BIN / "psql", "-X", "-q", "--set", "ON_ERROR_STOP=1", "-f", "sql/install.sql", server.url()]
    subprocess.run(psql, cwd=ROOT, check=True, capture_output=True)
    with server.connect() as connection:
        connection.execute("select s3vl.configure(%s)", [lambda_arn])
        connection.execute("select s3vl.register_index(%s, %s)", [NAME, index_arn])


def observed(aws: Callable[[str], Any]) -> dict[str, Any]:
    """Return all that must survive."""
    return {name: observe(aws) for name, observe in OBSERVATIONS.items()}


def stored(s3vectors: Any, index: str) -> dict[str, Any]:
    """Return every vector of the index by key."""
    pages = s3vectors.get_paginator("list_vectors").paginate(
        indexArn=index, returnData=True, returnMetadata=True
    )
    return {vector["key"]: vector for page in pages for vector in page["vectors"]}


def results(cloud: LocalCloud) -> list[Any]:
    """Return what SQL finds, through Lambda and S3 Vectors."""
    with cloud.postgres().connect() as connection:
        return connection.execute(QUERY).fetchall()


def kill(cloud: LocalCloud) -> None:
    """End the server as a crash does, and wait until it is gone."""
    process = psutil.Process(cloud.state().pid)
    process.kill()
    process.wait(60)


@pytest.mark.parametrize("stop", [LocalCloud.down, kill], ids=["down", "kill -9"])
def test_everything_is_there_after_a_restart(
    cloud: LocalCloud, aws: Callable[[str], Any], index: str, stop: Callable[[LocalCloud], None]
) -> None:
    """The AWS APIs describe the same things, the vectors are the same, and SQL finds and misses the same."""
    # Searches first: they leave lines in the log.
    found, vectors, before = results(cloud), stored(aws("s3vectors"), index), observed(aws)
    assert len(vectors) == len(sample_vectors()) - 1
    assert found
    assert before["log lines"]
    assert before["metrics"]

    stop(cloud)
    cloud.up()
    for name, value in observed(aws).items():
        assert value == before[name], name
    assert stored(aws("s3vectors"), index) == vectors
    assert results(cloud) == found
    tags = aws("s3vectors").list_tags_for_resource(resourceArn=index)["tags"]
    assert tags["kept"] == "yes"


def test_a_crash_loses_no_write_that_was_acknowledged(
    cloud: LocalCloud, aws: Callable[[str], Any], index: str
) -> None:
    """Killed while eight threads put and delete, the server has all that it answered, and nothing half."""
    bucket = index.partition("/index/")[0]
    target = aws("s3vectors").create_index(
        vectorBucketArn=bucket, indexName="crash", dataType="float32", dimension=4, distanceMetric="euclidean"
    )["indexArn"]
    acknowledged: list[tuple[str, bool]] = []
    enough = threading.Event()

    def write(thread: int) -> None:
        client = aws("s3vectors")
        for number in range(100_000):
            keys = [f"{thread}-{number}-{part}" for part in range(20)]
            try:
                client.put_vectors(
                    indexArn=target,
                    vectors=[{"key": key, "data": {"float32": [thread, number, 0, 1]}} for key in keys],
                )
                acknowledged.append((f"{thread}-{number}", True))
                if number % 3 == 0:
                    client.delete_vectors(indexArn=target, keys=keys)
                    acknowledged.append((f"{thread}-{number}", False))
            except (BotoCoreError, ClientError):
                return
            if len(acknowledged) >= 200:
                enough.set()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    assert enough.wait(180)
    kill(cloud)
    for thread in threads:
        thread.join(60)
    cloud.up()

    found: dict[str, int] = {}
    for key in stored(aws("s3vectors"), target):
        batch = key.rpartition("-")[0]
        found[batch] = found.get(batch, 0) + 1
    assert set(found.values()) == {20}
    last = dict(acknowledged)
    unanswered = {f"{thread}-{_next(last, thread)}" for thread in range(8)}
    assert {batch for batch, present in last.items() if present} - unanswered <= found.keys()
    assert not {batch for batch, present in last.items() if not present} & found.keys()
    aws("s3vectors").delete_index(indexArn=target)


def _next(acknowledged: dict[str, bool], thread: int) -> int:
    """Return the number of the batch whose delete a thread may have been waiting for."""
    return max(
        (int(batch.split("-")[1]) for batch in acknowledged if batch.startswith(f"{thread}-")), default=0
    )


def test_a_stack_can_be_deleted_after_a_restart(
    cloud: LocalCloud, aws: Callable[[str], Any], index: str
) -> None:
    """What a cloud deletes that the tests before this one restarted is really gone, also after another restart."""
    aws("rds").remove_role_from_db_cluster(
        DBClusterIdentifier=CLUSTER,
        RoleArn=f"arn:aws:iam::123456789012:role/{NAME}-aurora-lambda-role",
        FeatureName="Lambda",
    )
    aws("cloudformation").delete_stack(StackName=NAME)
    kill(cloud)
    cloud.up()

    with pytest.raises(ClientError, match="does not exist"):
        aws("cloudformation").describe_stacks(StackName=NAME)
    assert aws("s3vectors").list_vector_buckets()["vectorBuckets"] == []
    with pytest.raises(ClientError, match="could not be found"):
        aws("s3vectors").get_index(indexArn=index)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        aws("lambda").get_function(FunctionName=f"{NAME}-vector-query")


def test_reset_clears_everything(cloud: LocalCloud, aws: Callable[[str], Any]) -> None:
    """After `reset` nothing runs, no file is left, and the next start is from nothing."""
    aws("s3vectors").create_vector_bucket(vectorBucketName="cleared")
    with cloud.postgres().connect() as connection:
        connection.execute("create table cleared ()")

    cloud.reset()
    assert not cloud.home.exists()
    with pytest.raises(LocalCloudError, match="make up"):
        cloud.state()
    cloud.up()
    assert request(cloud.state(), "GET", "/_s3vl/health")["status"] == "ok"
    assert aws("s3vectors").list_vector_buckets()["vectorBuckets"] == []
    assert aws("rds").describe_db_clusters()["DBClusters"] == []
    with cloud.postgres().connect() as connection:
        assert connection.execute("select to_regclass('cleared')").fetchone() == (None,)
