-- A turn with what can go wrong in it. A failure is that of the binding, which waits, or of its
-- configuration, which somebody has to mend; nothing is deleted for it, and changes are still
-- noted.

create or replace function s3vl._kind_of_failure(sql_errcode text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        -- Throttled, failed or out of time; a table that somebody has locked.
        when _kind_of_failure.sql_errcode in ('S3V01', 'S3V03', 'S3V04', 'S3V05', '55P03')
            then 'passing'
        when _kind_of_failure.sql_errcode in (
            'S3V02', 'S3V06', '22023', '55000', '42501', '42703', '42704', '42804', '42809',
            '42883', '42P01', '3F000'
        ) then 'broken'
    end
$$;

comment on function s3vl._kind_of_failure(text) is
    'Tells whether a failure passes by itself or the configuration is broken; null for any other.';

create or replace function s3vl._is_over(sql_errcode text, detail text)
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Where no answer came, or none of this protocol, the call may still act; and where it came,
    -- attempts before it may.
    select coalesce(_is_over.sql_errcode, '') not in ('S3V04', 'S3V05')
        and coalesce(_is_over.detail, '') !~ 'unanswered: '
        and s3vl._noted('unanswered') is null
        and coalesce(s3vl._noted('last_call') ->> 'unanswered', '0') = '0'
$$;

comment on function s3vl._is_over(text, text) is
    'Tells whether no call of this turn can act any more.';

create or replace function s3vl._note_failure(
    binding_id integer,
    lease uuid,
    sql_errcode text,
    message text,
    detail text,
    hint text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update s3vl.sync_state as s
    set failures = s.failures + 1,
        is_job_next = false,
        is_broken = s3vl._kind_of_failure(_note_failure.sql_errcode) = 'broken',
        sqlstate = _note_failure.sql_errcode,
        error = s3vl._with_detail(_note_failure.message, _note_failure.detail),
        hint = _note_failure.hint,
        -- Sessions that failed together do not come back together.
        not_before = clock_timestamp() + make_interval(
            secs => least(60, 2 ^ least(s.failures, 6)) * (0.5 + random() / 2)
        ),
        leased_until = case
            when s3vl._is_over(_note_failure.sql_errcode, _note_failure.detail) then '-infinity'
            else s.leased_until
        end
    where s.binding_id = _note_failure.binding_id and s.lease = _note_failure.lease;
    perform s3vl._tell_problem(
        _note_failure.binding_id, _note_failure.message, _note_failure.hint
    );
end;
$$;

comment on function s3vl._note_failure(integer, uuid, text, text, text, text) is
    'Saves why a turn failed, and lets the binding wait: a second at first, a minute in the end.';

create or replace function s3vl._end_turn(
    state s3vl.sync_state,
    synced integer,
    is_job_next boolean
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update s3vl.sync_state as s
    set failures = 0,
        is_job_next = _end_turn.is_job_next,
        is_broken = false,
        sqlstate = null,
        error = null,
        hint = null,
        leased_until = case when s3vl._is_over(null, null) then '-infinity' else s.leased_until end,
        last_synced_at = clock_timestamp(),
        vectors_synced = s.vectors_synced + _end_turn.synced,
        vectors_per_second = case
            when _end_turn.synced > 0 then _end_turn.synced / greatest(
                0.001, extract(epoch from clock_timestamp() - s.last_turn_at)::double precision
            )
            else s.vectors_per_second
        end
    where s.binding_id = _end_turn.state.binding_id and s.lease = _end_turn.state.lease;
    perform s3vl._note_pace(_end_turn.state.binding_id, _end_turn.synced);
end;
$$;

comment on function s3vl._end_turn(s3vl.sync_state, integer, boolean) is
    'Saves that a turn ended well, and ends its lease unless one of its calls may still act.';

create or replace function s3vl._sync_step(binding_id integer, lease uuid)
    returns integer
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- Hidden rows would be taken for deleted: it is an error instead.
    set row_security = off
    set extra_float_digits = 1
    set lock_timeout = '5s'
    set plan_cache_mode = force_custom_plan
as $$
declare
    _state s3vl.sync_state;
    _binding s3vl.binding;
    _deadline timestamptz;
    _ends_at timestamptz;
    _turn record;
    _detail text;
    _hint text;
begin
    select s.*
    into _state
    from s3vl.sync_state as s
    where s.binding_id = _sync_step.binding_id and s.lease = _sync_step.lease;
    _deadline := _state.leased_until - s3vl._late();
    _ends_at := least(_deadline, s3vl._time_limit());
    if (clock_timestamp() < _ends_at) is not true then
        return 0;
    end if;
    select b.*
    into _binding
    from s3vl.binding as b
    where b.binding_id = _sync_step.binding_id;
    perform s3vl._forget_note('unanswered');
    perform s3vl._forget_note('last_call');
    begin
        select t.*
        into _turn
        from s3vl._take_turn(_binding, _state, _ends_at, _deadline) as t;
        perform s3vl._end_turn(_state, _turn.synced, _turn.is_job_next);
    exception
        when others then
            if s3vl._kind_of_failure(sqlstate) is null then
                raise;
            end if;
            get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
            perform s3vl._note_failure(
                _sync_step.binding_id, _sync_step.lease, sqlstate, sqlerrm, _detail, _hint
            );
            perform s3vl._count_calls(_binding);
            return 0;
    end;
    perform s3vl._count_calls(_binding);
    return _turn.synced;
end;
$$;

comment on function s3vl._sync_step(integer, uuid) is
    'Works on a binding for one turn, for whoever has its lease, and returns how many vectors were '
    'written or deleted.';
