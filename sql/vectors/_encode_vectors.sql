-- Vectors to search with, in the form that is sent.

create or replace function s3vl._rounded(vector double precision[])
    returns real[]
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select array(
        select case when abs(c.value) > 7.006492321624085e-46 then c.value else 0 end::real
        from unnest(_rounded.vector) with ordinality as c (value, position)
        order by c.position
    )
$$;

comment on function s3vl._rounded(double precision[]) is
    'Returns numbers in one row, as 4-byte floats; up to half of the smallest they are zero.';

create or replace function s3vl._as_reals(vectors double precision[])
    returns real[]
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return _as_reals.vectors::real[];
exception
    when numeric_value_out_of_range then
        -- The cast refuses to round to zero, which is what the service would keep: these numbers
        -- are all that is left, after the check of the numbers.
        return case array_ndims(_as_reals.vectors)
            when 1 then s3vl._rounded(_as_reals.vectors)
            else (
                select array_agg(s3vl._rounded(_as_reals.vectors[n.row:n.row]) order by n.row)
                from generate_subscripts(_as_reals.vectors, 1) as n (row)
            )
        end;
end;
$$;

comment on function s3vl._as_reals(double precision[]) is
    'Returns numbers as the 4-byte floats that the service keeps, in as many dimensions.';

create or replace function s3vl._encode_floats(
    argument text,
    vector real[],
    index s3vl.index_registry
)
    returns json
    stable
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
    -- As a text, which the function hands on as it is: to read and write all numbers takes long. A
    -- slice of an array of vectors has brackets twice.
    return to_json('[' || btrim(to_json(_encode_floats.vector)::text, '[]') || ']');
end;
$$;

comment on function s3vl._encode_floats(text, real[], s3vl.index_registry) is
    'Returns a vector as JSON in a text; refuses one without a direction where that is asked.';

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
    return s3vl._encode_floats(_name, s3vl._as_reals(_vector), _encode_vector.index);
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
    _floats real[];
begin
    if _vectors = '{}' then
        return array[]::json[];
    end if;
    perform s3vl._check_given(
        _name, _vectors, 'coalesce(array_agg(embedding::real[]), ''{}'')'
    );
    if array_ndims(_vectors) <> 2 then
        raise exception using
            errcode = '22023',
            message = format('%s must be two-dimensional, got %s', _name, array_dims(_vectors)),
            hint = 'Pass one row per vector, for example array_agg(embedding::real[]) of a column.';
    end if;
    if array_length(_vectors, 1) > 1000 then
        raise exception using
            errcode = '22023',
            message = format(
                '%s must hold at most 1000 vectors, got %s', _name, array_length(_vectors, 1)
            ),
            hint = 'Search with 1000 vectors at a time.';
    end if;
    perform s3vl._check_numbers(_name, _vectors, _encode_vectors.index);
    _floats := s3vl._as_reals(_vectors);
    return array(
        select s3vl._encode_floats(
            format('%s[%s]', _name, n.number - array_lower(_floats, 1) + 1),
            _floats[n.number:n.number],
            _encode_vectors.index
        )
        from generate_subscripts(_floats, 1) as n (number)
        order by n.number
    );
end;
$$;

comment on function s3vl._encode_vectors(text, double precision[], s3vl.index_registry) is
    'Returns each row of a two-dimensional array as JSON, or refuses it.';
