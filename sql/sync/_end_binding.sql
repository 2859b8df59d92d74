-- Ending a binding: what the owner of the table has to do, and what is left to be deleted.

create or replace function s3vl._own_triggers(binding s3vl.binding)
    returns name[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select array(
        select t.tgname
        from s3vl._triggers(_own_triggers.binding) as n
        inner join pg_trigger as t
            on t.tgrelid = _own_triggers.binding.source and t.tgname = n.trigger_name
        where t.tgfoid = 's3vl._note_changes()'::regprocedure
    )
$$;

comment on function s3vl._own_triggers(s3vl.binding) is
    'Returns those of the triggers of a binding that its table has.';

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
        select format('drop trigger %I on %s', t.name, _binding.source)
        from unnest(s3vl._own_triggers(_binding)) as t (name)
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
    if cardinality(s3vl._own_triggers(_binding)) > 0 then
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
            updated_at = clock_timestamp()
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
