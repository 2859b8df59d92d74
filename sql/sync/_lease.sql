-- Who may write the vectors of a binding. S3 Vectors has no conditional write: of two writes of one
-- vector the later to arrive wins, be it the older, and it may arrive long after its caller is
-- gone. So a turn takes a lease, commits it before its first call, and keeps it past the last
-- moment at which a call may still act, unless it knows how all of them ended.

create or replace function s3vl._late()
    returns interval
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select interval '10 seconds'
$$;

comment on function s3vl._late() is
    'Returns how long after the deadline of a call the lease goes on: what was sent just before '
    'may take its time, and clocks differ.';

create or replace function s3vl._lease_time()
    returns interval
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Beside the call there is what comes before it: reading, and waiting for a lock.
    select make_interval(secs => 5 + coalesce((select c.timeout_seconds from s3vl.config as c), 30))
        + s3vl._late()
$$;

comment on function s3vl._lease_time() is
    'Returns how long a lease is.';

create or replace function s3vl._time_limit()
    returns timestamptz
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- statement_timeout counts from the CALL, transaction_timeout (since PostgreSQL 17) from the
    -- turn. A second is for what comes after the call.
    select least(
        statement_timestamp() + nullif(current_setting('statement_timeout')::interval, '0'),
        now() + nullif(current_setting('transaction_timeout', true)::interval, '0')
    ) - interval '1 second'
$$;

comment on function s3vl._time_limit() is
    'Returns when PostgreSQL would end this statement, less a second; null when it would not.';

create or replace function s3vl._has_changes(binding_id integer)
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select exists (select from s3vl.outbox as o where o.binding_id = _has_changes.binding_id)
        or exists (
            select
            from s3vl.sync_failure as f
            where f.binding_id = _has_changes.binding_id
                and f.next_attempt_at <= clock_timestamp()
        )
$$;

comment on function s3vl._has_changes(integer) is
    'Tells whether there are rows to send, or to send again.';

create or replace function s3vl._has_work(state s3vl.sync_state)
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select s3vl._has_changes(_has_work.state.binding_id)
        or (s3vl._active_job(_has_work.state.binding_id)).job_id is not null
$$;

comment on function s3vl._has_work(s3vl.sync_state) is
    'Tells whether there is something to do.';

create or replace function s3vl._take_lease(binding_name text, ends_at timestamptz)
    returns table (binding_id integer, lease uuid, pause double precision)
    security definer
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _next record;
begin
    if clock_timestamp() >= _take_lease.ends_at then
        return;
    end if;
    -- The one that has waited longest, so that all have their turn; of those whose index is to be
    -- left alone for a while, the first that is not.
    select l.binding_id, extract(epoch from p.pause)::double precision as pause
    into _next
    from s3vl.sync_state as l
    inner join s3vl.binding as b on b.binding_id = l.binding_id
    cross join lateral (select s3vl._pause(b.index_arn)) as p (pause)
    where b.binding_name = coalesce(_take_lease.binding_name collate "C", b.binding_name)
        and not b.is_paused
        and not l.is_copy
        and greatest(l.leased_until, l.not_before) <= clock_timestamp()
        and s3vl._has_work(l)
    order by p.pause nulls first, l.last_turn_at nulls first, l.binding_id
    limit 1
    for update of l skip locked;
    if not found then
        return;
    elsif _next.pause is not null then
        return query select _next.binding_id, null::uuid, _next.pause;
        return;
    end if;
    return query
    update s3vl.sync_state as s
    set lease = gen_random_uuid(),
        leased_until = clock_timestamp() + s3vl._lease_time(),
        last_turn_at = clock_timestamp()
    where s.binding_id = _next.binding_id
    returning s.binding_id, s.lease, null::double precision;
end;
$$;

comment on function s3vl._take_lease(text, timestamptz) is
    'Takes the next binding that has work, if there is one that nobody is at work on, and returns '
    'it with the lease; or without, and with the seconds to wait until one can be taken.';

create or replace function s3vl._is_mine(binding s3vl.binding, lease uuid)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform s.binding_id
    from s3vl.sync_state as s
    where s.binding_id = _is_mine.binding.binding_id and s.lease = _is_mine.lease
    for update;
    -- Looked at in a later statement than the lock: who changes a binding locks the same row.
    return found and exists (
        select
        from s3vl.binding as b
        where b.binding_id = _is_mine.binding.binding_id
            and b.updated_at = _is_mine.binding.updated_at
    );
end;
$$;

comment on function s3vl._is_mine(s3vl.binding, uuid) is
    'Tells whether the lease is still that of this turn, and the binding as it was; until the end '
    'of the transaction both stay so.';
