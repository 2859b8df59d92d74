-- Checks of the metadata of a record.

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

create or replace function s3vl._array_problem(elements jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when count(*) = 0 then 'is an empty array'
        when count(distinct jsonb_typeof(a.element)) > 1 then 'is an array of several types'
        when min(jsonb_typeof(a.element)) not in ('string', 'number')
            then format('is an array of type %s', min(jsonb_typeof(a.element)))
    end
    from jsonb_array_elements(_array_problem.elements) as a (element)
$$;

comment on function s3vl._array_problem(jsonb) is
    'Says what is wrong with an array as the value of a metadata key.';

create or replace function s3vl._metadata_value_problem(value jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case jsonb_typeof(_metadata_value_problem.value)
        when 'null' then 'is null'
        when 'object' then 'is an object'
        when 'array' then case
            -- Each takes two bytes at least.
            when jsonb_array_length(_metadata_value_problem.value) > 20480 then format(
                'is an array of %s values, S3 Vectors allows 40,960 bytes in all',
                jsonb_array_length(_metadata_value_problem.value)
            )
            else s3vl._array_problem(_metadata_value_problem.value)
        end
    end
$$;

comment on function s3vl._metadata_value_problem(jsonb) is
    'Says what is wrong with the value of a metadata key.';

create or replace function s3vl._is_plain_metadata(metadata jsonb)
    returns boolean
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- The checks of s3vl._metadata_problem in one expression, without a query, for what nearly all
    -- metadata is. As 51 keys take more than 400 bytes, neither keys nor bytes need counting.
    return _is_plain_metadata.metadata is null or (
        octet_length(_is_plain_metadata.metadata::text) < 400
        and jsonb_typeof(_is_plain_metadata.metadata) = 'object'
        and not jsonb_path_exists(
            _is_plain_metadata.metadata,
            'strict $.* ? (@.type() == "null" || @.type() == "object"
                || @ > 1.7976931348623158e308 || @ < -1.7976931348623158e308
                || @.type() == "array" && (@.size() == 0
                    || exists(@[*] ? (@ > 1.7976931348623158e308 || @ < -1.7976931348623158e308))
                    || exists(@[*] ? (@.type() != "string"))
                        && exists(@[*] ? (@.type() != "number"))
                ))'
        )
    );
end;
$$;

comment on function s3vl._is_plain_metadata(jsonb) is
    'Tells of small metadata that nothing is wrong with it; of any other it says nothing.';

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
    if s3vl._is_plain_metadata(_metadata) then
        return null;
    elsif jsonb_typeof(_metadata) <> 'object' then
        return format('must be a JSON object, got %s', s3vl._shown_json(_metadata));
    -- Larger ones count too much or fit into no request. This comes before all that walks.
    elsif s3vl._json_bytes(_metadata) > 8000000 then
        return format('has %s bytes, S3 Vectors allows 40,960', s3vl._json_bytes(_metadata));
    end if;
    select format('has key "%s", whose value %s', s3vl._shown(e.key), p.problem)
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
                select s3vl._shown(e.key)
                from jsonb_each(_metadata) as e
                where s3vl._has_wide_number(e.value)
                limit 1
            )
        );
    end if;
    _count := (select count(*)::integer from jsonb_object_keys(_metadata));
    if _count > 50 then
        return format('has %s keys, S3 Vectors allows 50', _count);
    end if;
    -- To count is slow, and most metadata is small: as some numbers count a fifth more than jsonb
    -- shows, this is surely within both limits.
    if octet_length(convert_to(_metadata::text, 'UTF8')) < 1600 then
        return null;
    end if;
    _count := s3vl._metadata_bytes(_metadata);
    if _count > 40960 then
        return format('counts as %s bytes, S3 Vectors allows 40,960', _count);
    end if;
    -- Null when the index was never asked which keys these are.
    _metadata := _metadata - _metadata_problem.non_filterable_keys;
    _count := s3vl._metadata_bytes(_metadata);
    if _count > 2048 then
        return format(
            'counts as %s filterable bytes, S3 Vectors allows 2,048: the largest key is "%s"',
            _count,
            s3vl._largest_key(_metadata)
        );
    end if;
    return null;
end;
$$;

comment on function s3vl._metadata_problem(jsonb, text[]) is
    'Says what is wrong with the metadata of a record.';
