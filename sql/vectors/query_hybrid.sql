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
    language sql
as $$
    select v.vector_id, v.rank, v.fused_score, v.bm25_scores, v.distance, v.metadata
    from s3vl._query_hybrid(
        s3vl._sealed_caller(),
        query_hybrid.query_texts,
        query_hybrid.query_vector,
        query_hybrid.index_name,
        query_hybrid.index_arn,
        query_hybrid.top_k,
        query_hybrid.return_metadata,
        query_hybrid.metadata_filter,
        query_hybrid.expected_model
    ) as v
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
