"""The store of an index's vectors: what it keeps while it grows and shrinks, and how much room it takes."""

from __future__ import annotations

import numpy as np
import pytest

from s3vl_local.s3vectors.records import Record
from s3vl_local.s3vectors.store import INITIAL_ROWS, VectorStore

DIMENSION = 16


def record(number: int) -> Record:
    """Make a record that differs from every other in all its parts."""
    vector = np.full(DIMENSION, number + 1, dtype=np.float32)
    return Record(f"key-{number}", vector, {"number": number})


def listed(store: VectorStore) -> dict[str, tuple[list[float], int]]:
    """Return the vector and the number of each record, page by page."""
    found, after = {}, -1
    while after is not None:
        records, after = store.page(after, max_results=700, segment_count=1, segment_index=0)
        found |= {record.key: (record.vector.tolist(), record.metadata["number"]) for record in records}
    return found


def test_growing_keeps_every_record() -> None:
    """Records are the same after the arrays have grown many times, and lie in the matrix row by row."""
    store = VectorStore(DIMENSION)
    store.put([record(number) for number in range(5000)])
    store.delete([f"key-{number}" for number in range(0, 5000, 2)])
    store.put([record(number) for number in range(5000, 9000)])

    expected = [*range(1, 5000, 2), *range(5000, 9000)]
    assert listed(store) == {f"key-{n}": ([n + 1.0] * DIMENSION, n) for n in expected}
    assert [f"key-{int(value) - 1}" for value in store.vectors[:, 0]] == store.keys
    assert store.norms == pytest.approx(4 * store.vectors[:, 0])


def test_room_is_at_most_an_eighth_more_than_needed() -> None:
    """However many records there are, the matrix has little room that is not in use."""
    store = VectorStore(DIMENSION)
    for number in range(5000):
        store.put([record(number)])
        assert len(store._vectors) <= max(INITIAL_ROWS, len(store) * 9 / 8)
