-- Checks of vectors and ids, which also bring them into the form that is sent. 22023 like
-- arguments.sql.

create or replace function s3vl._check_vector(
    argument text,
    vector double precision[],
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name text := _check_vector.argument;
    _vector double precision[] := _check_vector.vector;
    _bad record;
begin
    if cardinality(_vector) > 0 is not true then
        perform s3vl._raise_argument(
            format('%s is %s', _name, case when _vector is null then 'null' else 'empty' end),
            format('Pass the vector, for example %s => array[0.1, 0.2, 0.3].', _name)
        );
    end if;
    if array_ndims(_vector) <> 1 then
        perform s3vl._raise_argument(
            format('%s must be one-dimensional, got %s', _name, array_dims(_vector)),
            'Pass one vector at a time.'
        );
    end if;
    -- The service keeps 4-byte floats: from this number on they are infinite. NaN sorts above it.
    select c.position, c.value
    into _bad
    from unnest(_vector) with ordinality as c (value, position)
    where c.value is null or abs(c.value) >= 3.4028235677973366e38
    order by c.position
    limit 1;
    if found then
        perform s3vl._raise_argument(
            format('%s[%s] is %s', _name, _bad.position, coalesce(_bad.value::text, 'null')),
            'Every number must be finite and fit a 4-byte float.'
        );
    end if;
    if cardinality(_vector) <> _check_vector.index.dimension then
        perform s3vl._raise_argument(
            format(
                '%s has %s numbers, index "%s" has %s dimensions',
                _name,
                cardinality(_vector),
                _check_vector.index.index_name,
                _check_vector.index.dimension
            ),
            'Pass a vector made by the model that made those in the index.'
        );
    end if;
end;
$$;

comment on function s3vl._check_vector(text, double precision[], s3vl.index_registry) is
    'Refuses a vector that no index takes, or not this one.';

create or replace function s3vl._encode_vector(
    argument text,
    vector double precision[],
    index s3vl.index_registry
)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- A session that shows fewer digits must not search for another vector.
    set extra_float_digits = 1
as $$
declare
    -- Up to this number a 4-byte float is zero, and the cast below would refuse to round.
    _rounds_to_zero constant double precision := 7.006492321624085e-46;
    _vector real[];
begin
    perform s3vl._check_vector(
        _encode_vector.argument, _encode_vector.vector, _encode_vector.index
    );
    -- As a 4-byte float a number has at most nine digits: half the size of a real[] made wider.
    _vector := array(
        select case when abs(c.value) > _rounds_to_zero then c.value else 0 end::real
        from unnest(_encode_vector.vector) with ordinality as c (value, position)
        order by c.position
    );
    if _encode_vector.index.distance_metric = 'cosine' and 0 = all (_vector) then
        perform s3vl._raise_argument(
            format('%s is zero in every dimension', _encode_vector.argument),
            'Cosine distance compares directions: pass a vector with a number other than zero.'
        );
    end if;
    return to_jsonb(_vector);
end;
$$;

comment on function s3vl._encode_vector(text, double precision[], s3vl.index_registry) is
    'Returns a vector as JSON, or refuses it.';

create or replace function s3vl._distinct_ids(vector_ids text[])
    returns text[]
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _bad record;
begin
    if cardinality(_distinct_ids.vector_ids) > 0 is not true then
        perform s3vl._raise_argument(
            format(
                'vector_ids is %s',
                case when _distinct_ids.vector_ids is null then 'null' else 'empty' end
            ),
            'Pass the ids, for example vector_ids => array[''vec_001'', ''vec_002''].'
        );
    end if;
    if array_ndims(_distinct_ids.vector_ids) <> 1 then
        perform s3vl._raise_argument(
            format(
                'vector_ids must be one-dimensional, got %s', array_dims(_distinct_ids.vector_ids)
            ),
            'Pass one list of ids.'
        );
    end if;
    -- A character has a byte at least, so 1,024 bytes is the limit of characters too.
    select
        i.position,
        case
            when i.vector_id is null then 'null'
            when i.vector_id = '' then 'empty'
            else format(
                '%s characters and %s bytes long',
                char_length(i.vector_id),
                octet_length(convert_to(i.vector_id, 'UTF8'))
            )
        end as problem
    into _bad
    from unnest(_distinct_ids.vector_ids) with ordinality as i (vector_id, position)
    where octet_length(convert_to(i.vector_id, 'UTF8')) between 1 and 1024 is not true
    order by i.position
    limit 1;
    if found then
        perform s3vl._raise_argument(
            format('vector_ids[%s] is %s', _bad.position, _bad.problem),
            'An id is a text of 1 to 1,024 bytes.'
        );
    end if;
    return array(
        select i.vector_id
        -- Ids are the same when their bytes are, whatever collation the caller's text has.
        from unnest(_distinct_ids.vector_ids collate "C")
            with ordinality as i (vector_id, position)
        group by i.vector_id
        order by min(i.position)
    );
end;
$$;

comment on function s3vl._distinct_ids(text[]) is
    'Returns each id once, in the order first given, or refuses ids that cannot exist.';
