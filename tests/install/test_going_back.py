"""The way back to a release, as docs/upgrading.md tells it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fixtures_install import RELEASED, SQL, VERSION
from fixtures_sql import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures_install import Target

PAGE = (ROOT / "docs/upgrading.md").read_text()
[EXTENSION_BACK] = re.findall(r"`(drop extension s3vl; create extension s3vl version .+?;)`", PAGE)


@pytest.mark.usefixtures("extension")
def test_psql_installs_a_release(target: Target, built: Path) -> None:
    """The built script of a release brings, after a newer one is removed, what its frozen extension is."""
    target.ask(f"create extension s3vl version '{RELEASED}' cascade")
    released = target.fingerprint()
    target.ask("drop extension s3vl")

    target.run(SQL / "install.sql", SQL / "uninstall.sql", built / f"s3vl-{RELEASED}.sql")

    assert target.ask("select s3vl.version()") == RELEASED
    assert target.differences(released) == []
    assert f"build/sql/s3vl-{RELEASED}.sql" in PAGE


@pytest.mark.usefixtures("extension")
def test_an_extension_goes_back(target: Target) -> None:
    """The statements on the page put the release in the place of a newer version."""
    target.ask("create extension s3vl cascade")

    target.ask(EXTENSION_BACK)

    assert target.ask("select s3vl.version()") == RELEASED


def test_pg_tle_goes_back(target: Target, built: Path, pg_tle: Callable[[Path], None]) -> None:
    """Where pg_tle has had the release, an upgrade leaves it there to go back to."""
    pg_tle(built / f"s3vl-{RELEASED}.pgtle.sql")
    target.ask("create extension s3vl cascade")
    pg_tle(built / f"s3vl-{VERSION}.pgtle.sql")
    target.ask("alter extension s3vl update")

    target.ask(EXTENSION_BACK)

    assert target.ask("select s3vl.version()") == RELEASED
