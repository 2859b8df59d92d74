"""The AWS CLI's s3vectors commands, every one that it has with the models of `make env`, against the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from s3vl_local.cloud import AWS_MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKET = "from-the-cli"
ARN = f"arn:aws:s3vectors:us-west-2:123456789012:bucket/{BUCKET}"
BY_NAME = ["--vector-bucket-name", BUCKET]
INDEX = [*BY_NAME, "--index-name", "docs"]
TAGS = ["--resource-arn", ARN]
POLICY = '{"Version": "2012-10-17", "Statement": []}'
RECORDS = [
    {"key": "a", "data": {"float32": [1, 0]}, "metadata": {"kind": "first"}},
    {"key": "b", "data": {"float32": [0, 1]}, "metadata": {"kind": "second"}},
]

# One life of a bucket: each command, its arguments, and what of its answer is told. Commands without an answer
# print nothing, or an empty object.
STEPS: list[tuple[str, list[str], Callable[[Any], Any], Any]] = [
    ("create-vector-bucket", BY_NAME, lambda answer: answer["vectorBucketArn"], ARN),
    ("get-vector-bucket", BY_NAME, lambda answer: answer["vectorBucket"]["vectorBucketArn"], ARN),
    (
        "list-vector-buckets",
        ["--prefix", BUCKET],
        lambda answer: [bucket["vectorBucketName"] for bucket in answer["vectorBuckets"]],
        [BUCKET],
    ),
    ("put-vector-bucket-policy", [*BY_NAME, "--policy", POLICY], bool, False),
    ("get-vector-bucket-policy", BY_NAME, lambda answer: answer["policy"], POLICY),
    ("delete-vector-bucket-policy", BY_NAME, bool, False),
    ("tag-resource", [*TAGS, "--tags", "team=search,stage=test"], bool, False),
    ("untag-resource", [*TAGS, "--tag-keys", "stage"], bool, False),
    ("list-tags-for-resource", TAGS, lambda answer: answer["tags"], {"team": "search"}),
    (
        "create-index",
        [*INDEX, "--data-type", "float32", "--dimension", "2", "--distance-metric", "cosine"],
        lambda answer: answer["indexArn"],
        f"{ARN}/index/docs",
    ),
    ("put-vector-bucket-default-index-mode", [*BY_NAME, "--default-index-mode", "ENHANCED"], bool, False),
    ("update-index-mode", [*INDEX, "--index-mode", "ENHANCED"], bool, False),
    (
        "update-metadata-configuration",
        [*INDEX, "--add", '{"textSearchConfigurations": [{"metadataKey": "kind", "language": "en"}]}'],
        lambda answer: answer["indexArn"],
        f"{ARN}/index/docs",
    ),
    ("get-index", INDEX, lambda answer: answer["index"]["dimension"], 2),
    (
        "list-indexes",
        BY_NAME,
        lambda answer: [index["indexName"] for index in answer["indexes"]],
        ["docs"],
    ),
    ("put-vectors", [*INDEX, "--vectors", json.dumps(RECORDS)], bool, False),
    (
        "get-vectors",
        [*INDEX, "--keys", "a", "--return-data", "--return-metadata"],
        lambda answer: answer["vectors"],
        [{"key": "a", "data": {"float32": [1.0, 0.0]}, "metadata": {"kind": "first"}}],
    ),
    (
        "list-vectors",
        [*INDEX, "--page-size", "1"],
        lambda answer: sorted(vector["key"] for vector in answer["vectors"]),
        ["a", "b"],
    ),
    (
        "query-vectors",
        [
            *INDEX,
            "--query-vector",
            '{"float32": [0, 2]}',
            "--top-k",
            "2",
            "--filter",
            '{"kind": "second"}',
            "--return-distance",
        ],
        lambda answer: answer["vectors"],
        [{"key": "b", "distance": 0.0}],
    ),
    (
        "query-vectors",
        [*INDEX, "--query-texts", '[{"text": "first", "metadataKey": "kind"}]', "--top-k", "2"],
        lambda answer: [vector["key"] for vector in answer["vectors"]],
        ["a"],
    ),
    ("delete-vectors", [*INDEX, "--keys", "a"], bool, False),
    ("delete-index", INDEX, bool, False),
    ("delete-vector-bucket", BY_NAME, bool, False),
]


@pytest.fixture(scope="module")
def ran(s3vectors_url: str) -> dict[str, Any]:
    """Run all steps, and return the commands that the CLI has and the answers."""
    commands = [["s3vectors", command, *arguments, "--output", "json"] for command, arguments, *_ in STEPS]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": s3vectors_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_PAGER": "",
        "AWS_DATA_PATH": str(AWS_MODELS),
    }
    process = subprocess.run(
        [sys.executable, Path(__file__).with_name("run_cli.py")],
        env=environment,
        input=json.dumps(commands),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(process.stdout)
    return result


def test_no_command_of_the_cli_is_left_out(ran: dict[str, Any]) -> None:
    """There is a step for each command in the CLI's own service model."""
    assert {command for command, *_ in STEPS} == set(ran["commands"])


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[step[0] for step in STEPS])
def test_a_command_of_the_cli_works(ran: dict[str, Any], number: int) -> None:
    """It succeeds and prints what boto3 would return."""
    status, printed = ran["answers"][number]
    _, _, told, expected = STEPS[number]

    assert status == 0
    assert expected == told(json.loads(printed or "{}"))
