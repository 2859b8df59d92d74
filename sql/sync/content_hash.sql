-- What a vector was made from, in a few bytes. The application stores it with the vector, and s3vl
-- compares it with the row: the same function for both. It runs as its caller, because types of
-- others may bring functions of theirs.

create or replace function s3vl.content_hash(content record)
    returns text
    immutable
    strict
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- What the text of a value may depend on.
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = 'iso_8601'
    set extra_float_digits = 1
    set bytea_output = 'hex'
    set lc_monetary = 'C'
    set xmlbinary = 'base64'
as $$
begin
    -- Values in their order: what the columns are called does not count. As JSON, so that no two
    -- rows have one text.
    return (
        select encode(
            sha256(convert_to(json_agg(c.value order by c.position)::text, 'UTF8')), 'hex'
        )
        from json_each(row_to_json(content_hash.content))
            with ordinality as c (name, value, position)
    );
end;
$$;

comment on function s3vl.content_hash(record) is
    'Returns a hash of values. It is the same in every session, whatever it has set, on every '
    'version of PostgreSQL, and in every copy of the database: 64 hex digits of SHA-256. Pass the '
    'columns that a vector is made from, in the order of content_columns: '
    's3vl.content_hash(row(title, body)). NULL is a value like any other, and not the same as an '
    'empty text. It is immutable, for generated columns and indexes. No Lambda call.';
