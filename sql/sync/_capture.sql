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
    _binding s3vl.binding;
    _rows bigint := 1;
    _keys text[];
begin
    -- Whose trigger it is says the table. An argument alone would let anybody who may create such a
    -- trigger note changes of what is not theirs.
    select b.*
    into _binding
    from s3vl.binding as b
    where b.binding_name = tg_argv[0] collate "C"
        and (
            b.source = tg_relid
            or tg_level = 'ROW' and exists (
                select
                from pg_partition_ancestors(tg_relid) as a (relation)
                where a.relation = b.source
            )
        );
    if current_setting('transaction_isolation') <> 'read committed' then
        perform s3vl._note_late_change(_binding, tg_argv);
    end if;
    if _binding.binding_id is null or _binding.is_ending then
        return null;
    elsif tg_op = 'TRUNCATE' then
        insert into s3vl.outbox (binding_id) values (_binding.binding_id);
        return null;
    end if;
    _binding := s3vl._as_it_is(_binding, tg_relid);
    if _binding.key_column is null then
        return null;
    elsif tg_level = 'STATEMENT' and tg_op = 'DELETE' then
        _rows := (select count(*) from (select from s3vl_old limit 2) as o);
    elsif tg_level = 'STATEMENT' then
        _rows := (select count(*) from (select from s3vl_new limit 2) as n);
    end if;
    if _rows = 1 then
        execute s3vl._changed_key(_binding, tg_op, tg_level) into _keys using old, new;
        insert into s3vl.outbox (binding_id, key)
        select distinct _binding.binding_id, k.key
        from unnest(_keys) as k (key);
    elsif _rows > 1 then
        execute format(
            'insert into s3vl.outbox (binding_id, key) select %s, k.key from (%s) as k (key)',
            _binding.binding_id,
            s3vl._changed_keys(_binding, tg_op)
        );
    end if;
    return null;
end;
$$;

comment on function s3vl._note_changes() is
    'Notes in the outbox which rows a statement has changed. Trigger of every bound table.';
