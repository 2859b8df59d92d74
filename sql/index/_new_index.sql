-- Checks of what a new index is to be: the rules of S3 Vectors. 22023 like base/_arguments.sql.

create or replace function s3vl._check_service_name(argument text, name text, hint text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- In a locale, a-z may have other letters in it.
    if _check_service_name.name collate "C" ~ '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$' then
        return;
    end if;
    raise exception using
        errcode = '22023',
        message = format(
            '%s must have 3 to 63 lowercase letters, digits, dots and hyphens, with a letter or '
            'digit at both ends, got %s',
            _check_service_name.argument,
            coalesce('"' || s3vl._shown(_check_service_name.name) || '"', 'null')
        ),
        hint = _check_service_name.hint;
end;
$$;

comment on function s3vl._check_service_name(text, text, text) is
    'Refuses a name that S3 Vectors does not take for a bucket or an index.';

create or replace function s3vl._check_distance_metric(distance_metric text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _metric constant text collate "C" := _check_distance_metric.distance_metric;
begin
    if _metric in ('cosine', 'euclidean') is not true then
        raise exception using
            errcode = '22023',
            message = format(
                'distance_metric must be cosine or euclidean, got %s',
                coalesce('"' || s3vl._shown(_metric) || '"', 'null')
            ),
            hint = 'Leave distance_metric out for cosine, or pass ''euclidean''.';
    end if;
end;
$$;

comment on function s3vl._check_distance_metric(text) is
    'Refuses what is no metric of S3 Vectors.';

create or replace function s3vl._check_non_filterable_keys(non_filterable_keys text[])
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _keys constant text[] := _check_non_filterable_keys.non_filterable_keys;
    _problem text;
begin
    if array_ndims(_keys) > 1 then
        _problem := format(' must be one-dimensional, got %s', array_dims(_keys));
    elsif cardinality(_keys) > 10 then
        _problem := format(' must have at most 10 keys, got %s', cardinality(_keys));
    else
        select format(
            '[%s] must be %s, got %s',
            k.position,
            case when k.is_repeated then 'another key' else 'a key of 1 to 63 characters' end,
            coalesce('"' || s3vl._shown(k.key) || '"', 'null')
        )
        into _problem
        from (
            select
                u.key,
                u.position,
                array_position(_keys, u.key collate "C")
                < u.position + array_lower(_keys, 1) - 1 as is_repeated
            from unnest(_keys) with ordinality as u (key, position)
        ) as k
        where k.is_repeated or char_length(k.key) between 1 and 63 is not true
        order by k.position
        limit 1;
    end if;
    if _problem is not null then
        raise exception using
            errcode = '22023',
            message = format('non_filterable_keys%s', _problem),
            hint = 'Pass up to 10 metadata keys, for example '
                'non_filterable_keys => ''{content}''.';
    end if;
end;
$$;

comment on function s3vl._check_non_filterable_keys(text[]) is
    'Refuses what is no list of metadata keys for an index; null and an empty list are one.';

create or replace function s3vl._check_text_keys(text_keys jsonb)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _example constant text :=
        'Pass metadata keys with their language, or null for none, for example '
        'text_keys => ''{"title": "en", "code": null}''.';
    _problem text;
begin
    -- Ten keys with their languages are surely less.
    perform s3vl._check_size('text_keys', _check_text_keys.text_keys, 10000, _example);
    if jsonb_typeof(_check_text_keys.text_keys) <> 'object' then
        _problem := format(
            ' must be a JSON object, got %s', s3vl._shown_json(_check_text_keys.text_keys)
        );
    else
        select case
            when k.number > 10 then ' must have at most 10 keys'
            when char_length(k.key) not between 1 and 63
                then format(
                    ' must have keys of 1 to 63 characters, got "%s"', s3vl._shown(k.key)
                )
            else format(
                '."%s" must be a language or null, got %s', k.key, s3vl._shown_json(k.value)
            )
        end
        into _problem
        from (
            select t.key, t.value, row_number() over (order by t.key) as number
            from jsonb_each(_check_text_keys.text_keys) as t
        ) as k
        where k.number > 10
            or char_length(k.key) not between 1 and 63
            or jsonb_typeof(k.value) not in ('string', 'null')
            or k.value = '""'
        order by k.number desc
        limit 1;
    end if;
    if _problem is not null then
        raise exception using
            errcode = '22023', message = format('text_keys%s', _problem), hint = _example;
    end if;
end;
$$;

comment on function s3vl._check_text_keys(jsonb) is
    'Refuses what is no object of metadata keys with their languages; which languages there are is '
    'for S3 Vectors to say.';
