"""What docs/security.md tells its reader to type works as written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda


def test_tenants_function_is_all_that_a_tenant_needs(db: Database, registered: StubLambda) -> None:
    """A role without a level searches by it, with the tenant's filter, and by nothing else."""
    tenants = (ROOT / "docs/security.md").read_text().partition("## Tenants")[2]
    registered.answers({"distance_metric": "cosine", "vectors": [{"vector_id": "a", "distance": 0}]})
    db.rows("create role acme; grant acme to current_user")
    db.rows(tenants.partition("```sql")[2].partition("```")[0])  # type: ignore[arg-type]
    db.rows("set local role acme")

    assert db.rows("select vector_id from search_acme('{1,2,3,4,5}', 3)") == [{"vector_id": "a"}]
    assert registered.requests[0]["metadata_filter"] == {"tenant": "acme"}
    assert db.error("select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs')").sqlstate == "42501"
