"""What `make up` and `make down` say while they wait."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from s3vl_local import progress

if TYPE_CHECKING:
    import pytest


def test_a_long_wait_says_what_for_and_for_how_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so again while it lasts, on stderr: the output of `make env` is for eval."""
    monkeypatch.setattr(progress, "_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(progress, "_NEXT_SECONDS", 0.01)
    deadline = time.monotonic() + 60
    said = ""
    with progress.waiting_for("PostgreSQL"):
        while said.count("\n") < 2 and time.monotonic() < deadline:
            said += capsys.readouterr().err

    assert re.match(r"(  waiting for PostgreSQL: \d+ s\n){2}", said)


def test_a_short_wait_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """What takes less than two seconds needs no explanation."""
    with progress.waiting_for("PostgreSQL"):
        pass

    assert capsys.readouterr() == ("", "")
