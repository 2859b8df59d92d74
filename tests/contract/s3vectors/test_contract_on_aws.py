"""How the contract cases choose AWS; the service behind the endpoint is the emulator's server all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import fixtures_s3vectors
from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOME_CASES = "create_vector_bucket or get_index or token"


def test_the_cases_run_where_the_environment_points(
    s3vectors_url: str, aws_client: Any, tmp_path: Path
) -> None:
    """With credentials the cases pass unchanged, and leave no bucket behind."""
    region, test = "eu-central-1", "tests/contract/s3vectors/test_contract.py"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", test, "-q", "-p", "no:cacheprovider", "-k", SOME_CASES],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "S3VL_TEST_AWS": "1",
            "AWS_ENDPOINT_URL": s3vectors_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": region,
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout
    assert aws_client("s3vectors", region).list_vector_buckets()["vectorBuckets"] == []


def test_without_credentials_the_cases_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """S3VL_TEST_AWS=1 says what is missing instead of skipping the cases."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(pytest.fail.Exception, match=r"no credentials or no region\. Set AWS_PROFILE"):
        fixtures_s3vectors.amazon()
