"""Names of indexes: what can be seen, and looks like no other name that differs in what cannot."""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures_sql import INDEX_ARN

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

REGISTER: LiteralString = "select s3vl.register_index(%(name)s, %(arn)s)"
HIDDEN = {
    "\t": "U+0009",
    "\n": "U+000A",
    "\x7f": "U+007F",
    "\x9b": "U+009B",
    "\u00a0": "U+00A0",
    "\u00ad": "U+00AD",
    "\u200b": "U+200B",
    "\u200d": "U+200D",
    "\u2028": "U+2028",
    "\u2029": "U+2029",
    "\u202e": "U+202E",
    "\u2066": "U+2066",
    "\u3000": "U+3000",
    "\u3164": "U+3164",
    "\ufe0f": "U+FE0F",
    "\ufeff": "U+FEFF",
    "\U000e0061": "U+E0061",
}


@pytest.mark.parametrize("character", HIDDEN, ids=list(HIDDEN.values()))
def test_what_cannot_be_seen_is_not_in_a_name(db: Database, stub: StubLambda, character: str) -> None:
    """The message says which character it is, since showing it would show nothing, or turn the line around."""
    error = db.error(REGISTER, name=f"a{character}b{character}", arn=INDEX_ARN)

    assert error.sqlstate == "22023"
    assert error.message_primary == f'index_name must be without {HIDDEN[character]}, got "a?b?"'
    assert stub.calls == []


@pytest.mark.parametrize("name", [" docs", "docs ", " "])
def test_spaces_are_inside_of_a_name(db: Database, name: str) -> None:
    """A space at an end is lost by whoever copies the name."""
    error = db.error(REGISTER, name=name, arn=INDEX_ARN)

    assert (error.sqlstate, error.message_primary) == (
        "22023", f'index_name must be without spaces at its ends, got "{name}"'
    )  # fmt: skip


def test_one_spelling_of_each_letter(db: Database, stub: StubLambda) -> None:
    """Letters with accents are in names as one character: with two they would look the same."""
    composed, decomposed = "\u00e9t\u00e9", "e\u0301te\u0301"
    stub.answers_failure("service_failure")

    error = db.error(REGISTER, name=decomposed, arn=INDEX_ARN)
    db.rows("insert into s3vl.config (lambda_arn, aws_region, timeout_seconds) values ('a', 'b', 30)")
    db.rows(REGISTER, name=composed, arn=INDEX_ARN)

    assert error.message_primary == f'index_name must be normalized, as normalize() does, got "{decomposed}"'


@pytest.mark.parametrize(
    "name", ["docs", "Docs 2.0 (old)", "über/ünïcode", "документы", "文書", "वस्तु", "a'b\"c", "😀"]
)
def test_every_script_is_good_for_names(db: Database, configured: StubLambda, name: str) -> None:
    """Letters, marks, digits, punctuation and spaces inside are taken, and found again."""
    configured.answers_failure("service_failure")

    db.rows(REGISTER, name=name, arn=INDEX_ARN)

    assert db.value("select s3vl.resolve_index_arn(%(name)s)", name=name) == INDEX_ARN


def test_hidden_characters_are_those_of_unicode(db: Database) -> None:
    """Of every control, format and separator character that Python knows none is forgotten but the plain space."""
    everything = [chr(n) for n in range(1, sys.maxunicode + 1) if not 0xD800 <= n <= 0xDFFF]
    hidden = [c for c in everything if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Zs"} and c != " "]

    missed = db.rows(
        "select to_hex(ascii(c.c)) as code from unnest(%(hidden)s::text[]) as c (c)"
        " where s3vl._hidden_character(c.c) is null",
        hidden=hidden,
    )
    letters = [c for c in everything if unicodedata.category(c)[0] in "LNPS" and unicodedata.name(c, "")]
    taken = db.rows(
        "select c.c from unnest(%(letters)s::text[]) as c (c) where s3vl._hidden_character(c.c) is not null",
        letters=letters,
    )

    assert missed == []
    # Letters and symbols that are blank all the same.
    assert {row["c"] for row in taken} == set("\u115f\u1160\u2800\u3164\uffa0\ufffc\ufffd") & {
        row["c"] for row in taken
    }


def test_name_that_an_older_version_took_goes_on_working(db: Database, configured: StubLambda) -> None:
    """Such an index can be used, described, closed, opened and forgotten; only a new name must be one to see."""
    name = "docs\u200b"
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn) values (%(name)s, %(arn)s)",
        name=name,
        arn=INDEX_ARN,
    )
    configured.answers({"index": {"dimension": 5, "distance_metric": "cosine"}})

    assert db.rows("select dimension from s3vl.describe_index(%(name)s)", name=name) == [{"dimension": 5}]
    for function in ("deactivate_index", "activate_index", "unregister_index"):
        assert db.value("select s3vl." + function + "(%(name)s)", name=name) is True
