"""Who may do what: grants, unregistered indexes, and names planted by somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import INDEX_ARN, LAMBDA_ARN, StubLambda
from s3vl_local.postgres import SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_sql import Database
    from s3vl_local.postgres import PostgresServer

UNREGISTERED_ARN = INDEX_ARN.replace("test-index-5d", "secret")
HITS = {"distance_metric": "cosine", "vectors": [{"vector_id": "a", "distance": 0}]}
BY_NAME: LiteralString = "select vector_id from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'docs')"
BY_ARN: LiteralString = "select vector_id from s3vl.query_vectors(array[1, 2, 3, 4, 5], index_arn => %(arn)s)"
GRANTS: LiteralString = (
    "grant usage on schema s3vl to {role};"
    " grant execute on function s3vl.query_vectors(float8[], text, text, integer, boolean, jsonb, text)"
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


def test_unregistered_arn_is_refused_to_a_granted_role(db: Database, app: StubLambda) -> None:
    """The registry is the list of what a role without the owner's rights may reach."""
    db.rows("set local role app")

    error = db.error(BY_ARN, arn=UNREGISTERED_ARN)

    assert error.sqlstate == "42501"
    assert error.message_primary == f'index "{UNREGISTERED_ARN}" is not registered'
    assert error.message_detail == 'Role "app" may use registered indexes only.'
    assert error.message_hint == (
        f"Ask an administrator for: select s3vl.register_index('<name>', '{UNREGISTERED_ARN}');"
    )
    assert app.calls == []


@pytest.mark.usefixtures("app")
def test_unknown_name_is_an_administrators_to_register(db: Database) -> None:
    """Who may not register an index is not told to, and still sees the names that there are."""
    db.rows("set local role app")

    error = db.error("select * from s3vl.query_vectors(array[1, 2, 3, 4, 5], 'doc')")

    assert error.sqlstate == "42704"
    assert error.message_hint == 'Registered: "docs". Ask an administrator to register it.'


def test_unregistered_arn_is_open_to_the_owner(db: Database, app: StubLambda) -> None:
    """The owner may search any index, also after having been somebody else."""
    app.answers(HITS)
    db.rows("set local role app")
    db.rows("reset role")

    assert db.value(BY_ARN, arn=UNREGISTERED_ARN) == "a"
    assert app.requests[0]["index_arn"] == UNREGISTERED_ARN


@pytest.mark.parametrize(("inherit", "allowed"), [("inherit", True), ("noinherit", False)])
def test_unregistered_arn_is_open_to_members_of_an_admin(
    db: Database, app: StubLambda, inherit: LiteralString, allowed: bool
) -> None:
    """A member of a group with admin access counts as one, where the membership gives its rights."""
    app.answers(HITS)
    db.rows("create role admins")
    db.rows("select s3vl.grant_access('admins', 'admin')")
    db.rows("grant admins to current_user")
    db.rows("alter role app " + inherit)
    db.rows("grant admins to app")
    db.rows("set local role app")

    if allowed:
        assert db.value(BY_ARN, arn=UNREGISTERED_ARN) == "a"
    else:
        assert db.error(BY_ARN, arn=UNREGISTERED_ARN).sqlstate == "42501"


@pytest.fixture
def reader(postgres: PostgresServer) -> Iterator[str]:
    """Make a role that can log in, and drop it when its databases are gone."""
    postgres.create_login("s3vl_reader")
    yield "s3vl_reader"
    with postgres.connect(SUPERUSER) as connection:
        connection.execute("drop role s3vl_reader")


def test_session_of_another_user_is_its_own_caller(reader: str, committing: Callable[..., Database]) -> None:
    """Without SET ROLE the session's user counts, not the owner that the function runs as."""
    owner = committing()
    owner.rows(GRANTS.format(role="s3vl_reader"))
    owner.rows(
        "insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values (%(arn)s, 'us-west-2', 30)",
        arn=LAMBDA_ARN,
    )
    owner.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s)", arn=INDEX_ARN
    )
    StubLambda(owner).answers(HITS)
    session = committing(reader)
    session.rows("grant usage on sequence aws_lambda_calls to public")

    assert session.value(BY_NAME) == "a"
    assert session.error(BY_ARN, arn=UNREGISTERED_ARN).message_detail == (
        'Role "s3vl_reader" may use registered indexes only.'
    )


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
