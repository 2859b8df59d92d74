"""make lint checks the installed functions where plpgsql_check is, and says so where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import lint_functions
from lint_functions import Finding
from s3vl_local import postgres_versions

if TYPE_CHECKING:
    from pathlib import Path

ACCEPTED = [Finding(function, problem, "line 1") for function, problem in lint_functions.ACCEPTED]


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (ACCEPTED, []),
        ([*ACCEPTED, Finding("s3vl.f()", "it is wrong", "line 2")], ["s3vl.f(): it is wrong (line 2)"]),
        (
            [],
            [
                f"{function}: {problem}: no longer found; remove it from ACCEPTED in tools/lint_functions.py"
                for function, problem in lint_functions.ACCEPTED
            ],
        ),
    ],
)
def test_only_the_accepted_is_well(found: list[Finding], lines: list[str]) -> None:
    """A new finding is told, and so is an exception that nothing needs any more."""
    assert lint_functions.problems(found) == lines


def test_missing_server_leaves_the_check_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says why, and what to install; lint goes on."""
    monkeypatch.setattr(postgres_versions, "DEBIAN_ROOT", tmp_path)

    assert lint_functions.main() == 0
    assert capsys.readouterr().out == (
        "plpgsql_check: left out (PostgreSQL 15 is not on this machine; install Debian's package: "
        "apt install postgresql-15)\n"
    )


def test_missing_package_leaves_the_check_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the server is a copy that was made before the package, the copy has to be made again."""

    class Bare(postgres_versions.Installation):
        """A server without extensions."""

        def offers(self, extension: str) -> bool:
            """Know what was asked for, and do not have it."""
            assert extension == "plpgsql_check"
            return False

    copy = tmp_path / "postgresql-15.18"
    monkeypatch.setattr(postgres_versions, "find", lambda _: Bare(copy / "lib/postgresql/15/bin", (copy,)))

    assert lint_functions.main() == 0
    assert capsys.readouterr().out == (
        "plpgsql_check: left out (the package is missing: apt install postgresql-15-plpgsql-check, "
        f"and delete the copy {copy})\n"
    )
