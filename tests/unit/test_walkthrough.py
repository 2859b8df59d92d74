"""The walkthrough runner types what a page says, in one shell, and stops at the first failure."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING

import pytest

from s3vl_local import demo, walkthrough
from s3vl_local.screen import Screen

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """
# A page

```bash
# a comment belongs to the next command
cd inner

VALUE=kept
echo one

echo "$VALUE" \\
  two
```

Not run, because a sentence stands before it:

```text
echo not run
```

1. In a list:
   ```sql
   select 1;
   ```

   ```text
    ?column?
   ----------
   ```
"""


def test_blocks_become_steps() -> None:
    """Bash is split at blank lines, sql is one step, other blocks are for reading; lines are the page's."""
    steps = walkthrough.read(PAGE)

    assert steps == [
        walkthrough.Step(5, "bash", "# a comment belongs to the next command\ncd inner"),
        walkthrough.Step(8, "bash", "VALUE=kept\necho one"),
        walkthrough.Step(11, "bash", 'echo "$VALUE" \\\n  two'),
        walkthrough.Step(23, "sql", "select 1;", " ?column?\n----------"),
    ]


def test_outputs_are_written_into_the_page() -> None:
    """Only blocks that show an output get the new one, in their indentation."""
    page = walkthrough.with_outputs(PAGE, ["", "one", "kept two", " sum\n-----\n   1\n"])

    assert page == PAGE.replace("    ?column?\n   ----------\n", "    sum\n   -----\n      1\n")


def test_each_step_of_the_demo_has_a_title() -> None:
    """A comment on the page says what the step does, in the width of a terminal."""
    titles = [step.title for step in walkthrough.read(demo.WALKTHROUGH.read_text("utf-8"))]

    assert len(titles) > 30
    assert [title for title in titles if not re.fullmatch(r"[A-Z].{2,68}", title)] == []


def test_one_shell_runs_all_steps(tmp_path: Path) -> None:
    """Folders and variables last from step to step, and each step's output is its own."""
    (tmp_path / "inner").mkdir()
    watched = io.StringIO()

    outputs = walkthrough.run(walkthrough.read(PAGE)[:3], tmp_path, os.environ, Screen(watched))

    assert outputs == ["", "one", "kept two"]
    assert watched.getvalue().splitlines()[-4:] == [
        '[3/3] echo "$VALUE" \\',
        '$ echo "$VALUE" \\',
        "    two",
        "kept two",
    ]


@pytest.mark.parametrize("command", ["false", "false | true", "false; true", "exit 3", "nowhere-to-be-found"])
def test_a_failing_step_stops_the_walk(tmp_path: Path, command: str) -> None:
    """Any failure, also inside a pipe or before the last command, raises with line and command."""
    steps = [
        walkthrough.Step(7, "bash", f"echo before\n{command}"),
        walkthrough.Step(9, "bash", "touch after"),
    ]

    with pytest.raises(walkthrough.StepError, match=r"(?s)line 7 failed .*before") as failure:
        walkthrough.run(steps, tmp_path, os.environ)

    # Who has seen what it printed is not told again.
    assert "before" not in failure.value.summary

    assert not (tmp_path / "after").exists()


def test_output_without_a_last_line_break_is_kept(tmp_path: Path) -> None:
    """A command that does not end its line does not swallow the next step."""
    steps = [walkthrough.Step(1, "bash", "printf partial"), walkthrough.Step(2, "bash", "echo next")]

    assert walkthrough.run(steps, tmp_path, os.environ) == ["partial", "next"]
