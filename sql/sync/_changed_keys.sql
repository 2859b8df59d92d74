-- The queries for the keys that a statement has changed.
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

create or replace function s3vl._changed_keys(binding s3vl.binding, event text)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- A row whose key has changed is two keys.
    return format(
        case _changed_keys.event
            when 'INSERT' then 'select n.%1$I::text from s3vl_new as n'
            when 'DELETE' then 'select o.%1$I::text from s3vl_old as o'
            else 'select coalesce(o.%1$I, n.%1$I)::text '
                'from s3vl_old as o full join s3vl_new as n on n.%1$I = o.%1$I '
                'where o.%1$I is null or n.%1$I is null or not %2$s'
        end,
        _changed_keys.binding.key_column,
        s3vl._is_same(_changed_keys.binding, 'o.', 'n.')
    );
end;
$$;

comment on function s3vl._changed_keys(s3vl.binding, text) is
    'Returns the query for the keys that a statement has changed.';

create or replace function s3vl._changed_key(binding s3vl.binding, event text, level text)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _before constant text := case _changed_key.level when 'ROW' then '($1).' else 'o.' end;
    _after constant text := case _changed_key.level when 'ROW' then '($2).' else 'n.' end;
    _query constant text := case _changed_key.event
        when 'INSERT' then 'select array[%2$s%3$I::text]'
        when 'DELETE' then 'select array[%1$s%3$I::text]'
        else 'select array[%1$s%3$I::text, %2$s%3$I::text]'
    end;
begin
    -- To plan a join takes longer than all the rest, and one row needs none.
    return format(
        concat_ws(
            ' ',
            _query,
            case when _changed_key.level = 'STATEMENT' then case _changed_key.event
                when 'INSERT' then 'from s3vl_new as n'
                when 'DELETE' then 'from s3vl_old as o'
                else 'from s3vl_old as o cross join s3vl_new as n'
            end end,
            case when _changed_key.event = 'UPDATE'
                then 'where %1$s%3$I::text <> %2$s%3$I::text or not %4$s' end
        ),
        _before,
        _after,
        _changed_key.binding.key_column,
        s3vl._is_same(_changed_key.binding, _before, _after)
    );
end;
$$;

comment on function s3vl._changed_key(s3vl.binding, text, text) is
    'Returns the query for an array of the keys before and after the change of one row.';
