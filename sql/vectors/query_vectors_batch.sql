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
    language sql
as $$
    select v.query_number, v.vector_id, v.distance, v.similarity_score, v.metadata
    from s3vl._query_vectors_batch(
        s3vl._sealed_caller(),
        query_vectors_batch.query_vectors,
        query_vectors_batch.index_name,
        query_vectors_batch.index_arn,
        query_vectors_batch.top_k,
        query_vectors_batch.return_metadata,
        query_vectors_batch.metadata_filter,
        query_vectors_batch.query_mode,
        query_vectors_batch.expected_model
    ) as v
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
