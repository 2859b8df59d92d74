"""What docs/operations.md says of plans."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda

PAGE = (ROOT / "docs/operations.md").read_text()
[EXAMPLE] = re.findall(r"^ *```sql\n(.+?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)


def expected_rows(db: Database, query: str) -> int:
    """Return how many rows the planner expects of a query."""
    [row] = db.connection.execute(f"explain (format json) {query}").fetchall()
    rows: int = row["QUERY PLAN"][0]["Plan"]["Plan Rows"]
    return rows


def test_the_planner_learns_the_number_of_hits_from_a_temporary_table(
    db: Database, registered: StubLambda
) -> None:
    """It expects ten of the function, in a materialised CTE too, and what there is of the page's table."""
    search = "select v.vector_id from s3vl.query_vectors('{1,2,3,4,5}', 'docs', top_k => 5000) as v"
    registered.answers(
        {
            "distance_metric": "cosine",
            "vectors": [{"vector_id": str(number), "distance": 0.5, "metadata": {}} for number in range(35)],
        }
    )

    db.connection.execute(EXAMPLE)

    assert expected_rows(db, search) == 10
    assert expected_rows(db, f"with v as materialized ({search}) select from v") == 10
    assert expected_rows(db, "select from hits") == 35
