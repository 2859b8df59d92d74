-- Jobs: of those of a binding one is at work, the owed ones first, then in the order in which they
-- were asked for.

create or replace function s3vl._active_job(binding_id integer)
    returns s3vl.sync_job
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select j.*
    from s3vl.sync_job as j
    where j.binding_id = _active_job.binding_id and j.state in ('queued', 'running')
    order by j.is_owed desc, j.job_id
    limit 1
$$;

comment on function s3vl._active_job(integer) is
    'Returns the job that s3vl.sync() works on; null when there is none.';

create or replace function s3vl._last_job(binding_id integer)
    returns s3vl.sync_job
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select j.*
    from s3vl.sync_job as j
    where j.binding_id = _last_job.binding_id and j.state in ('done', 'failed')
    order by j.finished_at desc
    limit 1
$$;

comment on function s3vl._last_job(integer) is
    'Returns the job that was at its end last; null when there is none.';

create or replace function s3vl._find_job(job_id bigint)
    returns s3vl.sync_job
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job s3vl.sync_job;
begin
    select j.*
    into _job
    from s3vl.sync_job as j
    where j.job_id = _find_job.job_id;
    if not found then
        raise exception using
            errcode = '42704',
            message = format('there is no job %s', coalesce(_find_job.job_id::text, 'null')),
            hint = 'See s3vl.sync_jobs(); the last ten of each binding are kept.';
    end if;
    return _job;
end;
$$;

comment on function s3vl._find_job(bigint) is
    'Returns the job of this number.';

create or replace function s3vl._binding_for_job(binding_name text)
    returns s3vl.binding
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := s3vl._lasting_binding(_binding_for_job.binding_name);
begin
    perform s3vl._check_writable('the job');
    return _binding;
end;
$$;

comment on function s3vl._binding_for_job(text) is
    'Returns the binding of this name, or refuses to save a job of it.';

create or replace function s3vl._save_job(job s3vl.sync_job)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job constant s3vl.sync_job := _save_job.job;
    _is_over constant boolean := _job.state in ('done', 'failed', 'cancelled');
begin
    -- Somebody may have cancelled it meanwhile.
    update s3vl.sync_job as j
    set state = _job.state,
        done = _job.done,
        total = case when _is_over or _job.done > _job.total then _job.done else _job.total end,
        last_key = _job.last_key,
        stage = _job.stage,
        stage_done = _job.stage_done,
        next_token = case when not _is_over then _job.next_token end,
        restarts = _job.restarts,
        sums = case when not _is_over then _job.sums end,
        stage_sums = case when not _is_over then _job.stage_sums end,
        sqlstate = _job.sqlstate,
        error = _job.error,
        hint = _job.hint,
        started_at = _job.started_at,
        finished_at = case when _is_over then clock_timestamp() end
    where j.job_id = _job.job_id and j.state in ('queued', 'running');
    return found;
end;
$$;

comment on function s3vl._save_job(s3vl.sync_job) is
    'Saves how far a job is, and tells whether it did: one that is over stays as it is.';
