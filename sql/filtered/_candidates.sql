-- Candidates: a query of the caller, whose first column is the key of a vector. It runs as the
-- caller, with the rights, the row security and the search_path of the caller: so these functions
-- set none, and name everything of their own with its schema, operators too.
--
-- What was let through here is one query that reads. So nothing in it can end the parentheses
-- around it: they stand behind a line break, which ends a comment.

create or replace function s3vl._candidate_type(query text, parameters jsonb)
    returns regtype
    stable
    language plpgsql
as $$
declare
    _gate pg_catalog.refcursor;
    _statement constant pg_catalog.text := pg_catalog.format(
        E'select pg_catalog.pg_typeof((select c."s3vl key" from (%s\n) as c ("s3vl key") '
        'where false))',
        _candidate_type.query
    );
    _type pg_catalog.regtype;
begin
    -- A cursor of a stable function opens for one query that changes nothing. It is not read.
    open _gate for execute _candidate_type.query using _candidate_type.parameters;
    close _gate;
    execute _statement into _type using _candidate_type.parameters;
    return _type;
exception
    when invalid_cursor_definition or feature_not_supported or invalid_column_reference then
        raise exception using
            errcode = '22023',
            message = 'candidates must be one query that only reads, and returns a key',
            detail = sqlerrm,
            hint = 'Pass for example candidates => ''select id from products where in_stock''.';
    when syntax_error then
        if pg_catalog.length(sqlerrm) operator(pg_catalog.<) 1000 then
            raise;
        end if;
        -- PostgreSQL shows the word that it cannot read, be it a million letters.
        raise exception using
            errcode = '42601',
            message = pg_catalog.concat('candidates: ', pg_catalog.left(sqlerrm, 100), '...'),
            hint = 'Pass for example candidates => ''select id from products where in_stock''.';
end;
$$;

comment on function s3vl._candidate_type(text, jsonb) is
    'Returns the type of the first column, without reading a row; refuses what is not one query.';

create or replace function s3vl._estimated_candidates(query text, parameters jsonb)
    returns double precision
    language plpgsql
as $$
declare
    _statement constant pg_catalog.text := pg_catalog.format(
        E'explain (format json) select from (%s\n) as c', _estimated_candidates.query
    );
    _plan pg_catalog.json;
begin
    -- Only after s3vl._candidate_type(): this function is volatile, as EXPLAIN asks for.
    execute _statement into _plan using _estimated_candidates.parameters;
    return pg_catalog.json_extract_path_text(_plan, '0', 'Plan', 'Plan Rows')::double precision;
end;
$$;

comment on function s3vl._estimated_candidates(text, jsonb) is
    'Returns how many rows the planner expects.';

create or replace function s3vl._candidate_keys(
    query text,
    parameters jsonb,
    key_array text,
    maximum integer
)
    returns text[]
    stable
    language plpgsql
as $$
declare
    _is_text constant pg_catalog.bool :=
        _candidate_keys.key_array operator(pg_catalog.=) 'pg_catalog.text[]';
    -- Compared in their own type, which is quicker than as texts; and texts by their bytes.
    _keys_of constant pg_catalog.text := pg_catalog.format(
        E'select %s as key from (%s\n) as c ("s3vl key") where c."s3vl key" is not null',
        case
            when _is_text then 'c."s3vl key"::pg_catalog.text collate pg_catalog."C"'
            else 'c."s3vl key"'
        end,
        _candidate_keys.query
    );
    -- A text that cannot be an id has no vector. Not asked before the limit: the planner then
    -- expects few rows, and would read all of them from an index before the first.
    _is_an_id constant pg_catalog.text := case
        when _is_text
            then 'where pg_catalog.octet_length(k.key) operator(pg_catalog.>) 0 '
                'and pg_catalog.octet_length(k.key) operator(pg_catalog.<=) 1024'
        else 'where true'
    end;
    _some constant pg_catalog.text := pg_catalog.format(
        'select case when f.number operator(pg_catalog.<) $2 then f.found::pg_catalog.text[] end, '
        'f.rows operator(pg_catalog.=) $2 and f.number operator(pg_catalog.<) $2 '
        'from (select n.*, pg_catalog.cardinality(n.found) as number from ('
        'select coalesce(pg_catalog.array_agg(distinct k.key) filter (%s), ''{}'') as found, '
        'pg_catalog.count(*) as rows from (%s limit $2) as k) as n) as f',
        _is_an_id,
        _keys_of
    );
    _all constant pg_catalog.text := pg_catalog.format(
        'select case when pg_catalog.count(*) operator(pg_catalog.<) $2 '
        'then coalesce(pg_catalog.array_agg(d.key::pg_catalog.text), ''{}'') end '
        'from (select distinct k.key from (%s) as k %s limit $2) as d',
        _keys_of,
        _is_an_id
    );
    _keys pg_catalog.text[];
    _is_cut pg_catalog.bool;
begin
    execute _some
    into _keys, _is_cut
    using _candidate_keys.parameters, _candidate_keys.maximum;
    if _is_cut then
        -- Rows of the same key took places: only all of the rows tell how many keys there are.
        execute _all into _keys using _candidate_keys.parameters, _candidate_keys.maximum;
    end if;
    return _keys;
end;
$$;

comment on function s3vl._candidate_keys(text, jsonb, text, integer) is
    'Returns the keys of candidates, each once, when there are fewer than a maximum; else null.';

create or replace function s3vl._passing(
    query text,
    parameters jsonb,
    key_array text,
    vector_ids text[]
)
    returns text[]
    stable
    language plpgsql
as $$
declare
    -- In the type of the key, so that an index on it is used.
    _statement constant pg_catalog.text := pg_catalog.format(
        E'select pg_catalog.array_agg(c."s3vl key"::pg_catalog.text) '
        'from (%s\n) as c ("s3vl key") '
        'where c."s3vl key" operator(pg_catalog.=) any ($2::%s)',
        _passing.query,
        _passing.key_array
    );
    _keys pg_catalog.text[];
begin
    execute _statement into _keys using _passing.parameters, _passing.vector_ids;
    return coalesce(_keys, array[]::pg_catalog.text[]);
end;
$$;

comment on function s3vl._passing(text, jsonb, text, text[]) is
    'Returns the keys of candidates among some ids, as the keys write themselves: 007 is not the '
    'key 7.';
