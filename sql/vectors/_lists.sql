-- Checks of arguments that are lists. 22023 like base/_arguments.sql.

create or replace function s3vl._check_list(argument text, list anyarray, example text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _check_list.list is null then
        raise exception using
            errcode = '22023',
            message = format('%s is null', _check_list.argument),
            hint = format(
                'Pass %s => %s; array_agg over no rows is null: coalesce(array_agg(...), ''{}'').',
                _check_list.argument,
                _check_list.example
            );
    end if;
    if array_ndims(_check_list.list) <> 1 then
        raise exception using
            errcode = '22023',
            message = format(
                '%s must be one-dimensional, got %s',
                _check_list.argument,
                array_dims(_check_list.list)
            ),
            hint = format('Pass %s => %s.', _check_list.argument, _check_list.example);
    end if;
end;
$$;

comment on function s3vl._check_list(text, anyarray, text) is
    'Refuses a list that is null, or a list of lists.';

create or replace function s3vl._id_problem(vector_id text)
    returns text
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- A character has a byte at least, so 1,024 bytes is the limit of characters too.
    return case
        when _id_problem.vector_id is null then 'is null'
        when _id_problem.vector_id = '' then 'is empty'
        when octet_length(convert_to(_id_problem.vector_id, 'UTF8')) > 1024 then format(
            'is %s characters and %s bytes long',
            char_length(_id_problem.vector_id),
            octet_length(convert_to(_id_problem.vector_id, 'UTF8'))
        )
    end;
end;
$$;

comment on function s3vl._id_problem(text) is
    'Says what is wrong with an id.';

create or replace function s3vl._distinct_ids(vector_ids text[])
    returns text[]
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _bad record;
begin
    perform s3vl._check_list(
        'vector_ids', _distinct_ids.vector_ids, 'array[''vec_001'', ''vec_002'']'
    );
    select i.position, s3vl._id_problem(i.vector_id) as problem
    into _bad
    from unnest(_distinct_ids.vector_ids) with ordinality as i (vector_id, position)
    where s3vl._id_problem(i.vector_id) is not null
    order by i.position
    limit 1;
    if found then
        raise exception using
            errcode = '22023',
            message = format('vector_ids[%s] %s', _bad.position, _bad.problem),
            hint = 'An id is a text of 1 to 1,024 bytes.';
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

create or replace function s3vl._encode_ids(vector_ids text[])
    returns json[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select array(
        select to_json(i.vector_id)
        from unnest(_encode_ids.vector_ids) with ordinality as i (vector_id, position)
        order by i.position
    )
$$;

comment on function s3vl._encode_ids(text[]) is
    'Returns each id as JSON.';
