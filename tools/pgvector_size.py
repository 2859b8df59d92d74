"""How many bytes a vector takes in a PostgreSQL table with pgvector, and in its HNSW index.

A page holds whole tuples, so that what a vector takes jumps with the dimension: of 1,024 numbers one fits a page of
the index, of 900 two. A test compares with a real table.
"""

from __future__ import annotations

_PAGE = 8192
# Of a page, less its header; of an index's, also less what pgvector keeps at its end.
_HEAP, _HNSW = _PAGE - 24, _PAGE - 32
_POINTER = 4
_TUPLE = 24
# A row longer than this has its longest value moved to the TOAST table, in chunks.
_TOAST_OVER = 2032
_CHUNK, _CHUNK_OVERHEAD, _TOAST_POINTER = 1996, 36, 18
# Random keys leave pages of a B-tree two thirds full.
_BTREE_FULL = 0.66
# Of pgvector's element and neighbors, with its default m = 16.
_ELEMENT, _NEIGHBORS = 72, 200
# HNSW takes no more numbers: as vector, and as halfvec.
_MOST_IN_VECTOR, MOST_DIMENSIONS = 2000, 4000


def vector_bytes(dimension: int) -> int:
    """Return the bytes of one value: a vector, or above 2,000 dimensions a halfvec."""
    return 8 + dimension * (4 if dimension <= _MOST_IN_VECTOR else 2)


def table_bytes(dimension: int, key_bytes: int, metadata_bytes: int) -> float:
    """Return the bytes of a row (text key, jsonb, vector) in the table, its TOAST table and its primary key."""
    rest, vector = _TUPLE + 1 + key_bytes + metadata_bytes, vector_bytes(dimension)
    primary_key = (16 + key_bytes) / _BTREE_FULL
    if rest + vector <= _TOAST_OVER:
        return _packed([rest + vector]) + primary_key
    chunks = [_CHUNK] * (vector // _CHUNK) + [vector % _CHUNK] * (vector % _CHUNK > 0)
    toasted = _packed([chunk + _CHUNK_OVERHEAD for chunk in chunks])
    return _packed([rest + _TOAST_POINTER]) + toasted + primary_key


def hnsw_bytes(dimension: int) -> float:
    """Return the bytes of a vector in an HNSW index."""
    both = _ELEMENT + vector_bytes(dimension) + _NEIGHBORS + 2 * _POINTER
    return _PAGE / (_HNSW // both) if both <= _HNSW else 2 * _PAGE


def _packed(sizes: list[int]) -> float:
    """Return the bytes of pages, divided by the rows, when tuples of these sizes go in one after the other.

    As PostgreSQL does: into the page of the last tuple, else into one that was left with room, else into a new one.
    """
    rows = 200
    left = [0]
    page = 0
    for size in sizes * rows:
        needed = -(-size // 8) * 8 + _POINTER
        if left[page] < needed:
            page = next((known for known, room in enumerate(left) if room >= needed), len(left))
            left += [_HEAP] * (page == len(left))
        left[page] -= needed
    return (len(left) - 1) * _PAGE / rows
