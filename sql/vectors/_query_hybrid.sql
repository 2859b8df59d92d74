-- Search for texts, for a caller who brings a seal.

create or replace function s3vl._query_hybrid(
    caller s3vl.caller,
    query_texts jsonb,
    query_vector double precision[],
    index_name text,
    index_arn text,
    top_k integer,
    return_metadata boolean,
    metadata_filter jsonb,
    expected_model text
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
    _open record;
    _index s3vl.index_registry;
    _vector json;
    _keys text[];
    _request json;
    _rows bigint;
begin
    _open := s3vl._open_index(
        _query_hybrid.caller, 'query_hybrid', _query_hybrid.index_name, _query_hybrid.index_arn
    );
    _index := _open.index;
    perform s3vl._check_texts(_query_hybrid.query_texts);
    perform s3vl._check_expected_model(_query_hybrid.expected_model, _index);
    perform s3vl._check_range('top_k', _query_hybrid.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', _query_hybrid.return_metadata);
    perform s3vl._check_filter(_query_hybrid.metadata_filter, _index);
    if _query_hybrid.query_vector is not null then
        _vector := s3vl._encode_vector('query_vector', _query_hybrid.query_vector, _index);
    end if;
    _keys := array(select k.key from jsonb_object_keys(_query_hybrid.query_texts) as k (key));
    perform s3vl._check_text_search(_keys, _index, _started);
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'query_texts', _query_hybrid.query_texts,
        'query_vector', _vector,
        'top_k', _query_hybrid.top_k,
        'return_metadata', _query_hybrid.return_metadata,
        'metadata_filter', s3vl._restricted_filter(
            _open.restriction, _query_hybrid.metadata_filter
        )
    );
    return query
    select v.vector_id, (row_number() over ())::integer, v.fused_score, v.bm25_scores,
        v.distance, v.metadata
    from s3vl._ask('query_hybrid', _request, _started) as p (result)
    cross join lateral s3vl._decode_vectors(p.result, '{vector_id}') as v;
    get diagnostics _rows = row_count;
    perform s3vl._check_count(_rows, _query_hybrid.top_k);
    perform s3vl._note_no_rows(_rows, _query_hybrid.metadata_filter, _index);
end;
$$;

comment on function s3vl._query_hybrid(
    s3vl.caller, jsonb, double precision[], text, text, integer, boolean, jsonb, text
) is
    'Does what s3vl.query_hybrid() is asked for, as far as its caller may.';
