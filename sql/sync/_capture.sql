-- Noting what changes in bound tables, inside of the application's own statements: one INSERT, and
-- nothing that waits, or that fails while the table can be changed at all.

create or replace function s3vl._as_it_is(binding s3vl.binding, relation oid)
    returns s3vl.binding
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := _as_it_is.binding;
    _needed constant name[] := array_append(_binding.compared_columns, _binding.key_column);
begin
    if cardinality(_needed) = (
        select count(*)
        from pg_attribute as a
        where a.attrelid = _as_it_is.relation
            and a.attname = any(_needed)
            and a.attnum > 0
    ) then
        return _binding;
    end if;
    -- A column has another name, or is gone. That is for s3vl.sync() to find, and not to fail a
    -- statement of the application: changes are noted by what is left.
    _binding.compared_columns := null;
    _binding.key_column := (
        select a.attname
        from pg_attribute as a
        where a.attrelid = _binding.source
            and not a.attisdropped
            and (a.attname = _binding.key_column or a.attnum = _binding.key_attnum)
        order by a.attname = _binding.key_column desc
        limit 1
    );
    return _binding;
end;
$$;

comment on function s3vl._as_it_is(s3vl.binding, oid) is
    'Returns a binding with the columns that its table still has; without a key, key_column is '
    'null.';

create or replace function s3vl._note_changes()
    returns trigger
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding record;
    _from text[] := '{" from s3vl_old as r"," from s3vl_new as r"}';
    _row text;
    _column name;
    _old record;
    _new record;
    _keys text[];
begin
    select b.binding_id, b.source, b.is_ending, b.key_column, b.compared_columns
    into _binding
    from s3vl.binding as b
    where b.binding_name = tg_argv[0] collate "C";
    -- The table says whose trigger it is: anybody may give one on their own table any argument.
    if tg_level = 'ROW' then
        _from := '{" from (select ($1).*) as r"," from (select ($1).*) as r"}';
        if _binding.source not in (select a.relid from pg_partition_ancestors(tg_relid) as a) then
            return null;
        end if;
    elsif _binding.source <> tg_relid then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        perform s3vl._note_late_change(_binding.binding_id, tg_argv);
    end if;
    if _binding.binding_id is null or _binding.is_ending then
        return null;
    elsif tg_op = 'TRUNCATE' then
        insert into s3vl.outbox (binding_id) values (_binding.binding_id);
        return null;
    end if;
    _row := concat('select r.', quote_ident(_binding.key_column), '::text as key')
        || case when _binding.compared_columns is null then ', r.*' else '' end;
    foreach _column in array coalesce(_binding.compared_columns, '{}') loop
        _row := concat(_row, ', r.', quote_ident(_column));
    end loop;
    begin
        -- Most statements change one row, for which a join is not worth its plan.
        if tg_op <> 'INSERT' then
            execute _row || _from[1] into strict _old using old;
            _keys := array[_old.key];
        end if;
        if tg_op <> 'DELETE' then
            execute _row || _from[2] into strict _new using new;
            _keys := array_append(array_remove(_keys, _new.key), _new.key);
        end if;
    exception
        when no_data_found then
            return null;
        when too_many_rows or undefined_column then
            execute s3vl._note_changed_keys(_binding.binding_id, tg_relid, tg_op, tg_level)
            using old, new;
            return null;
    end;
    if tg_op <> 'UPDATE' or _old operator(pg_catalog.*<>) _new then
        insert into s3vl.outbox (binding_id, key)
        select _binding.binding_id, unnest(_keys);
    end if;
    return null;
end;
$$;

comment on function s3vl._note_changes() is
    'Notes in the outbox which rows a statement has changed. Trigger of every bound table.';
