-- Checks of texts to search for. 22023 like base/_arguments.sql.

create or replace function s3vl._check_texts(query_texts jsonb)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _example constant text := 'Pass for example query_texts => ''{"title": "red shoes"}''.';
    _count integer;
    _bad record;
begin
    if jsonb_typeof(_check_texts.query_texts) is distinct from 'object' then
        raise exception using
            errcode = '22023',
            message = format(
                'query_texts must be a JSON object, got %s',
                s3vl._shown_json(_check_texts.query_texts)
            ),
            hint = _example;
    end if;
    -- Ten keys and ten texts of 1,024 characters are surely less.
    perform s3vl._check_size('query_texts', _check_texts.query_texts, 100000, _example);
    _count := (
        select count(*)::integer from jsonb_object_keys(_check_texts.query_texts)
    );
    if _count not between 1 and 10 then
        raise exception using
            errcode = '22023',
            message = format('query_texts must have 1 to 10 keys, got %s', _count),
            hint = _example;
    end if;
    select t.key, t.value
    into _bad
    from jsonb_each(_check_texts.query_texts) as t
    where jsonb_typeof(t.value) <> 'string'
        or char_length(t.value #>> '{}') not between 1 and 1024
    limit 1;
    if found then
        raise exception using
            errcode = '22023',
            message = format(
                'query_texts."%s" must be a text of 1 to 1,024 characters, got %s',
                s3vl._shown(_bad.key),
                case jsonb_typeof(_bad.value)
                    when 'string' then char_length(_bad.value #>> '{}') || ' characters'
                    else s3vl._shown_json(_bad.value)
                end
            ),
            hint = _example;
    end if;
end;
$$;

comment on function s3vl._check_texts(jsonb) is
    'Refuses what is not an object of texts to search for.';
