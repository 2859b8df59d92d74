-- What S3 Vectors takes of one index, be it from one session or from several, for changes and jobs
-- together. Each turn is paid for before the next may begin.

create or replace function s3vl._turn_cost(vectors bigint, requests bigint)
    returns interval
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- 2,500 vectors and 1,000 requests a second.
    select make_interval(
        secs => greatest(_turn_cost.vectors / 2500.0, _turn_cost.requests / 1000.0)
    )
$$;

comment on function s3vl._turn_cost(bigint, bigint) is
    'Returns how long an index is at work on so much.';

create or replace function s3vl._note_pace(binding_id integer, vectors integer)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _requests constant bigint := coalesce(
        (s3vl._noted('last_call') ->> 'api_calls')::bigint, 0
    );
begin
    -- One row, changed last: whoever else waits for it waits for a commit.
    insert into s3vl.sync_pace as p (index_arn, free_at)
    select
        b.index_arn,
        s.last_turn_at + s3vl._turn_cost(_note_pace.vectors, _requests)
    from s3vl.sync_state as s
    inner join s3vl.binding as b on b.binding_id = s.binding_id
    where s.binding_id = _note_pace.binding_id
    on conflict on constraint sync_pace_pkey do update
    set free_at = greatest(
        excluded.free_at,
        -- Clocks may be set back.
        least(p.free_at, clock_timestamp() + interval '10 seconds')
        + s3vl._turn_cost(_note_pace.vectors, _requests)
    );
end;
$$;

comment on function s3vl._note_pace(integer, integer) is
    'Saves when the next turn for the index of a binding may begin.';

create or replace function s3vl._pause(index_arn text)
    returns interval
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select p.free_at - clock_timestamp()
    from s3vl.sync_pace as p
    where p.index_arn = _pause.index_arn collate "C"
        and p.free_at between clock_timestamp() and clock_timestamp() + interval '1 minute'
$$;

comment on function s3vl._pause(text) is
    'Returns how long no turn for an index may begin; null when one may now.';
