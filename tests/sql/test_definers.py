"""Whose code is running is decided by EXECUTE: others who run a reader's code lend it no right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import INDEX_ARN
from s3vl_local.postgres import MASTER_USER, SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_sql import Database
    from s3vl_local.postgres import PostgresServer

READER = "s3vl_reader"
ADMIN = "s3vl_admin"
SECRET_ARN = INDEX_ARN.replace("test-index-5d", "secret")

CLOSED_ARN = INDEX_ARN.replace("test-index-5d", "closed")
NOT_THE_READERS = f'role "{READER}" may not use index'

# What a reader may not, and the SQLSTATE that it gets; or who it is found to be where an index is restricted.
FORBIDDEN = {
    f"select s3vl.query_vectors('{{1,2,3,4,5}}', index_arn => '{SECRET_ARN}')": "42704",
    "select s3vl.put_vectors(array[('a', '{1,2,3,4,5}', null)::s3vl.vector_record], 'docs')": "42501",
    f"select s3vl.register_index('secret', '{SECRET_ARN}')": "42501",
    f"select s3vl.grant_access('{READER}', 'admin')": "42501",
    "select s3vl.configure('arn:aws:lambda:us-west-2:123456789012:function:evil')": "42501",
    "delete from s3vl.index_registry": "42501",
    "select s3vl.query_vectors('{1,2,3,4,5}', 'closed')": NOT_THE_READERS,
    "select s3vl.get_vectors('{a}', 'closed')": NOT_THE_READERS,
}

# Everything in here belongs to the reader: it tries what it may not, and notes what came of it.
EVIL: LiteralString = """
    create table evil.tries (statement text);
    create table evil.loot (session name, statement text, outcome text);
    create function evil.grab() returns integer language plpgsql as $$
    declare
        _statement text;
    begin
        for _statement in select t.statement from evil.tries as t loop
            begin
                execute _statement;
                insert into evil.loot values (session_user, _statement, 'allowed');
            exception
                when others then
                    insert into evil.loot values (
                        session_user, _statement,
                        coalesce(substring(sqlerrm from 'role ".*" may not use index'), sqlstate)
                    );
            end;
        end loop;
        return 1;
    end;
    $$;
    create function evil.definer() returns integer security definer language plpgsql as
        $$begin return evil.grab(); end$$;
    create function evil.indexed(i integer) returns integer immutable language plpgsql as
        $$begin perform evil.grab(); return i; end$$;
    create function evil.fires() returns trigger security definer language plpgsql as
        $$begin perform evil.grab(); return new; end$$;
    create table evil.analyzed (i integer);
    create index on evil.analyzed (evil.indexed(i));
    insert into evil.analyzed values (1);
    create table evil.counted (i integer);
    create statistics evil.counts on (evil.indexed(i)), (evil.indexed(i + 1)) from evil.counted;
    insert into evil.counted values (1);
    create materialized view evil.refreshed as select evil.grab() as i with no data;
    create table evil.triggered (i integer);
    create trigger fires before insert on evil.triggered for each row execute function evil.fires();
    grant insert on evil.triggered to public;
"""


@pytest.fixture
def roles(postgres: PostgresServer) -> Iterator[None]:
    """Make a reader and an admin who can log in, and drop them when their databases are gone."""
    for role in (READER, ADMIN):
        postgres.create_login(role)
    yield
    with postgres.connect(SUPERUSER) as connection:
        for role in (READER, ADMIN):
            connection.execute(f"drop role {role}")


@pytest.fixture
def reader(roles: None, committing: Callable[..., Database]) -> Database:  # noqa: ARG001
    """Open the session of a reader that has laid its traps, in a database with one registered index."""
    owner = committing()
    owner.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s), ('closed', %(closed)s)",
        arn=INDEX_ARN,
        closed=CLOSED_ARN,
    )
    # To everybody who is to run the reader's code.
    owner.rows(
        "select s3vl.restrict_index('closed', r) from unnest(%(roles)s::name[]) as r",
        roles=[SUPERUSER, MASTER_USER, ADMIN],
    )
    owner.rows("select s3vl.grant_access('s3vl_reader', 'reader'), s3vl.grant_access('s3vl_admin', 'admin')")
    owner.rows("create schema evil; grant all on schema evil to s3vl_reader")
    owner.rows("grant usage on schema evil to public")
    session = committing(READER)
    session.rows(EVIL)
    session.rows("delete from evil.loot")
    session.rows("insert into evil.tries select unnest(%(tries)s::text[])", tries=list(FORBIDDEN))
    return session


def outcomes(reader: Database, session: str) -> dict[str, str]:
    """Return what came of each try in the sessions of a user."""
    rows = reader.rows(
        "select distinct statement, outcome from evil.loot where session = %(session)s", session=session
    )
    return {row["statement"]: row["outcome"] for row in rows}


WAYS: dict[str, LiteralString] = {
    "a function": "select evil.definer()",
    "a trigger": "insert into evil.triggered values (1)",
}
MAINTENANCE: dict[str, LiteralString] = {
    "analyze": "analyze evil.analyzed",
    "statistics": "analyze evil.counted",
    "refresh": "refresh materialized view evil.refreshed",
}


@pytest.mark.parametrize("user", [SUPERUSER, MASTER_USER, ADMIN])
@pytest.mark.parametrize("way", WAYS)
def test_who_runs_a_readers_code_lends_it_nothing(
    reader: Database, committing: Callable[..., Database], way: str, user: str
) -> None:
    """A superuser, the owner and an admin get into a reader's SECURITY DEFINER code as the reader."""
    committing(user).rows(WAYS[way])

    assert outcomes(reader, user) == FORBIDDEN


@pytest.mark.parametrize("way", MAINTENANCE)
def test_maintenance_lends_nothing(reader: Database, committing: Callable[..., Database], way: str) -> None:
    """ANALYZE and REFRESH run a reader's code as the reader, in the session of a superuser."""
    committing(SUPERUSER).rows(MAINTENANCE[way])

    assert outcomes(reader, SUPERUSER) == FORBIDDEN


def test_a_role_that_is_set_lends_nothing(reader: Database, committing: Callable[..., Database]) -> None:
    """Nor does SET ROLE before the call."""
    session = committing(SUPERUSER)
    session.rows("set role s3vl_admin")
    session.rows(WAYS["a function"])

    assert outcomes(reader, SUPERUSER) == FORBIDDEN


@pytest.fixture
def eager_autovacuum(postgres: PostgresServer) -> Iterator[None]:
    """Let autovacuum look at each database every second."""
    with postgres.connect(SUPERUSER) as connection:
        connection.execute("alter system set autovacuum_naptime = '1s'")
        connection.execute("select pg_reload_conf()")
        yield
        connection.execute("alter system reset autovacuum_naptime")
        connection.execute("select pg_reload_conf()")


@pytest.mark.usefixtures("eager_autovacuum")
def test_autovacuum_lends_nothing(reader: Database) -> None:
    """Autovacuum runs index expressions as the owner of the table, in a session of the superuser."""
    reader.rows(
        "alter table evil.analyzed set (autovacuum_analyze_threshold = 1, autovacuum_analyze_scale_factor = 0)"
    )
    reader.rows("insert into evil.analyzed select generate_series(2, 9)")

    deadline = time.monotonic() + 120
    while not (seen := outcomes(reader, SUPERUSER)) and time.monotonic() < deadline:
        time.sleep(0.2)

    assert seen == FORBIDDEN
