-- Checks of vectors to search with. 22023 like base/_arguments.sql.

create or replace function s3vl._check_given(argument text, vector double precision[], example text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(_check_given.vector) > 0 is not true then
        raise exception using
            errcode = '22023',
            message = format(
                '%s is %s',
                _check_given.argument,
                case when _check_given.vector is null then 'null' else 'empty' end
            ),
            hint = format(
                'Pass for example %s => %s.', _check_given.argument, _check_given.example
            );
    end if;
end;
$$;

comment on function s3vl._check_given(text, double precision[], text) is
    'Refuses an array without numbers.';

create or replace function s3vl._check_numbers(
    argument text,
    vector double precision[],
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _width integer := array_length(_check_numbers.vector, array_ndims(_check_numbers.vector));
    _bound constant double precision := double precision '3.4028235677973366e38';
    _bad record;
begin
    -- The service keeps 4-byte floats: from this number on they are infinite. NaN sorts above it.
    if (_bound > all (_check_numbers.vector) and -_bound < all (_check_numbers.vector)) is not true
    then
        select
            (c.position - 1) / _width + 1 as vector_number,
            (c.position - 1) % _width + 1 as position,
            c.value
        into _bad
        from unnest(_check_numbers.vector) with ordinality as c (value, position)
        where c.value is null or abs(c.value) >= _bound
        order by c.position
        limit 1;
        raise exception using
            errcode = '22023',
            message = format(
                '%s%s[%s] is %s',
                _check_numbers.argument,
                case array_ndims(_check_numbers.vector)
                    when 2 then format('[%s]', _bad.vector_number)
                end,
                _bad.position,
                coalesce(_bad.value::text, 'null')
            ),
            hint = 'Every number must be finite and fit a 4-byte float.';
    end if;
    if _width <> _check_numbers.index.dimension then
        raise exception using
            errcode = '22023',
            message = format(
                '%s has %s numbers%s, index "%s" has %s dimensions',
                _check_numbers.argument,
                _width,
                case array_ndims(_check_numbers.vector) when 2 then ' a vector' end,
                _check_numbers.index.index_name,
                _check_numbers.index.dimension
            ),
            detail = s3vl._facts_origin(_check_numbers.index),
            hint = 'Pass a vector from the model that embedded the index. '
                || s3vl._refresh_hint(_check_numbers.index);
    end if;
end;
$$;

comment on function s3vl._check_numbers(text, double precision[], s3vl.index_registry) is
    'Refuses numbers that no index takes, and too many or too few for this one.';
