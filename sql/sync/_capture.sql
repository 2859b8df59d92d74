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

create or replace function s3vl._captured(arguments text[], relation oid, level text)
    returns s3vl.binding
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding;
begin
    select b.*
    into _binding
    from s3vl.binding as b
    where b.binding_name = _captured.arguments[0] collate "C" and not b.is_ending;
    -- The table says whose trigger it is: anybody may give one on their own table any argument.
    if _captured.level = 'ROW' then
        if _binding.source not in (
            select a.relid from pg_partition_ancestors(_captured.relation) as a
        ) then
            return null;
        end if;
    elsif _binding.source <> _captured.relation then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        perform s3vl._note_late_change(_binding.binding_id, _captured.arguments);
    end if;
    return _binding;
end;
$$;

comment on function s3vl._captured(text[], oid, text) is
    'Returns the binding whose trigger this is, or null when there is nothing to note.';

create or replace function s3vl._note_changes()
    returns trigger
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := s3vl._captured(tg_argv, tg_relid, tg_level);
    _compared name[] := array_remove(_binding.compared_columns, _binding.embedding_column);
    _from text[] := '{" from s3vl_old as r"," from s3vl_new as r"}';
    _row text;
    _column name;
    _old record;
    _new record;
    _key text;
    _keys text[];
begin
    if _binding.binding_id is null then
        return null;
    elsif tg_level = 'ROW' then
        _from := '{" from (select ($1).*) as r"," from (select ($1).*) as r"}';
    end if;
    _row := format(
        'select case when r.%1$I is not null then concat(r.%1$I) end as key', _binding.key_column
    );
    if tg_op = 'UPDATE' and _compared is null then
        _row := _row || ', r.*';
    elsif tg_op = 'UPDATE' then
        foreach _column in array _compared loop
            _row := concat(_row, ', r.', quote_ident(_column));
        end loop;
    end if;
    begin
        -- Most statements change one row, for which a join is not worth its plan.
        if tg_op in ('UPDATE', 'DELETE') then
            execute _row || _from[1] into strict _old using old;
            _keys := array[_old.key];
        end if;
        if tg_op in ('UPDATE', 'INSERT') then
            execute _row || _from[2] into strict _new using new;
            _keys := array_append(array_remove(_keys, _new.key), _new.key);
        end if;
        -- The vector is fetched only if all else is the same.
        if tg_op = 'UPDATE' and _old operator(pg_catalog.*=) _new then
            _row := concat('select r.', quote_ident(_binding.embedding_column));
            execute _row || _from[1] into _old using old;
            execute _row || _from[2] into _new using new;
            if _old operator(pg_catalog.*=) _new then
                return null;
            end if;
        end if;
    exception
        when no_data_found then
            return null;
        when too_many_rows or undefined_column then
            execute s3vl._note_changed_keys(_binding.binding_id, tg_relid, tg_op, tg_level)
            using old, new;
            return null;
    end;
    -- After TRUNCATE there are none.
    foreach _key in array coalesce(_keys, '{null}') loop
        insert into s3vl.outbox (binding_id, key) values (_binding.binding_id, _key);
    end loop;
    return null;
end;
$$;

comment on function s3vl._note_changes() is
    'Notes in the outbox which rows a statement has changed. Trigger of every bound table.';
