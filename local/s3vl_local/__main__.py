"""The local cloud's commands, as the Makefile calls them: python -m s3vl_local COMMAND."""

from __future__ import annotations

import argparse
import os
import sys

from s3vl_local import demo, parameters, surroundings
from s3vl_local.cloud import ROOT, LocalCloud, LocalCloudError
from s3vl_local.postgres import PostgresError
from s3vl_local.walkthrough import StepError


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(prog="s3vl_local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the local cloud in the background")
    commands.add_parser("env", help="print the shell commands that make aws and psql talk to it")
    commands.add_parser("psql", help="open psql in its database")
    commands.add_parser("parameters", help="fill cloudformation/parameters.json for it")
    commands.add_parser("demo", help="run docs/walkthrough.md in a cloud of its own")
    commands.add_parser(
        "guide", help="run the guide and the reference's examples, and write what they print into them"
    )
    commands.add_parser("down", help="stop it; its stacks, vectors and databases stay until the next up")
    commands.add_parser("reset", help="stop it and forget its stacks, vectors and databases")
    arguments = parser.parse_args()
    cloud = LocalCloud()
    # Only `env` has to know what it takes back.
    if arguments.command != "env":
        surroundings.leave(os.environ)
    try:
        _run(arguments.command, cloud)
    except KeyboardInterrupt:
        print("\nInterrupted. What runs can be stopped with: make down", file=sys.stderr)
        return 130
    except (LocalCloudError, PostgresError, StepError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _run(command: str, cloud: LocalCloud) -> None:
    match command:
        case "up":
            print("Starting the local cloud ...", file=sys.stderr, flush=True)
            state = cloud.up()
            print(
                f"AWS APIs at http://127.0.0.1:{state.http_port}, PostgreSQL at 127.0.0.1:{state.postgres_port}.\n"
                'To make aws and psql talk to them: eval "$(make -s env)"\n'
                "Unless you ask for more, IAM policies are not enforced and indexes are exact (docs/local-stack.md); "
                f"to enforce: curl -X PUT http://127.0.0.1:{state.http_port}/_s3vl/iam -d '{{\"enforce\": true}}' "
                '-H "Authorization: Bearer $S3VL_TOKEN"'
            )
        case "env":
            # Paths as they are, whatever the terminal can show: the shell reads this.
            sys.stdout.buffer.write(os.fsencode(f"{cloud.exports()}\n"))
        case "psql":
            environment = {**os.environ, **cloud.environment()}
            os.execvpe("psql", ["psql"], environment)  # noqa: S606, S607
        case "parameters":
            print(f"Wrote {os.path.relpath(parameters.write(ROOT / 'cloudformation', cloud.environment()))}")
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


if __name__ == "__main__":
    sys.exit(main())
