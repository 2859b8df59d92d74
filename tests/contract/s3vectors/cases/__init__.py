"""The contract with S3 Vectors: one table of cases, by concern.

tests/contract/s3vectors/test_contract.py runs it, `make docs` makes the table of docs/local-stack.md from it.
"""

from __future__ import annotations

from contract.s3vectors.cases import (
    buckets,
    filters,
    indexes,
    modes,
    put,
    queries,
    reads,
    requests,
    tags,
    texts,
)

BEHAVIOURS = {
    "Buckets": buckets.BEHAVIOURS,
    "Tags and policies": tags.BEHAVIOURS,
    "Indexes": indexes.BEHAVIOURS,
    "Index modes": modes.BEHAVIOURS,
    "PutVectors": put.BEHAVIOURS,
    "GetVectors, ListVectors, DeleteVectors": reads.BEHAVIOURS,
    "QueryVectors": queries.BEHAVIOURS,
    "Filters": filters.BEHAVIOURS,
    "Full-text and hybrid search": texts.BEHAVIOURS,
    "Requests": requests.BEHAVIOURS,
}
CASES = [
    (behaviour, case)
    for behaviours in BEHAVIOURS.values()
    for behaviour in behaviours
    for case in behaviour.cases
]
