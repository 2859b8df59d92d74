"""One cloud for each folder: whoever starts and stops it, at once or after an accident, finds it and no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from s3vl_local import __main__, postgres
from s3vl_local.cloud import ROOT, SERVER, LocalCloud, LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Iterator

UP = "import sys; from pathlib import Path; from s3vl_local.cloud import LocalCloud; LocalCloud(Path(sys.argv[1])).up()"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """Give a cloud that does not run yet."""
    with tempfile.TemporaryDirectory(prefix="s3vl-one-") as folder:
        local_cloud = LocalCloud(Path(folder) / "cloud")
        yield local_cloud
        local_cloud.reset()


def servers(cloud: LocalCloud) -> list[int]:
    """Return the numbers of the processes that serve a cloud."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(cloud.home) in (process.info["cmdline"] or []) and SERVER in process.info["cmdline"]
    ]


@contextmanager
def stranger(home: Path, folder: Path) -> Iterator[psutil.Process]:
    """Run something that looks like the server of another folder."""
    module = folder / "s3vl_local" / "server.py"
    module.parent.mkdir()
    module.write_text("import time\nprint('here', flush=True)\ntime.sleep(600)\n")
    with subprocess.Popen(
        [sys.executable, "-m", SERVER, str(home), "1", "2"],
        env={"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield psutil.Process(process.pid)
        process.kill()


def test_two_at_once_start_one(cloud: LocalCloud) -> None:
    """Both `make up` succeed; the second waits, and finds what the first has started."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "local")}

    def up(_: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", UP, str(cloud.home)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor() as both:
        done = list(both.map(up, range(2)))

    assert [one.returncode for one in done] == [0, 0], done
    assert servers(cloud) == [cloud.state().pid]


def test_a_server_is_found_without_its_state(cloud: LocalCloud) -> None:
    """When state.json is lost, `up` finds what runs, ports included."""
    before = cloud.state()
    (cloud.home / "state.json").unlink()

    assert cloud.up() == before


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"pid": 1}', '{"pid": "x", "http_port": 1}', "\xff"]
)
def test_a_damaged_state_says_what_to_do(
    cloud: LocalCloud, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of two lines, and what it says brings the cloud back."""
    before = cloud.state()
    (cloud.home / "state.json").write_bytes(text.encode("latin-1"))
    monkeypatch.setattr(__main__, "LocalCloud", lambda: cloud)

    for command in ("env", "up"):
        monkeypatch.setattr(sys, "argv", ["s3vl_local", command])
        assert __main__.main() == 1
        assert "state.json cannot be read" in (said := capsys.readouterr().err)
        assert "delete it, then: make up" in said

    (cloud.home / "state.json").unlink()
    assert cloud.up() == before


def test_an_owner_that_is_lost_is_made_anew(cloud: LocalCloud) -> None:
    """The server that has the old credentials ends, the databases stay, and SQL reaches the new one."""
    before, file = cloud.environment(), cloud.home / "owner.json"
    file.write_text("{}")
    with pytest.raises(LocalCloudError, match="delete what is there, then: make up"):
        cloud.up()
    file.unlink()
    cloud.up()

    after = cloud.environment()
    assert before["S3VL_TOKEN"] != after["S3VL_TOKEN"]
    assert before["PGPASSWORD"] == after["PGPASSWORD"]
    assert len(servers(cloud)) == 1


def test_down_ends_its_own_server_and_no_other(cloud: LocalCloud, tmp_path: Path) -> None:
    """One that state.json does not know is its own; one that state.json names by mistake is not."""
    state = cloud.state()
    with stranger(tmp_path / "other", tmp_path) as other:
        document = {"pid": other.pid, "http_port": 1, "wire_port": 2, "postgres_port": state.postgres_port}
        (cloud.home / "state.json").write_text(json.dumps(document))
        with pytest.raises(LocalCloudError, match="is not running"):
            cloud.state()

        cloud.down()

        assert servers(cloud) == []
        assert postgres.find(cloud.home / "postgres") is None
        assert other.is_running()


@pytest.mark.parametrize("name", ["vectors.sqlite3", "moto.pickle"])
def test_damaged_files_are_told_without_a_traceback(cloud: LocalCloud, name: str) -> None:
    """`up` names the file and what to do, and nothing is left running."""
    path = cloud.home / name
    before = path.read_bytes()
    path.write_bytes(b"")
    (cloud.home / "cloud.log").unlink()

    with pytest.raises(LocalCloudError, match=rf"{name} is damaged(.|\n)*with: make reset") as told:
        cloud.up()

    assert "Traceback" not in str(told.value)
    assert servers(cloud) == []
    path.write_bytes(before)


def test_databases_that_are_gone_are_missed(cloud: LocalCloud) -> None:
    """A cloud that had databases does not start with empty ones as if nothing had happened."""
    postgres.forget(cloud.home / "postgres")

    with pytest.raises(LocalCloudError, match=r"databases of this cloud are gone(.|\n)*make reset"):
        cloud.up()


def test_reset_ends_a_server_whose_folder_was_deleted(cloud: LocalCloud) -> None:
    """`rm -rf .local` leaves a server running; the next reset finds it, and leaves nothing."""
    cloud.reset()
    cloud.up()
    for path in cloud.home.iterdir():
        if path.is_file():
            path.unlink()

    cloud.reset()

    assert servers(cloud) == []
    assert postgres.find(cloud.home / "postgres") is None
    assert not cloud.home.exists()
