-- Jobs are queued here, and done by s3vl.sync().

create or replace function s3vl.start_backfill(binding_name text)
    returns bigint
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := s3vl._binding_for_job(start_backfill.binding_name);
begin
    return s3vl._queue_job(_binding.binding_id, 'backfill');
end;
$$;

comment on function s3vl.start_backfill(text) is
    'Sends all rows again. It queues a job, which s3vl.sync() does after changes and page by page, '
    'and goes on with where it was stopped. It deletes nothing: vectors of rows that are gone, or '
    'have no embedding, are found by s3vl.start_verify(). Returns the number of the job in '
    's3vl.sync_jobs(), which is that of the same job when it is queued already. Raises 42704 for '
    'an unknown binding, and 55000 for one that is ending. No Lambda call.';

create or replace function s3vl.start_verify(
    binding_name text,
    repair boolean default false,
    max_deletes integer default null
)
    returns bigint
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := s3vl._binding_for_job(start_verify.binding_name);
begin
    perform s3vl._check_boolean('repair', start_verify.repair);
    if start_verify.max_deletes is not null then
        perform s3vl._check_range('max_deletes', start_verify.max_deletes, 0, 2147483647);
    end if;
    if _binding.hash_key is null then
        raise notice using
            message = format(
                'binding "%s" has no hash_key: ids and metadata are compared, vectors are not',
                _binding.binding_name
            ),
            hint = 'Name a non-filterable key of the index as hash_key of s3vl.bind_table() or '
                's3vl.alter_binding().';
    end if;
    return s3vl._queue_job(
        _binding.binding_id, 'verify',
        repair => start_verify.repair,
        max_deletes => case when start_verify.repair then start_verify.max_deletes end
    );
end;
$$;

comment on function s3vl.start_verify(text, boolean, integer) is
    'Compares index and table. It queues a job, which s3vl.sync() does after changes, and '
    's3vl.verify_differences() lists what it finds: ids, metadata, and with hash_key the numbers '
    'of the vectors. What is still to be sent is no difference. With repair the rows that differ '
    'are sent again, and vectors without a row are deleted, but none of them when they are more '
    'than max_deletes, by default a tenth of the vectors of the binding: the job fails with 55000 '
    'then, and names the number with which to start it again. Returns the number of the job in '
    's3vl.sync_jobs(), which is that of the same job when it is queued already. Raises 22023, '
    '42704 for an unknown binding, and 55000 for one that is ending. No Lambda call.';

create or replace function s3vl.cancel_job(job_id bigint)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job s3vl.sync_job := s3vl._find_job(cancel_job.job_id);
begin
    if _job.state not in ('queued', 'running') then
        return false;
    elsif _job.is_owed then
        raise exception using
            errcode = '55000',
            message = format('job %s cannot be cancelled', _job.job_id),
            detail = 'It finds what nothing else would: s3vl.sync() has queued it itself.',
            hint = 'Pause the binding to stop it for a while: see s3vl.pause_binding().';
    end if;
    _job.state := 'cancelled';
    perform s3vl._save_job(_job);
    return true;
end;
$$;

comment on function s3vl.cancel_job(bigint) is
    'Cancels a job. It returns true, or false when the job was over already. What it has sent '
    'stays. Raises 42704 for an unknown job, and 55000 for one that nobody has started, such as '
    'the verify after TRUNCATE: see s3vl.sync_jobs(). No Lambda call.';
