"""docs/compare.md moves an installation of the AWS sample over: its commands and statements, in their order."""

from __future__ import annotations

import io
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from fixtures_cloud import sample_vectors
from s3vl_local import walkthrough
from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

    from fixtures_cloud import Stack
    from s3vl_local.cloud import LocalCloud

SECTION = (ROOT / "docs/compare.md").read_text().split("### Move an installation over\n")[1]
# Its tables, as far as the move reads them, and a function under a name that is ours too.
SAMPLES_SCHEMA = """
    create schema s3vl;
    create table s3vl.config (id serial primary key, lambda_arn text not null, aws_region text not null);
    create table s3vl.index_registry (
        id serial primary key, index_name text not null unique, index_arn text not null, description text,
        is_active boolean default true
    );
    create function s3vl.query_vectors(query_vector float8[]) returns text language sql return 'of the sample'
"""


@pytest.fixture
def sample(deploy: Callable[..., Stack], aws: Callable[..., Any]) -> Iterator[Stack]:
    """Deploy a stack whose function has the sample's name, handler and runtime, and code that is not ours."""
    stack = deploy("sample", ResourcePrefix="s3vl")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr(
            "lambda_function.py", "def lambda_handler(event, context):\n    return {'success': True}\n"
        )
    functions = aws("lambda")
    functions.update_function_configuration(
        FunctionName="s3vl-vector-query",
        Runtime="python3.11",
        Handler="lambda_function.lambda_handler",
        Timeout=10,
        MemorySize=128,
    )
    functions.update_function_code(FunctionName="s3vl-vector-query", ZipFile=code.getvalue())
    aws("s3vectors").put_vectors(indexArn=stack.index_arn, vectors=sample_vectors())
    yield stack
    aws("cloudformation").delete_stack(StackName="sample")


@pytest.fixture
def old(cloud: LocalCloud, sample: Stack, database_names: Iterator[str]) -> Iterator[psycopg.Connection]:
    """Create a database with what the sample keeps there: a configuration, an index in use and one that is not."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name)
    with server.connect(database=name) as connection:
        connection.execute(SAMPLES_SCHEMA)
        connection.execute(
            "insert into s3vl.config (lambda_arn, aws_region) values (%s, 'us-west-2')", [sample.lambda_arn]
        )
        connection.execute(
            "insert into s3vl.index_registry (index_name, index_arn, description, is_active) "
            "values ('products', %(arn)s, 'The products', true), ('old', %(arn)s, null, false)",
            {"arn": sample.index_arn},
        )
        yield connection
    server.drop_database(name)


def test_an_installation_of_the_sample_moves_over(
    cloud: LocalCloud, old: psycopg.Connection, package_file: Path, tmp_path: Path
) -> None:
    """After the page's steps the index that was in use is found under its name, by this project's code."""
    steps = walkthrough.read(SECTION)
    built = tmp_path / "lambda/build/s3vl-lambda.zip"
    built.parent.mkdir(parents=True)
    shutil.copy(package_file, built)
    (tmp_path / "sql").symlink_to(ROOT / "sql")
    typed = [step for step in steps if step.text != "make package"]
    assert len(typed) < len(steps)

    walkthrough.run(typed, tmp_path, cloud.environment() | {"PGDATABASE": old.info.dbname})

    probe = sample_vectors()[0]
    assert old.execute("select index_name, description from s3vl.list_indexes()").fetchall() == [
        ("products", "The products")
    ]
    assert old.execute(
        "select vector_id from s3vl.query_vectors(%s, 'products', top_k => 1)", [probe["data"]["float32"]]
    ).fetchone() == (probe["key"],)
    assert old.execute("select to_regnamespace('s3vl_sample')").fetchone() == (None,)
