-- What comes of the creation of an index.

create or replace function s3vl._check_not_registered(index_name text)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _arn text;
begin
    select r.index_arn
    into _arn
    from s3vl.index_registry as r
    where r.index_name = _check_not_registered.index_name;
    if found then
        raise exception using
            errcode = '42710',
            message = format(
                'index "%s" is registered already', _check_not_registered.index_name
            ),
            detail = format('It is %s.', _arn),
            hint = 'Choose another name, or unregister this one first: '
                || format(
                    'select s3vl.unregister_index(%L);', _check_not_registered.index_name
                );
    end if;
end;
$$;

comment on function s3vl._check_not_registered(text) is
    'Refuses a name that stands in the registry.';

create or replace function s3vl._created_arn(index_name text, result jsonb)
    returns text
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _result constant jsonb := _created_arn.result;
    _arn constant text := _result ->> 'index_arn';
    _index record;
begin
    if jsonb_typeof(_result -> 'created') is distinct from 'boolean'
        or _arn is null
        or split_part(_arn, '/', 4) <> _created_arn.index_name
    then
        perform s3vl._raise_malformed('without the new index', _result::text);
    end if;
    if _result -> 'created' = 'true' then
        return _arn;
    end if;
    select i.* into _index from s3vl._decode_index(_result) as i;
    raise exception using
        errcode = '42710',
        message = format(
            'bucket "%s" has an index "%s" already',
            split_part(_arn, '/', 2),
            _created_arn.index_name
        ),
        detail = format(
            'Created %s: %s dimensions, %s, non_filterable_keys %s, text_keys %s. It is %s.',
            coalesce(_result #>> '{index,created_at}', 'at an unknown time'),
            _index.dimension,
            s3vl._shown(_index.distance_metric),
            coalesce(_index.non_filterable_keys, '{}'),
            s3vl._shown_json(coalesce(_index.text_keys, '[]')),
            case when _result -> 'is_as_requested' = 'true'
                then 'as asked for'
                else 'not what was asked for'
            end
        ),
        hint = format(
            'Choose another name, or use the index as it is: select s3vl.register_index(%L, %L);',
            _created_arn.index_name,
            _arn
        );
end;
$$;

comment on function s3vl._created_arn(text, jsonb) is
    'Returns the ARN of the index that the Lambda function has created, or refuses the name of one '
    'that was there.';
