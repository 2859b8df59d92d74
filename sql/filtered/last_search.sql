-- How the last search under a predicate went.

create or replace function s3vl.last_search()
    returns table (
        strategy text,
        is_exact boolean,
        is_truncated boolean,
        is_exhausted boolean,
        candidates bigint,
        missing bigint,
        scanned integer,
        passed integer,
        estimated_rows double precision,
        rounds integer,
        pages integer,
        lambda_calls integer,
        total_ms double precision,
        stopped_by text
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        n.strategy, n.is_exact, n.is_truncated, n.is_exhausted, n.candidates, n.missing, n.scanned,
        n.passed, n.estimated_rows, n.rounds, n.pages, n.lambda_calls, n.total_ms, n.stopped_by
    from jsonb_to_record(s3vl._noted('last_search')) as n (
        strategy text,
        is_exact boolean,
        is_truncated boolean,
        is_exhausted boolean,
        candidates bigint,
        missing bigint,
        scanned integer,
        passed integer,
        estimated_rows double precision,
        rounds integer,
        pages integer,
        lambda_calls integer,
        total_ms double precision,
        stopped_by text
    )
    where n.strategy is not null;
exception
    -- Whoever has the session may write anything into the note: then there is no search to tell.
    when data_exception then
        return;
end;
$$;

comment on function s3vl.last_search() is
    'Shows how a filtered search went. That is the last s3vl.query_filtered() of this session, '
    'whatever it found, and also when its transaction was rolled back; before there was one, there '
    'is no row. strategy is what gave the rows. is_exact: all candidates were '
    'ranked by their stored vectors. is_exhausted: there can be no more rows. is_truncated: fewer '
    'than top_k, although there may be more; stopped_by says why (num_candidates, index_end, '
    'timeout, lambda_calls). candidates is null when not all were counted, missing counts those '
    'that have no vector. scanned neighbours were read, and passed of them are candidates. rounds, '
    'pages (calls to S3 Vectors) and lambda_calls are what it cost. Counts are null when a '
    'SECURITY DEFINER function of another role has searched. No Lambda call.';
