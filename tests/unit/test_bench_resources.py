"""What the benchmark's searches use."""

from __future__ import annotations

import subprocess

import psutil

from bench import resources


def test_a_process_that_ends_meanwhile_has_no_part_in_the_work() -> None:
    """PostgreSQL's own workers come and go; the others are counted all the same."""
    other = subprocess.Popen(["sleep", "60"])

    def work() -> None:
        other.kill()
        other.wait()
        # Not before the first reading: the clock of CPU time may tick between the two.
        started = psutil.Process().cpu_times().user
        while psutil.Process().cpu_times().user == started:
            pass

    used = resources.cpu_ms({"ours": [psutil.Process()], "other": [psutil.Process(other.pid)]}, work)

    assert used["other"] == 0
    assert used["ours"] > 0
