"""The Lambda functions that are compared: s3vl's zip, the naive one with an unpruned boto3, and an empty one."""

from __future__ import annotations

import compileall
import io
import shutil
import subprocess
import sysconfig
import tempfile
import uuid
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

from s3vl_local.cloud import ROOT

# What `pip install --target . boto3` puts beside the handler: all of it, every service of AWS included.
_BOTO3 = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "jmespath", "six.py")
_HERE = Path(__file__).parent


def s3vl() -> bytes:
    """Package the function as the walkthrough does."""
    subprocess.run(["./package.sh"], cwd=ROOT / "lambda", check=True, capture_output=True)
    return (ROOT / "lambda" / "build" / "s3vl-lambda.zip").read_bytes()


def naive() -> bytes:
    """Package the naive handler with the whole boto3 of this environment, which is the version in s3vl's zip.

    Compiled as pip does, but so that it stays valid: as pip leaves it, each file's time is compared, and is lost.
    """
    packages = Path(sysconfig.get_paths()["purelib"])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for source in (_HERE / "naive" / "index.py", *(packages / name for name in _BOTO3)):
            if source.is_dir():
                shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
        compileall.compile_dir(
            folder, quiet=1, stripdir=temporary, invalidation_mode=PycInvalidationMode.CHECKED_HASH
        )
        return _zip(folder)


def empty() -> bytes:
    """Package the function that does nothing."""
    return _zip(_HERE / "empty")


def renewed(package: bytes) -> bytes:
    """Return the same package as a release that no environment has had yet."""
    data = io.BytesIO(package)
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr(f"release-{uuid.uuid4()}", "")
    return data.getvalue()


def _zip(folder: Path) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return data.getvalue()
