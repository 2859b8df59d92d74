"""Build lambda/build/s3vl-lambda.zip: the function and all that it imports, byte for byte the same each time.

The zip has its own boto3, because the runtime's may not know how QueryVectors pages. botocore describes every
service of AWS in 30 MB; only S3 Vectors goes in.

It holds no compiled .pyc, though they would spare a third of a second of a cold start: those that Lambda's Python
reads only the same Python writes, and the zip is to be the same whichever Python builds it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LAMBDA = Path(__file__).resolve().parent.parent / "lambda"
ZIP = LAMBDA / "build" / "s3vl-lambda.zip"
MAX_ZIP_BYTES = 10_000_000

# Of botocore/data: what every client reads, and the one service that is called.
_BOTOCORE_DATA = {
    "_retry.json",
    "endpoints.json",
    "partitions.json",
    "sdk-default-configuration.json",
    "s3vectors",
}
# Of powertools' utilities, each a feature to itself: what its Logger and Metrics import.
_POWERTOOLS_UTILITIES = {"__init__.py", "jmespath_utils", "typing"}
# What is never read: pip's records, console scripts, boto3's resource models, powertools' frameworks for HTTP.
_UNUSED = (
    "*.dist-info",
    "bin",
    "boto3/data",
    "boto3/examples",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/middleware_factory",
)
# The first moment that the zip format knows.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644
_UNIX = 3


def build(target: Path) -> None:
    """Write the zip to `target`; an older one is replaced at once, when the new one is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, because only there a file replaces another at once; builds at the same time do not meet.
    with tempfile.TemporaryDirectory(prefix="building-", dir=target.parent) as temporary:
        staging = Path(temporary) / "staging"
        with _progress("download and unpack requirements.txt"):
            _install_requirements(staging)
        _drop_unused(staging)
        _add_own_code(staging)
        with _progress("compress"):
            archive = Path(temporary) / target.name
            _write_zip(staging, archive)
        _check_size(archive)
        archive.replace(target)


@contextmanager
def _progress(step: str) -> Iterator[None]:
    """Say what is being done before it is, and how long it took after."""
    print(f"{step} …", end=" ", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:.1f} s")


def _install_requirements(staging: Path) -> None:
    """Unpack the pinned wheels: pure Python only, so that the zip runs on both architectures of Lambda."""
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    only_pure_python = ["--no-deps", "--no-compile", "--only-binary", ":all:", "--platform", "any"]
    source = ["--target", str(staging), "--requirement", str(LAMBDA / "requirements.txt")]
    if subprocess.run([*command, *only_pure_python, *source], check=False).returncode:  # noqa: S603 - our own words
        raise SystemExit(
            f"pip failed, see above; if {sys.executable} has no pip, use a Python 3.11 or newer that has"
        )


def _drop_unused(staging: Path) -> None:
    """Remove what the function never reads."""
    for pattern in _UNUSED:
        for folder in staging.glob(pattern):
            shutil.rmtree(folder)
    data = staging / "botocore" / "data"
    _keep_only(_BOTOCORE_DATA, data)
    _drop_endpoints_of_others(data / "endpoints.json")
    _keep_only(_POWERTOOLS_UTILITIES, staging / "aws_lambda_powertools" / "utilities")


def _keep_only(names: set[str], folder: Path) -> None:
    """Remove all else from a folder."""
    for entry in folder.iterdir():
        if entry.name in names:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _drop_endpoints_of_others(path: Path) -> None:
    """Leave Regions and partitions: the endpoints of S3 Vectors are in its own folder, and a cold start reads all."""
    endpoints = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {}
    path.write_text(json.dumps(endpoints))


def _add_own_code(staging: Path) -> None:
    """Put the function beside what it imports."""
    shutil.copytree(
        LAMBDA / "s3vl_lambda", staging / "s3vl_lambda", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    shutil.copy(LAMBDA / "index.py", staging)


def _write_zip(staging: Path, archive: Path) -> None:
    """Compress the folder; with sorted names and fixed times and modes, equal content is equal bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as written:
        for path in sorted(staging.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(staging).as_posix(), _TIMESTAMP)
                entry.external_attr = _MODE << 16
                entry.create_system = _UNIX
                entry.compress_type = zipfile.ZIP_DEFLATED
                written.writestr(entry, path.read_bytes())


def _check_size(archive: Path) -> None:
    """Stop when the zip has outgrown what it should be: something unused has come in."""
    size = archive.stat().st_size
    if size > MAX_ZIP_BYTES:
        raise SystemExit(
            f"the zip has {size:,} bytes, more than {MAX_ZIP_BYTES:,}; see what to add to _UNUSED"
        )
    print(f"{size / 1_000_000:.1f} MB in", end=" ")


if __name__ == "__main__":
    build(ZIP)
    print(ZIP)
