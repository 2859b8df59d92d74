"""The Lambda functions that are compared: s3vl's zip, the naive one with an unpruned boto3, and an empty one."""

from __future__ import annotations

import io
import subprocess
import sysconfig
import uuid
import zipfile
from pathlib import Path

from s3vl_local.cloud import ROOT

# What `pip install --target . boto3` puts beside the handler: all of it, every service of AWS included.
_BOTO3 = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "jmespath", "six.py")
_HERE = Path(__file__).parent


def s3vl() -> bytes:
    """Package the function as the README does."""
    subprocess.run(["./package.sh"], cwd=ROOT / "lambda", check=True, capture_output=True)
    return (ROOT / "lambda" / "build" / "s3vl-lambda.zip").read_bytes()


def naive() -> bytes:
    """Package the naive handler with the whole boto3 of this environment, which is the version in s3vl's zip."""
    packages = Path(sysconfig.get_paths()["purelib"])
    return _zip(_HERE / "naive", *(packages / name for name in _BOTO3))


def empty() -> bytes:
    """Package the function that does nothing."""
    return _zip(_HERE / "empty")


def renewed(package: bytes) -> bytes:
    """Return the same package as a release that no environment has had yet."""
    data = io.BytesIO(package)
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr(f"release-{uuid.uuid4()}", "")
    return data.getvalue()


def _zip(handler: Path, *modules: Path) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(handler / "index.py", "index.py")
        for module in modules:
            for path in sorted(module.rglob("*")) if module.is_dir() else [module]:
                # No compiled files: s3vl's zip has none, and a package for another Python would be stale.
                if path.is_file() and path.suffix != ".pyc":
                    archive.write(path, path.relative_to(module.parent))
    return data.getvalue()
