-- Search with a vector, for a caller who brings a seal.

create or replace function s3vl._query_vectors(
    caller s3vl.caller,
    query_vector double precision[],
    index_name text,
    index_arn text,
    top_k integer,
    return_metadata boolean,
    metadata_filter jsonb,
    query_mode text,
    expected_model text
)
    returns table (
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
    _request json;
    _rows bigint;
begin
    _open := s3vl._open_index(
        _query_vectors.caller, 'query_vectors', _query_vectors.index_name, _query_vectors.index_arn
    );
    _index := _open.index;
    perform s3vl._check_expected_model(_query_vectors.expected_model, _index);
    perform s3vl._check_range('top_k', _query_vectors.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', _query_vectors.return_metadata);
    perform s3vl._check_filter(_query_vectors.metadata_filter, _index);
    perform s3vl._check_query_mode(
        _query_vectors.query_mode collate "C", _query_vectors.metadata_filter, _index, _started
    );
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'query_vector', s3vl._encode_vector('query_vector', _query_vectors.query_vector, _index),
        'top_k', _query_vectors.top_k,
        'return_metadata', _query_vectors.return_metadata,
        'metadata_filter', s3vl._restricted_filter(
            _open.restriction, _query_vectors.metadata_filter
        ),
        'query_mode', _query_vectors.query_mode
    );
    return query
    select v.vector_id, v.distance, v.similarity_score, v.metadata
    from s3vl._ask('query_vectors', _request, _started) as p (result)
    cross join lateral s3vl._decode_vectors(p.result, '{vector_id,distance}') as v;
    get diagnostics _rows = row_count;
    perform s3vl._check_count(_rows, _query_vectors.top_k);
    perform s3vl._note_no_rows(_rows, _query_vectors.metadata_filter, _index);
end;
$$;

comment on function s3vl._query_vectors(
    s3vl.caller, double precision[], text, text, integer, boolean, jsonb, text, text
) is
    'Does what s3vl.query_vectors() is asked for, as far as its caller may.';
