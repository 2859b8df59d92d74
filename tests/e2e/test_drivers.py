"""The examples of docs/drivers.md: the same search by every driver, with the same rows."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import django
import numpy as np
import psycopg
import psycopg2
import pytest
import sqlalchemy
from django.conf import settings
from django.db import connection as django_connection
from indexes import registered_index

from fixtures_cloud import sample_vectors
from fixtures_postgres import need_pgvector
from s3vl_local.cloud import ROOT
from s3vl_local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_cloud import Stack

PAGE = (ROOT / "docs/drivers.md").read_text()
VECTOR = sample_vectors()[0]["data"]["float32"]
ARRAY = np.array(VECTOR)
FILTER = {"category": "demo"}


def code(heading: str, language: str = "python", number: int = 0) -> str:
    """Return an example of the section."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    found: str = re.findall(rf"^```{language}\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)[number]
    return found


def example(heading: str, number: int = 0) -> dict[str, Any]:
    """Run an example of the section and return what it defines."""
    names: dict[str, Any] = {}
    exec(code(heading, number=number), names)  # noqa: S102
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


def open_django(info: psycopg.ConnectionInfo) -> None:
    """Let Django, which is set up once a process, connect to a database."""
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": info.host,
        "PORT": info.port,
        "NAME": info.dbname,
        "USER": info.user,
        "PASSWORD": info.password,
    }
    if not settings.configured:
        settings.configure(DATABASES={"default": database})
        django.setup()
    django_connection.settings_dict.update(database)


@pytest.fixture
def by_django(products: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Search with Django."""
    open_django(products.info)
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


@pytest.fixture
def by_node(products: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Search with node-postgres: `npm install --prefix build/node pg` puts it where this looks."""
    module = ROOT / "build/node/node_modules/pg"
    node = shutil.which("node")
    if node is None or not module.exists():
        pytest.skip("no node-postgres")
    script = f"""
        const {{ Client }} = require({json.dumps(str(module))});
        {code("node-postgres", "javascript")}
        const client = new Client();
        client.connect()
            .then(() => nearest(client, {json.dumps(VECTOR)}, {json.dumps(FILTER)}))
            .then((rows) => {{
                rows.forEach((row) => console.log(`${{row.product_name}} ${{row.distance}}`));
                return client.end();
            }});
    """
    return printed(products, [node, "-e", script])


@pytest.fixture
def by_jdbc(products: psycopg.Connection, tmp_path: Path) -> list[tuple[Any, ...]]:
    """Search with pgJDBC, where Debian's libpostgresql-jdbc-java and a JDK are."""
    driver = Path("/usr/share/java/postgresql.jar")
    if shutil.which("javac") is None or not driver.exists():
        pytest.skip("no pgJDBC")
    info = products.info
    program = tmp_path / "Search.java"
    program.write_text(
        f"""
        import java.sql.*;
        public class Search {{
            {code("JDBC", "java")}
            public static void main(String[] arguments) throws SQLException {{
                Connection connection = DriverManager.getConnection(
                    "jdbc:postgresql://{info.host}:{info.port}/{info.dbname}", "{info.user}", "{info.password}");
                nearest(connection, new Double[] {{{", ".join(map(str, VECTOR))}}}, {json.dumps(json.dumps(FILTER))});
            }}
        }}
        """
    )
    return printed(products, ["java", "-cp", str(driver), str(program)])


def printed(connection: psycopg.Connection, command: list[str]) -> list[tuple[Any, ...]]:
    """Run a program that prints a name and a distance on each line."""
    info = connection.info
    database = {
        "PGHOST": info.host,
        "PGPORT": str(info.port),
        "PGDATABASE": info.dbname,
        "PGUSER": info.user,
        "PGPASSWORD": info.password,
    }
    done = subprocess.run(command, env=os.environ | database, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [tuple(line.rsplit(" ", 1)) for line in done.stdout.splitlines()]


@contextmanager
def through_pgbouncer(connection: psycopg.Connection) -> Iterator[str]:
    """Give the connection string of a PgBouncer in transaction mode before the same database."""
    pgbouncer = shutil.which("pgbouncer")
    if pgbouncer is None:
        pytest.skip("no PgBouncer")
    info, port = connection.info, free_port()
    with tempfile.TemporaryDirectory(prefix="s3vl-pgbouncer-") as folder:
        settings_file = Path(folder) / "pgbouncer.ini"
        settings_file.write_text(
            f"""
            [databases]
            pooled = host={info.host} port={info.port} dbname={info.dbname} user={info.user} password={info.password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            """
        )
        # It refuses to run as root.
        other = []
        if os.geteuid() == 0:
            other = ["--user", "nobody"]
            shutil.chown(folder, "nobody")
            shutil.chown(settings_file, "nobody")
        process = subprocess.Popen([pgbouncer, *other, str(settings_file)], stderr=subprocess.PIPE, text=True)
        # It says on stderr that it is ready.
        said = list(itertools.takewhile(lambda line: "process up" not in line, process.stderr or []))
        try:
            assert process.poll() is None, "".join(said)
            yield f"host=127.0.0.1 port={port} dbname=pooled user=any"
        finally:
            process.terminate()
            process.wait()


@pytest.fixture
def by_pgbouncer(products: psycopg.Connection) -> Iterator[list[tuple[Any, ...]]]:
    """Search with psycopg 3 through PgBouncer in transaction mode."""
    with through_pgbouncer(products) as url, psycopg.connect(url) as connection:
        yield example("psycopg 3")["nearest"](connection, VECTOR, FILTER)


def test_sync_runs_through_pgbouncer(
    connection: psycopg.Connection, aws: Callable[..., Any], stack: Stack
) -> None:
    """In transaction mode too, where each of its transactions may have another session."""
    registered_index(connection, aws, stack, "pooled", 3)
    connection.execute("create table pooled (id integer primary key, embedding real[])")
    connection.execute("select s3vl.bind_table('pooled', 'pooled', 'embedding', backfill => false)")
    with through_pgbouncer(connection) as url, psycopg.connect(url, autocommit=True) as client:
        client.execute("insert into pooled select n, '{1,2,3}' from generate_series(1, 2500) as n")

        assert client.execute("call s3vl.sync()").fetchone() == (2500,)
        client.execute("delete from pooled where id > 1")
        assert client.execute("call s3vl.sync('pooled', 30)").fetchone() == (2499,)


def copy_of(connection: psycopg.Connection) -> psycopg.Connection:
    """Open another connection to the same database."""
    return psycopg.connect(connection.info.dsn, password=connection.info.password)


@pytest.mark.parametrize(
    "rows",
    ["by_psycopg_2", "by_sqlalchemy", "by_django", "by_asyncpg", "by_node", "by_jdbc", "by_pgbouncer"],
)
def test_every_driver_finds_the_same(
    products: psycopg.Connection, request: pytest.FixtureRequest, rows: str
) -> None:
    """The example of the page returns what that of psycopg 3 returns."""
    found = example("psycopg 3")["nearest"](products, VECTOR, FILTER)

    assert [name for name, _ in found] != []
    assert [name for name, _ in request.getfixturevalue(rows)] == [name for name, _ in found]


MATCHING = "Only rows that match"
PRICE = 300


@pytest.fixture
def matching_by_sqlalchemy(products: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Search among rows that match with SQLAlchemy, and rank those of a query that it has made."""
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: copy_of(products))
    filtered, ranked = (example(MATCHING, number)["affordable"](engine, VECTOR, PRICE) for number in (1, 2))
    with engine.connect() as connection:
        how = connection.execute(sqlalchemy.text("select is_exact from s3vl.last_search()")).fetchall()
    engine.dispose()
    # The transaction of the search has been rolled back.
    assert [tuple(row) for row in how] == [(True,)]
    assert filtered == ranked
    return [tuple(row) for row in filtered]


@pytest.fixture
def matching_by_django(products: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Search among rows that match with Django."""
    open_django(products.info)
    rows: list[tuple[Any, ...]] = example(MATCHING, 3)["affordable"](VECTOR, PRICE)
    django_connection.close()
    return rows


@pytest.mark.parametrize("rows", ["matching_by_sqlalchemy", "matching_by_django"])
def test_every_driver_finds_the_rows_that_match(
    products: psycopg.Connection, request: pytest.FixtureRequest, rows: str
) -> None:
    """The examples return what that of psycopg 3 returns: the nearest of the rows that match, and all of them."""
    found = example(MATCHING)["affordable"](products, VECTOR, PRICE)

    matching = products.execute(
        "select product_name from s3vl_demo_products where in_stock and price < %s", [PRICE]
    ).fetchall()
    assert len(found) == min(3, len(matching)) > 0
    assert {name for name, _ in found} <= {name for (name,) in matching}
    assert request.getfixturevalue(rows) == found


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


NUMPY = "numpy arrays and pgvector's types"


@pytest.fixture(params=["select", "select s3vl.use_pgvector()"], ids=["with casts", "without casts"])
def with_pgvector(connection: psycopg.Connection, request: pytest.FixtureRequest) -> psycopg.Connection:
    """Create pgvector beside s3vl, and let searches take its types or not."""
    need_pgvector()
    connection.execute("create extension vector")
    connection.execute(request.param)
    return connection


def array_code(connection: psycopg.Connection, number: int = 0) -> str:
    """Return an example of the section, without the casts where the page says that they can go."""
    found = code(NUMPY, number=number)
    [used] = connection.execute("select cardinality(s3vl._overloads()) > 0").fetchone() or [False]
    if not used:
        return found
    for before, after in {
        "%s::vector::real[]": "%s",
        "CAST(:array AS vector)::real[]": ":array",
        "$1::vector::real[]": "$1::vector",
    }.items():
        found = found.replace(before, after)
    assert "::real[]" not in found
    return found


def array_example(connection: psycopg.Connection, number: int = 0) -> Any:
    """Run an example of the section and return the search that it defines."""
    names: dict[str, Any] = {}
    exec(array_code(connection, number), names)  # noqa: S102
    return names["nearest"]


@pytest.fixture
def array_by_psycopg(with_pgvector: psycopg.Connection) -> list[Any]:
    """Search for a numpy array with psycopg 3."""
    rows: list[Any] = array_example(with_pgvector)(with_pgvector, ARRAY)
    return rows


@pytest.fixture
def array_by_psycopg_2(with_pgvector: psycopg.Connection) -> list[Any]:
    """Search for a numpy array with psycopg 2, whose register_vector is another one."""
    info = with_pgvector.info
    connection = psycopg2.connect(info.dsn, password=info.password)
    names: dict[str, Any] = {}
    exec(array_code(with_pgvector).replace("pgvector.psycopg ", "pgvector.psycopg2 "), names)  # noqa: S102
    rows: list[Any] = names["nearest"](connection, ARRAY)
    connection.close()
    return rows


@pytest.fixture
def array_by_sqlalchemy(with_pgvector: psycopg.Connection) -> list[Any]:
    """Search for a numpy array with SQLAlchemy."""
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: copy_of(with_pgvector))
    rows: list[Any] = array_example(with_pgvector, 1)(engine, ARRAY)
    engine.dispose()
    return rows


@pytest.fixture
def array_by_asyncpg(with_pgvector: psycopg.Connection) -> list[Any]:
    """Search for a numpy array with asyncpg."""
    info = with_pgvector.info

    async def search() -> list[Any]:
        connection = await asyncpg.connect(
            host=info.host, port=info.port, database=info.dbname, user=info.user, password=info.password
        )
        rows: list[Any] = await array_example(with_pgvector, 2)(connection, ARRAY)
        await connection.close()
        return rows

    return asyncio.run(search())


@pytest.mark.usefixtures("with_pgvector")
@pytest.mark.parametrize(
    "rows", ["array_by_psycopg", "array_by_psycopg_2", "array_by_sqlalchemy", "array_by_asyncpg"]
)
def test_a_numpy_array_goes_in_as_a_vector_of_pgvector(request: pytest.FixtureRequest, rows: str) -> None:
    """The vector itself is the nearest that is found for it, cast as shown, or as it is after use_pgvector()."""
    found = request.getfixturevalue(rows)

    assert len(found) == 3
    assert found[0][0] == sample_vectors()[0]["key"]


def test_a_numpy_array_goes_in_as_a_list(products: psycopg.Connection) -> None:
    """The same as the list it was made of, and it needs no pgvector."""
    search = example("psycopg 3")["nearest"]

    assert search(products, ARRAY.tolist(), FILTER) == search(products, VECTOR, FILTER)
