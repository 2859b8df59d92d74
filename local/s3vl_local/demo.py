"""`make demo`: the walkthrough, typed for you, in a cloud and a copy of the tree of its own."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from s3vl_local import strictness, surroundings, walkthrough
from s3vl_local.cloud import ROOT, LocalCloud
from s3vl_local.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WALKTHROUGH = ROOT / "docs" / "walkthrough.md"
CLEAN_UP = "## Clean up"
GUIDE = ROOT / "docs" / "guide.md"
# A table moves from pgvector to S3 Vectors, and changes its model.
SYNC = ROOT / "docs" / "sync.md"
# Beside pgvector.
PGVECTOR = ROOT / "docs" / "pgvector.md"
# What docs/sql-reference.md shows of each function.
EXAMPLES = ROOT / "tools" / "sql_examples.md"
PGVECTOR_EXAMPLES = ROOT / "tools" / "sql_examples_pgvector.md"
WHEELS = ROOT / "lambda" / "wheels"
BEFORE = """\
The walkthrough of the AWS post, command by command, in a local cloud of its
own: PostgreSQL, the real function, an emulated AWS. Your AWS account, your
files and your local cloud are not touched. Ctrl-C ends it, and leaves nothing
running."""
AFTER = """
Done: {steps} steps in {seconds:.0f} s. You saw
  - a stack deployed with the AWS CLI: the function, two roles, a vector index;
  - the schema s3vl, installed into PostgreSQL with psql;
  - 50 vectors searched with SQL, filtered by metadata, and joined with a table;
  - all of it removed again. Nothing is left running.

Next:
  make up              start a local cloud that stays: README.md, "Try it here"
  docs/guide.md        move a pgvector table to S3 Vectors
  docs/walkthrough.md  what you saw, to type yourself
  docs/install.md      deploy to your AWS account, with make deploy"""
# Nothing hidden: not git, not .venv, and not what tools keep and change meanwhile.
NOT_COPIED = (".*", "__pycache__", "build", "wheels", "parameters.json")


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Give a copy of the checkout that shares its .venv, so that nobody's files or running cloud are touched."""
    with tempfile.TemporaryDirectory(prefix="s3vl-demo-") as folder:
        # Folders of many people have such names, so that each demo shows that they do no harm.
        tree = Path(folder) / "it's a copy"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
        (tree / ".venv").symlink_to(ROOT / ".venv")
        # What the function's zip is made of is downloaded once, and not for each copy.
        WHEELS.mkdir(exist_ok=True)
        (tree / "lambda" / "wheels").symlink_to(WHEELS)
        try:
            yield tree
        finally:
            LocalCloud(tree / ".local").reset()


def steps_with(further_pages: Sequence[Path]) -> list[walkthrough.Step]:
    """Return the steps of the walkthrough, and of pages that continue from there before its clean-up."""
    before, heading, after = _text(WALKTHROUGH).partition(CLEAN_UP)
    texts = [before, *map(_text, further_pages), heading + after]
    return [step for text in texts for step in walkthrough.read(text)]


def run(
    steps: list[walkthrough.Step], watcher: walkthrough.Watcher = walkthrough.SILENT
) -> list[tuple[walkthrough.Step, str]]:
    """Run steps in a cloud of their own; return each with what it printed."""
    with copied_tree() as tree:
        return list(zip(steps, walkthrough.run(steps, tree, environment(), watcher), strict=True))


def fill_in_pages() -> None:
    """Write what the commands of the guide and of the other pages print into these."""
    pages = (GUIDE, SYNC, PGVECTOR, PGVECTOR_EXAMPLES, EXAMPLES)
    printed = run(steps_with(pages), Screen(sys.stdout))
    for path in pages:
        page = _text(path)
        wanted = walkthrough.read(page)
        outputs = [output for step, output in printed if step in wanted]
        path.write_text(walkthrough.with_outputs(page, outputs), encoding="utf-8")


def environment() -> dict[str, str]:
    """Return this environment without what would send the commands elsewhere, or make the demo's cloud less strict."""
    # A make inside of a make takes the outer one's flags.
    return {
        name: value
        for name, value in surroundings.left().items()
        if not name.startswith("MAKE") and name not in ("IAM", "SEARCH", strictness.VARIABLE)
    }


def main() -> int:
    """Run the demo on the terminal; return the exit status."""
    screen = Screen(sys.stdout)
    screen.say(BEFORE)
    start = time.monotonic()
    try:
        steps = run(walkthrough.read(_text(WALKTHROUGH)), screen)
    except walkthrough.StepError as error:
        screen.show_rest()
        print(f"\ndocs/walkthrough.md, {error.summary}; see above. Nothing is left running.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is left running.", file=sys.stderr)
        return 130
    screen.say(AFTER.format(steps=len(steps), seconds=time.monotonic() - start))
    return 0


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")
