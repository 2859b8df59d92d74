"""`make demo`: the walkthrough, typed for you, in a cloud and a copy of the tree of its own."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from s3vl_local import surroundings, walkthrough
from s3vl_local.cloud import ROOT, LocalCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WALKTHROUGH = ROOT / "docs" / "walkthrough.md"
# The guide goes on where the walkthrough stands before this heading.
CLEAN_UP = "## Clean up"
GUIDE = ROOT / "docs" / "guide.md"
# What docs/sql-reference.md shows of each function.
EXAMPLES = ROOT / "tools" / "sql_examples.md"
# As on AWS: an index may miss a neighbour, and its distances are a little off.
APPROXIMATE = {"S3VL_NEW_INDEXES": '{"approximation": {}}'}
# As on AWS too: what no policy allows is refused.
ENFORCED = walkthrough.Step(
    0,
    "bash",
    """# This local cloud refuses what no IAM policy allows
curl -sfX PUT "$AWS_ENDPOINT_URL/_s3vl/iam" -H "Authorization: Bearer $S3VL_TOKEN" -d '{"enforce": true}'""",
)
# Nothing hidden: not git, not .venv, and not what tools keep and change meanwhile.
NOT_COPIED = (".*", "__pycache__", "build", "parameters.json")


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Give a copy of the checkout that shares its .venv, so that nobody's files or running cloud are touched."""
    with tempfile.TemporaryDirectory(prefix="s3vl-demo-") as folder:
        # Folders of many people have such names, so that each demo shows that they do no harm.
        tree = Path(folder) / "it's a copy"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
        (tree / ".venv").symlink_to(ROOT / ".venv")
        try:
            yield tree
        finally:
            LocalCloud(tree / ".local").reset()


def run(
    show: Callable[[str], None], further_pages: Sequence[Path] = ()
) -> list[tuple[walkthrough.Step, str]]:
    """Run every command of the walkthrough, in order, and those of further pages before the clean-up.

    Returns each step with what it printed.
    """
    with copied_tree() as tree:
        before, heading, after = WALKTHROUGH.read_text(encoding="utf-8").partition(CLEAN_UP)
        pages = [before, *(page.read_text(encoding="utf-8") for page in further_pages), heading + after]
        steps = [step for page in pages for step in walkthrough.read(page)]
        up = next(number for number, step in enumerate(steps) if "make -s env" in step.text)
        steps.insert(up + 1, ENFORCED)
        return list(zip(steps, walkthrough.run(steps, tree, environment(), show), strict=True))


def fill_in_pages() -> None:
    """Write what the commands of the guide and of the examples print into these pages."""
    printed = run(print, (GUIDE, EXAMPLES))
    for path in (GUIDE, EXAMPLES):
        page = path.read_text(encoding="utf-8")
        wanted = walkthrough.read(page)
        outputs = [output for step, output in printed if step in wanted]
        path.write_text(walkthrough.with_outputs(page, outputs), encoding="utf-8")


def environment() -> dict[str, str]:
    """Return this environment without what would send the commands anywhere else than the demo's own cloud."""
    # A make inside of a make takes the outer one's flags.
    kept = {name: value for name, value in surroundings.left().items() if not name.startswith("MAKE")}
    return kept | APPROXIMATE


def main() -> None:
    """Run the demo on the terminal."""
    start = time.monotonic()
    print("The walkthrough of the AWS post, command by command, in a local cloud of its own.", flush=True)
    steps = run(lambda line: print(line, flush=True))
    print(
        f"\nDemo complete: {len(steps)} steps in {time.monotonic() - start:.0f} s. Nothing is left running."
    )
