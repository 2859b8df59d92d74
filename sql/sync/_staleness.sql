-- Whether the vector of a row was made from what the row has now.

create or replace function s3vl._is_stale(binding s3vl.binding)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        't.%I is distinct from s3vl.content_hash(row(%s))',
        _is_stale.binding.embedded_hash_column,
        string_agg(format('t.%I', c.name), ', ' order by c.position)
    )
    from unnest(_is_stale.binding.content_columns) with ordinality as c (name, position)
    where _is_stale.binding.embedded_hash_column is not null
    having count(*) > 0
$$;

comment on function s3vl._is_stale(s3vl.binding) is
    'Returns the condition that a vector was made from something else than its row has; null where '
    'nobody can know.';

create or replace function s3vl._unless_stale(binding s3vl.binding, embedding text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case when _unless_stale.binding.when_stale = 'delete'
        then format(
            'case when not (%s) then %s end',
            s3vl._is_stale(_unless_stale.binding),
            _unless_stale.embedding
        )
        else _unless_stale.embedding
    end
$$;

comment on function s3vl._unless_stale(s3vl.binding, text) is
    'Returns the expression of a vector that is missing where it is to be deleted.';

create or replace function s3vl._to_embed_query(binding_name text, max_results integer)
    returns text
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
    return (
        select format(
            'select t.%1$I::text, jsonb_build_object(%2$s), s3vl.content_hash(row(%3$s)) '
            'from %4$s as t where t.%5$I is null%6$s order by t.%1$I limit %7$s',
            _binding.key_column,
            string_agg(format('%1$L, t.%1$I', c.name), ', ' order by c.position),
            string_agg(format('t.%I', c.name), ', ' order by c.position),
            _binding.source,
            _binding.embedding_column,
            ' or ' || s3vl._is_stale(_binding),
            _to_embed_query.max_results
        )
        from unnest(_binding.content_columns) with ordinality as c (name, position)
    );
end;
$$;

comment on function s3vl._to_embed_query(text, integer) is
    'Returns the query of s3vl.rows_to_embed(), which runs it with the rights of its caller.';
