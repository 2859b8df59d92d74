-- What a search under a predicate does next. Statistics only choose what is tried first, the keys
-- or a page of neighbours: how many candidates there are is known when they have been read up to a
-- limit. Time is estimated by counts, so that one search does the same on a busy machine.

create or replace function s3vl._is_reading_in_vain(
    search jsonb,
    ended_by text,
    keys double precision
)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A page counts 60 ms.
    select _is_reading_in_vain.ended_by is not null
        or (s.passed = 0 and s.scanned >= 1000)
        or g.to_go > s.num_candidates - s.scanned
        or 0.6 * g.to_go > s3vl._rank_ms(_is_reading_in_vain.search, _is_reading_in_vain.keys)
    from jsonb_to_record(_is_reading_in_vain.search) as s (
        passed integer, scanned integer, num_candidates integer
    )
    cross join lateral (select s3vl._neighbours_to_go(_is_reading_in_vain.search)) as g (to_go)
$$;

comment on function s3vl._is_reading_in_vain(jsonb, text, double precision) is
    'Tells whether to read on is not possible, leads nowhere, or takes longer than to rank so many '
    'keys.';

create or replace function s3vl._keys_wanted(search jsonb, ended_by text)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when s.candidates is not null then null
        -- So many may be ranked; one more says that they are too many.
        when s.asked = 'prefilter' then s.threshold + 1
        when s.asked = 'postfilter' and s.keys_read = 0 then 1
        -- To know whether those that have passed are all.
        when s.asked = 'postfilter' and _keys_wanted.ended_by is not null
            and s.keys_read <= s.passed then s.passed + 1
        when s.asked = 'postfilter' then null
        -- First, unless one page is likely to be enough: where the estimate is wrong, that costs
        -- the page.
        when s.keys_read = 0 and (
            s.rounds > 0 or s.top_k > 25 or coalesce(s.estimated_rows, 0) <= 20 * s.threshold
        ) then s.threshold + 1
        -- If it were quicker to rank as few as there may be: are they so few?
        when s.rounds > 0 and s.keys_read <= s.most_keys and s3vl._is_reading_in_vain(
            _keys_wanted.search, _keys_wanted.ended_by, s.keys_read
        ) then s.most_keys + 1
    end
    from jsonb_to_record(_keys_wanted.search) as s (
        asked text, candidates integer, threshold integer, most_keys integer, keys_read integer,
        top_k integer, passed integer, rounds integer, estimated_rows double precision
    )
$$;

comment on function s3vl._keys_wanted(jsonb, text) is
    'Returns how many keys of candidates to read now, at most; null for none.';

create or replace function s3vl._is_to_rank(search jsonb, ended_by text)
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when s.candidates > 0 is not true or s.asked = 'postfilter' then false
        when s.candidates <= s.threshold then true
        when s3vl._left_ms(_is_to_rank.search) < s3vl._rank_ms(_is_to_rank.search, s.candidates)
            then false
        else s3vl._is_reading_in_vain(
            _is_to_rank.search, _is_to_rank.ended_by, s.candidates
        )
    end
    from jsonb_to_record(_is_to_rank.search) as s (
        asked text, candidates integer, threshold integer
    )
$$;

comment on function s3vl._is_to_rank(jsonb, text) is
    'Tells whether to rank all candidates now.';

create or replace function s3vl._next_move(search jsonb)
    returns table (keys integer, is_to_rank boolean, neighbours integer, decided_at timestamptz)
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _ended_by text;
begin
    if (_next_move.search -> 'is_ranked')::boolean
        or _next_move.search -> 'candidates' = '0'
        or not s3vl._is_short(_next_move.search)
    then
        return;
    end if;
    _ended_by := s3vl._end_of_reading(_next_move.search);
    keys := s3vl._keys_wanted(_next_move.search, _ended_by);
    is_to_rank := keys is null and s3vl._is_to_rank(_next_move.search, _ended_by);
    if keys is null and not is_to_rank and _ended_by is null then
        neighbours := s3vl._neighbours_wanted(_next_move.search);
    end if;
    decided_at := clock_timestamp();
    return next;
end;
$$;

comment on function s3vl._next_move(jsonb) is
    'Returns how many keys or how many neighbours to read now, or whether to rank; no row, or '
    'nothing in it, at the end.';
