-- One turn of a verify: pages for two seconds, or until there are changes to send.

create or replace function s3vl._verify_pages(
    binding s3vl.binding,
    index s3vl.index_registry,
    job s3vl.sync_job,
    started timestamptz
)
    returns s3vl.sync_job
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _verify_pages.binding;
    _index constant s3vl.index_registry := _verify_pages.index;
    _job s3vl.sync_job := _verify_pages.job;
    _until constant timestamptz := clock_timestamp() + interval '2 seconds';
begin
    if _job.sums is null then
        perform s3vl._check_facts(_index, _verify_pages.started);
        _job.sums := s3vl._no_sums(_job.total);
    end if;
    loop
        _job := case
            when _job.stage < 16
                then s3vl._verify_segment(_binding, _index, _job, _verify_pages.started)
            when _job.stage < 18
                then s3vl._verify_rows(_binding, _index, _job, _verify_pages.started)
            else s3vl._repair(_binding, _job)
        end;
        exit when _job.state in ('done', 'failed')
            or clock_timestamp() > _until
            or exists (
                select from s3vl.outbox as o where o.binding_id = _binding.binding_id
            );
    end loop;
    return _job;
end;
$$;

comment on function s3vl._verify_pages(
    s3vl.binding, s3vl.index_registry, s3vl.sync_job, timestamptz
) is
    'Works on a verify for a while, and returns how far it is.';

create or replace function s3vl._verify_turn(
    binding s3vl.binding,
    index s3vl.index_registry,
    state s3vl.sync_state,
    job s3vl.sync_job,
    started timestamptz
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _verify_turn.binding;
    _lease constant uuid := _verify_turn.state.lease;
    _job s3vl.sync_job := _verify_turn.job;
    _hint text;
begin
    _job.state := 'running';
    _job.started_at := coalesce(_job.started_at, _verify_turn.state.last_turn_at);
    begin
        _job := s3vl._verify_pages(
            _binding, _verify_turn.index, _job, _verify_turn.started
        );
        -- What was found may be of another time, or of a job that somebody has cancelled.
        if not s3vl._is_mine(_binding, _lease) or not s3vl._save_job(_job) then
            raise sqlstate 'S3V99';
        end if;
    exception
        -- The job of a difference is gone where the binding ends.
        when sqlstate 'S3V99' or foreign_key_violation then
            null;
        -- Without the right to list and to get, changes can be sent all the same.
        when sqlstate 'S3V02' then
            -- What is owed is done when there is the right: nothing else would delete the vectors.
            if _job.is_owed then
                raise;
            end if;
            _job.state := 'failed';
            _job.sqlstate := sqlstate;
            _job.error := sqlerrm;
            get stacked diagnostics _hint = pg_exception_hint;
            _job.hint := _hint;
            if s3vl._is_mine(_binding, _lease) then
                perform s3vl._save_job(_job);
            end if;
    end;
end;
$$;

comment on function s3vl._verify_turn(
    s3vl.binding, s3vl.index_registry, s3vl.sync_state, s3vl.sync_job, timestamptz
) is
    'Works on a verify for a turn, and saves how far it is.';
