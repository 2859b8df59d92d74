-- Deleting vectors. What put_vectors.sql says of transactions holds here too.

create or replace function s3vl.delete_vectors(
    vector_ids text[],
    index_name text default null,
    index_arn text default null
)
    returns integer
    language sql
as $$
    select s3vl._delete_vectors(
        s3vl._sealed_caller(),
        delete_vectors.vector_ids,
        delete_vectors.index_name,
        delete_vectors.index_arn
    )
$$;

comment on function s3vl.delete_vectors(text[], text, text) is
    'Deletes vectors by id. Returns how many distinct ids were given, also those that the index '
    'did not have (DeleteVectors). Give index_name or index_arn. When a call fails half-way, '
    'DETAIL says which positions among the distinct ids were deleted, and HINT with which to go '
    'on. It deletes outside of the database: neither does a read-only transaction stop it nor a '
    'rollback undo it. No ids is no call, and 0. Raises 22023, 42501, 42704, 55000 and S3V01 to '
    'S3V06.';
