-- How far jobs are, and what they have found.

create or replace function s3vl.sync_jobs()
    returns table (
        job_id bigint,
        binding_name text,
        kind text,
        state text,
        done bigint,
        total bigint,
        percent numeric,
        rate double precision,
        eta interval,
        started_at timestamptz,
        finished_at timestamptz,
        error text,
        sqlstate text,
        hint text
    )
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        j.job_id,
        b.binding_name,
        j.kind,
        j.state,
        j.done,
        j.total,
        case
            when j.state = 'done' then 100
            -- The number of rows is an estimate, and a verify looks at the table after the index.
            when j.total > 0 then round(least(99, 100.0 * j.done / j.total), 1)
        end,
        r.rate,
        case when j.state = 'running' and r.rate > 0
            then make_interval(secs => round(greatest(0, j.total - j.done) / r.rate))
        end,
        j.started_at,
        j.finished_at,
        j.error,
        j.sqlstate,
        j.hint
    from s3vl.sync_job as j
    inner join s3vl.binding as b on b.binding_id = j.binding_id
    cross join lateral (
        select round(
            j.done / nullif(
                extract(epoch from coalesce(j.finished_at, clock_timestamp()) - j.started_at), 0
            ),
            1
        )::double precision
    ) as r (rate)
    order by j.job_id;
end;
$$;

comment on function s3vl.sync_jobs() is
    'Lists jobs. Those that are over are listed too. kind is backfill or verify, state queued, '
    'running, done, failed or cancelled. done and total count rows, or vectors of a verify; total '
    'is an estimate, and null when the table was never analyzed. rate is how many a second, eta '
    'how long it takes from now. error and sqlstate say why a job failed, and hint what to do, or '
    'what a verify has found. The last ten of a binding are kept. After TRUNCATE, a change of '
    'key_column, a change by a transaction that is older than the binding, and '
    's3vl.unbind_table() with delete_vectors, s3vl.sync() does a verify that nobody has started, '
    'and that deletes all vectors without a row; vectors of rows without an embedding it only '
    'lists. No Lambda call.';

create or replace function s3vl.verify_differences(job_id bigint)
    returns table (vector_id text, problem text, noted_at timestamptz)
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job constant s3vl.sync_job := s3vl._find_job(verify_differences.job_id);
begin
    return query
    select b.id_prefix || d.key, d.problem, d.noted_at
    from s3vl.sync_difference as d
    inner join s3vl.binding as b on b.binding_id = _job.binding_id
    where d.job_id = _job.job_id
    order by d.key;
end;
$$;

comment on function s3vl.verify_differences(bigint) is
    'Lists what a verify has found. problem is missing (a row without its vector), stale (a vector '
    'that is not as its row) or orphan (a vector whose row is gone, or has no embedding). The list '
    'stays as it was found; a repair sends the rows as they are then. Raises 42704 for an unknown '
    'job. No Lambda call.';
