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
