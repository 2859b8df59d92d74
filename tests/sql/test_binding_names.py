"""A binding belongs to an index, and goes on whatever becomes of the names of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

NAMED = "select index_name from s3vl.list_bindings()"


@pytest.fixture
def bound(db: Database, registered: StubLambda) -> StubLambda:
    """Bind a table to the index "docs"; calls are answered."""
    db.rows("create table bound (id integer primary key, v real[])")
    db.rows("select s3vl.bind_table('bound', 'docs', 'v')")
    return registered


def test_the_last_name_of_a_bound_index_stays(db: Database, bound: StubLambda) -> None:
    """One of two may go, the binding is then listed by the other; the last one is not forgotten, nor moved away."""
    bound.answers({"index": {"dimension": 5}})
    db.rows("select s3vl.register_index('zz', %(arn)s)", arn=INDEX_ARN)

    db.rows("select s3vl.unregister_index('docs')")

    assert db.value(NAMED) == "zz"
    bound.answers({"index": {"dimension": 5}})
    for statement in (
        "select s3vl.unregister_index('zz')",
        f"select s3vl.register_index('zz', '{INDEX_ARN}-2')",
        "select s3vl.drop_index('zz')",
    ):
        error = db.error(statement)
        assert (error.sqlstate, error.message_primary) == ("55000", 'index "zz" is bound to a table')
        assert error.message_detail == 'Binding "bound" of table public.bound.'
        assert (error.message_hint or "").startswith(
            "End the binding first: select s3vl.unbind_table('bound')"
        )


def test_an_index_that_no_table_is_bound_to_is_forgotten(db: Database, bound: StubLambda) -> None:
    """When the binding has ended, so has its hold."""
    assert bound.requests == []
    db.rows("select s3vl.unbind_table('bound')")

    assert db.value("select s3vl.unregister_index('docs')") is True


def test_two_names_are_one_index_to_prefixes(db: Database, bound: StubLambda) -> None:
    """A second binding under another name of the same index may not write the same ids."""
    bound.answers({"index": {"dimension": 5}})
    db.rows("select s3vl.register_index('same', %(arn)s)", arn=INDEX_ARN)

    assert db.error("select s3vl.bind_table('bound', 'same', 'v', binding_name => 'b')").sqlstate == "23505"
