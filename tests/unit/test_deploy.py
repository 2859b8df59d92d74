"""What make deploy decides without AWS: about parameters, states of stacks, and text keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deploy import TEMPLATE
from deployment import parameters
from deployment.stack import check_ready
from deployment.vector_index import read_text_keys

if TYPE_CHECKING:
    from pathlib import Path

SLOTS = parameters.declared(TEMPLATE.read_text())
GOOD = {
    "AuroraClusterArn": "arn:aws:rds:us-west-2:123456789012:cluster:your-cluster-name",
    "VpcId": "vpc-0123456789abcdef0",
    "SubnetIds": "subnet-abc123,subnet-def456",
}


def test_values_within_the_template_s_constraints_are_no_problem() -> None:
    """What the template takes, the check takes: parameters without a default are enough."""
    assert parameters.problems(GOOD, SLOTS) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"LambdaTimeout": "901"}, 'LambdaTimeout is "901"; it must be a number of seconds from 3 to 900'),
        ({"LambdaTimeout": "2"}, 'LambdaTimeout is "2"; it must be a number of seconds from 3 to 900'),
        ({"LambdaTimeout": "ten"}, 'LambdaTimeout is "ten"; it must be a number of seconds from 3 to 900'),
        ({"AllowWrites": "yes"}, 'AllowWrites is "yes"; it must be one of false, true'),
        (
            {"ResourcePrefix": "S3"},
            'ResourcePrefix is "S3"; it must be 1 to 20 lowercase letters, digits and hyphens, and start with a letter',
        ),
        ({"SubnetIds": ""}, 'SubnetIds is ""; it must not be empty'),
        ({"_comment": "remove me"}, "_comment is no parameter of the template; remove it"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named_with_its_value_and_what_it_must_be(
    change: dict[str, str], problem: str
) -> None:
    """Every constraint of the template is checked, in the template's own words."""
    assert parameters.problems(GOOD | change, SLOTS) == [problem]


def test_all_missing_parameters_are_named_at_once() -> None:
    """Nobody corrects a file once for every parameter in it."""
    assert [problem.split()[0] for problem in parameters.problems({}, SLOTS)] == list(GOOD)


def test_parameters_are_read_from_the_file_of_the_cli_commands(tmp_path: Path) -> None:
    """The same file serves `aws cloudformation create-stack --parameters` and make deploy."""
    file = tmp_path / "parameters.json"
    file.write_text(json.dumps([{"ParameterKey": key, "ParameterValue": GOOD[key]} for key in GOOD]))

    assert parameters.read(file) == GOOD


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "copy cloudformation/parameters-example.json"),
        ("{", "is not a JSON list"),
        ('{"VpcId": "vpc-1"}', "is not a JSON list"),
        ('[{"Key": "VpcId"}]', "is not a JSON list"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_hint(
    content: str | None, message: str, tmp_path: Path
) -> None:
    """A missing or malformed file ends in one line that says what it should look like."""
    file = tmp_path / "parameters.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SystemExit, match=message):
        parameters.read(file)


@pytest.mark.parametrize(
    "status", [None, "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"], ids=str
)
def test_a_stack_at_rest_can_be_deployed(status: str | None) -> None:
    """A new stack is created, a complete one updated, after a failed update too."""
    assert check_ready("s", status) is None


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("CREATE_IN_PROGRESS", "wait until that is over"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "wait until that is over"),
        ("REVIEW_IN_PROGRESS", "execute its change set"),
        ("ROLLBACK_COMPLETE", "make destroy STACK=s"),
        ("ROLLBACK_FAILED", "make destroy STACK=s"),
        ("CREATE_FAILED", "make destroy STACK=s"),
        ("DELETE_FAILED", "make destroy STACK=s"),
        ("UPDATE_FAILED", "rollback-stack"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
    ],
)
def test_a_stack_that_cannot_be_updated_is_refused_with_the_way_out(status: str, hint: str) -> None:
    """Each state says what to type next."""
    with pytest.raises(SystemExit, match=f"stack s is {status}; .*{hint}"):
        check_ready("s", status)


def test_text_keys_have_a_language_or_none() -> None:
    """A key without a language gets S3 Vectors' standard analyser."""
    assert read_text_keys("title:en, body") == {"title": "en", "body": None}
    assert read_text_keys("") == {}


@pytest.mark.parametrize("text", ["title,title", ":en", "title:en,title:fr"])
def test_text_keys_that_make_no_sense_are_refused(text: str) -> None:
    """A key stands once, with a name."""
    with pytest.raises(SystemExit, match="write each key once"):
        read_text_keys(text)
