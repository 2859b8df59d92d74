"""make deploy and make destroy: once as a user types them, and their tools in this process for everything else.

The tools' tests share one stack, which the first that needs it deploys.
"""

from __future__ import annotations

import functools
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

import deploy as deploying
import destroy
import package_lambda
from deployment import vector_index
from deployment.losses import Losses
from fixtures_probe import TRUST
from s3vl_local import parameters, surroundings
from s3vl_local.cloud import ROOT, LocalCloudError, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Stack
    from s3vl_local.cloud import LocalCloud

TYPED = "typed"
NAME = "deployed"
FIVE = [{"key": f"k{i}", "data": {"float32": [1.0, 0.0, 0.0, 0.0, float(i)]}} for i in range(5)]
NO_INDEX = "arn:aws:s3vectors:us-west-2:123456789012:bucket/no-bucket/index/no-index"


@pytest.fixture(scope="module")
def write_parameters(
    clients: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Path]]:
    """Write parameters files, for stacks that have a cluster each."""
    folder = tmp_path_factory.mktemp("parameters")
    in_zones = [{"Name": "default-for-az", "Values": ["true"]}]
    subnet = clients("ec2").describe_subnets(Filters=in_zones)["Subnets"][0]
    clusters: dict[str, str] = {}

    def write(stack: str, **changes: str) -> Path:
        if stack not in clusters:
            cluster = clients("rds").create_db_cluster(
                DBClusterIdentifier=f"{stack}-cluster",
                Engine="aurora-postgresql",
                MasterUsername="postgres",
                MasterUserPassword="not-a-secret",
            )["DBCluster"]
            clusters[stack] = cluster["DBClusterArn"]
        values = {
            "AuroraClusterArn": clusters[stack],
            "VpcId": subnet["VpcId"],
            "SubnetIds": subnet["SubnetId"],
            "ResourcePrefix": stack,
            **changes,
        }
        file = folder / f"{stack}.json"
        entries = [{"ParameterKey": key, "ParameterValue": text} for key, text in values.items()]
        file.write_text(json.dumps(entries))
        return file

    yield write
    for stack in clusters:
        clients("rds").delete_db_cluster(DBClusterIdentifier=f"{stack}-cluster", SkipFinalSnapshot=True)


@pytest.fixture(scope="module")
def deploy_here(
    cloud: LocalCloud,
    clients: Callable[[str], Any],
    package_file: Path,
    write_parameters: Callable[..., Path],
) -> Iterator[Callable[..., None]]:
    """Run make deploy's tool with parameters by name; the code is built already."""

    def run(*options: str, **changes: str) -> None:
        deploying.main(["--stack", NAME, "--parameters", str(write_parameters(NAME, **changes)), *options])

    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        # One for all runs, with one client a service: each would read the descriptions of the services again.
        session = boto3.Session()
        patch.setattr(session, "client", functools.cache(session.client))
        patch.setattr(boto3, "Session", lambda **_: session)
        # Downloads would take the time of several tests.
        patch.setattr(package_lambda, "build", lambda _target: None)
        patch.setattr(package_lambda, "ZIP", package_file)
        yield run
        if status(clients) is not None:
            destroy.main(["--stack", NAME, "--yes"])


@pytest.fixture
def deployed(deploy_here: Callable[..., None], clients: Callable[[str], Any]) -> Callable[..., None]:
    """Deploy with nothing but the parameters, unless a test before did."""
    if status(clients) is None:
        deploy_here()
    return deploy_here


def make(cloud: LocalCloud, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """Type make in the checkout; the answer to its questions comes on a pipe."""
    # The .venv is what the tests run in, whatever file is newer; a make inside of `make test` says where it is.
    ready = ["--no-print-directory", "--old-file=.venv/.ready", f"BIN={Path(sys.executable).parent}"]
    return subprocess.run(
        ["make", *ready, *words],
        env=surroundings.left() | cloud.environment(),
        cwd=ROOT,
        input=answer,
        text=True,
        capture_output=True,
        check=False,
    )


def status(clients: Callable[[str], Any], name: str = NAME) -> str | None:
    """Return the stack's status, or None when there is no stack."""
    try:
        [stack] = clients("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError:
        return None
    found: str = stack["StackStatus"]
    return found


def everything(clients: Callable[[str], Any], name: str = NAME) -> dict[str, Any]:
    """Return all that a deployment can change."""
    cloudformation, functions, function = clients("cloudformation"), clients("lambda"), f"{name}-vector-query"
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return {
        "stack": stack,
        "events": cloudformation.describe_stack_events(StackName=name)["StackEvents"],
        "resources": cloudformation.describe_stack_resources(StackName=name)["StackResources"],
        "function": functions.get_function(FunctionName=function)["Configuration"],
        "versions": functions.list_versions_by_function(FunctionName=function)["Versions"],
        "aliases": functions.list_aliases(FunctionName=function)["Aliases"],
        "roles": roles(clients, name),
        "index": clients("s3vectors").get_index(indexArn=outputs["S3VectorIndexArn"])["index"],
    }


def plans(clients: Callable[[str], Any]) -> list[str]:
    """Return the change sets that wait to be executed."""
    listed = clients("cloudformation").list_change_sets(StackName=NAME)["Summaries"]
    return [plan["ChangeSetName"] for plan in listed if plan["ExecutionStatus"] == "AVAILABLE"]


def roles(clients: Callable[[str], Any], name: str = NAME) -> list[tuple[str, str]]:
    """Return the roles of the cluster, with what for."""
    [cluster] = clients("rds").describe_db_clusters(DBClusterIdentifier=f"{name}-cluster")["DBClusters"]
    return [(role["RoleArn"], role["FeatureName"]) for role in cluster["AssociatedRoles"]]


def created(clients: Callable[[str], Any]) -> list[list[str]]:
    """Return what a stack has first: itself and its bucket, whichever names they have."""
    stacks = clients("cloudformation").describe_stacks()["Stacks"]
    buckets = clients("s3vectors").list_vector_buckets()["vectorBuckets"]
    return [[stack["StackId"] for stack in stacks], [bucket["vectorBucketArn"] for bucket in buckets]]


def text_search(clients: Callable[[str], Any], name: str = NAME) -> dict[str, tuple[str | None, str]]:
    """Return language and status of each key that has text search."""
    metadata = everything(clients, name)["index"]["metadataConfiguration"]
    return {
        entry["metadataKey"]: (entry.get("language"), entry["status"])
        for entry in metadata["textSearchConfigurations"]
    }


def answers(clients: Callable[[str], Any], qualifier: str = "$LATEST") -> bool:
    """Tell whether the function has code that says that it is there."""
    request = {"operation": "availability_check", "protocol": 2, "budget_ms": 5000}
    invoked = clients("lambda").invoke(
        FunctionName=f"{NAME}-vector-query", Qualifier=qualifier, Payload=json.dumps(request)
    )
    success: bool = json.loads(invoked["Payload"].read())["success"]
    return success


def test_a_user_deploys_twice_types_the_sql_and_destroys(
    cloud: LocalCloud,
    clients: Callable[[str], Any],
    write_parameters: Callable[..., Path],
    install: Callable[[str], None],
    database_names: Iterator[str],
) -> None:
    """The second run changes nothing, the printed SQL works, and only YES=1 or the name destroys."""
    asked = ["INDEX_MODE=ENHANCED", "TEXT_KEYS=title:en,body"]
    typed = ["deploy", f"STACK={TYPED}", f"PARAMETERS={write_parameters(TYPED)}", *asked]
    first = make(cloud, *typed)
    assert (first.returncode, first.stderr) == (0, "")
    before = everything(clients, TYPED)
    role = f"arn:aws:iam::123456789012:role/{TYPED}-aurora-lambda-role"
    assert before["roles"] == [(role, "Lambda")]
    assert text_search(clients, TYPED) == {"title": ("en", "ACTIVE"), "body": (None, "ACTIVE")}

    second = make(cloud, *typed)
    assert (second.returncode, second.stderr) == (0, "")
    assert "nothing to update\nthe code is uploaded already\n" in second.stdout
    assert everything(clients, TYPED) == before
    sql = second.stdout.partition("type:\n\n")[2]
    assert sql == first.stdout.partition("type:\n\n")[2]

    database = next(database_names)
    cloud.postgres().create_database(database)
    install(database)
    queries = (
        "select is_valid from s3vl.validate_config(); select index_name, dimension from s3vl.describe_index"
    )
    shown = subprocess.run(
        ["psql", "-XAtq", "--set", "ON_ERROR_STOP=1", "--dbname", database],
        env=cloud.environment(),
        input=f"{sql}{queries}('test-index-5d');",
        text=True,
        capture_output=True,
        check=False,
    )
    cloud.postgres().drop_database(database)
    assert (shown.stdout, shown.stderr) == ("t\nt\nt\ntest-index-5d|5\n", "")

    index = before["index"]["indexArn"]
    clients("s3vectors").put_vectors(indexArn=index, vectors=FIVE)
    write_parameters(TYPED, VectorDimension="6")
    stopped = make(cloud, *typed)
    assert stopped.returncode != 0
    assert (
        f"nothing was done: with these parameters the stack loses\n  {index}: 5 vectors, replaced"
        in stopped.stderr
    )
    assert everything(clients, TYPED) == before

    refused = make(cloud, "destroy", f"STACK={TYPED}", answer="no\n")
    assert "nothing was done: there is no terminal to ask at; in a script give YES=1" in refused.stderr
    assert everything(clients, TYPED) == before
    assert make(cloud, "destroy", f"STACK={TYPED}", "YES=1").returncode == 0
    assert (status(clients, TYPED), roles(clients, TYPED)) == (None, [])
    with pytest.raises(clients("lambda").exceptions.ResourceNotFoundException):
        clients("lambda").get_function_configuration(FunctionName=f"{TYPED}-vector-query")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LambdaTimeout": "5000"}, r'LambdaTimeout is "5000"; it must be a number of seconds from 3 to 900'),
        ({"LambdaTimeuot": "10"}, "LambdaTimeuot is no parameter of the template; remove it"),
        ({"AuroraClusterArn": "arn:aws:rds:us-west-2:123456789012:cluster:none"}, "none not found"),
        (
            {"SubnetIds": "subnet-00000000"},
            'refuses this, and stack deployed is as before: .* does not exist\nSubnetIds is "subnet-00000000"',
        ),
        (
            {"VpcId": "vpc-00000000"},
            r'does not exist\nVpcId is "vpc-00000000"\nCorrect that and type the same',
        ),
        (
            {"ExistingVectorIndexArns": NO_INDEX, "VectorDimension": "8"},
            rf'Rule .* empty\nExistingVectorIndexArns is "{NO_INDEX}"\nVectorDimension is "8"\nCorrect that',
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_parameter_is_refused_before_anything_is_created(
    deploy_here: Callable[..., None], clients: Callable[[str], Any], changes: dict[str, str], message: str
) -> None:
    """The message names the value, whether the tool, CloudFormation or a Rule of the template refuses it."""
    before = created(clients)
    with pytest.raises(SystemExit, match=message):
        deploy_here(**changes)

    assert created(clients) == before


def test_make_parameters_leaves_a_file_for_another_cluster_alone(
    cloud: LocalCloud, clients: Callable[[str], Any], write_parameters: Callable[..., Path]
) -> None:
    """Somebody wrote it for AWS; a file for any cluster of the local cloud is filled."""
    elsewhere = "arn:aws:rds:eu-west-1:111122223333:cluster:orders"
    foreign = write_parameters(NAME, AuroraClusterArn=elsewhere)
    before = foreign.read_text(), created(clients)
    with pytest.raises(LocalCloudError, match=rf"was not changed: (.|\n)*{elsewhere}\nMove it away"):
        parameters.write(foreign, cloud.environment())
    assert (foreign.read_text(), created(clients)) == before

    mine = write_parameters(NAME, ManageIndexes="true", VpcId="vpc-00000000")
    parameters.write(mine, cloud.environment())
    here = clients("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    assert f'"{here["VpcId"]}"' in mine.read_text()
    assert '"ManageIndexes"' in mine.read_text()


def test_a_cluster_with_another_role_is_refused_before_anything_is_created(
    deploy_here: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """A cluster takes one role for Lambda; the message has the command that detaches it."""
    trust = json.dumps(TRUST).replace("lambda.amazonaws.com", "rds.amazonaws.com")
    role = clients("iam").create_role(RoleName="other", AssumeRolePolicyDocument=trust)["Role"]
    before = created(clients)
    other = {
        "DBClusterIdentifier": f"{NAME}-cluster",
        "RoleArn": role["Arn"],
        "FeatureName": "Lambda",
    }
    clients("rds").add_role_to_db_cluster(**other)
    try:
        with pytest.raises(
            SystemExit, match=r"role/other .* detach it first: aws rds remove-role-from-db-cl"
        ):
            deploy_here()
    finally:
        clients("rds").remove_role_from_db_cluster(**other)

    assert created(clients) == before
    clients("iam").delete_role(RoleName="other")


def test_a_stack_that_cannot_be_created_is_destroyed_first(
    deploy_here: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """The cause is in the message, and so is the command after which the same can be typed again."""
    way_out = f"make destroy STACK={NAME}"
    missing = NO_INDEX.removesuffix("/index/no-index")
    with pytest.raises(
        SystemExit, match=rf"is ROLLBACK_COMPLETE: .*bucket.*; correct that, .* {way_out}, and"
    ):
        deploy_here(ExistingVectorBucketArn=missing)
    with pytest.raises(
        SystemExit, match=f"nothing was done: stack {NAME} is ROLLBACK_COMPLETE; .* {way_out}"
    ):
        deploy_here()
    destroy.main(["--stack", NAME, "--yes"])

    assert status(clients) is None


def test_changed_parameters_reach_the_function_and_the_code_stays(
    deployed: Callable[..., None], clients: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """An update says what it sets before it begins, and does not bring the placeholder back."""
    deployed(LambdaTimeout="20", LambdaMemorySize="512")

    began = capsys.readouterr().out.partition(f"update stack {NAME} ...\n")[2].splitlines()
    assert began[:2] == [
        '  sets LambdaTimeout: "30" -> "20"',
        '  sets LambdaMemorySize: "256" -> "512"',
    ]
    function = everything(clients)["function"]
    assert (function["Timeout"], function["MemorySize"]) == (20, 512)
    assert answers(clients)


def test_a_failed_upload_leaves_the_old_code_serving_until_a_second_run(
    deployed: Callable[..., None],
    clients: Callable[[str], Any],
    faults: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The tool says what failed, the function is as before, and the same typed again completes it."""
    changed = tmp_path / "other.zip"
    # A zip may have anything after its end.
    changed.write_bytes(package_lambda.ZIP.read_bytes() + b"\n")
    monkeypatch.setattr(package_lambda, "ZIP", changed)
    before = everything(clients)["function"]["CodeSha256"]
    faults(
        operation="UpdateFunctionCode",
        status=400,
        code="CodeStorageExceededException",
        message="no room",
        times=1,
    )
    with pytest.raises(SystemExit, match="no room\nCorrect that and type the same again"):
        deployed()

    assert everything(clients)["function"]["CodeSha256"] == before
    assert answers(clients)
    deployed()
    assert everything(clients)["function"]["CodeSize"] == len(changed.read_bytes())
    assert answers(clients)


def test_an_index_mode_is_set(
    cloud: LocalCloud, deployed: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """An index that was made CLASSIC becomes ENHANCED."""
    index = everything(clients)["index"]
    request(cloud.state(), "PUT", f"/_s3vl/buckets/{index['vectorBucketName']}", {"classic": True})
    clients("s3vectors").update_index_mode(indexArn=index["indexArn"], indexMode="CLASSIC")
    deployed("--index-mode", "ENHANCED")

    assert everything(clients)["index"]["indexMode"] == "ENHANCED"


def test_text_search_is_waited_for_and_another_language_replaces_one(
    cloud: LocalCloud,
    deployed: Callable[..., None],
    clients: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is not named stays as it is."""
    index = everything(clients)["index"]
    settings = f"/_s3vl/indexes/{index['vectorBucketName']}/{index['indexName']}"
    request(cloud.state(), "PUT", settings, {"building_seconds": 600})
    # It is built while the tool waits to look again.
    monkeypatch.setattr("time.sleep", lambda _: request(cloud.state(), "PUT", settings, {}))
    deployed("--text-keys", "title:en,body")
    assert text_search(clients) == {"title": ("en", "ACTIVE"), "body": (None, "ACTIVE")}
    said = capsys.readouterr().out
    assert re.search(r"\n  wait until text search of title, body is built: \d+ s\n", said)

    deployed("--text-keys", "title:fr")
    assert text_search(clients) == {"title": ("fr", "ACTIVE"), "body": (None, "ACTIVE")}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("title:english", 'the language "english" for "title"; it may be one of en, fr'),
        ("a,b,c,d,e,f,g,h,i,j,k", "11 keys; an index has up to 10"),
    ],
)
def test_text_keys_that_s3_vectors_does_not_have_are_refused_before_anything(
    deployed: Callable[..., None], clients: Callable[[str], Any], keys: str, message: str
) -> None:
    """The message has what there can be."""
    before = everything(clients)
    with pytest.raises(SystemExit, match=f"nothing was done: TEXT_KEYS has {message}"):
        deployed("--text-keys", keys)

    assert everything(clients) == before


def test_with_snapstart_the_alias_moves_to_a_version_that_works(
    deployed: Callable[..., None], clients: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Aurora calls the alias live, which has the real code; only a change publishes again."""
    deployed(SnapStart="true")
    before = everything(clients)
    [alias] = before["aliases"]
    assert alias["FunctionVersion"] == before["versions"][-1]["Version"]
    assert answers(clients, "live")
    assert f"lambda_arn => '{alias['AliasArn']}'" in capsys.readouterr().out

    deployed(SnapStart="true")
    assert everything(clients) == before

    deployed(SnapStart="true", LambdaMemorySize="1024")
    served = clients("lambda").get_function_configuration(
        FunctionName=f"{NAME}-vector-query", Qualifier="live"
    )
    assert served["MemorySize"] == 1024
    assert answers(clients, "live")


def losing(clients: Callable[[str], Any], change: str) -> dict[str, str]:
    """Return parameters that take the stack's index away."""
    if change == "KmsKeyArn":
        return {"KmsKeyArn": clients("kms").create_key()["KeyMetadata"]["Arn"]}
    return {change: {"VectorDimension": "6", "RetainVectors": "true"}[change]}


@pytest.mark.parametrize(
    ("change", "fate"),
    [
        ("VectorDimension", "replaced by an empty one, and deleted"),
        ("RetainVectors", "deleted"),
        ("KmsKeyArn", "replaced by an empty one, and deleted"),
    ],
)
def test_an_update_that_takes_vectors_away_stops_before_it_begins(
    deployed: Callable[..., None],
    clients: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    fate: str,
) -> None:
    """The index is named with its count, nothing has changed, and no change set is left."""
    deployed()
    before = everything(clients)
    index = before["index"]["indexArn"]
    clients("s3vectors").put_vectors(indexArn=index, vectors=FIVE)
    with pytest.raises(SystemExit) as exact:
        deployed(**losing(clients, change))
    monkeypatch.setattr(vector_index, "_MOST_COUNTED", 3)
    with pytest.raises(SystemExit) as bounded:
        deployed(**losing(clients, change))

    assert str(exact.value).splitlines()[:2] == [
        "nothing was done: with these parameters the stack loses",
        f"  {index}: 5 vectors, {fate}",
    ]
    assert f"{index}: more than 3 vectors, " in str(bounded.value)
    assert everything(clients) == before
    assert len(clients("s3vectors").list_vectors(indexArn=index)["vectors"]) == len(FIVE)
    assert plans(clients) == []
    clients("s3vectors").delete_vectors(indexArn=index, keys=[vector["key"] for vector in FIVE])


@pytest.mark.parametrize(
    ("change", "held"),
    [("VectorDimension", []), ("VectorDimension", FIVE), ("KmsKeyArn", []), ("RetainVectors", FIVE)],
    ids=["new dimension, empty", "new dimension", "new key, empty", "retained from now on"],
)
def test_an_index_that_is_empty_or_may_be_deleted_is_replaced_without_remains(
    deployed: Callable[..., None], clients: Callable[[str], Any], change: str, held: list[Any]
) -> None:
    """What the stack had is gone with its bucket, so that the stack can be deleted without more ado."""
    deployed()
    vectors, before = clients("s3vectors"), everything(clients)["index"]
    if held:
        vectors.put_vectors(indexArn=before["indexArn"], vectors=held)
    deployed(*(["--delete-vectors"] if held else []), **losing(clients, change))
    after = everything(clients)["index"]

    assert after["indexArn"] != before["indexArn"]
    with pytest.raises(vectors.exceptions.NotFoundException):
        vectors.get_index(indexArn=before["indexArn"])
    in_bucket = vectors.list_indexes(vectorBucketName=after["vectorBucketName"])["indexes"]
    assert [index["indexArn"] for index in in_bucket] == [after["indexArn"]]
    buckets = {bucket["vectorBucketName"] for bucket in vectors.list_vector_buckets()["vectorBuckets"]}
    assert (before["vectorBucketName"] in buckets) is (change == "VectorDimension")
    if change == "RetainVectors":
        # Its bucket and index outlive the stack, and what this file deploys next.
        destroy.main(["--stack", NAME, "--yes"])
        vectors.delete_index(indexArn=after["indexArn"])
        vectors.delete_vector_bucket(vectorBucketName=after["vectorBucketName"])


def test_vectors_that_come_while_the_index_is_replaced_are_kept(
    deployed: Callable[..., None],
    clients: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An index is looked at once more before it is deleted; the message has the command that deletes it."""
    deployed()
    vectors, before = clients("s3vectors"), everything(clients)["index"]
    check = Losses.check

    def written_after(self: Losses, changes: list[Any]) -> None:
        check(self, changes)
        vectors.put_vectors(indexArn=before["indexArn"], vectors=FIVE)

    monkeypatch.setattr(Losses, "check", written_after)
    deployed(VectorDimension="7")

    said = f"kept, for it was replaced: {before['indexArn']}, which has got 5 vectors since; delete it with: aws s3v"
    assert said in capsys.readouterr().out
    assert len(vectors.list_vectors(indexArn=before["indexArn"])["vectors"]) == len(FIVE)
    vectors.delete_index(indexArn=before["indexArn"])


def test_a_bucket_with_an_index_of_somebody_is_not_taken_away(
    deployed: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """CloudFormation could not delete it; the message has the command for the index that is in the way."""
    deployed()
    vectors, before = clients("s3vectors"), everything(clients)
    mine = vectors.create_index(
        vectorBucketName=before["index"]["vectorBucketName"],
        indexName="mine",
        dataType="float32",
        dimension=3,
        distanceMetric="cosine",
    )["indexArn"]
    with pytest.raises(SystemExit, match="which this update deletes, also holds the index mine;"):
        deployed("--delete-vectors", RetainVectors="true")

    assert everything(clients) == before
    assert plans(clients) == []
    vectors.delete_index(indexArn=mine)


def test_a_stack_of_another_template_is_left_alone(
    deploy_here: Callable[..., None], clients: Callable[[str], Any], write_parameters: Callable[..., Path]
) -> None:
    """A wrong name for STACK would remove all that the other stack has; it is named instead."""
    assert deploy_here
    stacks = clients("cloudformation")
    template = json.dumps({"Resources": {"Orders": {"Type": "AWS::SQS::Queue"}}})
    stacks.create_stack(StackName="others", TemplateBody=template)
    with pytest.raises(
        SystemExit, match=r"made from another template, .* remove\n  Orders, AWS::SQS::Queue\n"
    ):
        deploying.main(["--stack", "others", "--parameters", str(write_parameters("others"))])

    assert (status(clients, "others"), plans(clients)) == ("CREATE_COMPLETE", [])
    stacks.delete_stack(StackName="others")


def test_an_update_that_cloudformation_refuses_leaves_the_stack_as_it_is(
    deployed: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """The message names the value, as it does for a new stack."""
    before = everything(clients)
    with pytest.raises(
        SystemExit, match=r'and stack deployed is as before: .*\nSubnetIds is "subnet-00000000"\n'
    ):
        deployed(SubnetIds="subnet-00000000")

    assert everything(clients) == before
    assert plans(clients) == []


class _Typed(io.StringIO):
    """What a person types at a terminal."""

    def isatty(self) -> bool:
        """Say that a person is there."""
        return True


def test_destroy_takes_role_and_stack_away_when_the_name_is_typed(
    deployed: Callable[..., None],
    clients: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Another answer, or none, leaves everything; after the right one there is nothing left to destroy."""
    assert deployed
    before = everything(clients)
    clients("s3vectors").put_vectors(
        indexArn=before["index"]["indexArn"],
        vectors=[{"key": "a", "data": {"float32": [1.0] * before["index"]["dimension"]}}],
    )
    for answer in ("another\n", ""):
        monkeypatch.setattr(sys, "stdin", _Typed(answer))
        with pytest.raises(SystemExit, match="nothing was done: that is not the stack's name"):
            destroy.main(["--stack", NAME])
    assert everything(clients) == before
    told = f"This deletes stack {NAME}, with 1 vector in its index {before['index']['indexArn']}. Type"
    assert told in capsys.readouterr().out

    monkeypatch.setattr(sys, "stdin", _Typed(f"{NAME}\n"))
    destroy.main(["--stack", NAME])
    assert (status(clients), roles(clients)) == (None, [])
    with pytest.raises(SystemExit, match=f"there is no stack {NAME} in us-west-2; nothing was done"):
        destroy.main(["--stack", NAME])


def test_destroy_does_nothing_while_the_bucket_holds_another_index(
    deployed: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """CloudFormation would fail half-way, without role and function; the message has a command for each index."""
    assert deployed
    vectors, before = clients("s3vectors"), everything(clients)
    bucket = before["index"]["vectorBucketName"]
    names = ["items", "parts"]
    for name in names:
        vectors.create_index(
            vectorBucketName=bucket, indexName=name, dataType="float32", dimension=3, distanceMetric="cosine"
        )
    with pytest.raises(
        SystemExit, match=f"nothing was done: bucket {bucket}.* index items, parts;"
    ) as raised:
        destroy.main(["--stack", NAME, "--yes"])
    for name in names:
        vectors.delete_index(vectorBucketName=bucket, indexName=name)

    assert everything(clients) == before
    command = f"  aws s3vectors delete-index --vector-bucket-name {bucket} --index-name "
    assert str(raised.value).splitlines()[1:] == [command + name for name in names]


def test_destroy_leaves_a_protected_stack_as_it_is(
    deploy_here: Callable[..., None], clients: Callable[[str], Any]
) -> None:
    """The message has the command that takes the protection off."""
    assert deploy_here
    template = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    stacks = clients("cloudformation")
    stacks.create_stack(StackName="protected", TemplateBody=template, EnableTerminationProtection=True)
    with pytest.raises(
        SystemExit, match=r"nothing was done: .* aws cloudformation update-termination-protect"
    ):
        destroy.main(["--stack", "protected", "--yes"])

    assert status(clients, "protected") == "CREATE_COMPLETE"
    stacks.delete_stack(StackName="protected")


def test_destroy_says_what_the_template_retains_whether_or_not_the_cluster_is_there(
    deploy: Callable[..., Stack],
    deploy_here: Callable[..., None],
    clients: Callable[[str], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Vectors that are to be kept are named by ARN, and still there, whatever else is in their bucket."""
    assert deploy_here
    arn = deploy("retained", RetainVectors="true").index_arn
    vectors = clients("s3vectors")
    bucket = vectors.get_index(indexArn=arn)["index"]["vectorBucketName"]
    other = vectors.create_index(
        vectorBucketName=bucket, indexName="items", dataType="float32", dimension=3, distanceMetric="cosine"
    )["indexArn"]
    destroy.main(["--stack", "retained", "--yes"])

    printed = capsys.readouterr().out
    assert "cluster your-cluster-name was deleted before\n" in printed
    assert f"kept, as the template says: AWS::S3Vectors::Index {arn}\n" in printed
    for kept in (arn, other):
        vectors.delete_index(indexArn=kept)
    vectors.delete_vector_bucket(vectorBucketName=bucket)
