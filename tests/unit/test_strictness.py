"""What `make up IAM=… SEARCH=…` and the environment say about how strict a local cloud is."""

from __future__ import annotations

from typing import Any

import pytest

from s3vl_local.strictness import APPROXIMATE, Strictness, StrictnessError


@pytest.mark.parametrize(
    ("iam", "search", "environment", "strictness", "sentence"),
    [
        (None, None, {}, Strictness(), "IAM policies are enforced, indexes are approximate"),
        ("on", "approximate", {}, Strictness(), "IAM policies are enforced, indexes are approximate"),
        (
            "off",
            "exact",
            {},
            Strictness(iam=False, indexes={}),
            "IAM policies are not enforced, indexes are exact",
        ),
        (
            None,
            None,
            {"S3VL_NEW_INDEXES": '{"approximation": {"seed": 7}, "write_rate": true}'},
            Strictness(indexes={"approximation": {"seed": 7}, "write_rate": True}),
            "IAM policies are enforced, indexes behave as S3VL_NEW_INDEXES says",
        ),
    ],
)
def test_everything_is_as_on_aws_unless_turned_off(
    iam: str | None, search: str | None, environment: dict[str, str], strictness: Strictness, sentence: str
) -> None:
    """Each of the two can be turned off, the variable holds what a control request does, and the result says itself."""
    read = Strictness.read(iam, search, environment)

    assert read == strictness
    assert str(read) == sentence
    assert read.is_as_aws == (read.iam and read.indexes == APPROXIMATE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"iam": "no"}, "IAM is 'no'; it may be on or off: make up IAM=off"),
        ({"search": "true"}, "SEARCH is 'true'; it may be approximate or exact: make up SEARCH=exact"),
        ({"variable": "yes"}, "S3VL_NEW_INDEXES is 'yes': Expecting value"),
        (
            {"variable": '{"loss": 1}'},
            "there is no 'loss'; there may be approximation, .*docs/local-stack.md",
        ),
        (
            {"search": "exact", "variable": "{}"},
            "both SEARCH and S3VL_NEW_INDEXES say .* leave one of them out",
        ),
    ],
    ids=str,
)
def test_what_is_not_understood_is_named(words: dict[str, Any], message: str) -> None:
    """The error has the value and what may stand there."""
    environment = {"S3VL_NEW_INDEXES": words["variable"]} if "variable" in words else {}

    with pytest.raises(StrictnessError, match=message):
        Strictness.read(words.get("iam"), words.get("search"), environment)
