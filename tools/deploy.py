"""Bring a stack, its code and its role on the cluster to what the parameters say: `make deploy`.

A second run with the same parameters changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import package_lambda  # type: ignore[import-not-found]
from deployment import parameters  # type: ignore[import-not-found]
from deployment.account import aws  # type: ignore[import-not-found]
from deployment.cluster import Cluster  # type: ignore[import-not-found]
from deployment.function import Function  # type: ignore[import-not-found]
from deployment.losses import Losses  # type: ignore[import-not-found]
from deployment.stack import Stack  # type: ignore[import-not-found]
from deployment.vector_index import (  # type: ignore[import-not-found]
    MODES,
    VectorIndex,
    check_options,
    read_text_keys,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOUDFORMATION = Path(__file__).resolve().parent.parent / "cloudformation"
TEMPLATE = CLOUDFORMATION / "template.yaml"


def main(arguments: Sequence[str] | None = None) -> None:
    """Check everything first, then do what is not done yet."""
    options = _options(arguments)
    template = TEMPLATE.read_text(encoding="utf-8")
    values = _values(options.parameters, template)
    text_keys = read_text_keys(options.text_keys)
    check_options(options.index_mode, text_keys, values.get("ExistingVectorIndexArns", ""))
    with aws() as session:
        stack = Stack(session.client("cloudformation"), options.stack)
        cluster = Cluster(session, values["AuroraClusterArn"])
        vectors = session.client("s3vectors")
        stack.check()
        cluster.check_room(stack.outputs().get("AuroraLambdaRoleArn"))
        VectorIndex(vectors).check_text_keys(text_keys)

        package_lambda.build(package_lambda.ZIP)
        print(package_lambda.ZIP)
        losses = Losses(vectors, parameters.resources(template), may_delete=options.delete_vectors)
        stack.apply(template, values, losses.check)
        losses.delete_replaced(stack.resources(options.stack).values())
        outputs = stack.outputs()
        function = Function(session.client("lambda"), outputs["LambdaFunctionName"])
        function.upload(package_lambda.ZIP.read_bytes())
        function.release()
        cluster.attach(outputs["AuroraLambdaRoleArn"])
        index = VectorIndex(vectors, outputs["S3VectorIndexArn"])
        if options.index_mode:
            index.set_mode(options.index_mode)
        if text_keys:
            index.set_text_keys(text_keys)
    print("\nThe stack is ready. In the database, with s3vl installed, type:\n")
    print(outputs["ConfigureCommand"])
    print(outputs["RegisterIndexCommand"])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    usage = "make deploy STACK=name [PARAMETERS=file INDEX_MODE=ENHANCED TEXT_KEYS=title:en,body DELETE_VECTORS=yes]"
    parser = argparse.ArgumentParser(prog="make deploy", usage=usage, description=__doc__)
    parser.add_argument("--stack", required=True, help="name of the CloudFormation stack")
    parser.add_argument("--parameters", type=Path, default=CLOUDFORMATION / "parameters.json")
    parser.add_argument(
        "--index-mode", choices=MODES, help="mode of the stack's index; left alone without this"
    )
    parser.add_argument(
        "--text-keys", default="", help="metadata keys with text search, such as title:en,body"
    )
    parser.add_argument(
        "--delete-vectors",
        action="store_true",
        help="go on when the update takes away indexes that hold vectors",
    )
    return parser.parse_args(arguments)


def _values(path: Path, template: str) -> dict[str, str]:
    """Return the values of the parameters, or stop with all that is wrong with them."""
    slots = parameters.declared(template)
    typed = parameters.given_to_make(os.environ.get("MAKEFLAGS", ""), slots)
    if typed:
        # The next make deploy would take them back.
        entries = [json.dumps({"ParameterKey": name, "ParameterValue": typed[name]}) for name in typed]
        raise SystemExit(
            "\n".join([f"nothing was done; write this into {path}, and leave it out here:", *entries])
        )
    values: dict[str, str] = parameters.read(path)
    problems = parameters.problems(values, slots)
    if problems:
        raise SystemExit("\n".join([f"nothing was done; correct {path}:", *problems]))
    return values


if __name__ == "__main__":
    main()
