-- Live changes first. Where they leave room, a page of a backfill goes with them; a verify has
-- turns of its own, each after one of theirs.

create or replace function s3vl._finish_ending(binding s3vl.binding)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _finish_ending.binding.is_ending
        and (s3vl._active_job(_finish_ending.binding.binding_id)).job_id is null
        and not exists (
            select
            from s3vl.outbox as o
            where o.binding_id = _finish_ending.binding.binding_id
        )
    then
        delete from s3vl.binding as b
        where b.binding_id = _finish_ending.binding.binding_id;
    end if;
end;
$$;

comment on function s3vl._finish_ending(s3vl.binding) is
    'Forgets a binding that ends, when its vectors are deleted.';

create or replace function s3vl._take_turn(
    binding s3vl.binding,
    state s3vl.sync_state,
    ends_at timestamptz,
    deadline timestamptz,
    out synced integer,
    out is_job_next boolean
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _take_turn.binding;
    _config constant s3vl.config := s3vl._configuration();
    -- s3vl._invoke() gives a call timeout_seconds from its start: so that it ends in time, it is
    -- said to have started long before. It is also what the calls of a turn have in common.
    _started constant timestamptz :=
        _take_turn.ends_at - make_interval(secs => _config.timeout_seconds);
    _index constant s3vl.index_registry := s3vl._registered_arn(_binding.index_arn);
    _job constant s3vl.sync_job := s3vl._active_job(_binding.binding_id);
    _turn record;
begin
    if not _binding.is_ending then
        perform s3vl._check_columns(_binding, _index);
        perform s3vl._check_rights(_binding);
    end if;
    if _job.kind = 'verify' and (
        _take_turn.state.is_job_next or not s3vl._has_changes(_binding.binding_id)
    ) then
        perform s3vl._verify_turn(_binding, _index, _take_turn.state, _job, _started);
        _take_turn.synced := 0;
        _take_turn.is_job_next := false;
    else
        select t.*
        into _turn
        from s3vl._turn(
            _binding, _index, _take_turn.state, _job, _started, _take_turn.ends_at,
            _take_turn.deadline
        ) as t;
        _take_turn.synced := _turn.synced;
        _take_turn.is_job_next := _turn.has_room;
    end if;
    perform s3vl._finish_ending(_binding);
end;
$$;

comment on function s3vl._take_turn(s3vl.binding, s3vl.sync_state, timestamptz, timestamptz) is
    'Sends changes, or works on a job, and says how many vectors were written or deleted, and '
    'whether a job may have the next turn.';
