"""The generated sections of docs/ are what `make docs` writes, and say everything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import build_docs
import sql_reference

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures_sql import Database


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    """Return what stands under each heading of the SQL reference, by heading."""
    page = (build_docs.DOCS / "sql-reference.md").read_text()
    return dict(part.split("\n", 1) for part in re.split(r"^#+ ", page, flags=re.MULTILINE)[1:])


@pytest.fixture(scope="module")
def errors() -> dict[str, str]:
    """Return what the page of errors lists under each SQLSTATE."""
    page = (build_docs.DOCS / "errors.md").read_text()
    return dict(part.split("\n", 1) for part in re.split(r"^### ", page, flags=re.MULTILINE)[1:])


def test_the_pages_are_up_to_date(db: Database) -> None:
    """Every generated section is as its source says now."""
    stale = []
    for (page, name), text in build_docs.sections(db.connection).items():
        written = (build_docs.DOCS / page).read_text()
        if written != build_docs.with_section(written, name, text):
            stale.append(f"docs/{page}: {name}")

    assert stale == [], "type: make docs"


def test_the_reference_has_every_public_function(db: Database, reference: dict[str, str]) -> None:
    """Each function stands there under its name, with its parameters and columns."""
    rows = db.rows(
        """
        select p.proname as function, array_remove(array_agg(a.name), null) as names
        from pg_proc as p left join lateral unnest(p.proargnames) as a (name) on true
        where p.pronamespace = 's3vl'::regnamespace and not starts_with(p.proname, '_')
        group by p.proname
        """
    )
    missing = [
        (row["function"], name)
        for row in rows
        for name in row["names"]
        if f"| `{name}` |" not in reference.get(row["function"], "")
    ]

    assert missing == []
    assert {"version"} < {row["function"] for row in rows} <= set(reference)


def test_every_public_function_has_an_example(db: Database, reference: dict[str, str]) -> None:
    """The reference shows a call of each function, and under it what that prints."""
    rows = db.rows(
        "select function_name::text as name from s3vl._access_levels() where function_name !~ '^_'"
    )
    without = [
        row["name"]
        for row in rows
        if not re.search(
            rf"^Example:\n\n```sql\n[^`]*s3vl\.{row['name']}\([^`]*```\n\n```text\n[^`]+```$",
            reference[row["name"]],
            re.MULTILINE,
        )
    ]

    assert without == []


def test_a_public_function_without_an_example_is_refused(
    db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where one is missing, `make docs` says for which function, and where to write it."""
    page = "".join(path.read_text() for path in sql_reference.EXAMPLES)
    (tmp_path / "examples.md").write_text(page.replace("### put_vectors\n", "### another\n"))
    monkeypatch.setattr(sql_reference, "EXAMPLES", (tmp_path / "examples.md",))

    with pytest.raises(ValueError, match=r"put_vectors has no example: .* tools/sql_examples\.md"):
        sql_reference.functions(db.connection)


def test_the_reference_has_every_public_type(db: Database, reference: dict[str, str]) -> None:
    """Each composite type stands there under its name."""
    rows = db.rows("select relname from pg_class where relnamespace = 's3vl'::regnamespace and relkind = 'c'")

    assert {row["relname"] for row in rows} <= set(reference)


def test_the_table_of_sqlstates_is_complete(errors: dict[str, str]) -> None:
    """What is explained by hand is what the source raises."""
    page = (build_docs.DOCS / "errors.md").read_text()

    assert re.findall(r"^\| \[(\w+)\]", page, re.MULTILINE) == list(errors)


def test_every_failure_of_the_protocol_is_listed(db: Database, errors: dict[str, str]) -> None:
    """What the database says about an error code stands under the SQLSTATE that the protocol gives it."""
    protocol = (build_docs.DOCS / "lambda-protocol.md").read_text()
    codes = dict(re.findall(r"^\| `(\w+)` .+ \| (\w{5}) \|$", protocol, re.MULTILINE))
    unlisted = []
    for code, sqlstate in codes.items():
        # One of the two has it; nothing but the code is told of the error.
        [failure] = db.rows(
            """
            select f.* from (values (jsonb_build_object('code', %(code)s::text))) as e (error)
            cross join lateral (
                select * from s3vl._particular_failure(e.error, '{}')
                union all select * from s3vl._answered_failure(e.error, '{}')
            ) as f
            """,
            code=code,
        )
        row = f"| `{failure['message']}` | `{failure['hint']}` |"
        if re.sub(r"{(\w+)}", r"<\1>", row) not in errors[sqlstate]:
            unlisted.append(code)

    assert len(codes) > 0
    assert unlisted == []
