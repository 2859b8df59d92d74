"""make lint finds names in the built scripts that another role could take over."""

from __future__ import annotations

import re

import pytest

import lint_scripts

SAFE = "set search_path = pg_catalog, pg_temp"


def function(body: str, path: str = SAFE, words: str = "create") -> str:
    """Return a statement that creates a function with a variable of a table's type."""
    return (
        f"{words} function s3vl.f() returns setof integer language plpgsql {path}\n"
        f"as $$\ndeclare\n    _row s3vl.config;\nbegin\n{body}\nend;\n$$;\n"
    )


def test_unsafe_names_are_found() -> None:
    """They are found behind what pgspot cannot read, too."""
    script = (
        "select 1 as one\n\\gset\nselect 1 = 1;\n"
        + function("    return next s3vl.g() - 1;", path="")
        + function("    return query\n    select 1 - 1;", path="")
        + function("    _row.timeout_seconds := g();", path="")
    )

    said = lint_scripts.problems("s3vl-1.sql", script)

    assert re.findall(r"^PS\d+", said, re.MULTILINE) == [
        "PS001",  # an operator
        *("PS005", "PS001"),  # a function without search_path, an operator in it
        *("PS005", "PS001"),
        *("PS005", "PS016"),  # and a function in it
    ]


def test_what_cannot_be_read_is_no_success() -> None:
    """An error of pgspot itself is told."""
    assert "syntax error" in lint_scripts.problems("s3vl-1.sql", function("    no statement"))


@pytest.mark.parametrize(
    ("name", "said"), [("s3vl--1.sql", "PS002"), ("s3vl--1--2.sql", ""), ("upgrade-1-2.sql", "")]
)
def test_only_updates_replace_functions(name: str, said: str) -> None:
    """What is installed anew may take over nothing that somebody has planted."""
    body = "    _row.timeout_seconds := 1;\n    return next _row.timeout_seconds;\n    return query select 2;"

    found = lint_scripts.problems(name, function(body, words="create or replace"))

    assert found.partition(":")[0] == said
