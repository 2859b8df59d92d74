-- Saving what a binding is, once the triggers of its table vouch for it.

create or replace function s3vl._change_binding(binding s3vl.binding, backfill boolean)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _change_binding.binding;
    _is_another_key boolean;
begin
    _is_another_key := (
        select b.key_column <> _binding.key_column
        from s3vl.binding as b
        where b.binding_id = _binding.binding_id
    );
    update s3vl.binding as b
    set key_column = _binding.key_column,
        key_attnum = _binding.key_attnum,
        key_type = _binding.key_type,
        embedding_column = _binding.embedding_column,
        metadata_columns = _binding.metadata_columns,
        metadata_column = _binding.metadata_column,
        compared_columns = _binding.compared_columns,
        row_query = _binding.row_query,
        hash_key = _binding.hash_key,
        when_null = _binding.when_null,
        content_columns = _binding.content_columns,
        embedded_hash_column = _binding.embedded_hash_column,
        when_stale = _binding.when_stale,
        updated_at = clock_timestamp()
    where b.binding_id = _binding.binding_id;
    update s3vl.sync_state as s
    set not_before = '-infinity'
    where s.binding_id = _binding.binding_id;
    perform s3vl._restart_jobs(_binding.binding_id, '{backfill,verify}');
    if _is_another_key then
        perform s3vl._owe_verify(_binding.binding_id);
    end if;
    if _change_binding.backfill then
        perform s3vl._queue_job(_binding.binding_id, 'backfill');
    end if;
end;
$$;

comment on function s3vl._change_binding(s3vl.binding, boolean) is
    'Saves what a binding is now, and lets its jobs begin again.';

create or replace function s3vl._save_binding(definition jsonb, backfill boolean)
    returns text
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := s3vl._defined(_save_binding.definition);
begin
    perform s3vl._check_triggers(_binding);
    perform s3vl._check_rights(_binding);
    if (_save_binding.definition ->> 'is_change')::boolean then
        perform s3vl._change_binding(_binding, _save_binding.backfill);
        return _binding.binding_name;
    end if;
    -- Its last name cannot be forgotten meanwhile: see _keep_registered.sql.
    perform from s3vl.index_registry as r where r.index_arn = _binding.index_arn for key share;
    _binding.binding_id := s3vl._unused_number(
        's3vl.binding_binding_id_seq', (select max(b.binding_id) from s3vl.binding as b)
    )::integer;
    insert into s3vl.binding (
        binding_id, binding_name, source, index_arn, id_prefix, key_column, key_attnum, key_type,
        embedding_column, metadata_columns, metadata_column, compared_columns, row_query, hash_key,
        when_null, content_columns, embedded_hash_column, when_stale
    )
    overriding system value
    values (
        _binding.binding_id, _binding.binding_name, _binding.source, _binding.index_arn,
        _binding.id_prefix, _binding.key_column, _binding.key_attnum, _binding.key_type,
        _binding.embedding_column, _binding.metadata_columns, _binding.metadata_column,
        _binding.compared_columns, _binding.row_query, _binding.hash_key, _binding.when_null,
        _binding.content_columns, _binding.embedded_hash_column, _binding.when_stale
    );
    insert into s3vl.sync_state (binding_id, database_oid, instances)
    values (_binding.binding_id, s3vl._database_oid(), s3vl._instances());
    if _save_binding.backfill then
        perform s3vl._queue_job(_binding.binding_id, 'backfill');
    end if;
    return _binding.binding_name;
end;
$$;

comment on function s3vl._save_binding(jsonb, boolean) is
    'Saves the binding that a definition describes, for which the triggers of its table vouch, and '
    'returns its name.';
