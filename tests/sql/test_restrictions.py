"""Restrictions: which part of an index a role may use, and everything that somebody could try against that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from fixtures_sql import INDEX_ARN, LAMBDA_ARN

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures_sql import Database, StubLambda

OTHER_ARN = INDEX_ARN.replace("test-index-5d", "other")
PART = {"tenant": {"$eq": "a"}}
ANSWER = {"distance_metric": "cosine", "vectors": [], "written": [[1, 1]], "deleted": [[1, 1]], "missing": 0}
SEARCH: LiteralString = "select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs')"

# Each operation on the index, by name; what is sent has the restriction under this member.
OPERATIONS: dict[LiteralString, str] = {
    "select * from s3vl.query_vectors('{1,2,3,4,5}', {index})": "metadata_filter",
    "select * from s3vl.query_vectors_batch('{{1,2,3,4,5}}', {index})": "metadata_filter",
    """select * from s3vl.query_hybrid('{"title": "x"}', null, {index})""": "metadata_filter",
    (
        "select * from s3vl._next_neighbours(s3vl._sealed_caller(), '{1,2,3,4,5}', {both}, 10, 10, false, null, null,"
        " now())"
    ): "metadata_filter",
    "select * from s3vl.query_filtered('{1,2,3,4,5}', 'select 1', {index})": "restriction",
    (
        "select * from s3vl.query_filtered('{1,2,3,4,5}', 'select 1', {index}, filter_strategy => 'postfilter')"
    ): "metadata_filter",
    "select * from s3vl.rank_vectors('{1,2,3,4,5}', array['x'], {index})": "restriction",
    "select * from s3vl.get_vectors(array['x'], {index})": "restriction",
    "select * from s3vl.list_vectors({named})": "restriction",
    """select s3vl.put_vectors(array[('x', '{1,2,3,4,5}', '{"tenant": "a"}')]::s3vl.vector_record[], {index})""": (
        "restriction"
    ),
    "select s3vl.delete_vectors(array['x'], {index})": "restriction",
}


def by_name(operation: LiteralString, name: LiteralString = "docs") -> LiteralString:
    """Name the index of an operation."""
    return (
        operation.replace("{index}", "'" + name + "'")
        .replace("{named}", "index_name => '" + name + "'")
        .replace("{both}", "'" + name + "', null")
    )


def by_arn(operation: LiteralString) -> LiteralString:
    """Name the index of an operation by its ARN."""
    arn: Any = INDEX_ARN
    return (
        operation.replace("{index}", "index_arn => '" + arn + "'")
        .replace("{named}", "index_arn => '" + arn + "'")
        .replace("{both}", "null, '" + arn + "'")
    )


@pytest.fixture
def roles(db: Database, registered: StubLambda) -> StubLambda:
    """Make writers a, who is restricted to its part of "docs", and b, who is not; the session may become both."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('alias', %(arn)s)", arn=INDEX_ARN
    )
    db.rows("create role a; create role b; grant a to current_user; grant b to current_user")
    db.rows("grant usage, create on schema public to a; grant usage, create on schema public to b")
    db.rows("select s3vl.grant_access('a', 'writer'), s3vl.grant_access('b', 'writer')")
    db.rows("""select s3vl.restrict_index('docs', 'a', '{"tenant": "a"}')""")
    return registered


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("named", [by_name, by_arn, lambda operation: by_name(operation, "alias")])
def test_every_operation_keeps_to_the_part(
    db: Database, roles: StubLambda, operation: LiteralString, named: Callable[[LiteralString], LiteralString]
) -> None:
    """Whatever way the index is named, the restriction is in the request of a, and nobody else gets as far."""
    statement = named(operation)

    for stranger in ("b", "none"):
        db.rows("set local role " + stranger)
        error = db.error(statement)
        assert (error.sqlstate, error.message_detail) == ("42501", "It is restricted to other roles.")
    db.rows("reset role")
    roles.answers(ANSWER)
    db.rows("set local role a")
    db.rows(statement)

    [request] = roles.requests
    assert request[OPERATIONS[operation]] == PART


@pytest.mark.parametrize(
    ("metadata_filter", "sent"),
    [
        ("{}", PART),
        ('{"tenant": "b"}', {"$and": [PART, {"tenant": "b"}]}),
        (
            '{"$or": [{"tenant": "a"}, {"tenant": "b"}]}',
            {"$and": [PART, {"$or": [{"tenant": "a"}, {"tenant": "b"}]}]},
        ),
        ('{"tenant": {"$ne": "a"}}', {"$and": [PART, {"tenant": {"$ne": "a"}}]}),
        ('{"tenant": {"$exists": true}, "x": 1}', {"$and": [PART, {"tenant": {"$exists": True}, "x": 1}]}),
    ],
)
def test_a_filter_of_the_caller_only_narrows(
    db: Database, roles: StubLambda, metadata_filter: str, sent: dict[str, Any]
) -> None:
    """The restriction stands outside of it, joined by $and."""
    roles.answers(ANSWER)
    db.rows("set local role a")

    db.rows(
        "select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs', metadata_filter => %(filter)s::jsonb)",
        filter=metadata_filter,
    )

    assert roles.requests[0]["metadata_filter"] == sent


@pytest.mark.parametrize(
    "metadata",
    [
        "null",
        "'{}'",
        """'{"tenant": "b"}'""",
        """'{"tenant": ["a", "b"]}'""",
        """'{"tenant": ["a"]}'""",
        """'{"Tenant": "a"}'""",
    ],
)
def test_a_writer_writes_into_its_part_only(db: Database, roles: StubLambda, metadata: LiteralString) -> None:
    """Metadata of another part, of none, or of several, is refused before a call is paid for."""
    db.rows("set local role a")

    error = db.error(
        """select s3vl.put_vectors(array[('y', '{1,2,3,4,5}', '{"tenant": "a"}'), ('x', '{1,2,3,4,5}', """
        + metadata
        + ")]::s3vl.vector_record[], 'docs')"
    )

    assert error.sqlstate == "42501"
    assert error.message_primary == (
        'vectors[2].metadata of "x" is outside of the part of index "docs" that this role may use'
    )
    assert roles.calls == []


def test_an_id_of_somebody_else_is_42501(db: Database, roles: StubLambda) -> None:
    """What the function says of an id that another part has is no defect, and says what to do."""
    roles.answers_failure("restricted", 'vectors[1].vector_id: "x" is taken')
    db.rows("set local role a")

    error = db.error(by_name(list(OPERATIONS)[9]))

    assert error.sqlstate == "42501"
    assert '"x" is taken' in (error.message_primary or "")
    assert "let each tenant's begin with its name" in (error.message_hint or "")


def test_values_are_told_apart_by_type(db: Database, roles: StubLambda) -> None:
    """True is not 1, and 1 is 1.0; one of several values is enough."""
    db.rows("""select s3vl.restrict_index('docs', 'a', '{"n": {"$in": [1, "x"]}, "is_new": true}')""")
    db.rows("set local role a")
    put: LiteralString = (
        "select s3vl.put_vectors(array[('x', '{1,2,3,4,5}', %(m)s)]::s3vl.vector_record[], 'docs')"
    )

    for metadata in ('{"n": 1.0, "is_new": true}', '{"n": "x", "is_new": true}'):
        db.rows("reset role")
        roles.answers(ANSWER)
        db.rows("set local role a")
        assert db.value(put, m=metadata) == 1
    for metadata in ('{"n": true, "is_new": true}', '{"n": 1, "is_new": 1}', '{"n": "1", "is_new": true}'):
        assert db.error(put, m=metadata).sqlstate == "42501"


def test_no_role_is_exempt(db: Database, roles: StubLambda) -> None:
    """Neither the owner of s3vl nor one that inherits from a restricted role, until they are named themselves."""
    db.rows("create role member; grant a to member; grant member to current_user")
    for role in ("none", "member"):
        db.rows("set local role " + role)
        assert db.error(SEARCH).sqlstate == "42501"
    db.rows("reset role; select s3vl.restrict_index('docs', 'postgres')")
    roles.answers(ANSWER)

    db.rows(SEARCH)

    assert "metadata_filter" not in roles.requests[0]


def test_a_restriction_to_nothing_but_the_role_is_the_whole_index(db: Database, roles: StubLambda) -> None:
    """An index per tenant: without a filter the role may use all of it, and others nothing."""
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values ('docs_b', %(arn)s)", arn=OTHER_ARN
    )
    db.rows("select s3vl.restrict_index('docs_b', 'b')")
    search: LiteralString = "select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs_b')"
    db.rows("set local role a")
    assert db.error(search).sqlstate == "42501"
    db.rows("reset role")
    roles.answers(ANSWER)
    db.rows("set local role b")

    db.rows(search)

    assert "metadata_filter" not in roles.requests[0]


def test_a_tenant_is_what_its_setting_says(db: Database, roles: StubLambda) -> None:
    """At each call; and without a setting there is no tenant, never all of them."""
    db.rows(
        """select s3vl.restrict_index('docs', 'a', '{"lang": "de"}', tenant_key => 'tenant',"""
        " tenant_setting => 'app.tenant')"
    )
    db.rows("set local role a")
    for unset in ("reset app.tenant", "set local app.tenant = ''"):
        db.rows(unset)
        error = db.error(SEARCH)
        assert (error.sqlstate, error.message_primary) == ("42501", "setting app.tenant is not set")
    db.connection.execute("select set_config('app.tenant', repeat('x', 2049), true)")
    assert db.error(SEARCH).message_primary == "setting app.tenant has 2049 bytes"
    for tenant in ("acme", '"} {'):
        db.rows("reset role")
        roles.answers(ANSWER)
        db.rows("set local role a")
        db.rows("select set_config('app.tenant', %(tenant)s, true)", tenant=tenant)
        db.rows(SEARCH)
        assert roles.requests[-1]["metadata_filter"] == {"lang": {"$eq": "de"}, "tenant": {"$eq": tenant}}


BAD: dict[LiteralString, str] = {
    "'docs', 'nobody'": 'role "nobody" does not exist',
    "'docs', null": "role null does not exist",
    "'unknown', 'a'": 'index "unknown" is not registered',
    "'docs', 'a', '{}'": "metadata_filter must be an object of keys, got {}",
    "'docs', 'a', '[1]'": "metadata_filter must be an object of keys, got [1]",
    """'docs', 'a', '{"$or": [{"x": 1}]}'""": 'metadata_filter: key "$or" is an operator, where a metadata key',
    """'docs', 'a', '{"x": {"$ne": 1}}'""": 'metadata_filter.x must be a value, $eq or $in, got {"$ne": 1}',
    """'docs', 'a', '{"x": {"$in": []}}'""": 'metadata_filter.x must be a value, $eq or $in, got {"$in": []}',
    """'docs', 'a', '{"x": {"$in": [[1]]}}'""": "metadata_filter.x must be a value, $eq or $in, got [1]",
    """'docs', 'a', '{"x": {"$eq": 1, "$in": [1]}}'""": (
        'metadata_filter.x must be a value, $eq or $in, got {"$eq": 1, "$in": [1]}'
    ),
    """'docs', 'a', '{"x": null}'""": "metadata_filter.x must be a value, $eq or $in, got JSON null",
    """'docs', 'a', '{"x": [1]}'""": "metadata_filter.x must be a value, $eq or $in, got [1]",
    """'docs', 'a', '{"x": 1e400}'""": "metadata_filter.x must be a value, $eq or $in, got 1",
    """'docs', 'a', '{"content": "x"}'""": 'metadata_filter: key "content" is not filterable in index "docs"',
    "'docs', 'a', tenant_key => 'x'": "tenant_key is given without tenant_setting",
    "'docs', 'a', tenant_setting => 'a.x'": "tenant_setting is given without tenant_key",
    "'docs', 'a', tenant_key => 'x', tenant_setting => 'role'": (
        'tenant_setting must be a setting of your own, got "role"'
    ),
    "'docs', 'a', tenant_key => 'content', tenant_setting => 'a.x'": (
        'tenant_key: key "content" is not filterable in index "docs"'
    ),
    """'docs', 'a', '{"x": 1}', 'x', 'a.x'""": 'tenant_key "x" is in metadata_filter too',
}


@pytest.mark.parametrize("arguments", BAD)
@pytest.mark.usefixtures("roles")
def test_what_could_not_be_kept_is_refused(db: Database, arguments: LiteralString) -> None:
    """When it is said, not when somebody searches."""
    db.rows("update s3vl.index_registry set non_filterable_keys = '{content}'")

    error = db.error("select s3vl.restrict_index(" + arguments + ")")

    assert error.sqlstate in {"22023", "42704"}
    assert (error.message_primary or "").startswith(BAD[arguments])
    assert error.message_hint


def test_the_list_shows_who_may_use_what(db: Database, roles: StubLambda) -> None:
    """One row for each role, with the values as they are kept; an index without a role stays closed."""
    columns: LiteralString = (
        "select index_name, role_name, metadata_filter, tenant_key, tenant_setting, is_valid"
    )
    assert db.rows(columns + " from s3vl.list_restrictions()") == [
        {
            "index_name": "alias",
            "role_name": "a",
            "metadata_filter": PART,
            "tenant_key": None,
            "tenant_setting": None,
            "is_valid": True,
        }
    ]

    db.rows("select s3vl.unrestrict_index('docs', 'a')")

    assert db.value("select role_name from s3vl.list_restrictions()") is None
    db.rows("set local role a")
    assert db.error(SEARCH).sqlstate == "42501"
    db.rows("reset role; select s3vl.unrestrict_index('docs')")
    roles.answers(ANSWER)
    db.rows("set local role b")
    db.rows(SEARCH)
    db.rows("reset role")
    for again in ("'docs'", "'docs', 'a'"):
        assert db.error("select s3vl.unrestrict_index(" + again + ")").sqlstate == "42704"


def test_a_role_is_told_from_another_of_its_name(db: Database, roles: StubLambda) -> None:
    """Renamed it has no part, and whoever gets the name has none either, until that is said."""
    db.rows(
        "alter role a rename to z; create role a; grant a to current_user; select s3vl.grant_access('a', 'reader')"
    )

    for role in ("z", "a"):
        db.rows("set local role " + role)
        assert db.error(SEARCH).sqlstate == "42501"
    assert "another that had this name" in (db.error(SEARCH).message_detail or "")
    db.rows("reset role")
    assert db.value("select is_valid from s3vl.list_restrictions()") is False
    db.rows("select s3vl.restrict_index('docs', 'a')")
    roles.answers(ANSWER)
    db.rows("set local role a")
    db.rows(SEARCH)


def test_an_index_that_takes_the_name_is_restricted_alike(db: Database, roles: StubLambda) -> None:
    """Whoever registers the name for another index opens nothing by it; and the old one stays closed."""
    roles.answers({"index": {"dimension": 5, "distance_metric": "cosine"}})
    db.rows("select s3vl.register_index('docs', %(arn)s)", arn=OTHER_ARN)
    roles.answers(ANSWER)

    db.rows("set local role b")
    assert db.error(SEARCH).sqlstate == "42501"
    assert (
        db.error(by_name("select * from s3vl.query_vectors('{1,2,3,4,5}', {index})", "alias")).sqlstate
        == "42501"
    )
    db.rows("set local role a")
    db.rows(SEARCH)

    assert roles.requests[-1]["metadata_filter"] == PART


def test_an_index_that_is_dropped_is_restricted_no_more(db: Database, roles: StubLambda) -> None:
    """What was kept from others is gone; a new index of the name begins anew."""
    roles.answers({"existed": True})

    db.rows("select s3vl.drop_index('docs')")

    assert db.rows("select * from s3vl.list_restrictions()") == []


SEAL: LiteralString = "select role_oid, seal from s3vl.caller"
BEHIND: LiteralString = (
    "select * from s3vl._query_vectors(row(%(role)s, %(seal)s)::s3vl.caller,"
    " '{1,2,3,4,5}', 'docs', null, 10, true, null, null, null)"
)


def test_only_the_own_seal_is_to_be_had(db: Database, roles: StubLambda) -> None:
    """A role sees its own seal, no key, and neither the seals of others nor what they are made of."""
    db.rows("set local role b")
    db.rows(
        "create function public.peek(seal bytea) returns boolean language plpgsql cost 0.0001 as"
        " $$begin raise notice 'seen: %', seal; return true; end$$"
    )

    seals = db.rows("select * from s3vl.caller where public.peek(seal)")

    assert [row["role_oid"] for row in seals] == [db.value("select 'b'::regrole::oid")]
    assert len([n for n in db.notices if (n.message or "").startswith("seen")]) == 1
    for hidden in ("s3vl.role_seal", "s3vl.seal_key", "s3vl.index_restriction", "s3vl.restricted_index"):
        assert db.error("select * from " + hidden).sqlstate == "42501"  # type: ignore[arg-type]
    assert roles.calls == []


def test_behind_the_public_function_a_seal_is_asked_for(db: Database, roles: StubLambda) -> None:
    """Without a seal, with one of somebody else, for another role or by null: 42501, and no call."""
    db.rows("set local role a")
    [own] = db.rows(SEAL)
    db.rows("set local role b")
    [stranger] = db.rows(SEAL)

    for role, seal in [
        (own["role_oid"], stranger["seal"]),
        (own["role_oid"], b""),
        (own["role_oid"], None),
        (None, own["seal"]),
        (None, None),
        (own["role_oid"], bytes(32)),
    ]:
        error = db.error(BEHIND, role=role, seal=seal)
        assert (error.sqlstate, error.message_primary) == ("42501", "the seal does not prove who calls")
    assert db.error(BEHIND.replace("row(%(role)s, %(seal)s)", "null")).sqlstate == "42501"  # type: ignore[arg-type]
    assert roles.calls == []


def test_who_may_not_execute_the_public_function_may_not_what_is_behind_it(
    db: Database, roles: StubLambda
) -> None:
    """Everybody may execute that, and it looks at the grants on the public one."""
    db.rows("select s3vl.grant_access('a', 'reader'); set local role a")
    put: LiteralString = (
        """select s3vl._put_vectors(s3vl._sealed_caller(), array[('x', '{1,2,3,4,5}', '{"tenant": "a"}')]"""
        "::s3vl.vector_record[], 'docs', null)"
    )

    error = db.error(put)

    assert (error.sqlstate, error.message_primary) == ("42501", "permission denied for function put_vectors")
    assert (
        db.error("select s3vl._delete_vectors(s3vl._sealed_caller(), array['x'], 'docs', null)").sqlstate
        == "42501"
    )
    assert roles.calls == []


def test_what_is_there_goes_on_without_restrictions(db: Database, registered: StubLambda) -> None:
    """An index of which nobody has said anything is open to every role with access, and no request is other."""
    db.rows("create role app; grant app to current_user; select s3vl.grant_access('app', 'writer')")

    for operation, member in OPERATIONS.items():
        db.rows("reset role")
        registered.answers(ANSWER)
        db.rows("set local role app")
        db.rows(by_name(operation))
        assert member not in registered.requests[-1]


def test_access_that_was_closed_to_everybody_comes_back(db: Database, roles: StubLambda) -> None:
    """A hardening that takes all from PUBLIC takes what searches run as their caller; grant_access gives it back."""
    db.rows("revoke all on all routines in schema s3vl from public; revoke all on s3vl.caller from public")
    db.rows("set local role a")
    assert db.error(SEARCH).sqlstate == "42501"
    db.rows("reset role; select s3vl.grant_access('a', 'reader')")
    roles.answers(ANSWER)
    db.rows("set local role a")

    db.rows(SEARCH)


def test_a_dump_without_data_has_no_key_until_it_is_configured(db: Database, roles: StubLambda) -> None:
    """Then it says so, and configure() makes another."""
    db.rows("delete from s3vl.seal_key")

    error = db.error(SEARCH)
    roles.answers({"version": "1.1.0"})
    db.rows("select s3vl.configure(%(arn)s)", arn=LAMBDA_ARN)

    assert (error.sqlstate, error.message_primary) == ("55000", "s3vl has no key for seals")
    assert db.value("select count(*) from s3vl.seal_key") == 1
