-- Vectors by id.

create or replace function s3vl.get_vectors(
    vector_ids text[],
    index_name text default null,
    index_arn text default null,
    include_vector_data boolean default true,
    include_metadata boolean default true
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
    language sql
as $$
    select v.vector_id, v.embedding, v.metadata, v.found
    from s3vl._get_vectors(
        s3vl._sealed_caller(),
        get_vectors.vector_ids,
        get_vectors.index_name,
        get_vectors.index_arn,
        get_vectors.include_vector_data,
        get_vectors.include_metadata
    ) as v
$$;

comment on function s3vl.get_vectors(text[], text, text, boolean, boolean) is
    'Returns vectors by id. There is one row for each distinct id, in the order asked '
    '(GetVectors). Give index_name or index_arn. Any number of ids, each 1 to 1024 bytes. found is '
    'false for an id that the index does not have. embedding and metadata are null when not '
    'included. S3 Vectors keeps 4-byte floats: compare embedding::real[], not embedding, with what '
    'was written. Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';
