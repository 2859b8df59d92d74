"""Bucket policies, through the API; test_cloudformation.py has those of stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest

POLICY = {"Version": "2012-10-17", "Statement": []}


@pytest.mark.parametrize("policy", ["", "no JSON", "[]"])
def test_what_is_no_policy_is_refused(s3vectors: Any, bucket: str, policy: str) -> None:
    """A policy is a JSON object; the one before stays."""
    s3vectors.put_vector_bucket_policy(vectorBucketName=bucket, policy=json.dumps(POLICY))

    with pytest.raises(s3vectors.exceptions.ValidationException, match="must be a JSON object"):
        s3vectors.put_vector_bucket_policy(vectorBucketName=bucket, policy=policy)
    assert json.loads(s3vectors.get_vector_bucket_policy(vectorBucketName=bucket)["policy"]) == POLICY
