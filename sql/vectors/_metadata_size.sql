-- How large the metadata of a record is. Sizes are counted as S3 Vectors does: the UTF-8 bytes of
-- compact JSON, and five. Numbers count as they are sent on, and not as jsonb shows them.

create or replace function s3vl._number_bytes(number numeric)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
    set extra_float_digits = 1
as $$
    -- A number without a point is sent as it is. Others are sent in the shortest form of a double
    -- as Python writes it: with .0 where PostgreSQL writes none, and without exponent below 1e16.
    -- Up to the number below it is zero, and the cast would refuse to round.
    select case
        when scale(_number_bytes.number) = 0 then length(_number_bytes.number::text)
        when f.value = 0 then length('0.0')
        when abs(f.value) >= 1e15 and abs(f.value) < 1e16
            then length('1234567890123456.5') + (f.value < 0)::integer
        when f.value::text ~ '[.e]' then length(f.value::text)
        else length(f.value::text) + length('.0')
    end
    from (
        select
            case
                when abs(_number_bytes.number) > 2.4703282292062327e-324
                    then _number_bytes.number
                else 0
            end::double precision
    ) as f (value)
$$;

comment on function s3vl._number_bytes(numeric) is
    'Returns how long a number of metadata is where it counts.';

create or replace function s3vl._metadata_bytes(metadata jsonb)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- PostgreSQL writes a space after each colon and each comma, which compact JSON does not have.
    select octet_length(convert_to(_metadata_bytes.metadata::text, 'UTF8')) + 5
        - (
            select coalesce(greatest(sum(1 + m.commas) + count(*) - 1, 0), 0)::integer
            from (
                select
                    case jsonb_typeof(e.value)
                        when 'array' then greatest(jsonb_array_length(e.value) - 1, 0)
                        else 0
                    end as commas
                from jsonb_each(_metadata_bytes.metadata) as e
            ) as m
        )
        - (
            select
                coalesce(sum(length(n.number #>> '{}') - s3vl._number_bytes(n.number::numeric)), 0)
            from jsonb_array_elements(
                jsonb_path_query_array(
                    _metadata_bytes.metadata, 'strict $.** ? (@.type() == "number")'
                )
            ) as n (number)
        )::integer
$$;

comment on function s3vl._metadata_bytes(jsonb) is
    'Returns what an object without nested objects counts against the limits of S3 Vectors.';

create or replace function s3vl._largest_key(metadata jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select s3vl._shown(e.key)
    from jsonb_each(_largest_key.metadata) as e
    order by octet_length(e.key) + octet_length(e.value::text) desc, e.key
    limit 1
$$;

comment on function s3vl._largest_key(jsonb) is
    'Returns the metadata key that takes the most room.';
