"""An index with rows beside it, over a stand-in of the Lambda function, for searches under a predicate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest

from fixtures_sql import INDEX_ARN, LAMBDA_ARN, Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.errors import Diagnostic

    from s3vl_local.postgres import PostgresServer

TABLES: LiteralString = """
    create table products (
        id bigint primary key, category integer, price numeric, in_stock boolean, tenant text, tags text[]
    );
    create function is_odd(id bigint) returns boolean language plpgsql stable as 'begin return id % 2 = 1; end';
    create table lines (product_id bigint, quantity integer);
    insert into products
    select i, i % 10, (i * 7919) % 1000, i % 2 = 0, 'tenant ' || i % 3, array['a' || i % 5]
    from generate_series(1, 600) as i;
    insert into lines select i % 600 + 1, i % 4 from generate_series(1, 2000) as i;
    create index on lines (product_id);
    analyze products;
    analyze lines;
"""
# Six pages, one in fifty rows without a vector, and vectors without a row.
VECTORS: LiteralString = """
    select setseed(0.5);
    insert into aws_lambda.vectors
    select i::text, array[random(), random()], (random() * 1000)::integer
    from generate_series(1, 600) as i
    where i % 50 <> 0;
    insert into aws_lambda.vectors
    values ('007', '{0.5, 0.5}', 1), ('no row', '{0.5, 0.5}', 1), ('', '{0.5, 0.5}', 1),
        ('99999999999999999999', '{0.5, 0.5}', 1);
"""
NEAREST: LiteralString = """
    select v.vector_id
    from aws_lambda.vectors as v
    where v.vector_id = any (%(keys)s)
    order by aws_lambda._distance(v.embedding, %(vector)s), v.vector_id
    limit %(top_k)s
"""
VECTOR = [0.5, 0.5]
POLICY: LiteralString = (
    "alter table products enable row level security;"
    "create policy own on products using (tenant = (select o.tenant from owners as o where o.role = current_user))"
)
# Operators, functions and types that stand first in the search_path of the caller.
TRAPS: LiteralString = """
    create schema evil;
    create function evil.trap() returns boolean language plpgsql as
        $$begin raise exception 'trapped as %', current_user; end$$;
    create function evil.same(bigint, bigint) returns boolean language sql as 'select evil.trap()';
    create function evil.same(integer, integer) returns boolean language sql as 'select evil.trap()';
    create function evil.same(bigint, integer) returns boolean language sql as 'select evil.trap()';
    create function evil.same(text, text) returns boolean language sql as 'select evil.trap()';
    create function evil.same(boolean, boolean) returns boolean language sql as 'select evil.trap()';
    create function evil.same(jsonb, jsonb) returns boolean language sql as 'select evil.trap()';
    create function evil.same(jsonb, text) returns boolean language sql as 'select evil.trap()';
    create operator evil.= (leftarg = bigint, rightarg = bigint, function = evil.same);
    create operator evil.= (leftarg = integer, rightarg = integer, function = evil.same);
    create operator evil.= (leftarg = bigint, rightarg = integer, function = evil.same);
    create operator evil.= (leftarg = text, rightarg = text, function = evil.same);
    create operator evil.= (leftarg = boolean, rightarg = boolean, function = evil.same);
    create operator evil.< (leftarg = bigint, rightarg = bigint, function = evil.same);
    create operator evil.< (leftarg = bigint, rightarg = integer, function = evil.same);
    create operator evil.< (leftarg = integer, rightarg = integer, function = evil.same);
    create operator evil.<= (leftarg = integer, rightarg = integer, function = evil.same);
    create operator evil.> (leftarg = integer, rightarg = integer, function = evil.same);
    create operator evil.>= (leftarg = integer, rightarg = integer, function = evil.same);
    create operator evil.+ (leftarg = integer, rightarg = integer, function = evil.same);
    create operator evil.|| (leftarg = jsonb, rightarg = jsonb, function = evil.same);
    create operator evil.|| (leftarg = text, rightarg = text, function = evil.same);
    create operator evil.-> (leftarg = jsonb, rightarg = text, function = evil.same);
    create operator evil.->> (leftarg = jsonb, rightarg = text, function = evil.same);
    create function evil.format(text, text) returns text language sql as 'select evil.trap()::text';
    create function evil.format(text, text, text) returns text language sql as 'select evil.trap()::text';
    create function evil.format(text, variadic text[]) returns text language sql as 'select evil.trap()::text';
    create function evil.rtrim(text, text) returns text language sql as 'select evil.trap()::text';
    create function evil.cardinality(anyarray) returns integer language sql as 'select evil.trap()::integer';
    create function evil.clock_timestamp() returns timestamptz language sql as 'select evil.trap()::text::timestamptz';
    create function evil.octet_length(text) returns integer language sql as 'select evil.trap()::integer';
    create function evil.array_agg_step(bigint, text) returns bigint language sql as 'select evil.trap()::integer';
    create aggregate evil.array_agg(text) (sfunc = evil.array_agg_step, stype = bigint);
    create domain evil.text as pg_catalog.text check (evil.trap());
    create domain evil.jsonb as pg_catalog.jsonb check (evil.trap());
    create domain evil.json as pg_catalog.json check (evil.trap());
    create domain evil.regtype as pg_catalog.oid check (evil.trap());
    create domain evil.int8 as pg_catalog.int8 check (evil.trap());
    create domain evil.timestamptz as pg_catalog.timestamptz check (evil.trap());
    create domain evil.refcursor as pg_catalog.text check (evil.trap());
    create domain evil.record as pg_catalog.text check (evil.trap());
"""


class Shop:
    """A table `products`, whose vectors are in the index "docs"."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def search(self, candidates: str | None, **arguments: Any) -> list[str]:
        """Return the ids that are found."""
        given = {"query_vector": VECTOR, "candidates": candidates, "index_name": "docs", **arguments}
        types = {"query_vector": "::float8[]", "candidates": "::pg_catalog.text"}
        names = ", ".join(f"{name} => %({name})s{types.get(name, '')}" for name in given)
        query = f"select vector_id from s3vl.query_filtered({names})"
        return [row["vector_id"] for row in self.db.connection.execute(query.encode(), given)]

    def refuses(self, candidates: str | None, **arguments: Any) -> Diagnostic:
        """Search for what has to fail, and return the error."""
        with pytest.raises(psycopg.Error) as caught, self.db.connection.transaction():
            self.search(candidates, **arguments)
        return caught.value.diag

    def nearest(self, candidates: str, top_k: int = 10, vector: list[float] | None = None) -> list[str]:
        """Return the ids that a look at every row finds."""
        query = f"select c.k::text as key from ({candidates.rstrip('; ')}\n) as c (k)"
        keys = [row["key"] for row in self.db.connection.execute(query.encode())]
        rows = self.db.rows(NEAREST, keys=keys, vector=vector or VECTOR, top_k=top_k)
        return [row["vector_id"] for row in rows]

    def misses(self, one_in: int) -> None:
        """Let queries miss one vector in so many, as an approximate index does."""
        self.db.rows("select set_config('s3vl_test.misses', %(n)s, false)", n=str(one_in))

    @property
    def last(self) -> dict[str, Any]:
        """Return what the last search says of itself."""
        [row] = self.db.rows("select * from s3vl.last_search()")
        return row

    @property
    def operations(self) -> list[str]:
        """Return which operations the Lambda function was asked for."""
        return [request["operation"] for request in self.requests]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return what the Lambda function was asked."""
        return [
            json.loads(notice.detail or "")["payload"]
            for notice in self.db.notices
            if notice.message == "aws_lambda.invoke"
        ]


@pytest.fixture(scope="session")
def shop_database(postgres: PostgresServer, installed_template: str) -> str:
    """Configure s3vl, and make the index, the table and their vectors, in a database for tests that take all back."""
    name = "s3vl_shop"
    postgres.create_database(name, installed_template)
    with postgres.connect(database=name) as connection:
        connection.execute((Path(__file__).parent / "sql/aws_lambda_index.sql").read_bytes())
        connection.execute(
            "insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values (%s, 'us-west-2', 30)",
            [LAMBDA_ARN],
        )
        connection.execute(
            "insert into s3vl.index_registry (index_name, index_arn, dimension, distance_metric)"
            " values ('docs', %s, 2, 'euclidean')",
            [INDEX_ARN],
        )
        connection.execute(TABLES)
        connection.execute(VECTORS)
    return name


@pytest.fixture(scope="session")
def shop_session(postgres: PostgresServer, shop_database: str) -> Iterator[Database]:
    """Open one session beside the index for all of them."""
    database = Database(postgres.url(database=shop_database), autocommit=False)
    yield database
    database.connection.close()


@pytest.fixture
def shop(shop_session: Database) -> Iterator[Shop]:
    """Give the session beside the index, whose work is taken back."""
    yield Shop(shop_session)
    shop_session.take_back()
