"""What the pages say about psql itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import build_docs
from fixtures_sql import psql

if TYPE_CHECKING:
    from s3vl_local.postgres import PostgresServer


def page(name: str) -> str:
    """Return a page of docs/."""
    return (build_docs.DOCS / name).read_text()


def test_the_pattern_shows_what_is_public(postgres: PostgresServer, installed_template: str) -> None:
    r"""The `\df` of the pages lists the functions of the SQL reference, and no internal ones."""
    url = postgres.url(database=installed_template)
    [reference] = re.findall(r"`(\\df s3vl\..+?)`", page("sql-reference.md"))
    listed = psql(url, "-At", "-c", reference).stdout

    public = set(re.findall(r"^### (\w+)\n\n```sql", page("sql-reference.md"), re.MULTILINE))
    assert {line.split("|")[1] for line in listed.splitlines()} == public
    assert reference.removeprefix("\\df ") in page("security.md")
