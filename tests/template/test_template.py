"""What the template says, without creating it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.session import get_session

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "cloudformation" / "template.yaml"
EVENTS = sorted((ROOT / "lambda" / "events").glob("*.json"))

POST_PARAMETERS = {
    "AuroraClusterArn": "arn:aws:rds:us-west-2:123456789012:cluster:your-cluster-name",
    "VpcId": "vpc-0123456789abcdef0",
    "SubnetIds": "subnet-abc123,subnet-def456,subnet-ghi789",
    "ResourcePrefix": "s3vl",
    "LambdaTimeout": "10",
    "LambdaMemorySize": "128",
}
READING = ["s3vectors:GetIndex", "s3vectors:GetVectors", "s3vectors:ListVectors", "s3vectors:QueryVectors"]
WRITING = ["s3vectors:DeleteVectors", "s3vectors:PutVectors"]
ALLOWED = {
    "read-vectors": READING,
    "write-vectors": WRITING,
    "write-logs": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "send-dead-letters": ["sqs:SendMessage"],
    "join-the-vpc": [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ],
    "invoke-the-function": ["lambda:InvokeFunction"],
}


def statements(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each statement of each role's policies, with the policy's name."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield policy["PolicyName"], statement


def as_list(value: Any) -> list[Any]:
    """Return the list that IAM lets people write as one value."""
    return value if isinstance(value, list) else [value]


def test_cfn_lint_has_nothing_to_say() -> None:
    """The template is clean for cfn-lint, with no rule switched off."""
    lint = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), TEMPLATE], capture_output=True, text=True, check=False
    )

    assert (lint.stdout, lint.returncode) == ("", 0)
    assert "cfn-lint" not in TEMPLATE.read_text()


def test_the_template_fits_into_a_create_stack_call(template_text: str) -> None:
    """--template-body takes 51,200 bytes."""
    assert len(template_text.encode()) < 51_200


@pytest.mark.parametrize(
    "literal",
    [r"\barn:aws", r"\b[a-z]{2}(-[a-z]+)+-\d\b", r"\b\d{12}\b", r"(?<!lambda\.)(?<!rds\.)amazonaws\.com"],
    ids=["partition", "region", "account", "domain"],
)
def test_the_template_works_everywhere(template_text: str, literal: str) -> None:
    """No partition, Region, account or endpoint is written into the template."""
    assert re.findall(literal, template_text) == []


def test_the_parameters_are_those_of_the_post(template: dict[str, Any]) -> None:
    """Every parameter of the post exists, and no other needs a value."""
    without_default = [name for name, slot in template["Parameters"].items() if "Default" not in slot]

    assert POST_PARAMETERS.keys() <= template["Parameters"].keys()
    assert without_default == ["AuroraClusterArn", "VpcId", "SubnetIds"]


def test_every_parameter_stands_in_one_group(template: dict[str, Any]) -> None:
    """The console shows every parameter under a heading."""
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]

    assert list(template["Parameters"]) == grouped


def test_the_example_has_the_values_of_the_post_after_comments() -> None:
    """parameters-example.json is the post's file, and comments that start with _."""
    entries = json.loads((TEMPLATE.parent / "parameters-example.json").read_text())
    comments = [entry for entry in entries if entry["ParameterKey"].startswith("_comment")]
    values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in entries[len(comments) :]}

    assert len(comments) > 0
    assert entries[: len(comments)] == comments
    assert values == POST_PARAMETERS


def test_the_outputs_have_the_names_of_the_post(template: dict[str, Any]) -> None:
    """Every output that the post's commands ask for is there."""
    asked_for = {
        "AuroraClusterIdentifier",
        "AuroraLambdaRoleArn",
        "AuroraRoleAttachmentCommand",
        "LambdaFunctionArn",
        "S3VectorIndexArn",
    }

    assert asked_for <= template["Outputs"].keys()


def test_the_roles_may_do_what_they_need_and_nothing_else(template: dict[str, Any]) -> None:
    """The allowed actions are these; those to write only when the stack's owner says so."""
    allowed = {
        name: as_list(statement["Action"])
        for name, statement in statements(template)
        if statement["Effect"] != "Deny"
    }

    assert allowed == ALLOWED


def test_the_function_may_call_what_the_gateway_calls() -> None:
    """The s3vectors actions are the operations that gateway.py names, no more and no less."""
    operations = get_session().get_service_model("s3vectors").operation_names
    action_of = {xform_name(operation): f"s3vectors:{operation}" for operation in operations}
    gateway = ast.parse((ROOT / "lambda" / "s3vl_lambda" / "gateway.py").read_text())
    names = {node.attr for node in ast.walk(gateway) if isinstance(node, ast.Attribute)}
    names |= {node.value for node in ast.walk(gateway) if isinstance(node, ast.Constant)}

    assert sorted(action for name, action in action_of.items() if name in names) == sorted(READING + WRITING)


def test_every_wildcard_has_its_reason(template: dict[str, Any], template_text: str) -> None:
    """Resource '*' stands only where the function joins the VPC, each time under a comment that says why."""
    with_wildcard = [name for name, statement in statements(template) if statement["Resource"] == "*"]
    uncommented = re.findall(r"^(?!\s*#).*\n\s*Resource: \"\*\"", template_text, re.MULTILINE)

    assert with_wildcard == ["join-the-vpc", "join-the-vpc"]
    assert uncommented == []
    assert template_text.count("# Why '*':") == len(with_wildcard)


def test_the_code_of_the_function_cannot_touch_the_network(template: dict[str, Any]) -> None:
    """What Lambda needs to join the VPC is denied to the code that runs."""
    [denial] = [statement for _, statement in statements(template) if statement["Effect"] == "Deny"]

    assert set(ALLOWED["join-the-vpc"]) <= set(denial["Action"])
    assert list(denial["Condition"]["ArnEquals"]) == ["lambda:SourceFunctionArn"]


def test_only_https_leaves_the_function(template: dict[str, Any]) -> None:
    """The security group lets nothing in, and port 443 out."""
    group = template["Resources"]["LambdaSecurityGroup"]["Properties"]
    [egress] = group["SecurityGroupEgress"]

    assert "SecurityGroupIngress" not in group
    assert (egress["IpProtocol"], egress["FromPort"], egress["ToPort"]) == ("tcp", 443, 443)


def test_stack_deletion_keeps_nothing(template: dict[str, Any]) -> None:
    """No resource has a policy that leaves it behind."""
    kept = [name for name, resource in template["Resources"].items() if "DeletionPolicy" in resource]

    assert kept == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: path.stem)
def test_the_placeholder_answers_every_event_with_its_error(template: dict[str, Any], event: Path) -> None:
    """Before the real code is uploaded, every operation gets the placeholder_code error of the protocol."""
    function = template["Resources"]["VectorQueryFunction"]["Properties"]
    module: dict[str, Any] = {}
    exec(function["Code"]["ZipFile"], module)  # noqa: S102 - this is how Lambda gets it
    answer = module["lambda_handler"](
        json.loads(event.read_text()), SimpleNamespace(aws_request_id="request-1")
    )
    message = answer["error"].pop("message")

    assert function["Handler"] == "index.lambda_handler"
    assert "placeholder" in message
    assert answer == {
        "success": False,
        "error": {"code": "placeholder_code", "type": "PlaceholderCode", "retryable": False},
        "execution_time_ms": 0,
        "request_id": "request-1",
        "stats": {},
    }
