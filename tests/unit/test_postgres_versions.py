"""Which PostgreSQL is used: S3VL_POSTGRES names it, and what is not here says how to get it."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from s3vl_local import postgres_versions

if TYPE_CHECKING:
    from pathlib import Path


def test_the_default_is_the_wheel_of_make_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable the programs are those of PostgreSQL 18, with pgvector and dblink."""
    monkeypatch.delenv("S3VL_POSTGRES", raising=False)

    server = postgres_versions.chosen()

    said = subprocess.run(
        [server.programs / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("postgres (PostgreSQL) 18.")
    assert (server.offers("vector"), server.offers("dblink"), server.offers("none")) == (True, True, False)


@pytest.mark.parametrize("asked", ["14", "17.10", ""])
def test_unknown_version_is_refused_with_the_known(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """The program ends with the value, and the versions to choose from."""
    monkeypatch.setenv("S3VL_POSTGRES", asked)

    with pytest.raises(SystemExit) as caught:
        postgres_versions.chosen()

    assert (
        str(caught.value) == f"S3VL_POSTGRES is '{asked}'; it takes a major version, one of: 15, 16, 17, 18"
    )


def test_missing_wheel_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the wheel and the make target."""
    monkeypatch.setitem(postgres_versions.WHEELS, "17", "not_installed_here")

    with pytest.raises(
        postgres_versions.PostgresMissingError, match=r"wheel not-installed-here .*make test-matrix"
    ):
        postgres_versions.find("17")


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a package as Debian does, with a server that only tells its version, and a venv to copy it to."""
    programs = tmp_path / "usr/lib/postgresql/15/bin"
    programs.mkdir(parents=True)
    (tmp_path / "usr/share/postgresql/15/extension").mkdir(parents=True)
    (tmp_path / "venv").mkdir()
    monkeypatch.setattr(postgres_versions, "DEBIAN_ROOT", tmp_path / "usr")
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))
    release(programs, "15.18")
    return programs


def release(programs: Path, version: str) -> None:
    """Let the server tell this version."""
    server = programs / "postgres"
    server.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Debian {version}-0+deb12u1)'\n")
    server.chmod(0o700)


def test_debian_s_server_is_used_as_a_copy(debian: Path, tmp_path: Path) -> None:
    """Extensions go into the copy, which is made once for each release of the package."""
    first = postgres_versions.find("15").programs
    (first / "ours").touch()
    again = postgres_versions.find("15").programs
    release(debian, "15.20")
    upgraded = postgres_versions.find("15").programs

    assert first == again == tmp_path / "venv/postgresql-15.18/lib/postgresql/15/bin"
    assert upgraded == tmp_path / "venv/postgresql-15.20/lib/postgresql/15/bin"
    assert [path.name for path in debian.iterdir()] == ["postgres"]
    assert sorted(path.name for path in (tmp_path / "venv").iterdir()) == [
        "postgresql-15.18",
        "postgresql-15.20",
    ]
    assert not (upgraded / "ours").exists()


def test_several_that_start_at_once_make_one_copy(debian: Path, tmp_path: Path) -> None:
    """As the parts of make test-matrix do, each in a process of its own: the first copies, and the others wait."""
    for number in range(200):
        (debian / f"library-{number}.so").touch()
    together = Barrier(8)

    def find(_: int) -> Path:
        together.wait()
        return postgres_versions.find("15").programs

    with ThreadPoolExecutor(8) as pool:
        [found] = set(pool.map(find, range(8)))

    assert len(list(found.iterdir())) == 201
    assert [path.name for path in (tmp_path / "venv").iterdir()] == ["postgresql-15.18"]


def test_missing_package_says_what_installs_it(debian: Path) -> None:
    """The error has the command to type."""
    (debian / "postgres").unlink()

    with pytest.raises(postgres_versions.PostgresMissingError, match="apt install postgresql-15"):
        postgres_versions.find("15")
