"""The stack's vector bucket, which is deleted with the stack, but only when it is empty."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container


class VectorBucket:
    """A bucket by its ARN."""

    def __init__(self, client: Any, arn: str) -> None:
        self.name = arn.rpartition("/")[2]
        self._client = client

    def check_others(self, own: Container[str | None], fate: str) -> None:
        """Stop if it holds an index that is not the stack's: CloudFormation would fail half-way."""
        others = [index["indexName"] for index in self._indexes() if index["indexArn"] not in own]
        if others:
            commands = [
                f"  aws s3vectors delete-index --vector-bucket-name {self.name} --index-name {name}"
                for name in others
            ]
            raise SystemExit(
                f"nothing was done: bucket {self.name}, {fate}, also holds the index "
                f"{', '.join(others)}; if you can do without, delete it first:\n" + "\n".join(commands)
            )

    def delete_if_empty(self) -> str:
        """Delete the bucket; return why it stays, or nothing."""
        if names := [index["indexName"] for index in self._indexes()]:
            return f", which holds {', '.join(names)}"
        # CloudFormation has deleted it when the stack's template was one from before it kept what is replaced.
        with suppress(self._client.exceptions.NotFoundException):
            self._client.delete_vector_bucket(vectorBucketName=self.name)
        return ""

    def _indexes(self) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("list_indexes").paginate(vectorBucketName=self.name)
        try:
            return [index for page in pages for index in page["indexes"]]
        except self._client.exceptions.NotFoundException:
            # Somebody deleted the bucket before; CloudFormation does not mind.
            return []
