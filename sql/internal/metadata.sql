-- Checks of the metadata of a record. Sizes are counted as S3 Vectors does: the UTF-8 bytes of
-- compact JSON, and five.

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
    where p.problem is not null
    limit 1;
    if found then
        return _problem;
    end if;
    _count := (select count(*) from jsonb_object_keys(_metadata));
    if _count > 50 then
        return format('has %s keys, S3 Vectors takes 50', _count);
    end if;
    _count := s3vl._metadata_bytes(_metadata);
    if _count > 40960 then
        return format('counts %s bytes, S3 Vectors takes 40,960', _count);
    end if;
    -- Null when the index was never asked which keys these are.
    _count := s3vl._metadata_bytes(_metadata - _metadata_problem.non_filterable_keys);
    if _count > 2048 then
        return format('counts %s filterable bytes, S3 Vectors takes 2,048', _count);
    end if;
    return null;
end;
$$;

comment on function s3vl._metadata_problem(jsonb, text[]) is
    'Says what is wrong with the metadata of a record.';
