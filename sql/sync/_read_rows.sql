-- Reading bound tables. Keys come as text, and are compared in the type of the column, so that its
-- index is used. Row security must not hide a row from here, for what is not there is deleted:
-- s3vl._sync_step() turns it off, which makes it an error.

create or replace function s3vl._hold_columns(binding s3vl.binding, index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _hold_columns.binding.is_ending then
        return;
    end if;
    -- Checked with the lock of who reads: the owner could give a column a type of theirs between a
    -- check and the query, whose casts would run as the owner of s3vl.
    execute format(
        'select t.%I from %s as t limit 0',
        _hold_columns.binding.key_column,
        _hold_columns.binding.source
    );
    perform s3vl._check_columns(_hold_columns.binding, _hold_columns.index);
end;
$$;

comment on function s3vl._hold_columns(s3vl.binding, s3vl.index_registry) is
    'Keeps the columns of a table as they are until the end of the block, and checks them.';

create or replace function s3vl._key_cast(binding s3vl.binding, key text)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select concat(
        _key_cast.key, '::', format_type(a.atttypid, null),
        s3vl._collate(a.attrelid, a.attname)
    )
    from pg_attribute as a
    where a.attrelid = _key_cast.binding.source and a.attname = _key_cast.binding.key_column
$$;

comment on function s3vl._key_cast(s3vl.binding, text) is
    'Returns the expression of a text as a key of a bound table.';

create or replace function s3vl._only_keys(binding s3vl.binding, keys text[])
    returns text[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select s3vl._keys_of_type(
        _only_keys.keys,
        coalesce(
            s3vl._column_type(_only_keys.binding.source, _only_keys.binding.key_column),
            _only_keys.binding.key_type
        )
    )
$$;

comment on function s3vl._only_keys(s3vl.binding, text[]) is
    'Returns those of the texts that can be keys of a bound table.';

create or replace function s3vl._rows_query(binding s3vl.binding)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        'select k.key, t.%1$I is not null, %2$s, %3$s '
        'from unnest($1) as k (key) left join %4$s as t on t.%1$I = %5$s',
        _rows_query.binding.key_column,
        s3vl._unless_stale(
            _rows_query.binding, s3vl._embedding_as_real(a.attname, a.atttypid)
        ),
        s3vl._metadata(_rows_query.binding),
        _rows_query.binding.source,
        s3vl._key_cast(_rows_query.binding, 'k.key')
    )
    from pg_attribute as a
    where a.attrelid = _rows_query.binding.source
        and a.attname = _rows_query.binding.embedding_column
$$;

comment on function s3vl._rows_query(s3vl.binding) is
    'Returns the query for the rows of keys.';

create or replace function s3vl._rows(binding s3vl.binding, keys text[])
    returns table (key text, is_there boolean, embedding real[], metadata jsonb)
    rows 1000
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- Of a binding that ends there are none, and its table may be gone.
    if _rows.binding.is_ending then
        return;
    end if;
    return query
    execute s3vl._rows_query(_rows.binding) using s3vl._only_keys(_rows.binding, _rows.keys);
end;
$$;

comment on function s3vl._rows(s3vl.binding, text[]) is
    'Returns what rows are there for keys, with their vectors and metadata.';

create or replace function s3vl._page_query(binding s3vl.binding, after text)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        'select coalesce(array_agg(p.key), ''{}''), '
        'coalesce(array_agg(p.key) filter (where p.has_vector), ''{}'') '
        'from (select t.%1$I::text as key, %2$s as has_vector from %3$s as t %4$s '
        'order by t.%1$I limit $2) as p',
        _page_query.binding.key_column,
        case when _page_query.binding.when_null = 'keep' then 'true'
            else format('t.%I is not null', _page_query.binding.embedding_column) end,
        _page_query.binding.source,
        case when _page_query.after is not null then format(
            'where t.%I > %s',
            _page_query.binding.key_column,
            s3vl._key_cast(_page_query.binding, '$1')
        ) end
    )
$$;

comment on function s3vl._page_query(s3vl.binding, text) is
    'Returns the query for the keys that follow one, and for those of them that have a vector, or '
    'may have one that is kept.';

create or replace function s3vl._next_keys(
    binding s3vl.binding,
    index s3vl.index_registry,
    after text,
    count integer,
    out keys text[],
    out with_vector text[]
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _keys text[];
    _with_vector text[];
begin
    -- Rolled back, so that no lock on the table is kept.
    begin
        perform s3vl._hold_columns(_next_keys.binding, _next_keys.index);
        execute s3vl._page_query(_next_keys.binding, _next_keys.after)
        into _keys, _with_vector
        using _next_keys.after, _next_keys.count;
        raise sqlstate 'S3V99';
    exception
        when sqlstate 'S3V99' then
            null;
    end;
    _next_keys.keys := _keys;
    _next_keys.with_vector := _with_vector;
end;
$$;

comment on function s3vl._next_keys(s3vl.binding, s3vl.index_registry, text, integer) is
    'Returns the keys of a bound table that follow one, in their order, and those of them with a '
    'vector.';
