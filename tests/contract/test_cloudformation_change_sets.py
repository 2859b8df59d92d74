"""Change sets: a plan that can be read, and executed once; `aws cloudformation deploy` works with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fixtures_cloud import run_cli
from fixtures_stacks import document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures_stacks import Stacks
    from s3vl_local.cloud import LocalCloud

PARAMETERS = {"Days": {"Type": "Number", "Default": 30}}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}
QUEUE = {"Type": "AWS::SQS::Queue"}
NAMED = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "planned-1"}}
RENAMED = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "planned-2"}}
LEFT = QUEUE | {"DeletionPolicy": "Retain"}
KEPT = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "kept-1"}, "UpdateReplacePolicy": "Retain"}
# A part of what is known only when the queue is there.
DEPENDENT = {
    "Type": "AWS::Logs::LogGroup",
    "Properties": {
        "LogGroupName": {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Named", "Arn"]}]}]}
    },
}


def fate(change: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return whether a change replaces its resource, and what becomes of the one that was there."""
    return change.get("Replacement"), change.get("PolicyAction")


def test_a_change_set_says_what_would_happen_and_does_it(stacks: Stacks) -> None:
    """Every step is named, nothing has happened before it is executed, and it is executed once."""
    client = stacks.client
    before = {"Group": GROUP, "Gone": QUEUE, "Left": LEFT, "Named": NAMED, "Kept": KEPT}
    stack = stacks.create({**before, "Dependent": DEPENDENT}, Parameters=PARAMETERS)
    renamed = {"Named": RENAMED, "Kept": KEPT | {"Properties": {"QueueName": "kept-2"}}}
    after = {"Group": GROUP, "New": QUEUE, **renamed, "Dependent": DEPENDENT}

    made = client.create_change_set(
        StackName=stack,
        ChangeSetName="more",
        ChangeSetType="UPDATE",
        **document(after, {"Days": "7"}, Parameters=PARAMETERS),
    )
    plan = client.describe_change_set(ChangeSetName=made["Id"])

    changes = [change["ResourceChange"] for change in plan["Changes"]]
    assert {(change["LogicalResourceId"], change["Action"]): fate(change) for change in changes} == {
        ("Group", "Modify"): ("False", None),
        ("New", "Add"): (None, None),
        ("Named", "Modify"): ("True", "ReplaceAndDelete"),
        ("Kept", "Modify"): ("True", "ReplaceAndRetain"),
        # What it becomes depends on a resource that is not made yet.
        ("Dependent", "Modify"): ("Conditional", "ReplaceAndDelete"),
        ("Gone", "Remove"): (None, "Delete"),
        ("Left", "Remove"): (None, "Retain"),
    }
    physical = {change["LogicalResourceId"]: change.get("PhysicalResourceId") for change in changes}
    assert physical.pop("New") is None
    assert physical == {name: stacks.physical_id(stack, name) for name in physical}
    assert (plan["Status"], stacks.status(stack)) == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    client.execute_change_set(ChangeSetName=made["Id"])
    assert stacks.status(stack) == "UPDATE_COMPLETE"
    assert stacks.physical_id(stack, "Dependent") == "planned-2"
    with pytest.raises(ClientError, match=r"\(InvalidChangeSetStatus\)"):
        client.execute_change_set(ChangeSetName=made["Id"])


def test_a_change_set_without_changes_fails_and_says_so(stacks: Stacks) -> None:
    """The words are those by which `aws cloudformation deploy` knows that there is nothing to do."""
    stack = stacks.create({"Group": GROUP}, Parameters=PARAMETERS)

    made = stacks.client.create_change_set(
        StackName=stack,
        ChangeSetName="same",
        ChangeSetType="UPDATE",
        **document({"Group": GROUP}, {"Days": "30"}, Parameters=PARAMETERS),
    )

    described = stacks.client.describe_change_set(ChangeSetName=made["Id"])
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_a_refused_change_set_leaves_no_stack_behind(stacks: Stacks) -> None:
    """A bad parameter is refused when the change set is created."""
    with pytest.raises(ClientError, match="Parameter 'Days' must be a number"):
        stacks.client.create_change_set(
            StackName="refused",
            ChangeSetName="first",
            ChangeSetType="CREATE",
            **document({"Group": GROUP}, {"Days": "many"}, Parameters=PARAMETERS),
        )

    with pytest.raises(ClientError, match="does not exist"):
        stacks.status("refused")


def test_a_change_set_that_fails_is_rolled_back(stacks: Stacks) -> None:
    """The call succeeds, as in AWS, and the stack tells how it went."""
    stack = stacks.create({"Group": GROUP}, Parameters=PARAMETERS)
    bad = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": "no JSON"}}
    made = stacks.client.create_change_set(
        StackName=stack,
        ChangeSetName="bad",
        ChangeSetType="UPDATE",
        **document({"Group": GROUP, "Bad": bad}, Parameters=PARAMETERS),
    )

    stacks.client.execute_change_set(ChangeSetName=made["Id"])

    assert stacks.status(stack) == "UPDATE_ROLLBACK_COMPLETE"


def test_deploy_creates_updates_and_then_has_nothing_to_do(
    cloud: LocalCloud, clients: Callable[[str], Any], tmp_path: Path
) -> None:
    """The AWS CLI's deploy keeps parameters that it is not given, and says when nothing changes."""
    template = tmp_path / "template.json"
    text = {
        "Parameters": {**PARAMETERS, "Prefix": {"Type": "String"}},
        "Resources": {
            "Group": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"LogGroupName": {"Ref": "Prefix"}, "RetentionInDays": {"Ref": "Days"}},
            }
        },
    }
    template.write_text(json.dumps(text))

    def deploy(*overrides: str) -> str:
        command = ["cloudformation", "deploy", "--stack-name", "deployed", "--template-file", str(template)]
        given = ("--parameter-overrides", *overrides) if overrides else ()
        run = run_cli(cloud, *command, "--no-fail-on-empty-changeset", *given)
        assert run.returncode == 0, run.stderr
        return run.stdout

    assert "Successfully created/updated stack - deployed" in deploy("Prefix=deployed-group", "Days=14")
    assert "Successfully created/updated stack - deployed" in deploy("Days=7")
    assert "No changes to deploy. Stack deployed is up to date" in deploy()

    [group] = clients("logs").describe_log_groups(logGroupNamePrefix="deployed-group")["logGroups"]
    assert group["retentionInDays"] == 7
    clients("cloudformation").delete_stack(StackName="deployed")


def plan(stacks: Stacks, stack: str, days: str) -> str:
    """Plan an update under a name that every stack has, and return the change set's ARN."""
    arn: str = stacks.client.create_change_set(
        StackName=stack,
        ChangeSetName="same",
        **document({"Group": GROUP}, {"Days": days}, Parameters=PARAMETERS),
    )["Id"]
    return arn


def test_a_change_set_belongs_to_its_stack(clients: Callable[[str], Any], stacks: Stacks) -> None:
    """One of the same name, of another stack, is neither described, executed, listed nor deleted."""
    client = stacks.client
    first, second = (stacks.create({"Group": GROUP}, Parameters=PARAMETERS) for _ in range(2))
    planned = {stack: plan(stacks, stack, days) for stack, days in ((first, "7"), (second, "14"))}

    described = client.describe_change_set(StackName=first, ChangeSetName="same")
    listed = client.list_change_sets(StackName=first)["Summaries"]
    client.execute_change_set(StackName=first, ChangeSetName="same")
    client.delete_change_set(StackName=first, ChangeSetName="same")

    assert described["ChangeSetId"] == planned[first]
    assert [one["ChangeSetId"] for one in listed] == [planned[first]]
    groups = clients("logs").describe_log_groups(logGroupNamePrefix=stacks.physical_id(first, "Group"))
    assert groups["logGroups"][0]["retentionInDays"] == 7
    with pytest.raises(ClientError, match=r"\(ChangeSetNotFound\).* ChangeSet \[same\] does not exist"):
        client.describe_change_set(StackName=first, ChangeSetName="same")
    kept = client.describe_change_set(StackName=second, ChangeSetName="same")
    assert (kept["ChangeSetId"], kept["ExecutionStatus"]) == (planned[second], "AVAILABLE")


def test_a_name_alone_is_no_change_set(stacks: Stacks) -> None:
    """Without its stack, a change set is named by ARN."""
    plan(stacks, stacks.create({"Group": GROUP}, Parameters=PARAMETERS), "7")

    with pytest.raises(ClientError, match="StackName must be specified if ChangeSetName is not specified as"):
        stacks.client.describe_change_set(ChangeSetName="same")


def test_a_name_is_taken_until_its_change_set_is_over(stacks: Stacks) -> None:
    """Two plans of one name would be executed one for the other."""
    stack = stacks.create({"Group": GROUP}, Parameters=PARAMETERS)
    plan(stacks, stack, "7")
    with pytest.raises(ClientError, match=r"\(AlreadyExistsException\)"):
        plan(stacks, stack, "14")

    stacks.client.execute_change_set(StackName=stack, ChangeSetName="same")

    assert plan(stacks, stack, "14")


@pytest.mark.parametrize("update", ["by another change set", "at once"])
def test_a_plan_for_the_stack_as_it_was_is_obsolete(stacks: Stacks, update: str) -> None:
    """After an update nobody executes what was planned before it."""
    stack = stacks.create({"Group": GROUP}, Parameters=PARAMETERS)
    old = plan(stacks, stack, "7")
    resources = document({"Group": GROUP}, {"Days": "14"}, Parameters=PARAMETERS)
    if update == "at once":
        stacks.client.update_stack(StackName=stack, **resources)
    else:
        stacks.client.create_change_set(StackName=stack, ChangeSetName="other", **resources)
        stacks.client.execute_change_set(StackName=stack, ChangeSetName="other")

    with pytest.raises(ClientError, match=r"in its current execution status of \[OBSOLETE\]"):
        stacks.client.execute_change_set(ChangeSetName=old)
