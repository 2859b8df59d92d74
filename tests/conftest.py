"""What every test folder shares; fixtures live in fixtures_*.py, by subject."""

import gc
import os

from s3vl_local import surroundings

# Before anything imports boto3: a reader's own profile or proxy is not part of a test. Runs on AWS need theirs.
if os.environ.get("S3VL_TEST_AWS") != "1":
    surroundings.leave(os.environ)

# What the tests import stays: to look through it for garbage would take a third of the time of collecting them.
gc.disable()

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
