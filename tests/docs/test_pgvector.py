"""What the pages tell those who come from pgvector."""

from __future__ import annotations

import re
from typing import LiteralString, cast

import numpy as np
import pytest

from fixtures_postgres import need_pgvector
from fixtures_sql import ROOT, Database, StubLambda
from s3vl_local.s3vectors.records import Record
from s3vl_local.s3vectors.search import nearest
from s3vl_local.s3vectors.store import VectorStore

MESSAGES = re.findall(
    r"^\| `(.+)` \| `(.+)` \| `(.+)` \|$",
    (ROOT / "docs/errors.md").read_text().split("## PostgreSQL's own messages")[1].split("\n## ")[0],
    re.MULTILINE,
)
DISTANCES = re.findall(
    r"^\| `(<.>)` \| .*?(cosine|euclidean).* \| `(.+)` \| `(.+)` \|$",
    (ROOT / "docs/guide.md").read_text(),
    re.MULTILINE,
)


@pytest.fixture
def documents(db: Database) -> Database:
    """Create the table of which the pages speak."""
    need_pgvector()
    db.rows("create extension vector")
    db.rows("create table documents (id integer, embedding vector(5), metadata jsonb)")
    return db


def statement(typed: str) -> LiteralString:
    """Return a whole statement with what somebody types in it."""
    if typed.startswith("JOIN"):
        return cast("LiteralString", f"select from s3vl.query_vectors('{{1,2,3,4,5}}', 'docs') as v {typed}")
    return cast("LiteralString", f"select {typed} from documents")


def test_the_tables_are_read() -> None:
    """The pages have rows for the tests below."""
    assert len(MESSAGES) >= 8
    assert [operator for operator, *_ in DISTANCES] == ["<=>", "<->", "<#>"]


@pytest.mark.parametrize(("typed", "said", "right"), MESSAGES)
def test_what_does_not_fit_is_said_and_mended_as_shown(
    documents: Database, typed: str, said: str, right: str
) -> None:
    """PostgreSQL refuses the first column with the second, and plans the third."""
    assert documents.error(statement(typed)).message_primary == said
    assert documents.rows(cast("LiteralString", f"explain {statement(right)}")) != []


@pytest.mark.parametrize(("operator", "metric", "formula", "similarity"), DISTANCES)
def test_a_distance_becomes_what_it_was(
    documents: Database, registered: StubLambda, operator: str, metric: str, formula: str, similarity: str
) -> None:
    """The formulas make pgvector's number, and similarity_score, of the distance that S3 Vectors gives."""
    # Of length 1, which the inner product needs.
    stored, sought = [0.6, 0.0, 0.8, 0.0, 0.0], [0.0, 0.28, 0.96, 0.0, 0.0]
    store = VectorStore(5)
    store.put([Record("1", np.array(stored, np.float32), {})])
    [distance] = nearest(store, np.array(sought, np.float32), metric, 1).distances
    registered.answers(
        {
            "distance_metric": metric,
            "vectors": [{"vector_id": "1", "distance": distance, "metadata": {}}],
        }
    )

    [hit] = documents.rows(
        cast(
            "LiteralString",
            f"select {formula} as was, {similarity} as computed, similarity_score, "
            f"%(stored)s::real[]::vector {operator} %(sought)s::real[]::vector as pgvector "
            "from s3vl.query_vectors(%(sought)s::real[], 'docs')",
        ),
        stored=stored,
        sought=sought,
    )

    assert hit["was"] == pytest.approx(hit["pgvector"], abs=1e-6)
    assert hit["similarity_score"] == pytest.approx(hit["computed"], abs=1e-6)


@pytest.mark.parametrize("sought", ["[1, 2, 3, 4, 5]", [1, 2, 3, 4, 5]], ids=["text", "list"])
def test_a_parameter_of_psycopg_goes_in_as_shown(
    documents: Database, registered: StubLambda, sought: object
) -> None:
    """Text of pgvector with the cast that walkthrough and guide show, and a list as it is."""
    cast_shown = "%s::vector::real[]" if isinstance(sought, str) else "%s"
    registered.answers({"distance_metric": "cosine", "vectors": []})

    documents.connection.execute(f"select from s3vl.query_vectors({cast_shown}, 'docs')", [sought])

    assert registered.requests[0]["query_vector"] == "[1,2,3,4,5]"
    for page in ("docs/walkthrough.md", "docs/guide.md"):
        assert "`%s::vector::real[]`" in (ROOT / page).read_text()


@pytest.mark.parametrize(
    ("metadata", "sent"),
    [
        (None, {"content": "text"}),
        ("null", {"content": "text"}),
        ('{"a": 1, "b": null}', {"a": 1, "content": "text"}),
    ],
)
def test_metadata_that_is_null_keeps_the_text(db: Database, metadata: str | None, sent: object) -> None:
    """The guide's function takes SQL NULL, JSON null, and keys that have none."""
    [function] = re.findall(
        r"CREATE FUNCTION vector_metadata\(.*?\$\$;", (ROOT / "docs/guide.md").read_text(), re.DOTALL
    )
    db.rows(cast("LiteralString", function))

    assert db.rows("select vector_metadata(%(metadata)s::jsonb, 'text') as sent", metadata=metadata) == [
        {"sent": sent}
    ]
