"""The examples of docs/drivers.md: the same search by every driver, with the same rows."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import asyncpg
import django
import psycopg
import psycopg2
import pytest
import sqlalchemy
from django.conf import settings
from django.db import connection as django_connection
from indexes import registered_index

from fixtures_cloud import sample_vectors
from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_cloud import Stack

PAGE = (ROOT / "docs/drivers.md").read_text()
VECTOR = sample_vectors()[0]["data"]["float32"]
FILTER = {"category": "demo"}


def example(heading: str, number: int = 0) -> dict[str, Any]:
    """Run an example of the section and return what it defines."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    names: dict[str, Any] = {}
    exec(re.findall(r"^```python\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)[number], names)  # noqa: S102
    return names


@pytest.fixture
def products(connection: psycopg.Connection) -> psycopg.Connection:
    """Create the table that the examples join."""
    connection.execute((ROOT / "sample-data/products.sql").read_bytes())
    return connection


@pytest.fixture
def by_psycopg_2(products: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Search with psycopg 2."""
    info = products.info
    with psycopg2.connect(info.dsn, password=info.password) as connection:
        rows: list[tuple[Any, ...]] = example("psycopg 2")["nearest"](connection, VECTOR, FILTER)
    connection.close()
    return rows


@pytest.fixture
def by_sqlalchemy(products: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Search with SQLAlchemy."""
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: copy_of(products))
    rows = example("SQLAlchemy")["nearest"](engine, VECTOR, FILTER)
    engine.dispose()
    return [tuple(row) for row in rows]


@pytest.fixture
def by_django(products: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Search with Django."""
    info = products.info
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": info.host,
                "PORT": info.port,
                "NAME": info.dbname,
                "USER": info.user,
                "PASSWORD": info.password,
            }
        }
    )
    django.setup()
    rows: list[tuple[Any, ...]] = example("Django")["nearest"](VECTOR, FILTER)
    django_connection.close()
    return rows


@pytest.fixture
def by_asyncpg(products: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Search with asyncpg."""
    info = products.info

    async def search() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(
            host=info.host, port=info.port, database=info.dbname, user=info.user, password=info.password
        )
        rows = await example("asyncpg")["nearest"](connection, VECTOR, FILTER)
        await connection.close()
        return [tuple(row) for row in rows]

    return asyncio.run(search())


def copy_of(connection: psycopg.Connection) -> psycopg.Connection:
    """Open another connection to the same database."""
    return psycopg.connect(connection.info.dsn, password=connection.info.password)


@pytest.mark.parametrize("rows", ["by_psycopg_2", "by_sqlalchemy", "by_django", "by_asyncpg"])
def test_every_driver_finds_the_same(
    products: psycopg.Connection, request: pytest.FixtureRequest, rows: str
) -> None:
    """The example of the page returns what that of psycopg 3 returns."""
    found = example("psycopg 3")["nearest"](products, VECTOR, FILTER)

    assert [name for name, _ in found] != []
    assert [name for name, _ in request.getfixturevalue(rows)] == [name for name, _ in found]


def test_records_go_in_as_one_json_parameter(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """The page's `store` writes ids, embeddings and metadata, and returns how many."""
    registered_index(connection, aws, stack, "drivers", 3)
    records = [
        {"id": "a", "embedding": [0.5, 1, 0], "metadata": {"kind": "tea"}},
        {"id": "b", "embedding": [1, 0, 0.25], "metadata": None},
    ]

    assert example("psycopg 3", 1)["store"](connection, "drivers", records) == 2
    assert connection.execute(
        "select vector_id, embedding, metadata from s3vl.get_vectors('{a,b}', 'drivers')"
    ).fetchall() == [("a", [0.5, 1, 0], {"kind": "tea"}), ("b", [1, 0, 0.25], {})]
