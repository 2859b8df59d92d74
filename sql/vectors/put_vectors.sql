-- Writing vectors. What is written stays written: S3 Vectors knows no transaction, so a rollback
-- does not take it back, and a read-only transaction, as on a reader instance, does not stop it.
-- Both calls can be repeated without harm.

create or replace function s3vl.put_vectors(
    vectors s3vl.vector_record[],
    index_name text default null,
    index_arn text default null
)
    returns integer
    language sql
as $$
    select s3vl._put_vectors(
        s3vl._sealed_caller(),
        put_vectors.vectors,
        put_vectors.index_name,
        put_vectors.index_arn
    )
$$;

comment on function s3vl.put_vectors(s3vl.vector_record[], text, text) is
    'Writes vectors. A vector replaces the one that has its id (PutVectors). Returns how many it '
    'wrote. Give index_name or index_arn. vectors is what array_agg((id, embedding, '
    'metadata)::s3vl.vector_record) makes of a table. Everything is checked before anything is '
    'sent; when a call fails half-way, DETAIL says which array positions were written, and HINT '
    'with which to go on. It writes outside of the database: neither does a read-only transaction '
    'stop it nor a rollback undo it; writing again does no harm. No vectors is no call, and 0. '
    'Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';
