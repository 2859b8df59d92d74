"""The zip: the same bytes each time, small, and complete by itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import MAGIC_NUMBER, cache_from_source
from importlib.util import source_hash as source_hash_of
from pathlib import Path

import boto3
import pytest

import package_lambda
from fixtures_terminal import ASCII_TERMINAL

# One of each partition that has a name of its own.
REGIONS = ["eu-central-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1"]
# The flags of a compiled file (PEP 552): by the source's hash, not its time, and to be compared with it.
HASHED_AND_CHECKED = (0b11).to_bytes(4, "little")
PROBE = """
import gc, importlib, json, pkgutil, sys, threading
connections = []
sys.addaudithook(lambda event, arguments: connections.append(arguments[1]) if event == "socket.connect" else None)
sys.path.insert(0, sys.argv[1])
import index
import aws_lambda_powertools
from s3vl_lambda.services import s3_vectors
client = s3_vectors.client_for("us-west-2")
started_with = sorted({name.split(".")[0] for name in sys.modules})
for used in (aws_lambda_powertools.logging, aws_lambda_powertools.metrics):
    for module in pkgutil.walk_packages(used.__path__, used.__name__ + "."):
        importlib.import_module(module.name)
print(json.dumps({
    "handler": index.lambda_handler.__module__,
    "built at import": list(s3_vectors._clients),
    "endpoints": {region: s3_vectors.client_for(region).meta.endpoint_url for region in sys.argv[2:]},
    "connections": connections,
    "threads": threading.active_count(),
    "query": sorted(client.meta.service_model.operation_model("QueryVectors").input_shape.members),
    "kept for good": gc.isenabled() and gc.get_freeze_count() > len(gc.get_objects()),
    "modules": started_with,
    "outside": sorted(
        module.__name__ for module in list(sys.modules.values())
        if "site-packages" in (getattr(module, "__file__", None) or "")
    ),
}))
"""


def test_the_command_of_the_post_builds_the_same_bytes(package_file: Path, tmp_path: Path) -> None:
    """`./package.sh` in lambda/ leaves one zip in build/, and nothing of time, folder or settings gets into it.

    Whatever the folder is called, and whatever the terminal can show.
    """
    source = package_lambda.LAMBDA
    # A tree of its own: in this one, other tests may be building.
    tree = tmp_path / "Jörg's s3vl, second copy"
    shutil.copytree(source, tree / "lambda", ignore=shutil.ignore_patterns("build", "__pycache__"))
    shutil.copytree(source.parent / "tools", tree / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / ".venv").symlink_to(source.parent / ".venv")
    settings = {"PYTHONPYCACHEPREFIX": str(tree / "elsewhere"), "PYTHONOPTIMIZE": "1"} | ASCII_TERMINAL

    subprocess.run(["./package.sh"], cwd=tree / "lambda", env={**os.environ, **settings}, check=True)

    assert [path.name for path in (tree / "lambda" / "build").iterdir()] == [package_lambda.ZIP.name]
    built = tree / "lambda" / package_lambda.ZIP.relative_to(source)
    assert built.read_bytes() == package_file.read_bytes()


def test_the_zip_stands_alone_in_its_folder(package_file: Path) -> None:
    """No intermediate file is left behind."""
    assert list(package_file.parent.iterdir()) == [package_file]


def test_the_zip_is_small_and_holds_one_service(package_file: Path) -> None:
    """Of the 30 MB in which botocore describes AWS, only S3 Vectors is there."""
    names = zipfile.ZipFile(package_file).namelist()
    data = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}

    assert package_file.stat().st_size < 10_000_000
    assert data == {
        "_retry.json",
        "endpoints.json",
        "partitions.json",
        "s3vectors",
        "sdk-default-configuration.json",
    }
    assert names == sorted(names)
    assert {"index.py", "s3vl_lambda/handler.py"} <= set(names)
    assert not [name for name in names if ".dist-info/" in name or name.endswith(".so")]


def test_all_that_is_imported_is_there_compiled_too(package_file: Path, tmp_path: Path) -> None:
    """This Python need not compile anything, unless somebody has edited it: then the hash is another."""
    zipfile.ZipFile(package_file).extractall(tmp_path)

    for source in tmp_path.rglob("*.py"):
        compiled = Path(cache_from_source(str(source))).read_bytes()
        magic, flags, source_hash = compiled[:4], compiled[4:8], compiled[8:16]
        assert magic == MAGIC_NUMBER
        assert flags == HASHED_AND_CHECKED
        assert source_hash == source_hash_of(source.read_bytes())
        assert f"/var/task/{source.relative_to(tmp_path)}".encode() in compiled


def test_the_build_says_which_python_lambda_reads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Compiled by another one the zip still works, and whoever waits for cold starts learns what to type."""
    monkeypatch.setattr(package_lambda, "LAMBDA_PYTHON", sys.version_info[:2])
    package_lambda._say_whether_lambda_reads_that()
    assert capsys.readouterr().out == ""

    monkeypatch.setattr(package_lambda, "LAMBDA_PYTHON", (3, 99))
    package_lambda._say_whether_lambda_reads_that()
    assert "make PYTHON=python3.99 VENV=.venv399 package" in capsys.readouterr().out


def test_a_clean_interpreter_runs_what_is_in_the_zip(package_file: Path, tmp_path: Path) -> None:
    """With nothing else on its path the function starts; its boto3 knows today's QueryVectors, and where it is asked.

    What SnapStart takes its snapshot of has a client, but no connection or thread, which a restored one would lack;
    the collector leaves it alone. Of powertools, all that logs and counts can be imported, not only what it has been.
    """
    zipfile.ZipFile(package_file).extractall(tmp_path)

    probe = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE, str(tmp_path), *REGIONS],
        env={
            "AWS_REGION": "us-west-2",
            "AWS_LAMBDA_FUNCTION_NAME": "s3vl-vector-query",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    found = json.loads(probe.stdout)
    assert found["handler"] == "s3vl_lambda.handler"
    assert found["built at import"] == ["us-west-2"]
    assert found["endpoints"] == {
        region: boto3.client("s3vectors", region_name=region).meta.endpoint_url for region in REGIONS
    }
    assert {"nextToken", "queryMode", "queryTexts"} <= set(found["query"])
    assert (found["connections"], found["threads"]) == ([], 1)
    assert found["kept for good"]
    assert not {"aws_xray_sdk", "pydantic"} & set(found["modules"])
    assert found["outside"] == []


def test_requirements_that_cannot_be_had_stop_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The message of pip is followed by what may be missing, and no zip is left."""
    (tmp_path / "requirements.txt").write_text("s3vl-has-no-such-requirement @ file:///nowhere.whl\n")
    monkeypatch.setattr(package_lambda, "LAMBDA", tmp_path)
    monkeypatch.setattr(package_lambda, "WHEELS", tmp_path / "wheels")

    with pytest.raises(SystemExit, match="could not be downloaded, see above"):
        package_lambda.build(tmp_path / "build" / "s3vl-lambda.zip")

    assert "nowhere.whl" in capfd.readouterr().err
    assert list((tmp_path / "build").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [("none", None), ("another wheel", "DO NOT MATCH THE HASHES"), ("no hash", "--require-hashes mode")],
)
def test_only_what_has_the_pinned_hash_gets_into_the_zip(
    package_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    change: str,
    message: str | None,
) -> None:
    """Without a network the kept wheels make the same zip; one that was exchanged, or has no hash, makes none."""
    assert package_file
    wheels = tmp_path / "wheels"
    shutil.copytree(package_lambda.WHEELS, wheels)
    requirements = (package_lambda.LAMBDA / "requirements.txt").read_text()
    [wheel] = wheels.glob("six-*.whl")
    if change == "another wheel":
        with zipfile.ZipFile(wheel, "a") as opened:
            opened.writestr("six_more.py", "print('planted')")
    if change == "no hash":
        requirements = re.sub(r"(six==\S+)( \\\n +--hash=\S+)+", r"\1", requirements)
    (tmp_path / "requirements.txt").write_text(requirements)
    monkeypatch.setattr(package_lambda, "WHEELS", wheels)
    monkeypatch.setattr(package_lambda, "LAMBDA", tmp_path)
    # An index that nobody serves.
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)

    staging = tmp_path / "staging"
    if message is None:
        package_lambda._install_requirements(staging)
        assert (staging / "six.py").is_file()
    else:
        with pytest.raises(SystemExit, match="could not be downloaded, see above"):
            package_lambda._install_requirements(staging)
        assert message in capfd.readouterr().err
        assert not staging.exists()


def test_builds_at_the_same_time_do_not_meet(
    package_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a new checkout each downloads the wheels: none finds half of one that another keeps."""
    assert package_file
    # An index of files, which needs no network.
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(package_lambda.WHEELS)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(package_lambda, "WHEELS", tmp_path / "wheels")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(package_lambda._install_requirements, [tmp_path / name for name in "abc"]))

    names = {path.name for path in (tmp_path / "wheels").iterdir()}
    assert names == {path.name for path in Path(os.environ["PIP_FIND_LINKS"]).iterdir()}
    assert not list(tmp_path.glob("build/*"))


def test_a_zip_that_has_grown_too_large_is_refused(
    package_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is a fact that a build checks."""
    monkeypatch.setattr(package_lambda, "MAX_ZIP_BYTES", 1_000)

    with pytest.raises(SystemExit, match="more than 1,000"):
        package_lambda._check_size(package_file)
