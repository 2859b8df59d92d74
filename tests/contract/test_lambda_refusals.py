"""What Lambda refuses of a function: roles, networks and code that are not there, and not what they should be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fixtures_probe import TRUST, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOT_ASSUMED = "The role defined for the function cannot be assumed by Lambda."
NO_SUBNET = (
    "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. "
    "EC2 Error Message: The subnet ID 'subnet-0' does not exist"
)
BOTH = "SecurityGroupIds and SubnetIds must both be empty or both be not empty."
NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
CODE = zip_of("def lambda_handler(event, context): return 1")


@pytest.fixture(scope="module")
def roles(aws: Callable[..., Any]) -> Iterator[dict[str, str]]:
    """Give a role for Lambda and one for RDS."""
    iam, made = aws("iam"), {}
    for service in ("lambda", "rds"):
        trust = json.dumps(TRUST).replace("lambda.amazonaws.com", f"{service}.amazonaws.com")
        role = iam.create_role(RoleName=f"refusals-{service}", AssumeRolePolicyDocument=trust)["Role"]
        made[service] = role["Arn"]
    yield made
    for service in made:
        iam.delete_role(RoleName=f"refusals-{service}")


@pytest.fixture(scope="module")
def function(aws: Callable[..., Any], roles: dict[str, str]) -> Iterator[str]:
    """Create a function."""
    settings = {"Role": roles["lambda"], "Runtime": "python3.13", "Handler": "index.lambda_handler"}
    aws("lambda").create_function(FunctionName="taken", Code={"ZipFile": CODE}, **settings)
    yield "taken"
    aws("lambda").delete_function(FunctionName="taken")


def refused(call: Callable[..., Any], **request: Any) -> tuple[int, str, str]:
    """Return status, code and message with which a request is refused."""
    with pytest.raises(ClientError) as error:
        call(**request)
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Role": "<rds>"}, NOT_ASSUMED),
        ({"VpcConfig": {"SubnetIds": ["subnet-0"], "SecurityGroupIds": ["sg-0"]}}, NO_SUBNET),
        ({"VpcConfig": {"SubnetIds": ["subnet-0"]}}, BOTH),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "Reserved keys used in this request: AWS_REGION",
        ),
        ({"Environment": {"Variables": {"A": "x" * 4096}}}, "exceeded the 4KB limit"),
    ],
    ids=["role of another service", "no such subnet", "no security group", "reserved name", "too much"],
)
def test_bad_settings_are_refused(
    aws: Callable[..., Any], roles: dict[str, str], function: str, settings: dict[str, Any], message: str
) -> None:
    """When a function is created and when it is changed; then it is as it was."""
    client, before = aws("lambda"), aws("lambda").get_function_configuration(FunctionName=function)
    if settings.get("Role") == "<rds>":
        settings = {"Role": roles["rds"]}
    others = {"Role": roles["lambda"], "Runtime": "python3.13", "Handler": "index.lambda_handler"}
    create = {"FunctionName": "refused", "Code": {"ZipFile": CODE}, **others, **settings}

    for call, request in (
        (client.create_function, create),
        (client.update_function_configuration, {"FunctionName": function, **settings}),
    ):
        status, code, told = refused(call, **request)
        assert (status, code) == (400, "InvalidParameterValueException")
        assert message in told
    after = client.get_function_configuration(FunctionName=function)
    assert (after["Role"], after["RevisionId"]) == (before["Role"], before["RevisionId"])


def test_bad_code_is_refused(aws: Callable[..., Any], roles: dict[str, str], function: str) -> None:
    """What is no zip, and what is not in S3, is the caller's error, and no answer is a 500."""
    client = aws("lambda")
    others = {"Role": roles["lambda"], "Runtime": "python3.13", "Handler": "index.lambda_handler"}
    bad = (400, "InvalidParameterValueException", NO_ZIP)

    assert refused(client.create_function, FunctionName="refused", Code={"ZipFile": b"no"}, **others) == bad
    assert refused(client.update_function_code, FunctionName=function, ZipFile=b"no zip") == bad
    status, code, message = refused(
        client.update_function_code, FunctionName=function, S3Bucket="nowhere", S3Key="code.zip"
    )
    assert (status, code) == (400, "InvalidParameterValueException")
    assert "S3 Error Code: NoSuchBucket" in message
