-- What a restricted writer may write.

create or replace function s3vl._is_own(metadata jsonb, restriction jsonb)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The value itself and not an array that holds it, which others may find too.
    select not exists (
        select
        from jsonb_each(_is_own.restriction) as r
        where coalesce(
            _is_own.metadata -> r.key = r.value -> '$eq'
            or r.value -> '$in' @> jsonb_build_array(_is_own.metadata -> r.key),
            false
        ) is false
    )
$$;

comment on function s3vl._is_own(jsonb, jsonb) is
    'Tells whether metadata puts a vector into a part of an index, and into no other.';

create or replace function s3vl._check_own_records(
    vectors s3vl.vector_record[],
    index s3vl.index_registry,
    restriction jsonb
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- An array may begin at any number; positions are counted from 1.
    _before integer := array_lower(_check_own_records.vectors, 1) - 1;
    _record s3vl.vector_record;
begin
    if _check_own_records.restriction is null then
        return;
    end if;
    for _position in 1 .. cardinality(_check_own_records.vectors) loop
        _record := _check_own_records.vectors[_before + _position];
        if not s3vl._is_own(_record.metadata, _check_own_records.restriction) then
            raise exception using
                errcode = '42501',
                message = format(
                    'vectors[%s].metadata of "%s" is outside of the part of index "%s" that this '
                    'role may use',
                    _position,
                    s3vl._shown(_record.vector_id),
                    _check_own_records.index.index_name
                ),
                detail = 'Nothing was written.',
                hint = format(
                    'Give each vector what the restriction asks, as a value and not in an array: '
                    '%s',
                    s3vl._shown_json(_check_own_records.restriction)
                );
        end if;
    end loop;
end;
$$;

comment on function s3vl._check_own_records(
    s3vl.vector_record[], s3vl.index_registry, jsonb
) is
    'Refuses records that would be outside of a restriction.';
