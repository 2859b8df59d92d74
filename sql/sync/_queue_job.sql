-- Queueing jobs, for who asks for them and where s3vl itself owes one.

create or replace function s3vl._queue_job(
    binding_id integer,
    kind text,
    is_owed boolean default false,
    repair boolean default false,
    max_deletes integer default null
)
    returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job_id bigint;
begin
    -- To ask again for what has not begun yet is to ask once.
    select j.job_id
    into _job_id
    from s3vl.sync_job as j
    where j.binding_id = _queue_job.binding_id
        and j.state = 'queued'
        and j.kind = _queue_job.kind
        and (j.is_owed, j.repair) = (_queue_job.is_owed, _queue_job.repair)
        and j.max_deletes is not distinct from _queue_job.max_deletes
    order by j.job_id
    limit 1;
    if found then
        return _job_id;
    end if;
    -- The last ten remain.
    delete from s3vl.sync_job as j
    where j.job_id in (
        select o.job_id
        from s3vl.sync_job as o
        where o.binding_id = _queue_job.binding_id and o.state not in ('queued', 'running')
        order by o.job_id desc
        offset 9
    );
    insert into s3vl.sync_job (job_id, binding_id, kind, is_owed, repair, max_deletes, total)
    overriding system value
    select
        s3vl._unused_number(
            's3vl.sync_job_job_id_seq', (select max(l.job_id) from s3vl.sync_job as l)
        ),
        b.binding_id,
        _queue_job.kind,
        _queue_job.is_owed,
        _queue_job.repair,
        _queue_job.max_deletes,
        s3vl._rows_estimate(b.source)
    from s3vl.binding as b
    where b.binding_id = _queue_job.binding_id
    returning job_id into _job_id;
    return _job_id;
end;
$$;

comment on function s3vl._queue_job(integer, text, boolean, boolean, integer) is
    'Queues a job, and returns its number; or that of the same one that has not begun yet.';

create or replace function s3vl._restart_jobs(binding_id integer, kinds text[])
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from s3vl.sync_difference as d
    using s3vl.sync_job as j
    where j.binding_id = _restart_jobs.binding_id
        and j.state = 'running'
        and j.kind = any(_restart_jobs.kinds)
        and d.job_id = j.job_id;
    update s3vl.sync_job as j
    set state = 'queued',
        done = 0,
        last_key = null,
        stage = 0,
        stage_done = 0,
        next_token = null,
        sums = null,
        stage_sums = null,
        started_at = null
    where j.binding_id = _restart_jobs.binding_id
        and j.state = 'running'
        and j.kind = any(_restart_jobs.kinds);
end;
$$;

comment on function s3vl._restart_jobs(integer, text[]) is
    'Lets the jobs of a binding that are at work begin again: what they know is of before.';

create or replace function s3vl._owe_verify(binding_id integer)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- What one that is at work has seen may have had a row then.
    perform s3vl._restart_jobs(_owe_verify.binding_id, '{verify}');
    perform s3vl._queue_job(_owe_verify.binding_id, 'verify', is_owed => true, repair => true);
end;
$$;

comment on function s3vl._owe_verify(integer) is
    'Queues the job that finds vectors that have lost their rows, and deletes all of them.';
