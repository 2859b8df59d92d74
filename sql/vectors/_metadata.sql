-- Checks of the metadata of a record. Sizes are counted as S3 Vectors does: the UTF-8 bytes of
-- compact JSON, and five. Numbers count as they are sent on, and not as jsonb shows them.

create or replace function s3vl._has_wide_number(document jsonb)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The function could read none of more than 4,300 digits, and S3 Vectors keeps doubles.
    select jsonb_path_exists(
        _has_wide_number.document,
        '$.** ? (@.type() == "number"
            && (@ > 1.7976931348623158e308 || @ < -1.7976931348623158e308))'
    )
$$;

comment on function s3vl._has_wide_number(jsonb) is
    'Tells whether a number anywhere in a document is beyond double precision.';

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
            from jsonb_path_query(
                _metadata_bytes.metadata, 'strict $.** ? (@.type() == "number")'
            ) as n (number)
        )::integer
$$;

comment on function s3vl._metadata_bytes(jsonb) is
    'Returns what an object without nested objects counts against the limits of S3 Vectors.';

create or replace function s3vl._metadata_value_problem(value jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case jsonb_typeof(_metadata_value_problem.value)
        when 'null' then 'is null'
        when 'object' then 'is an object'
        when 'array' then (
            select case
                when count(*) = 0 then 'is an empty array'
                when count(distinct jsonb_typeof(a.element)) > 1 then 'is an array of several types'
                when min(jsonb_typeof(a.element)) not in ('string', 'number')
                    then format('is an array of type %s', min(jsonb_typeof(a.element)))
            end
            from jsonb_array_elements(_metadata_value_problem.value) as a (element)
        )
    end
$$;

comment on function s3vl._metadata_value_problem(jsonb) is
    'Says what is wrong with the value of a metadata key.';

create or replace function s3vl._largest_key(metadata jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select left(e.key, 100)
    from jsonb_each(_largest_key.metadata) as e
    order by octet_length(e.key) + octet_length(e.value::text) desc, e.key
    limit 1
$$;

comment on function s3vl._largest_key(jsonb) is
    'Returns the metadata key that takes the most room.';

create or replace function s3vl._metadata_problem(metadata jsonb, non_filterable_keys text[])
    returns text
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _metadata jsonb := _metadata_problem.metadata;
    _problem text;
    _count integer;
begin
    if _metadata is null then
        return null;
    elsif jsonb_typeof(_metadata) <> 'object' then
        return format('must be a JSON object, got %s', left(_metadata::text, 100));
    end if;
    select format('has key "%s", whose value %s', left(e.key, 100), p.problem)
    into _problem
    from jsonb_each(_metadata) as e
    cross join lateral s3vl._metadata_value_problem(e.value) as p (problem)
    -- The other types have no problem, and most values are of them.
    where jsonb_typeof(e.value) in ('null', 'object', 'array') and p.problem is not null
    limit 1;
    if found then
        return _problem;
    end if;
    if s3vl._has_wide_number(_metadata) then
        return format(
            'has key "%s", whose value is beyond double precision',
            (
                select left(e.key, 100)
                from jsonb_each(_metadata) as e
                where s3vl._has_wide_number(e.value)
                limit 1
            )
        );
    end if;
    _count := (select count(*)::integer from jsonb_object_keys(_metadata));
    if _count > 50 then
        return format('has %s keys, S3 Vectors takes 50', _count);
    end if;
    -- To count is slow, and most metadata is small: as some numbers count a fifth more than jsonb
    -- shows, this is surely within both limits.
    if octet_length(convert_to(_metadata::text, 'UTF8')) < 1600 then
        return null;
    end if;
    _count := s3vl._metadata_bytes(_metadata);
    if _count > 40960 then
        return format('counts %s bytes, S3 Vectors takes 40,960', _count);
    end if;
    -- Null when the index was never asked which keys these are.
    _metadata := _metadata - _metadata_problem.non_filterable_keys;
    _count := s3vl._metadata_bytes(_metadata);
    if _count > 2048 then
        return format(
            'counts %s filterable bytes, S3 Vectors takes 2,048: the largest key is "%s"',
            _count,
            s3vl._largest_key(_metadata)
        );
    end if;
    return null;
end;
$$;

comment on function s3vl._metadata_problem(jsonb, text[]) is
    'Says what is wrong with the metadata of a record.';
