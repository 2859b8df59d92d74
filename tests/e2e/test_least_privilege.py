"""With policies enforced the walkthrough works, every action in the roles is needed, and nothing else is possible."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString, cast

import psycopg
import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from fixtures_cloud import Stack, sample_vectors
from fixtures_iam import GIVE_CREDENTIALS, allowed_actions, put_policy, without_action
from fixtures_probe import zip_of
from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.cloud import LocalCloud

CLUSTER = "least-privilege"
FORBIDDEN = 403
NOT_FOUND = 404
NAME = "test-index-5d"
QUERY = f"select * from s3vl.query_vectors(array[0.1, 0.2, 0.3, 0.4, 0.5], '{NAME}'"
READING = {"s3vectors:GetIndex", "s3vectors:GetVectors", "s3vectors:ListVectors", "s3vectors:QueryVectors"}
WRITING = {"s3vectors:DeleteVectors", "s3vectors:PutVectors"}
MANAGING = {"s3vectors:CreateIndex", "s3vectors:DeleteIndex"}

# Each call, and the actions that it needs.
CALLS: dict[str, tuple[str, set[str]]] = {
    "describe": (f"select * from s3vl.describe_index('{NAME}')", {"GetIndex"}),
    "query": (QUERY + ", return_metadata => false)", {"QueryVectors"}),
    "query with metadata": (QUERY + ")", {"QueryVectors", "GetVectors"}),
    "query with a filter": (
        QUERY + """, return_metadata => false, metadata_filter => '{"category": "test"}')""",
        {"QueryVectors", "GetVectors"},
    ),
    "batch": (
        f"select * from s3vl.query_vectors_batch(array[[1, 2, 3, 4, 5.0]], '{NAME}', return_metadata => false)",
        {"QueryVectors"},
    ),
    "hybrid": (
        f"""select * from s3vl.query_hybrid('{{"category": "test"}}', index_name => '{NAME}')""",
        {"QueryVectors", "GetVectors"},
    ),
    "get": (f"select * from s3vl.get_vectors(array['vec_001'], '{NAME}')", {"GetVectors"}),
    "rank": (
        f"select * from s3vl.rank_vectors(array[1, 2, 3, 4, 5.0], array['vec_001'], '{NAME}')",
        {"GetIndex", "GetVectors"},
    ),
    "list": (
        f"select * from s3vl.list_vectors(index_name => '{NAME}', return_metadata => false)",
        {"ListVectors"},
    ),
    "list with metadata": (
        f"select * from s3vl.list_vectors(index_name => '{NAME}')",
        {"ListVectors", "GetVectors"},
    ),
    "put": (
        f"select s3vl.put_vectors(array[('new', '{{1,2,3,4,5}}', null)::s3vl.vector_record], '{NAME}')",
        {"PutVectors"},
    ),
    "delete": (f"select s3vl.delete_vectors(array['new'], '{NAME}')", {"DeleteVectors"}),
}


@dataclass(frozen=True)
class Deployed:
    """A stack, and the names of its two roles."""

    stack: Stack
    function_role: str
    aurora_role: str


@pytest.fixture(scope="module")
def deployed(deploy: Callable[..., Stack], aws: Callable[..., Any], package: bytes) -> Iterator[Deployed]:
    """Deploy a stack that may write and manage indexes, with the real code and a cluster that has its role."""
    stack = deploy("least", AllowWrites="true", ManageIndexes="true")
    function = aws("lambda").update_function_code(FunctionName="least-vector-query", ZipFile=package)
    text_search = {"textSearchConfigurations": [{"metadataKey": "category"}]}
    aws("s3vectors").update_metadata_configuration(indexArn=stack.index_arn, add=text_search)
    aws("s3vectors").put_vectors(indexArn=stack.index_arn, vectors=sample_vectors())
    rds, role = aws("rds"), stack.outputs["AuroraLambdaRoleArn"]
    rds.create_db_cluster(
        DBClusterIdentifier=CLUSTER,
        Engine="aurora-postgresql",
        MasterUsername="postgres",
        MasterUserPassword="not-a-secret",
    )
    rds.describe_db_clusters()
    attachment = {"DBClusterIdentifier": CLUSTER, "RoleArn": role, "FeatureName": "Lambda"}
    rds.add_role_to_db_cluster(**attachment)
    yield Deployed(stack, function["Role"].split("/")[-1], role.split("/")[-1])
    rds.remove_role_from_db_cluster(**attachment)


@pytest.fixture(scope="module")
def session(
    cloud: LocalCloud, deployed: Deployed, install: Callable[[str], None]
) -> Iterator[psycopg.Connection]:
    """Open a session in a database that calls the stack's function."""
    server, database = cloud.postgres(), "least_privilege"
    server.create_database(database)
    install(database)
    with server.connect(database=database) as connection:
        connection.execute("select s3vl.configure(%s)", [deployed.stack.lambda_arn])
        connection.execute("select s3vl.register_index(%s, %s)", [NAME, deployed.stack.index_arn])
        yield connection
    server.drop_database(database)


def failures(session: psycopg.Connection) -> dict[str, psycopg.Error]:
    """Make every call, and return the errors of those that fail."""
    failed = {}
    for name, (statement, _) in CALLS.items():
        try:
            session.execute(statement)
        except psycopg.Error as error:
            failed[name] = error
    return failed


@pytest.mark.usefixtures("enforced")
def test_the_walkthrough_works_with_policies_enforced(
    session: psycopg.Connection, deployed: Deployed
) -> None:
    """From configure to the join with products, and every call beyond the post, no role lacks anything."""
    session.execute("select s3vl.configure(%s, 'us-west-2')", [deployed.stack.lambda_arn])
    assert session.execute("select is_valid from s3vl.validate_config()").fetchone() == (True,)
    session.execute("select s3vl.register_index(%s, %s)", [NAME, deployed.stack.index_arn])
    for name in ("products.sql", "queries.sql"):
        session.execute((ROOT / "sample-data" / name).read_text())

    assert failures(session) == {}
    checks = session.execute("select check_name, status, detail from s3vl.diagnose()").fetchall()
    assert {status for _, status, _ in checks} == {"ok"}, checks


def test_the_roles_allow_s3_vectors_and_one_function_only_as_far_as_the_tests_below_show(
    aws: Callable[..., Any], deployed: Deployed
) -> None:
    """The actions that are taken away one by one are those that the template gives."""
    actions = allowed_actions(aws("iam"), deployed.function_role)

    assert {action for action in actions if action.startswith("s3vectors:")} == (READING | WRITING | MANAGING)
    assert allowed_actions(aws("iam"), deployed.aurora_role) == {"lambda:InvokeFunction"}
    assert {f"s3vectors:{action}" for _, needs in CALLS.values() for action in needs} == READING | WRITING


@pytest.mark.parametrize("action", sorted(READING | WRITING))
@pytest.mark.usefixtures("enforced")
def test_without_an_action_just_the_calls_that_need_it_fail(
    session: psycopg.Connection, aws: Callable[..., Any], deployed: Deployed, action: str
) -> None:
    """Each action of the function's role is needed: without it S3V02 names it, and all other calls go on."""
    with without_action(aws("iam"), deployed.function_role, action):
        failed = failures(session)

    assert set(failed) == {name for name, (_, needs) in CALLS.items() if action.split(":")[1] in needs}
    for error in failed.values():
        assert error.sqlstate == "S3V02"
        role = f"assumed-role/{deployed.function_role}/least-vector-query"
        assert f"{role} is not authorized to perform: {action} on resource" in str(error)
        assert "IAM role of function least-vector-query" in (error.diag.message_hint or "")


@pytest.fixture
def new_index(aws: Callable[..., Any], deployed: Deployed, session: psycopg.Connection) -> Iterator[str]:
    """Give the ARN of an index that a test creates as "tenant-a", and end it after the test if it is there."""
    arn = f"{deployed.stack.outputs['VectorBucketArn']}/index/tenant-a"
    yield arn
    session.execute("delete from s3vl.index_registry where index_arn = %s", [arn])
    with suppress(ClientError):
        aws("s3vectors").delete_index(indexArn=arn)


@pytest.mark.usefixtures("enforced")
def test_an_index_is_made_used_and_ended_in_sql(
    session: psycopg.Connection, aws: Callable[..., Any], new_index: str
) -> None:
    """create_index, writes, searches and drop_index are all that a tenant's index needs; vectors are not lost by it."""
    put = "select s3vl.put_vectors(array[('{}', '{{1,2,3}}', null)::s3vl.vector_record], 'tenant-a')"
    create = """select s3vl.create_index('tenant-a', 3, 'euclidean', '{body}', '{"title": "en"}',
        description => 'of tenant a')"""

    assert session.execute(create).fetchone() == (new_index,)
    known = session.execute(
        "select dimension, distance_metric, index_mode, non_filterable_keys, text_keys, description"
        " from s3vl.describe_index('tenant-a')"
    ).fetchone()
    text_key = {"metadata_key": "title", "language": "en", "status": "ACTIVE"}
    assert known == (3, "euclidean", "ENHANCED", ["body"], [text_key], "of tenant a")
    for vector_id in ("a", "b"):
        session.execute(put.format(vector_id))
    found = session.execute("select vector_id from s3vl.query_vectors('{1,2,3}', 'tenant-a')").fetchall()
    assert sorted(found) == [("a",), ("b",)]

    with pytest.raises(psycopg.Error) as refused:
        session.execute("select s3vl.drop_index('tenant-a')")
    assert refused.value.sqlstate == "55006"
    assert f"index {new_index} is not empty: it holds 2 vectors" in str(refused.value)

    assert session.execute("select s3vl.drop_index('tenant-a', force => true)").fetchone() == (True,)
    with pytest.raises(ClientError, match="NotFound"):
        aws("s3vectors").get_index(indexArn=new_index)
    assert session.execute("select count(*) from s3vl.list_indexes()").fetchone() == (1,)


@pytest.mark.usefixtures("enforced")
def test_an_index_that_outlived_a_rollback_can_be_registered_or_dropped(
    session: psycopg.Connection, faults: Callable[..., None], new_index: str
) -> None:
    """S3 Vectors is not transactional: the second try says what is there, and its hint registers that."""
    for operation in ("CreateIndex", "DeleteIndex"):
        faults(operation=operation, reset=True, times=1)
    with session.transaction(force_rollback=True):
        session.execute("select s3vl.create_index('tenant-a', 3)")

    with pytest.raises(psycopg.Error) as refused:
        session.execute("select s3vl.create_index('tenant-a', 3)")
    assert refused.value.sqlstate == "42710"
    assert "It is as asked for." in (refused.value.diag.message_detail or "")
    with pytest.raises(psycopg.Error) as other:
        session.execute("select s3vl.create_index('tenant-a', 4)")
    assert "It is not what was asked for." in (other.value.diag.message_detail or "")

    hint = refused.value.diag.message_hint or ""
    session.execute(cast("LiteralString", hint[hint.index("select ") :]))
    assert session.execute("select s3vl.resolve_index_arn('tenant-a')").fetchone() == (new_index,)
    with session.transaction(force_rollback=True):
        assert session.execute("select s3vl.drop_index('tenant-a')").fetchone() == (True,)
    assert session.execute("select s3vl.drop_index('tenant-a')").fetchone() == (False,)


@pytest.mark.parametrize(
    ("action", "statements"),
    [
        ("s3vectors:CreateIndex", ["select s3vl.create_index('tenant-a', 3)"]),
        (
            "s3vectors:DeleteIndex",
            ["select s3vl.create_index('tenant-a', 3)", "select s3vl.drop_index('tenant-a')"],
        ),
    ],
)
@pytest.mark.usefixtures("enforced")
def test_without_an_action_indexes_are_not_managed(
    session: psycopg.Connection,
    aws: Callable[..., Any],
    deployed: Deployed,
    new_index: str,
    action: str,
    statements: list[LiteralString],
) -> None:
    """Each of the two is needed: without it S3V02 says which parameter gives it, and the registry stays as it was."""
    *before, last = statements
    with without_action(aws("iam"), deployed.function_role, action):
        for statement in before:
            session.execute(statement)
        registered = session.execute("select * from s3vl.list_indexes()").fetchall()
        with pytest.raises(psycopg.Error) as refused:
            session.execute(last)

    assert refused.value.sqlstate == "S3V02"
    assert f"{action} on resource: {new_index} because no identity-based policy" in str(refused.value)
    assert (refused.value.diag.message_hint or "").startswith("Set ManageIndexes to true")
    assert session.execute("select * from s3vl.list_indexes()").fetchall() == registered


@pytest.mark.usefixtures("enforced")
def test_indexes_are_managed_in_the_bucket_of_the_stack_only(
    session: psycopg.Connection, read_only: tuple[Stack, str, dict[str, str]]
) -> None:
    """Neither creating nor deleting reaches the bucket of another stack."""
    other = read_only[0]
    bucket = other.outputs["VectorBucketName"]
    session.execute(
        "insert into s3vl.index_registry (index_name, index_arn) values ('other', %s)", [other.index_arn]
    )
    statements: list[LiteralString] = [
        f"select s3vl.create_index('tenant-a', 3, vector_bucket => '{bucket}')",  # type: ignore[list-item]
        "select s3vl.drop_index('other', force => true)",
    ]

    for statement in statements:
        with pytest.raises(psycopg.Error) as refused:
            session.execute(statement)
        assert refused.value.sqlstate == "S3V02"
        assert f"bucket/{bucket}/index/" in str(refused.value)
    session.execute("select s3vl.unregister_index('other')")


@pytest.mark.usefixtures("enforced")
def test_without_the_right_to_invoke_every_call_fails(
    session: psycopg.Connection, aws: Callable[..., Any], deployed: Deployed
) -> None:
    """Aurora's role needs its one action; S3V02 names it and says how to attach a role that has it."""
    with without_action(aws("iam"), deployed.aurora_role, "lambda:InvokeFunction"):
        failed = failures(session)

    assert set(failed) == set(CALLS)
    for error in failed.values():
        assert error.sqlstate == "S3V02"
        role = f"assumed-role/{deployed.aurora_role}/{CLUSTER}"
        assert f"{role} is not authorized to perform: lambda:InvokeFunction" in str(error.diag.message_detail)
        assert "add-role-to-db-cluster" in (error.diag.message_hint or "")


@pytest.mark.usefixtures("enforced")
def test_aurora_cannot_invoke_another_function(session: psycopg.Connection, probe: str) -> None:
    """The role is for one function, by any of its names."""
    for function in (probe, "probe", f"{probe}:$LATEST"):
        with pytest.raises(psycopg.Error) as refused:
            session.execute("select * from aws_lambda.invoke(%s, '{}'::json)", [function])
        assert f"on resource: {probe}" in str(refused.value.diag.message_detail)


@pytest.mark.usefixtures("enforced")
def test_aurora_invokes_the_function_by_alias_too(
    session: psycopg.Connection, aws: Callable[..., Any], deployed: Deployed
) -> None:
    """The second resource of the policy is for aliases and versions."""
    function = deployed.stack.lambda_arn
    version = aws("lambda").publish_version(FunctionName=function)["Version"]
    aws("lambda").create_alias(FunctionName=function, Name="live", FunctionVersion=version)
    request = json.loads((ROOT / "lambda" / "events" / "availability_check.json").read_text())

    for qualifier in ("live", version):
        (answer,) = session.execute(
            "select payload from aws_lambda.invoke(%s, %s::json)",
            [f"{function}:{qualifier}", json.dumps(request)],
        ).fetchone() or ({},)
        assert answer["success"] is True


@pytest.fixture(scope="module")
def read_only(deploy: Callable[..., Stack], aws: Callable[..., Any]) -> tuple[Stack, str, dict[str, str]]:
    """Deploy a stack that may not write, whose function gives its role and its own credentials away."""
    return given_away(deploy("read-only"), aws)


@pytest.fixture(scope="module")
def managing(deploy: Callable[..., Stack], aws: Callable[..., Any]) -> tuple[Stack, str, dict[str, str]]:
    """Deploy one that may manage indexes, and not write."""
    return given_away(deploy("managing", ManageIndexes="true"), aws)


def given_away(stack: Stack, aws: Callable[..., Any]) -> tuple[Stack, str, dict[str, str]]:
    """Return a stack, and the role and credentials of its function, which gives them to whoever asks."""
    client = aws("lambda")
    role = client.update_function_code(FunctionName=stack.lambda_arn, ZipFile=zip_of(GIVE_CREDENTIALS))[
        "Role"
    ]
    credentials = json.load(client.invoke(FunctionName=stack.lambda_arn)["Payload"])
    return stack, role.split("/")[-1], credentials


def arguments(stack: Stack, operation: str) -> dict[str, Any]:
    """Return what an operation needs, about the stack's index or its bucket."""
    bucket_arn, bucket_name = stack.outputs["VectorBucketArn"], stack.outputs["VectorBucketName"]
    values = {
        "dataType": "float32",
        "defaultIndexMode": "ENHANCED",
        "dimension": 2,
        "distanceMetric": "cosine",
        "indexMode": "ENHANCED",
        "indexName": "another",
        "keys": ["a"],
        "policy": "{}",
        "resourceArn": stack.index_arn,
        "tagKeys": ["a"],
        "tags": {"a": "b"},
        "topK": 1,
        "vectorBucketName": bucket_name,
        "vectors": [{"key": "a", "data": {"float32": [1, 2, 3, 4, 5]}}],
    }
    shape = get_session().get_service_model("s3vectors").operation_model(operation).input_shape
    needed = {name: values[name] for name in shape.required_members}
    if operation == "QueryVectors":
        needed["queryVector"] = {"float32": [1, 2, 3, 4, 5]}
    if operation == "DeleteIndex":
        return {"indexArn": f"{bucket_arn}/index/another"}
    if "indexArn" in shape.members:
        return needed | {"indexArn": stack.index_arn}
    return needed | ({"vectorBucketArn": bucket_arn} if "vectorBucketArn" in shape.members else {})


def refusal(client: Any, operation: str, **arguments: Any) -> str | None:
    """Call an operation, and return the message when access is denied."""
    method = {api: name for name, api in client.meta.method_to_api_mapping.items()}[operation]
    try:
        getattr(client, method)(**arguments)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == FORBIDDEN:
            return str(error.response["Error"]["Message"])
        # What is not there was looked for.
        if status != NOT_FOUND:
            raise
    return None


@pytest.mark.parametrize("operation", get_session().get_service_model("s3vectors").operation_names)
@pytest.mark.parametrize(("kind", "allowed"), [("read_only", READING), ("managing", READING | MANAGING)])
@pytest.mark.usefixtures("enforced")
def test_of_s3_vectors_the_function_can_do_what_it_reads_with_and_nothing_else(
    request: pytest.FixtureRequest,
    client_of: Callable[..., Any],
    kind: str,
    allowed: set[str],
    operation: str,
) -> None:
    """Of all operations that the SDK knows, those that are listed work on the index, and no other does.

    With ManageIndexes two more do, and writing is denied all the same.
    """
    stack, role, credentials = request.getfixturevalue(kind)

    message = refusal(client_of(credentials, "s3vectors"), operation, **arguments(stack, operation))

    if f"s3vectors:{operation}" in allowed:
        assert message is None
    else:
        begin = f"assumed-role/{role}/{stack.name}-vector-query is not authorized to perform: s3vectors:{operation}"
        assert begin in str(message)


@pytest.mark.parametrize("action", sorted(READING))
@pytest.mark.usefixtures("enforced")
def test_the_function_cannot_read_another_index(
    client_of: Callable[..., Any],
    read_only: tuple[Stack, str, dict[str, str]],
    deployed: Deployed,
    action: str,
) -> None:
    """An index of another stack is out of reach, and so is one beside its own."""
    stack, _, credentials = read_only
    operation = action.split(":")[1]
    client = client_of(credentials, "s3vectors")

    for index_arn in (deployed.stack.index_arn, stack.index_arn + "x"):
        message = refusal(client, operation, **arguments(stack, operation) | {"indexArn": index_arn})
        assert f"{action} on resource: {index_arn} because no identity-based policy" in str(message)


@pytest.mark.parametrize("action", sorted(READING | MANAGING))
@pytest.mark.usefixtures("enforced")
def test_a_function_that_manages_indexes_stays_in_its_bucket(
    client_of: Callable[..., Any],
    managing: tuple[Stack, str, dict[str, str]],
    deployed: Deployed,
    action: str,
) -> None:
    """ManageIndexes gives nothing in the bucket of another stack, be the index there or not."""
    _, _, credentials = managing
    operation = action.split(":")[1]
    other = arguments(deployed.stack, operation)

    message = refusal(client_of(credentials, "s3vectors"), operation, **other)

    bucket = deployed.stack.outputs["VectorBucketArn"]
    assert f"{action} on resource: {bucket}/index/" in str(message)
    assert "because no identity-based policy" in str(message)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "reason"),
    [
        ("s3", "ListBuckets", {}, "because no identity-based policy allows the s3:ListAllMyBuckets action"),
        (
            "s3",
            "GetObject",
            {"Bucket": "b", "Key": "k"},
            "because no identity-based policy allows the s3:GetO",
        ),
        ("ec2", "DescribeSubnets", {}, "with an explicit deny in an identity-based policy"),
        ("ec2", "DescribeInstances", {}, "because no identity-based policy"),
        ("iam", "ListRoles", {}, "because no identity-based policy"),
        ("lambda", "ListFunctions", {}, "because no identity-based policy"),
        ("lambda", "Invoke", {"FunctionName": "probe"}, "because no identity-based policy"),
        ("sqs", "ListQueues", {}, "because no identity-based policy"),
        ("logs", "DescribeLogGroups", {}, "because no identity-based policy"),
        ("rds", "DescribeDBClusters", {}, "because no identity-based policy"),
        (
            "sts",
            "AssumeRole",
            {"RoleArn": "arn:aws:iam::123456789012:role/probe", "RoleSessionName": "me"},
            "because no identity-based policy",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("enforced")
def test_the_function_reaches_no_other_service(
    client_of: Callable[..., Any],
    read_only: tuple[Stack, str, dict[str, str]],
    service: str,
    operation: str,
    arguments: dict[str, Any],
    reason: str,
) -> None:
    """With the function's own credentials its code gets nowhere; network interfaces are even denied to it."""
    message = refusal(client_of(read_only[2], service), operation, **arguments)

    assert reason in str(message)


@pytest.mark.parametrize("operation", ["PutVectors", "DeleteVectors"])
@pytest.mark.usefixtures("enforced")
def test_no_other_policy_lets_a_read_only_function_write(
    aws: Callable[..., Any],
    client_of: Callable[..., Any],
    read_only: tuple[Stack, str, dict[str, str]],
    operation: str,
) -> None:
    """AllowWrites=false is an explicit Deny: a policy that allows everything changes nothing."""
    stack, role, credentials = read_only
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    put_policy(aws("iam"), role, "everything", everything)
    client = client_of(credentials, "s3vectors")

    message = refusal(client, operation, **arguments(stack, operation))
    listed = refusal(client, "ListIndexes", **arguments(stack, "ListIndexes"))
    put_policy(aws("iam"), role, "everything", [])

    assert "with an explicit deny in an identity-based policy" in str(message)
    assert listed is None
