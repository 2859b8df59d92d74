-- Search with many vectors at a time.

create or replace function s3vl.query_vectors_batch(
    query_vectors double precision[],
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null,
    query_mode text default null,
    expected_model text default null
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
    _index s3vl.index_registry;
    _vectors json[];
    _chunk record;
    _request json;
    _before integer;
    _queries integer;
    _rows bigint;
begin
    _index := s3vl._find_index(
        query_vectors_batch.index_name collate "C", query_vectors_batch.index_arn collate "C"
    );
    perform s3vl._check_expected_model(query_vectors_batch.expected_model, _index);
    perform s3vl._check_range('top_k', query_vectors_batch.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', query_vectors_batch.return_metadata);
    perform s3vl._check_filter(query_vectors_batch.metadata_filter, _index);
    _vectors := s3vl._encode_vectors('query_vectors', query_vectors_batch.query_vectors, _index);
    perform s3vl._check_query_mode(
        query_vectors_batch.query_mode collate "C",
        query_vectors_batch.metadata_filter,
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
            'top_k', query_vectors_batch.top_k,
            'return_metadata', query_vectors_batch.return_metadata,
            'metadata_filter', query_vectors_batch.metadata_filter,
            'query_mode', query_vectors_batch.query_mode
        );
        return query
        select _before + v.query_number, v.vector_id, v.distance, v.similarity_score, v.metadata
        from s3vl._ask('query_vectors_batch', _request, _started) as p (result)
        cross join lateral s3vl._decode_vectors(p.result, '{query_number,vector_id,distance}') as v
        cross join lateral s3vl._check_query_number(v.query_number, _queries);
        get diagnostics _rows = row_count;
        perform s3vl._check_count(_rows, query_vectors_batch.top_k::bigint * _queries);
        perform s3vl._note_no_rows(_rows, query_vectors_batch.metadata_filter, _index);
    end loop;
end;
$$;

comment on function s3vl.query_vectors_batch(
    double precision[], text, text, integer, boolean, jsonb, text, text
) is
    'Runs many searches in one call. Finds the vectors nearest to each of up to 1000 vectors, in '
    'one call of the Lambda function. query_vectors is a two-dimensional array, one row a vector; '
    'query_number, from 1, says which of them a row belongs to. Rows come by query_number, nearest '
    'first; no vectors, no call and no row. The other arguments and columns are those of '
    's3vl.query_vectors(), and top_k counts for each vector. Raises 22023, 42501, 42704, 55000 and '
    'S3V01 to S3V06.';
