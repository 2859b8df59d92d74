"""How `make demo` ends when somebody stops it, or when a step fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Whoever runs the tests in the background may have ctrl-C ignored; a terminal does not.
PROGRAM = """
import signal
import sys
from pathlib import Path
from s3vl_local import demo
signal.signal(signal.SIGINT, signal.default_int_handler)
demo.WALKTHROUGH = Path(sys.argv[1])
sys.exit(demo.main())
"""


def start(page: Path, step: str) -> subprocess.Popen[str]:
    """Start the demo of a page with one step, in a process group as a terminal makes it."""
    page.write_text(f"```bash\n# Do it\n{step}\n```\n")
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, page],
        env={**os.environ, "PYTHONPATH": str(ROOT / "local")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def test_whoever_stops_it_is_told_nothing_that_is_false(tmp_path: Path) -> None:
    """After ctrl-C nothing runs, and nobody is sent to stop a cloud of his own."""
    with start(tmp_path / "page.md", "echo begun\nsleep 60") as demo:
        assert demo.stdout
        assert any(line == "begun\n" for line in demo.stdout)
        os.killpg(demo.pid, signal.SIGINT)
        _, said = demo.communicate(timeout=180)

    assert (demo.returncode, said) == (130, "\nInterrupted. Nothing is left running.\n")


def test_what_a_failed_step_printed_is_shown_once_and_whole(tmp_path: Path) -> None:
    """A failure is not cut as a long output is, and not told twice."""
    with start(tmp_path / "page.md", "seq 1000 1030\nfalse") as demo:
        printed, said = demo.communicate(timeout=180)

    assert demo.returncode == 1
    assert [printed.count(f"\n{number}\n") for number in (1000, 1007, 1008, 1030)] == [1, 1, 1, 1]
    assert said == (
        "\ndocs/walkthrough.md, line 2 failed (exit status 1); see above. Nothing is left running.\n"
    )
