"""Who has not upgraded yet: the SQL of the last release with today's Lambda."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures_cloud import INDEX_NAME, sample_vectors
from fixtures_install import RELEASED, Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures_cloud import Stack
    from s3vl_local.cloud import LocalCloud


@pytest.fixture
def released(cloud: LocalCloud, database_names: Iterator[str], built: Path) -> Iterator[Target]:
    """Install the last release into a database of the local cloud."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name)
    target = Target(server.url(database=name))
    target.run(built / f"s3vl-{RELEASED}.sql")
    yield target
    server.drop_database(name)


def test_released_sql_works_with_this_lambda(released: Target, stack: Stack) -> None:
    """Both speak protocol 1: configuring, registering and searching are as they were."""
    sample = sample_vectors()[0]
    vector = "{" + ",".join(str(number) for number in sample["data"]["float32"]) + "}"

    assert released.ask(f"select s3vl.configure('{stack.lambda_arn}')") == "t"
    assert released.ask(f"select s3vl.register_index('{INDEX_NAME}', '{stack.index_arn}')") == "t"
    found = released.ask(f"select vector_id from s3vl.query_vectors('{vector}', '{INDEX_NAME}', top_k => 1)")
    assert found == sample["key"]
    assert released.ask("select d.check_name from s3vl.diagnose() as d where d.status = 'fail'") == ""
