"""What a person sees of a walkthrough, on a terminal and in a file."""

from __future__ import annotations

import io
import os

import pytest

from s3vl_local.screen import BOLD, LINES_SHOWN, PLAIN, Screen
from s3vl_local.walkthrough import Step


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


def shown(stream: io.StringIO, step: Step, *lines: str) -> str:
    """Return what a screen writes of a step that prints these lines."""
    screen = Screen(stream)
    screen.begin(12, 34, step)
    for line in lines:
        screen.show(line)
    screen.end()
    return stream.getvalue()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step(1, "bash", "# Upload it\naws x \\\n  y"), "\n[12/34] Upload it\n$ aws x \\\n    y\nok\n"),
        (Step(1, "sql", "-- Ask\nselect 1;"), "\n[12/34] Ask\n=# select 1;\nok\n"),
        (Step(1, "bash", "ls"), "\n[12/34] ls\n$ ls\nok\n"),
    ],
    ids=["bash", "sql", "without a title"],
)
def test_a_step_has_its_number_its_title_and_what_is_typed(step: Step, expected: str) -> None:
    """The comment that a step begins with is its heading, and not typed again."""
    assert shown(io.StringIO(), step, "ok") == expected


def test_commands_stand_out_on_a_terminal() -> None:
    """What is typed is bold, what it prints is not."""
    seen = shown(Terminal(), Step(1, "bash", "# Say\necho ok"), "ok")

    assert f"$ {BOLD}echo ok{PLAIN}\nok\n" in seen


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_nothing_is_styled_where_that_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A terminal that knows no styles, or a person who wants none, gets plain text."""
    monkeypatch.setenv(name, value)

    assert "\033" not in shown(Terminal(), Step(1, "bash", "# Say\necho ok"), "ok")


def test_long_output_of_a_command_is_cut_and_a_result_is_not() -> None:
    """Of 45 lines of JSON a few are shown, and how many more there are; rows of a search all are."""
    lines = [f"line {number}" for number in range(45)]

    cut = shown(io.StringIO(), Step(1, "bash", "aws"), *lines)
    whole = shown(io.StringIO(), Step(1, "sql", "select 1;"), *lines)

    assert cut.splitlines()[-2:] == [f"line {LINES_SHOWN - 1}", f"... and {45 - LINES_SHOWN} more lines"]
    assert whole.endswith("\nline 44\n")


def test_tables_fit_a_terminal_and_are_left_alone_elsewhere() -> None:
    """The terminal's width goes to psql, which shows wider tables row by row; in a file all is as it was."""
    step = Step(1, "sql", "select 1;")
    assert os.environ["COLUMNS"] == "120"

    assert "--pset expanded=auto --pset columns=120" in step.command(Screen(Terminal()).columns)
    assert "columns" not in step.command(Screen(io.StringIO()).columns)
