"""What make deploy decides without AWS: about parameters, states of stacks, and text keys."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

import deploy
from deploy import TEMPLATE
from deployment import account, parameters
from deployment.losses import Losses, leaves
from deployment.stack import Stack, way_out
from deployment.vector_index import amount, check_options, read_text_keys

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
        (
            '[{"ParameterKey": "LambdaTimeout", "ParameterValue": 10}]',
            'has 10 for LambdaTimeout; write it as text: "10"',
        ),
        (
            '[{"ParameterKey": "VpcId", "ParameterValue": "a"}, {"ParameterKey": "VpcId", "ParameterValue": "b"}]',
            "has VpcId more than once; leave one of them",
        ),
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


def test_a_parameter_that_changes_is_shown_with_both_values() -> None:
    """What the file lacks goes back to its default, and is not called set; what stays is not mentioned."""
    before = GOOD | {"AllowWrites": "true", "LambdaTimeout": "30", "ResourcePrefix": "s3vl", "NoMore": "1"}
    values = GOOD | {"LambdaTimeout": "60", "LambdaMemorySize": "256"}

    assert parameters.changes(before, values, SLOTS) == [
        'sets LambdaTimeout: "30" -> "60"',
        'takes back AllowWrites, which the parameters lack: "true" -> "false"',
    ]


@pytest.mark.parametrize("spelling", ["ManageIndexes", "MANAGE_INDEXES"])
def test_a_parameter_given_to_make_is_not_passed_over(
    spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing would happen, and the stack would be called ready."""
    show = tmp_path / "Makefile"
    show.write_text('all:\n\t@echo "$$MAKEFLAGS"\n')
    command = [
        "make",
        "--no-print-directory",
        "-f",
        show,
        f"{spelling}=true",
        "STACK=my stack",
        "INDEX_MODE=ENHANCED",
    ]
    flags = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    monkeypatch.setenv("MAKEFLAGS", flags)

    with pytest.raises(SystemExit) as refused:
        deploy.main(["--stack", "s", "--parameters", "parameters.json"])

    assert str(refused.value).splitlines() == [
        "nothing was done; write this into parameters.json, and leave it out here:",
        '{"ParameterKey": "ManageIndexes", "ParameterValue": "true"}',
    ]


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_at_rest_can_be_deployed(status: str) -> None:
    """A complete stack is updated, after a failed update too."""
    assert way_out("s", status) is None


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("CREATE_IN_PROGRESS", "wait until that is over: aws cloudformation describe-stacks --stack-name s"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "wait until that is over: aws cloudf"),
        ("REVIEW_IN_PROGRESS", "execute its change set, or give it up: aws cloudformation delete-stack"),
        ("ROLLBACK_COMPLETE", "delete what is left of it: make destroy STACK=s"),
        ("ROLLBACK_FAILED", "delete what is left of it: make destroy STACK=s"),
        ("CREATE_FAILED", "delete what is left of it: make destroy STACK=s"),
        ("DELETE_FAILED", "delete what is left of it: make destroy STACK=s"),
        ("UPDATE_FAILED", "roll it back: aws cloudformation rollback-stack --stack-name s"),
        ("UPDATE_ROLLBACK_FAILED", "finish the rollback: aws cloudformation continue-update-rollback"),
    ],
)
def test_a_stack_that_cannot_be_updated_has_a_way_out(status: str, hint: str) -> None:
    """Each state says what to type next."""
    assert hint in str(way_out("s", status))


@pytest.mark.parametrize("name", ["", "my stack", "1st", "s3vl_test", "s/t", "s" * 129])
def test_a_name_that_no_stack_can_have_is_refused(name: str) -> None:
    """The message has the name and what a name is made of."""
    with pytest.raises(SystemExit, match=f'STACK is "{name}"; a stack\'s name is up to 128 letters, digits'):
        Stack(None, name)


BUCKET, INDEX = "AWS::S3Vectors::VectorBucket", "AWS::S3Vectors::Index"
MODIFIED = {"Action": "Modify", "LogicalResourceId": "VectorIndex", "ResourceType": INDEX}


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"Action": "Add"}, False),
        ({"Action": "Import"}, False),
        ({"Action": "SyncWithActual"}, False),
        (MODIFIED | {"Replacement": "False"}, False),
        (MODIFIED | {"Replacement": "True"}, True),
        (MODIFIED | {"Replacement": "Conditional"}, True),
        ({"Action": "Remove"}, True),
        ({"Action": "Dynamic"}, True),
    ],
    ids=str,
)
def test_what_may_leave_the_stack_is_told_from_its_change(change: dict[str, str], lost: bool) -> None:
    """Whatever CloudFormation does not rule out counts, as a conditional replacement does."""
    assert leaves(change) is lost


@pytest.mark.parametrize(
    ("change", "fate"),
    [
        (MODIFIED | {"Replacement": "Conditional"}, "may be replaced by an empty one, and deleted"),
        (
            MODIFIED | {"LogicalResourceId": "RetainedVectorIndex", "Replacement": "True"},
            "replaced by an empty one, and kept",
        ),
        ({"Action": "Remove", "PolicyAction": "Retain"}, "kept, but without the stack"),
        ({"Action": "Remove", "PolicyAction": "Delete"}, "deleted"),
        ({"Action": "Remove"}, "deleted"),
        ({"Action": "Dynamic"}, "deleted"),
    ],
    ids=str,
)
def test_the_fate_of_an_index_is_said_as_it_is(change: dict[str, str], fate: str) -> None:
    """What the template retains with RetainVectors is not called deleted, and what may go is not called safe."""
    assert Losses(None, parameters.resources(TEMPLATE.read_text()), may_delete=False).fate(change) == fate


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 vectors"), (1, "1 vector"), (10_000, "10,000 vectors"), (10_001, "more than 10,000 vectors")],
)
def test_vectors_are_counted_only_as_far_as_it_takes_to_decide(count: int, words: str) -> None:
    """Beyond ten thousand no exact number is said, for it is not known."""
    assert amount(count) == words


@pytest.mark.parametrize(
    ("given", "deletes"), [("yes", True), ("", False), ("no", None), ("true", None), ("yes please", None)]
)
def test_only_yes_lets_make_deploy_delete_vectors(given: str, deletes: bool | None, tmp_path: Path) -> None:
    """Another value, and a refusal above all, is no yes."""
    # Says what make would have Python do.
    (tmp_path / "python").symlink_to("/bin/echo")
    command = [
        "make",
        "--no-print-directory",
        "--old-file=.venv/.ready",
        f"BIN={tmp_path}",
        "deploy",
        "STACK=s",
        f"DELETE_VECTORS={given}",
    ]
    made = subprocess.run(command, cwd=TEMPLATE.parents[1], capture_output=True, text=True, check=False)

    if deletes is None:
        assert (made.returncode, made.stdout) == (2, "")
        assert "DELETE_VECTORS may be yes, or left out" in made.stderr
    else:
        assert ("--delete-vectors" in made.stdout) is deletes


def test_text_keys_have_a_language_or_none() -> None:
    """A key without a language gets S3 Vectors' standard analyser."""
    assert read_text_keys("title:en, body") == {"title": "en", "body": None}
    assert read_text_keys("") == {}


@pytest.mark.parametrize("text", ["title,title", ":en", "title:en,title:fr"])
def test_text_keys_that_make_no_sense_are_refused(text: str) -> None:
    """A key stands once, with a name."""
    with pytest.raises(SystemExit, match="write each key once"):
        read_text_keys(text)


@pytest.mark.parametrize(
    ("mode", "keys", "existing", "message"),
    [
        ("CLASSIC", {"title": "en"}, "", "TEXT_KEYS needs INDEX_MODE=ENHANCED, and INDEX_MODE is CLASSIC"),
        ("ENHANCED", {}, "arn:one", 'for a new index, and ExistingVectorIndexArns is "arn:one"; leave one'),
        (None, {"title": "en"}, "arn:one", 'for a new index, and ExistingVectorIndexArns is "arn:one"'),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    mode: str | None, keys: dict[str, str | None], existing: str, message: str
) -> None:
    """What would fail after the stack is made, or be passed over, is said before."""
    with pytest.raises(SystemExit, match=f"nothing was done: .*{message}"):
        check_options(mode, keys, existing)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"AWS_DEFAULT_REGION": "us-west-2"}, "nothing was done: Unable to locate credentials\n"),
        ({"AWS_PROFILE": "nobody"}, r"nothing was done: The config profile \(nobody\) could not be found"),
        ({"AWS_ACCESS_KEY_ID": "a"}, "no Region is set; choose one: export AWS_DEFAULT_REGION="),
        (
            {"AWS_DEFAULT_REGION": "US West", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
            "nothing was done: Provided region_name 'US West' doesn't match a supported format",
        ),
    ],
    ids=["no credentials", "no such profile", "no Region", "no Region's name"],
)
def test_whoever_cannot_call_aws_is_told_so(
    environment: dict[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is done before AWS knows who calls."""
    nowhere = {"AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none"}
    monkeypatch.chdir(tmp_path)
    for name, value in {**nowhere, "AWS_EC2_METADATA_DISABLED": "true", **environment}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match=message), account.aws():
        pytest.fail("that may not be reached")


def test_an_interrupt_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C stops the tool, not what AWS does; a person is told so."""
    monkeypatch.setattr(account, "_signed_in", lambda: None)

    with pytest.raises(SystemExit, match=r"interrupted; .* Type the same again"), account.aws():
        raise KeyboardInterrupt
