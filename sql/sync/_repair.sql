-- The end of a verify: what it has found, and, with repair, marks for it. So rows are sent as they
-- are by then, and a vector is deleted only when its row is not there by then either.

create or replace function s3vl._is_sent(job s3vl.sync_job, is_waiting boolean)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- What s3vl itself has seen explains why ids have no row, and not why a row has no embedding:
    -- the column may be a new one.
    select (_is_sent.job).repair and not ((_is_sent.job).is_owed and _is_sent.is_waiting)
$$;

comment on function s3vl._is_sent(s3vl.sync_job, boolean) is
    'Tells whether a job has a difference sent, or only lists it.';

create or replace function s3vl._refuse_deletes(
    binding s3vl.binding,
    job s3vl.sync_job,
    orphans bigint,
    allowed bigint
)
    returns s3vl.sync_job
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job s3vl.sync_job := _refuse_deletes.job;
begin
    _job.state := 'failed';
    _job.sqlstate := '55000';
    _job.error := format(
        'repair of binding "%s" would delete %s of %s vectors, more than max_deletes, which is %s',
        _refuse_deletes.binding.binding_name,
        _refuse_deletes.orphans,
        _job.done,
        _refuse_deletes.allowed
    );
    _job.hint := format(
        'If table %s is the right one and has all its rows, type: '
        'select s3vl.start_verify(%L, repair => true, max_deletes => %s);',
        _refuse_deletes.binding.source,
        _refuse_deletes.binding.binding_name,
        _refuse_deletes.orphans
    );
    perform s3vl._warn(_job.error, 'Nothing was changed.', _job.hint);
    return _job;
end;
$$;

comment on function s3vl._refuse_deletes(s3vl.binding, s3vl.sync_job, bigint, bigint) is
    'Returns a job as one that failed because it would delete too much, and warns of it.';

create or replace function s3vl._verify_result(binding s3vl.binding, job s3vl.sync_job)
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select concat_ws(
        ' ',
        case
            when count(d.key) = 0 then 'No difference.'
            when bool_or(s.is_sent) then format(
                '%s differences, which s3vl.sync() sends: select * from '
                's3vl.verify_differences(%s);',
                count(*) filter (where s.is_sent), (_verify_result.job).job_id
            )
            when (_verify_result.job).repair then null
            else format(
                '%1$s differences: select * from s3vl.verify_differences(%2$s); to have them '
                'sent: select s3vl.start_verify(%3$L, repair => true);',
                count(d.key), (_verify_result.job).job_id, (_verify_result.binding).binding_name
            )
        end,
        case when (_verify_result.job).repair and bool_or(not s.is_sent) then format(
            '%s vectors stay, whose rows have no embedding; to have them deleted: '
            'select s3vl.start_verify(%L, repair => true);',
            count(*) filter (where not s.is_sent), (_verify_result.binding).binding_name
        ) end,
        case when count(d.hash_name) > 0 then format(
            '%s of the stale vectors have a hash of another kind than %s: %s.',
            count(d.hash_name),
            s3vl._hash_name(),
            string_agg(distinct d.hash_name, ', ')
        ) end,
        case when (_verify_result.binding).hash_key is null
            then 'Without hash_key only ids and metadata are compared, not the numbers.' end
    )
    from s3vl.sync_difference as d
    cross join lateral s3vl._is_sent(_verify_result.job, d.is_waiting) as s (is_sent)
    where d.job_id = (_verify_result.job).job_id
$$;

comment on function s3vl._verify_result(s3vl.binding, s3vl.sync_job) is
    'Says what a verify has found.';

create or replace function s3vl._repair(binding s3vl.binding, job s3vl.sync_job)
    returns s3vl.sync_job
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job s3vl.sync_job := _repair.job;
    _orphans bigint;
    _allowed bigint;
    _keys text[];
begin
    if _job.repair and not _job.is_owed and _job.last_key is null then
        _orphans := (
            select count(*)
            from s3vl.sync_difference as d
            where d.job_id = _job.job_id and d.problem = 'orphan'
        );
        _allowed := coalesce(_job.max_deletes, (_job.done + 9) / 10);
        if _orphans > _allowed then
            return s3vl._refuse_deletes(_repair.binding, _job, _orphans, _allowed);
        end if;
    end if;
    _keys := array(
        select d.key
        from s3vl.sync_difference as d
        where d.job_id = _job.job_id
            and s3vl._is_sent(_job, d.is_waiting)
            and (_job.last_key is null or d.key > _job.last_key)
        order by d.key
        limit 10000
    );
    insert into s3vl.outbox (binding_id, key)
    select _job.binding_id, k.key from unnest(_keys) as k (key);
    if cardinality(_keys) = 10000 then
        _job.last_key := _keys[10000];
    else
        _job.state := 'done';
        _job.hint := s3vl._verify_result(_repair.binding, _job);
    end if;
    return _job;
end;
$$;

comment on function s3vl._repair(s3vl.binding, s3vl.sync_job) is
    'Marks what differs, so that it is sent as it is then; unless that would delete too much.';
