-- Vectors by id and page by page, for a caller who brings a seal.

create or replace function s3vl._get_vectors(
    caller s3vl.caller,
    vector_ids text[],
    index_name text,
    index_arn text,
    include_vector_data boolean,
    include_metadata boolean
)
    returns table (
        vector_id text,
        embedding double precision[],
        metadata jsonb,
        found boolean
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _open record;
    _index s3vl.index_registry;
    _ids text[];
    _chunk record;
    _request json;
    _asked text[];
    _required constant text[] := case
        when _get_vectors.include_vector_data then array['vector_id', 'embedding']
        else array['vector_id']
    end;
    _rows bigint;
begin
    _open := s3vl._open_index(
        _get_vectors.caller, 'get_vectors', _get_vectors.index_name, _get_vectors.index_arn
    );
    _index := _open.index;
    _ids := s3vl._distinct_ids(_get_vectors.vector_ids collate "C");
    perform s3vl._check_boolean('include_vector_data', _get_vectors.include_vector_data);
    perform s3vl._check_boolean('include_metadata', _get_vectors.include_metadata);
    for _chunk in select c.* from s3vl._chunks(s3vl._encode_ids(_ids)) as c loop
        _request := json_build_object(
            'index_arn', _index.index_arn,
            'vector_ids', _chunk.chunk,
            'include_vector_data', _get_vectors.include_vector_data,
            'include_metadata', _get_vectors.include_metadata,
            'restriction', _open.restriction
        );
        _asked := _ids[_chunk.first_position:_chunk.last_position];
        return query
        select i.vector_id, v.embedding, v.metadata, v.vector_id is not null
        from unnest(_asked collate "C") with ordinality as i (vector_id, position)
        left join (s3vl._ask('get_vectors', _request, _started) as p (result)
            cross join lateral s3vl._decode_vectors(p.result, _required) as v) using (vector_id)
        order by i.position;
        get diagnostics _rows = row_count;
        perform s3vl._check_count(_rows, cardinality(_asked));
    end loop;
end;
$$;

comment on function s3vl._get_vectors(s3vl.caller, text[], text, text, boolean, boolean) is
    'Does what s3vl.get_vectors() is asked for, as far as its caller may.';

create or replace function s3vl._list_vectors(
    caller s3vl.caller,
    index_arn text,
    index_name text,
    max_results integer,
    next_token text,
    return_data boolean,
    return_metadata boolean,
    segment_count integer,
    segment_index integer
)
    returns table (
        vector_id text,
        vector_data double precision[],
        metadata jsonb,
        response_next_token text,
        total_count integer
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _open record;
    _index s3vl.index_registry;
    _request json;
    _parts jsonb[];
    _required constant text[] := case
        when _list_vectors.return_data then array['vector_id', 'embedding']
        else array['vector_id']
    end;
    _next_token text;
    _rows bigint;
begin
    _open := s3vl._open_index(
        _list_vectors.caller, 'list_vectors', _list_vectors.index_name, _list_vectors.index_arn
    );
    _index := _open.index;
    perform s3vl._check_range('max_results', _list_vectors.max_results, 1, 1000);
    perform s3vl._check_boolean('return_data', _list_vectors.return_data);
    perform s3vl._check_boolean('return_metadata', _list_vectors.return_metadata);
    perform s3vl._check_next_token(_list_vectors.next_token collate "C");
    perform s3vl._check_segment(_list_vectors.segment_count, _list_vectors.segment_index);
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'max_results', _list_vectors.max_results,
        'next_token', _list_vectors.next_token,
        'return_data', _list_vectors.return_data,
        'return_metadata', _list_vectors.return_metadata,
        'segment_count', _list_vectors.segment_count,
        'segment_index', _list_vectors.segment_index,
        'restriction', _open.restriction
    );
    _parts := array(select s3vl._ask('list_vectors', _request));
    -- Where the page ends is known to its last part.
    _next_token := _parts[cardinality(_parts)] ->> 'next_token';
    return query
    select v.vector_id, v.embedding, v.metadata, _next_token, (count(*) over ())::integer
    from unnest(_parts) as p (result)
    cross join lateral s3vl._decode_vectors(p.result, _required) as v;
    get diagnostics _rows = row_count;
    perform s3vl._check_count(_rows, _list_vectors.max_results);
    if _rows = 0 and _next_token is not null then
        -- The token would have no row to stand on, and the vectors behind it would seem not to
        -- exist.
        perform s3vl._raise_malformed('an empty page that is not the last', _parts::text);
    end if;
end;
$$;

comment on function s3vl._list_vectors(
    s3vl.caller, text, text, integer, text, boolean, boolean, integer, integer
) is
    'Does what s3vl.list_vectors() is asked for, as far as its caller may.';
