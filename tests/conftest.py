"""What every test folder shares; fixtures live in fixtures_*.py, by subject."""

import gc
import os
import shutil
from pathlib import Path

import psutil
from hypothesis import HealthCheck, settings

from s3vl_local import surroundings

# Before anything imports boto3: a reader's own profile or proxy is not part of a test. Runs on AWS need theirs.
if os.environ.get("S3VL_TEST_AWS") != "1":
    surroundings.leave(os.environ)

# A database is 300 files. A file system without a journal, which many virtual machines have, looks at all that were
# deleted in the last minutes before it makes one: that took half of the time in the kernel. Memory does not.
MEMORY = Path("/dev/shm")  # noqa: S108
if MEMORY.is_dir() and min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > 8e9:
    os.environ.setdefault("S3VL_POSTGRES_DATA", str(MEMORY / "s3vl-postgres"))

# What the tests import stays: to look through it for garbage would take a third of the time of collecting them.
gc.disable()

# By default an example that takes 200 ms has failed, which on a busy machine any can. And what fails in one run is to
# fail in the next: S3VL_EXAMPLES is for finding others.
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize="S3VL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

pytest_plugins = [
    "whole_run",
    "fixtures_postgres",
    "fixtures_cloud",
    "fixtures_iam",
    "fixtures_probe",
    "fixtures_s3vectors",
    "fixtures_sql",
    "fixtures_stacks",
    "fixtures_filtered",  # after fixtures_sql, which it imports
    "fixtures_install",  # after fixtures_sql, which it imports
]


def pytest_collection_finish() -> None:
    """Look for garbage from now on, in what the tests make."""
    gc.freeze()
    gc.enable()
