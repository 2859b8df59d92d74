"""The vectors of one index: a contiguous float32 matrix, and what belongs to each of its rows.

The first rows are in use, without gaps, so that a search is one matrix product: a deleted row gets the last.
Whoever reads the arrays holds the lock.
"""

from __future__ import annotations

import hashlib
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from s3vl_local.s3vectors.records import Record, norm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

INITIAL_ROWS = 256
MAX_PAGE_BYTES = 1_000_000
# Keys are listed by their hash: an order that is stable, yet neither that of the keys nor of their arrival.
# At 62 bits two of a million keys share a hash in one case of ten million.
HASH_SPACE = 1 << 62


class VectorStore:
    """Put, get, delete and list records; puts and deletes take the same time in small and large stores."""

    def __init__(self, dimension: int) -> None:
        self.lock = RLock()
        self.keys: list[str] = []
        self.metadata: list[dict[str, Any]] = []
        self._rows: dict[str, int] = {}
        self._vectors = np.empty((INITIAL_ROWS, dimension), dtype=np.float32)
        self._norms = np.empty(INITIAL_ROWS, dtype=np.float64)
        self._hashes = np.empty(INITIAL_ROWS, dtype=np.int64)
        self._sizes = np.empty(INITIAL_ROWS, dtype=np.int64)
        self._listing: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Return the matrix of all vectors, one a row, without copying it."""
        return self._vectors[: len(self)]

    @property
    def norms(self) -> NDArray[np.float64]:
        """Return the length of each row."""
        return self._norms[: len(self)]

    def put(self, records: Iterable[Record]) -> None:
        """Add records, or replace those of the same keys as a whole."""
        with self.lock:
            for record in records:
                row = self._rows.get(record.key)
                if row is None:
                    row = self._append(record.key)
                self.metadata[row] = record.metadata
                self._vectors[row] = record.vector
                self._norms[row] = norm(record.vector)
                self._sizes[row] = record.size

    def delete(self, keys: Iterable[str]) -> None:
        """Remove records; a key that is not there is no error."""
        with self.lock:
            for key in keys:
                if key in self._rows:
                    self._remove(key)

    def get(self, keys: Iterable[str]) -> list[Record]:
        """Return those of the records that exist, in the order of the listing."""
        with self.lock:
            rows = [self._rows[key] for key in set(keys) if key in self._rows]
            return [self._record(row) for row in sorted(rows, key=self._hashes.__getitem__)]

    def metadata_of(self, key: str) -> dict[str, Any]:
        """Return the metadata of a record that exists."""
        return self.metadata[self._rows[key]]

    def all_metadata_of(self, keys: list[str]) -> tuple[list[dict[str, Any]], int]:
        """Return the metadata of records that exist, and how many bytes they and the keys have."""
        rows = [self._rows[key] for key in keys]
        in_vectors = len(rows) * self._vectors.itemsize * self._vectors.shape[1]
        return [self.metadata[row] for row in rows], int(self._sizes[rows].sum()) - in_vectors

    def records(self) -> Iterator[Record]:
        """Return every record; whoever goes on reading holds the lock."""
        return map(self._record, range(len(self)))

    def page(
        self, after: int, max_results: int, segment_count: int, segment_index: int
    ) -> tuple[list[Record], int | None]:
        """Return records that come after a position, and the position to go on from, if there are more.

        A page also ends after about 1 MB. A segment is a range of hashes, so segments are disjoint and of
        about the same size, and stay so while vectors come and go.
        """
        with self.lock:
            hashes, rows = self._sorted()
            low, high = (HASH_SPACE * edge // segment_count for edge in (segment_index, segment_index + 1))
            start, stop = np.searchsorted(hashes, [max(low, after + 1), high])
            page = rows[start : min(start + max_results, stop)]
            bytes_so_far = np.cumsum(self._sizes[page])
            page = page[: 1 + np.searchsorted(bytes_so_far, MAX_PAGE_BYTES)]
            records = [self._record(row) for row in page]
            more = start + len(page) < stop
            return records, int(self._hashes[page[-1]]) if more else None

    def _record(self, row: int) -> Record:
        return Record(self.keys[row], self._vectors[row].copy(), self.metadata[row])

    def _append(self, key: str) -> int:
        row = len(self)
        if row == len(self._vectors):
            self._grow()
        self.keys.append(key)
        self.metadata.append({})
        self._rows[key] = row
        self._hashes[row] = _hash(key)
        self._listing = None
        return row

    def _remove(self, key: str) -> None:
        row, last = self._rows.pop(key), len(self) - 1
        if row != last:
            for array in (self._vectors, self._norms, self._hashes, self._sizes):
                array[row] = array[last]
            self.keys[row], self.metadata[row] = self.keys[last], self.metadata[last]
            self._rows[self.keys[row]] = row
        self.keys.pop()
        self.metadata.pop()
        self._listing = None

    def _grow(self) -> None:
        """Make room for an eighth more, as Python's lists do, so that little of it is ever unused.

        In place: a copy would need the memory of both. Nobody sees the arrays move, for who reads them holds
        the lock, and numpy's own check takes a debugger for a reader.
        """
        rows = len(self._vectors) * 9 // 8
        self._vectors.resize((rows, self._vectors.shape[1]), refcheck=False)
        for array in (self._norms, self._hashes, self._sizes):
            array.resize(rows, refcheck=False)

    def _sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all hashes in order with their rows; kept until a key comes or goes."""
        if self._listing is None:
            hashes = self._hashes[: len(self)]
            rows = np.argsort(hashes)
            self._listing = (hashes[rows], rows)
        return self._listing


def _hash(key: str) -> int:
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % HASH_SPACE
