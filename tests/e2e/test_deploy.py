"""make deploy and make destroy, on the local cloud with real boto3; one stack serves most tests."""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

import deploy as deploying
import destroy
import package_lambda
from deployment.function import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3vl_local.cloud import LocalCloud

NAME = "deployed"
CLUSTER = "deploy-cluster"
FUNCTION = "deployed-vector-query"
ROLE_ARN = "arn:aws:iam::123456789012:role/deployed-aurora-lambda-role"


@pytest.fixture(scope="module")
def deploy_here(
    cloud: LocalCloud, clients: Callable[[str], Any], package: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., None]]:
    """Run make deploy's tool with parameters by name, for a cluster that is there and code that is built."""
    assert package
    file = tmp_path_factory.mktemp("deploy") / "parameters.json"
    subnet = clients("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])[
        "Subnets"
    ][0]
    cluster = clients("rds").create_db_cluster(
        DBClusterIdentifier=CLUSTER,
        Engine="aurora-postgresql",
        MasterUsername="postgres",
        MasterUserPassword="not-a-secret",
    )["DBCluster"]
    values = {
        "AuroraClusterArn": cluster["DBClusterArn"],
        "VpcId": subnet["VpcId"],
        "SubnetIds": subnet["SubnetId"],
        "ResourcePrefix": NAME,
    }

    def run(*options: str, **changes: str) -> None:
        entries = [{"ParameterKey": key, "ParameterValue": text} for key, text in (values | changes).items()]
        file.write_text(json.dumps(entries))
        deploying.main(["--stack", NAME, "--parameters", str(file), *options])

    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        # One for all runs, with one client a service: each would read the descriptions of the services again.
        session = boto3.Session()
        patch.setattr(session, "client", functools.cache(session.client))
        patch.setattr(boto3, "Session", lambda: session)
        # It is built already, and downloads would take the time of several tests.
        patch.setattr(package_lambda, "build", lambda _target: None)
        yield run
        if status(clients) is not None:
            destroy.main(["--stack", NAME, "--yes"])
    clients("rds").delete_db_cluster(DBClusterIdentifier=CLUSTER, SkipFinalSnapshot=True)


@pytest.fixture(scope="module")
def deployed(deploy_here: Callable[..., None]) -> Callable[..., None]:
    """Deploy once, with nothing but the parameters."""
    deploy_here()
    return deploy_here


def status(clients: Callable[[str], Any]) -> str | None:
    """Return the stack's status, or None when there is no stack."""
    try:
        [stack] = clients("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
    except ClientError:
        return None
    found: str = stack["StackStatus"]
    return found


def everything(clients: Callable[[str], Any]) -> dict[str, Any]:
    """Return all that a deployment can change."""
    cloudformation, functions = clients("cloudformation"), clients("lambda")
    [stack] = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return {
        "stack": stack,
        "events": cloudformation.describe_stack_events(StackName=NAME)["StackEvents"],
        "resources": cloudformation.describe_stack_resources(StackName=NAME)["StackResources"],
        "function": functions.get_function(FunctionName=FUNCTION)["Configuration"],
        "versions": functions.list_versions_by_function(FunctionName=FUNCTION)["Versions"],
        "aliases": functions.list_aliases(FunctionName=FUNCTION)["Aliases"],
        "roles": roles(clients),
        "index": clients("s3vectors").get_index(indexArn=outputs["S3VectorIndexArn"])["index"],
    }


def roles(clients: Callable[[str], Any]) -> list[dict[str, Any]]:
    """Return the roles of the cluster."""
    [cluster] = clients("rds").describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"]
    found: list[dict[str, Any]] = cluster["AssociatedRoles"]
    return found


def answer(clients: Callable[[str], Any], qualifier: str = "$LATEST") -> dict[str, Any]:
    """Return what the function says when it is asked whether it is there."""
    request = {"operation": "availability_check", "protocol": 1, "budget_ms": 5000}
    invoked = clients("lambda").invoke(
        FunctionName=FUNCTION, Qualifier=qualifier, Payload=json.dumps(request)
    )
    document: dict[str, Any] = json.loads(invoked["Payload"].read())
    return document


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LambdaTimeout": "5000"}, r'LambdaTimeout is "5000"; it must be a number of seconds from 3 to 900'),
        ({"SubnetIds": "subnet-00000000"}, "subnet ID 'subnet-00000000' does not exist"),
        ({"VpcId": "vpc-00000000"}, "which is in vpc-.* and not in the VpcId vpc-00000000"),
        ({"AuroraClusterArn": "arn:aws:rds:us-west-2:123456789012:cluster:none"}, "none not found"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_refused_before_anything_is_created(
    deploy_here: Callable[..., None], clients: Callable[[str], Any], changes: dict[str, str], message: str
) -> None:
    """The message names the value, and there is no stack after it."""
    with pytest.raises(SystemExit, match=message):
        deploy_here(**changes)

    assert status(clients) is None


def test_a_cluster_with_another_role_is_refused_before_anything_is_created(
    deploy_here: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """A cluster takes one role for Lambda; the message has the command that detaches it."""
    other = {"DBClusterIdentifier": CLUSTER, "RoleArn": "arn:aws:iam::123456789012:role/other"}
    clients("rds").add_role_to_db_cluster(**other, FeatureName="Lambda")
    try:
        with pytest.raises(
            SystemExit, match=r"role/other .* detach it first: aws rds remove-role-from-db-cl"
        ):
            deploy_here()
    finally:
        clients("rds").remove_role_from_db_cluster(**other, FeatureName="Lambda")

    assert status(clients) is None


def test_deploying_twice_changes_nothing_and_prints_the_sql(
    deployed: Callable[..., None], clients: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The first run leaves a function that answers and a role on the cluster; the second leaves all as it is."""
    before = everything(clients)
    assert answer(clients)["success"] is True
    assert [(role["RoleArn"], role["FeatureName"]) for role in before["roles"]] == [(ROLE_ARN, "Lambda")]

    deployed()

    assert everything(clients) == before
    printed = capsys.readouterr().out
    assert "select s3vl.configure(lambda_arn => 'arn:aws:lambda:us-west-2:123456789012:function:" in printed
    assert f"index_arn => '{before['index']['indexArn']}'" in printed


def test_a_changed_parameter_reaches_the_function_and_the_code_stays(
    deployed: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """An update of the stack does not bring the placeholder back."""
    deployed(LambdaTimeout="20")

    assert clients("lambda").get_function_configuration(FunctionName=FUNCTION)["Timeout"] == 20
    assert answer(clients)["success"] is True


def test_a_failed_upload_leaves_the_old_code_serving(
    deployed: Callable[..., None],
    clients: Callable[[str], Any],
    faults: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The tool says what failed in one line, and the function is as before; after that it can be typed again."""
    changed = tmp_path / "other.zip"
    # A zip may have anything after its end.
    changed.write_bytes(package_lambda.ZIP.read_bytes() + b"\n")
    before = clients("lambda").get_function_configuration(FunctionName=FUNCTION)["CodeSha256"]
    faults(operation="UpdateFunctionCode", status=400, code="CodeStorageExceededException", message="no room")
    with monkeypatch.context() as patch:
        patch.setattr(package_lambda, "ZIP", changed)
        with pytest.raises(SystemExit, match="no room\nCorrect that and type the same again"):
            deployed()

    assert clients("lambda").get_function_configuration(FunctionName=FUNCTION)["CodeSha256"] == before
    assert answer(clients)["success"] is True


def test_code_that_does_not_answer_is_reported() -> None:
    """What the function says is in the message, with where to read its log."""
    with pytest.raises(SystemExit, match=r"does not work: .*; see its log: aws logs tail /aws/lambda/no"):
        Function(_AnsweringClient(b'{"success": false}'), "no").release()


class _AnsweringClient:
    """A Lambda client whose function has one answer."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload

    def get_function_configuration(self, **_: str) -> dict[str, Any]:
        """Tell nothing about SnapStart."""
        return {}

    def invoke(self, **_: Any) -> dict[str, Any]:
        """Give the answer."""
        return {"Payload": self}

    def read(self) -> bytes:
        """Give the answer's bytes."""
        return self._payload


def test_index_mode_and_text_keys_are_set_once(
    deployed: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """Text search is there after the first run, a second changes nothing, and another language replaces one."""
    options = ("--index-mode", "ENHANCED", "--text-keys")
    deployed(*options, "title:en,body")
    before = everything(clients)
    searched = before["index"]["metadataConfiguration"]["textSearchConfigurations"]
    assert {entry["metadataKey"]: entry.get("language") for entry in searched} == {
        "title": "en",
        "body": None,
    }
    assert {entry["status"] for entry in searched} == {"ACTIVE"}

    deployed(*options, "title:en,body")
    assert everything(clients) == before

    deployed(*options, "title:fr")
    searched = everything(clients)["index"]["metadataConfiguration"]["textSearchConfigurations"]
    assert {entry["metadataKey"]: entry.get("language") for entry in searched} == {
        "title": "fr",
        "body": None,
    }


def test_an_unknown_language_is_refused_before_anything(
    deployed: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """The message names the languages that there are."""
    before = everything(clients)
    with pytest.raises(SystemExit, match='language "english" for "title"; it may be one of en, fr'):
        deployed("--text-keys", "title:english")

    assert everything(clients) == before


def test_with_snapstart_the_alias_moves_to_a_version_that_works(
    deployed: Callable[..., None], clients: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Aurora calls the alias live, which has the real code; a second run publishes nothing."""
    deployed(SnapStart="true")
    before = everything(clients)
    [alias] = before["aliases"]
    assert alias["FunctionVersion"] == before["versions"][-1]["Version"]
    assert answer(clients, "live")["success"] is True
    assert f"lambda_arn => '{alias['AliasArn']}'" in capsys.readouterr().out

    deployed(SnapStart="true")
    assert everything(clients) == before


def test_destroy_asks_and_does_nothing_without_the_name(
    deployed: Callable[..., None], clients: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal it refuses; with one it wants the stack's name."""
    assert deployed
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(SystemExit, match="no terminal to ask at; in a script give YES=1"):
        destroy.main(["--stack", NAME])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: "another")
    with pytest.raises(SystemExit, match="that is not the stack's name"):
        destroy.main(["--stack", NAME])

    assert roles(clients)
    assert status(clients) in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def test_destroy_takes_the_role_away_and_deletes_the_stack(
    deployed: Callable[..., None], clients: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the name is typed, neither role nor stack nor function is left; a second time there is nothing to do."""
    assert deployed
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: NAME)
    destroy.main(["--stack", NAME])

    assert (status(clients), roles(clients)) == (None, [])
    with pytest.raises(clients("lambda").exceptions.ResourceNotFoundException):
        clients("lambda").get_function_configuration(FunctionName=FUNCTION)
    with pytest.raises(SystemExit, match=f"there is no stack {NAME} in us-west-2; nothing was done"):
        destroy.main(["--stack", NAME])


def test_destroy_says_what_the_template_retains(
    deploy_here: Callable[..., None], clients: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Vectors that are to be kept are named by ARN, and still there."""
    deploy_here(RetainVectors="true")
    index = everything(clients)["index"]
    destroy.main(["--stack", NAME, "--yes"])

    assert f"kept, as the template says: AWS::S3Vectors::Index {index['indexArn']}" in capsys.readouterr().out
    vectors = clients("s3vectors")
    vectors.delete_index(indexArn=index["indexArn"])
    vectors.delete_vector_bucket(vectorBucketName=index["vectorBucketName"])
