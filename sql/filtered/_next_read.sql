-- How many neighbours a search under a predicate reads next, and how long that takes. No statistics
-- are asked: how many pass is known when some have been read. What was read is never read again.

create or replace function s3vl._is_short(search jsonb)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select (_is_short.search -> 'passed')::integer < (_is_short.search -> 'top_k')::integer
$$;

comment on function s3vl._is_short(jsonb) is
    'Tells whether rows are missing that were asked for.';

create or replace function s3vl._left_ms(search jsonb)
    returns double precision
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select extract(
        epoch from (_left_ms.search ->> 'ends_at')::timestamptz - clock_timestamp()
    )::double precision * 1000
$$;

comment on function s3vl._left_ms(jsonb) is
    'Returns the milliseconds that a search has left.';

create or replace function s3vl._rank_ms(search jsonb, keys double precision)
    returns double precision
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select 60 + 1500 * _rank_ms.keys / (_rank_ms.search -> 'keys_in_time')::double precision
$$;

comment on function s3vl._rank_ms(jsonb, double precision) is
    'Returns about how long it takes to rank so many keys.';

create or replace function s3vl._page_ms(search jsonb)
    returns double precision
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select (_page_ms.search -> 'read_ms')::double precision
        / greatest((_page_ms.search -> 'pages')::integer, 1)
$$;

comment on function s3vl._page_ms(jsonb) is
    'Returns how long a page of neighbours has taken so far.';

create or replace function s3vl._neighbours_to_go(search jsonb)
    returns double precision
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select (s.top_k - s.passed) * (s.scanned + 1) / (s.passed + 0.5)
    from jsonb_to_record(_neighbours_to_go.search) as s (
        top_k integer, passed integer, scanned integer
    )
$$;

comment on function s3vl._neighbours_to_go(jsonb) is
    'Returns how many neighbours are still to be read if they go on passing as they did.';

create or replace function s3vl._most_neighbours(search jsonb)
    returns double precision
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A search that knew where the last row is would read at least one page more. No read goes
    -- beyond 2.2 times its pages, unless many rows are wanted, of which one neighbour in ten may
    -- be: then the second read may go to where one in ten would have given them.
    select greatest(
        1.2 * s.scanned + 220,
        case
            when s.top_k > 30 and s.passed + sqrt(s.scanned) >= 0.1 * s.scanned
                then 12.5 * s.top_k + 30 * sqrt(s.top_k) - s.scanned
        end
    )
    from jsonb_to_record(_most_neighbours.search) as s (
        top_k integer, passed integer, scanned integer
    )
$$;

comment on function s3vl._most_neighbours(jsonb) is
    'Returns how many neighbours the next read has at most, so that not many are read in vain.';

create or replace function s3vl._neighbours_wanted(search jsonb)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- More than is expected to do: fewer may pass of those that come, and of those that were seen
    -- more may have passed than is usual (three standard deviations).
    select case
        when s.rounds = 0 then least(
            s.num_candidates,
            case when s.top_k <= 25 then 100 else 200 * ceil(s.top_k / 100.0) end
        )
        else least(
            s.num_candidates - s.scanned,
            100 * least(
                ceil(
                    s3vl._neighbours_to_go(_neighbours_wanted.search) * (
                        1 + 3 * sqrt(
                            (1 - s.passed / (s.scanned + 1.0))
                            * (1.0 / (s.top_k - s.passed) + 1.0 / (s.passed + 1))
                        )
                    ) / 100
                ),
                floor(s3vl._most_neighbours(_neighbours_wanted.search) / 100)
            )
        )
    end::integer
    from jsonb_to_record(_neighbours_wanted.search) as s (
        top_k integer, passed integer, scanned integer, rounds integer, num_candidates integer
    )
$$;

comment on function s3vl._neighbours_wanted(jsonb) is
    'Returns how many neighbours to read next.';

create or replace function s3vl._end_of_reading(search jsonb)
    returns text
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A search makes eight calls at most, and one of them may be to rank.
    select case
        when s.scanned >= s.num_candidates then 'num_candidates'
        when s.is_ended then 'index_end'
        when s.rounds >= 7 then 'lambda_calls'
        when s.rounds > 0 and s3vl._left_ms(_end_of_reading.search) < 1.2
            * s3vl._page_ms(_end_of_reading.search)
            * s3vl._neighbours_wanted(_end_of_reading.search) / 100
            then 'timeout'
    end
    from jsonb_to_record(_end_of_reading.search) as s (
        scanned integer, num_candidates integer, rounds integer, is_ended boolean
    )
$$;

comment on function s3vl._end_of_reading(jsonb) is
    'Returns why no more neighbours are read; null while there are more to read.';
