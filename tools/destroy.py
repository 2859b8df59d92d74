"""Undo `make deploy`, after asking: take the role from the cluster, and delete the stack with all that it holds."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from deployment.account import aws  # type: ignore[import-not-found]
from deployment.cluster import Cluster  # type: ignore[import-not-found]
from deployment.stack import Stack  # type: ignore[import-not-found]
from deployment.vector_bucket import VectorBucket  # type: ignore[import-not-found]
from deployment.vector_index import VectorIndex, amount  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, detach, delete."""
    parser = argparse.ArgumentParser(
        prog="make destroy", usage="make destroy STACK=name [YES=1]", description=__doc__
    )
    parser.add_argument("--stack", required=True, help="name of the CloudFormation stack")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    with aws() as session:
        stack = Stack(session.client("cloudformation"), options.stack)
        found = stack.describe()
        if found is None:
            raise SystemExit(f"there is no stack {options.stack} in {session.region_name}; nothing was done")
        if found.get("EnableTerminationProtection"):
            # CloudFormation would say so only after the role is detached.
            raise SystemExit(
                f"nothing was done: stack {options.stack} is protected; if you mean it, type first: aws cloudformation "
                f"update-termination-protection --no-enable-termination-protection --stack-name {options.stack}"
            )
        there = stack.resources(found["StackId"])
        # With RetainVectors, or a bucket that was there before, the stack has none of this name.
        if "VectorBucket" in there:
            bucket = VectorBucket(session.client("s3vectors"), there["VectorBucket"])
            bucket.check_others({there.get("VectorIndex")}, "which goes with the stack")
        if not options.yes:
            _ask(options.stack, _vectors(session, there.get("VectorIndex")))
        # A stack that was rolled back has no outputs; its role was deleted with it.
        role = stack.outputs().get("AuroraLambdaRoleArn")
        if role is not None:
            values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in found["Parameters"]}
            Cluster(session, values["AuroraClusterArn"]).detach(role)
        retained = stack.delete(found["StackId"])
    print(f"stack {options.stack} is deleted")
    for resource in retained:
        print(f"kept, as the template says: {resource}")


def _vectors(session: Any, index: str | None) -> str:
    """Say which vectors go with the stack."""
    if index is None:
        return "no vectors"
    return f"{amount(VectorIndex(session.client('s3vectors'), index).count())} in its index {index}"


def _ask(name: str, vectors: str) -> None:
    """Stop unless a person types the stack's name."""
    if not sys.stdin.isatty():
        raise SystemExit("nothing was done: there is no terminal to ask at; in a script give YES=1")
    print(f"This deletes stack {name}, with {vectors}. Type the stack's name to go on:")
    # Not input(): at the end of the input that raises, and this is an answer like any other.
    if sys.stdin.readline().strip() != name:
        raise SystemExit("nothing was done: that is not the stack's name")


if __name__ == "__main__":
    main()
