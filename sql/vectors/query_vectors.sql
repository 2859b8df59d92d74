-- Search with a vector.

create or replace function s3vl.query_vectors(
    query_vector double precision[],
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null,
    query_mode text default null,
    expected_model text default null
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
    language sql
as $$
    select v.vector_id, v.distance, v.similarity_score, v.metadata
    from s3vl._query_vectors(
        s3vl._sealed_caller(),
        query_vectors.query_vector,
        query_vectors.index_name,
        query_vectors.index_arn,
        query_vectors.top_k,
        query_vectors.return_metadata,
        query_vectors.metadata_filter,
        query_vectors.query_mode,
        query_vectors.expected_model
    ) as v
$$;

comment on function s3vl.query_vectors(
    double precision[], text, text, integer, boolean, jsonb, text, text
) is
    'Finds the nearest vectors. They are those nearest to query_vector, nearest first '
    '(QueryVectors). Give index_name or index_arn. top_k is 1 to 10000; fewer rows come when fewer '
    'match, and a NOTICE when nothing matches metadata_filter. metadata_filter is in the filter '
    'language of S3 Vectors. query_mode is CLASSIC or ENHANCED, and that of the index when left '
    'out. distance is what the service says (euclidean: the square); similarity_score is 1 - '
    'distance for cosine, -1 to 1, and 1 / (1 + distance) for euclidean, 0 to 1. metadata is null '
    'with return_metadata => false. expected_model is the model of query_vector, and another than '
    'that of the index is refused, as is an index whose model nobody has registered. Raises 22023, '
    '42501, 42704, 55000 and S3V01 to S3V06.';
