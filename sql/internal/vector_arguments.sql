-- Checks of vectors to search with, which also bring them into the form that is sent. 22023 like
-- arguments.sql.

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
    _bad record;
begin
    -- The service keeps 4-byte floats: from this number on they are infinite. NaN sorts above it.
    select
        (c.position - 1) / _width + 1 as vector_number,
        (c.position - 1) % _width + 1 as position,
        c.value
    into _bad
    from unnest(_check_numbers.vector) with ordinality as c (value, position)
    where c.value is null or abs(c.value) >= 3.4028235677973366e38
    order by c.position
    limit 1;
    if found then
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
            hint = 'Pass a vector made by the model that made those in the index.';
    end if;
end;
$$;

comment on function s3vl._check_numbers(text, double precision[], s3vl.index_registry) is
    'Refuses numbers that no index takes, and too many or too few for this one.';

create or replace function s3vl._as_floats(vector double precision[])
    returns real[]
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- As a 4-byte float a number has at most nine digits: half the size of a real[] made wider. Up
    -- to the number below it is zero, and the cast would refuse to round.
    select array(
        select case when abs(c.value) > 7.006492321624085e-46 then c.value else 0 end::real
        from unnest(_as_floats.vector) with ordinality as c (value, position)
        order by c.position
    )
$$;

comment on function s3vl._as_floats(double precision[]) is
    'Returns numbers in one row, as the 4-byte floats that the service keeps.';

create or replace function s3vl._encode_floats(
    argument text,
    vector real[],
    index s3vl.index_registry
)
    returns json
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- A session that shows fewer digits must not search for another vector.
    set extra_float_digits = 1
as $$
begin
    if _encode_floats.index.distance_metric = 'cosine' and 0 = all (_encode_floats.vector) then
        raise exception using
            errcode = '22023',
            message = format('%s is zero in every dimension', _encode_floats.argument),
            hint = 'Cosine distance compares directions: pass a vector with a number other than '
                'zero.';
    end if;
    return to_json(_encode_floats.vector);
end;
$$;

comment on function s3vl._encode_floats(text, real[], s3vl.index_registry) is
    'Returns a vector as JSON; refuses one without a direction where that is asked.';

create or replace function s3vl._encode_vector(
    argument text,
    vector double precision[],
    index s3vl.index_registry
)
    returns json
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name text := _encode_vector.argument;
    _vector double precision[] := _encode_vector.vector;
begin
    perform s3vl._check_given(_name, _vector, 'array[0.1, 0.2, 0.3]');
    if array_ndims(_vector) <> 1 then
        raise exception using
            errcode = '22023',
            message = format('%s must be one-dimensional, got %s', _name, array_dims(_vector)),
            hint = 'Pass one vector, or many at a time to s3vl.query_vectors_batch().';
    end if;
    perform s3vl._check_numbers(_name, _vector, _encode_vector.index);
    return s3vl._encode_floats(_name, s3vl._as_floats(_vector), _encode_vector.index);
end;
$$;

comment on function s3vl._encode_vector(text, double precision[], s3vl.index_registry) is
    'Returns a vector as JSON, or refuses it.';

create or replace function s3vl._encode_vectors(
    argument text,
    vectors double precision[],
    index s3vl.index_registry
)
    returns json[]
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name text := _encode_vectors.argument;
    _vectors double precision[] := _encode_vectors.vectors;
    _width integer := array_length(_vectors, 2);
    _floats real[];
begin
    perform s3vl._check_given(_name, _vectors, 'array[array[0.1, 0.2, 0.3], array[0.4, 0.5, 0.6]]');
    if array_ndims(_vectors) <> 2 then
        raise exception using
            errcode = '22023',
            message = format('%s must be two-dimensional, got %s', _name, array_dims(_vectors)),
            hint = 'Pass one row a vector: array_agg(embedding::real[]) makes that of a column.';
    end if;
    perform s3vl._check_range('the number of ' || _name, array_length(_vectors, 1), 1, 1000);
    perform s3vl._check_numbers(_name, _vectors, _encode_vectors.index);
    _floats := s3vl._as_floats(_vectors);
    return array(
        select s3vl._encode_floats(
            format('%s[%s]', _name, n.number),
            _floats[(n.number - 1) * _width + 1:n.number * _width],
            _encode_vectors.index
        )
        from generate_series(1, array_length(_vectors, 1)) as n (number)
        order by n.number
    );
end;
$$;

comment on function s3vl._encode_vectors(text, double precision[], s3vl.index_registry) is
    'Returns each row of a two-dimensional array as JSON, or refuses it.';
