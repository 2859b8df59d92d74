-- After TRUNCATE nobody can say which rows there were: the index is looked through, page by page,
-- for vectors of the binding without a row. A binding that ends has no rows.

create or replace function s3vl._orphans(binding s3vl.binding, vector_ids text[])
    returns text[]
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _prefix constant text := _orphans.binding.id_prefix;
    _keys text[] := array(
        select substr(i.vector_id, length(_prefix) + 1)
        from unnest(_orphans.vector_ids) as i (vector_id)
        where starts_with(i.vector_id, _prefix)
    );
begin
    -- Its table may be gone already.
    if _orphans.binding.is_ending then
        return s3vl._only_keys(_orphans.binding, _keys);
    end if;
    begin
        _keys := s3vl._absent(_orphans.binding, _keys);
        raise sqlstate 'S3V99';
    exception
        when sqlstate 'S3V99' then
            null;
    end;
    return _keys;
end;
$$;

comment on function s3vl._orphans(s3vl.binding, text[]) is
    'Returns the keys of those ids of the binding that no row has, without keeping a lock on the '
    'table.';

create or replace function s3vl._sweep(
    binding s3vl.binding,
    index s3vl.index_registry,
    token text,
    started timestamptz,
    deadline timestamptz,
    out deleted integer,
    out next_token text
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _members constant json := json_build_object(
        'index_arn', _sweep.index.index_arn,
        'max_results', 1000,
        'next_token', _sweep.token,
        'return_data', false,
        'return_metadata', false
    );
    _pages jsonb[];
    _gone text[];
begin
    _pages := array(
        select a.result from s3vl._ask('list_vectors', _members, _sweep.started) as a (result)
    );
    _gone := s3vl._orphans(
        _sweep.binding,
        array(
            select v.vector_id
            from unnest(_pages) as p (page)
            cross join lateral s3vl._decode_vectors(p.page, '{vector_id}') as v
        )
    );
    _gone := array(select _sweep.binding.id_prefix || g.key from unnest(_gone) as g (key));
    _sweep.deleted := 0;
    if cardinality(_gone) > 0 then
        _sweep.deleted := s3vl._delete_ids(
            _gone, _sweep.index.index_arn, _sweep.started, s3vl._epoch_ms(_sweep.deadline)
        );
    end if;
    _sweep.next_token := _pages[cardinality(_pages)] ->> 'next_token';
exception
    -- A token is good for some minutes.
    when invalid_parameter_value then
        if _sweep.token is null then
            raise;
        end if;
        _sweep.deleted := 0;
        _sweep.next_token := '';
end;
$$;

comment on function s3vl._sweep(
    s3vl.binding, s3vl.index_registry, text, timestamptz, timestamptz
) is
    'Deletes the vectors without a row of one page of the index, and returns the token of the next '
    'page: null at the end, and an empty one to begin again.';
