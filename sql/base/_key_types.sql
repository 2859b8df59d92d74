-- Types that the key of a row may have, and texts that are such keys.

create or replace function s3vl._key_types()
    returns table (type_name regtype, pattern text)
    immutable
    rows 6
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Types with one text for each value, whatever the session has set; what no text of it is not
    -- like is no key.
    values
    ('smallint'::regtype, '^(0|-?[1-9][0-9]{0,4})$'),
    ('integer', '^(0|-?[1-9][0-9]{0,9})$'),
    ('bigint', '^(0|-?[1-9][0-9]{0,18})$'),
    ('uuid', '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
    ('text', ''),
    ('varchar', '')
$$;

comment on function s3vl._key_types() is
    'Lists the types that a key may have, each with a pattern of its texts.';

create or replace function s3vl._keys_of_type(keys text[], key_type regtype)
    returns text[]
    immutable
    security definer
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A number of so many digits may still be too large for its type, and is none of its keys.
    select array(
        select k.key
        from unnest(_keys_of_type.keys) as k (key)
        where case
            when k.key !~ t.pattern then false
            when t.type_name = 'smallint'::regtype then k.key::numeric between -32768 and 32767
            when t.type_name = 'integer'::regtype
                then k.key::numeric between -2147483648 and 2147483647
            when t.type_name = 'bigint'::regtype
                then k.key::numeric between -9223372036854775808 and 9223372036854775807
            else true
        end
    )
    from s3vl._key_types() as t
    where t.type_name = _keys_of_type.key_type
$$;

comment on function s3vl._keys_of_type(text[], regtype) is
    'Returns those of the texts that can be keys of this type; null for a type that no key has.';
