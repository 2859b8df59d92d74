-- How a search under a predicate ends: the note that s3vl.last_search() tells, and a warning when
-- rows may be missing. Never a short answer that looks whole.

create or replace function s3vl._runs_for_others()
    returns boolean
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Inside of somebody's SECURITY DEFINER function. What it counts, its caller may not know.
    select current_user <> coalesce(nullif(current_setting('role'), 'none'), session_user::text)
$$;

comment on function s3vl._runs_for_others() is
    'Tells whether a function runs with the rights of another role than the session has.';

create or replace function s3vl._judged(search jsonb)
    returns table (
        strategy text,
        is_exact boolean,
        is_exhausted boolean,
        is_truncated boolean,
        stopped_by text
    )
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Ranked are all candidates, and where there are none, none is missing.
    select
        case when f.is_exact then 'prefilter' else 'postfilter' end,
        f.is_exact,
        f.is_exhausted,
        f.is_short and not f.is_exhausted,
        case when f.is_short and not f.is_exhausted then s3vl._end_of_reading(_judged.search) end
    from jsonb_to_record(_judged.search) as s (
        is_ranked boolean, candidates integer, passed integer
    )
    cross join lateral (
        select
            s.is_ranked or coalesce(s.candidates = 0, false) as is_exact,
            s.is_ranked or coalesce(s.candidates <= s.passed, false) as is_exhausted,
            s3vl._is_short(_judged.search) as is_short
    ) as f
$$;

comment on function s3vl._judged(jsonb) is
    'Says what the answer of a search is worth.';

create or replace function s3vl._truncated_hint(search jsonb, stopped_by text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when s.is_filtered then 'Put the condition of metadata_filter into candidates: then all of '
            'them can be ranked.'
        when _truncated_hint.stopped_by = 'timeout' then 'Give more time with timeout_seconds of '
            's3vl.configure(), or pass a narrower query as candidates.'
        when _truncated_hint.stopped_by = 'lambda_calls' then 'Pass return_metadata => false, and '
            'read the metadata of the rows with s3vl.get_vectors().'
        when s.asked = 'postfilter' then 'Leave filter_strategy out: then all candidates can be '
            'ranked.'
        when _truncated_hint.stopped_by = 'num_candidates' and s.needed <= 10000 then format(
            'Pass num_candidates => %s.', ceil(s.needed)
        )
        else format(
            'Pass exact_search_threshold => %s to rank all candidates (an estimate), a '
            'metadata_filter, or a narrower query as candidates.',
            ceil(1.2 * greatest(s.candidates, s.estimated_rows, s.keys_read))
        )
    end
    from (
        select
            r.*,
            1.5 * s3vl._neighbours_to_go(_truncated_hint.search) + r.scanned as needed
        from jsonb_to_record(_truncated_hint.search) as r (
            is_filtered boolean, asked text, candidates integer, keys_read integer, scanned integer,
            estimated_rows double precision
        )
    ) as s
$$;

comment on function s3vl._truncated_hint(jsonb, text) is
    'Says with which number there would have been more rows.';

create or replace function s3vl._tell_truncated(
    search jsonb,
    stopped_by text,
    runs_for_others boolean
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _message text := 'fewer rows than top_k, although there may be more';
    _hint text := 's3vl.last_search() says why to whoever may run the query of the candidates.';
begin
    if not _tell_truncated.runs_for_others then
        _message := format(
            '%s of %s rows, although there may be more: read %s neighbours, %s passed',
            _tell_truncated.search -> 'passed', _tell_truncated.search -> 'top_k',
            _tell_truncated.search -> 'scanned', _tell_truncated.search -> 'passed'
        );
        _hint := s3vl._truncated_hint(_tell_truncated.search, _tell_truncated.stopped_by);
    end if;
    if _tell_truncated.search ->> 'on_truncated' = 'error' then
        raise exception using errcode = '55000', message = _message, hint = _hint;
    end if;
    raise warning using message = _message, hint = _hint;
end;
$$;

comment on function s3vl._tell_truncated(jsonb, text, boolean) is
    'Warns of an answer that may lack rows, or refuses to give it.';

create or replace function s3vl._tell_missing(search jsonb)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _tell_missing.search -> 'missing' = _tell_missing.search -> 'candidates'
        and _tell_missing.search ->> 'candidates' <> '0'
    then
        raise notice using
            message = format(
                'the index has no vector for any of the %s candidates',
                _tell_missing.search -> 'candidates'
            ),
            hint = 'Their first column must be the id in the index, with the id_prefix of a '
                'binding: see docs/filtered-search.md#why-are-there-no-rows';
    end if;
end;
$$;

comment on function s3vl._tell_missing(jsonb) is
    'Says when all candidates were looked up, and none has a vector.';

create or replace function s3vl._end_search(search jsonb, runs_for_others boolean)
    returns void
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _answer record;
    _call jsonb := s3vl._noted('last_call');
    _note jsonb;
begin
    select j.*
    into _answer
    from s3vl._judged(_end_search.search) as j;
    -- Without candidates there was no call.
    if _call -> 'started' is distinct from _end_search.search -> 'started' then
        _call := '{"pages": 0, "api_calls": 0}';
    end if;
    _note := to_jsonb(_answer) || jsonb_build_object(
        'rounds', _end_search.search -> 'rounds',
        'pages', _call -> 'api_calls',
        'lambda_calls', _call -> 'pages',
        'total_ms', extract(
            epoch from clock_timestamp() - (_end_search.search ->> 'started')::timestamptz
        ) * 1000
    );
    if not _end_search.runs_for_others then
        _note := _note || jsonb_build_object(
            'candidates', _end_search.search -> 'candidates',
            'missing', _end_search.search -> 'missing',
            'scanned', _end_search.search -> 'scanned',
            'passed', _end_search.search -> 'passed',
            'estimated_rows', _end_search.search -> 'estimated_rows'
        );
        perform s3vl._tell_missing(_end_search.search);
    end if;
    perform s3vl._note('last_search', _note::json);
    if _answer.is_truncated then
        perform s3vl._tell_truncated(
            _end_search.search, _answer.stopped_by, _end_search.runs_for_others
        );
    end if;
end;
$$;

comment on function s3vl._end_search(jsonb, boolean) is
    'Notes how a search went, and warns when rows may be missing.';
