"""What is built from sql/, and what was released and is frozen."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import build_sql
from fixtures_sql import ROOT
from s3vl_local.postgres import BIN

if TYPE_CHECKING:
    from pathlib import Path

RELEASES = build_sql.SQL / "releases"
VERSION = build_sql.control(build_sql.SQL)["default_version"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Build once, over what an older build has left; without the scripts of releases."""
    target = tmp_path_factory.mktemp("build") / "sql"
    target.mkdir()
    (target / "s3vl-0.9.sql").write_text("of an older build")
    build_sql.build(build_sql.SQL, target)
    released = build_sql.released_scripts(build_sql.SQL)
    return {path.name: path.read_text() for path in target.iterdir() if path.name not in released}


def test_released_scripts_are_what_they_were() -> None:
    """A frozen file that has changed, or that SHA256SUMS does not know, is found."""
    sums = dict(reversed(line.split("  ")) for line in (RELEASES / "SHA256SUMS").read_text().splitlines())

    assert {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in RELEASES.glob("*.sql")
    } == sums


def test_one_build_has_every_form(built: dict[str, str]) -> None:
    """A script for psql, one for pg_tle, an extension, and two for the upgrade; nothing old stays."""
    assert sorted(built) == [
        f"s3vl--1.0.0--{VERSION}.sql",
        f"s3vl--{VERSION}.sql",
        f"s3vl-{VERSION}.pgtle.sql",
        f"s3vl-{VERSION}.plain.sql",
        f"s3vl-{VERSION}.sql",
        f"upgrade-1.0.0-{VERSION}.plain.sql",
        f"upgrade-1.0.0-{VERSION}.sql",
    ]


def test_the_version_is_one(built: dict[str, str]) -> None:
    """Control file, s3vl.version(), every script and the newest heading of the changelog agree."""
    [said] = re.findall(
        r"^    select '(.*)'$", (build_sql.SQL / "base" / "version.sql").read_text(), re.MULTILINE
    )
    heading = re.search(r"^## (?:Unreleased \()?([0-9.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert said == VERSION
    assert heading is not None
    assert heading[1] == VERSION
    assert [name for name, text in built.items() if f"    select '{VERSION}'\n" not in text] == []
    assert built[f"s3vl-{VERSION}.pgtle.sql"].startswith(f"-- Registers s3vl {VERSION} with pg_tle")


def test_nothing_is_left_to_include_or_to_fill_in(built: dict[str, str]) -> None:
    """Each file stands alone."""
    assert [name for name, text in built.items() if re.search(r"^\\ir|@\w+@", text, re.MULTILINE)] == []


def test_installing_creates_and_upgrading_replaces(built: dict[str, str]) -> None:
    """A new installation takes over nothing that somebody has planted; an upgrade keeps the grants of functions."""
    functions = sum(
        (build_sql.SQL / part).read_text().count("\ncreate or replace ")
        for part in build_sql.parts(build_sql.SQL)
    )
    counted = {
        name: (
            len(re.findall(r"\ncreate (?:function|procedure|trigger) ", text)),
            # A step may need a function before its turn.
            len(set(re.findall(r"\ncreate or replace (.+)", text))),
        )
        for name, text in built.items()
    }

    assert functions > 50
    assert counted == {
        f"s3vl-{VERSION}.sql": (functions, 0),
        f"s3vl--{VERSION}.sql": (functions, 0),
        f"s3vl--1.0.0--{VERSION}.sql": (0, functions),
        f"upgrade-1.0.0-{VERSION}.sql": (0, functions),
        f"s3vl-{VERSION}.pgtle.sql": (functions, functions),
        f"s3vl-{VERSION}.plain.sql": (functions, 0),
        f"upgrade-1.0.0-{VERSION}.plain.sql": (0, functions),
    }


def test_extension_scripts_have_no_command_that_extensions_may_not_have(built: dict[str, str]) -> None:
    r"""In them `\echo … \quit` stops psql, and no other meta-command and no transaction stands in them."""
    for name in (f"s3vl--{VERSION}.sql", f"s3vl--1.0.0--{VERSION}.sql"):
        lines = built[name].splitlines()
        assert [line[:10] for line in lines if line.startswith("\\")] == ["\\echo Use "], name
        assert [line for line in lines if re.fullmatch("begin;|commit;|rollback;", line)] == [], name


def test_plain_scripts_are_sql_and_nothing_else(built: dict[str, str]) -> None:
    """No line is psql's, no transaction begins or ends in place of the client's, and no tool finds a variable."""
    plain = {name: text for name, text in built.items() if name.endswith(".plain.sql")}
    # Flyway puts its own values in for ${…}.
    foreign = re.compile(r"^\\|^(?:begin|commit|rollback);|\$\{", re.MULTILINE)

    assert len(plain) == 2
    assert [name for name, text in plain.items() if foreign.search(text)] == []


@pytest.mark.parametrize("tag", ["$s3vl_script$", "$_pgtle_i_$", "$_pgtle_o_$"])
def test_dollar_tags_around_the_script_are_refused_in_it(tmp_path: Path, tag: str) -> None:
    """A body that would end its own quotation is not built, and the build before stays."""
    sql, target = tmp_path / "sql", tmp_path / "target"
    shutil.copytree(build_sql.SQL, sql)
    with (sql / "base" / "version.sql").open("a") as version:
        version.write(f"-- {tag}\n")
    target.mkdir()
    (target / "before").touch()

    with pytest.raises(SystemExit, match=re.escape(f"cannot contain {tag}")):
        build_sql.build(sql, target)

    assert list(target.iterdir()) == [target / "before"]


def test_pgxs_installs_control_file_and_scripts(tmp_path: Path) -> None:
    """`make -C sql install` builds what is missing, and puts all that create and alter extension need in place."""
    sql = tmp_path / "sql"
    shutil.copytree(build_sql.SQL, sql)
    (tmp_path / "tools").mkdir()
    shutil.copy(build_sql.__file__, tmp_path / "tools")

    subprocess.run(
        ["make", "-C", sql, "install", f"PG_CONFIG={BIN / 'pg_config'}", f"DESTDIR={tmp_path / 'root'}"],
        check=True,
        capture_output=True,
    )

    installed = {path.name: path for path in (tmp_path / "root").rglob("*") if path.is_file()}
    assert sorted(installed) == [
        f"s3vl--1.0.0--{VERSION}.sql",
        "s3vl--1.0.0.sql",
        f"s3vl--{VERSION}.sql",
        "s3vl.control",
    ]
    assert {path.parent.name for path in installed.values()} == {"extension"}
    assert installed["s3vl--1.0.0.sql"].read_bytes() == (RELEASES / "s3vl--1.0.0.sql").read_bytes()
