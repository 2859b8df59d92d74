-- How a search under a predicate begins. What it knows is one document, which the steps hand on:
-- it begins here, s3vl._next_move() decides by it, and s3vl.last_search() tells what is in it.

create or replace function s3vl._check_filtered(
    candidates text,
    top_k integer,
    metadata_filter jsonb,
    filter_strategy text,
    num_candidates integer,
    exact_search_threshold integer
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if btrim(_check_filtered.candidates, E'; \t\r\n') <> '' is not true then
        raise exception using
            errcode = '22023',
            message = format(
                'candidates is %s',
                case when _check_filtered.candidates is null then 'null' else 'empty' end
            ),
            hint = 'Pass a query whose first column is the key, for example '
                'candidates => ''select id from products where in_stock''.';
    end if;
    perform s3vl._check_range('top_k', _check_filtered.top_k, 1, 1000);
    perform s3vl._check_range(
        'num_candidates', _check_filtered.num_candidates, _check_filtered.top_k, 10000
    );
    if _check_filtered.exact_search_threshold is not null then
        perform s3vl._check_range(
            'exact_search_threshold', _check_filtered.exact_search_threshold, 1, 1000000
        );
    end if;
    if _check_filtered.filter_strategy in ('auto', 'prefilter', 'postfilter') is not true then
        raise exception using
            errcode = '22023',
            message = format(
                'filter_strategy must be auto, prefilter or postfilter, got %s',
                coalesce('"' || s3vl._shown(_check_filtered.filter_strategy) || '"', 'null')
            ),
            hint = 'Leave filter_strategy out to have it chosen.';
    end if;
    if _check_filtered.filter_strategy = 'prefilter' and _check_filtered.metadata_filter is not null
    then
        raise exception using
            errcode = '22023',
            message = 'filter_strategy prefilter takes no metadata_filter',
            hint = 'Exact ranking does not filter: put the condition into candidates, or leave '
                'filter_strategy out.';
    end if;
end;
$$;

comment on function s3vl._check_filtered(text, integer, jsonb, text, integer, integer) is
    'Refuses arguments of s3vl.query_filtered() before anything is read.';

create or replace function s3vl._on_truncated()
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Empty after RESET.
    _setting constant text := coalesce(
        nullif(current_setting('s3vl.on_truncated', true), ''), 'warning'
    );
begin
    if _setting not in ('warning', 'error') then
        raise exception using
            errcode = '22023',
            message = format(
                's3vl.on_truncated must be warning or error, got "%s"', s3vl._shown(_setting)
            ),
            hint = 'Type: set s3vl.on_truncated = ''error''; or reset s3vl.on_truncated;';
    end if;
    return _setting;
end;
$$;

comment on function s3vl._on_truncated() is
    'Returns what becomes of an answer that may lack rows: a warning, or an error.';

create or replace function s3vl._begin_search(
    caller s3vl.caller,
    query_vector double precision[],
    candidates text,
    index_name text,
    index_arn text,
    top_k integer,
    metadata_filter jsonb,
    return_metadata boolean,
    filter_strategy text,
    num_candidates integer,
    exact_search_threshold integer,
    expected_model text,
    started timestamptz
)
    returns jsonb
    stable
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- To what its caller is restricted is for the calls to know, when they are made.
    _open constant record := s3vl._open_index(
        _begin_search.caller,
        'query_filtered',
        _begin_search.index_name,
        _begin_search.index_arn
    );
    _index constant s3vl.index_registry := _open.index;
    -- What the function compares in about a second and a half, and gets in one call.
    _threshold integer := s3vl._exact_search_threshold(_index.dimension);
begin
    perform s3vl._check_filtered(
        _begin_search.candidates collate "C", _begin_search.top_k, _begin_search.metadata_filter,
        _begin_search.filter_strategy collate "C", _begin_search.num_candidates,
        _begin_search.exact_search_threshold
    );
    perform s3vl._check_boolean('return_metadata', _begin_search.return_metadata);
    perform s3vl._check_filter(_begin_search.metadata_filter, _index);
    perform s3vl._check_expected_model(_begin_search.expected_model, _index);
    perform s3vl._encode_vector('query_vector', _begin_search.query_vector, _index);
    return jsonb_build_object(
        'started', _begin_search.started,
        'ends_at', _begin_search.started
        + make_interval(secs => (s3vl._configuration()).timeout_seconds),
        'on_truncated', s3vl._on_truncated(),
        'top_k', _begin_search.top_k,
        'num_candidates', _begin_search.num_candidates,
        -- Only the service knows what metadata_filter means.
        'asked', case
            when _begin_search.metadata_filter is not null then 'postfilter'
            else _begin_search.filter_strategy
        end,
        'is_filtered', _begin_search.metadata_filter is not null,
        'threshold', coalesce(_begin_search.exact_search_threshold, _threshold),
        'keys_in_time', _threshold,
        -- What is ranked in one call, rather than not to answer.
        'most_keys', greatest(
            _begin_search.exact_search_threshold, _threshold, least(25 * _threshold, 20000)
        ),
        'keys_read', 0,
        'rounds', 0,
        'pages', 0,
        'read_ms', 0,
        'scanned', 0,
        'passed', 0,
        'hits', '[]'::jsonb,
        'is_ended', false,
        'is_ranked', false
    );
end;
$$;

comment on function s3vl._begin_search(
    s3vl.caller, double precision[], text, text, text, integer, jsonb, boolean, text, integer,
    integer, text, timestamptz
) is
    'Checks the arguments of a search under a predicate, and returns what is known of it.';

create or replace function s3vl._key_array(key_type regtype)
    returns text
    stable
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from s3vl._key_types() as k where k.type_name = _key_array.key_type) then
        raise exception using
            errcode = '22023',
            message = format(
                'the first column of candidates is of the type %s, which is no type of a key',
                _key_array.key_type
            ),
            hint = 'Types of keys: smallint, integer, bigint, uuid, text and varchar. Cast it to '
                'the one that the ids of the index are made of, for example id::text.';
    end if;
    return case
        -- varchar has no operators of its own.
        when _key_array.key_type = 'varchar'::regtype then 'pg_catalog.text[]'
        else (
            select format('pg_catalog.%I[]', t.typname)
            from pg_type as t
            where t.oid = _key_array.key_type
        )
    end;
end;
$$;

comment on function s3vl._key_array(regtype) is
    'Returns the type of an array of keys as SQL takes it under any search_path; refuses a type '
    'that no key has.';
