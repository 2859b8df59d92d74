"""Run commands of the AWS CLI, all in one process: `aws` takes most of a second to start.

A process of its own, because the CLI puts its own botocore in the place of the one that boto3 uses.
Reads a JSON array of argument lists, and prints the s3vectors commands that the CLI has and, for each list, the
exit status and what was printed.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

import awscli.clidriver
from awscli.botocore import xform_name


def run(arguments: list[str]) -> tuple[int, str]:
    """Run one command as `aws` would."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = awscli.clidriver.create_clidriver().main(arguments)
    return status, printed.getvalue()


def main() -> None:
    """Answer what stdin asks."""
    model = awscli.clidriver.create_clidriver().session.get_service_model("s3vectors")
    commands = [xform_name(operation, "-") for operation in model.operation_names]
    answers = [run(arguments) for arguments in json.load(sys.stdin)]
    json.dump({"commands": commands, "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
