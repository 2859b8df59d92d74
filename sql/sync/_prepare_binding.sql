-- Between the checks and what is saved stand the statements of s3vl.bind_table(), run as its
-- caller: triggers and rights are the table owner's to give.

create or replace function s3vl._triggers(binding s3vl.binding)
    returns table (trigger_name text, statement text)
    stable
    rows 4
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A statement trigger sees the rows of one event only, and none of a partition by itself.
    select
        n.trigger_name,
        format(
            'create or replace trigger %I after %s on %s %s execute function '
            's3vl._note_changes(%L, %L)',
            n.trigger_name,
            e.events,
            _triggers.binding.source,
            e.how,
            _triggers.binding.binding_name,
            s3vl._digest(_triggers.binding)
        )
    from pg_class as c
    cross join lateral (
        values
        (c.relkind = 'r' and not c.relispartition, 'insert', 'insert',
            'referencing new table as s3vl_new for each statement'),
        (c.relkind = 'r' and not c.relispartition, 'update', 'update',
            'referencing old table as s3vl_old new table as s3vl_new for each statement'),
        (c.relkind = 'r' and not c.relispartition, 'delete', 'delete',
            'referencing old table as s3vl_old for each statement'),
        (c.relkind = 'p' or c.relispartition, 'row', 'insert or update or delete', 'for each row'),
        (true, 'truncate', 'truncate', 'for each statement')
    ) as e (applies, suffix, events, how)
    cross join lateral (
        select concat_ws('_', 's3vl', _triggers.binding.binding_name, e.suffix)
    ) as n (trigger_name)
    where c.oid = _triggers.binding.source and e.applies
$$;

comment on function s3vl._triggers(s3vl.binding) is
    'Lists the triggers that a binding needs, with the statements that make them.';

create or replace function s3vl._prepare_binding(definition jsonb)
    returns text[]
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding;
    _schema regnamespace;
begin
    perform s3vl._check_writable('the binding');
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception using
            errcode = '25001',
            message = format(
                'a table cannot be bound in a %s transaction',
                current_setting('transaction_isolation')
            ),
            hint = 'It would not see rows that others are committing: begin one that is READ '
                'COMMITTED.';
    end if;
    perform s3vl._lock_for_change('s3vl.binding');
    _binding := s3vl._defined(_prepare_binding.definition);
    if (_prepare_binding.definition ->> 'is_change')::boolean is not true and exists (
        select from s3vl.binding as b where b.binding_name = _binding.binding_name
    ) then
        raise exception using
            errcode = '42710',
            message = format('there is a binding "%s" already', _binding.binding_name),
            hint = format(
                'Pass another binding_name, or change it: select s3vl.alter_binding(%L, ...);',
                _binding.binding_name
            );
    end if;
    _schema := (select c.relnamespace from pg_class as c where c.oid = _binding.source);
    return array(
        select format('grant usage on schema %s to %I', _schema, current_user)
        where not has_schema_privilege(_schema, 'usage')
        union all
        select format(
            'grant select (%s) on %s to %I',
            string_agg(quote_ident(u.name), ', '),
            _binding.source,
            current_user
        )
        from unnest(s3vl._used_columns(_binding)) as u (name)
        having bool_or(not has_column_privilege(_binding.source, u.name::text, 'select'))
        union all
        select t.statement
        from s3vl._triggers(_binding) as t
    );
end;
$$;

comment on function s3vl._prepare_binding(jsonb) is
    'Checks a definition, and returns what the owner of the table has to do for it.';

create or replace function s3vl._check_triggers(binding s3vl.binding)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- As PostgreSQL keeps them: each with a zero behind it.
    _arguments constant text := concat(
        encode(convert_to(_check_triggers.binding.binding_name, 'UTF8'), 'hex'), '00',
        encode(convert_to(s3vl._digest(_check_triggers.binding), 'UTF8'), 'hex'), '00'
    );
begin
    if exists (
        select
        from s3vl._triggers(_check_triggers.binding) as n
        left join pg_trigger as t
            on t.tgrelid = _check_triggers.binding.source
            and t.tgname = n.trigger_name
            and t.tgfoid = 's3vl._note_changes()'::regprocedure
            and encode(t.tgargs, 'hex') = _arguments
        where t.oid is null
    ) then
        perform s3vl._raise_source(
            _check_triggers.binding, '42501', 'its owner has not asked for that',
            'Let its owner call s3vl.bind_table(), or s3vl.alter_binding(), with admin access.'
        );
    end if;
end;
$$;

comment on function s3vl._check_triggers(s3vl.binding) is
    'Refuses a definition that the triggers of the table, which only its owner can make, do not '
    'carry.';
