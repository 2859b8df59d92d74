"""The local cloud's commands, as the Makefile calls them: python -m s3vl_local COMMAND."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from s3vl_local import demo, parameters, shell, surroundings
from s3vl_local.cloud import ROOT, LocalCloud, LocalCloudError, State
from s3vl_local.postgres import PostgresError
from s3vl_local.strictness import Strictness, StrictnessError
from s3vl_local.walkthrough import StepError


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(prog="s3vl_local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the local cloud in the background, as strict as AWS")
    up.add_argument("--iam", metavar="off", help="do not enforce IAM policies")
    up.add_argument("--search", metavar="exact", help="search exactly")
    commands.add_parser("env", help="print the shell commands that make aws and psql talk to it")
    commands.add_parser("env-off", help="print the shell commands that take those back")
    commands.add_parser("psql", help="open psql in its database")
    fill = commands.add_parser("parameters", help="fill a file of the stack's parameters for it")
    fill.add_argument("--file", type=Path, default=ROOT / "cloudformation" / "parameters.json")
    commands.add_parser("demo", help="run docs/walkthrough.md in a cloud of its own")
    commands.add_parser(
        "guide", help="run the guide and the reference's examples, and write what they print into them"
    )
    commands.add_parser("down", help="stop it; its stacks, vectors and databases stay until the next up")
    commands.add_parser("reset", help="stop it and forget its stacks, vectors and databases")
    arguments = parser.parse_args()
    cloud = LocalCloud()
    # Only these have to know what a shell has, or had before.
    if arguments.command not in ("env", "env-off"):
        surroundings.leave(os.environ)
    try:
        _run(arguments, cloud)
    except KeyboardInterrupt:
        print("\nInterrupted. What runs can be stopped with: make down", file=sys.stderr)
        return 130
    except (LocalCloudError, PostgresError, StepError, StrictnessError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _run(arguments: argparse.Namespace, cloud: LocalCloud) -> None:
    match arguments.command:
        case "up":
            _up(cloud, Strictness.read(arguments.iam, arguments.search, os.environ))
        case "env":
            _evaluate(shell.point_at(cloud.environment(), os.environ))
            print(
                f"aws and psql talk to the local cloud.\n{cloud.strictness()}.\n"
                'To go back: eval "$(make -s env-off)"',
                file=sys.stderr,
            )
        case "env-off":
            _evaluate(shell.point_back(os.environ))
        case "psql":
            environment = {**os.environ, **cloud.environment()}
            os.execvpe("psql", ["psql"], environment)  # noqa: S606, S607
        case "parameters":
            parameters.write(arguments.file, cloud.environment())
            print(f"Wrote {os.path.relpath(arguments.file)}")
        case "demo":
            sys.exit(demo.main())
        case "guide":
            demo.fill_in_pages()
        case "down":
            cloud.down()
            print("The local cloud is stopped; make up brings it back as it was, make reset clears it.")
        case "reset":
            cloud.reset()
            print("The local cloud is stopped, and what it held is gone.")


def _up(cloud: LocalCloud, strictness: Strictness) -> None:
    """Start the cloud, and say where it is, how strict, and what shells must know."""
    before = cloud.known_state()
    print("Starting the local cloud ...", file=sys.stderr, flush=True)
    state = cloud.up(strictness)
    print(f"AWS APIs at http://127.0.0.1:{state.http_port}, PostgreSQL at 127.0.0.1:{state.postgres_port}.")
    if strictness.is_as_aws:
        print(f"{strictness}, as on AWS.\nTo turn either off: make up IAM=off SEARCH=exact")
    else:
        print(f"{strictness}. AWS is stricter, and so is: make up")
    again = 'eval "$(make -s env)"'
    if before is not None and _addresses(before) != _addresses(state):
        print(
            f"The ports changed, as something else has taken the old ones. In shells that are open: {again}"
        )
    elif os.environ.get("S3VL_TOKEN", state.token) != state.token:
        print(
            f"This shell has the credentials of another cloud, or of one that was reset. To change that: {again}"
        )
    else:
        print(f"To make aws and psql talk to it: {again}")


def _addresses(state: State) -> tuple[int, int]:
    """Return what shells know of a cloud."""
    return state.http_port, state.postgres_port


def _evaluate(commands: str) -> None:
    """Print what a shell reads: paths as they are, whatever the terminal can show."""
    sys.stdout.buffer.write(os.fsencode(f"{commands}\n"))


if __name__ == "__main__":
    sys.exit(main())
