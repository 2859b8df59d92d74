-- Checks of metadata filters. The Lambda function reads the filter language; here stands what only
-- the registry knows, and what would not get past the JSON parser of the function.

create or replace function s3vl._check_filter_values(metadata_filter jsonb, hint text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Each value is a constraint, those in a list too.
    _count constant integer := jsonb_array_length(
        jsonb_path_query_array(
            _check_filter_values.metadata_filter,
            'strict $.** ? (@.type() != "object" && @.type() != "array")'
        )
    );
begin
    if _count > 100 then
        raise exception using
            errcode = '22023',
            message = format(
                'metadata_filter has %s values; S3 Vectors allows at most 100 per query', _count
            ),
            hint = _check_filter_values.hint;
    end if;
end;
$$;

comment on function s3vl._check_filter_values(jsonb, text) is
    'Refuses a filter with more values than S3 Vectors takes.';

create or replace function s3vl._check_filter(metadata_filter jsonb, index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _fewer constant text := 'Search with fewer values at a time, or filter the rows in SQL, for '
        'example: where metadata ->> ''<key>'' = any (<values>).';
    _key text;
begin
    if jsonb_typeof(_check_filter.metadata_filter) <> 'object' then
        raise exception using
            errcode = '22023',
            message = format(
                'metadata_filter must be a JSON object, got %s',
                s3vl._shown_json(_check_filter.metadata_filter)
            ),
            hint = 'Pass for example metadata_filter => ''{"category": "test"}''.';
    end if;
    -- A vector has 2,048 bytes of metadata to compare with, and a filter 100 constraints.
    perform s3vl._check_size('metadata_filter', _check_filter.metadata_filter, 1000000, _fewer);
    -- A filter has at most 100 constraints, so that more levels could only wrap. A level is two of
    -- JSON, as filters stand in arrays, and {"<key>": {"$in": [<value>]}} ends with three more.
    -- This comes before what walks all levels.
    if jsonb_path_exists(_check_filter.metadata_filter, '$.**{202}') then
        raise exception using
            errcode = '22023',
            message = 'metadata_filter is nested more than 100 levels deep',
            detail = 'It is: ' || s3vl._shown_json(_check_filter.metadata_filter),
            hint = 'Put the conditions side by side into one $and or $or.';
    end if;
    if s3vl._has_wide_number(_check_filter.metadata_filter) then
        raise exception using
            errcode = '22023',
            message = 'metadata_filter holds a number beyond double precision',
            detail = 'It is: ' || s3vl._shown_json(_check_filter.metadata_filter),
            hint = 'Compare with numbers up to 1.79e308.';
    end if;
    perform s3vl._check_filter_values(_check_filter.metadata_filter, _fewer);
    select k.key
    into _key
    from s3vl._filter_keys(_check_filter.metadata_filter) as k (key)
    where k.key = any (_check_filter.index.non_filterable_keys)
    limit 1;
    if found then
        raise exception using
            errcode = '22023',
            message = format(
                'metadata_filter uses "%s", which is not filterable in index "%s"',
                s3vl._shown(_key),
                _check_filter.index.index_name
            ),
            detail = s3vl._facts_origin(_check_filter.index),
            hint = format(
                'Filter the rows instead, for example: where metadata ->> %L = ''<value>''. '
                'Non-filterable keys are fixed when an index is created. %s',
                s3vl._shown(_key),
                s3vl._refresh_hint(_check_filter.index)
            );
    end if;
end;
$$;

comment on function s3vl._check_filter(jsonb, s3vl.index_registry) is
    'Refuses a filter that is not a JSON object, that the Lambda function could not read, or that '
    'uses a key that the index cannot filter by.';

create or replace function s3vl._note_no_rows(
    rows bigint,
    metadata_filter jsonb,
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _note_no_rows.rows = 0 and _note_no_rows.metadata_filter is not null then
        raise notice using
            message = format(
                'no vector of index "%s" was found that meets the metadata_filter',
                _note_no_rows.index.index_name
            ),
            hint = 'Keys and texts are compared letter by letter, and 5 is not "5": '
                'see docs/guide.md#no-rows';
    end if;
end;
$$;

comment on function s3vl._note_no_rows(bigint, jsonb, s3vl.index_registry) is
    'Tells the caller that a filter matched nothing, which is no error and may be a mistake.';

create or replace function s3vl._filter_keys(metadata_filter jsonb)
    returns setof text
    immutable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Objects inside of a filter have operators as keys, or the same form as the filter itself.
    select o.member ->> 'key'
    from jsonb_array_elements(
        -- jsonb_path_query would copy all that is left for each row that it returns.
        jsonb_path_query_array(
            _filter_keys.metadata_filter, '$.** ? (@.type() == "object").keyvalue()'
        )
    ) as o (member)
$$;

comment on function s3vl._filter_keys(jsonb) is
    'Returns the metadata keys and the operators that a filter uses, at any depth.';
