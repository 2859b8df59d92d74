-- Search for texts, alone or together with a vector.

create or replace function s3vl.query_hybrid(
    query_texts jsonb,
    query_vector double precision[] default null,
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null,
    expected_model text default null
)
    returns table (
        vector_id text,
        rank integer,
        fused_score double precision,
        bm25_scores jsonb,
        distance double precision,
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
    _vector json;
    _keys text[];
    _request json;
    _rows bigint;
begin
    _index := s3vl._find_index(
        query_hybrid.index_name collate "C", query_hybrid.index_arn collate "C"
    );
    perform s3vl._check_texts(query_hybrid.query_texts);
    perform s3vl._check_expected_model(query_hybrid.expected_model, _index);
    perform s3vl._check_range('top_k', query_hybrid.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', query_hybrid.return_metadata);
    perform s3vl._check_filter(query_hybrid.metadata_filter, _index);
    if query_hybrid.query_vector is not null then
        _vector := s3vl._encode_vector('query_vector', query_hybrid.query_vector, _index);
    end if;
    _keys := array(select k.key from jsonb_object_keys(query_hybrid.query_texts) as k (key));
    perform s3vl._check_text_search(_keys, _index, _started);
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'query_texts', query_hybrid.query_texts,
        'query_vector', _vector,
        'top_k', query_hybrid.top_k,
        'return_metadata', query_hybrid.return_metadata,
        'metadata_filter', query_hybrid.metadata_filter
    );
    return query
    select v.vector_id, (row_number() over ())::integer, v.fused_score, v.bm25_scores,
        v.distance, v.metadata
    from s3vl._ask('query_hybrid', _request, _started) as p (result)
    cross join lateral s3vl._decode_vectors(p.result, '{vector_id}') as v;
    get diagnostics _rows = row_count;
    perform s3vl._check_count(_rows, query_hybrid.top_k);
    perform s3vl._note_no_rows(_rows, query_hybrid.metadata_filter, _index);
end;
$$;

comment on function s3vl.query_hybrid(
    jsonb, double precision[], text, text, integer, boolean, jsonb, text
) is
    'Searches by text (and by vector). Finds what matches texts best, and is nearest to a vector '
    'when one is given (QueryVectors with queryTexts). query_texts says which metadata key to '
    'search for which text, for example {"title": "red shoes"}: 1 to 10 keys with text search, '
    'texts of 1 to 1024 characters. Give index_name or index_arn; the index has to be ENHANCED. '
    'Rows come best first, as rank says. bm25_scores holds the keys that matched; fused_score is '
    'there with a vector, and distance where the vector search found the row. expected_model is '
    'the model of the vector, and another than that of the index is refused. Raises 22023, 42501, '
    '42704, 55000 and S3V01 to S3V06.';
