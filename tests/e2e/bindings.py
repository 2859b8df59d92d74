"""A table bound to an index, for tests of sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

if TYPE_CHECKING:
    import psycopg

MAKE_DOCS = """
    create table docs (
        id integer primary key, body text, price numeric, meta jsonb,
        embedding real[] default array[random() + 0.1, random(), random()]
    )
"""
BIND = """
    select s3vl.bind_table(
        'docs', %s, 'embedding', metadata_columns => '{body,price}', metadata_column => 'meta'
    )
"""
ROWS = """
    select id::text, embedding,
        jsonb_strip_nulls(coalesce(meta, '{}') || jsonb_build_object('body', body, 'price', price))
    from docs
"""


class Bound:
    """The table docs, bound to an index of this test alone."""

    def __init__(self, connection: psycopg.Connection, index_name: str, index_arn: str) -> None:
        self.connection = connection
        self.index_name = index_name
        self.index_arn = index_arn
        self.notices: list[str] = []
        connection.add_notice_handler(self._keep)

    def _keep(self, notice: psycopg.errors.Diagnostic) -> None:
        self.notices.append(f"{notice.message_primary} HINT: {notice.message_hint}")

    def run(self, statement: LiteralString, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        cursor = self.connection.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def sync(self, max_seconds: int = 30) -> int:
        """Call sync, and return how many vectors it has synced."""
        return self.run("call s3vl.sync(max_seconds => %s)", max_seconds)[0][0]

    def status(self) -> dict[str, Any]:
        """Return the row of the status."""
        cursor = self.connection.execute("select * from s3vl.sync_status()")
        assert cursor.description
        [row] = cursor.fetchall()
        return dict(zip([column.name for column in cursor.description], row, strict=True))

    def stored(self) -> dict[str, tuple[list[float], Any]]:
        """Return what the index holds."""
        found: dict[str, tuple[list[float], Any]] = {}
        token = None
        while True:
            rows = self.run(
                "select vector_id, vector_data, metadata, response_next_token from s3vl.list_vectors("
                "index_name => %s, max_results => 1000, next_token => %s, return_data => true)",
                self.index_name,
                token,
            )
            found |= {row[0]: (row[1], row[2]) for row in rows}
            token = rows[-1][3] if rows else None
            if token is None:
                return found

    def assert_in_step(self, rows: LiteralString = ROWS, but: tuple[str, ...] = ()) -> None:
        """Compare the index with the table, all of it but some ids."""
        stored = self.stored()
        expected = {row[0]: row[1:] for row in self.run(rows) if row[0] not in but and row[1] is not None}
        assert {key for key in stored if key not in but} == set(expected)
        for key, (embedding, metadata) in expected.items():
            assert stored[key][0] == pytest.approx(embedding, rel=1e-6)
            assert stored[key][1] == metadata, key
