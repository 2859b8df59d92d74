"""Arguments of any size: refused or sent in bounded time and memory, and never told back at length."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString, cast

import psycopg
import pytest

from fixtures_calls import outcome, public_calls
from fixtures_sql import LAMBDA_ARN

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database, StubLambda

# A megabyte each: what is not linear takes minutes, and what is told back fills a log.
TEXTS = [
    "repeat('n', 1000000)",
    "repeat(U&'\\+01F600', 250000)",
    "'arn:' || repeat('n', 1000000)",
    "'arn:aws:lambda:us' || repeat('-a', 500000) || '-1:123456789012:function:x'",
    "'arn:aws:lambda:us-west-2:123456789012:function:' || repeat('x', 1000000)",
    "'arn:aws:s3vectors:us-west-2:123456789012:bucket/' || repeat('b', 1000000) || '/index/i-1'",
    "'arn:aws:s3vectors:us' || repeat('-a', 500000) || '-1:123456789012:bucket/b-1/index/i-1'",
    "repeat(':', 1000000)",
    "repeat(' ', 1000000)",
]
DOCUMENTS = [
    "(select jsonb_object_agg(n::text, n) from generate_series(1, 100000) as n)",
    "(select jsonb_object_agg(n::text, '{}'::jsonb) from generate_series(1, 20000) as n)",
    "jsonb_build_object('n', (select jsonb_agg(n) from generate_series(1, 200000) as n))",
    "jsonb_build_object('n', jsonb_build_object('$in', (select jsonb_agg(n) from generate_series(1, 50000) as n)))",
    "jsonb_build_object('$or', (select jsonb_agg(jsonb_build_object('n', n)) from generate_series(1, 20000) as n))",
    "jsonb_build_object('n', (select jsonb_agg('x'::text) from generate_series(1, 100000)))",
    "jsonb_build_object(repeat('k', 1000000), 1)",
    "jsonb_build_object('k', repeat('v', 1000000))",
    "jsonb_build_object(repeat('k', 5000), jsonb_build_object(repeat('k', 5000), null))",
    "to_jsonb(repeat('v', 1000000))",
    "(select jsonb_agg(n) from generate_series(1, 100000) as n)",
    "(repeat('[', 5000) || repeat(']', 5000))::jsonb",
    "(repeat('{\"n\":', 5000) || '1' || repeat('}', 5000))::jsonb",
]
BY_TYPE: dict[str, list[str]] = {
    "text": TEXTS,
    "name": TEXTS[:1],
    "text[]": [*(f"array[{text}]" for text in TEXTS[:2]), "array_fill('x'::text, array[100000])"],
    "jsonb": DOCUMENTS,
    "s3vl.vector_record[]": [
        *(f"array[({text}, '{{1,2,3,4,5}}', null)::s3vl.vector_record]" for text in TEXTS[:2]),
        *(f"array[('a', '{{1,2,3,4,5}}', {document})::s3vl.vector_record]" for document in DOCUMENTS),
        "array[('a', array_fill(1, array[100000])::real[], null)::s3vl.vector_record]",
    ],
    "double precision[]": [
        "array_fill(1, array[100000])::float8[]",
        "array_fill(1, array[100000, 5])::float8[]",
    ],
    "integer": ["2147483647"],
    "bigint": ["9223372036854775807"],
    # No column has this type.
    "record": [],
    "tsquery": ["(select string_agg('x' || n, ' & ') from generate_series(1, 200) as n)::tsquery"],
    "boolean": ["null"],
    "regclass": ["'0'"],
}


@pytest.mark.one_server
def test_no_argument_is_told_back_at_length(db: Database, registered: StubLambda) -> None:
    """Whatever is too large for an argument, an error is some lines, and does not take minutes."""
    db.rows("create role a_reader")
    db.rows(
        "update s3vl.index_registry"
        " set index_mode = 'ENHANCED', text_keys = '[]', non_filterable_keys = '{n}'"
    )
    # Each value is made once.
    columns = {
        (type_, n): f"v{t}_{n}"
        for t, (type_, values) in enumerate(BY_TYPE.items())
        for n in range(len(values))
    }
    made = ", ".join(f"{BY_TYPE[type_][n]}::{type_} as {name}" for (type_, n), name in columns.items())
    db.rows(cast("LiteralString", f"create temporary table large as select {made}"))
    # Much more than all of them take.
    db.rows("set local statement_timeout = '20s'")
    refused = 0
    long: dict[str, str] = {}
    tried: set[tuple[str, str]] = set()
    for call in public_calls(db):
        for argument in call.arguments:
            if (call.function, argument.name) in tried:
                continue
            tried.add((call.function, argument.name))
            for n, value in enumerate(BY_TYPE[argument.type]):
                statement = call.statement(
                    **{argument.name: f"(select {columns[argument.type, n]} from large)"}
                )
                try:
                    outcome(db, registered, statement)
                except psycopg.Error as error:
                    refused += 1
                    said = error.diag
                    text = "\n".join(
                        part
                        for part in (
                            said.message_primary,
                            said.message_detail,
                            said.message_hint,
                            said.context,
                        )
                        if part
                    )
                    told_back = re.search(r"([nxbvk:])\1{200}|(-a){100}", text)
                    if len(text) > 2500 or told_back or error.sqlstate == "57014":
                        long[f"{call.function} {argument.name} {value}"] = (
                            f"{error.sqlstate} {len(text)} {text[:500]}"
                        )

    assert long == {}
    assert refused >= 150


@pytest.mark.one_server
@pytest.mark.parametrize("name", ["metadata_filter", "metadata", "text_keys"])
@pytest.mark.parametrize(
    "document",
    [
        "(select jsonb_object_agg(n::text, n) from generate_series(1, 1000000) as n)",
        "jsonb_build_object('n', (select jsonb_agg(n) from generate_series(1, 1000000) as n))",
    ],
)
def test_large_documents_are_refused_without_a_walk(
    committing: Callable[..., Database], name: str, document: LiteralString
) -> None:
    """A million keys or numbers cost no more memory than to read them, which is found in the process itself."""
    owner, caller = committing(), committing()
    owner.rows(
        "insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values (%(arn)s, 'x', 30)",
        arn=LAMBDA_ARN,
    )
    owner.rows("insert into s3vl.index_registry (index_name, index_arn) values ('docs', 'arn')")
    owner.rows("create table large as select " + document + " as document")
    call: LiteralString = {
        "metadata_filter": "query_vectors('{1}', 'docs', metadata_filter => document)",
        "metadata": "put_vectors(array[('a', '{1}', document)::s3vl.vector_record], 'docs')",
        "text_keys": "create_index('new', 5, text_keys => document)",
    }[name]
    status = Path(f"/proc/{caller.value('select pg_backend_pid()')}/status")
    caller.rows("select jsonb_typeof(document) from large")

    def peak() -> int:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) * 1024  # type: ignore[index]

    before = peak()
    error = caller.error("select l.* from large, lateral s3vl." + call + " as l")

    assert error.sqlstate == "22023"
    # Ten copies of the argument; a walk took two gigabytes.
    assert (
        peak() - before < 10 * caller.value("select pg_column_size(document || '{}') from large") + 10_000_000
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (101, "metadata_filter has 101 values; S3 Vectors allows at most 100 per query"),
        (20_000, "metadata_filter has 20000 values; S3 Vectors allows at most 100 per query"),
    ],
)
def test_filter_with_too_many_values_is_told_the_limit(
    db: Database, registered: StubLambda, values: int, said: str
) -> None:
    """The hint is about the limit and not about operators, and no call is paid for."""
    error = db.error(
        "select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs', metadata_filter => jsonb_build_object("
        "'n', jsonb_build_object('$in', (select jsonb_agg(n) from generate_series(1, %(values)s) as n))))",
        values=values,
    )

    assert (error.sqlstate, error.message_primary) == ("22023", said)
    assert (error.message_hint or "").startswith(
        "Search with fewer values at a time, or filter the rows in SQL"
    )
    assert registered.calls == []


@pytest.mark.parametrize(
    "condition",
    [
        """{"n": {"$in": %s}}""",
        """{"$or": [{"n": {"$in": %s}}]}""",
        """{"$and": [{"n": {"$nin": %s}}]}""",
    ],
)
def test_filter_with_a_hundred_values_is_sent(db: Database, registered: StubLambda, condition: str) -> None:
    """Each value counts once, at any depth, as in the Lambda function."""
    registered.answers({"distance_metric": "cosine", "vectors": []})

    db.rows(
        "select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs', metadata_filter => %(filter)s::jsonb)",
        filter=condition % list(range(100)),
    )

    assert len(registered.requests) == 1


@pytest.mark.parametrize("argument", ["lambda_arn", "index_arn"])
def test_long_arn_is_refused_by_its_length(db: Database, stub: StubLambda, argument: str) -> None:
    """No function and no index has an ARN of more than 256 characters, whatever its region looks like."""
    call = cast(
        "LiteralString",
        {
            "lambda_arn": "select s3vl.configure(%(arn)s)",
            "index_arn": "select s3vl.register_index('x', %(arn)s)",
        }[argument],
    )
    arn = LAMBDA_ARN.replace("us-west-2", "us" + "-a" * 100 + "-2")[:257].ljust(257, "x")

    error = db.error(call, arn=arn)

    assert error.message_primary == f'{argument} "{arn[:197]}..." is malformed: it has 257 bytes'
    assert stub.calls == []
