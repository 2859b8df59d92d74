"""What docs/install.md, upgrading.md and cost.md name exists, and what cost.md shows is what comes out."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, LiteralString, cast

import botocore.session
import pytest
from botocore import xform_name

import build_sql
import estimate_cost
from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database

NAMES = ("install", "upgrading", "cost")
TEXT = "\n".join((ROOT / "docs" / f"{name}.md").read_text() for name in NAMES)
COST = (ROOT / "docs/cost.md").read_text()
INLINE = re.findall(r"`([^`\n]+)`", TEXT)
BLOCKS = re.findall(r"^ *```(\w+)\n(.+?)^ *```$", TEXT, re.MULTILINE | re.DOTALL)
SHELL = [
    command.replace("\\\n", " ").strip()
    for language, block in BLOCKS
    if language == "bash"
    for command in re.split(r"(?<!\\)\n(?=\s*(?:aws|make) )", block)
]
SELECTS = [
    statement.strip()
    for text in (*INLINE, *(block for language, block in BLOCKS if language == "sql"))
    for statement in re.findall(r"select .+?;", text, re.IGNORECASE)
    if "pgtle." not in statement
]
AWS = [command for command in SHELL if command.startswith("aws ")]


def test_there_is_something_to_check() -> None:
    """The pages have commands and statements, which the tests below find."""
    assert len(AWS) >= 7
    assert len(SELECTS) >= 8


@pytest.mark.parametrize("statement", sorted(set(SELECTS)))
def test_statements_are_understood(db: Database, statement: str) -> None:
    """PostgreSQL plans each: functions, columns and arguments exist."""
    assert db.rows(cast("LiteralString", f"explain {statement}")) != []


def test_functions_exist(db: Database) -> None:
    """Every function of s3vl that is named is there."""
    named = set(re.findall(r"s3vl\.(\w+)\(", TEXT))
    there = db.rows("select proname from pg_proc where pronamespace = 's3vl'::regnamespace")

    assert named > {"version", "diagnose"}
    assert named - {row["proname"] for row in there} == set()


def test_built_scripts_exist() -> None:
    """Every script that is named is one that make build writes."""
    named = set(re.findall(r"\b(?:s3vl|upgrade)-[\w.-]+\.sql\b", TEXT))

    assert named != set()
    built = build_sql.scripts(ROOT / "sql") | build_sql.released_scripts(ROOT / "sql")
    assert named - set(built) == set()


def test_files_exist() -> None:
    """Every path that is named is there, or is what the package is built to."""
    named = set(re.findall(r"\b(?<!build/)(?:sql|tools|cloudformation|lambda)/[\w/.-]+\.\w+", TEXT))
    written = {"cloudformation/parameters.json", "lambda/build/s3vl-lambda.zip"}

    assert named > written
    assert {path for path in named - written if not (ROOT / path).exists()} == set()


def test_make_targets_exist() -> None:
    """Every verb of make that is named is one."""
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {match for text in (*INLINE, *SHELL) for match in re.findall(r"^make ([a-z][a-z-]*)", text)}

    assert named != set()
    assert named - verbs == set()


def test_parameters_and_outputs_exist() -> None:
    """Every parameter and output of the stack that is named is one."""
    template = (ROOT / "cloudformation/template.yaml").read_text()
    named = {text for text in INLINE if re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}", text)}

    assert named > {"SubnetIds", "LambdaFunctionArn"}
    assert {name for name in named if f"\n  {name}:\n" not in template} == set()


@pytest.mark.parametrize("command", AWS, ids=lambda command: " ".join(command.split()[1:3]))
def test_aws_commands_are_understood(command: str) -> None:
    """The service has the operation, and the operation the options."""
    _, service, operation, *rest = shlex.split(command)
    model = botocore.session.get_session().get_service_model(service)
    if operation == "wait":
        waiters = botocore.session.get_session().get_waiter_model(service)
        waiter = {xform_name(name, "-"): name for name in waiters.waiter_names}[rest[0]]
        operation = xform_name(waiters.get_waiter(waiter).operation, "-")
    shape = model.operation_model({xform_name(name, "-"): name for name in model.operation_names}[operation])
    options = {f"--{xform_name(name, '-')}" for name in shape.input_shape.members} | {"--query", "--output"}

    assert {word for word in rest if word.startswith("--")} - options == set()


def run_example(command: str) -> str:
    """Return what the estimator prints."""
    _, *arguments = shlex.split(command.replace("\\\n", " "))
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


EXAMPLES = re.findall(r"```bash\n(.+?)```\n\n```text\n(.+?)```", COST, re.DOTALL)


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=["whole", "single writes", "pgvector"])
def test_the_examples_of_the_cost_page_are_what_the_tool_prints(command: str, output: str) -> None:
    """Each command on the page gives the output below it."""
    assert run_example(command) == output


def test_the_totals_in_the_text_of_the_cost_page_are_those_of_the_tool() -> None:
    """In one index the example costs what the text says, and so does the load in full requests."""
    (whole, _), (single, _), _ = EXAMPLES
    [in_one_index] = re.findall(r"the example costs ([\d.]+) dollars", COST)
    [in_full_requests] = re.findall(r"the same load costs ([\d.]+) dollars", COST)

    assert run_example(whole.replace("--indexes 40", "")).split()[-1] == in_one_index
    assert run_example(single.replace("--vectors-per-write 1", "")).split()[-1] == in_full_requests


def test_the_prices_of_the_cost_page_are_those_of_the_tool() -> None:
    """Each price stands there with its source and date."""
    assert estimate_cost.price_list() in COST
