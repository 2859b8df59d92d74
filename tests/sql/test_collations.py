"""Whatever collation the text of a caller has, every public function does what it does without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, cast

import psycopg
import pytest

from fixtures_calls import Argument, Call, outcome, public_calls

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

COLLATABLE = {"text", "text[]", "name"}
# Taken in turn by the arguments of a call: two of them contradict each other.
COLLATIONS = [
    ['"C"'],
    ['"POSIX"'],
    ['"C.utf8"'],
    ['"en_US"'],
    ['"POSIX"', '"C.utf8"'],
    ["pg_temp.caseless"],
    ["pg_temp.caseless", '"POSIX"'],
]


@pytest.fixture
def collations(db: Database) -> set[str]:
    """Give the collations that the server has; those of ICU are not in every build."""
    try:
        with db.connection.transaction():
            db.rows(
                "create collation pg_temp.caseless"
                " (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            )
    except psycopg.errors.FeatureNotSupported:
        pass
    found = db.rows(
        "select case collnamespace when pg_my_temp_schema() then 'pg_temp.' || collname"
        " else quote_ident(collname) end as name from pg_collation where collname <> 'default'"
    )
    return {
        row["name"] if row["name"].startswith("pg_temp.") else f'"{row["name"].strip(chr(34))}"'
        for row in found
    }


def through_columns(call: Call, collations: list[str]) -> str:
    """Return a call whose arguments are columns with these collations; records have ids from such a column."""

    def column(argument: Argument, number: int) -> str:
        collation = collations[number % len(collations)]
        if argument.type in COLLATABLE:
            return f"({argument.value}::{argument.type} collate {collation}) as {argument.name}"
        if argument.type.endswith("vector_record[]"):
            return (
                f"(select array_agg((i.id, '{{1,2,3,4,5}}', null)::s3vl.vector_record)"
                f" from (values ('a' collate {collation})) as i (id)) as {argument.name}"
            )
        return f"{argument.value}::{argument.type} as {argument.name}"

    columns = ", ".join(column(argument, number) for number, argument in enumerate(call.arguments))
    values = {argument.name: f"c.{argument.name}" for argument in call.arguments}
    # Not to be looked through by the planner, which would see literals.
    return call.statement(**values).replace("from ", f"from (select {columns} offset 0) as c, lateral ", 1)


@pytest.mark.parametrize("wanted", COLLATIONS, ids=" and ".join)
def test_every_function_takes_text_of_every_collation(
    db: Database, registered: StubLambda, collations: set[str], wanted: list[str]
) -> None:
    """Texts, arrays and records whose text has a collation, or two that contradict, are as good as literals."""
    if not set(wanted) <= collations:
        # Where the server has neither libc's locales nor ICU, the other collations still say what is right.
        wanted = [collation for collation in wanted if collation in collations] or ['"C"', '"POSIX"']
    db.rows("create role a_reader")
    differing: dict[str, object] = {}
    calls = [
        call
        for call in public_calls(db)
        if any(a.type in COLLATABLE or "record" in a.type for a in call.arguments)
    ]
    for call in calls:
        # Numbers of jobs go on, whatever is taken back.
        if call.function in {"start_backfill", "start_verify"}:
            continue
        statement = through_columns(call, wanted)
        expected, expected_requests = outcome(db, registered, call.statement())
        try:
            rows, requests = outcome(db, registered, statement)
        except psycopg.Error as error:
            differing[statement] = f"{error.sqlstate} {error}"
            continue
        shown = [{name: row[name] for name in expected[0]} for row in rows] if expected else rows
        if (shown, requests) != (expected, expected_requests):
            differing[statement] = (shown, requests, expected, expected_requests)

    assert len(calls) >= 20
    assert differing == {}


def test_names_are_compared_byte_by_byte(db: Database, registered: StubLambda, collations: set[str]) -> None:
    """A name that a collation without case calls the same is another name; a mode is written as it is."""
    collation = cast("LiteralString", "pg_temp.caseless" if "pg_temp.caseless" in collations else '"POSIX"')

    unknown = db.error(f"select s3vl.resolve_index_arn('DOCS' collate {collation})")
    mode = db.error(
        f"select * from s3vl.query_vectors('{{1}}', 'docs', query_mode => 'enhanced' collate {collation})"
    )

    assert (unknown.sqlstate, mode.sqlstate) == ("42704", "22023")
    assert registered.calls == []
