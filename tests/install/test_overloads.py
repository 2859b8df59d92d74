"""The functions for the types of pgvector come through dumps and upgrades, and go with what they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures_install import SQL, VERSION, Target
from fixtures_postgres import need_pgvector
from fixtures_sql import psql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEARCH = "explain select s3vl.query_vectors('[1,2,3]'::vector, 'docs', top_k => 3)"


def use(target: Target) -> list[tuple[str, ...]]:
    """Use pgvector, and return the fingerprint of s3vl before."""
    before = target.fingerprint()
    target.ask("create extension vector")
    target.ask("select s3vl.use_pgvector()")
    target.ask("select s3vl.grant_access('install_reader', 'reader')")
    assert len(target.differences(before)) > 9
    return before


def may_search(target: Target) -> str:
    """Return whether the reader may call each of the overloads, and PUBLIC any."""
    return target.ask(
        "select bool_and(has_function_privilege('install_reader', u.oid, 'execute')),"
        " bool_or(has_function_privilege('public', u.oid, 'execute')), count(*)"
        " from unnest(s3vl._overloads()) as u (oid)"
    )


def install(target: Target, built: Path, way: str) -> None:
    """Install s3vl with psql, or as an extension."""
    if way == "script":
        target.run(built / f"s3vl-{VERSION}.sql")
    else:
        target.ask("create extension s3vl cascade")


@pytest.mark.usefixtures("extension", "roles")
@pytest.mark.parametrize("way", ["script", "extension"])
def test_a_dump_takes_them_along(
    target: Target, built: Path, restored: Callable[[], Target], way: str
) -> None:
    """Restored, they are there with their rights, and go with pgvector as before."""
    need_pgvector()
    install(target, built, way)
    use(target)

    copy = restored()

    assert copy.differences(target.fingerprint()) == []
    assert may_search(copy) == may_search(target)
    assert may_search(copy).startswith("t|f|")
    copy.ask(SEARCH)
    copy.ask("drop extension vector")
    assert copy.ask("select cardinality(s3vl._overloads())") == "0"


@pytest.mark.usefixtures("extension", "roles")
@pytest.mark.parametrize("way", ["script", "extension"])
def test_s3vl_takes_them_along_when_it_goes(target: Target, built: Path, way: str) -> None:
    """Neither uninstall.sql nor `drop extension s3vl` stops at them; dropped before, they leave nothing."""
    need_pgvector()
    install(target, built, way)
    before = use(target)
    target.ask("select s3vl.use_pgvector(drop => true)")
    target.ask("select s3vl.revoke_access('install_reader')")
    assert target.differences(before) == []
    target.ask("select s3vl.use_pgvector()")

    if way == "script":
        target.run(SQL / "uninstall.sql")
    else:
        target.ask("drop extension s3vl")

    assert target.ask("select to_regnamespace('s3vl') is null") == "t"
    assert target.ask("select count(*) from pg_extension where extname = 'vector'") == "1"


@pytest.mark.usefixtures("roles")
def test_pg_tle_takes_them_along_when_it_goes(
    target: Target, built: Path, pg_tle: Callable[[Path], None]
) -> None:
    """So does the extension that pg_tle was given."""
    need_pgvector()
    pg_tle(built / f"s3vl-{VERSION}.pgtle.sql")
    target.ask("create extension s3vl cascade")
    use(target)

    target.ask("drop extension s3vl")

    assert target.ask("select to_regnamespace('s3vl') is null") == "t"


# What an upgrade would do whose query_vectors has one argument more.
LOUDER = """
    do $$
    declare
        _function regprocedure := (
            select p.oid from pg_proc as p
            where p.proname = 'query_vectors' and p.proargtypes[0] = 'double precision[]'::regtype
                and p.pronamespace = 's3vl'::regnamespace
        );
        _definition text := replace(
            pg_get_functiondef(_function), E')\\n RETURNS', E', louder boolean default false)\\n RETURNS'
        );
    begin
        execute format('drop function %s', _function);
        execute _definition;
        revoke all on all routines in schema s3vl from public;
        perform s3vl.grant_access('install_reader', 'reader');
    end;
    $$
"""


@pytest.mark.usefixtures("roles")
def test_an_upgrade_leaves_them_working_and_says_what_to_type(target: Target, built: Path) -> None:
    """What they call has got an argument: they go on, the upgrade tells it, and use_pgvector() makes them anew."""
    need_pgvector()
    target.run(built / f"s3vl-{VERSION}.sql")
    use(target)
    before, louder = may_search(target), SEARCH.replace("top_k =>", "louder => true, top_k =>")
    target.ask(LOUDER)

    said = psql(target.url, "-f", str(SQL / "upgrades" / "pgvector.sql")).stderr

    assert "s3vl.query_vectors(public.vector, " in said
    assert "HINT:  Type: select s3vl.use_pgvector();" in said
    target.ask(SEARCH)
    assert "does not exist" in target.refused("-c", louder)
    target.ask("select s3vl.use_pgvector()")
    assert may_search(target) == before
    target.ask(louder)
    assert target.ask("select count(*) from s3vl._check_overloads()") == "0"
