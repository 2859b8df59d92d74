-- Which s3vl this is. Equal to default_version in s3vl.control; a test compares the two.
create or replace function s3vl.version()
    returns text
    immutable
    security definer
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select '1.1.0'
$$;

comment on function s3vl.version() is
    'Returns the version of s3vl. It is that of the installed schema, for example 1.1.0. No Lambda '
    'call.';
