"""Every public function with a value for each of its arguments, read from the catalogue: a new one is there too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fixtures_sql import INDEX_ARN, LAMBDA_ARN

if TYPE_CHECKING:
    from typing import LiteralString

    from fixtures_sql import Database, StubLambda

# By name, as SQL; those that have a default and are not here keep it.
VALUES = {
    "access_level": "'reader'",
    "binding_name": "'docs'",
    "candidates": "'select 1'",
    "content": "row(1, 'a')",
    "embedding_column": "'embedding'",
    "aws_region": "'us-west-2'",
    "description": "'some text'",
    "force": "true",
    "index_arn": f"'{INDEX_ARN}'",
    "dimension": "5",
    "distance_metric": "'euclidean'",
    "index_name": "'docs'",
    "job_id": "1",
    "lambda_arn": f"'{LAMBDA_ARN}'",
    "metadata_filter": """'{"n": 1}'""",
    "name": "'docs'",
    "non_filterable_keys": "'{a,b}'",
    "next_token": "'a token'",
    "query": "'red'",
    "query_mode": "'ENHANCED'",
    "query_texts": """'{"title": "red shoes"}'""",
    "query_vector": "'{1,2,3,4,5}'",
    "query_vectors": "'{{1,2,3,4,5}}'",
    "rank": "1",
    "role_name": "'a_reader'",
    "source": "'public.a_table'",
    "tenant_key": "'tenant'",
    "tenant_setting": "'app.tenant'",
    "text_column": "'words'",
    "text_keys": """'{"title": "en", "body": null}'""",
    "to_index_name": "'of-a-table'",
    "vector_bucket": "'a-bucket'",
    "vector_ids": "'{a,b}'",
    "vectors": """'{"(a,\\"{1,2,3,4,5}\\",)"}'""",
}
# Where that is not what a function takes: "docs" is there already.
OWN_VALUES = {
    ("create_index", "index_name"): "'new'",
    ("bind_table", "binding_name"): "'new'",
    ("unrestrict_index", "index_name"): "'restricted'",
}
# What any operation may find in its answer.
ANSWER = {
    "distance_metric": "cosine",
    "vectors": [],
    "written": [[1, 1]],
    "deleted": [[1, 2]],
    "index": {"dimension": 5, "distance_metric": "cosine"},
    "created": True,
    "index_arn": INDEX_ARN.replace("test-index-5d", "new"),
    "existed": True,
    "missing": 0,
}


class Argument(NamedTuple):
    """One argument, and a value that its function takes."""

    name: str
    type: str
    value: str


class Call(NamedTuple):
    """A public function, with one of the ways to say which index is meant."""

    function: str
    arguments: tuple[Argument, ...]

    def statement(self, **values: str) -> str:
        """Return the call with other values for some arguments."""
        passed = (f"{a.name} => {values.get(a.name, f'{a.value}::{a.type}')}" for a in self.arguments)
        return f"select * from s3vl.{self.function}({', '.join(passed)})"


def public_calls(db: Database) -> list[Call]:
    """Return a call of each public function, and where an index can be named in two ways a call for each."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('of-a-table', %(arn)s)",
        arn=f"{INDEX_ARN}-of-a-table",
    )
    db.rows(
        "with names as (insert into s3vl.index_registry (index_name, index_arn) values ('restricted', %(arn)s)"
        " returning index_arn),"
        " closed as (insert into s3vl.restricted_index (index_arn) select index_arn from names returning index_arn)"
        " insert into s3vl.index_restriction (index_arn, role_name) select index_arn, 'a_reader' from closed",
        arn=f"{INDEX_ARN}-restricted",
    )
    db.rows("create table public.a_table (id integer primary key, embedding real[], words tsvector)")
    db.rows(
        "select s3vl.bind_table('public.a_table', 'of-a-table', 'embedding', binding_name => 'docs',"
        " id_prefix => 'x/', content_columns => '{id}')"
    )
    found = db.rows(
        """
        select p.proname as function, p.pronargs - p.pronargdefaults as required,
            array(
                select json_build_array(p.proargnames[i], format_type(p.proargtypes[i - 1], null))
                from generate_series(1, p.pronargs) as i
                order by i
            ) as arguments
        from pg_proc as p
        inner join s3vl._access_levels() as a on a.function_name = p.proname
        where p.pronamespace = 's3vl'::regnamespace and p.prokind = 'f' and p.proname !~ '^_'
            -- Searches with pgvector, which not every server has.
            and p.proname <> 'query_tiered'
        order by p.oid
        """
    )
    calls: list[Call] = []
    for row in found:
        required = [name for name, _ in row["arguments"][: row["required"]]]
        assert set(required) <= set(VALUES), f"a value for {required} of {row['function']} is missing"
        arguments = [
            Argument(name, type_, OWN_VALUES.get((row["function"], name), VALUES[name]))
            for name, type_ in row["arguments"]
            if name in VALUES
        ]
        one_index = {"index_name", "index_arn"} <= {a.name for a in arguments} - set(required)
        calls += [
            Call(row["function"], tuple(a for a in arguments if a.name != left_out))
            for left_out in (("index_arn", "index_name") if one_index else ("",))
        ]
    assert len({call.function for call in calls}) >= 23
    return calls


def outcome(db: Database, stub: StubLambda, statement: str) -> tuple[Any, ...]:
    """Run a call, take back what it did in the database, and return its rows or its error, and its requests."""
    begun = len(db.notices)
    before = sum(notice.message == "aws_lambda.invoke" for notice in db.notices)
    with db.connection.transaction(force_rollback=True):
        db.rows(
            "insert into aws_lambda.played (call, payload, seconds)"
            " select n, %(answer)s, 0 from generate_series(%(before)s + 1, %(before)s + 3) as n",
            answer=json.dumps({"success": True, "result": ANSWER}),
            before=before,
        )
        rows = db.rows(cast("LiteralString", statement))
    return rows, [call["payload"] | {"budget_ms": 0} for call in stub.calls_since(begun)]
