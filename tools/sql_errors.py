"""What docs/errors.md lists under each SQLSTATE: messages and hints, read from the source in sql/.

All errors of s3vl are written down in one of two ways. One is `raise exception using errcode = …, message = …,
hint = …`. The other is a row of values, in which the message follows the SQLSTATE and the hint comes last.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import build_sql  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Iterator

SQL = Path(__file__).resolve().parent.parent / "sql"

TOKEN = re.compile(r"--.*|'(?:[^']|'')*'|[(),;]|[^-'(),;]+|-")
RAISE = re.compile(r"raise exception using\b")
LITERAL = re.compile(r"'((?:[^']|'')*)'")
# SQL makes one of literals that follow each other.
LITERALS = re.compile(r"'(?:[^']|'')*'(?:\s+'(?:[^']|'')*')*")
CONSTANT = re.compile(r"(\w+) constant text := ('(?:[^']|'')*');")
SQLSTATE = re.compile(r"'(?:22023|25006|42501|42704|42710|55000|55006|55P03|S3V\d\d)'")
SHORTEST_ERROR = len(("SQLSTATE", "message", "hint"))


class SqlError(NamedTuple):
    """An error that s3vl raises, in words without values."""

    sqlstate: str
    message: str
    hint: str


def errors() -> str:
    """Return the messages of each SQLSTATE with their hints."""
    sources = [(SQL / part).read_text(encoding="utf-8") for part in build_sql.parts(SQL)]
    # Some errors are raised in two places.
    found = dict.fromkeys(error for source in sources for error in _errors_in(source))
    parts = []
    for sqlstate in sorted({error.sqlstate for error in found}):
        rows = [f"| `{e.message}` | `{e.hint}` |" for e in found if e.sqlstate == sqlstate]
        parts.append("\n".join((f"### {sqlstate}", "", "| message | hint |", "|---|---|", *rows)))
    return "\n\n".join(parts)


def _errors_in(source: str) -> Iterator[SqlError]:
    """Yield the errors that are written down in a file."""
    for options in _options_of_raise(source):
        sqlstate = SQLSTATE.fullmatch(options["errcode"])
        # Where it is a variable, the words are in a list.
        if sqlstate:
            yield SqlError(
                sqlstate[0].strip("'"), _words(options["message"]), _words(options.get("hint", ""))
            )
    constants = dict(CONSTANT.findall(source))
    for values in _lists_of_values(source):
        error = list(itertools.dropwhile(lambda value: not SQLSTATE.fullmatch(value), values))
        if len(error) < SHORTEST_ERROR:
            continue
        message, hint = _words(error[1]), _words(constants.get(error[-1], error[-1]))
        # What has no words is an error that is passed on, or a list that only compares SQLSTATEs.
        if any(letter.islower() for letter in message):
            yield SqlError(error[0].strip("'"), message, hint)


def _options_of_raise(source: str) -> Iterator[dict[str, str]]:
    """Yield the options of each raise, with their expressions."""
    for start in RAISE.finditer(source):
        depth, options = 0, [""]
        for piece in TOKEN.findall(source[start.end() :]):
            if piece.startswith("--"):
                continue
            if piece == ";":
                break
            depth += (piece == "(") - (piece == ")")
            if piece == "," and depth == 0:
                options.append("")
            else:
                options[-1] += piece
        split = (option.partition("=") for option in options)
        yield {name.strip(): expression.strip() for name, _, expression in split}


def _lists_of_values(source: str) -> Iterator[list[str]]:
    """Yield what stands in each pair of parentheses."""
    open_lists: list[list[str]] = [[""]]
    for piece in TOKEN.findall(source):
        if piece.startswith("--"):
            continue
        if piece == ",":
            open_lists[-1].append("")
        elif piece == "(":
            open_lists.append([""])
        elif piece == ")":
            values = open_lists.pop()
            yield [value.strip() for value in values]
            open_lists[-1][-1] += f"({','.join(values)})"
        else:
            open_lists[-1][-1] += piece


def _words(expression: str) -> str:
    """Return the words of a message or hint: its longest literal, with … for the values that are put in."""
    literals = ["".join(LITERAL.findall(several)) for several in LITERALS.findall(expression)]
    words = max(literals, key=len, default="").replace("''", "'")
    words = re.sub(r"%(?:\d\$)?[sIL]|(?<= )$|^$", "…", words)
    words = re.sub(r"…+", "…", words).replace("|", r"\|")
    return re.sub(r"{(\w+)}", r"<\1>", words)
