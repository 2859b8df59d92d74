"""README, walkthrough and guide: every command and statement runs, and shows what the page and the post promise.

All of it runs with IAM enforced: the roles of the template, and the guide's, allow what they need. And without a
package index: what the zip is made of was downloaded before.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING

import pytest
from the_post import COMMANDS, STATEMENTS

from s3vl_local import demo
from s3vl_local.cloud import ROOT
from s3vl_local.postgres import INSTALLATION
from s3vl_local.walkthrough import read, trimmed

if TYPE_CHECKING:
    from pathlib import Path

    from s3vl_local.walkthrough import Step


def readme() -> list[Step]:
    """Return the README's steps; its first statement needs what the others make, and stands before its clean-up."""
    first, *others = read((ROOT / "README.md").read_text(encoding="utf-8"))
    clean_up = next(number for number, step in enumerate(others) if "uninstall" in step.text)
    return [*others[:clean_up], first, *others[clean_up:]]


@pytest.fixture(scope="module")
def all_walked(package_file: Path) -> tuple[list[tuple[Step, str]], list[tuple[Step, str]]]:
    """Run the README, and then the walkthrough with the other pages before its clean-up: each from nothing, once.

    The guide, docs/sync.md and docs/pgvector.md need pgvector, which not every server has.
    """
    assert package_file
    guide = (
        [demo.GUIDE, demo.SYNC, demo.PGVECTOR, demo.PGVECTOR_EXAMPLES]
        if INSTALLATION.offers("vector")
        else []
    )
    with pytest.MonkeyPatch.context() as environment:
        # Nobody answers there.
        environment.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        return demo.run(readme()), demo.run(demo.steps_with([*guide, demo.EXAMPLES]))


@pytest.fixture(scope="module")
def walked(all_walked: tuple[list[tuple[Step, str]], list[tuple[Step, str]]]) -> list[tuple[Step, str]]:
    """Give each step of walkthrough, guide and examples with its output."""
    return all_walked[1]


@pytest.fixture(scope="module")
def steps(walked: list[tuple[Step, str]]) -> list[tuple[str, str]]:
    """Give each command of both pages with its output."""
    return [(step.text, output) for step, output in walked]


def output_of(steps: list[tuple[str, str]], part: str) -> str:
    """Return what the one command with `part` in it printed."""
    (output,) = [printed for text, printed in steps if part in text]
    return output


def commands(language: str, text: str) -> list[str]:
    """Split what is typed into commands; forget comments, continuations, and how the white space falls."""
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r"^\s*(--|#) .*\n?", "", text, flags=re.MULTILINE)
    # A command ends with its line in the shell and for psql's own, and with a semicolon in SQL.
    parts = text.splitlines() if language == "bash" else re.findall(r"^\\.*$|[^;]+;", text, re.MULTILINE)
    return [re.sub(r"\s*([(),])\s*", r"\1", " ".join(part.split())) for part in parts if part.strip()]


@pytest.fixture(scope="module")
def typed(walked: list[tuple[Step, str]]) -> set[str]:
    """Give every command that was typed, and those of the SQL files that were included."""
    included = [(ROOT / "sample-data" / name).read_text() for name in ("products.sql", "queries.sql")]
    texts = [(step.language, step.text) for step, _ in walked] + [("sql", text) for text in included]
    return {command for language, text in texts for command in commands(language, text)}


@pytest.mark.parametrize(
    ("language", "text"),
    [("bash", text) for text in COMMANDS] + [("sql", text) for text in STATEMENTS],
    ids=itertools.count(1),
)
def test_the_walkthrough_runs_what_the_post_tells_to_run(typed: set[str], language: str, text: str) -> None:
    """Each command and statement of the post is one that the walkthrough's reader types, and all of them ran."""
    assert set(commands(language, text)) <= typed


def test_the_readme_prints_what_it_shows(all_walked: tuple[list[tuple[Step, str]], ...]) -> None:
    """The search at its top returns the rows that stand below it, after the commands of the page."""
    [(step, output)] = [(step, output) for step, output in all_walked[0] if step.expected is not None]

    assert step.text.startswith("SELECT p.product_name")
    assert trimmed(output) == step.expected


def test_no_step_of_the_demo_looks_like_a_failure(walked: list[tuple[Step, str]]) -> None:
    """Nobody who watches sees an error, or a promise to bring back what is gone, in a walk that succeeds."""
    typed_by_demo = read(demo.WALKTHROUGH.read_text("utf-8"))
    printed = "\n".join(output for step, output in walked if step in typed_by_demo)

    assert not re.search(
        "error|traceback|brings? it back", printed.replace("error_message", ""), re.IGNORECASE
    )


def test_the_pages_print_what_they_show(walked: list[tuple[Step, str]]) -> None:
    """Every result of the guide, and of the reference's examples, is what was printed; make guide writes them anew.

    The indexes are approximate, and it must not show: five vectors or fewer are never missed, and numbers are rounded.
    """
    shown = [(step.text, step.expected) for step, _ in walked if step.expected is not None]

    assert shown == [(step.text, trimmed(output)) for step, output in walked if step.expected is not None]
    assert len(shown) > 20


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


def test_validation_succeeds(steps: list[tuple[str, str]]) -> None:
    """validate_config says that the function answers."""
    row = output_of(steps, "SELECT * FROM s3vl.validate_config();").splitlines()[-2]

    assert row.strip().startswith("t ")


def test_everything_is_as_strict_as_on_aws(steps: list[tuple[str, str]]) -> None:
    """Policies are enforced and indexes approximate, and the reader is told so twice."""
    strict = "IAM policies are enforced, indexes are approximate"

    assert output_of(steps, "\nmake up\n").count(strict) == 2


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


def test_queries_show_the_rows_of_the_post(steps: list[tuple[str, str]]) -> None:
    """The five queries of queries.sql print what the post says of them."""
    similar, by_id, identical, filtered, combined = rows_of(output_of(steps, "queries.sql"))

    assert 0 < len(similar) <= 5
    assert [(row[0], row[3]) for row in by_id] == [("vec_001", "t"), ("vec_002", "t"), ("vec_048", "t")]
    alike = [row for row in identical if row[0] in ("vec_048", "vec_049", "vec_050")]
    assert len(alike) >= 2
    assert [float(row[2]) for row in alike] == pytest.approx([1] * len(alike), abs=2e-5)
    # As on AWS, and not as by an index that is exact.
    assert all(float(row[1]) > 0 for row in alike)
    assert 0 < len(filtered) <= 5
    assert {json.loads(row[2])["category"] for row in filtered} == {"test"}
    assert len(combined) >= 2
    assert all(float(row[2]) < 500 for row in combined)
    assert [float(row[3]) for row in combined] == sorted((float(row[3]) for row in combined), reverse=True)


def rows_of(printed: str) -> list[list[list[str]]]:
    """Read psql's tables: the cells of each row, table by table."""
    tables = re.finditer(r"^-[-+]+\n(?P<rows>.*?)^\(\d+ rows?\)$", printed, re.MULTILINE | re.DOTALL)
    return [
        [[cell.strip() for cell in row.split("|")] for row in table["rows"].splitlines()] for table in tables
    ]
