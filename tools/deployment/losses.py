"""What an update would take away from a stack: read from its change set, before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .vector_bucket import VectorBucket
from .vector_index import VectorIndex, amount

if TYPE_CHECKING:
    from collections.abc import Iterable

# A change as DescribeChangeSet has it, under ResourceChange.
Change = dict[str, Any]

_BUCKET, _INDEX = "AWS::S3Vectors::VectorBucket", "AWS::S3Vectors::Index"
# A Dynamic action is one that CloudFormation does not know before.
_REMOVES = ("Remove", "Dynamic")

_STOP = """\
nothing was done: with these parameters the stack loses
{}
If you mean it, type the same with DELETE_VECTORS=yes; if not, give the parameters their old values again.
docs/install.md#no-vectors-are-deleted-without-asking says more."""
_ANOTHER_TEMPLATE = """\
nothing was done: the stack was made from another template, and this one would remove
{}
Choose another name for STACK; or, if that template is a copy of this one with more in it, update the stack with the \
copy: aws cloudformation update-stack"""


class Losses:
    """The buckets and indexes that leave the stack with an update, and what they hold."""

    def __init__(self, client: Any, resources: dict[str, dict[str, Any]], *, may_delete: bool) -> None:
        """Take the resources of the template, and whether vectors may be deleted."""
        self._client = client
        self._resources = resources
        self._may_delete = may_delete
        self._replaced: list[Change] = []

    def check(self, changes: list[Change]) -> None:
        """Stop before the update if vectors leave the stack, and nobody said that they may."""
        self._check_known(changes)
        lost = [
            change for change in changes if change["ResourceType"] in (_BUCKET, _INDEX) and leaves(change)
        ]
        self._replaced = [change for change in lost if change["Action"] not in _REMOVES]
        arns = {change["PhysicalResourceId"] for change in lost}
        for change in lost:
            if change["ResourceType"] == _BUCKET and self._is_deleted(change):
                VectorBucket(self._client, change["PhysicalResourceId"]).check_others(
                    arns, "which this update deletes"
                )
        held = [
            f"  {arn}: {amount(count)}, {self.fate(change)}"
            for change in lost
            if change["ResourceType"] == _INDEX
            and (count := VectorIndex(self._client, arn := change["PhysicalResourceId"]).count())
        ]
        if held and not self._may_delete:
            raise SystemExit(_STOP.format("\n".join(held)))

    def delete_replaced(self, present: Iterable[str]) -> None:
        """Delete what the update replaced and the template leaves behind, unless it holds vectors since the check."""
        old = [
            change
            for change in self._replaced
            if self._is_deleted(change) and change["PhysicalResourceId"] not in present
        ]
        for change in sorted(old, key=lambda change: change["ResourceType"] == _BUCKET):
            arn = change["PhysicalResourceId"]
            kept = (
                VectorBucket(self._client, arn).delete_if_empty()
                if change["ResourceType"] == _BUCKET
                else VectorIndex(self._client, arn).delete(even_with_vectors=self._may_delete)
            )
            print(f"{'kept' if kept else 'deleted'}, for it was replaced: {arn}{kept}", flush=True)

    def fate(self, change: Change) -> str:
        """Say what becomes of it."""
        if change["Action"] in _REMOVES:
            return "deleted" if self._is_deleted(change) else "kept, but without the stack"
        what = "may be replaced" if change["Replacement"] == "Conditional" else "replaced"
        return f"{what} by an empty one, and {'deleted' if self._is_deleted(change) else 'kept'}"

    def _check_known(self, changes: list[Change]) -> None:
        """Stop if the update removes what the template does not have under any condition: it is another's stack."""
        unknown = [
            f"  {change['LogicalResourceId']}, {change['ResourceType']}"
            for change in changes
            if change["Action"] in _REMOVES and change["LogicalResourceId"] not in self._resources
        ]
        if unknown:
            raise SystemExit(_ANOTHER_TEMPLATE.format("\n".join(unknown)))

    def _is_deleted(self, change: Change) -> bool:
        """Tell whether CloudFormation deletes it, or the template keeps it only until we look at it."""
        if change["Action"] in _REMOVES:
            return change.get("PolicyAction") != "Retain"
        return self._resources[change["LogicalResourceId"]].get("DeletionPolicy") != "Retain"


def leaves(change: Change) -> bool:
    """Tell whether what the stack has of this resource leaves it, for certain or perhaps."""
    return change["Action"] in _REMOVES or change.get("Replacement", "False") != "False"
