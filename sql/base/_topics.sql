-- What s3vl.help() tells about: topics as a user thinks of them, in the order in which they are
-- met. What it says of a function is the first sentence of its comment.

create or replace function s3vl._topics()
    returns table (topic text, function_names name[])
    immutable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    values
    ('setup', array['configure', 'validate_config', 'get_config', 'use_pgvector']::name[]),
    ('indexes', array[
        'create_index', 'register_index', 'list_indexes', 'get_index_info', 'index_model',
        'describe_index',
        'resolve_index_arn', 'deactivate_index', 'activate_index', 'unregister_index', 'drop_index'
    ]),
    ('search', array[
        'query_vectors', 'query_vectors_batch', 'query_hybrid', 'query_filtered', 'last_search',
        'rank_vectors', 'rrf_score', 'query_hybrid_local', 'query_tiered'
    ]),
    ('read', array['get_vectors', 'list_vectors']),
    ('write', array['put_vectors', 'delete_vectors']),
    ('sync', array[
        'bind_table', 'sync', 'sync_status', 'sync_backlog', 'list_bindings', 'alter_binding',
        'unbind_table', 'pause_binding', 'resume_binding', 'dead_letters', 'retry_dead_letters',
        'discard_dead_letters', 'start_backfill', 'start_verify', 'sync_jobs',
        'verify_differences', 'cancel_job', 'switch_index', 'rows_to_embed', 'content_hash',
        'sync_cost', 'move_to_cold'
    ]),
    ('access', array[
        'grant_access', 'revoke_access', 'restrict_index', 'unrestrict_index', 'list_restrictions'
    ]),
    ('operate', array['diagnose', 'last_call', 'version', 'help'])
$$;

comment on function s3vl._topics() is
    'Lists the topics of s3vl.help(), each with its public functions; a function has one topic.';
