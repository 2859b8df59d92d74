"""Files of the local cloud's state that are not what it has written."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pytest

from s3vl_local import postgres, s3vectors
from s3vl_local.moto_state import MotoState
from s3vl_local.private import UnreadableError
from s3vl_local.s3vectors.records import Record
from s3vl_local.s3vectors.storage import Storage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"\x80", b"\x80\x05]", b"\x80\x05N.", b"\x80\x05K\x01.", b"(" * 100, b"\xff" * 100],
    ids=str,
)
def test_a_damaged_pickle_is_one_kind_of_error(tmp_path: Path, content: bytes) -> None:
    """Empty, cut off, other bytes, and a pickle of something else: the file is named, and what to do."""
    path = tmp_path / "moto.pickle"
    path.write_bytes(content)

    with pytest.raises(UnreadableError, match=r"moto\.pickle is damaged.* with: make reset"):
        MotoState(path).load()


def test_databases_without_passwords_are_not_started(tmp_path: Path) -> None:
    """Those that an earlier version has made stay as they are, and the error says what to do."""
    (tmp_path / "PG_VERSION").write_text("18")

    with pytest.raises(postgres.PostgresError, match=r"asked for no password\. .* make reset"):
        postgres.start(tmp_path)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Write vectors, all of them into the file itself."""
    storage, path = Storage(), tmp_path / "vectors.sqlite3"
    storage.open(path)
    storage.put("i", [Record(str(number), np.ones(100, np.float32), {}) for number in range(1_000)])
    with sqlite3.connect(path) as database:
        database.execute("pragma wal_checkpoint(truncate)")
    return path


@pytest.mark.parametrize("part", [0, 1, 100, 4_096, 100_000])
def test_a_damaged_database_is_one_kind_of_error(
    written: Path, tmp_path: Path, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty or cut off anywhere: the file is named, and what to do; it is not taken for a new one."""
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(written.read_bytes()[:part])
    monkeypatch.setattr(s3vectors, "STORAGE", Storage())

    with pytest.raises(UnreadableError, match=r"damaged\.sqlite3 is damaged.* with: make reset"):
        s3vectors.open_storage(damaged)
