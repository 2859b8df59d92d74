-- Noting what changes in bound tables, inside of the application's own statements: one INSERT, and
-- nothing that waits, or that fails while the table can be changed at all.
--
-- Old and new rows are joined through EXECUTE: a statement of PL/pgSQL would keep the plan that its
-- first calls had, for one row each, and take minutes for thousands.

create or replace function s3vl._is_same(binding s3vl.binding, before text, after text)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Images of records compare what has no operator = too, such as json. All of the row is
    -- compared when a column is computed on reading, and null here.
    select format(
        'row(%s)::record operator(pg_catalog.*=) row(%s)::record',
        coalesce(string_agg(_is_same.before || c.name, ', '), _is_same.before || '*'),
        coalesce(string_agg(_is_same.after || c.name, ', '), _is_same.after || '*')
    )
    from (
        select quote_ident(n.name)
        from unnest(_is_same.binding.compared_columns) as n (name)
    ) as c (name)
$$;

comment on function s3vl._is_same(s3vl.binding, text, text) is
    'Returns the condition that two rows are the same to a binding.';

create or replace function s3vl._changed_keys(binding s3vl.binding, event text)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A row whose key has changed is two keys.
    select format(
        case _changed_keys.event
            when 'INSERT STATEMENT' then 'select n.%1$I::text from s3vl_new as n'
            when 'DELETE STATEMENT' then 'select o.%1$I::text from s3vl_old as o'
            when 'UPDATE STATEMENT' then 'select coalesce(o.%1$I, n.%1$I)::text '
                'from s3vl_old as o full join s3vl_new as n on n.%1$I = o.%1$I '
                'where o.%1$I is null or n.%1$I is null or not %2$s'
            when 'UPDATE ROW' then 'select k.key '
                'from (select ($1).%1$I::text union select ($2).%1$I::text) as k (key) '
                'where ($1).%1$I::text <> ($2).%1$I::text or not %2$s'
            else 'select ($1).%1$I::text'
        end,
        _changed_keys.binding.key_column,
        case when _changed_keys.event ~ 'ROW$'
            then s3vl._is_same(_changed_keys.binding, '($1).', '($2).')
            else s3vl._is_same(_changed_keys.binding, 'o.', 'n.')
        end
    )
$$;

comment on function s3vl._changed_keys(s3vl.binding, text) is
    'Returns the query for the keys that a statement, or a change of one row, has changed.';

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
    _statement text;
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
    if not found or _binding.is_ending then
        return null;
    elsif tg_op = 'TRUNCATE' then
        insert into s3vl.outbox (binding_id) values (_binding.binding_id);
        return null;
    end if;
    _binding := s3vl._as_it_is(_binding, tg_relid);
    if _binding.key_column is null then
        return null;
    end if;
    _statement := format(
        'insert into s3vl.outbox (binding_id, key) select %s, k.key from (%s) as k (key)',
        _binding.binding_id,
        s3vl._changed_keys(_binding, concat_ws(' ', tg_op, tg_level))
    );
    if tg_level = 'STATEMENT' then
        execute _statement;
    elsif tg_op = 'UPDATE' then
        execute _statement using old, new;
    elsif tg_op = 'DELETE' then
        execute _statement using old;
    else
        execute _statement using new;
    end if;
    return null;
end;
$$;

comment on function s3vl._note_changes() is
    'Notes in the outbox which rows a statement has changed. Trigger of every bound table.';
