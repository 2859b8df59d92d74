-- The schema that holds all of s3vl. Plain `create`: a schema s3vl that is there already, whoever
-- made it, stops the installation.
create schema s3vl;

comment on schema s3vl is
    'SQL over billions of vectors: Amazon S3 Vectors from Aurora PostgreSQL. '
    'Functions whose names start with an underscore are internal.';
