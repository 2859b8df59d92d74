"""Who may do what: grants, unregistered indexes, and names planted by somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

UNREGISTERED_ARN = INDEX_ARN.replace("test-index-5d", "secret")
HITS = {"distance_metric": "cosine", "vectors": [{"vector_id": "a", "distance": 0}]}
BY_NAME: LiteralString = "select vector_id from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'docs')"
BY_ARN: LiteralString = "select vector_id from s3vl.query_vectors(array[1, 2, 3, 4, 5], index_arn => %(arn)s)"
GRANTS: LiteralString = (
    "grant usage on schema s3vl to {role};"
    " grant execute on function s3vl.query_vectors(float8[], text, text, integer, boolean, jsonb, text, text)"
    " to {role}"
)


@pytest.fixture
def app(db: Database, registered: StubLambda) -> StubLambda:
    """Make a role `app` that may search and nothing else; `set role app` becomes it."""
    db.rows("create role app")
    db.rows("grant app to current_user")
    db.rows(GRANTS.format(role="app"))
    return registered


def test_nobody_but_the_owner_may_use_s3vl(db: Database, registered: StubLambda) -> None:
    """Without a grant a role gets nowhere."""
    db.rows("create role app")
    db.rows("grant app to current_user")
    db.rows("set local role app")

    error = db.error(BY_NAME)

    assert (error.sqlstate, error.message_primary) == ("42501", "permission denied for schema s3vl")
    assert registered.calls == []


def test_granted_role_needs_no_right_but_execute(db: Database, app: StubLambda) -> None:
    """A role that may execute query_vectors searches, with no right on tables or on aws_lambda."""
    app.answers(HITS)
    db.rows("set local role app")

    assert db.value(BY_NAME) == "a"
    for forbidden in ("select * from s3vl.config", "select * from s3vl._ask('x', '{}')"):
        assert db.error(forbidden).sqlstate == "42501"
    assert db.error("select s3vl.unregister_index('docs')").sqlstate == "42501"
    assert db.error("select 1 from aws_lambda.invoke('f', '{}'::json)").sqlstate == "42501"


def test_registered_arn_is_open_to_a_granted_role(db: Database, app: StubLambda) -> None:
    """What is registered may be named either way."""
    app.answers(HITS)
    db.rows("set local role app")

    assert db.value(BY_ARN, arn=INDEX_ARN) == "a"


@pytest.mark.parametrize("role", ["app", "admin", "none"])
def test_unregistered_arn_is_refused_to_everybody(db: Database, app: StubLambda, role: LiteralString) -> None:
    """The registry is the list of what may be reached, for admins and the owner too, who may extend it."""
    db.rows("create role admin; grant admin to current_user; select s3vl.grant_access('admin', 'admin')")
    db.rows("set local role " + role)

    error = db.error(BY_ARN, arn=UNREGISTERED_ARN)

    assert error.sqlstate == "42704"
    assert error.message_primary == f'index "{UNREGISTERED_ARN}" is not registered'
    assert error.message_hint == (
        f"Register it, with admin access: select s3vl.register_index('<name>', '{UNREGISTERED_ARN}');"
    )
    assert app.calls == []


def test_no_function_asks_who_the_caller_is(db: Database) -> None:
    """In a SECURITY DEFINER function neither the session's user nor its role says whose code is running."""
    asking = db.rows(
        """
        select proname from pg_proc
        where pronamespace = 's3vl'::regnamespace
            and prosrc ~* 'session_user|system_user|current_setting\\(.role|usesysid'
            -- Runs as its caller, and decides what is told, not what may be done.
            and proname <> '_runs_for_others'
        """
    )

    assert asking == []


def test_names_planted_in_the_search_path_do_nothing(db: Database, registered: StubLambda) -> None:
    """Functions, operators and tables that a caller puts before PostgreSQL's own are never used."""
    registered.answers(HITS)
    db.rows(
        """
        create schema planted;
        create function planted.trap() returns boolean language plpgsql as
            $$begin raise exception 'trapped as %', current_user; end$$;
        create function planted.same(text, text) returns boolean language sql as 'select planted.trap()';
        create operator planted.= (leftarg = text, rightarg = text, function = planted.same);
        create function planted.larger(integer, integer) returns boolean language sql as 'select planted.trap()';
        create operator planted.> (leftarg = integer, rightarg = integer, function = planted.larger);
        create function planted.cardinality(anyarray) returns integer language sql as
            'select planted.trap()::integer';
        create temporary table config (lambda_arn text);
        create temporary table index_registry (index_name text);
        create temporary table pg_namespace (nspname name, nspowner oid);
        """
    )
    db.rows("set local search_path = planted, pg_temp, pg_catalog")
    assert (db.error("select 'a'::text = 'b'::text").message_primary or "").startswith("trapped as")
    assert (db.error("select cardinality(array[1])").message_primary or "").startswith("trapped as")

    assert db.value(BY_NAME) == "a"


def test_writes_are_refused_in_a_read_only_transaction(db: Database, registered: StubLambda) -> None:
    """The registry is not changed where nothing may be, and nothing is called before that is known."""
    db.rows("set transaction read only")
    writes: list[LiteralString] = [
        "select s3vl.register_index('x', %(arn)s)",
        "select s3vl.activate_index('docs')",
        "select s3vl.deactivate_index('docs')",
        "select s3vl.unregister_index('docs')",
    ]

    for write in writes:
        assert db.error(write, arn=INDEX_ARN).sqlstate == "25006"
    assert registered.calls == []
