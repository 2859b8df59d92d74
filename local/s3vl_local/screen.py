"""What a person sees of a walkthrough: numbered headings, commands that stand out, and no page of JSON."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, TextIO

from s3vl_local.walkthrough import Watcher

if TYPE_CHECKING:
    from s3vl_local.walkthrough import Step

# Of what the shell's commands print; a search result is shown whole.
LINES_SHOWN = 8
BOLD, PLAIN = "\033[1m", "\033[0m"
# The headings, apart from the commands.
COLOUR = "\033[36m"
_PROMPTS = {"bash": "$ ", "sql": "=# "}


class Screen(Watcher):
    """Writes steps and their outputs to a terminal, or to a file as plain text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        is_terminal = stream.isatty()
        self.columns = shutil.get_terminal_size().columns if is_terminal else None
        # https://no-color.org
        self._styled = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._left = 0
        self._hidden: list[str] = []

    def begin(self, number: int, total: int, step: Step) -> None:
        """Show its number, its title, and what is typed."""
        self._left = LINES_SHOWN if step.language == "bash" else -1
        self.say()
        self.say(self._in(COLOUR, f"[{number}/{total}] {step.title}"))
        prompt = _PROMPTS[step.language]
        for place, line in enumerate(step.typed.splitlines()):
            self.say((prompt if place == 0 else " " * len(prompt)) + self._in(BOLD, line))

    def show(self, line: str) -> None:
        """Show a line of the output, unless there have been enough."""
        if self._left == 0:
            self._hidden.append(line)
        else:
            self._left -= 1
            self.say(line)

    def end(self) -> None:
        """Say how much was not shown, or show it when it is no more than that would take."""
        if len(self._hidden) == 1:
            self.show_rest()
        if self._hidden:
            self.say(f"... and {len(self._hidden)} more lines")
        self._hidden.clear()

    def show_rest(self) -> None:
        """Show what was kept back of a step that has failed."""
        for line in self._hidden:
            self.say(line)
        self._hidden.clear()

    def say(self, line: str = "") -> None:
        """Write a line at once."""
        print(line, file=self._stream, flush=True)

    def _in(self, style: str, text: str) -> str:
        return f"{style}{text}{PLAIN}" if self._styled and text else text
