"""The installed schema against the design: signatures, security, comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fixtures_sql import Database

# Function: arguments, result, volatility (i, s, v)
PUBLIC = {
    "configure": (
        "lambda_arn text, aws_region text DEFAULT NULL::text, timeout_seconds integer DEFAULT 30",
        "boolean",
        "v",
    ),
    "validate_config": (
        "",
        "TABLE(is_valid boolean, lambda_arn text, aws_region text, error_message text, response_time_ms integer)",
        "v",
    ),
    "get_config": (
        "",
        (
            "TABLE(lambda_arn text, aws_region text, timeout_seconds integer, created_at timestamp with time zone,"
            " updated_at timestamp with time zone, config_age_hours numeric, last_validation_status text)"
        ),
        "s",
    ),
    "use_pgvector": ("drop boolean DEFAULT false", "boolean", "v"),
    "create_index": (
        (
            "index_name text, dimension integer, distance_metric text DEFAULT 'cosine'::text,"
            " non_filterable_keys text[] DEFAULT NULL::text[], text_keys jsonb DEFAULT NULL::jsonb,"
            " vector_bucket text DEFAULT NULL::text, description text DEFAULT NULL::text,"
            " model text DEFAULT NULL::text"
        ),
        "text",
        "v",
    ),
    "drop_index": ("index_name text, force boolean DEFAULT false", "boolean", "v"),
    "register_index": (
        (
            "index_name text, index_arn text, description text DEFAULT NULL::text,"
            " model text DEFAULT NULL::text"
        ),
        "boolean",
        "v",
    ),
    "index_model": ("name text", "text", "s"),
    "resolve_index_arn": ("name text", "text", "s"),
    "activate_index": ("name text", "boolean", "v"),
    "deactivate_index": ("name text", "boolean", "v"),
    "unregister_index": ("name text", "boolean", "v"),
    "list_indexes": (
        "",
        (
            "TABLE(index_name text, index_arn text, description text, bucket_name text, region text,"
            " account_id text, created_at timestamp with time zone, updated_at timestamp with time zone,"
            " is_active boolean)"
        ),
        "s",
    ),
    "get_index_info": (
        "name text",
        (
            "TABLE(index_name text, index_arn text, description text, bucket_name text, region text,"
            " account_id text, created_at timestamp with time zone, updated_at timestamp with time zone,"
            " is_active boolean)"
        ),
        "s",
    ),
    "query_vectors": (
        (
            "query_vector double precision[], index_name text DEFAULT NULL::text, index_arn text DEFAULT NULL::text,"
            " top_k integer DEFAULT 10, return_metadata boolean DEFAULT true,"
            " metadata_filter jsonb DEFAULT NULL::jsonb, query_mode text DEFAULT NULL::text,"
            " expected_model text DEFAULT NULL::text"
        ),
        "TABLE(vector_id text, distance double precision, similarity_score double precision, metadata jsonb)",
        "s",
    ),
    "get_vectors": (
        (
            "vector_ids text[], index_name text DEFAULT NULL::text, index_arn text DEFAULT NULL::text,"
            " include_vector_data boolean DEFAULT true, include_metadata boolean DEFAULT true"
        ),
        "TABLE(vector_id text, embedding double precision[], metadata jsonb, found boolean)",
        "s",
    ),
    "list_vectors": (
        (
            "index_arn text DEFAULT NULL::text, index_name text DEFAULT NULL::text,"
            " max_results integer DEFAULT 100, next_token text DEFAULT NULL::text,"
            " return_data boolean DEFAULT false, return_metadata boolean DEFAULT true,"
            " segment_count integer DEFAULT NULL::integer, segment_index integer DEFAULT NULL::integer"
        ),
        (
            "TABLE(vector_id text, vector_data double precision[], metadata jsonb, response_next_token text,"
            " total_count integer)"
        ),
        "s",
    ),
    "describe_index": (
        "name text",
        (
            "TABLE(index_name text, index_arn text, description text, bucket_name text, region text,"
            " account_id text, created_at timestamp with time zone, updated_at timestamp with time zone,"
            " is_active boolean, dimension integer, distance_metric text, index_mode text,"
            " non_filterable_keys text[], text_keys jsonb)"
        ),
        "v",
    ),
    "query_vectors_batch": (
        (
            "query_vectors double precision[], index_name text DEFAULT NULL::text,"
            " index_arn text DEFAULT NULL::text, top_k integer DEFAULT 10, return_metadata boolean DEFAULT true,"
            " metadata_filter jsonb DEFAULT NULL::jsonb, query_mode text DEFAULT NULL::text,"
            " expected_model text DEFAULT NULL::text"
        ),
        (
            "TABLE(query_number integer, vector_id text, distance double precision,"
            " similarity_score double precision, metadata jsonb)"
        ),
        "s",
    ),
    "query_hybrid": (
        (
            "query_texts jsonb, query_vector double precision[] DEFAULT NULL::double precision[],"
            " index_name text DEFAULT NULL::text, index_arn text DEFAULT NULL::text, top_k integer DEFAULT 10,"
            " return_metadata boolean DEFAULT true, metadata_filter jsonb DEFAULT NULL::jsonb,"
            " expected_model text DEFAULT NULL::text"
        ),
        (
            "TABLE(vector_id text, rank integer, fused_score double precision, bm25_scores jsonb,"
            " distance double precision, metadata jsonb)"
        ),
        "s",
    ),
    "rank_vectors": (
        (
            "query_vector double precision[], vector_ids text[], index_name text DEFAULT NULL::text,"
            " index_arn text DEFAULT NULL::text, top_k integer DEFAULT 10,"
            " return_metadata boolean DEFAULT false, expected_model text DEFAULT NULL::text"
        ),
        "TABLE(vector_id text, distance double precision, similarity_score double precision, metadata jsonb)",
        "s",
    ),
    "rrf_score": (
        "rank bigint, weight double precision DEFAULT 1, k integer DEFAULT 60",
        "double precision",
        "i",
    ),
    "put_vectors": (
        (
            "vectors s3vl.vector_record[], index_name text DEFAULT NULL::text,"
            " index_arn text DEFAULT NULL::text"
        ),
        "integer",
        "v",
    ),
    "delete_vectors": (
        "vector_ids text[], index_name text DEFAULT NULL::text, index_arn text DEFAULT NULL::text",
        "integer",
        "v",
    ),
    "bind_table": (
        (
            "source regclass, index_name text, embedding_column name, key_column name DEFAULT NULL::name,"
            " metadata_columns name[] DEFAULT NULL::name[], metadata_column name DEFAULT NULL::name,"
            " binding_name text DEFAULT NULL::text, id_prefix text DEFAULT NULL::text,"
            " hash_key text DEFAULT NULL::text, backfill boolean DEFAULT true, when_null text DEFAULT 'delete'::text,"
            " content_columns name[] DEFAULT NULL::name[], embedded_hash_column name DEFAULT NULL::name,"
            " when_stale text DEFAULT 'keep'::text"
        ),
        "text",
        "v",
    ),
    "alter_binding": (
        (
            "binding_name text, embedding_column name DEFAULT NULL::name,"
            " metadata_columns name[] DEFAULT NULL::name[], metadata_column name DEFAULT NULL::name,"
            " hash_key text DEFAULT NULL::text, when_null text DEFAULT NULL::text,"
            " key_column name DEFAULT NULL::name, backfill boolean DEFAULT true,"
            " content_columns name[] DEFAULT NULL::name[], embedded_hash_column name DEFAULT NULL::name,"
            " when_stale text DEFAULT NULL::text"
        ),
        "boolean",
        "v",
    ),
    "unbind_table": ("binding_name text, delete_vectors boolean DEFAULT false", "boolean", "v"),
    "pause_binding": ("binding_name text", "boolean", "v"),
    "resume_binding": ("binding_name text", "boolean", "v"),
    "list_bindings": (
        "",
        (
            "TABLE(binding_name text, source text, index_name text, id_prefix text, key_column name,"
            " embedding_column name, metadata_columns name[], metadata_column name, hash_key text,"
            " when_null text, is_paused boolean, created_at timestamp with time zone,"
            " updated_at timestamp with time zone, content_columns name[], embedded_hash_column name,"
            " when_stale text)"
        ),
        "s",
    ),
    "content_hash": ("content record", "text", "i"),
    "rows_to_embed": (
        "binding_name text, max_results integer DEFAULT 100",
        "TABLE(key text, content jsonb, content_hash text)",
        "s",
    ),
    "sync_cost": (
        "days integer DEFAULT 30",
        (
            "TABLE(binding_name text, puts bigint, put_bytes bigint, billed_put_bytes bigint, deletes bigint,"
            " lambda_calls bigint, lambda_ms double precision, usd numeric)"
        ),
        "s",
    ),
    "sync": (
        (
            "IN binding_name text DEFAULT NULL::text, IN max_seconds integer DEFAULT 50,"
            " INOUT synced bigint DEFAULT 0"
        ),
        None,
        "v",
    ),
    "move_to_cold": (
        (
            "IN binding_name text, IN older_than text, IN batch integer DEFAULT 1000,"
            " INOUT moved bigint DEFAULT 0"
        ),
        None,
        "v",
    ),
    "query_tiered": (
        (
            "query_vector double precision[], source regclass, embedding_column name, index_name text,"
            " top_k integer DEFAULT 10, candidates text DEFAULT NULL::text, parameters jsonb DEFAULT NULL::jsonb,"
            " expected_model text DEFAULT NULL::text"
        ),
        "TABLE(vector_id text, tier text, distance double precision, similarity_score double precision)",
        "s",
    ),
    "query_hybrid_local": (
        (
            "query_vector double precision[], query tsquery, source regclass, text_column name,"
            " key_column name DEFAULT NULL::name, index_name text DEFAULT NULL::text,"
            " index_arn text DEFAULT NULL::text, top_k integer DEFAULT 10,"
            " vector_weight double precision DEFAULT 0.5, fusion text DEFAULT 'rrf'::text,"
            " candidates text DEFAULT NULL::text, parameters jsonb DEFAULT NULL::jsonb,"
            " expected_model text DEFAULT NULL::text"
        ),
        (
            "TABLE(vector_id text, rank integer, score double precision, distance double precision,"
            " text_rank double precision)"
        ),
        "s",
    ),
    "sync_status": (
        "",
        (
            "TABLE(binding_name text, source text, index_name text, state text, pending bigint,"
            " oldest_pending_age interval, waiting bigint, retrying bigint, dead bigint,"
            " last_synced_at timestamp with time zone, rows_estimate bigint, coverage numeric,"
            " vectors_per_second double precision, last_error text, hint text)"
        ),
        "v",
    ),
    "sync_backlog": (
        "binding_name text, max_results integer DEFAULT 100",
        (
            "TABLE(vector_id text, noted_at timestamp with time zone, age interval, state text,"
            " attempts integer, next_attempt_at timestamp with time zone, error text)"
        ),
        "v",
    ),
    "dead_letters": (
        (
            "INOUT binding_name text DEFAULT NULL::text, OUT vector_id text, OUT sqlstate text, OUT error text,"
            " OUT attempts integer, OUT first_failed_at timestamp with time zone,"
            " OUT last_failed_at timestamp with time zone"
        ),
        "SETOF record",
        "s",
    ),
    "retry_dead_letters": ("binding_name text, vector_ids text[] DEFAULT NULL::text[]", "bigint", "v"),
    "discard_dead_letters": ("binding_name text, vector_ids text[] DEFAULT NULL::text[]", "bigint", "v"),
    "switch_index": ("index_name text, to_index_name text, force boolean DEFAULT false", "boolean", "v"),
    "query_filtered": (
        (
            "query_vector double precision[], candidates text, index_name text DEFAULT NULL::text,"
            " index_arn text DEFAULT NULL::text, top_k integer DEFAULT 10, parameters jsonb DEFAULT NULL::jsonb,"
            " metadata_filter jsonb DEFAULT NULL::jsonb, return_metadata boolean DEFAULT false,"
            " filter_strategy text DEFAULT 'auto'::text, num_candidates integer DEFAULT 10000,"
            " exact_search_threshold integer DEFAULT NULL::integer, expected_model text DEFAULT NULL::text"
        ),
        "TABLE(vector_id text, distance double precision, similarity_score double precision, metadata jsonb)",
        "s",
    ),
    "last_search": (
        "",
        (
            "TABLE(strategy text, is_exact boolean, is_truncated boolean, is_exhausted boolean, candidates bigint,"
            " missing bigint, scanned integer, passed integer, estimated_rows double precision, rounds integer,"
            " pages integer, lambda_calls integer, total_ms double precision, stopped_by text)"
        ),
        "s",
    ),
    "start_backfill": ("binding_name text", "bigint", "v"),
    "start_verify": (
        "binding_name text, repair boolean DEFAULT false, max_deletes integer DEFAULT NULL::integer",
        "bigint",
        "v",
    ),
    "cancel_job": ("job_id bigint", "boolean", "v"),
    "sync_jobs": (
        "",
        (
            "TABLE(job_id bigint, binding_name text, kind text, state text, done bigint, total bigint,"
            " percent numeric, rate double precision, eta interval, started_at timestamp with time zone,"
            " finished_at timestamp with time zone, error text, sqlstate text, hint text)"
        ),
        "v",
    ),
    "verify_differences": (
        "job_id bigint",
        "TABLE(vector_id text, problem text, noted_at timestamp with time zone)",
        "s",
    ),
    "last_call": (
        "",
        (
            "TABLE(operation text, request_id text, total_ms double precision, lambda_ms double precision,"
            " api_calls integer, pages integer, bytes_out integer, bytes_in integer, cold_start boolean)"
        ),
        "s",
    ),
    "diagnose": ("", "TABLE(check_name text, status text, detail text, hint text)", "v"),
    "restrict_index": (
        (
            "index_name text, role_name name, metadata_filter jsonb DEFAULT NULL::jsonb,"
            " tenant_key text DEFAULT NULL::text, tenant_setting text DEFAULT NULL::text"
        ),
        "boolean",
        "v",
    ),
    "unrestrict_index": ("index_name text, role_name name DEFAULT NULL::name", "boolean", "v"),
    "list_restrictions": (
        "",
        (
            "TABLE(index_name text, index_arn text, role_name name, metadata_filter jsonb, tenant_key text,"
            " tenant_setting text, is_valid boolean, created_at timestamp with time zone)"
        ),
        "s",
    ),
    "grant_access": ("role_name name, access_level text", "void", "v"),
    "revoke_access": ("role_name name", "void", "v"),
    "version": ("", "text", "i"),
    "help": ("topic text DEFAULT NULL::text", "TABLE(subject text, function text, what_it_does text)", "s"),
}

# Internal, and run as the caller of a public one: by sync(), by those that bind, and by the triggers of a table.
STEPS = [
    "_candidate_keys", "_candidate_type", "_end_search", "_estimated_candidates", "_hits",
    "_key_array", "_keys_of_type", "_next_move", "_passing", "_runs_for_others", "_with_estimate",
    "_with_candidates", "_with_page", "_with_ranks",
    "_end_binding", "_note_changes", "_prepare_binding", "_prepare_unbinding", "_save_binding",
    "_start_sync", "_sync_step", "_take_lease", "_tell_dead", "_tell_progress", "_to_embed_query",
    "_commit_alone", "_cold_steps", "_hold_binding", "_tier_queries",
    "_hybrid_queries",
]  # fmt: skip
# As 1.0.0 had them, for views and functions that were made then.
BEFORE_1_1 = [
    "_query_hybrid_1_0", "_query_vectors_1_0", "_query_vectors_batch_1_0", "_register_index_1_0",
]  # fmt: skip
# Triggers and rights are the table owner's to give, and only what runs as its caller may commit.
# The query of candidates has the rights, the row security and the search_path of the caller.
CANDIDATES = [
    "_candidate_keys", "_candidate_type", "_estimated_candidates", "_passing", "query_filtered",
    "query_tiered", "query_hybrid_local", "move_to_cold",
]  # fmt: skip
AS_CALLER = [
    "alter_binding",
    "bind_table",
    "content_hash",
    "rows_to_embed",
    "rrf_score",
    "sync",
    "unbind_table",
    "_commit_alone",
    "_runs_for_others",
    *CANDIDATES,
]
# What reads and writes vectors runs as its caller, and calls what is behind it with a seal that says who that is:
# only so it is known whom a restriction is for.
SEALED = [
    "delete_vectors", "get_vectors", "list_vectors", "put_vectors", "query_hybrid", "query_vectors",
    "query_vectors_batch", "rank_vectors",
]  # fmt: skip
BEHIND = [*(f"_{name}" for name in SEALED), "_begin_search", "_next_neighbours"]

TYPES = {"vector_record": ["vector_id text", "embedding real[]", "metadata jsonb"]}

# Columns of design section 2: types stand in test_functions_are_as_designed
TABLES = {
    "seal_key": ["is_the_only_row", "inner_key", "outer_key"],
    "role_seal": ["role_oid", "role_name", "seal"],
    "caller": ["role_oid", "seal"],
    "restricted_index": ["index_arn", "restricted_at"],
    "index_restriction": [
        "index_arn", "role_name", "role_oid", "metadata_filter", "tenant_key", "tenant_setting", "created_at",
    ],
    "config": [
        "is_the_only_row", "lambda_arn", "aws_region", "timeout_seconds", "created_at", "updated_at",
        "last_validated_at", "last_validation_status",
    ],
    "function_facts": ["is_the_only_row", "memory_mb"],
    "index_registry": [
        "index_name", "index_arn", "description", "bucket_name", "region", "account_id", "dimension",
        "distance_metric", "index_mode", "non_filterable_keys", "text_keys", "is_active", "created_at",
        "updated_at", "described_at", "model",
    ],
    "binding": [
        "binding_id", "binding_name", "source", "index_arn", "id_prefix", "key_column", "key_attnum", "key_type",
        "embedding_column", "metadata_columns", "metadata_column", "compared_columns", "row_query",
        "hash_key", "when_null", "content_columns", "embedded_hash_column", "when_stale",
        "is_paused", "is_ending", "created_at", "updated_at",
    ],
    "outbox": ["binding_id", "change", "noted_at", "key"],
    "sync_state": [
        "binding_id", "lease", "leased_until", "not_before", "seen_at", "last_turn_at", "last_synced_at", "failures",
        "is_broken", "sqlstate", "error", "hint", "database_oid", "instances", "is_copy", "is_job_next",
        "vectors_synced", "vectors_per_second",
    ],
    "sync_usage": [
        "day", "binding_name", "puts", "put_bytes", "billed_put_bytes", "deletes", "lambda_calls", "lambda_ms",
        "api_calls",
    ],
    "sync_failure": [
        "binding_id", "key", "state", "attempts", "sqlstate", "error", "first_failed_at", "last_failed_at",
        "next_attempt_at",
    ],
    "sync_job": [
        "job_id", "binding_id", "kind", "state", "is_owed", "repair", "max_deletes", "done", "total",
        "last_key", "stage", "stage_done", "next_token", "restarts", "sums", "stage_sums", "sqlstate", "error", "hint",
        "created_at", "started_at", "finished_at",
    ],
    "sync_difference": ["job_id", "key", "problem", "is_waiting", "hash_name", "noted_at"],
    "sync_pace": ["index_arn", "free_at"],
}  # fmt: skip


def functions_where(db: Database, condition: str) -> list[str]:
    """Return the names of the functions of s3vl (alias p) that meet a condition."""
    rows = db.connection.execute(
        "select p.proname from pg_proc as p where p.pronamespace = 's3vl'::regnamespace"
        f" and ({condition}) order by p.proname"
    )
    return [row["proname"] for row in rows]


def test_functions_are_as_designed(db: Database) -> None:
    """Names, order, types and defaults of arguments, columns and volatility are the contract."""
    rows = db.rows(
        """
        select p.proname, pg_get_function_arguments(p.oid) as arguments,
            pg_get_function_result(p.oid) as result, p.provolatile::text as volatility
        from pg_proc as p
        where p.pronamespace = 's3vl'::regnamespace and not starts_with(p.proname, '_')
        """
    )

    assert {row["proname"]: (row["arguments"], row["result"], row["volatility"]) for row in rows} == PUBLIC
    assert len(rows) == len(PUBLIC)


def test_tables_are_as_designed(db: Database) -> None:
    """Nothing but configuration, registry and bindings is kept, in columns of these names."""
    rows = db.rows(
        """
        select c.relname, array_agg(a.attname order by a.attnum)::text[] as columns
        from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
        where c.relnamespace = 's3vl'::regnamespace and c.relkind not in ('c', 'i', 'S')
        group by c.relname
        """
    )

    assert {row["relname"]: row["columns"] for row in rows} == TABLES


def test_types_are_as_designed(db: Database) -> None:
    """A record is written as (id, embedding, metadata), so its columns and their order are the contract."""
    rows = db.rows(
        """
        select c.relname,
            array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) order by a.attnum) as columns
        from pg_class as c join pg_attribute as a on a.attrelid = c.oid
        where c.relnamespace = 's3vl'::regnamespace and c.relkind = 'c'
        group by c.relname
        """
    )

    assert {row["relname"]: row["columns"] for row in rows} == TYPES


def test_every_public_function_has_its_access_level(db: Database) -> None:
    """The list of levels and the public functions are the same, so that no grant forgets one."""
    rows = db.rows("select function_name::text from s3vl._access_levels()")

    assert sorted(row["function_name"] for row in rows) == sorted([*PUBLIC, *STEPS, *BEFORE_1_1])


def test_what_is_behind_a_public_function_is_open_to_everybody(db: Database) -> None:
    """Grants are on public functions, so what those run as their caller has none of its own."""
    rows = db.rows("select split_part(object, '(', 1) as object, privilege from s3vl._public_rights()")

    assert {row["object"]: row["privilege"] for row in rows} == {
        "table s3vl.caller": "SELECT",
        "routine s3vl._sealed_caller": "EXECUTE",
    } | {f"routine s3vl.{name}": "EXECUTE" for name in BEHIND}


def test_every_public_function_has_one_topic(db: Database) -> None:
    """What s3vl.help() lists is every public function, once."""
    rows = db.rows("select unnest(function_names)::text as name from s3vl._topics()")

    assert sorted(row["name"] for row in rows) == sorted(PUBLIC)


@pytest.mark.parametrize(
    "broken",
    [
        "obj_description(p.oid, 'pg_proc') is null",
        ("not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']"
        f" and p.proname <> all ('{{sync,_commit_alone,rrf_score,{','.join([*CANDIDATES, *SEALED])}}}')"),
        "p.proparallel <> 'u' and p.proname <> 'rrf_score'",
        ("(p.proacl is null or p.proacl::text ~ '[{,]=')"
        f" and p.proname <> all ('{{_sealed_caller,{','.join(BEHIND)}}}')"),
        ("exists (select from pg_proc as o where o.pronamespace = p.pronamespace"
        " and o.proname = p.proname and o.oid <> p.oid)"),
        # The list of levels is as long as there are functions.
        "array_length(string_to_array(btrim(p.prosrc, E'\\n'), E'\\n'), 1) > 60 and p.proname <> '_access_levels'",
        ("p.prosrc ~ E'\\n\\s*(return query )?execute ' and p.proname not in ('_change_rights', '_lock_for_change',"
        " '_note_changes', '_rows', '_next_keys', '_absent', 'bind_table', 'alter_binding', 'unbind_table',"
        " 'rows_to_embed', '_note', '_forget_note', '_encode_records')"
        f" and p.proname <> all ('{{{','.join(CANDIDATES)}}}')"),
    ],
    ids=[
        "no comment", "search_path not pinned", "parallel", "executable by PUBLIC", "overloaded",
        "over 60 lines", "dynamic SQL beside GRANT, LOCK, PREPARE, pgvector, bound tables and candidates",
    ],
)  # fmt: skip
def test_no_function_is(db: Database, broken: str) -> None:
    """Every function, internal ones too, keeps the rules of the house."""
    assert functions_where(db, broken) == []


def test_public_functions_run_as_the_owner_and_internal_ones_as_their_caller(db: Database) -> None:
    """Internal functions have no right of their own, but for those behind public ones that have none."""
    assert set(functions_where(db, "p.prosecdef")) == {*PUBLIC, *STEPS, *BEHIND} - {*AS_CALLER, *SEALED}


def test_sets_are_small_to_the_planner(db: Database) -> None:
    """A search is joined as what it is: some rows, not a thousand."""
    assert functions_where(db, "p.proretset and p.prorows > 10 and not starts_with(p.proname, '_')") == []


def test_lambda_is_called_in_one_place(db: Database) -> None:
    """s3vl._invoke is the one door to Lambda."""
    assert functions_where(db, "p.prosrc ~ 'aws_lambda\\.invoke\\('") == ["_invoke"]


def test_tables_types_columns_and_schema_have_comments(db: Database) -> None:
    """What psql shows with plus signs is never empty."""
    silent = db.rows(
        """
        select c.relname, a.attname
        from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
        where c.relnamespace = 's3vl'::regnamespace and c.relkind in ('c', 'r')
            and (col_description(c.oid, a.attnum) is null or obj_description(
                    case c.relkind when 'c' then c.reltype else c.oid end,
                    case c.relkind when 'c' then 'pg_type' else 'pg_class' end
                ) is null)
        """
    )

    assert silent == []
    assert db.value("select obj_description('s3vl'::regnamespace, 'pg_namespace')")


def test_constraints_have_names_of_their_own(db: Database) -> None:
    """A violated constraint says which rule it is; names are chosen, not made up by PostgreSQL."""
    rows = db.rows(
        "select conname from pg_constraint where connamespace = 's3vl'::regnamespace and contype <> 'n'"
    )

    assert {row["conname"] for row in rows} == {
        "binding_binding_name_key",
        "binding_index_arn_id_prefix_key",
        "binding_pkey",
        "binding_when_null_known",
        "binding_when_stale_known",
        "sync_usage_pkey",
        "config_pkey",
        "config_single_row",
        "config_timeout_seconds_range",
        "function_facts_pkey",
        "function_facts_single_row",
        "index_registry_index_name_length",
        "index_registry_index_name_printable",
        "index_registry_pkey",
        "index_restriction_index_arn_fkey",
        "index_restriction_pkey",
        "index_restriction_tenant_is_whole",
        "outbox_pkey",
        "restricted_index_pkey",
        "seal_key_length",
        "seal_key_pkey",
        "seal_key_single_row",
        "sync_failure_binding_id_fkey",
        "sync_failure_pkey",
        "sync_failure_state_known",
        "sync_difference_job_id_fkey",
        "sync_difference_pkey",
        "sync_difference_problem_known",
        "sync_job_binding_id_fkey",
        "sync_job_kind_known",
        "sync_job_pkey",
        "sync_job_state_known",
        "sync_pace_pkey",
        "sync_state_binding_id_fkey",
        "sync_state_pkey",
    }


def test_nothing_but_the_owner_has_a_privilege(db: Database) -> None:
    """Schema and tables are granted to nobody; one view tells everybody who they are."""
    grants = db.rows(
        """
        select n.nspname as name, a.privilege_type as privilege from pg_namespace as n, aclexplode(n.nspacl) as a
        where n.nspname = 's3vl' and a.grantee <> n.nspowner
        union all
        select c.relname, a.privilege_type from pg_class as c, aclexplode(c.relacl) as a
        where c.relnamespace = 's3vl'::regnamespace and a.grantee <> c.relowner
        """
    )

    assert grants == [{"name": "caller", "privilege": "SELECT"}]


def test_one_function_finds_an_index_for_a_caller(db: Database) -> None:
    """Whoever calls gets to an index with the restriction that holds for them, and in no other way."""
    assert functions_where(db, "p.prosrc ~ '_find_index\\('") == ["_open_index"]
    assert functions_where(db, "p.prosrc ~ '_open_index\\('") == sorted(BEHIND)
    for function in {*BEHIND} - {"_begin_search"}:  # which calls nothing
        source = db.value("select prosrc from pg_proc where proname = %(name)s", name=function)
        assert "_open.restriction" in source
