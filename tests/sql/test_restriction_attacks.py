"""Ways around a restriction that need several sessions: code of others, old snapshots, seals that were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

import psycopg
import pytest

from fixtures_sql import INDEX_ARN, Database, StubLambda, configure
from s3vl_local.postgres import SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.postgres import PostgresServer

A = "s3vl_tenant_a"
B = "s3vl_tenant_b"
PART = {"tenant": {"$eq": "a"}}
SEARCH: LiteralString = "select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs')"
SEAL: LiteralString = "select role_oid, seal from s3vl.caller"
BEHIND: LiteralString = (
    "select * from s3vl._query_vectors(row(%(role_oid)s, %(seal)s)::s3vl.caller,"
    " '{1,2,3,4,5}', 'docs', null, 10, true, null, null, null)"
)


class Sessions(NamedTuple):
    """The owner of s3vl, who may use all of "docs"; a, who may use its part; and b, who may use nothing."""

    owner: Database
    a: Database
    b: Database


@pytest.fixture
def logins(postgres: PostgresServer) -> Iterator[None]:
    """Make the two tenants, and drop them when their databases are gone."""
    for role in (A, B):
        postgres.create_login(role)
    yield
    with postgres.connect(SUPERUSER) as connection:
        for role in (A, B):
            connection.execute(f"drop role {role}")


@pytest.fixture
def sessions(logins: None, committing: Callable[..., Database]) -> Sessions:  # noqa: ARG001
    """Open a session of each in a database where every call is answered."""
    owner = committing()
    configure(owner)
    owner.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('docs', %(arn)s)", arn=INDEX_ARN
    )
    owner.rows(
        "select s3vl.grant_access('s3vl_tenant_a', 'reader'), s3vl.grant_access('s3vl_tenant_b', 'reader')"
    )
    owner.rows("""
        select s3vl.restrict_index('docs', 's3vl_tenant_a', '{"tenant": "a"}'),
            s3vl.restrict_index('docs', 'postgres')
    """)
    owner.rows("grant create on schema public to s3vl_tenant_a")
    stub = StubLambda(owner)
    for _ in range(5):
        stub.answers({"distance_metric": "cosine", "vectors": []})
    opened = Sessions(owner, committing(A), committing(B))
    for session in opened:
        session.rows("grant usage on sequence aws_lambda_calls to public")
    return opened


def sent(session: Database, statement: LiteralString, **parameters: Any) -> Any:
    """Run a statement that searches once, and return the filter that it sent."""
    session.rows(statement, **parameters)
    request: dict[str, Any] = StubLambda(session).requests[-1]
    return request.get("metadata_filter")


def refused(session: Database, statement: LiteralString, **parameters: Any) -> str | None:
    """Run a statement that must send nothing, and return its SQLSTATE."""
    before = len(StubLambda(session).calls)
    sqlstate = session.error(statement, **parameters).sqlstate
    assert len(StubLambda(session).calls) == before
    return sqlstate


def test_a_view_is_used_as_whoever_reads_it(sessions: Sessions) -> None:
    """The owner's view lends its readers nothing of the index."""
    sessions.owner.rows("create view nearest as " + SEARCH)
    sessions.owner.rows("grant select on nearest to public")
    read: LiteralString = "select * from public.nearest"

    assert sent(sessions.owner, read) is None
    assert sent(sessions.a, read) == PART
    assert refused(sessions.b, read) == "42501"


def test_a_definer_function_uses_the_part_of_its_owner(sessions: Sessions) -> None:
    """It lends that to whoever may call it, and gets nothing from them, though they may use the whole index."""
    body: LiteralString = " returns bigint language sql security definer as $$select count(*) from (" + (
        SEARCH + ") as v$$"
    )
    sessions.a.rows("create function public.of_a()" + body)
    sessions.owner.rows("create function public.of_owner()" + body)

    assert sent(sessions.owner, "select public.of_a()") == PART
    assert sent(sessions.b, "select public.of_owner()") is None


@pytest.mark.usefixtures("sessions")
def test_a_plan_that_is_kept_serves_each_role_as_itself(committing: Callable[..., Database]) -> None:
    """SET ROLE before a prepared statement, or a cursor, is executed again changes who searches."""
    session = committing(SUPERUSER)
    session.rows("grant usage on sequence aws_lambda_calls to public")
    session.rows("set plan_cache_mode = force_generic_plan; prepare search as " + SEARCH)

    assert refused(session, "execute search") == "42501"
    session.rows("set role s3vl_tenant_a")
    assert sent(session, "execute search") == PART
    session.rows("set role s3vl_tenant_b")
    assert refused(session, "execute search") == "42501"
    session.rows("set role s3vl_tenant_a; begin; declare searching cursor for " + SEARCH)
    session.rows("set role s3vl_tenant_b")
    assert refused(session, "fetch searching") == "42501"


@pytest.mark.parametrize(
    "began",
    [
        "begin isolation level repeatable read; select s3vl.version()",
        "begin isolation level serializable; select s3vl.version()",
        "begin; declare searching cursor for " + SEARCH,
    ],
)
def test_an_old_snapshot_is_refused(sessions: Sessions, began: LiteralString) -> None:
    """Whoever looked before a part was taken cannot go on with it, and is told so: 40001, and then 42501."""
    search: LiteralString = "fetch searching" if "cursor" in began else SEARCH
    sessions.a.rows(began)
    sessions.owner.rows("select s3vl.unrestrict_index('docs', 's3vl_tenant_a')")
    # A change that fails after it hides nothing.
    with pytest.raises(psycopg.Error), sessions.owner.connection.transaction():
        sessions.owner.rows("select s3vl.restrict_index('docs', 's3vl_tenant_b'); select 1 / 0")

    assert refused(sessions.a, search) == "40001"
    sessions.a.rows("rollback")
    assert refused(sessions.a, SEARCH) == "42501"


def test_a_change_that_is_not_committed_is_none(sessions: Sessions) -> None:
    """It holds nobody up, and neither gives nor takes, also when it fails."""
    sessions.a.rows("begin isolation level repeatable read; select s3vl.version()")
    sessions.a.rows("set lock_timeout = '1s'; set statement_timeout = '10s'")
    sessions.owner.rows("begin; select s3vl.restrict_index('docs', 's3vl_tenant_b')")
    sessions.owner.rows("select s3vl.unrestrict_index('docs', 's3vl_tenant_a')")

    assert sent(sessions.a, SEARCH) == PART
    assert refused(sessions.b, SEARCH) == "42501"
    sessions.owner.rows("rollback")
    assert sent(sessions.a, SEARCH) == PART
    assert refused(sessions.b, SEARCH) == "42501"


def test_a_seal_is_of_one_transaction_of_one_session(
    sessions: Sessions, committing: Callable[..., Database]
) -> None:
    """Kept until the next transaction, or taken to another session of the same role, it proves nothing."""
    other = committing(A)
    sessions.a.rows("begin")
    [seal] = sessions.a.rows(SEAL)

    assert sent(sessions.a, BEHIND, **seal) == PART
    assert refused(other, BEHIND, **seal) == "42501"
    sessions.a.rows("commit")
    assert refused(sessions.a, BEHIND, **seal) == "42501"


def test_a_seal_is_of_who_reads_it(sessions: Sessions) -> None:
    """Through a view of a, b sees its own; and what a materialized view keeps of a is worth nothing."""
    sessions.a.rows("create view public.shown as " + SEAL)
    sessions.a.rows("create materialized view public.kept as " + SEAL)
    sessions.a.rows("grant select on public.shown, public.kept to public")
    own = sessions.b.value("select 's3vl_tenant_b'::regrole::oid")
    [kept] = sessions.b.rows("select * from public.kept")

    assert sessions.b.value("select role_oid from public.shown") == own
    assert kept["role_oid"] != own
    assert refused(sessions.b, BEHIND, **kept) == "42501"


def test_a_domain_would_be_no_seal(sessions: Sessions) -> None:
    """As docs/security.md says: values in memory get into a type whose CHECK they fail, when a type is altered."""
    sessions.owner.rows("create domain public.own_name as name check (value = current_user)")
    sessions.owner.rows(
        "create function public.behind(caller public.own_name) returns text security definer"
        " language sql as 'select caller::text'"
    )

    assert sessions.a.error("select public.behind('postgres'::name)").sqlstate == "23514"
    sessions.a.rows("""
        create type public.pair as (number integer, name name);
        create function public.forge() returns text language plpgsql as $$
        declare
            _pair public.pair := row(1, 'postgres');
            _name text;
        begin
            alter type public.pair alter attribute name type public.own_name;
            execute 'select public.behind(($1).name)' into _name using _pair;
            return _name;
        end;
        $$;
    """)
    assert sessions.a.value("select public.forge()") == "postgres"
