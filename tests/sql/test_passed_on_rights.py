"""revoke_access and grant_access where rights were passed on by grant options, and roles renamed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, LiteralString, NamedTuple

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from fixtures_sql import Database

ROLES = ("a", "b", "c", "d")
SEARCH = "s3vl.query_vectors(float8[], text, text, integer, boolean, jsonb, text, text)"


class Right(NamedTuple):
    """Who has given EXECUTE on query_vectors to whom."""

    grantor: str
    grantee: str
    is_grantable: bool


@pytest.fixture
def roles(db: Database) -> Database:
    """Make roles that the owner may become."""
    for role in ROLES:
        db.connection.execute(
            sql.SQL("create role {0}; grant {0} to current_user").format(sql.Identifier(role))
        )
    return db


def rights(db: Database) -> set[Right]:
    """Return the rights to execute query_vectors, without the owner's own."""
    rows = db.connection.execute(
        "select a.grantor::regrole::text as grantor, a.grantee::regrole::text as grantee, a.is_grantable"
        " from pg_proc as p, aclexplode(p.proacl) as a where p.oid = %s::regprocedure and a.grantee <> p.proowner",
        [SEARCH],
    )
    return {Right(**row) for row in rows}


def grant(db: Database, grantor: str, grantee: str, option: bool = True) -> None:
    """Let a role, or the owner, pass the right on, to whom the owner has opened the schema."""
    db.connection.execute(sql.SQL("grant usage on schema s3vl to {}").format(sql.Identifier(grantee)))
    if grantor != "postgres":
        db.connection.execute(sql.SQL("set local role {}").format(sql.Identifier(grantor)))
    statement = sql.SQL("grant execute on function s3vl.query_vectors to {}{}").format(
        sql.Identifier(grantee), sql.SQL(" with grant option" if option else "")
    )
    db.connection.execute(statement)
    db.connection.execute("reset role")


def expected_without(before: set[Right], role: str) -> dict[str, bool]:
    """Return who keeps the right, and whether with grant option, when a role loses it."""
    kept: dict[str, bool] = {}
    reached = {"postgres"}
    while True:
        found = {r for r in before if r.grantor in reached and r.grantee != role}
        kept = {r.grantee: any(o.is_grantable for o in found if o.grantee == r.grantee) for r in found}
        grantors = {"postgres"} | {grantee for grantee, option in kept.items() if option}
        if grantors == reached:
            return kept
        reached = grantors


def usable(db: Database) -> dict[str, bool]:
    """Return who has the right, and whether with grant option."""
    now = rights(db)
    return {r.grantee: any(o.is_grantable for o in now if o.grantee == r.grantee) for r in now}


def test_right_that_another_role_passed_on_is_taken(roles: Database) -> None:
    """The role loses it, whoever gave it, and who passed it on keeps it with the grant option."""
    roles.rows("grant usage on schema s3vl to b with grant option")
    grant(roles, "postgres", "b")
    grant(roles, "b", "c", option=False)
    roles.rows("set local role b; grant usage on schema s3vl to c; reset role")

    roles.rows("select s3vl.revoke_access('c')")

    assert usable(roles) == {"b": True}
    assert roles.value("select has_schema_privilege('c', 's3vl', 'usage')") is False
    assert roles.warnings == []
    roles.rows("drop role c")


@pytest.mark.parametrize(
    ("call", "kept"), [("revoke_access('b')", {}), ("grant_access('b', 'reader')", {"b": False})]
)
def test_right_that_a_role_has_passed_on_goes_with_its_own(
    roles: Database, call: LiteralString, kept: dict[str, bool]
) -> None:
    """No 2BP01: those to whom it was passed on lose it too, and a warning names them."""
    grant(roles, "postgres", "b")
    grant(roles, "b", "c")
    grant(roles, "c", "d", option=False)

    roles.rows("select s3vl." + call)

    assert usable(roles) == kept
    [warning] = roles.warnings
    assert (warning.message, warning.detail) == (
        "what b had passed on is revoked too", "It was passed on to c, d.",
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(25))
def test_everybody_else_keeps_what_does_not_stem_from_the_role(roles: Database, seed: int) -> None:
    """By whatever ways a right came, the role loses it and others do not; or a warning says how it can be taken."""
    chance = random.Random(seed)  # noqa: S311
    for _ in range(12):
        grantor = chance.choice(["postgres", *(r.grantee for r in rights(roles) if r.is_grantable)])
        try:
            with roles.connection.transaction():
                grant(roles, grantor, chance.choice(ROLES), option=chance.random() < 0.7)
        except psycopg.errors.InvalidGrantOperation:
            continue  # in a circle, or to oneself
    before = rights(roles)

    roles.rows("select s3vl.revoke_access('c')")

    expected = expected_without(before, "c")
    circles = [warning for warning in roles.warnings if "keeps rights on s3vl" in str(warning.message)]
    if not circles:
        assert usable(roles) == expected
    while circles:
        roles.notices.clear()
        roles.rows((circles[0].hint or "").removeprefix("Type: "))  # type: ignore[arg-type]
        circles = [warning for warning in roles.warnings if "keeps rights on s3vl" in str(warning.message)]
    assert expected.keys() == usable(roles).keys()


def test_rights_on_columns_and_types_are_taken_too(roles: Database) -> None:
    """Nothing that a role was given by hand is left, passed on or not."""
    roles.rows(
        "grant select (lambda_arn) on s3vl.config to b with grant option;"
        " grant usage on type s3vl.vector_record to b with grant option; grant all on schema s3vl to b;"
        " set local role b; grant select (lambda_arn) on s3vl.config to c; reset role"
    )

    roles.rows("select s3vl.revoke_access('c')")
    assert roles.value("select count(*) from s3vl._rights() where grantee = 'c'::regrole") == 0
    roles.rows("select s3vl.revoke_access('b')")

    assert roles.value("select count(*) from s3vl._rights()") == 0
    roles.rows("drop role b")


def test_a_function_of_somebody_else_in_the_schema_stops_no_revocation(roles: Database) -> None:
    """What does not belong to s3vl is no matter of revoke_access and grant_access."""
    roles.rows("grant create, usage on schema s3vl to b; set local role b")
    roles.rows("create function s3vl.query_vectors(integer) returns integer language sql as 'select 1'")
    roles.rows("revoke all on function s3vl.query_vectors(integer) from public; reset role")

    roles.rows("select s3vl.grant_access('c', 'reader')")
    roles.rows("select s3vl.revoke_access('c')")
    roles.rows("select s3vl.revoke_access('b')")

    assert roles.value("select count(*) from s3vl._rights()") == 0


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ("select s3vl.grant_access('b', 'reader'); grant b to c", "It inherits the access of b."),
        (
            "select s3vl.grant_access('b', 'reader'); grant b to d; grant d to c; alter role c noinherit",
            "It inherits the access of b.",
        ),
        (
            "select s3vl.grant_access('b', 'reader'); alter role c noinherit; grant b to c",
            "It inherits the access of b.",
        ),
        (
            "grant execute on function s3vl.version() to public; grant usage on schema s3vl to public",
            "It inherits the access of public.",
        ),
    ],
)
def test_what_a_role_has_by_another_is_told(roles: Database, given: LiteralString, detail: str) -> None:
    """revoke_access says what it could not take: rights of a group, and of everybody."""
    roles.rows(given)

    roles.rows("select s3vl.revoke_access('c')")

    [warning] = roles.warnings
    assert (warning.message, warning.detail) == ("c may still use s3vl", detail)


def test_a_renamed_role_keeps_its_rights_and_its_name_is_anothers(roles: Database) -> None:
    """In a session that became the role before, the name of old says nothing: rights are the role's own."""
    roles.rows("select s3vl.grant_access('a', 'reader'); set local role a")
    roles.rows("reset role; set local role a")
    roles.rows("select s3vl.version()")
    roles.rows("reset role; alter role a rename to e; create role a; grant a to current_user")
    roles.rows("select s3vl.grant_access('a', 'admin'); set local role e")

    assert roles.value("select s3vl.version()")
    assert roles.error("select s3vl.activate_index('docs')").sqlstate == "42501"


@pytest.mark.parametrize("name", ["A b", 'q"uote', "x'; drop schema s3vl cascade; --", "%s", "select"])
def test_any_name_of_a_role_will_do(db: Database, name: str) -> None:
    """Names are quoted wherever SQL is put together."""
    db.connection.execute(sql.SQL("create role {}").format(sql.Identifier(name)))

    for call in ("grant_access(%(name)s, 'writer')", "revoke_access(%(name)s)"):
        db.rows("select s3vl." + call, name=name)  # type: ignore[arg-type]

    assert db.value("select count(*) from s3vl._rights()") == 0
