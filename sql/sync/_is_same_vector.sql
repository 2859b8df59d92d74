-- Whether what an index has of a row is what would be put now.

create or replace function s3vl._double(value jsonb)
    returns jsonb
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- What is nearer to zero than a double can be is an error as one.
    select case
        when jsonb_typeof(_double.value) <> 'number' then _double.value
        when abs(_double.value::numeric) < 1e-300 then '0'
        else to_jsonb(_double.value::double precision)
    end
$$;

comment on function s3vl._double(jsonb) is
    'Returns a number as S3 Vectors keeps it, and any other value as it is.';

create or replace function s3vl._is_same_metadata(one jsonb, other jsonb)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select _is_same_metadata.one = _is_same_metadata.other or (
        select coalesce(bool_and(d.one is not distinct from d.other), true)
        from (
            select
                case when jsonb_typeof(o.value) = 'array' then (
                    select jsonb_agg(s3vl._double(a.value) order by a.place)
                    from jsonb_array_elements(o.value) with ordinality as a (value, place)
                ) else s3vl._double(o.value) end as one,
                case when jsonb_typeof(t.value) = 'array' then (
                    select jsonb_agg(s3vl._double(a.value) order by a.place)
                    from jsonb_array_elements(t.value) with ordinality as a (value, place)
                ) else s3vl._double(t.value) end as other
            from jsonb_each(_is_same_metadata.one) as o
            full join jsonb_each(_is_same_metadata.other) as t on t.key = o.key
        ) as d
    )
$$;

comment on function s3vl._is_same_metadata(jsonb, jsonb) is
    'Tells whether two objects are the same as metadata.';

create or replace function s3vl._is_same_vector(stored jsonb, expected jsonb, hash_key text)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A hash that was made in another way, and is the same, is that of the same row.
    select case
        when _is_same_vector.hash_key is null then s3vl._is_same_metadata(
            _is_same_vector.stored, _is_same_vector.expected
        )
        else split_part(_is_same_vector.stored ->> _is_same_vector.hash_key, ':', 2)
            is not distinct from
            split_part(_is_same_vector.expected ->> _is_same_vector.hash_key, ':', 2)
            and s3vl._is_same_metadata(
                _is_same_vector.stored - _is_same_vector.hash_key,
                _is_same_vector.expected - _is_same_vector.hash_key
            )
    end
$$;

comment on function s3vl._is_same_vector(jsonb, jsonb, text) is
    'Tells whether what is stored is what would be put now.';
