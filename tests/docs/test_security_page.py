"""What docs/security.md tells its reader to type works as written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures_sql import ROOT

if TYPE_CHECKING:
    from fixtures_sql import Database, StubLambda


def test_tenants_function_is_all_that_a_tenant_needs(db: Database, registered: StubLambda) -> None:
    """A role without a level searches by it, with the tenant's filter, and by nothing else."""
    tenants = (ROOT / "docs/security.md").read_text().partition("### A function for a tenant")[2]
    registered.answers({"distance_metric": "cosine", "vectors": [{"vector_id": "a", "distance": 0}]})
    db.rows("create role acme; grant acme to current_user")
    db.rows(tenants.partition("```sql")[2].partition("```")[0])  # type: ignore[arg-type]
    db.rows("set local role acme")

    assert db.rows("select vector_id from search_acme('{1,2,3,4,5}', 3)") == [{"vector_id": "a"}]
    assert registered.requests[0]["metadata_filter"] == {"tenant": "acme"}
    assert db.error("select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs')").sqlstate == "42501"


def test_restrictions_are_as_the_page_types_them(db: Database, registered: StubLambda) -> None:
    """Each of the roles that it names gets its part."""
    tenants = (ROOT / "docs/security.md").read_text().partition("## Tenants")[2]
    own, _, shared = tenants.partition("```sql")[2].partition("```sql")
    db.rows("create role acme; create role globex; create role web; grant web to current_user")
    db.rows(
        "insert into s3vl.index_registry (index_name, index_arn) select 'docs-acme', index_arn || '-acme'"
        " from s3vl.index_registry"
    )

    db.rows(own.partition("```")[0])  # type: ignore[arg-type]
    db.rows(shared.partition("```")[0])  # type: ignore[arg-type]

    assert [
        (row["index_name"], row["role_name"], row["tenant_setting"])
        for row in db.rows("select * from s3vl.list_restrictions()")
    ] == [
        ("docs", "acme", None),
        ("docs", "globex", None),
        ("docs", "web", "app.tenant"),
        ("docs-acme", "acme", None),
    ]
    registered.answers({"distance_metric": "cosine", "vectors": []})
    db.rows("select s3vl.grant_access('web', 'reader'); set local role web; set local app.tenant = 'initech'")
    db.rows("select * from s3vl.query_vectors('{1,2,3,4,5}', 'docs')")
    assert registered.requests[0]["metadata_filter"] == {"tenant": {"$eq": "initech"}}
