"""Updates of stacks: what changed is changed, replaced, added or removed; or all is as it was before."""

from __future__ import annotations

import base64
import copy
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fixtures_probe import TRUST, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_stacks import Stacks

PARAMETERS = {
    "Days": {"Type": "Number", "Default": 30},
    "Alarms": {"Type": "String", "Default": "false"},
    "Unused": {"Type": "String", "Default": ""},
}
CONDITIONS = {"WithAlarms": {"Fn::Equals": [{"Ref": "Alarms"}, True]}}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}
QUEUE = {"Type": "AWS::SQS::Queue", "Condition": "WithAlarms"}
RESOURCES = {"Group": GROUP, "Queue": QUEUE}
OUTPUTS = {
    "Group": {"Value": {"Ref": "Group"}},
    "Queue": {"Condition": "WithAlarms", "Value": {"Fn::GetAtt": ["Queue", "QueueName"]}},
}
SECTIONS = {"Parameters": PARAMETERS, "Conditions": CONDITIONS, "Outputs": OUTPUTS}
# A change that its service refuses.
REFUSED = {
    "Type": "AWS::CloudWatch::Dashboard",
    "Properties": {"DashboardBody": {"Fn::Sub": "no JSON: ${Group}"}},
}

CODE = "def lambda_handler(event, context): return 'placeholder'"
FUNCTION_PROPERTIES: dict[str, Any] = {
    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    "Runtime": "python3.13",
    "Handler": "index.lambda_handler",
    "Code": {"ZipFile": CODE},
    "MemorySize": 128,
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


def with_function(**changes: Any) -> dict[str, Any]:
    """Return the resources of a stack with a function."""
    function = {"Type": "AWS::Lambda::Function", "Properties": FUNCTION_PROPERTIES | changes}
    return {"Role": ROLE, "Function": function}


def retention(clients: Callable[[str], Any], name: str) -> int:
    """Return the retention of a log group."""
    [group] = clients("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    days: int = group["retentionInDays"]
    return days


def test_a_changed_parameter_reaches_properties_conditions_and_outputs(
    clients: Callable[[str], Any], stacks: Stacks
) -> None:
    """Resources come and go by conditions, properties change in place, and the outputs follow."""
    stack = stacks.create(RESOURCES, **SECTIONS)
    before = stacks.outputs(stack)
    assert (before.keys(), retention(clients, before["Group"])) == ({"Group"}, 30)

    stacks.update(stack, RESOURCES, {"Days": "7", "Alarms": "true"}, **SECTIONS)
    during = stacks.outputs(stack)
    assert (during["Group"], retention(clients, during["Group"])) == (before["Group"], 7)
    assert clients("sqs").get_queue_url(QueueName=during["Queue"])["QueueUrl"]

    stacks.update(stack, RESOURCES, **SECTIONS)
    assert (stacks.outputs(stack), retention(clients, before["Group"])) == (before, 30)
    with pytest.raises(ClientError, match="queue does not exist"):
        clients("sqs").get_queue_url(QueueName=during["Queue"])


@pytest.mark.parametrize("values", [{}, {"Days": "30"}, {"Unused": "now it is given"}], ids=str)
def test_an_update_without_a_change_is_refused(stacks: Stacks, values: dict[str, str]) -> None:
    """What comes to the same resources and outputs is nothing to update, however it is written."""
    stack = stacks.create(RESOURCES, **SECTIONS)

    with pytest.raises(ClientError, match=r"\(ValidationError\).*: No updates are to be performed\."):
        stacks.update(stack, copy.deepcopy(RESOURCES), values, **SECTIONS)
    assert stacks.status(stack) == "CREATE_COMPLETE"


def test_an_output_alone_is_something_to_update(stacks: Stacks) -> None:
    """A template that says more of the same resources updates the stack."""
    stack = stacks.create(RESOURCES, **SECTIONS)

    more = {**SECTIONS, "Outputs": {**OUTPUTS, "Days": {"Value": {"Ref": "Days"}}}}
    stacks.update(stack, RESOURCES, **more)

    assert (stacks.status(stack), stacks.outputs(stack)["Days"]) == ("UPDATE_COMPLETE", "30")


def test_previous_values_and_the_previous_template_can_be_used(
    clients: Callable[[str], Any], stacks: Stacks
) -> None:
    """UsePreviousValue keeps what was given or the default; a parameter that is not named gets its default."""
    stack = stacks.create(RESOURCES, {"Days": "7", "Alarms": "true"}, **SECTIONS)
    queue = stacks.outputs(stack)["Queue"]

    stacks.client.update_stack(
        StackName=stack,
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "Alarms", "UsePreviousValue": True}],
    )

    assert stacks.outputs(stack)["Queue"] == queue
    assert retention(clients, stacks.outputs(stack)["Group"]) == 30


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Days": "many"}, "Parameter 'Days' must be a number"),
        ({"Weeks": "1"}, r"Parameters: \[Weeks\] do not exist in the template"),
    ],
)
def test_a_bad_parameter_changes_nothing(stacks: Stacks, values: dict[str, str], message: str) -> None:
    """An update is checked before anything happens."""
    stack = stacks.create(RESOURCES, **SECTIONS)

    with pytest.raises(ClientError, match=message):
        stacks.update(stack, RESOURCES, values, **SECTIONS)
    assert stacks.status(stack) == "CREATE_COMPLETE"


def test_a_failed_update_is_rolled_back(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """Old values are back, nothing new is left, and an event of the resource says why."""
    stack = stacks.create(RESOURCES, **SECTIONS)
    outputs = stacks.outputs(stack)
    queues = clients("sqs").list_queues().get("QueueUrls")

    stacks.update(stack, {**RESOURCES, "Refused": REFUSED}, {"Days": "7", "Alarms": "true"}, **SECTIONS)

    assert stacks.status(stack) == "UPDATE_ROLLBACK_COMPLETE"
    [reason] = stacks.reasons(stack, "CREATE_FAILED")
    assert reason.startswith("The field DashboardBody must be a valid JSON object")
    [story] = stacks.reasons(stack, "UPDATE_ROLLBACK_IN_PROGRESS")
    assert story == f"Resource Refused of type AWS::CloudWatch::Dashboard: {reason}"
    assert (stacks.outputs(stack), retention(clients, outputs["Group"])) == (outputs, 30)
    assert clients("sqs").list_queues().get("QueueUrls") == queues
    # It can be updated again.
    stacks.update(stack, RESOURCES, {"Days": "7"}, **SECTIONS)
    assert stacks.status(stack) == "UPDATE_COMPLETE"


def test_a_stack_that_was_rolled_back_cannot_be_updated(stacks: Stacks) -> None:
    """As in AWS it can only be deleted."""
    stack = stacks.create({**RESOURCES, "Refused": REFUSED}, **SECTIONS)

    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.update(stack, RESOURCES, **SECTIONS)


def test_a_replaced_resource_reaches_what_refers_to_it(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """A new name needs a new queue; the function that sends to it is changed before the old queue goes."""
    queue: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "replaced-1"}}
    target = {"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}}
    stack = stacks.create({"Queue": queue, **with_function(DeadLetterConfig=target)})
    queue["Properties"]["QueueName"] = "replaced-2"

    stacks.update(stack, {"Queue": queue, **with_function(DeadLetterConfig=target)})

    function = clients("lambda").get_function_configuration(
        FunctionName=stacks.physical_id(stack, "Function")
    )
    assert function["DeadLetterConfig"]["TargetArn"].endswith(":replaced-2")
    urls = clients("sqs").list_queues(QueueNamePrefix="replaced")["QueueUrls"]
    assert [url.rsplit("/", 1)[1] for url in urls] == ["replaced-2"]


def test_a_custom_named_resource_is_not_replaced(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """As in AWS a replacement under the same name fails, and the update is rolled back."""
    role = {"RoleName": "custom-named", "AssumeRolePolicyDocument": TRUST}
    stack = stacks.create({"Role": {"Type": "AWS::IAM::Role", "Properties": role}})

    stacks.update(stack, {"Role": {"Type": "AWS::IAM::Role", "Properties": {**role, "Path": "/s3vl/"}}})

    assert stacks.status(stack) == "UPDATE_ROLLBACK_COMPLETE"
    [reason] = stacks.reasons(stack, "UPDATE_FAILED")
    assert reason == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        "Rename custom-named and update the stack again."
    )
    assert clients("iam").get_role(RoleName="custom-named")["Role"]["Path"] == "/"


@pytest.mark.parametrize(
    ("changes", "others", "survives"),
    [
        ({"MemorySize": 512}, {}, True),
        ({"MemorySize": 512}, {"Refused": {**REFUSED, "Properties": {"DashboardBody": "no"}}}, True),
        ({"Code": {"ZipFile": CODE.replace("placeholder", "new")}}, {}, False),
    ],
    ids=["other properties", "rolled back", "code of the template"],
)
def test_uploaded_code_stays_while_the_template_has_the_same(
    clients: Callable[[str], Any],
    stacks: Stacks,
    changes: dict[str, Any],
    others: dict[str, Any],
    survives: bool,
) -> None:
    """CloudFormation changes what changed in the template: only new code there takes the place of an upload."""
    stack = stacks.create(with_function())
    name = stacks.physical_id(stack, "Function")
    uploaded = zip_of("def lambda_handler(event, context): return 'uploaded'")
    clients("lambda").update_function_code(FunctionName=name, ZipFile=uploaded)

    stacks.update(stack, {**with_function(**changes), **others})

    function = clients("lambda").get_function_configuration(FunctionName=name)
    expected = base64.b64encode(hashlib.sha256(uploaded).digest()).decode()
    assert (function["CodeSha256"] == expected) is survives
    assert function["MemorySize"] == (128 if others else changes.get("MemorySize", 128))


@pytest.mark.parametrize("policy", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_what_is_to_be_retained_stays(clients: Callable[[str], Any], stacks: Stacks, policy: str) -> None:
    """A queue outlives its stack, or the queue that replaces it, when the template says so."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"retained-{policy}"}, policy: "Retain"}
    stack = stacks.create({"Queue": queue})

    if policy == "UpdateReplacePolicy":
        stacks.update(stack, {"Queue": {**queue, "Properties": {"QueueName": "replacement"}}})
    stacks.delete(stack)

    names = [url.rsplit("/", 1)[1] for url in clients("sqs").list_queues()["QueueUrls"]]
    assert f"retained-{policy}" in names
    assert "replacement" not in names


def test_what_somebody_deleted_by_hand_is_deleted(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """Deleting a stack accepts that parts of it are gone."""
    stack = stacks.create(RESOURCES, **SECTIONS)
    clients("logs").delete_log_group(logGroupName=stacks.outputs(stack)["Group"])

    stacks.delete(stack)

    with pytest.raises(ClientError, match="does not exist"):
        stacks.status(stack)


def test_events_tell_every_step(stacks: Stacks) -> None:
    """describe-stack-events has each resource's steps, the newest first."""
    stack = stacks.create(RESOURCES, **SECTIONS)
    events = stacks.client.describe_stack_events(StackName=stack)["StackEvents"]

    assert [(event["LogicalResourceId"], event["ResourceStatus"]) for event in events] == [
        (stack, "CREATE_COMPLETE"),
        ("Group", "CREATE_COMPLETE"),
        ("Group", "CREATE_IN_PROGRESS"),
        (stack, "CREATE_IN_PROGRESS"),
    ]


def group(name: Any) -> dict[str, Any]:
    """Return a log group with a name that the template computes."""
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (
            {"A": {**QUEUE, "DependsOn": "B"}, "B": {**QUEUE, "DependsOn": "A"}},
            r"Circular dependency .*\[A, B\]",
        ),
        (
            {"B": group({"Ref": "Elsewhere"})},
            r"Unresolved resource dependencies \[Elsewhere\] in the Resources block",
        ),
        (
            {"Queue": QUEUE, "B": group({"Fn::Sub": "${Queue.QueueName}"})},
            r"Unresolved resource dependencies \[Queue\]",
        ),
        (
            {"A": QUEUE, "B": group({"Fn::GetAtt": ["A", "Colour"]})},
            "resource A does not support attribute type Colour",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(
    stacks: Stacks, resources: dict[str, Any], message: str
) -> None:
    """References are checked before anything is created, to what a condition leaves out too."""
    values = {"Alarms": "true"} if "A" in resources else {}
    with pytest.raises(ClientError, match=message):
        stacks.create(resources, values, Parameters=PARAMETERS, Conditions=CONDITIONS)


def test_nothing_is_nothing_in_lists_too(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """AWS::NoValue takes members out of lists and objects, and numbers are compared as texts."""
    choice = {"Fn::If": ["WithAlarms", {"Action": "sqs:*"}, {"Ref": "AWS::NoValue"}]}
    statement = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, choice]
    document = {"Version": "2012-10-17", "Statement": statement}
    policies = [{"PolicyName": "p", "PolicyDocument": document}]
    role = {
        "AssumeRolePolicyDocument": TRUST,
        "Policies": policies,
        "Description": {"Fn::If": ["Monthly", "monthly", {"Ref": "AWS::NoValue"}]},
    }
    stack = stacks.create(
        {"Role": {"Type": "AWS::IAM::Role", "Properties": role}},
        Parameters=PARAMETERS,
        Conditions={**CONDITIONS, "Monthly": {"Fn::Equals": [{"Ref": "Days"}, "30"]}},
    )

    name = stacks.physical_id(stack, "Role")
    policy = clients("iam").get_role_policy(RoleName=name, PolicyName="p")["PolicyDocument"]
    assert len(policy["Statement"]) == 1
    assert clients("iam").get_role(RoleName=name)["Role"]["Description"] == "monthly"


def test_a_longer_list_changes_only_what_uses_it(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """A changed list of subnets reaches the function, and only it changes."""
    ec2 = clients("ec2").describe_subnets()["Subnets"][:2]
    subnets = [subnet["SubnetId"] for subnet in ec2]
    [group] = clients("ec2").describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [ec2[0]["VpcId"]]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )["SecurityGroups"]
    sections = {
        "Parameters": {"Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"}},
    }
    vpc = {"SubnetIds": {"Ref": "Subnets"}, "SecurityGroupIds": [group["GroupId"]]}
    stack = stacks.create(with_function(VpcConfig=vpc), {"Subnets": subnets[0]}, **sections)

    stacks.update(stack, with_function(VpcConfig=vpc), {"Subnets": ", ".join(subnets)}, **sections)

    function = clients("lambda").get_function_configuration(
        FunctionName=stacks.physical_id(stack, "Function")
    )
    assert function["VpcConfig"]["SubnetIds"] == subnets
    kinds = {
        event["LogicalResourceId"]
        for event in stacks.client.describe_stack_events(StackName=stack)["StackEvents"]
        if event["ResourceStatus"] == "UPDATE_COMPLETE"
    }
    assert kinds == {"Function", stack}
    [described] = stacks.client.describe_stacks(StackName=stack)["Stacks"]
    assert described["Parameters"] == [{"ParameterKey": "Subnets", "ParameterValue": ", ".join(subnets)}]
