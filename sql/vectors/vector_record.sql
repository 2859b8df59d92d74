-- What is written to an index: a vector with its id and its metadata.
create type s3vl.vector_record as (
    vector_id text,
    embedding real array,
    metadata jsonb
);

comment on type s3vl.vector_record is
    'A vector to write with s3vl.put_vectors(): (id, embedding, metadata)::s3vl.vector_record.';
comment on column s3vl.vector_record.vector_id is
    'Id in the index: 1 to 1024 bytes. Writing an id again replaces vector and metadata.';
comment on column s3vl.vector_record.embedding is
    'The vector, as the 4-byte floats that S3 Vectors keeps; a pgvector column as '
    'embedding::real[].';
comment on column s3vl.vector_record.metadata is
    'An object of strings, numbers, booleans, arrays of strings and arrays of numbers; or null.';
