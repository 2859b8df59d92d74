"""What CloudFormation refuses before it looks at a resource: words that were not said, texts that are no template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fixtures_cloud import run_cli
from fixtures_probe import TRUST
from fixtures_stacks import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_stacks import Stacks
    from s3vl_local.cloud import LocalCloud

QUEUE = {"Type": "AWS::SQS::Queue"}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
NAMED = {"Type": "AWS::IAM::Role", "Properties": {**ROLE["Properties"], "RoleName": "named-by-the-template"}}
IAM, NAMED_IAM, AUTO_EXPAND = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"
DAYS = {"Days": {"Type": "Number", "Default": 30}}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Return the code and the message with which a request is refused."""
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.fixture
def operations(stacks: Stacks) -> dict[str, Callable[..., Any]]:
    """Give each operation that takes a template, with a stack that it may work on."""
    client, stack = stacks.client, stacks.create({"Queue": QUEUE})

    def update(**request: Any) -> Any:
        return client.update_stack(StackName=stack, **request)

    def plan(**request: Any) -> Any:
        return client.create_change_set(StackName=stack, ChangeSetName="plan", **request)

    def create(**request: Any) -> Any:
        return client.create_stack(StackName="refused", **request)

    def plan_to_create(**request: Any) -> Any:
        return client.create_change_set(
            StackName="refused", ChangeSetName="plan", ChangeSetType="CREATE", **request
        )

    return {"create": create, "update": update, "plan": plan, "plan to create": plan_to_create}


@pytest.mark.parametrize("operation", ["create", "update", "plan", "plan to create"])
@pytest.mark.parametrize(
    ("resource", "given", "required"),
    [(ROLE, [], IAM), (ROLE, [AUTO_EXPAND], IAM), (NAMED, [], NAMED_IAM), (NAMED, [IAM], NAMED_IAM)],
    ids=["a role", "a role, other word", "a named role", "a named role, less"],
)
def test_what_gives_permissions_must_be_acknowledged(
    stacks: Stacks, operations: dict[str, Any], operation: str, resource: Any, given: list[str], required: str
) -> None:
    """A template with IAM resources needs the word for them, and a stronger one when they have names of their own."""
    request = document({"Queue": QUEUE, "Role": resource}) | {"Capabilities": given}

    assert refused(operations[operation], **request) == (
        "InsufficientCapabilitiesException",
        f"Requires capabilities : [{required}]",
    )
    assert "refused" not in [stack["StackName"] for stack in stacks.client.describe_stacks()["Stacks"]]


def test_the_previous_template_needs_the_word_too(stacks: Stacks) -> None:
    """It is asked for at every update, whatever changes."""
    stack = stacks.create({"Role": ROLE, "Group": GROUP}, Parameters=DAYS)
    request = {
        "StackName": stack,
        "UsePreviousTemplate": True,
        "Parameters": [{"ParameterKey": "Days", "ParameterValue": "7"}],
    }

    assert refused(stacks.client.update_stack, **request)[0] == "InsufficientCapabilitiesException"
    stacks.client.update_stack(**request, Capabilities=[IAM])
    assert stacks.status(stack) == "UPDATE_COMPLETE"


def test_macros_must_be_acknowledged_where_nobody_sees_what_they_do(operations: dict[str, Any]) -> None:
    """Creating and updating need the word; a change set shows what a macro made, and is refused as none runs here."""
    template = json.dumps({"Transform": "AWS::LanguageExtensions", "Resources": {"Queue": QUEUE}})

    for operation in ("create", "update"):
        assert refused(operations[operation], TemplateBody=template) == (
            "InsufficientCapabilitiesException",
            f"Requires capabilities : [{AUTO_EXPAND}]",
        )
    assert "does not create section Transform" in refused(operations["plan"], TemplateBody=template)[1]


def test_other_words_are_refused(operations: dict[str, Any]) -> None:
    """A capability is one of three."""
    request = document({"Queue": QUEUE}) | {"Capabilities": ["CAPABILITY_ALL"]}

    code, message = refused(operations["create"], **request)
    assert code == "ValidationError"
    assert "Value '[CAPABILITY_ALL]' at 'capabilities' failed to satisfy constraint" in message


@pytest.mark.parametrize("operation", ["create", "update", "plan", "plan to create"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Template format error: YAML not well-formed. (line 1, column 2)"),
        ("Resources: [}", "Template format error: YAML not well-formed. (line 1, column 13)"),
        ("only words", "Template format error: unsupported structure."),
        ("[]", "Template format error: unsupported structure."),
        ("{}", "Template format error: At least one Resources member must be defined."),
        ("Resources:", "Template format error: [/Resources] is no object."),
        ("Resources: []", "Template format error: [/Resources] is no object."),
        (
            "Resources: {Q: {}}",
            "Template format error: [/Resources/Q] Every Resources object must contain a Type member.",
        ),
        (
            "Resources: {Q: text}",
            "Template format error: [/Resources/Q] Every Resources object must contain a Type member.",
        ),
        (
            "Resources: {Q: {Type: AWS::SQS::Queue, Properties: []}}",
            "Template format error: [/Resources/Q/Properties] is no object.",
        ),
        (
            "{Parameters: [], Resources: {Q: {Type: AWS::SQS::Queue}}}",
            "Template format error: [/Parameters] is no object.",
        ),
        (
            "Resources: !!python/object/apply:os.getcwd []",
            "Template format error: YAML not well-formed. (line 1, column 12)",
        ),
    ],
)
def test_a_text_that_is_no_template_is_refused(
    operations: dict[str, Any], operation: str, text: str, message: str
) -> None:
    """The message says what is wrong and where; nothing in a template runs."""
    assert refused(operations[operation], TemplateBody=text) == ("ValidationError", message)


@pytest.mark.parametrize("operation", ["create", "update", "plan", "plan to create"])
@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "Either Template URL or Template Body must be specified."),
        (
            {"TemplateURL": "https://s3.amazonaws.com/nowhere/template.yaml"},
            (
                "TemplateURL must reference a valid S3 object to which you have access: "
                "https://s3.amazonaws.com/nowhere/template.yaml"
            ),
        ),
        (
            document({"Queue": QUEUE}, Parameters=DAYS) | {"Parameters": [{"ParameterKey": "Days"}]},
            "Parameters: [Days] must have values",
        ),
        (
            document({"Queue": QUEUE}, Parameters=DAYS)
            | {"Parameters": [{"ParameterKey": "Days", "UsePreviousValue": True}]},
            (
                "Invalid input for parameter key Days. Cannot specify usePreviousValue as true for a parameter key "
                "not in the previous template"
            ),
        ),
        (
            document({"Queue": QUEUE}, Parameters=DAYS)
            | {"Parameters": [{"ParameterKey": "Days", "ParameterValue": "1", "UsePreviousValue": True}]},
            (
                "Invalid input for parameter key Days. Cannot specify usePreviousValue as true and non empty value "
                "for a parameter"
            ),
        ),
    ],
    ids=["no template", "a URL of nothing", "no value", "no value before", "two values"],
)
def test_half_a_request_is_refused(
    operations: dict[str, Any], operation: str, request_: dict[str, Any], message: str
) -> None:
    """A template and every value must be there, and once."""
    assert refused(operations[operation], **request_) == ("ValidationError", message)


def test_a_change_set_is_for_an_update_unless_it_says_otherwise(cloud: LocalCloud, stacks: Stacks) -> None:
    """The default of the API; values and the template of before can be kept."""
    stack = stacks.create({"Group": GROUP}, {"Days": "7"}, Parameters=DAYS)
    request = ("--stack-name", stack, "--change-set-name", "default", "--use-previous-template")

    run = run_cli(
        cloud,
        *("cloudformation", "create-change-set", *request),
        *("--parameters", "ParameterKey=Days,UsePreviousValue=true", "--tags", "Key=a,Value=b"),
    )

    assert run.returncode == 0, run.stderr
    plan = stacks.client.describe_change_set(StackName=stack, ChangeSetName="default")
    assert (plan["Status"], plan["Parameters"]) == (
        "CREATE_COMPLETE",
        [{"ParameterKey": "Days", "ParameterValue": "7"}],
    )


@pytest.mark.parametrize("kind", [{}, {"ChangeSetType": "UPDATE"}], ids=["default", "UPDATE"])
def test_a_stack_that_does_not_exist_is_not_updated(stacks: Stacks, kind: dict[str, str]) -> None:
    """Neither by a change set nor at once; creating needs its own type of change set."""
    request = {"StackName": "nowhere", **document({"Queue": QUEUE})}
    answer = ("ValidationError", "Stack [nowhere] does not exist")

    assert refused(stacks.client.create_change_set, ChangeSetName="plan", **kind, **request) == answer
    assert refused(stacks.client.update_stack, **request) == answer


def test_a_stack_that_exists_is_not_created(stacks: Stacks) -> None:
    """Neither at once nor by a change set."""
    stack = stacks.create({"Queue": QUEUE})
    request = {"StackName": stack, **document({"Queue": QUEUE})}

    assert refused(stacks.client.create_stack, **request) == (
        "AlreadyExistsException",
        f"Stack [{stack}] already exists",
    )
    assert refused(
        stacks.client.create_change_set, ChangeSetName="plan", ChangeSetType="CREATE", **request
    ) == (
        "ValidationError",
        f"Stack [{stack}] already exists and cannot be created again with the changeSet [plan].",
    )


@pytest.mark.parametrize("name", ["1a", "a_b", "a b", "-a", "a" * 129], ids=lambda name: name[:5])
def test_names_are_letters_digits_and_hyphens(stacks: Stacks, name: str) -> None:
    """A stack's name begins with a letter, and has up to 128 characters; so has a change set's."""
    template = document({"Queue": QUEUE})
    constraint = "failed to satisfy constraint: Member must "
    create, plan = stacks.client.create_stack, stacks.client.create_change_set

    assert f"'{name}' at 'stackName' {constraint}" in refused(create, StackName=name, **template)[1]
    kind = {"ChangeSetType": "CREATE"}
    assert (
        f"'{name}' at 'changeSetName' {constraint}"
        in refused(plan, StackName="good", ChangeSetName=name, **kind, **template)[1]
    )
