"""What the template says, without creating it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from s3vl_local.cloudformation.template import wanted

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
MANAGING = ["s3vectors:CreateIndex", "s3vectors:DeleteIndex"]
JOINING = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
ALLOWED = [
    ("read-vectors", READING),
    ("write-vectors", WRITING),
    ("manage-indexes", MANAGING),
    ("write-logs", ["logs:CreateLogStream", "logs:PutLogEvents"]),
    ("send-dead-letters", ["sqs:SendMessage"]),
    ("use-the-key", ["kms:Decrypt", "kms:GenerateDataKey"]),
    ("use-the-key", ["kms:Decrypt", "kms:GenerateDataKey"]),
    ("join-the-vpc", JOINING),
    ("invoke-the-function", ["lambda:InvokeFunction"]),
]


def resources(template: dict[str, Any], **conditions: bool) -> dict[str, Any]:
    """Return the resources of a stack whose conditions all hold, but for those given."""
    return wanted(template["Resources"], dict.fromkeys(template["Conditions"], True) | conditions)


def statements(template: dict[str, Any], **conditions: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each statement of each role's policies, with the policy's name."""
    for resource in resources(template, **conditions).values():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield policy["PolicyName"], statement


def as_list(value: Any) -> list[Any]:
    """Return the list that IAM lets people write as one value."""
    return value if isinstance(value, list) else [value]


def test_no_rule_of_cfn_lint_is_switched_off() -> None:
    """What cfn-lint says in make lint is all that it has to say."""
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
    """The console shows every parameter under a heading, with a label."""
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]

    assert list(template["Parameters"]) == grouped
    assert list(interface["ParameterLabels"]) == grouped


def test_every_parameter_says_what_it_does(template: dict[str, Any]) -> None:
    """Each has a description, which also says what an empty value means where that is allowed."""
    described = {name: slot["Description"] for name, slot in template["Parameters"].items()}
    may_be_empty = {name for name, slot in template["Parameters"].items() if slot.get("Default") == ""}

    assert all(described.values())
    assert {name for name, text in described.items() if "Empty: " in text} == may_be_empty


def test_every_constraint_explains_itself(template: dict[str, Any]) -> None:
    """A parameter that is not chosen from a list has a message for values that it refuses."""
    constraints = {"AllowedPattern", "MinValue", "MaxValue", "MaxLength"}
    unexplained = [
        name
        for name, slot in template["Parameters"].items()
        if slot.keys() & constraints and "ConstraintDescription" not in slot
    ]

    assert unexplained == []


def test_the_template_knows_its_version(template: dict[str, Any]) -> None:
    """It is that of the extension."""
    control = (ROOT / "sql" / "s3vl.control").read_text()
    version = template["Mappings"]["Constants"]["Version"]["Number"]

    assert re.findall(r"^default_version = '(.+)'$", control, re.MULTILINE) == [version]


def test_the_example_has_the_parameters_of_the_post_after_comments(template: dict[str, Any]) -> None:
    """parameters-example.json is the post's file, with the template's time and memory, and comments that start with _.

    diagnose() warns of the post's ten seconds.
    """
    defaults = {
        name: str(template["Parameters"][name]["Default"]) for name in ("LambdaTimeout", "LambdaMemorySize")
    }
    entries = json.loads((TEMPLATE.parent / "parameters-example.json").read_text())
    comments = [entry for entry in entries if entry["ParameterKey"].startswith("_comment")]
    values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in entries[len(comments) :]}

    assert len(comments) > 0
    assert entries[: len(comments)] == comments
    assert values == POST_PARAMETERS | defaults
    assert defaults == {"LambdaTimeout": "30", "LambdaMemorySize": "256"}


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
    allowed = [
        (name, as_list(statement["Action"]))
        for name, statement in statements(template)
        if statement["Effect"] == "Allow"
    ]

    assert allowed == ALLOWED


def test_the_function_may_not_write_unless_asked(template: dict[str, Any]) -> None:
    """Without AllowWrites it is denied to write, and gets no key to encrypt vectors with; a new index needs one."""
    for encrypts in (False, True):
        policies = list(statements(template, MayWrite=False, Encrypts=encrypts, ManagesIndexes=encrypts))
        [writing] = [rest for name, rest in policies if name == "write-vectors"]
        [vectors, _] = [rest for name, rest in policies if name == "use-the-key"]

        assert (writing["Effect"], writing["Action"]) == ("Deny", WRITING)
        assert vectors["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"][: 1 + encrypts]
    assert template["Conditions"]["Encrypts"] == {
        "Fn::Or": [{"Condition": "MayWrite"}, {"Condition": "ManagesIndexes"}]
    }


def test_the_function_manages_no_indexes_unless_asked(template: dict[str, Any]) -> None:
    """Without ManageIndexes role and endpoint are for one index, and the environment names no bucket."""
    conditions = {"ManagesIndexes": False, "HasExistingIndexes": False}
    parts = resources(template, **conditions)
    [endpoint] = parts["VpcEndpoint"]["Properties"]["PolicyDocument"]["Statement"]
    policies = [rest for name, rest in statements(template, **conditions) if "-vectors" in name]
    index = {"Fn::GetAtt": ["RetainedVectorIndex", "IndexArn"]}

    assert "manage-indexes" not in [name for name, _ in statements(template, **conditions)]
    assert [statement["Resource"] for statement in (endpoint, *policies)] == [[index]] * 3
    assert set(MANAGING).isdisjoint(endpoint["Action"])
    assert "Environment" not in parts["VectorQueryFunction"]["Properties"]


def test_the_key_is_used_through_services_only(template: dict[str, Any]) -> None:
    """The function has no use of the key but for vectors and the dead-letter queue."""
    uses = [rest for name, rest in statements(template) if name == "use-the-key"]

    assert [rest["Resource"] for rest in uses] == [{"Ref": "KmsKeyArn"}] * 2
    assert [rest["Condition"] for rest in uses] == [
        {"StringLike": {"kms:ViaService": {"Fn::Sub": f"{service}.${{AWS::Region}}.*"}}}
        for service in ("s3vectors", "sqs")
    ]


def test_the_endpoint_lets_through_what_the_function_may_do(template: dict[str, Any]) -> None:
    """Its policy names the function's role, the gateway's calls and the same indexes as the role."""
    for conditions in (
        {},
        {"HasExistingIndexes": False},
        {"HasExistingIndexes": False, "KeepsVectors": False},
        {"HasExistingIndexes": False, "HasExistingBucket": False},
        {"HasExistingIndexes": False, "ManagesIndexes": False},
    ):
        may_manage = conditions.get("ManagesIndexes", True)
        endpoint = resources(template, **conditions)["VpcEndpoint"]["Properties"]
        [statement] = endpoint["PolicyDocument"]["Statement"]
        indexes = [
            rest["Resource"] for name, rest in statements(template, **conditions) if "-vectors" in name
        ]

        assert statement["Principal"] == {"AWS": {"Fn::GetAtt": ["LambdaExecutionRole", "Arn"]}}
        assert statement["Action"] == sorted(READING + WRITING + (MANAGING if may_manage else []))
        assert indexes == [statement["Resource"]] * 2


def test_both_roles_are_within_the_boundary(template: dict[str, Any]) -> None:
    """A permissions boundary is for every role of the stack."""
    roles = [part for part in resources(template).values() if part["Type"] == "AWS::IAM::Role"]

    assert [role["Properties"]["PermissionsBoundary"] for role in roles] == [
        {"Ref": "PermissionsBoundaryArn"}
    ] * 2


def test_the_function_may_call_what_the_gateway_calls() -> None:
    """The s3vectors actions are the operations that s3_vectors.py names, no more and no less."""
    operations = get_session().get_service_model("s3vectors").operation_names
    action_of = {xform_name(operation): f"s3vectors:{operation}" for operation in operations}
    gateway = ast.parse((ROOT / "lambda" / "s3vl_lambda" / "services" / "s3_vectors.py").read_text())
    names = {node.attr for node in ast.walk(gateway) if isinstance(node, ast.Attribute)}
    names |= {node.value for node in ast.walk(gateway) if isinstance(node, ast.Constant)}

    assert sorted(action for name, action in action_of.items() if name in names) == sorted(
        READING + WRITING + MANAGING
    )


def test_the_role_outlasts_the_network_interfaces(template: dict[str, Any]) -> None:
    """Lambda deletes them with the function's role, and as long as they are there the group cannot go."""
    group = resources(template)["LambdaSecurityGroup"]

    assert group["DependsOn"] == "LambdaExecutionRole"


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

    assert set(JOINING) <= set(denial["Action"])
    assert list(denial["Condition"]["ArnEquals"]) == ["lambda:SourceFunctionArn"]


def test_roles_trust_their_service_as_far_as_aws_documents(template: dict[str, Any]) -> None:
    """Lambda says on whose account's behalf it takes on a role; for Aurora's calls of Lambda nothing is documented."""
    trusts = {
        name: part["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for name, part in template["Resources"].items()
        if part["Type"] == "AWS::IAM::Role"
    }

    assert trusts == {
        "LambdaExecutionRole": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
            }
        ],
        "AuroraLambdaRole": [
            {"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }


def test_only_https_leaves_the_function(template: dict[str, Any]) -> None:
    """The security group lets nothing in, and port 443 out."""
    group = template["Resources"]["LambdaSecurityGroup"]["Properties"]
    [egress] = group["SecurityGroupEgress"]

    assert "SecurityGroupIngress" not in group
    assert (egress["IpProtocol"], egress["FromPort"], egress["ToPort"]) == ("tcp", 443, 443)


def test_only_what_is_retained_survives_the_stack(template: dict[str, Any]) -> None:
    """Deletion leaves two resources behind, replacement no vectors, and twins differ in nothing else."""
    twins = {name: f"Retained{name}" for name in ("VectorBucket", "VectorIndex")}
    kept = {
        name: (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for name, resource in template["Resources"].items()
        if {"DeletionPolicy", "UpdateReplacePolicy"} & resource.keys()
    }

    assert kept == dict.fromkeys(twins, ("Delete", "Retain")) | dict.fromkeys(
        twins.values(), ("Retain", "Retain")
    )
    for name, retained in twins.items():
        first, second = (template["Resources"][which]["Properties"] for which in (name, retained))
        assert json.loads(json.dumps(first).replace('"VectorBucket"', '"RetainedVectorBucket"')) == second


def test_every_suppression_has_its_reason(template: dict[str, Any]) -> None:
    """What the security scanner shall not say stands next to its resource, with the reason; one is enough."""
    skipped = {
        name: [(entry["id"], bool(entry["comment"])) for entry in resource["Metadata"]["checkov"]["skip"]]
        for name, resource in template["Resources"].items()
        if "Metadata" in resource
    }

    assert skipped == {"LambdaExecutionRole": [("CKV_AWS_111", True)]}


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
