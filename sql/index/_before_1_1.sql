-- Functions of 1.0.0 to which 1.1.0 has added an argument, as functions know them that were made
-- before an upgrade. (To PostgreSQL a function with more arguments is another one.)

create or replace function s3vl._register_index_1_0(
    index_name text,
    index_arn text,
    description text default null
)
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select s3vl.register_index(
        _register_index_1_0.index_name, _register_index_1_0.index_arn,
        _register_index_1_0.description
    )
$$;

comment on function s3vl._register_index_1_0(text, text, text) is
    's3vl.register_index() as 1.0.0 had it, for functions that were made then.';
