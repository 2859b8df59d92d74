"""grant_access and revoke_access: which role may call which function."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest

from fixtures_sql import INDEX_ARN, LAMBDA_ARN, StubLambda, configure
from s3vl_local.postgres import SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures_sql import Database
    from s3vl_local.postgres import PostgresServer

LEVELS = ["none", "reader", "writer", "admin"]
DELETE = "s3vl.delete_vectors(text[], text, text)"
V: LiteralString = "array[1, 2, 3, 4, 5]"

# Every public function: a call of it, and the lowest level that may make it.
CALLS: list[tuple[LiteralString, str]] = [
    ("s3vl.version()", "reader"),
    ("s3vl.help()", "reader"),
    ("s3vl.get_config()", "reader"),
    ("s3vl.validate_config()", "reader"),
    ("s3vl.diagnose()", "reader"),
    ("s3vl.last_call()", "reader"),
    ("s3vl.resolve_index_arn('docs')", "reader"),
    ("s3vl.list_indexes()", "reader"),
    ("s3vl.get_index_info('docs')", "reader"),
    ("s3vl.describe_index('docs')", "reader"),
    ("s3vl.index_model('docs')", "reader"),
    ("s3vl.query_filtered(array[1, 2, 3, 4, 5], 'select 1', 'docs')", "reader"),
    ("s3vl.last_search()", "reader"),
    ("s3vl.query_vectors(" + V + ", 'docs')", "reader"),
    ("s3vl.query_vectors_batch(array[" + V + "], 'docs')", "reader"),
    ("""s3vl.query_hybrid('{"title": "x"}', index_name => 'docs')""", "reader"),
    ("s3vl.rank_vectors(" + V + ", array['a'], 'docs')", "reader"),
    ("s3vl.rrf_score(1)", "reader"),
    ("s3vl.get_vectors(array['a'], 'docs')", "reader"),
    ("s3vl.list_vectors(index_name => 'docs')", "reader"),
    ("s3vl.list_bindings()", "reader"),
    ("s3vl.sync_status()", "reader"),
    ("s3vl.sync_backlog('bound')", "reader"),
    ("s3vl.dead_letters()", "reader"),
    ("s3vl.sync_cost()", "reader"),
    ("s3vl.content_hash(row(1, 'a'))", "reader"),
    ("s3vl.rows_to_embed('bound')", "reader"),
    ("s3vl.sync_jobs()", "reader"),
    ("s3vl.verify_differences(1)", "reader"),
    ("s3vl.put_vectors(array[('a', '{1,2,3,4,5}', null)]::s3vl.vector_record[], 'docs')", "writer"),
    ("s3vl.delete_vectors(array['a'], 'docs')", "writer"),
    ("s3vl.retry_dead_letters('bound')", "writer"),
    (
        "s3vl.bind_table('public.bound', 'docs', 'v', id_prefix => 'second/', binding_name => 'second')",
        "admin",
    ),
    ("s3vl.alter_binding('bound', hash_key => 'h')", "admin"),
    ("s3vl.unbind_table('bound')", "admin"),
    ("s3vl.pause_binding('bound')", "admin"),
    ("s3vl.resume_binding('bound')", "admin"),
    ("s3vl.discard_dead_letters('bound')", "admin"),
    ("s3vl.start_backfill('bound')", "admin"),
    ("s3vl.start_verify('bound')", "admin"),
    ("s3vl.cancel_job(1)", "admin"),
    # There and back, since what follows needs both as they were.
    (
        "s3vl.switch_index('docs', 'other', true) cross join s3vl.switch_index('docs', 'other', true) as b",
        "admin",
    ),
    ("s3vl.restrict_index('other', 'postgres')", "admin"),
    ("s3vl.unrestrict_index('restricted')", "admin"),
    ("s3vl.list_restrictions()", "admin"),
    ("s3vl.configure('" + LAMBDA_ARN + "')", "admin"),
    ("s3vl.use_pgvector(drop => true)", "admin"),
    ("s3vl.create_index('new', 5)", "admin"),
    ("s3vl.drop_index('other')", "admin"),
    ("s3vl.register_index('docs', '" + INDEX_ARN + "')", "admin"),
    ("s3vl.activate_index('docs')", "admin"),
    ("s3vl.deactivate_index('docs')", "admin"),
    ("s3vl.unregister_index('other')", "admin"),
    ("s3vl.grant_access('other', 'admin')", "admin"),
    ("s3vl.revoke_access('other')", "admin"),
]

# What runs as the caller of sync(), of those that bind, or of a trigger: each refuses what it was not made for.
STEPS = {
    **dict.fromkeys(
        [
            "_candidate_keys", "_candidate_type", "_end_search", "_estimated_candidates", "_hits",
            "_key_array", "_keys_of_type", "_next_move", "_passing",
            "_runs_for_others", "_with_estimate", "_with_candidates", "_with_page", "_with_ranks",
        ],
        "reader",
    ),
    **dict.fromkeys(["query_hybrid_local", "query_tiered", "_tier_queries", "_hybrid_queries"], "reader"),
    **dict.fromkeys(["move_to_cold", "_cold_steps", "_hold_binding"], "writer"),
    **dict.fromkeys(["sync", "_commit_alone"], "writer"),
    "_to_embed_query": "reader",
    "_start_sync": "writer",
    "_take_lease": "writer",
    "_sync_step": "writer",
    "_tell_progress": "writer",
    "_tell_dead": "writer",
    "_prepare_binding": "admin",
    "_save_binding": "admin",
    "_prepare_unbinding": "admin",
    "_end_binding": "admin",
    "_note_changes": "admin",
} | {
    # What views and functions of 1.0.0 call.
    f"_{name}_1_0": "reader"
    for name in (
        "query_vectors", "query_vectors_batch", "query_hybrid",
    )
} | {"_register_index_1_0": "admin"}  # fmt: skip

FORBIDDEN: list[LiteralString] = [
    "select * from s3vl.config",
    "select * from s3vl.index_registry",
    "update s3vl.config set lambda_arn = 'x'",
    "insert into s3vl.index_registry (index_name, index_arn) values ('x', 'y')",
    "delete from s3vl.index_registry",
    "truncate s3vl.config",
    "select * from s3vl.outbox",
    "select * from s3vl.seal_key",
    "select * from s3vl.role_seal",
    "select * from s3vl.index_restriction",
    "select setval('s3vl.restriction_change', 1)",
    "delete from s3vl.outbox",
    "update s3vl.sync_state set leased_until = '-infinity'",
    "select s3vl._take_turn(null, null, now(), now())",
    "select * from s3vl._ask('x', '{}')",
    "select s3vl._revoke_rights('other'::regrole)",
    "lock table s3vl.config in access share mode",
    "lock table s3vl.index_registry in access exclusive mode",
    "select s3vl._write('x', 'x', 'x', 1, 1, 'x', now())",
    "select * from aws_lambda.invoke('f', '{}'::json)",
    "create function s3vl.mine() returns integer language sql as 'select 1'",
]

# Any answer that every operation can read.
ANSWER = {
    "distance_metric": "cosine",
    "vectors": [],
    "index": {"dimension": 5},
    "written": [[1, 1]],
    "deleted": [[1, 1]],
    "created": True,
    "index_arn": INDEX_ARN.replace("test-index-5d", "new"),
    "existed": True,
    "missing": 0,
}


@pytest.fixture
def roles(db: Database, registered: StubLambda) -> StubLambda:
    """Make the role `app`, which the session may become, and `other`; four calls are answered."""
    db.rows(
        "create role app; create role other; grant app to current_user; grant create on schema public to app"
    )
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('other', %(arn)s)",
        arn=f"{INDEX_ARN}-other",
    )
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('restricted', %(arn)s)",
        arn=f"{INDEX_ARN}-restricted",
    )
    db.rows("select s3vl.restrict_index('restricted', 'other')")
    db.rows("create table bound (id integer primary key, v real[], body text)")
    db.rows("alter table bound owner to app")
    # Its backfill is job 1.
    db.rows("alter table s3vl.sync_job alter job_id restart")
    db.rows("select s3vl.bind_table('bound', 'docs', 'v', content_columns => '{body}')")
    for _ in range(4):
        registered.answers(ANSWER)
    return registered


def become(db: Database, level: LiteralString) -> None:
    """Give `app` a level and become it with SET ROLE."""
    if level != "none":
        db.rows("select s3vl.grant_access('app', '" + level + "')")
    db.rows("set local role app")


@pytest.mark.parametrize("level", LEVELS)
def test_level_decides_who_may_call(db: Database, roles: StubLambda, level: LiteralString) -> None:
    """A role may call what its level has, and gets 42501 for the rest."""
    for _ in CALLS:
        roles.answers(ANSWER)
    become(db, level)
    denied = []

    for call, _ in CALLS:
        try:
            with db.connection.transaction(force_rollback=True):
                db.rows("select * from " + call)
        except psycopg.errors.InsufficientPrivilege:
            denied.append(call)

    assert denied == [call for call, lowest in CALLS if LEVELS.index(level) < LEVELS.index(lowest)]


def test_table_above_has_every_public_function(db: Database) -> None:
    """The list of the schema and the list of this test say the same of the same functions."""
    rows = db.rows("select function_name::text, access_level from s3vl._access_levels()")

    assert {row["function_name"]: row["access_level"] for row in rows} == {
        call.split("(")[0].removeprefix("s3vl."): lowest for call, lowest in CALLS
    } | STEPS


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.usefixtures("roles")
def test_a_writer_may_call_sync(db: Database, level: LiteralString) -> None:
    """With less than that it is denied; here, in a transaction, it says what is wrong."""
    become(db, level)

    assert db.error("call s3vl.sync()").sqlstate == ("25001" if level in {"writer", "admin"} else "42501")


@pytest.mark.usefixtures("roles")
def test_an_admin_cannot_bind_what_is_not_theirs(db: Database) -> None:
    """Triggers carry what the table's owner has asked for, so that the steps cannot be used around them."""
    db.rows("create table secret (id integer primary key, v real[], word text)")
    become(db, "admin")
    definition = (
        "jsonb_build_object('source', 'public.secret', 'index_name', 'docs', 'embedding_column', 'v',"
        " 'metadata_columns', array['word'], 'id_prefix', 's/', 'when_null', 'delete')"
    )
    assert db.error("select s3vl.bind_table('secret', 'docs', 'v', id_prefix => 's/')").sqlstate == "42501"
    error = db.error("select s3vl._save_binding(" + definition + ", true)")
    assert (error.sqlstate, error.message_primary) == (
        "42501",
        "table public.secret cannot be kept in step: its owner has not asked for that",
    )
    assert db.error("select s3vl._end_binding('bound', false)").sqlstate == "42501"


@pytest.mark.parametrize("level", ["reader", "writer", "admin"])
@pytest.mark.usefixtures("roles")
def test_no_level_has_more_than_functions(db: Database, level: LiteralString) -> None:
    """Tables, internal functions and aws_lambda stay closed, to admins too."""
    become(db, level)

    said = {forbidden: db.error(forbidden).sqlstate for forbidden in FORBIDDEN}

    assert said == dict.fromkeys(FORBIDDEN, "42501")


@pytest.mark.usefixtures("roles")
def test_a_level_that_would_let_in_to_everything_is_not_given(db: Database) -> None:
    """After a restore without privileges PUBLIC may execute all, and USAGE would make an admin of any reader."""
    db.rows("grant execute on all functions in schema s3vl to public")

    error = db.error("select s3vl.grant_access('app', 'reader')")
    db.rows((error.message_hint or "").removeprefix("Type: "))
    become(db, "reader")

    assert (error.sqlstate, error.message_primary) == ("55000", "PUBLIC may execute s3vl.configure()")
    assert db.error("select s3vl.configure('" + LAMBDA_ARN + "')").sqlstate == "42501"


@pytest.mark.parametrize("before", ["reader", "writer", "admin"])
@pytest.mark.parametrize("after", ["reader", "writer", "admin"])
@pytest.mark.usefixtures("roles")
def test_new_level_replaces_the_old_one(db: Database, before: LiteralString, after: LiteralString) -> None:
    """A role has the rights of the level given last, whether more or fewer."""
    db.rows("select s3vl.grant_access('other', '" + after + "')")
    for level in (before, after, after):
        db.rows("select s3vl.grant_access('app', '" + level + "')")

    assert granted(db, "app") == granted(db, "other")


def granted(db: Database, role: str) -> list[str]:
    """Return every privilege that a role has on something of s3vl."""
    rows = db.rows(
        """
        select format('%%s %%s', g.object, a.privilege_type) as privilege
        from (
            select 'schema' as object, nspacl as acl from pg_namespace where nspname = 's3vl'
            union all
            select relname, relacl from pg_class where relnamespace = 's3vl'::regnamespace
            union all
            select proname, proacl from pg_proc where pronamespace = 's3vl'::regnamespace
        ) as g
        cross join lateral aclexplode(g.acl) as a
        where a.grantee = %(role)s::regrole
        order by 1
        """,
        role=role,
    )
    return [row["privilege"] for row in rows]


@pytest.mark.usefixtures("roles")
def test_revoke_access_takes_everything(db: Database) -> None:
    """Also what was granted by hand is gone, and a second time does no harm."""
    db.rows("select s3vl.grant_access('app', 'admin')")
    db.rows("grant select on s3vl.config to app")
    assert len(granted(db, "app")) == len(CALLS) + len(STEPS) + 2

    for _ in range(2):
        db.rows("select s3vl.revoke_access('app')")
        assert granted(db, "app") == []


@pytest.mark.parametrize("way", ["select s3vl.revoke_access('app')", "drop owned by app"])
@pytest.mark.usefixtures("roles")
def test_role_can_be_dropped_afterwards(db: Database, way: LiteralString) -> None:
    """No grant is left that holds the role back."""
    db.rows("drop table bound; revoke create on schema public from app")
    db.rows("select s3vl.grant_access('app', 'writer')")

    db.rows(way)
    db.rows("drop role app")

    assert db.value("select to_regrole('app')") is None


@pytest.mark.parametrize("function", ["grant_access({}, 'reader')", "revoke_access({})"])
@pytest.mark.parametrize(
    ("role", "sqlstate", "message"),
    [
        ("'nobody'", "42704", 'role "nobody" does not exist'),
        ("null", "42704", "role null does not exist"),
        ("''", "42704", 'role "" does not exist'),
        ("'public'", "22023", "role_name must not be public"),
        ("'postgres'", "22023", 'role "postgres" owns s3vl and has all rights'),
    ],
)
def test_role_that_cannot_be_is_refused(
    db: Database, function: str, role: LiteralString, sqlstate: str, message: str
) -> None:
    """Rights are given to one role that exists, and the owner cannot lose its own."""
    error = db.error("select s3vl." + function.format(role))

    assert (error.sqlstate, error.message_primary) == (sqlstate, message)
    assert error.message_hint


@pytest.mark.parametrize(
    ("level", "shown"), [("'owner'", '"owner"'), ("'READER'", '"READER"'), ("null", "null")]
)
@pytest.mark.usefixtures("roles")
def test_unknown_level_is_refused(db: Database, level: LiteralString, shown: str) -> None:
    """A level that is not there takes nothing away either."""
    db.rows("select s3vl.grant_access('app', 'reader')")
    before = granted(db, "app")

    error = db.error("select s3vl.grant_access('app', " + level + ")")

    assert error.sqlstate == "22023"
    assert error.message_primary == f"access_level must be reader, writer or admin, got {shown}"
    assert granted(db, "app") == before


@pytest.mark.parametrize("name", ['we"ird; drop schema s3vl', "Grüße", "a b", "select"])
def test_any_name_of_a_role_is_quoted(db: Database, name: str) -> None:
    """A role may be called anything."""
    db.rows(db.value("select format('create role %%I', %(name)s::text)", name=name))

    db.rows("select s3vl.grant_access(%(name)s, 'reader')", name=name)

    assert db.value("select has_function_privilege(%(name)s, 's3vl.list_indexes()', 'execute')", name=name)


def test_access_may_be_given_from_two_sessions_at_once(
    postgres: PostgresServer, committing: Callable[..., Database]
) -> None:
    """The second waits for the first, and counts: PostgreSQL alone would let it fail."""
    first, second = committing(), committing()
    first.rows("create role twice")
    first.rows("begin; select s3vl.grant_access('twice', 'reader')")
    waiting = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"

    with postgres.connect(SUPERUSER) as server, ThreadPoolExecutor() as background:
        later = background.submit(second.rows, "select s3vl.grant_access('twice', 'writer')")
        while server.execute(waiting, [second.connection.info.backend_pid]).fetchone() != (True,):
            assert not later.done()
        first.rows("commit")
        later.result()

    assert second.value("select has_function_privilege('twice', %(f)s, 'execute')", f=DELETE)
    second.rows("select s3vl.revoke_access('twice'); drop role twice")


@pytest.mark.usefixtures("roles")
def test_admin_gives_access_to_others(db: Database) -> None:
    """An admin needs no right of the owner for it: the grants are made in the owner's name."""
    become(db, "admin")

    db.rows("select s3vl.grant_access('other', 'writer')")
    db.rows("reset role")

    assert db.value(
        "select has_function_privilege('other', 's3vl.delete_vectors(text[], text, text)', 'execute')"
    )
    assert db.value(
        "select bool_and(a.grantor = n.nspowner) from pg_namespace as n, aclexplode(n.nspacl) as a"
        " where n.nspname = 's3vl'"
    )


HOSTILE: LiteralString = """
    create function {0}.trap() returns boolean language plpgsql as
        $$begin raise exception 'trapped as %', current_user; end$$;
    create function {0}.same(text, text) returns boolean language sql as 'select {0}.trap()';
    create operator {0}.= (leftarg = text, rightarg = text, function = {0}.same);
    create function {0}.less(integer, integer) returns boolean language sql as 'select {0}.trap()';
    create operator {0}.<= (leftarg = integer, rightarg = integer, function = {0}.less);
    create function {0}.cardinality(anyarray) returns integer language sql as 'select {0}.trap()::integer';
    create function {0}.unnest(anyarray) returns setof text language sql as 'select {0}.trap()::text';
"""
HOSTILE_TABLES: LiteralString = """
    create temporary table config (lambda_arn text);
    create temporary table index_registry (index_name text);
    create temporary table pg_roles (rolname name, oid oid);
    create temporary table pg_proc (oid oid, proname name, pronamespace oid);
    create temporary table pg_namespace (nspname name, nspowner oid);
    create temporary table aws_lambda (x integer);
"""


@pytest.fixture
def login(postgres: PostgresServer) -> Iterator[str]:
    """Make a role that can log in, and drop it when its databases are gone."""
    postgres.create_login("s3vl_app")
    yield "s3vl_app"
    with postgres.connect(SUPERUSER) as connection:
        connection.execute("drop role s3vl_app")


@pytest.fixture
def pooled(login: str, committing: Callable[..., Database]) -> Database:
    """Open a session of an admin `s3vl_app` in a configured database where anybody may plant objects."""
    owner = committing()
    owner.rows("grant create on schema public to public")
    configure(owner)
    owner.rows(
        "insert into s3vl.index_registry (index_name, index_arn, dimension) values ('docs', %(arn)s, 5)",
        arn=INDEX_ARN,
    )
    owner.rows("select s3vl.grant_access('s3vl_app', 'admin')")
    stub = StubLambda(owner)
    for _ in range(30):
        stub.answers(ANSWER)
    session = committing(login)
    session.rows("grant usage on sequence aws_lambda_calls to public")
    owner.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('other', %(arn)s)",
        arn=f"{INDEX_ARN}-o",
    )
    owner.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('restricted', %(arn)s)",
        arn=f"{INDEX_ARN}-r",
    )
    owner.rows("select s3vl.restrict_index('restricted', 's3vl_app')")
    session.rows("create table bound (id integer primary key, v real[])")
    session.rows("select s3vl.bind_table('bound', 'docs', 'v', content_columns => '{id}')")
    return session


@pytest.mark.parametrize("schema", ["public", "pg_temp"])
def test_objects_planted_by_a_role_catch_nobody(pooled: Database, schema: LiteralString) -> None:
    """Every function works, and runs nothing of what stands in public or pg_temp, first in the search_path."""
    pooled.rows(HOSTILE.replace("{0}", schema))
    pooled.rows(HOSTILE_TABLES)
    pooled.rows("set search_path = " + schema + ", pg_temp, pg_catalog")
    if schema == "public":
        assert (pooled.error("select 'a'::text = 'b'::text").message_primary or "").startswith("trapped as")

    pooled.rows("insert into public.bound values (1, null)")
    assert pooled.rows("call s3vl.sync()") == [{"synced": 1}]
    for call, _ in CALLS:
        if not any(part in call for part in ("_access", "unregister", "deactivate", "unbind")):
            pooled.rows("select * from " + call)


def test_session_handed_on_by_a_pooler_has_the_rights_of_its_next_user(pooled: Database) -> None:
    """SET ROLE, RESET ROLE and DISCARD ALL are followed at once, in the same session."""
    activate: LiteralString = "select s3vl.activate_index('docs')"

    assert pooled.rows(activate)
    pooled.rows("set role none")
    assert pooled.rows(activate)
    pooled.rows("select s3vl.grant_access('s3vl_app', 'reader')")
    assert pooled.error(activate).sqlstate == "42501"
    pooled.rows("discard all")
    assert pooled.rows("select * from s3vl.list_indexes()")
    assert pooled.error("select s3vl.grant_access('s3vl_app', 'admin')").sqlstate == "42501"
