-- Search with many vectors at a time, for a caller who brings a seal.

create or replace function s3vl._query_vectors_batch(
    caller s3vl.caller,
    query_vectors double precision[],
    index_name text,
    index_arn text,
    top_k integer,
    return_metadata boolean,
    metadata_filter jsonb,
    query_mode text,
    expected_model text
)
    returns table (
        query_number integer,
        vector_id text,
        distance double precision,
        similarity_score double precision,
        metadata jsonb
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
    _vectors json[];
    _chunk record;
    _request json;
    _before integer;
    _queries integer;
    _rows bigint;
begin
    _open := s3vl._open_index(
        _query_vectors_batch.caller,
        'query_vectors_batch',
        _query_vectors_batch.index_name,
        _query_vectors_batch.index_arn
    );
    _index := _open.index;
    perform s3vl._check_expected_model(_query_vectors_batch.expected_model, _index);
    perform s3vl._check_range('top_k', _query_vectors_batch.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', _query_vectors_batch.return_metadata);
    perform s3vl._check_filter(_query_vectors_batch.metadata_filter, _index);
    _vectors := s3vl._encode_vectors('query_vectors', _query_vectors_batch.query_vectors, _index);
    perform s3vl._check_query_mode(
        _query_vectors_batch.query_mode collate "C",
        _query_vectors_batch.metadata_filter,
        _index,
        _started
    );
    -- One call, unless so many vectors are too much for one request.
    for _chunk in select c.* from s3vl._chunks(_vectors) as c loop
        _before := _chunk.first_position - 1;
        _queries := _chunk.last_position - _before;
        _request := json_build_object(
            'index_arn', _index.index_arn,
            'query_vectors', _chunk.chunk,
            'top_k', _query_vectors_batch.top_k,
            'return_metadata', _query_vectors_batch.return_metadata,
            'metadata_filter', s3vl._restricted_filter(
                _open.restriction, _query_vectors_batch.metadata_filter
            ),
            'query_mode', _query_vectors_batch.query_mode
        );
        return query
        select _before + v.query_number, v.vector_id, v.distance, v.similarity_score, v.metadata
        from s3vl._ask('query_vectors_batch', _request, _started) as p (result)
        cross join lateral s3vl._decode_vectors(p.result, '{query_number,vector_id,distance}') as v
        cross join lateral s3vl._check_query_number(v.query_number, _queries);
        get diagnostics _rows = row_count;
        perform s3vl._check_count(_rows, _query_vectors_batch.top_k::bigint * _queries);
        perform s3vl._note_no_rows(_rows, _query_vectors_batch.metadata_filter, _index);
    end loop;
end;
$$;

comment on function s3vl._query_vectors_batch(
    s3vl.caller, double precision[], text, text, integer, boolean, jsonb, text, text
) is
    'Does what s3vl.query_vectors_batch() is asked for, as far as its caller may.';
