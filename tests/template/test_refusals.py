"""What the local CloudFormation refuses, with nothing created: bad parameters, and what it cannot create."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from conftest import Account

FUNCTION = ("Resources", "VectorQueryFunction", "Properties")
GROUP = ("Resources", "LambdaSecurityGroup", "Properties")
QUEUE = ("Resources", "DeadLetterQueue")


def refusal(account: Account, template: str, parameters: list[dict[str, str]]) -> str:
    """Return the message with which create-stack refuses; nothing may exist then."""
    stacks = account.client("cloudformation")
    with pytest.raises(ClientError) as refused:
        stacks.create_stack(
            StackName="refused",
            TemplateBody=template,
            Parameters=parameters,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert stacks.describe_stacks()["Stacks"] == []
    assert account.client("s3vectors").list_vector_buckets()["vectorBuckets"] == []
    message: str = refused.value.response["Error"]["Message"]
    return message


def created(account: Account, template: str, parameters: list[dict[str, str]] | None = None) -> str:
    """Create a stack and return its status."""
    stacks = account.client("cloudformation")
    stacks.create_stack(
        StackName="accepted",
        TemplateBody=template,
        Parameters=parameters or [],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    status: str = stacks.describe_stacks(StackName="accepted")["Stacks"][0]["StackStatus"]
    return status


def with_rule(rule: dict[str, Any]) -> str:
    """Return a template with two parameters, a rule about them and a resource."""
    template = {
        "Parameters": {
            "X": {"Type": "String", "Default": "a"},
            "Y": {"Type": "CommaDelimitedList", "Default": "b, c"},
            "N": {"Type": "Number", "Default": 30},
        },
        "Rules": {"Holds": rule},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
    }
    return json.dumps(template)


def with_value(template: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a copy of the template with one value set, and a condition that holds."""
    changed = copy.deepcopy(template)
    changed["Conditions"] |= {"Always": {"Fn::Equals": ["a", "a"]}}
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"AuroraClusterArn": "your-cluster-name"},
            "Parameter AuroraClusterArn failed to satisfy constraint: must be the ARN of a DB cluster",
        ),
        ({"AuroraClusterArn": None}, "Parameters: [AuroraClusterArn] must have values"),
        (
            {"ResourcePrefix": "S3VL"},
            "Parameter ResourcePrefix failed to satisfy constraint: must be 1 to 20 lowercase letters",
        ),
        (
            {"ResourcePrefix": "a" * 21},
            "Parameter ResourcePrefix failed to satisfy constraint: must be 1 to 20",
        ),
        ({"LambdaTimeout": "2"}, "Parameter LambdaTimeout failed to satisfy constraint: must be a number"),
        ({"LambdaTimeout": "901"}, "Parameter LambdaTimeout failed to satisfy constraint: must be a number"),
        ({"LambdaTimeout": "soon"}, "Parameter LambdaTimeout failed to satisfy constraint: must be a number"),
        (
            {"LambdaMemorySize": "127"},
            "Parameter LambdaMemorySize failed to satisfy constraint: must be a number",
        ),
        (
            {"VpcId": "vpc-0123456789abcdef0"},
            "Parameter validation failed: parameter value vpc-0123456789abcdef0 for parameter name VpcId",
        ),
        (
            {"SubnetIds": "subnet-abc123,subnet-def456"},
            "Parameter validation failed: parameter value subnet-abc123 for parameter name SubnetIds",
        ),
        (
            {"_comment_b": "text", "_comment_a": "text"},
            "Parameters: [_comment_a, _comment_b] do not exist in the template",
        ),
    ],
)
def test_a_bad_parameter_is_refused(
    account: Account, template_text: str, changes: dict[str, str | None], message: str
) -> None:
    """Every constraint of the template is enforced before anything is created."""
    assert refusal(account, template_text, account.parameters(**changes)).startswith(message)


def test_subnets_of_another_vpc_are_refused(account: Account, template_text: str) -> None:
    """The template's rule compares the subnets' VPC with the VPC that was given."""
    vpc = account.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    assert refusal(account, template_text, account.parameters(VpcId=vpc)) == (
        "Rule SubnetsAreInTheVpc failed: every subnet in SubnetIds must belong to the VPC in VpcId"
    )


def test_a_default_that_breaks_its_own_constraint_is_refused(
    account: Account, template: dict[str, Any]
) -> None:
    """Defaults are checked like values that are given."""
    changed = with_value(template, ("Parameters", "LambdaTimeout", "Default"), 1)

    assert refusal(account, json.dumps(changed), account.parameters(LambdaTimeout=None)) == (
        "Parameter LambdaTimeout failed to satisfy constraint: must be a number of seconds from 3 to 900"
    )


@pytest.mark.parametrize(
    ("slot", "value", "message"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "Parameter 'X' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "a1", "Parameter 'X' must match pattern [a-z]+"),
        ({"Type": "String", "MinLength": 3}, "ab", "Parameter 'X' must contain at least 3 characters"),
        ({"Type": "String", "MaxLength": 3}, "abcd", "Parameter 'X' must contain at most 3 characters"),
        ({"Type": "Number"}, "1e", "Parameter 'X' must be a number"),
        ({"Type": "Number", "MinValue": 3}, "2", "Parameter 'X' must be a number not less than 3"),
        ({"Type": "Number", "MaxValue": 3}, "3.5", "Parameter 'X' must be a number not greater than 3"),
        (
            {"Type": "AWS::EC2::Image::Id"},
            "ami-1",
            "Parameter X: the local CloudFormation does not check all",
        ),
        ({"Type": "String", "NoEcho": True}, "a", "Parameter X: the local CloudFormation does not check all"),
    ],
)
def test_a_constraint_without_description_explains_itself(
    account: Account, slot: dict[str, Any], value: str, message: str
) -> None:
    """Without a ConstraintDescription the message names the constraint; one that nobody checks is refused."""
    template = {"Parameters": {"X": slot}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    parameters = [{"ParameterKey": "X", "ParameterValue": value}]

    assert refusal(account, json.dumps(template), parameters).startswith(message)


@pytest.mark.parametrize(
    ("assertion", "holds"),
    [
        ({"Fn::Equals": [{"Ref": "X"}, "a"]}, True),
        ({"Fn::Equals": [{"Ref": "X"}, "b"]}, False),
        ({"Fn::Equals": [{"Ref": "N"}, 30]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "X"}, "a"]}]}, False),
        ({"Fn::Contains": [["a", "b"], {"Ref": "X"}]}, True),
        ({"Fn::Contains": [{"Ref": "Y"}, {"Ref": "X"}]}, False),
        ({"Fn::EachMemberIn": [{"Ref": "Y"}, ["b", "c", "d"]]}, True),
        ({"Fn::And": [{"Fn::Equals": ["a", "a"]}, {"Fn::Equals": ["a", "b"]}]}, False),
        ({"Fn::Or": [{"Fn::Equals": ["a", "a"]}, {"Fn::Equals": ["a", "b"]}]}, True),
        ({"Fn::Contains": [{"Fn::RefAll": "String"}, "a"]}, True),
    ],
)
def test_rules_are_evaluated(account: Account, assertion: dict[str, Any], holds: bool) -> None:
    """A stack is created exactly when the assertions of its rules hold."""
    rule = {"Assertions": [{"Assert": assertion, "AssertDescription": "it must hold"}]}

    if holds:
        assert created(account, with_rule(rule)) == "CREATE_COMPLETE"
    else:
        assert refusal(account, with_rule(rule), []) == "Rule Holds failed: it must hold"


def test_a_rule_knows_the_vpc_of_a_subnet(account: Account) -> None:
    """Fn::ValueOf gives the attribute of one parameter, or of each member of a list."""
    subnet = account.client("ec2").describe_subnets()["Subnets"][0]
    asked = {"Fn::Contains": [{"Fn::ValueOf": ["Subnets", "VpcId"]}, {"Fn::ValueOf": ["Vpc", "VpcId"]}]}
    template = {
        "Parameters": {
            "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"},
            "Vpc": {"Type": "AWS::EC2::VPC::Id"},
        },
        "Rules": {"Holds": {"Assertions": [{"Assert": asked, "AssertDescription": "it must hold"}]}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
    }
    other = account.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    def given(vpc: str) -> list[dict[str, str]]:
        values = {"Subnets": subnet["SubnetId"], "Vpc": vpc}
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]

    assert refusal(account, json.dumps(template), given(other)) == "Rule Holds failed: it must hold"
    assert created(account, json.dumps(template), given(subnet["VpcId"])) == "CREATE_COMPLETE"


def test_a_rule_counts_only_under_its_condition(account: Account) -> None:
    """A rule whose condition is false is not evaluated."""
    rule = {
        "RuleCondition": {"Fn::Equals": [{"Ref": "X"}, "b"]},
        "Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}}],
    }

    assert created(account, with_rule(rule)) == "CREATE_COMPLETE"


def test_a_rule_that_nobody_evaluates_is_refused(account: Account) -> None:
    """A function that the local CloudFormation does not know in rules fails, with its name."""
    rule = {"Assertions": [{"Assert": {"Fn::EachMemberEquals": [["a"], "a"]}}]}

    assert "cannot evaluate {'Fn::EachMemberEquals'" in refusal(account, with_rule(rule), [])


@pytest.mark.parametrize(
    ("path", "value", "where", "what"),
    [
        (
            ("Resources", "Topic"),
            {"Type": "AWS::SNS::Topic"},
            "Resource Topic",
            "type AWS::SNS::Topic",
        ),
        ((*QUEUE, "UpdatePolicy"), {}, "Resource DeadLetterQueue", "attribute UpdatePolicy"),
        ((*QUEUE, "DeletionPolicy"), "Snapshot", "Resource DeadLetterQueue", "DeletionPolicy Snapshot"),
        ((*FUNCTION, "Description"), {"Fn::Length": ["a"]}, "Resources", "function Fn::Length"),
        ((*FUNCTION, "Layers"), [], "Resource VectorQueryFunction", "property Layers"),
        (
            (*FUNCTION, "VpcConfig", "Ipv6AllowedForDualStack"),
            True,
            "Resource VectorQueryFunction",
            "property VpcConfig.Ipv6AllowedForDualStack",
        ),
        (
            (*GROUP, "SecurityGroupEgress", 0, "CidrIpv6"),
            "::/0",
            "Resource LambdaSecurityGroup",
            "property SecurityGroupEgress.CidrIpv6",
        ),
        (
            (*FUNCTION, "DeadLetterConfig"),
            {"Fn::If": ["Always", {"Elsewhere": "a"}, {"TargetArn": "b"}]},
            "Resource VectorQueryFunction",
            "property DeadLetterConfig.Elsewhere",
        ),
    ],
)
def test_what_would_be_skipped_is_refused(
    account: Account, template: dict[str, Any], path: tuple[Any, ...], value: Any, where: str, what: str
) -> None:
    """A type, property, attribute or function that moto passes over fails, with its name."""
    changed = with_value(template, path, value)

    message = refusal(account, json.dumps(changed), account.parameters())
    assert message.startswith(where)
    assert f": the local CloudFormation does not create {what}. " in message


def test_a_template_with_macros_is_refused(account: Account, template: dict[str, Any]) -> None:
    """Whoever acknowledges that macros change a template is told that none runs here."""
    changed = json.dumps({**template, "Transform": "AWS::LanguageExtensions"})
    with pytest.raises(ClientError, match="does not create section Transform"):
        account.client("cloudformation").create_stack(
            StackName="refused",
            TemplateBody=changed,
            Parameters=account.parameters(),
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )


def test_only_the_chosen_branch_of_a_condition_counts(account: Account, template: dict[str, Any]) -> None:
    """What Fn::If leaves out is not looked at."""
    choice = {"Fn::If": ["Always", {"Ref": "AWS::NoValue"}, {"Elsewhere": "b"}]}
    changed = with_value(template, (*FUNCTION, "DeadLetterConfig"), choice)

    assert created(account, json.dumps(changed), account.parameters()) == "CREATE_COMPLETE"


def test_what_a_condition_leaves_out_need_not_be_creatable(account: Account) -> None:
    """A resource whose condition is false does not fail the stack, whatever its type."""
    template = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Condition": "Never"},
            "Queue": {"Type": "AWS::SQS::Queue"},
        },
    }

    assert created(account, json.dumps(template)) == "CREATE_COMPLETE"
