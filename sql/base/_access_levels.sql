-- Who may call what: the one list of public functions and the access that they need. Reader is all
-- that only looks, writer adds changes of vectors, admin changes of s3vl itself.

create or replace function s3vl._step_levels()
    returns table (function_name name, access_level text)
    immutable
    rows 20
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    values
    -- What views and functions of 1.0.0 call.
    ('_query_vectors_1_0'::name, 'reader'),
    ('_query_vectors_batch_1_0', 'reader'),
    ('_query_hybrid_1_0', 'reader'),
    ('_register_index_1_0', 'admin'),
    -- What s3vl.query_filtered() runs.
    ('_candidate_type', 'reader'),
    ('_key_array', 'reader'),
    ('_estimated_candidates', 'reader'),
    ('_with_estimate', 'reader'),
    ('_next_move', 'reader'),
    ('_candidate_keys', 'reader'),
    ('_with_candidates', 'reader'),
    ('_with_ranks', 'reader'),
    ('_keys_of_type', 'reader'),
    ('_passing', 'reader'),
    ('_with_page', 'reader'),
    ('_runs_for_others', 'reader'),
    ('_end_search', 'reader'),
    ('_hits', 'reader'),
    -- What s3vl.rows_to_embed() runs.
    ('_to_embed_query', 'reader'),
    -- What s3vl.query_tiered() and s3vl.move_to_cold() run.
    ('_tier_queries', 'reader'),
    ('_cold_steps', 'writer'),
    ('_hold_binding', 'writer'),
    -- What s3vl.query_hybrid_local() runs.
    ('_hybrid_queries', 'reader'),
    -- What s3vl.sync() runs.
    ('_start_sync', 'writer'),
    ('_take_lease', 'writer'),
    ('_sync_step', 'writer'),
    ('_tell_progress', 'writer'),
    ('_tell_dead', 'writer'),
    ('_commit_alone', 'writer'),
    -- What those that bind run, and what the triggers run.
    ('_prepare_binding', 'admin'),
    ('_save_binding', 'admin'),
    ('_prepare_unbinding', 'admin'),
    ('_end_binding', 'admin'),
    ('_note_changes', 'admin')
$$;

comment on function s3vl._step_levels() is
    'Lists the internal functions that public ones, triggers and old views run as their caller.';

create or replace function s3vl._access_levels()
    returns table (function_name name, access_level text)
    immutable
    rows 30
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    values
    ('version'::name, 'reader'),
    ('help', 'reader'),
    ('get_config', 'reader'),
    ('validate_config', 'reader'),
    ('diagnose', 'reader'),
    ('last_call', 'reader'),
    ('resolve_index_arn', 'reader'),
    ('list_indexes', 'reader'),
    ('get_index_info', 'reader'),
    ('index_model', 'reader'),
    ('describe_index', 'reader'),
    ('query_vectors', 'reader'),
    ('query_vectors_batch', 'reader'),
    ('query_hybrid', 'reader'),
    ('rank_vectors', 'reader'),
    ('rrf_score', 'reader'),
    ('query_filtered', 'reader'),
    ('last_search', 'reader'),
    ('query_tiered', 'reader'),
    ('query_hybrid_local', 'reader'),
    ('get_vectors', 'reader'),
    ('list_vectors', 'reader'),
    ('list_bindings', 'reader'),
    ('sync_status', 'reader'),
    ('sync_backlog', 'reader'),
    ('dead_letters', 'reader'),
    ('sync_cost', 'reader'),
    ('content_hash', 'reader'),
    ('rows_to_embed', 'reader'),
    ('sync_jobs', 'reader'),
    ('verify_differences', 'reader'),
    ('put_vectors', 'writer'),
    ('delete_vectors', 'writer'),
    ('sync', 'writer'),
    ('retry_dead_letters', 'writer'),
    ('move_to_cold', 'writer'),
    ('bind_table', 'admin'),
    ('alter_binding', 'admin'),
    ('unbind_table', 'admin'),
    ('pause_binding', 'admin'),
    ('resume_binding', 'admin'),
    ('discard_dead_letters', 'admin'),
    ('switch_index', 'admin'),
    ('restrict_index', 'admin'),
    ('unrestrict_index', 'admin'),
    ('list_restrictions', 'admin'),
    ('start_backfill', 'admin'),
    ('start_verify', 'admin'),
    ('cancel_job', 'admin'),
    ('configure', 'admin'),
    ('use_pgvector', 'admin'),
    ('create_index', 'admin'),
    ('drop_index', 'admin'),
    ('register_index', 'admin'),
    ('activate_index', 'admin'),
    ('deactivate_index', 'admin'),
    ('unregister_index', 'admin'),
    ('grant_access', 'admin'),
    ('revoke_access', 'admin')
    union all
    select s.*
    from s3vl._step_levels() as s
$$;

comment on function s3vl._access_levels() is
    'Lists the public functions and procedures, and the internal ones that they run as their '
    'caller, each with the lowest access that may execute it.';

create or replace function s3vl._granted_functions(access_level text)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _levels constant text[] := array['reader', 'writer', 'admin'];
begin
    return (
        select string_agg(p.oid::regprocedure::text, ', ' order by p.proname)
        from s3vl._access_levels() as a
        inner join pg_proc as p on p.proname = a.function_name
        inner join pg_namespace as n on n.oid = p.pronamespace and n.nspowner = p.proowner
        where n.nspname = 's3vl'
            and array_position(_levels, a.access_level)
            <= array_position(_levels, _granted_functions.access_level)
    );
end;
$$;

comment on function s3vl._granted_functions(text) is
    'Returns the functions of an access level as GRANT takes them; null for an unknown level.';
