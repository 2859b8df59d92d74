-- Functions of 1.0.0 to which 1.1.0 has added an argument, as views and functions know them that
-- were made before an upgrade. (To PostgreSQL a function with more arguments is another one.)

create or replace function s3vl._query_vectors_1_0(
    query_vector double precision[],
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null,
    query_mode text default null
)
    returns table (
        vector_id text,
        distance double precision,
        similarity_score double precision,
        metadata jsonb
    )
    stable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select v.vector_id, v.distance, v.similarity_score, v.metadata
    from s3vl.query_vectors(
        _query_vectors_1_0.query_vector, _query_vectors_1_0.index_name,
        _query_vectors_1_0.index_arn, _query_vectors_1_0.top_k,
        _query_vectors_1_0.return_metadata, _query_vectors_1_0.metadata_filter,
        _query_vectors_1_0.query_mode
    ) as v
$$;

comment on function s3vl._query_vectors_1_0(
    double precision[], text, text, integer, boolean, jsonb, text
) is
    's3vl.query_vectors() as 1.0.0 had it, for views and functions that were made then.';

create or replace function s3vl._query_vectors_batch_1_0(
    query_vectors double precision[],
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null,
    query_mode text default null
)
    returns table (
        query_number integer,
        vector_id text,
        distance double precision,
        similarity_score double precision,
        metadata jsonb
    )
    stable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select v.query_number, v.vector_id, v.distance, v.similarity_score, v.metadata
    from s3vl.query_vectors_batch(
        _query_vectors_batch_1_0.query_vectors, _query_vectors_batch_1_0.index_name,
        _query_vectors_batch_1_0.index_arn, _query_vectors_batch_1_0.top_k,
        _query_vectors_batch_1_0.return_metadata, _query_vectors_batch_1_0.metadata_filter,
        _query_vectors_batch_1_0.query_mode
    ) as v
$$;

comment on function s3vl._query_vectors_batch_1_0(
    double precision[], text, text, integer, boolean, jsonb, text
) is
    's3vl.query_vectors_batch() as 1.0.0 had it, for views and functions that were made then.';

create or replace function s3vl._query_hybrid_1_0(
    query_texts jsonb,
    query_vector double precision[] default null,
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null
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
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select v.vector_id, v.rank, v.fused_score, v.bm25_scores, v.distance, v.metadata
    from s3vl.query_hybrid(
        _query_hybrid_1_0.query_texts, _query_hybrid_1_0.query_vector,
        _query_hybrid_1_0.index_name, _query_hybrid_1_0.index_arn, _query_hybrid_1_0.top_k,
        _query_hybrid_1_0.return_metadata, _query_hybrid_1_0.metadata_filter
    ) as v
$$;

comment on function s3vl._query_hybrid_1_0(
    jsonb, double precision[], text, text, integer, boolean, jsonb
) is
    's3vl.query_hybrid() as 1.0.0 had it, for views and functions that were made then.';
