"""Runs the commands of a Markdown page as a reader would: one shell, from the first line to the last.

Blocks fenced as bash are typed into the shell, paragraph by paragraph; blocks fenced as sql go into psql, which
the shell's variables point at the database. A block fenced as text right after one of them is what that prints.
Blocks of any other kind are for reading. A here-document must not hold a blank line: it would be split there.
A comment at the beginning of a step is its title.
"""

from __future__ import annotations

import re
import subprocess
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>bash|sql)\n(?P<body>.*?)^(?P=indent)```$"
    r"(?:\n+(?P=indent)```text\n(?P<output>.*?)^(?P=indent)```$)?",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r"(#|--) ")
_DONE = "__s3vl_walkthrough_done__"


@dataclass(frozen=True)
class Step:
    """One thing that the reader types, and where it stands on the page."""

    line: int
    language: str
    text: str
    # What the page says that it prints, when it says so.
    expected: str | None = None

    @property
    def title(self) -> str:
        """What it is about: the comment that it begins with, or else its first line."""
        return _TITLE.sub("", self.text.splitlines()[0])

    @property
    def typed(self) -> str:
        """What is typed, without the title."""
        first, _, rest = self.text.partition("\n")
        return rest if rest and _TITLE.match(first) else self.text

    def command(self, columns: int | None) -> str:
        """Return what the shell is given; psql shows tables that are wider than so many columns row by row."""
        if self.language == "bash":
            return self.text
        fitting = f" --pset expanded=auto --pset columns={columns}" if columns else ""
        return (
            f"psql -X -q --set ON_ERROR_STOP=1 --pset pager=off{fitting} <<'S3VL_SQL'\n{self.text}\nS3VL_SQL"
        )


class Watcher:
    """Who is told of each step as it happens; this one does nothing with it."""

    # How wide psql's tables may be, if there is a limit.
    columns: int | None = None

    def begin(self, number: int, total: int, step: Step) -> None:
        """Learn that a step is typed now."""

    def show(self, line: str) -> None:
        """Learn of a line that it prints."""

    def end(self) -> None:
        """Learn that it is over, and has not failed."""


SILENT = Watcher()


class StepError(Exception):
    """A step failed; the message has the command and everything that it printed."""

    def __init__(self, step: Step, status: int, output: list[str]) -> None:
        self.summary = f"line {step.line} failed (exit status {status})"
        super().__init__("\n".join([f"{self.summary}:", step.text, *output]))


def read(page: str) -> list[Step]:
    """Return the steps of a page, in order."""
    return [step for block in _BLOCK.finditer(page) for step in _steps(block)]


def with_outputs(page: str, outputs: list[str]) -> str:
    """Return the page with what its steps really printed in the place of what it says they print."""
    printed = iter(outputs)

    def filled(block: re.Match[str]) -> str:
        *_, last = [next(printed) for _ in _steps(block)]
        if block["output"] is None:
            return block[0]
        start, end = (position - block.start() for position in block.span("output"))
        return block[0][:start] + textwrap.indent(trimmed(last) + "\n", block["indent"]) + block[0][end:]

    return _BLOCK.sub(filled, page)


def trimmed(output: str) -> str:
    """Return an output as pages show it: psql pads its cells, editors dislike that."""
    return "\n".join(line.rstrip() for line in output.splitlines()).rstrip()


def run(
    steps: list[Step], folder: Path, environment: Mapping[str, str], watcher: Watcher = SILENT
) -> list[str]:
    """Run the steps in one shell that starts in `folder`; return what each printed, or raise StepError."""
    with subprocess.Popen(
        ["bash", "--noprofile", "--norc"],  # noqa: S607
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
        encoding="utf-8",
    ) as shell:
        _type(shell, "set -eo pipefail")
        outputs = []
        for number, step in enumerate(steps, 1):
            watcher.begin(number, len(steps), step)
            outputs.append(_run_step(shell, step, watcher))
            watcher.end()
        return outputs


def _steps(block: re.Match[str]) -> list[Step]:
    """Return the steps of one block; bash is split at blank lines, so that its commands have outputs of their own."""
    first_line = block.string.count("\n", 0, block.start("body")) + 1
    body = textwrap.dedent(block["body"]).rstrip("\n")
    pattern = r"(?:^.*\S.*$\n?)+" if block["language"] == "bash" else r"\A.*\Z"
    parts = list(re.finditer(pattern, body, re.MULTILINE if block["language"] == "bash" else re.DOTALL))
    expected = None if block["output"] is None else trimmed(textwrap.dedent(block["output"]))
    return [
        Step(
            first_line + body.count("\n", 0, part.start()),
            block["language"],
            part[0].rstrip("\n"),
            expected if part is parts[-1] else None,
        )
        for part in parts
    ]


def _run_step(shell: subprocess.Popen[str], step: Step, watcher: Watcher) -> str:
    # Braces keep variables and folders in this shell; commands must not read what is typed after them.
    command = step.command(watcher.columns)
    _type(shell, f"{{\n{command}\n}} </dev/null\nprintf '\\n%s\\n' {_DONE}")
    output: list[str] = []
    # A blank line is held back until the next one: before the mark it only ends output that had no line break.
    held = False
    assert shell.stdout is not None  # noqa: S101
    for line in shell.stdout:
        text = line.rstrip("\n")
        if text == _DONE:
            return "\n".join(output)
        for part in [""] * held + [text] * (text != ""):
            output.append(part)
            watcher.show(part)
        held = text == ""
    raise StepError(step, shell.wait(), output)


def _type(shell: subprocess.Popen[str], text: str) -> None:
    assert shell.stdin is not None  # noqa: S101
    shell.stdin.write(text + "\n")
    shell.stdin.flush()
