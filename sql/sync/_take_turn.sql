-- Live changes first; where there is time and nothing else to do, one page of a sweep.

create or replace function s3vl._sweep_turn(
    binding s3vl.binding,
    state s3vl.sync_state,
    started timestamptz,
    deadline timestamptz
)
    returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _sweep_turn.binding;
    _page record;
begin
    select p.*
    into _page
    from s3vl._sweep(
        _binding,
        s3vl._registered_index(_binding.index_name),
        _sweep_turn.state.sweep_token,
        _sweep_turn.started,
        _sweep_turn.deadline
    ) as p;
    if not s3vl._is_mine(_binding, _sweep_turn.state.lease) then
        return 0;
    end if;
    update s3vl.sync_state as s
    set is_sweeping = _page.next_token is not null,
        sweep_token = nullif(_page.next_token, '')
    where s.binding_id = _binding.binding_id;
    if _binding.is_ending and _page.next_token is null then
        delete from s3vl.outbox as o
        where o.binding_id = _binding.binding_id;
        delete from s3vl.binding as b
        where b.binding_id = _binding.binding_id;
    end if;
    return _page.deleted;
end;
$$;

comment on function s3vl._sweep_turn(s3vl.binding, s3vl.sync_state, timestamptz, timestamptz) is
    'Looks through a page of the index, and ends a binding that has no more of them.';

create or replace function s3vl._take_turn(
    binding s3vl.binding,
    state s3vl.sync_state,
    ends_at timestamptz,
    deadline timestamptz
)
    returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _config constant s3vl.config := s3vl._configuration();
    -- s3vl._invoke() gives a call timeout_seconds from its start: so that it ends in time, it is
    -- said to have started long before. It is also what the calls of a turn have in common.
    _started constant timestamptz :=
        _take_turn.ends_at - make_interval(secs => _config.timeout_seconds);
begin
    if _take_turn.state.is_sweeping and (
        _take_turn.binding.is_ending
        or not exists (
            select
            from s3vl.outbox as o
            where o.binding_id = _take_turn.binding.binding_id
        )
    ) then
        return s3vl._sweep_turn(
            _take_turn.binding, _take_turn.state, _started, _take_turn.deadline
        );
    end if;
    return s3vl._turn(
        _take_turn.binding, _take_turn.state, _started, _take_turn.ends_at, _take_turn.deadline
    );
end;
$$;

comment on function s3vl._take_turn(s3vl.binding, s3vl.sync_state, timestamptz, timestamptz) is
    'Sends changes, or looks through the index when there are none.';
