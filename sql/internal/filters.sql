-- Checks of metadata filters. The Lambda function reads the filter language; here stands what only
-- the registry knows.

create or replace function s3vl._check_filter(metadata_filter jsonb, index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _key text;
begin
    if jsonb_typeof(_check_filter.metadata_filter) <> 'object' then
        raise exception using
            errcode = '22023',
            message = format(
                'metadata_filter must be a JSON object, got %s',
                left(_check_filter.metadata_filter::text, 100)
            ),
            hint = 'Pass for example metadata_filter => ''{"category": "test"}''.';
    end if;
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
                _key,
                _check_filter.index.index_name
            ),
            hint = format(
                'Filter the rows instead, for example: where metadata ->> %L = ''<value>''. '
                'Which keys are filterable is chosen when an index is made.',
                _key
            );
    end if;
end;
$$;

comment on function s3vl._check_filter(jsonb, s3vl.index_registry) is
    'Refuses a filter that is not a JSON object, or uses a key that the index cannot filter by.';

create or replace function s3vl._filter_keys(metadata_filter jsonb)
    returns setof text
    immutable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Objects inside of a filter have operators as keys, or the same form as the filter itself.
    select o.member ->> 'key'
    from jsonb_path_query(
        _filter_keys.metadata_filter, '$.** ? (@.type() == "object").keyvalue()'
    ) as o (member)
$$;

comment on function s3vl._filter_keys(jsonb) is
    'Returns the metadata keys and the operators that a filter uses, at any depth.';
