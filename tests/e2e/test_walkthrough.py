"""The post, as the README tells it: every command and statement runs, and shows what the post promises."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from the_post import COMMANDS, STATEMENTS

from s3vl_local import demo
from s3vl_local.cloud import ROOT


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """Run the README from the first command to the last, once; give each command with its output."""
    return [(step.text, output) for step, output in demo.run(lambda _: None)]


def output_of(steps: list[tuple[str, str]], part: str) -> str:
    """Return what the one command with `part` in it printed."""
    (output,) = [printed for text, printed in steps if part in text]
    return output


def normalised(text: str) -> str:
    """Forget line continuations, comments, and how the white space falls."""
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r"^\s*(--|#) .*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(text.split()))


def typed(steps: list[tuple[str, str]]) -> str:
    """Return everything that was typed, with the included SQL files in place of the commands that include them."""
    text = "\n".join(text for text, _ in steps)
    for name in ("products.sql", "queries.sql"):
        text = text.replace(f"\\i sample-data/{name}", (ROOT / "sample-data" / name).read_text())
    return normalised(text)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("command", COMMANDS + STATEMENTS, ids=itertools.count(1))
def test_the_readme_runs_what_the_post_tells_to_run(steps: list[tuple[str, str]], command: str) -> None:
    """Each command and statement of the post is among what the README's reader types, and all of that ran."""
    assert normalised(command) in typed(steps)


@pytest.mark.timeout(180)
def test_outputs_are_as_in_the_post(steps: list[tuple[str, str]]) -> None:
    """Stack, role, function and index have the names of the post."""
    assert output_of(steps, "AuroraRoleAttachmentCommand").split() == [
        "aws", "rds", "add-role-to-db-cluster",
        "--db-cluster-identifier", "your-cluster-name",
        "--role-arn", "arn:aws:iam::123456789012:role/s3vl-aurora-lambda-role",
        "--feature-name", "Lambda",
        "--region", "us-west-2",
    ]  # fmt: skip
    name, _, size, state, status = json.loads(
        output_of(steps, "aws lambda get-function --function-name s3vl-vector-query --query")
    )
    assert (name, state, status) == ("s3vl-vector-query", "Active", "Successful")
    assert size > 1_000_000


@pytest.mark.timeout(180)
def test_validation_succeeds(steps: list[tuple[str, str]]) -> None:
    """validate_config says that the function answers."""
    row = output_of(steps, "validate_config").splitlines()[-2]

    assert row.strip().startswith("t ")


@pytest.mark.timeout(180)
def test_everything_is_cleaned_up(steps: list[tuple[str, str]]) -> None:
    """After the clean-up the stack and the function are gone, as the post verifies."""
    assert (
        output_of(steps, 'echo "Stack successfully deleted"').strip().endswith("Stack successfully deleted")
    )
    assert (
        output_of(steps, 'echo "Lambda function successfully deleted"')
        .strip()
        .endswith("successfully deleted")
    )


@pytest.mark.timeout(180)
def test_queries_show_the_rows_of_the_post(steps: list[tuple[str, str]]) -> None:
    """The five queries of queries.sql print what the post says of them."""
    similar, by_id, identical, filtered, combined = rows_of(output_of(steps, "queries.sql"))

    assert len(similar) == 5
    assert [(row[0], row[3]) for row in by_id] == [("vec_001", "t"), ("vec_002", "t"), ("vec_048", "t")]
    assert sorted(row[0] for row in identical) == ["vec_048", "vec_049", "vec_050"]
    assert [float(row[2]) for row in identical] == pytest.approx([1, 1, 1], abs=1e-6)
    assert [json.loads(row[2])["category"] for row in filtered] == ["test"] * 5
    assert len(combined) >= 3
    assert all(float(row[2]) < 500 for row in combined)
    assert [float(row[3]) for row in combined] == sorted((float(row[3]) for row in combined), reverse=True)


def rows_of(printed: str) -> list[list[list[str]]]:
    """Read psql's tables: the cells of each row, table by table."""
    tables = re.finditer(r"^-[-+]+\n(?P<rows>.*?)^\(\d+ rows?\)$", printed, re.MULTILINE | re.DOTALL)
    return [
        [[cell.strip() for cell in row.split("|")] for row in table["rows"].splitlines()] for table in tables
    ]
