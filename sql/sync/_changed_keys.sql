-- The statement that notes the keys of the rows that another has changed, many of them.
--
-- Old and new rows are joined through EXECUTE: a statement of PL/pgSQL would keep the plan that its
-- first calls had, for one row each, and take minutes for thousands.

create or replace function s3vl._is_same(binding s3vl.binding, before text, after text)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- With a column that is computed on reading, all that a trigger can read of the row.
    _columns constant name[] := coalesce(
        _is_same.binding.compared_columns,
        array(
            select a.attname
            from pg_attribute as a
            where a.attrelid = _is_same.binding.source
                and a.attnum > 0
                and not a.attisdropped
                and a.attgenerated <> 'v'
            order by a.attnum
        )
    );
begin
    -- Images of records compare what has no operator = too, such as json.
    return format(
        'row(%s)::record operator(pg_catalog.*=) row(%s)::record',
        string_agg(_is_same.before || quote_ident(c.name), ', '),
        string_agg(_is_same.after || quote_ident(c.name), ', ')
    )
    from unnest(_columns) as c (name);
end;
$$;

comment on function s3vl._is_same(s3vl.binding, text, text) is
    'Returns the condition that two rows are the same to a binding.';

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

create or replace function s3vl._note_changed_keys(
    binding_id integer,
    relation oid,
    event text,
    level text
)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _old constant text := case _note_changed_keys.level
        when 'ROW' then '(select ($1).*)' else 's3vl_old' end;
    _new constant text := case _note_changed_keys.level
        when 'ROW' then '(select ($2).*)' else 's3vl_new' end;
    _binding s3vl.binding;
begin
    select b.*
    into _binding
    from s3vl.binding as b
    where b.binding_id = _note_changed_keys.binding_id;
    _binding := s3vl._as_it_is(_binding, _note_changed_keys.relation);
    if _binding.key_column is null then
        return 'select';
    end if;
    -- A row whose key has changed is two keys. No cast, and no operator of another type than text:
    -- the owner of the table may have given the key a type with functions of theirs.
    return format(
        'insert into s3vl.outbox (binding_id, key) '
        'select %1$s, concat(r.key) from (select '
        || case _note_changed_keys.event
            when 'INSERT' then 'n.%2$I from %4$s as n'
            when 'DELETE' then 'o.%2$I from %3$s as o'
            else 'coalesce(o.%2$I, n.%2$I) '
                'from %3$s as o full join %4$s as n on concat(n.%2$I) = concat(o.%2$I) '
                'where o.%2$I is null or n.%2$I is null or not %5$s'
        end
        || ') as r (key)',
        _binding.binding_id,
        _binding.key_column,
        _old,
        _new,
        s3vl._is_same(_binding, 'o.', 'n.')
    );
end;
$$;

comment on function s3vl._note_changed_keys(integer, oid, text, text) is
    'Returns the statement that notes the keys of the rows that a statement has changed.';
