"""Run sample-data/semantic-search.ipynb from top to bottom: `make notebook`.

It runs in a local cloud of its own, with the stack deployed and s3vl installed, which is gone afterwards.
What it printed and drew is in build/notebook/: the notebook with its results, and the same as a page.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import nbformat
import psycopg
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from s3vl_local import parameters, postgres, postgres_tls, surroundings
from s3vl_local.cloud import ROOT, LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SOURCE = ROOT / "sample-data" / "semantic-search.ipynb"
TARGET = ROOT / "build" / "notebook"
STACK = "notebook"
SECRET = "aurora-db"  # noqa: S105 - its name
# What the function of the notebook imports besides its own code. On AWS boto3 is there, and the rest is a layer.
_LIBRARIES = (
    "boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3",
    "psycopg", "psycopg-binary", "typing-extensions",
)  # fmt: skip
# botocore describes every service of AWS, of which the function calls one.
_OF_A_SERVICE = re.compile(r"botocore/data/(?!secretsmanager/)[^/]+/")
_SECONDS = 120


def main() -> int:
    """Prepare a cloud, run the notebook in it, and say where the results are."""
    parser = argparse.ArgumentParser(prog="make notebook", description=__doc__)
    parser.add_argument("--page", type=Path, default=TARGET / "notebook.md", help="where the page goes")
    options = parser.parse_args()
    surroundings.leave(os.environ)
    started = time.monotonic()
    cloud = LocalCloud(TARGET / "cloud")
    cloud.reset()
    try:
        print("Starting a local cloud, and deploying s3vl to it ...", flush=True)
        cloud.up()
        deploy(cloud)
        notebook = nbformat.read(SOURCE, as_version=4)
        with prepared(cloud, "postgres", TARGET) as environment:
            run(notebook, environment)
    except CellExecutionError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        cloud.reset()
    nbformat.write(notebook, TARGET / SOURCE.name)
    write_page(notebook, options.page)
    print(
        f"Done in {time.monotonic() - started:.0f} s.\n"
        f"  {TARGET.relative_to(ROOT) / SOURCE.name}  the notebook with its results\n"
        f"  {os.path.relpath(options.page)}  the same to read"
    )
    return 0


def deploy(cloud: LocalCloud) -> None:
    """Create the stack, install s3vl into the database postgres, and tell it its function."""
    environment = {**os.environ, **cloud.environment()}
    entries = TARGET / "parameters.json"
    allowed = [{"ParameterKey": name, "ParameterValue": "true"} for name in ("AllowWrites", "ManageIndexes")]
    entries.write_text(json.dumps(allowed), encoding="utf-8")
    parameters.write(entries, environment)
    psql = ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]
    commands = (
        [sys.executable, str(ROOT / "tools" / "deploy.py"), "--stack", STACK, "--parameters", str(entries)],
        [*psql, "--file", str(ROOT / "sql" / "install.sql")],
    )
    for command in commands:
        subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)  # noqa: S603
    stack = client("cloudformation", environment).describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    with psycopg.connect(cloud.postgres().url()) as connection:
        connection.execute(outputs["ConfigureCommand"])


@contextmanager
def prepared(cloud: LocalCloud, database: str, folder: Path) -> Iterator[dict[str, str]]:
    """Give the notebook what a cluster of Aurora has: TLS, a secret with its login, and a role for functions."""
    server, environment = cloud.postgres(), {**os.environ, **cloud.environment()}
    with postgres_tls.front(server.port, folder / "tls") as front:
        login = {
            "host": "127.0.0.1", "port": front.port, "dbname": database, "user": postgres.MASTER_USER,
            "password": server.password, "sslmode": "require",
        }  # fmt: skip
        secrets = client("secretsmanager", environment)
        secrets.create_secret(Name=SECRET, SecretString=json.dumps(login))
        yield environment | {
            "PGSSLROOTCERT": str(front.root_certificate),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "local"), str(ROOT / "tools"))),
            "S3VL_LIBRARIES": str(pack_libraries(folder / "libraries.zip")),
            # The same plots, whoever draws them.
            "MPLCONFIGDIR": str(folder / "matplotlib"),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        }


def client(service: str, environment: Mapping[str, str]) -> Any:
    """Return a client of a service of the local cloud."""
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def pack_libraries(target: Path) -> Path:
    """Put the packages that the notebook's function imports into a zip."""
    if target.exists():
        return target
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name in _LIBRARIES:
            for path in metadata.files(name) or []:
                if path.suffix != ".pyc" and ".." not in path.parts and not _OF_A_SERVICE.match(str(path)):
                    packed.write(str(path.locate()), str(path))
    return target


def run(notebook: nbformat.NotebookNode, environment: Mapping[str, str]) -> None:
    """Run all cells in one kernel, and say at which the run is."""
    started = time.monotonic()
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]

    def say(cell: nbformat.NotebookNode, cell_index: int) -> None:
        if cell_index in code:
            place = f"{code.index(cell_index) + 1:2}/{len(code)}"
            print(f"  {place} {time.monotonic() - started:4.0f} s  {cell.id}", flush=True)

    client = NotebookClient(
        notebook,
        timeout=_SECONDS,
        kernel_name="python3",
        record_timing=False,
        # A socket that nobody else can open, in place of a port.
        config=Config({"KernelManager": {"transport": "ipc"}}),
        resources={"metadata": {"path": str(ROOT)}},
        on_cell_start=say,
    )
    client.execute(env=dict(environment))
    print(flush=True)


def write_page(notebook: nbformat.NotebookNode, page: Path) -> None:
    """Write the notebook as Markdown, with what its cells printed, and each picture in a file beside it."""
    pictures = page.with_suffix("")
    pictures.mkdir(parents=True, exist_ok=True)
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
        if printed.strip():
            parts.append(f"```text\n{printed.rstrip()}\n```")
        for output in cell.outputs:
            if drawn := output.get("data", {}).get("image/svg+xml"):
                picture = pictures / f"{cell.id}.svg"
                drawn = "\n".join(line.rstrip() for line in drawn.splitlines())
                picture.write_text(f"{drawn}\n", encoding="utf-8")
                parts.append(f"![{cell.metadata['alt']}]({pictures.name}/{picture.name})")
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
