"""S3 Vectors on disk: a write is in the file before it is acknowledged, so that a killed server loses none.

SQLite without fsync: what is committed is with the operating system, which outlives the process. A power cut may
lose the last writes; all that is in the local cloud can be made again.
"""

from __future__ import annotations

import pickle
import sqlite3
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from s3vl_local.s3vectors.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Of a page, and so of a database.
SMALLEST_BYTES = 512
SCHEMA = """
create table if not exists resources (arn text primary key, state blob not null);
create table if not exists vectors (
    index_id text not null,
    key text not null,
    vector blob not null,
    metadata text not null,
    primary key (index_id, key)
);
"""


class Storage:
    """Buckets and indexes as pickles, vectors as rows. Until it is opened, it keeps nothing."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._database: sqlite3.Connection | None = None

    def open(self, path: Path) -> None:
        """Keep everything in this file from now on."""
        if path.exists() and path.stat().st_size < SMALLEST_BYTES:
            # SQLite would take it for a new one.
            raise sqlite3.DatabaseError("file is too short")
        database = sqlite3.connect(path, check_same_thread=False)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = off")
        database.executescript(SCHEMA)
        self._database = database

    def keep(self, arn: str, state: Any) -> None:
        """Keep a bucket or an index as it is now."""
        if self._database is not None:
            pickled = pickle.dumps(state)
            self._write([("insert or replace into resources values (?, ?)", [(arn, pickled)])])

    def forget(self, arn: str, index_id: str | None = None) -> None:
        """Forget a bucket, or an index and its vectors."""
        self._write(
            [
                ("delete from resources where arn = ?", [(arn,)]),
                ("delete from vectors where index_id = ?", [(index_id,)]),
            ]
        )

    def put(self, index_id: str, records: Iterable[Record]) -> None:
        """Keep records, all or none."""
        if self._database is not None:
            rows = [
                (index_id, record.key, record.vector.tobytes(), orjson.dumps(record.metadata).decode())
                for record in records
            ]
            self._write([("insert or replace into vectors values (?, ?, ?, ?)", rows)])

    def delete(self, index_id: str, keys: Iterable[str]) -> None:
        """Forget records, all or none."""
        rows = [(index_id, key) for key in keys]
        self._write([("delete from vectors where index_id = ? and key = ?", rows)])

    def resources(self) -> Iterator[Any]:
        """Return what was kept of buckets and indexes, each bucket before its indexes."""
        for (pickled,) in self._read("select state from resources order by arn"):
            yield pickle.loads(pickled)  # noqa: S301 - our own file

    def records(self, index_id: str) -> Iterator[Record]:
        """Return the records of an index."""
        rows = self._read("select key, vector, metadata from vectors where index_id = ?", index_id)
        for key, vector, metadata in rows:
            yield Record(key, np.frombuffer(vector, dtype=np.float32), orjson.loads(metadata))

    def _read(self, query: str, *parameters: str) -> Iterator[tuple[Any, ...]]:
        if self._database is None:
            raise RuntimeError("nothing was kept: the storage is not open")
        yield from self._database.execute(query, parameters)

    def _write(self, statements: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
        if self._database is None:
            return
        with self._lock, self._database:
            for statement, rows in statements:
                self._database.executemany(statement, rows)


# One for the whole local cloud, as the backends are.
STORAGE = Storage()
