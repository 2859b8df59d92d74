-- Saving and removing bindings.

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
        hash_key = _binding.hash_key,
        when_null = _binding.when_null,
        content_columns = _binding.content_columns,
        embedded_hash_column = _binding.embedded_hash_column,
        when_stale = _binding.when_stale,
        updated_at = now()
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
        embedding_column, metadata_columns, metadata_column, compared_columns, hash_key, when_null,
        content_columns, embedded_hash_column, when_stale
    )
    overriding system value
    values (
        _binding.binding_id, _binding.binding_name, _binding.source, _binding.index_arn,
        _binding.id_prefix, _binding.key_column, _binding.key_attnum, _binding.key_type,
        _binding.embedding_column, _binding.metadata_columns, _binding.metadata_column,
        _binding.compared_columns, _binding.hash_key, _binding.when_null,
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

create or replace function s3vl._prepare_unbinding(binding_name text)
    returns text[]
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding;
begin
    perform s3vl._check_writable('the end of the binding');
    perform s3vl._lock_for_change('s3vl.binding');
    _binding := s3vl._find_binding(_prepare_unbinding.binding_name);
    return array(
        select format('drop trigger %I on %s', t.tgname, _binding.source)
        from s3vl._triggers(_binding) as n
        inner join pg_trigger as t on t.tgrelid = _binding.source and t.tgname = n.trigger_name
        where t.tgfoid = 's3vl._note_changes()'::regprocedure
    );
end;
$$;

comment on function s3vl._prepare_unbinding(text) is
    'Returns what the owner of a bound table has to do to end the binding.';

create or replace function s3vl._check_no_lease(binding s3vl.binding)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _until timestamptz;
begin
    select s.leased_until
    into _until
    from s3vl.sync_state as s
    where s.binding_id = _check_no_lease.binding.binding_id and s.leased_until > clock_timestamp()
    for update;
    -- What it sends could arrive after what the next binding of the same ids does.
    if found then
        raise exception using
            errcode = '55P03',
            message = format(
                'a turn of s3vl.sync() is at work on binding "%s", until %s at the latest',
                _check_no_lease.binding.binding_name,
                date_trunc('second', _until)
            ),
            hint = format(
                'Pause it, and try again then: select s3vl.pause_binding(%L);',
                _check_no_lease.binding.binding_name
            );
    end if;
end;
$$;

comment on function s3vl._check_no_lease(s3vl.binding) is
    'Refuses to end a binding while a call for it may still act.';

create or replace function s3vl._end_binding(binding_name text, delete_vectors boolean)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := s3vl._find_binding(_end_binding.binding_name);
begin
    if exists (
        select
        from s3vl._triggers(_binding) as n
        inner join pg_trigger as t on t.tgrelid = _binding.source and t.tgname = n.trigger_name
        where t.tgfoid = 's3vl._note_changes()'::regprocedure
    ) then
        perform s3vl._raise_source(
            _binding, '42501', 'its owner has not ended the binding',
            format(
                'Let its owner type, with admin access: select s3vl.unbind_table(%L);',
                _binding.binding_name
            )
        );
    end if;
    if not _end_binding.delete_vectors then
        perform s3vl._check_no_lease(_binding);
    end if;
    delete from s3vl.outbox as o
    where o.binding_id = _binding.binding_id;
    if _end_binding.delete_vectors then
        update s3vl.binding as b
        set is_ending = true,
            is_paused = false,
            updated_at = now()
        where b.binding_id = _binding.binding_id;
        delete from s3vl.sync_job as j
        where j.binding_id = _binding.binding_id;
        perform s3vl._owe_verify(_binding.binding_id);
    else
        delete from s3vl.binding as b
        where b.binding_id = _binding.binding_id;
    end if;
    return true;
end;
$$;

comment on function s3vl._end_binding(text, boolean) is
    'Forgets a binding whose triggers are gone, or has its vectors deleted first.';
