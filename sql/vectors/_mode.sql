-- What an index can do depends on its mode and on its text keys, and both may change after the
-- index was registered: so a refusal is only given on facts that are fresh. They are not saved
-- from here, as a search takes no locks.

create or replace function s3vl._mode_problem(
    query_mode text,
    metadata_filter jsonb,
    index s3vl.index_registry
)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when _mode_problem.index.index_mode = 'ENHANCED' and _mode_problem.query_mode = 'CLASSIC'
            then format(
                'query_mode CLASSIC is not possible: index "%s" is ENHANCED',
                _mode_problem.index.index_name
            )
        when _mode_problem.index.index_mode = 'CLASSIC'
            and coalesce(_mode_problem.query_mode, 'CLASSIC') = 'CLASSIC'
            and '$startsWith' in (select s3vl._filter_keys(_mode_problem.metadata_filter))
            then format(
                'metadata_filter uses $startsWith, and index "%s" is CLASSIC',
                _mode_problem.index.index_name
            )
    end
$$;

comment on function s3vl._mode_problem(text, jsonb, s3vl.index_registry) is
    'Says what a search asks for that the mode of the index does not have.';

create or replace function s3vl._check_query_mode(
    query_mode text,
    metadata_filter jsonb,
    index s3vl.index_registry,
    started timestamptz
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry := _check_query_mode.index;
    _problem text;
begin
    if _check_query_mode.query_mode not in ('CLASSIC', 'ENHANCED') then
        raise exception using
            errcode = '22023',
            message = format(
                'query_mode must be CLASSIC or ENHANCED, got "%s"',
                s3vl._shown(_check_query_mode.query_mode)
            ),
            hint = 'Leave query_mode out to search in the mode of the index.';
    end if;
    if s3vl._mode_problem(
        _check_query_mode.query_mode, _check_query_mode.metadata_filter, _index
    ) is null then
        return;
    end if;
    _index := s3vl._ask_facts(_index, _check_query_mode.started);
    _problem := s3vl._mode_problem(
        _check_query_mode.query_mode, _check_query_mode.metadata_filter, _index
    );
    if _problem is not null then
        raise exception using
            errcode = '22023',
            message = _problem,
            hint = case _check_query_mode.query_mode
                when 'CLASSIC' then 'Leave query_mode out to search in the mode of the index.'
                else 'Pass query_mode => ''ENHANCED'' for this search.'
            end;
    end if;
end;
$$;

comment on function s3vl._check_query_mode(text, jsonb, s3vl.index_registry, timestamptz) is
    'Refuses a mode that S3 Vectors or the index does not have, and a filter that its mode does '
    'not take.';

create or replace function s3vl._show_text_keys(text_keys jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(string_agg(t.text_key::text, ', ' order by t.text_key::text), 'none')
    from jsonb_array_elements(
        jsonb_path_query_array(_show_text_keys.text_keys, '$[*].metadata_key')
    ) as t (text_key)
$$;

comment on function s3vl._show_text_keys(jsonb) is
    'Shows the metadata keys with text search, for example "body", "title".';

create or replace function s3vl._text_search_problem(keys text[], index s3vl.index_registry)
    returns table (errcode text, message text, hint text)
    immutable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A key has one configuration, so that it is found at most once.
    select p.errcode, p.message, p.hint
    from unnest(_text_search_problem.keys) with ordinality as k (key, position)
    left join jsonb_array_elements(
        jsonb_path_query_array(_text_search_problem.index.text_keys, '$[*]')
    ) as t (text_key) on t.text_key ->> 'metadata_key' = k.key
    cross join lateral (
        values
        (_text_search_problem.index.index_mode = 'CLASSIC', '55000',
            format('index "%s" is CLASSIC, which has no text search',
                _text_search_problem.index.index_name),
            'Change its mode first: make deploy STACK=<stack> INDEX_MODE=ENHANCED, or as '
            'docs/guide.md#text-and-hybrid-search says.'),
        (t.text_key is null and _text_search_problem.index.text_keys is not null, '22023',
            format('query_texts has key "%s", which has no text search in index "%s"',
                s3vl._shown(k.key), _text_search_problem.index.index_name),
            format('Keys with text search: %s. To add one: make deploy STACK=<stack> '
                'TEXT_KEYS=%s, or as docs/guide.md#text-and-hybrid-search says.',
                s3vl._show_text_keys(_text_search_problem.index.text_keys), s3vl._shown(k.key))),
        (t.text_key ->> 'status' = 'BUILDING', '55000',
            format('text search for key "%s" of index "%s" is still being built',
                k.key, _text_search_problem.index.index_name),
            'Try again later; see status in text_keys of s3vl.describe_index().')
    ) as p (applies, errcode, message, hint)
    where p.applies
    order by k.position
    limit 1
$$;

comment on function s3vl._text_search_problem(text[], s3vl.index_registry) is
    'Says why an index cannot be searched for texts in these keys; no row when it can, or when '
    'that is not known.';

create or replace function s3vl._check_text_search(
    keys text[],
    index s3vl.index_registry,
    started timestamptz
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry := _check_text_search.index;
    _problem record;
begin
    perform from s3vl._text_search_problem(_check_text_search.keys, _index);
    if not found then
        return;
    end if;
    _index := s3vl._ask_facts(_index, _check_text_search.started);
    select p.*
    into _problem
    from s3vl._text_search_problem(_check_text_search.keys, _index) as p;
    if found then
        raise exception using
            errcode = _problem.errcode, message = _problem.message, hint = _problem.hint;
    end if;
end;
$$;

comment on function s3vl._check_text_search(text[], s3vl.index_registry, timestamptz) is
    'Refuses a text search that the index cannot do.';
