"""Restrictions of a request: they admit what the filter of the same form finds, and nothing else is taken for one."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from s3vl_lambda.protocol.errors import InvalidRequestError
from s3vl_lambda.protocol.members import Members
from s3vl_lambda.protocol.restriction import read_restriction
from s3vl_local.s3vectors.filters import compile_filter

VALUES: list[Any] = ["a", "b", "1", "", 1, 1.0, 0, 2.5, True, False]
METADATA: list[dict[str, Any]] = [{}, {"other": "a"}, {"key": ["a", "b"]}, {"key": [1, 2.5]}] + [
    {"key": value} for value in VALUES
]
CONDITIONS = [{"$eq": value} for value in VALUES] + [
    {"$in": [one, two]} for one, two in product(VALUES, repeat=2)
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_a_restriction_means_what_the_filter_means(condition: dict[str, Any]) -> None:
    """On each kind of metadata it agrees with the emulated service."""
    restriction = read_restriction(Members({"restriction": {"key": condition}}))
    finds = compile_filter({"key": condition}, set())

    assert restriction is not None
    assert [restriction.admits(one) for one in METADATA] == [finds(one) for one in METADATA]


@pytest.mark.parametrize(
    "wrong",
    [{}, [], "x", None, {"k": "a"}, {"k": {"$ne": 1}}, {"k": {"$in": []}}, {"k": {"$eq": 1, "$in": [1]}}],
)
def test_what_is_no_restriction_is_refused(wrong: Any) -> None:
    """Never is it taken for none."""
    with pytest.raises(InvalidRequestError):
        read_restriction(Members({"restriction": wrong}))
