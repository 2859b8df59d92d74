"""The stack's vector bucket, which is deleted with the stack, but only when it is empty."""

from __future__ import annotations

from typing import Any


class VectorBucket:
    """A bucket by its ARN."""

    def __init__(self, client: Any, arn: str) -> None:
        self.name = arn.rpartition("/")[2]
        self._client = client

    def check_others(self, own_index: str | None) -> None:
        """Stop if it holds an index that is not the stack's: CloudFormation would fail half-way."""
        others = [index["indexName"] for index in self._indexes() if index["indexArn"] != own_index]
        if others:
            commands = [
                f"  aws s3vectors delete-index --vector-bucket-name {self.name} --index-name {name}"
                for name in others
            ]
            raise SystemExit(
                f"nothing was done: bucket {self.name}, which goes with the stack, also holds the index "
                f"{', '.join(others)}; if you can do without, delete it first:\n" + "\n".join(commands)
            )

    def _indexes(self) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("list_indexes").paginate(vectorBucketName=self.name)
        try:
            return [index for page in pages for index in page["indexes"]]
        except self._client.exceptions.NotFoundException:
            # Somebody deleted the bucket before; CloudFormation does not mind.
            return []
