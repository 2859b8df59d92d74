"""Policies that the local cloud enforces on request: whose they are, which count, and what a refusal says."""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from botocore.exceptions import ClientError
from moto.core.request import Request
from werkzeug.test import EnvironBuilder

from fixtures_iam import GIVE_CREDENTIALS
from fixtures_probe import TRUST, zip_of
from s3vl_local.cloud import request
from s3vl_local.iam import calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.cloud import LocalCloud

ACCOUNT = "arn:aws:s3vectors:us-west-2:123456789012"
BUCKET = f"{ACCOUNT}:bucket/bucket"
INDEX = f"{BUCKET}/index/index"
NAMES = {"vectorBucketName": "bucket", "indexName": "index"}
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
LIST = "s3vectors:ListVectorBuckets"
numbers = itertools.count(1)


def policy(*statements: dict[str, Any]) -> str:
    """Return the JSON of a policy; what a statement leaves out is about every action and resource."""
    return json.dumps({"Version": "2012-10-17", "Statement": [ALLOW_ALL | one for one in statements]})


def trust(service: str) -> str:
    """Return the JSON of a trust policy for a service."""
    return json.dumps(TRUST).replace("lambda.amazonaws.com", service)


@pytest.fixture
def iam(aws: Callable[..., Any]) -> Any:
    """Give a client of IAM."""
    return aws("iam")


@pytest.fixture
def role(iam: Any) -> str:
    """Create a role that Lambda may assume and that may do nothing, and give its ARN."""
    name = f"enforced-{next(numbers)}"
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"][
        "Arn"
    ]
    return arn


def name_of(role: str) -> str:
    """Return the name of a role."""
    return role.rsplit("/", maxsplit=1)[-1]


@pytest.fixture
def assume(aws: Callable[..., Any], client_of: Callable[..., Any], role: str) -> Callable[..., Any]:
    """Make clients that have assumed the role."""

    def client(service: str, **options: Any) -> Any:
        given = aws("sts").assume_role(RoleArn=role, RoleSessionName="me", **options)["Credentials"]
        credentials = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        return client_of(credentials, service)

    return client


@pytest.mark.parametrize("document", [{}, [], {"enforce": 1}, {"enforce": True, "else": 1}], ids=str)
def test_the_switch_is_on_or_off(cloud: LocalCloud, document: Any) -> None:
    """Anything else is 400, and says what may be asked for."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        request(cloud.state(), "PUT", "/_s3vl/iam", document)

    assert refused.value.code == 400
    assert '{"enforce": true} or false' in json.load(refused.value)["message"]


def test_at_first_a_role_may_do_everything(assume: Callable[..., Any]) -> None:
    """Policies are not enforced unless it was asked for."""
    assert "vectorBuckets" in assume("s3vectors").list_vector_buckets()


@pytest.mark.usefixtures("enforced")
def test_a_role_without_policies_may_only_ask_who_it_is(assume: Callable[..., Any], role: str) -> None:
    """The refusal has the words of AWS; GetCallerIdentity needs no permission."""
    caller = f"arn:aws:sts::123456789012:assumed-role/{name_of(role)}/me"
    client = assume("s3vectors")

    with pytest.raises(client.exceptions.AccessDeniedException) as refused:
        client.list_vector_buckets()

    assert refused.value.response["Error"]["Message"] == (
        f"User: {caller} is not authorized to perform: {LIST} on resource: * "
        f"because no identity-based policy allows the {LIST} action"
    )
    assert assume("sts").get_caller_identity()["Arn"] == caller


@pytest.mark.usefixtures("enforced")
def test_the_developer_may_do_everything(aws: Callable[..., Any]) -> None:
    """Credentials that are not those of a role are not asked about."""
    assert "vectorBuckets" in aws("s3vectors").list_vector_buckets()
    assert "Roles" in aws("iam").list_roles()


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("ec2", "UnauthorizedOperation"),
        ("iam", "AccessDenied"),
        ("s3", "AccessDenied"),
        ("lambda", "AccessDeniedException"),
        ("sqs", "AccessDeniedException"),
    ],
)
@pytest.mark.usefixtures("enforced")
def test_each_service_refuses_in_its_own_words(assume: Callable[..., Any], service: str, code: str) -> None:
    """Query, XML and JSON services have codes of their own for the same refusal."""
    client = assume(service)
    operation = {
        "ec2": "describe_subnets",
        "iam": "list_roles",
        "s3": "list_buckets",
        "lambda": "list_functions",
        "sqs": "list_queues",
    }[service]

    with pytest.raises(ClientError, match="no identity-based policy allows") as refused:
        getattr(client, operation)()

    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.usefixtures("enforced")
def test_what_the_local_cloud_cannot_name_is_refused(assume: Callable[..., Any]) -> None:
    """Metrics are signed for a name that is not the service's, so that their actions are not told."""
    with pytest.raises(ClientError, match="cannot tell what POST / asks of monitoring"):
        assume("cloudwatch").list_metrics()


@pytest.mark.parametrize("token", ["made up", None])
@pytest.mark.usefixtures("enforced")
def test_temporary_credentials_that_nobody_was_given_are_refused(
    client_of: Callable[..., Any], token: str | None
) -> None:
    """A session is known by its access key and its token."""
    credentials = {"aws_access_key_id": "ASIA0000000000000000", "aws_secret_access_key": "x"}
    client = client_of(credentials | ({"aws_session_token": token} if token else {}), "s3vectors")

    with pytest.raises(ClientError, match=r"UnrecognizedClientException.* security token .* is invalid"):
        client.list_vector_buckets()


@pytest.mark.usefixtures("enforced")
def test_policies_are_read_at_the_time_of_the_call(assume: Callable[..., Any], iam: Any, role: str) -> None:
    """A change holds for the next call of a session, of a policy of the role's own and of an attached one."""
    client = assume("s3vectors")

    def allowed() -> bool:
        try:
            client.list_vector_buckets()
        except client.exceptions.AccessDeniedException:
            return False
        return True

    iam.put_role_policy(RoleName=name_of(role), PolicyName="own", PolicyDocument=policy({"Action": LIST}))
    assert allowed()
    iam.delete_role_policy(RoleName=name_of(role), PolicyName="own")
    assert not allowed()
    arn = iam.create_policy(PolicyName=name_of(role), PolicyDocument=policy({"Action": LIST}))["Policy"][
        "Arn"
    ]
    iam.attach_role_policy(RoleName=name_of(role), PolicyArn=arn)
    assert allowed()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy({"Effect": "Deny"}), SetAsDefault=True)
    assert not allowed()
    iam.detach_role_policy(RoleName=name_of(role), PolicyArn=arn)
    iam.delete_role(RoleName=name_of(role))
    assert not allowed()


@pytest.mark.usefixtures("enforced")
def test_a_boundary_and_a_session_policy_limit_a_role(
    assume: Callable[..., Any], iam: Any, role: str
) -> None:
    """A role that may do everything may do only what its boundary, and the session's own policy, allow too."""
    iam.put_role_policy(RoleName=name_of(role), PolicyName="all", PolicyDocument=policy({}))
    limited = assume("s3vectors", Policy=policy({"Action": "s3:*"}))
    with pytest.raises(ClientError, match=f"because no session policy allows the {LIST} action"):
        limited.list_vector_buckets()
    boundary = iam.create_policy(
        PolicyName=f"{name_of(role)}-boundary", PolicyDocument=policy({"Action": "s3:*"})
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name_of(role), PermissionsBoundary=boundary)

    with pytest.raises(ClientError, match=f"because no permissions boundary allows the {LIST} action"):
        assume("s3vectors").list_vector_buckets()
    assert "Buckets" in assume("s3").list_buckets()
    iam.delete_policy(PolicyArn=boundary)
    with pytest.raises(ClientError, match="because no permissions boundary allows"):
        assume("s3").list_buckets()


@pytest.mark.usefixtures("enforced")
def test_a_policy_that_is_not_understood_is_a_refusal_that_says_so(
    assume: Callable[..., Any], iam: Any, role: str
) -> None:
    """Rather than allow too much, the local cloud names what it does not know."""
    unknown = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    iam.put_role_policy(RoleName=name_of(role), PolicyName="p", PolicyDocument=policy({}, unknown))

    with pytest.raises(
        ClientError, match=r"does not understand a policy: .* key 'aws:MultiFactorAuthPresent'"
    ):
        assume("s3vectors").list_vector_buckets()


@pytest.mark.parametrize(
    ("operation", "members", "actions", "resource"),
    [
        ("GetIndex", {"indexArn": INDEX}, "GetIndex", INDEX),
        ("GetIndex", NAMES, "GetIndex", INDEX),
        ("ListIndexes", {"vectorBucketName": "bucket"}, "ListIndexes", BUCKET),
        ("ListIndexes", {"vectorBucketArn": BUCKET}, "ListIndexes", BUCKET),
        ("ListVectorBuckets", {}, "ListVectorBuckets", "*"),
        ("CreateVectorBucket", {"vectorBucketName": "new"}, "CreateVectorBucket", f"{ACCOUNT}:bucket/new"),
        (
            "CreateVectorBucket",
            {"vectorBucketName": "bucket", "tags": {"a": "b"}},
            "CreateVectorBucket TagResource",
            BUCKET,
        ),
        ("ListVectors", NAMES, "ListVectors", INDEX),
        ("ListVectors", NAMES | {"returnData": False, "returnMetadata": False}, "ListVectors", INDEX),
        ("ListVectors", NAMES | {"returnData": True}, "ListVectors GetVectors", INDEX),
        ("ListVectors", NAMES | {"returnMetadata": True}, "ListVectors GetVectors", INDEX),
        ("QueryVectors", NAMES | {"topK": 1, "returnDistance": True}, "QueryVectors", INDEX),
        ("QueryVectors", NAMES | {"topK": 1, "filter": {"a": 1}}, "QueryVectors GetVectors", INDEX),
        ("QueryVectors", NAMES | {"topK": 1, "returnMetadata": True}, "QueryVectors GetVectors", INDEX),
        (
            "QueryVectors",
            NAMES | {"topK": 1, "queryTexts": [{"metadataKey": "a", "text": "b"}]},
            "QueryVectors GetVectors",
            INDEX,
        ),
        # Members that the operation does not have must not lead away from what it is about.
        ("GetIndex", NAMES | {"resourceArn": "other", "vectorBucketArn": "other"}, "GetIndex", INDEX),
    ],
)
def test_a_request_of_s3_vectors_needs_actions_on_a_resource(
    operation: str, members: dict[str, Any], actions: str, resource: str
) -> None:
    """As the service model and the service authorization reference say: what is read needs GetVectors too."""
    environ = EnvironBuilder(method="POST", path=f"/{operation}", json=members).get_environ()

    call = calls.read(Request(environ), "s3vectors", "us-west-2", "123456789012")

    assert call.actions == tuple(f"s3vectors:{action}" for action in actions.split())
    assert call.resource == resource


@pytest.mark.usefixtures("enforced")
def test_a_malformed_request_of_a_role_goes_no_further(assume: Callable[..., Any]) -> None:
    """What cannot be read cannot be decided; the error is that of S3 Vectors."""
    with pytest.raises(ClientError, match=r"ValidationException.*'/indexName' failed to satisfy"):
        assume("s3vectors").get_index(vectorBucketName="bucket", indexName="x" * 64)


def test_a_function_is_its_role(aws: Callable[..., Any], client_of: Callable[..., Any], role: str) -> None:
    """Its environment has credentials of a session of exactly its role, named like the function."""
    name = f"who-{name_of(role)}"
    create_function(aws, name, role, GIVE_CREDENTIALS)

    credentials = json.load(aws("lambda").invoke(FunctionName=name)["Payload"])

    identity = client_of(credentials, "sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::123456789012:assumed-role/{name_of(role)}/{name}"


@pytest.mark.usefixtures("enforced")
@pytest.mark.parametrize(
    ("service", "account", "allowed"),
    [
        ("ec2.amazonaws.com", "123456789012", False),
        ("lambda.amazonaws.com", "210987654321", False),
        ("lambda.amazonaws.com", "123456789012", True),
    ],
)
def test_lambda_must_be_allowed_to_assume_the_role(
    aws: Callable[..., Any], iam: Any, role: str, service: str, account: str, allowed: bool
) -> None:
    """A role that trusts another service, or Lambda for another account, runs no function."""
    document = json.loads(trust(service))
    document["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    name = f"untrusted-{name_of(role)}"
    create_function(aws, name, role, GIVE_CREDENTIALS)
    iam.update_assume_role_policy(RoleName=name_of(role), PolicyDocument=json.dumps(document))

    if allowed:
        assert "FunctionError" not in aws("lambda").invoke(FunctionName=name)
        return
    with pytest.raises(
        ClientError, match=r"cannot be assumed by Lambda: the trust policy of .* lambda"
    ) as refused:
        aws("lambda").invoke(FunctionName=name)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.usefixtures("enforced")
def test_a_role_may_invoke_what_its_policy_names(
    assume: Callable[..., Any], iam: Any, role: str, probe: str
) -> None:
    """A policy about the function is not one about its versions, and one about those is not about the function."""
    client = assume("lambda")

    def allow(resource: str) -> None:
        statement = {"Action": "lambda:InvokeFunction", "Resource": resource}
        iam.put_role_policy(RoleName=name_of(role), PolicyName="p", PolicyDocument=policy(statement))

    allow(probe)
    assert client.invoke(FunctionName="probe", InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(ClientError, match=rf"on resource: {probe}:\$LATEST because"):
        client.invoke(FunctionName="probe", Qualifier="$LATEST", InvocationType="DryRun")
    allow(f"{probe}:*")
    assert client.invoke(FunctionName=f"{probe}:$LATEST", InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(ClientError, match=f"on resource: {probe} because"):
        client.invoke(FunctionName=probe, InvocationType="DryRun")


@pytest.fixture
def invoke(
    cloud: LocalCloud, database_names: Iterator[str], probe: str
) -> Iterator[Callable[[], str | None]]:
    """Invoke the probe from SQL; give what the error says, if there is one."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name)
    with server.connect(database=name) as connection:
        connection.execute("create extension aws_lambda cascade")

        def call() -> str | None:
            try:
                connection.execute("select * from aws_lambda.invoke(%s, '{}'::json)", [probe])
            except psycopg.Error as error:
                return f"{error.diag.message_primary}: {error.diag.message_detail}"
            return None

        yield call
    server.drop_database(name)


@pytest.fixture
def attach(aws: Callable[..., Any]) -> Iterator[Callable[[str, str], None]]:
    """Attach a role to a new cluster; the test's end removes it."""
    rds, attached = aws("rds"), []

    def add(cluster: str, role: str) -> None:
        rds.create_db_cluster(
            DBClusterIdentifier=cluster,
            Engine="aurora-postgresql",
            MasterUsername="postgres",
            MasterUserPassword="not-a-secret",
        )
        rds.describe_db_clusters()
        rds.add_role_to_db_cluster(DBClusterIdentifier=cluster, RoleArn=role, FeatureName="Lambda")
        attached.append({"DBClusterIdentifier": cluster, "RoleArn": role, "FeatureName": "Lambda"})

    yield add
    for attachment in attached:
        rds.remove_role_from_db_cluster(**attachment)


@pytest.mark.usefixtures("enforced")
def test_aurora_invokes_as_the_role_of_its_cluster(
    invoke: Callable[[], str | None],
    attach: Callable[[str, str], None],
    iam: Any,
    role: str,
    probe: str,
) -> None:
    """It needs a role for Lambda, which trusts RDS and may invoke; what is missing is in the error's DETAIL."""
    denied = "invoke API failed: AWS Lambda client returned 'AccessDeniedException: "
    action = f"is not authorized to perform: lambda:InvokeFunction on resource: {probe} because"

    assert invoke() == f"{denied}The database {action} no cluster has a role for the feature Lambda'."
    iam.update_assume_role_policy(RoleName=name_of(role), PolicyDocument=trust("rds.amazonaws.com"))
    attach("one", role)
    iam.update_assume_role_policy(RoleName=name_of(role), PolicyDocument=trust("lambda.amazonaws.com"))
    assert f"{action} the trust policy of {role} does not allow rds.amazonaws.com'." in str(invoke())
    iam.update_assume_role_policy(RoleName=name_of(role), PolicyDocument=trust("rds.amazonaws.com"))
    caller = f"User: arn:aws:sts::123456789012:assumed-role/{name_of(role)}/one"
    assert f"{denied}{caller} {action} no identity-based policy allows" in str(invoke())
    iam.put_role_policy(RoleName=name_of(role), PolicyName="p", PolicyDocument=policy({"Resource": probe}))
    assert invoke() is None
    attach("two", role)
    assert "cluster:one and arn:aws:rds:us-west-2:123456789012:cluster:two have roles" in str(invoke())


@pytest.mark.usefixtures("enforced")
def test_dead_letters_are_sent_as_the_functions_role(
    cloud: LocalCloud, aws: Callable[..., Any], iam: Any, role: str
) -> None:
    """A role that may not send them loses them, which the log tells; one that may does not."""
    sqs, name = aws("sqs"), f"failing-{name_of(role)}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    code = "def lambda_handler(event, context): raise ValueError(event)"
    create_function(aws, name, role, code, DeadLetterConfig={"TargetArn": queue})

    aws("lambda").invoke(FunctionName=name, InvocationType="Event", Payload='{"number": 1}')
    dropped = f"{name} is not authorized to perform: sqs:SendMessage on resource: {queue}"
    wait_until(lambda: dropped in (cloud.home / "cloud.log").read_text())
    statement = {"Action": "sqs:SendMessage", "Resource": queue}
    iam.put_role_policy(RoleName=name_of(role), PolicyName="p", PolicyDocument=policy(statement))
    aws("lambda").invoke(FunctionName=name, InvocationType="Event", Payload='{"number": 2}')

    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"]) == {"number": 2}


def create_function(aws: Callable[..., Any], name: str, role: str, code: str, **configuration: Any) -> None:
    """Create a function with a role of its own."""
    aws("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="index.lambda_handler",
        Code={"ZipFile": zip_of(code)},
        **configuration,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait up to a minute for something to become true."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
