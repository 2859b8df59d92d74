-- Which rows of a bound table need a vector, for s3vl.rows_to_embed().

create or replace function s3vl._some_keys(
    binding s3vl.binding,
    condition text,
    max_results integer
)
    returns text
    immutable
    strict
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        '(select t.%1$I from %2$s as t where %3$s order by t.%1$I limit %4$s)',
        _some_keys.binding.key_column,
        _some_keys.binding.source,
        _some_keys.condition,
        _some_keys.max_results
    )
$$;

comment on function s3vl._some_keys(s3vl.binding, text, integer) is
    'Returns the query for the first keys of a bound table that meet a condition.';

create or replace function s3vl._needs_vector(binding s3vl.binding, max_results integer)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when b.when_null = 'delete' then concat_ws(
            ' or ', format('t.%I is null', b.embedding_column), s3vl._is_stale(b)
        )
        -- The index has the vector of a row without embedding, unless sync has found none. Two
        -- queries by key, of which each can use an index: their conditions together could not.
        else format(
            't.%I = any(array(%s))',
            b.key_column,
            concat_ws(
                ' union all ',
                s3vl._some_keys(
                    b,
                    format(
                        't.%I is null and t.%I = any(array(select %s from unnest($1) as w (key)))',
                        b.embedding_column, b.key_column, s3vl._key_cast(b, 'w.key')
                    ),
                    _needs_vector.max_results
                ),
                s3vl._some_keys(b, s3vl._is_stale(b), _needs_vector.max_results)
            )
        )
    end
    from unnest(array[_needs_vector.binding]) as b
$$;

comment on function s3vl._needs_vector(s3vl.binding, integer) is
    'Returns the condition that a row needs a vector, of which $1 are the keys that wait for one.';

create or replace function s3vl._waiting_keys(binding s3vl.binding)
    returns text[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select s3vl._only_keys(
        _waiting_keys.binding,
        array(
            select f.key
            from s3vl.sync_failure as f
            where f.binding_id = _waiting_keys.binding.binding_id and f.state = 'waiting'
        )
    )
    where _waiting_keys.binding.when_null = 'keep'
$$;

comment on function s3vl._waiting_keys(s3vl.binding) is
    'Returns the keys of rows without an embedding of which the index has no vector to keep; null '
    'where none is kept.';

create or replace function s3vl._to_embed_query(
    binding_name text,
    max_results integer,
    out query text,
    out waiting text[]
)
    stable
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := s3vl._find_binding(_to_embed_query.binding_name);
begin
    perform s3vl._check_range('max_results', _to_embed_query.max_results, 1, 10000);
    if _binding.content_columns = '{}' then
        raise exception using
            errcode = '55000',
            message = format('binding "%s" has no content_columns', _binding.binding_name),
            hint = format(
                'Say what its vectors are made from: select s3vl.alter_binding(%L, '
                'content_columns => ''{title,body}'', embedded_hash_column => ''embedded_hash'', '
                'backfill => false);',
                _binding.binding_name
            );
    end if;
    _to_embed_query.query := (
        select format(
            'select t.%1$I::text, jsonb_build_object(%2$s), s3vl.content_hash(row(%3$s)) '
            'from %4$s as t where %5$s order by t.%1$I limit %6$s',
            _binding.key_column,
            string_agg(format('%1$L, t.%1$I', c.name), ', ' order by c.position),
            string_agg(format('t.%I', c.name), ', ' order by c.position),
            _binding.source,
            s3vl._needs_vector(_binding, _to_embed_query.max_results),
            _to_embed_query.max_results
        )
        from unnest(_binding.content_columns) with ordinality as c (name, position)
    );
    _to_embed_query.waiting := s3vl._waiting_keys(_binding);
end;
$$;

comment on function s3vl._to_embed_query(text, integer) is
    'Returns the query of s3vl.rows_to_embed(), which runs it with the rights of its caller, and '
    'the keys that it takes.';
