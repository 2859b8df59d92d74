"""Each type of resource is really created, changed in place and deleted, as its own service shows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_stacks import Stacks

    # From clients and a physical id to what the service says of the resource; None when there is none.
    Look = Callable[[Callable[[str], Any], str], Any]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
QUEUE = {"Type": "AWS::SQS::Queue"}
CODE = "def lambda_handler(event, context): return 'placeholder'"
FUNCTION = {
    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    "Runtime": "python3.13",
    "Handler": "index.lambda_handler",
    "Code": {"ZipFile": CODE},
}
KEY = "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
NO_POLICY = "arn:aws:iam::123456789012:policy/nope"


def policy(action: str) -> dict[str, Any]:
    """Return a policy that allows one action."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def alarm(clients: Callable[[str], Any], name: str) -> Any:
    """Ask describe-alarms."""
    [found] = clients("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] or [None]
    return found


def dashboard(clients: Callable[[str], Any], name: str) -> Any:
    """Ask get-dashboard, if list-dashboards has it."""
    client = clients("cloudwatch")
    names = [entry["DashboardName"] for entry in client.list_dashboards()["DashboardEntries"]]
    return client.get_dashboard(DashboardName=name) if name in names else None


def role(clients: Callable[[str], Any], name: str) -> Any:
    """Ask get-role, and for its policies."""
    client = clients("iam")
    if name not in [entry["RoleName"] for entry in client.list_roles()["Roles"]]:
        return None
    found = client.get_role(RoleName=name)["Role"]
    names = client.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        **found,
        "Policies": {
            policy_name: client.get_role_policy(RoleName=name, PolicyName=policy_name)["PolicyDocument"]
            for policy_name in names
        },
    }


def log_group(clients: Callable[[str], Any], name: str) -> Any:
    """Ask describe-log-groups."""
    [found] = clients("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"] or [None]
    return found


def queue(clients: Callable[[str], Any], url: str) -> Any:
    """Ask get-queue-attributes."""
    client, name = clients("sqs"), url.rsplit("/", 1)[1]
    urls = client.list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    return urls and client.get_queue_attributes(QueueUrl=urls[0], AttributeNames=["All"])["Attributes"]


def security_group(clients: Callable[[str], Any], identifier: str) -> Any:
    """Ask describe-security-groups, with rules cut to port and peer."""
    groups = clients("ec2").describe_security_groups()["SecurityGroups"]
    [found] = [group for group in groups if group["GroupId"] == identifier] or [None]
    return found and {
        name: [(rule.get("FromPort"), [cidr["CidrIp"] for cidr in rule["IpRanges"]]) for rule in found[key]]
        for name, key in (("in", "IpPermissions"), ("out", "IpPermissionsEgress"))
    }


def endpoint(clients: Callable[[str], Any], identifier: str) -> Any:
    """Ask describe-vpc-endpoints."""
    endpoints = clients("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    [found] = [entry for entry in endpoints if entry["VpcEndpointId"] == identifier] or [None]
    return found and {**found, "PolicyDocument": json.loads(found["PolicyDocument"])}


def function(clients: Callable[[str], Any], name: str) -> Any:
    """Ask get-function-configuration, and for the reserved concurrency."""
    client = clients("lambda")
    if name not in [entry["FunctionName"] for entry in client.list_functions()["Functions"]]:
        return None
    concurrency = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    return {**client.get_function_configuration(FunctionName=name), "Reserved": concurrency}


def alias(clients: Callable[[str], Any], arn: str) -> Any:
    """Ask get-alias."""
    *_, name, qualifier = arn.split(":")
    client = clients("lambda")
    functions = [entry["FunctionName"] for entry in client.list_functions()["Functions"]]
    return client.get_alias(FunctionName=name, Name=qualifier) if name in functions else None


def event_invoke_config(clients: Callable[[str], Any], identifier: str) -> Any:
    """Ask get-function-event-invoke-config of the stack's function; the id is CloudFormation's own."""
    client = clients("lambda")
    stack = identifier.rsplit("-", 2)[0]
    names = [entry["FunctionName"] for entry in client.list_functions()["Functions"]]
    [name] = [name for name in names if name.startswith(f"{stack}-")] or [None]
    return name and client.get_function_event_invoke_config(FunctionName=name, Qualifier="live")


NEEDS_FUNCTION: dict[str, Any] = {
    "Role": ROLE,
    "Queue": QUEUE,
    "Function": {"Type": "AWS::Lambda::Function", "Properties": FUNCTION},
    "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
}
ALIAS_NAME = {"Fn::Select": [7, {"Fn::Split": [":", {"Ref": "Alias"}]}]}


def metric_math(threshold: str, stat: str) -> dict[str, Any]:
    """Return an alarm on a share, which takes two metrics and an expression of them."""
    metrics = {"errors": "Errors", "calls": "Invocations"}
    return {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "Metrics": [
            {"Id": "share", "Expression": "errors / calls", "Label": "share of errors", "ReturnData": "true"},
            *(
                {"Id": key, "ReturnData": False, "MetricStat": statistic(name, stat)}
                for key, name in metrics.items()
            ),
        ],
    }


def statistic(name: str, stat: str) -> dict[str, Any]:
    """Return a statistic of one of a function's metrics."""
    dimensions = [{"Name": "FunctionName", "Value": "f"}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}
    return {"Metric": metric, "Period": 60, "Stat": stat}


def seen_math(threshold: float, stat: str) -> dict[str, Any]:
    """Return what describe-alarms shows of it."""
    share, errors, calls = metric_math("", stat)["Metrics"]
    return {"Threshold": threshold, "Metrics": [{**share, "ReturnData": True}, errors, calls]}


# Type, resources that it needs, how to look at it; properties and what is seen, before and after an update.
TYPES: list[
    tuple[str, dict[str, Any], Look, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]
] = [
    (
        "AWS::CloudWatch::Alarm",
        {},
        alarm,
        {
            "AlarmDescription": "too slow",
            "Namespace": "AWS/Lambda",
            "MetricName": "Duration",
            "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
            "ExtendedStatistic": "p99",
            "Period": 60,
            "EvaluationPeriods": "5",
            "DatapointsToAlarm": 3,
            "Threshold": 900,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": ["arn:aws:sns:us-west-2:123456789012:topic"],
            "OKActions": ["arn:aws:sns:us-west-2:123456789012:topic"],
        },
        {
            "AlarmDescription": "too slow",
            "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
            "ExtendedStatistic": "p99",
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 3,
            "Threshold": 900.0,
            "TreatMissingData": "notBreaching",
            "AlarmActions": ["arn:aws:sns:us-west-2:123456789012:topic"],
            "OKActions": ["arn:aws:sns:us-west-2:123456789012:topic"],
        },
        {
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": "0.5",
            "ComparisonOperator": "GreaterThanThreshold",
        },
        {"MetricName": "Errors", "Statistic": "Sum", "Threshold": 0.5, "AlarmActions": [], "OKActions": []},
    ),
    (
        "AWS::CloudWatch::Alarm",
        {},
        alarm,
        metric_math("0.5", "Sum"),
        seen_math(0.5, "Sum"),
        metric_math("0.25", "Average"),
        seen_math(0.25, "Average"),
    ),
    (
        "AWS::CloudWatch::Dashboard",
        {},
        dashboard,
        {"DashboardBody": {"Fn::Sub": '{"widgets": [{"type": "text", "region": "${AWS::Region}"}]}'}},
        {"DashboardBody": '{"widgets": [{"type": "text", "region": "us-west-2"}]}'},
        {"DashboardBody": '{"widgets": []}'},
        {"DashboardBody": '{"widgets": []}'},
    ),
    (
        "AWS::IAM::Role",
        {},
        role,
        {
            "AssumeRolePolicyDocument": TRUST,
            "PermissionsBoundary": BOUNDARY,
            "Policies": [
                {"PolicyName": "one", "PolicyDocument": policy("s3:Get*")},
                {"PolicyName": "two", "PolicyDocument": policy("s3:List*")},
            ],
        },
        {
            "AssumeRolePolicyDocument": TRUST,
            "PermissionsBoundary": {
                "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
                "PermissionsBoundaryArn": BOUNDARY,
            },
            "Policies": {"one": policy("s3:Get*"), "two": policy("s3:List*")},
            "MaxSessionDuration": 3600,
        },
        {
            "AssumeRolePolicyDocument": TRUST,
            "MaxSessionDuration": "7200",
            "Policies": [{"PolicyName": "two", "PolicyDocument": policy("s3:Put*")}],
        },
        {"PermissionsBoundary": None, "Policies": {"two": policy("s3:Put*")}, "MaxSessionDuration": 7200},
    ),
    (
        "AWS::Logs::LogGroup",
        {},
        log_group,
        {"RetentionInDays": "30", "KmsKeyId": KEY},
        {"retentionInDays": 30, "kmsKeyId": KEY},
        {"RetentionInDays": 7},
        {"retentionInDays": 7, "kmsKeyId": None},
    ),
    (
        "AWS::SQS::Queue",
        {},
        queue,
        {"MessageRetentionPeriod": 1209600, "KmsMasterKeyId": KEY},
        {"MessageRetentionPeriod": "1209600", "KmsMasterKeyId": KEY, "SqsManagedSseEnabled": "false"},
        {"SqsManagedSseEnabled": True},
        {"MessageRetentionPeriod": "345600", "KmsMasterKeyId": None, "SqsManagedSseEnabled": "true"},
    ),
    (
        "AWS::EC2::SecurityGroup",
        {},
        security_group,
        {
            "GroupDescription": "a group",
            "SecurityGroupEgress": [
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
            ],
        },
        {"in": [], "out": [(443, ["0.0.0.0/0"])]},
        {
            "GroupDescription": "a group",
            "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": "22", "ToPort": "22", "CidrIp": "10.0.0.0/8"}
            ],
        },
        {"in": [(22, ["10.0.0.0/8"])], "out": [(None, ["0.0.0.0/0"])]},
    ),
    (
        "AWS::EC2::VPCEndpoint",
        {},
        endpoint,
        {
            "VpcEndpointType": "Interface",
            "ServiceName": "com.amazonaws.us-west-2.s3vectors",
            "VpcId": "<vpc>",
            "SubnetIds": ["<subnet>"],
            "SecurityGroupIds": ["<group>"],
            "PrivateDnsEnabled": True,
            "PolicyDocument": policy("s3vectors:*"),
        },
        {
            "VpcEndpointType": "Interface",
            "ServiceName": "com.amazonaws.us-west-2.s3vectors",
            "PrivateDnsEnabled": True,
            "PolicyDocument": policy("s3vectors:*"),
        },
        {
            "VpcEndpointType": "Interface",
            "ServiceName": "com.amazonaws.us-west-2.s3vectors",
            "VpcId": "<vpc>",
            "SubnetIds": ["<subnet>"],
            "PolicyDocument": policy("s3vectors:Get*"),
        },
        {"PrivateDnsEnabled": False, "Groups": [], "PolicyDocument": policy("s3vectors:Get*")},
    ),
    (
        "AWS::Lambda::Function",
        {"Role": ROLE, "Queue": QUEUE},
        function,
        {
            **FUNCTION,
            "KmsKeyArn": KEY,
            "MemorySize": 256,
            "Timeout": "9",
            "Environment": {"Variables": {"LEVEL": "DEBUG"}},
            "SnapStart": {"ApplyOn": "PublishedVersions"},
            "LoggingConfig": {"LogFormat": "JSON"},
            "ReservedConcurrentExecutions": "7",
        },
        {
            "KMSKeyArn": KEY,
            "MemorySize": 256,
            "Timeout": 9,
            "Environment": {"Variables": {"LEVEL": "DEBUG"}},
            "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
            "Reserved": 7,
        },
        {**FUNCTION, "Description": "changed", "Architectures": ["arm64"]},
        {
            "KMSKeyArn": None,
            "MemorySize": 128,
            "Timeout": 3,
            "Environment": None,
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "Reserved": None,
            "Description": "changed",
            "Architectures": ["arm64"],
        },
    ),
    (
        "AWS::Lambda::Alias",
        NEEDS_FUNCTION,
        alias,
        {
            "Name": "live",
            "FunctionName": {"Ref": "Function"},
            "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
            "Description": "in use",
        },
        {"Name": "live", "FunctionVersion": "1", "Description": "in use"},
        {"Name": "live", "FunctionName": {"Ref": "Function"}, "FunctionVersion": "$LATEST"},
        {"Name": "live", "FunctionVersion": "$LATEST", "Description": ""},
    ),
    (
        "AWS::Lambda::EventInvokeConfig",
        {
            **NEEDS_FUNCTION,
            "Alias": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {
                    "Name": "live",
                    "FunctionName": {"Ref": "Function"},
                    "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
                },
            },
        },
        event_invoke_config,
        {
            "FunctionName": {"Ref": "Function"},
            "Qualifier": ALIAS_NAME,
            "MaximumRetryAttempts": 1,
            "MaximumEventAgeInSeconds": 60,
        },
        {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60, "DestinationConfig": None},
        {
            "FunctionName": {"Ref": "Function"},
            "Qualifier": ALIAS_NAME,
            "MaximumRetryAttempts": "0",
        },
        {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": None},
    ),
]


@pytest.fixture(scope="session")
def network(clients: Callable[[str], Any]) -> dict[str, str]:
    """Give a VPC, a subnet and a security group that exist."""
    subnet = clients("ec2").describe_subnets()["Subnets"][0]
    groups = clients("ec2").describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
    )
    group = groups["SecurityGroups"][0]["GroupId"]
    return {"<vpc>": subnet["VpcId"], "<subnet>": subnet["SubnetId"], "<group>": group}


@pytest.mark.parametrize(
    ("kind", "others", "look", "before", "seen_before", "after", "seen_after"),
    TYPES,
    ids=[case[0].removeprefix("AWS::") for case in TYPES],
)
def test_a_type_is_created_changed_in_place_and_deleted(
    clients: Callable[[str], Any],
    stacks: Stacks,
    network: dict[str, str],
    kind: str,
    others: dict[str, Any],
    look: Look,
    before: dict[str, Any],
    seen_before: dict[str, Any],
    after: dict[str, Any],
    seen_after: dict[str, Any],
) -> None:
    """Its service shows every property, the changed ones after an update of the same resource, and then nothing."""

    def resources(properties: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps({**others, "It": {"Type": kind, "Properties": properties}})
        for placeholder, value in network.items():
            text = text.replace(placeholder, value)
        return json.loads(text)

    def seen(names: dict[str, Any]) -> dict[str, Any]:
        found = look(clients, stacks.physical_id(stack, "It"))
        return {name: found.get(name) for name in names}

    stack = stacks.create(resources(before))
    assert stacks.reasons(stack, "CREATE_FAILED") == []
    identifier = stacks.physical_id(stack, "It")
    assert seen(seen_before) == seen_before

    stacks.update(stack, resources(after))
    assert stacks.reasons(stack, "UPDATE_FAILED") == []
    assert (stacks.status(stack), stacks.physical_id(stack, "It")) == ("UPDATE_COMPLETE", identifier)
    assert seen(seen_after) == seen_after

    stacks.delete(stack)
    assert not look(clients, identifier)


def test_a_rule_of_a_security_group_can_be_a_resource(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """A rule that lets in another group of the stack is in its group, and gone when the template drops it."""
    groups = {
        name: {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": name}}
        for name in ("Function", "Endpoint")
    }
    rule = {
        "GroupId": {"Ref": "Endpoint"},
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "SourceSecurityGroupId": {"Fn::GetAtt": ["Function", "GroupId"]},
    }
    stack = stacks.create({**groups, "Rule": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": rule}})
    ec2, endpoint_group = clients("ec2"), stacks.physical_id(stack, "Endpoint")

    def rules() -> Any:
        [group] = ec2.describe_security_groups(GroupIds=[endpoint_group])["SecurityGroups"]
        return [
            (item["FromPort"], [pair["GroupId"] for pair in item["UserIdGroupPairs"]])
            for item in group["IpPermissions"]
        ]

    assert rules() == [(443, [stacks.physical_id(stack, "Function")])]
    stacks.update(stack, groups)
    assert rules() == []


def test_a_published_version_is_a_resource(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """Ref is the version's ARN, Version its number; a new version takes the place of the old one."""
    outputs = {
        "Arn": {"Value": {"Ref": "Version"}},
        "Number": {"Value": {"Fn::GetAtt": ["Version", "Version"]}},
    }
    stack = stacks.create(NEEDS_FUNCTION, Outputs=outputs)
    name = stacks.physical_id(stack, "Function")
    assert stacks.outputs(stack)["Number"] == "1"

    changed = json.loads(json.dumps(NEEDS_FUNCTION))
    changed["Function"]["Properties"]["MemorySize"] = 512
    changed["Version"]["Properties"]["Description"] = "more memory"
    stacks.update(stack, changed, Outputs=outputs)

    arn = f"arn:aws:lambda:us-west-2:123456789012:function:{name}:2"
    assert stacks.outputs(stack) == {"Arn": arn, "Number": "2"}
    versions = clients("lambda").list_versions_by_function(FunctionName=name)["Versions"]
    assert [(version["Version"], version["MemorySize"]) for version in versions] == [
        ("$LATEST", 512),
        ("2", 512),
    ]


@pytest.mark.parametrize(
    ("kind", "properties", "reason"),
    [
        ("AWS::CloudWatch::Dashboard", {"DashboardBody": "no JSON"}, "must be a valid JSON object"),
        ("AWS::CloudWatch::Alarm", {"Namespace": "N"}, r"required key \[ComparisonOperator\] not found"),
        (
            "AWS::SQS::Queue",
            {"KmsMasterKeyId": KEY, "SqsManagedSseEnabled": True},
            "one type of server-side encryption",
        ),
        (
            "AWS::Lambda::Alias",
            {"Name": "live", "FunctionName": "nowhere", "FunctionVersion": "1"},
            "Function not found",
        ),
        ("AWS::IAM::Role", {"AssumeRolePolicyDocument": {"Version": "1999-01-01"}}, "Syntax error"),
        (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": NO_POLICY},
            f"Scope ARN: {NO_POLICY} does not exist or is not attachable",
        ),
    ],
)
def test_what_a_service_refuses_fails_the_stack(
    stacks: Stacks, kind: str, properties: dict[str, Any], reason: str
) -> None:
    """The stack is rolled back, and an event of the resource has the service's words."""
    stack = stacks.create({"Queue": QUEUE, "It": {"Type": kind, "Properties": properties}})

    assert stacks.status(stack) == "ROLLBACK_COMPLETE"
    [failure] = stacks.reasons(stack, "CREATE_FAILED")
    assert re.search(reason, failure)
