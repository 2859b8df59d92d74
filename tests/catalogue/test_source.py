"""The SQL files against the style of the house, where a machine can tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SQL = ROOT / "sql"
ROOMS = ("base", "call", "index", "vectors", "filtered", "sync", "text", "operate")
PARTS = sorted(path for room in ROOMS for path in (SQL / room).rglob("*.sql"))
SCRIPTS = sorted(SQL.glob("*.sql")) + sorted((SQL / "upgrades").glob("*.sql"))


def name(path: Path) -> str:
    """Return a path as the manifest writes it."""
    return str(path.relative_to(SQL))


def test_manifest_runs_every_file_once() -> None:
    """A file that is not in the table of contents, or twice, is a mistake."""
    manifest = (SQL / "manifest.sql").read_text()

    listed = re.findall(r"^\\ir (\S+)$", manifest, re.MULTILINE)

    assert sorted(listed) == sorted(name(path) for path in PARTS)


def created(path: Path) -> set[str]:
    """Return the names of the functions, tables and types that a file creates."""
    return set(
        re.findall(
            r"^create (?:or replace (?:function|procedure)|sequence|table|type|view) s3vl\.(\w+)",
            path.read_text(),
            re.MULTILINE,
        )
    )


def used(path: Path) -> set[str]:
    """Return what a file names of s3vl in code: comments and texts, such as hints, lead anywhere."""
    code = re.sub(r"--.*|'(?:[^']|'')*'", "", re.sub(r"(?ms)^comment on .*?;$", "", path.read_text()))
    return set(re.findall(r"\bs3vl\.(\w+)", code))


def test_a_room_uses_the_rooms_above_it() -> None:
    """The manifest goes down from room to room, and no file names what a room below its own creates."""
    manifest = re.findall(r"^\\ir (\w+)/", (SQL / "manifest.sql").read_text(), re.MULTILINE)
    assert list(dict.fromkeys(manifest)) == list(ROOMS)
    assert sorted(manifest, key=ROOMS.index) == manifest

    floors = {thing: ROOMS.index(path.parent.name) for path in PARTS for thing in created(path)}
    upwards = {
        name(path): below
        for path in PARTS
        if (below := {thing for thing in used(path) if floors[thing] > ROOMS.index(path.parent.name)})
    }

    assert upwards == {}


@pytest.mark.parametrize("path", PARTS, ids=name)
def test_file_tells_internal_from_public(path: Path) -> None:
    """Functions in a file whose name begins with _ are internal, those in any other file are public."""
    functions = re.findall(r"^create or replace function s3vl\.(\w+)", path.read_text(), re.MULTILINE)

    assert [function for function in functions if function.startswith("_") != path.name.startswith("_")] == []


def test_sections_that_hints_name_are_there() -> None:
    """A hint that says where to read on is not a dead end."""
    source = "".join(path.read_text() for path in PARTS)
    named = set(re.findall(r"docs/([a-z-]+\.md)#([a-z-]+)", source))

    assert len(named) >= 2
    for page, section in named:
        headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / page).read_text(), re.MULTILINE)
        assert section in {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings
        }, page


@pytest.mark.parametrize("path", PARTS + SCRIPTS, ids=name)
def test_file_is_short_and_narrow(path: Path) -> None:
    """At most 200 lines of at most 100 columns, and a first line that says what it is."""
    lines = path.read_text().splitlines()

    # The table of contents has a line for each file.
    assert len(lines) <= 200 or path.name == "manifest.sql"
    assert [line for line in lines if len(line) > 100] == []
    assert lines[0].startswith("-- ")


@pytest.mark.parametrize("path", PARTS, ids=name)
@pytest.mark.parametrize(
    "forbidden",
    [
        r"#variable_conflict",
        r"if (not )?exists\s+s3vl",
        r"\bbegin atomic\b",
        r"\$[0-9]+\b(?!\$)",
    ],
)
def test_file_is_free_of(path: Path, forbidden: str) -> None:
    """What hides mistakes is not in the source."""
    # In SQL that is put together, $1 is what EXECUTE ... USING brings.
    code = re.sub(r"--.*|'(?:[^']|'')*'", "''", path.read_text())
    assert re.findall(forbidden, code) == []


def test_dynamic_sql_is_about_grants_locks_notes_bound_tables_candidates_and_extensions() -> None:
    """GRANT, LOCK and PREPARE take no parameters, tables and candidates are data, extensions may be missing."""
    dynamic = [
        name(path) for path in PARTS if re.search(r"(?m)^\s*(return query )?execute ", path.read_text())
    ]

    assert dynamic == [
        "base/_lock.sql",
        "call/_notes.sql",
        "filtered/_candidates.sql",
        "operate/_access.sql",
        "sync/_capture.sql",
        "sync/_home.sql",
        "sync/_read_rows.sql",
        "sync/bind_table.sql",
        "sync/rows_to_embed.sql",
        "text/move_to_cold.sql",
        "text/query_hybrid_local.sql",
        "text/query_tiered.sql",
        "vectors/_encode_records.sql",
    ]


@pytest.mark.parametrize("path", PARTS, ids=name)
def test_catching_everything_raises_what_is_not_meant(path: Path) -> None:
    """Each `when others` passes on what it does not handle."""
    for handler in re.findall(r"when others then\n(.*?)\n\s*end;", path.read_text(), re.DOTALL):
        assert re.search(r"^\s*raise;$", handler, re.MULTILINE), handler


@pytest.mark.parametrize("path", PARTS, ids=name)
def test_every_error_says_what_it_is_and_what_to_do(path: Path) -> None:
    """Errors are small documents: SQLSTATE, message and hint stand in each, in this order."""
    for options in re.findall(r"raise exception(.*?);\n", path.read_text(), re.DOTALL):
        written = re.findall(r"(?:^|,|using)\s*(\w+) = ", options)
        assert [option for option in written if option != "detail"] == ["errcode", "message", "hint"], options


@pytest.mark.parametrize("path", PARTS + SCRIPTS, ids=name)
def test_file_is_ascii(path: Path) -> None:
    """The encoding in which psql reads a file is that of its session, and garbles any other character."""
    assert path.read_text().isascii()
